//! The groups of a workshop: the choice of groups, and groups that are named by hand.

use axum::extract::State;
use domain::{
    ids::{GroupId, WorkshopId},
    role::Permission,
    text::line,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    groups::{Group, NamedGroup},
    workshops::Workshop,
};

use super::{members, settings::accounts, unprocessable, workshops::ok};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{
        button::Button,
        field::{Checkbox, Field},
        format::{counted, grouped},
        head::{Card, Head},
        icons::Icon,
        shell::{Crumb, Section},
    },
};

/// Longest name of a group on WhatsApp (docs/facts/groups.md §3).
pub(super) const SUBJECT_MAX: usize = 100;
/// The largest number of members that is accepted. A WhatsApp group has about a thousand at most.
const MEMBERS_MAX: i64 = 100_000;
/// The beginning of every invite link.
const INVITE: &str = "https://chat.whatsapp.com/";

/// The address of the page of a workshop's groups.
pub(crate) fn of_workshop(id: WorkshopId) -> String {
    format!("/workshops/{id}/groups")
}

fn href(id: GroupId) -> String {
    format!("/groups/{id}")
}

/// `GET /workshops/{workshop}/groups`
pub async fn list(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    Ok(ok(page(&member, &workshop, &GroupForm::default(), &Errors::default()).await?))
}

/// `POST /workshops/{workshop}/groups`: makes the chosen groups those of the workshop, and no others.
pub async fn choose(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<Vec<(String, String)>>,
) -> PageResult {
    let groups: Vec<GroupId> =
        form.iter().filter(|(name, _)| name == "group").filter_map(|(_, id)| id.parse().ok()).collect();
    match member.org.set_workshop_groups(id, &groups, member.now).await {
        Ok(()) => {
            let n = i64::try_from(groups.len()).unwrap_or(i64::MAX);
            let words = format!("{} to this workshop.", counted(n, "group belongs", "groups belong"));
            Ok(see_other_saying(&app, &of_workshop(id), &words))
        }
        Err(StoreError::Stale) => {
            let words = "Nothing was changed: one of the groups is gone, or is there under two accounts.";
            Ok(see_other_failed(&app, &of_workshop(id), words))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form with what a person types about a group.
#[derive(Debug, Default, Deserialize)]
pub struct GroupForm {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    invite: String,
    #[serde(default)]
    members: String,
}

/// What is wrong with the form, by field.
#[derive(Debug, Default, PartialEq, Eq)]
struct Errors {
    subject: Option<String>,
    invite: Option<String>,
    members: Option<String>,
}

impl GroupForm {
    fn of(group: &Group) -> GroupForm {
        GroupForm {
            subject: group.subject.clone(),
            invite: group.invite_link.clone(),
            members: group.members.map(|n| n.to_string()).unwrap_or_default(),
        }
    }

    fn check(&self) -> Result<NamedGroup, Errors> {
        let mut errors = Errors::default();
        let subject = line(&self.subject);
        match subject.chars().count() {
            0 => errors.subject = Some("Type the group’s name as it stands in WhatsApp.".to_owned()),
            n if n > SUBJECT_MAX => {
                errors.subject =
                    Some(format!("{n} of {SUBJECT_MAX} characters. WhatsApp takes no longer name."));
            }
            _ => {}
        }
        let invite = line(&self.invite);
        let code = invite.strip_prefix(INVITE).unwrap_or_default();
        let good = !code.is_empty()
            && code.len() <= 100
            && code.chars().all(|c| c.is_ascii_alphanumeric() || "?=&_-".contains(c));
        if !invite.is_empty() && !good {
            errors.invite =
                Some(format!("An invite link begins with {INVITE}. Copy it in the group’s settings."));
        }
        let typed: String = self.members.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
        let members = match typed.parse::<i64>() {
            Ok(n) if (0..=MEMBERS_MAX).contains(&n) => Some(n),
            _ if typed.is_empty() => None,
            _ => {
                errors.members = Some("Type a number, or leave it empty.".to_owned());
                None
            }
        };
        if errors == Errors::default() {
            Ok(NamedGroup { subject, invite_link: invite, members })
        } else {
            Err(errors)
        }
    }

    fn fields(&self, errors: &Errors) -> Markup {
        html! {
            (Field::text("subject", "Name").value(&self.subject).error(errors.subject.clone()).required().at_most(100))
            (Field::input("url", "invite", "Invite link").value(&self.invite).error(errors.invite.clone()).placeholder(INVITE).help("Opens the group with one tap. May be empty."))
            (Field::text("members", "Members").value(&self.members).error(errors.members.clone()).inputmode("numeric").help("As WhatsApp shows it. May be empty."))
        }
    }
}

/// `POST /workshops/{workshop}/groups/name`: adds a group that no account is in.
pub async fn name(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<GroupForm>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    match form.check() {
        Ok(new) => {
            member.org.name_group(&new, Some(id), member.now).await?;
            let words = format!("“{}” belongs to this workshop now.", new.subject);
            Ok(see_other_saying(&app, &of_workshop(id), &words))
        }
        Err(errors) => Ok(unprocessable(page(&member, &workshop, &form, &errors).await?)),
    }
}

/// `POST /groups/{group}/invite`: reads the group's invite link from its gateway.
pub async fn invite(State(app): State<App>, member: Member, Path(id): Path<GroupId>) -> PageResult {
    let group = member.org.group(id).await?;
    Ok(match accounts::read_invite(&app, &member, &group).await? {
        Ok(words) => see_other_saying(&app, &href(id), &words),
        Err(words) => see_other_failed(&app, &href(id), &words),
    })
}

/// The last six digits of the group's id, by which groups of one name are told apart; `None` for a group that was
/// named by hand.
pub(crate) fn last_six(group: &Group) -> Option<String> {
    let digits: Vec<char> = group.jid.split('@').next()?.chars().collect();
    (!digits.is_empty())
        .then(|| format!("…{}", digits[digits.len().saturating_sub(6)..].iter().collect::<String>()))
}

/// `GET /groups/{group}`
pub async fn edit(member: Member, Path(id): Path<GroupId>) -> PageResult {
    let group = member.org.group(id).await?;
    Ok(ok(edit_page(&member, &group, &GroupForm::of(&group), &Errors::default())))
}

/// `POST /groups/{group}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<GroupId>,
    Form(form): Form<GroupForm>,
) -> PageResult {
    let group = member.org.group(id).await?;
    match form.check() {
        Ok(to) => {
            member.org.change_group(id, &to, member.now).await?;
            Ok(see_other_saying(&app, &href(id), "Saved."))
        }
        Err(errors) => Ok(unprocessable(edit_page(&member, &group, &form, &errors))),
    }
}

/// `POST /groups/{group}/remove`: takes the group out of every list. What was posted to it stays on record.
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<GroupId>) -> PageResult {
    let group = member.org.group(id).await?;
    if !group.by_hand {
        return Err(Problem::bad_request("Leave the group on the phone; then it vanishes here."));
    }
    member.org.remove_group(id, member.now).await?;
    let words = format!("“{}” was removed. What was posted to it stays on record.", group.subject);
    Ok(see_other_saying(&app, "/?channel=group", &words))
}

async fn page(
    member: &Member,
    workshop: &Workshop,
    form: &GroupForm,
    errors: &Errors,
) -> Result<Markup, Problem> {
    let groups = member.org.groups().await?;
    let chosen = member.org.workshop_groups(workshop.id).await?;
    let groups: Vec<&Group> = groups.iter().filter(|group| group.gone_at.is_none()).collect();
    let may = member.may(Permission::Manage);
    let body = html! {
        (Head::new("WhatsApp groups")
            .action(Button::link("Registrants and members", members::of_workshop(workshop.id)).icon(Icon::People))
            .meta(html! { a class="m-plain" href={ "/workshops/" (workshop.id) } { (workshop.title) } })
            .meta(counted(i64::try_from(chosen.len()).unwrap_or(0), "group chosen", "groups chosen"))
            .action(Button::link("Post in groups", format!("/?channel=group&workshop={}", workshop.id)).icon(Icon::Send)))
        div class="m-split m-split--list" {
            div class="m-stack" { (own(member, workshop, &groups, &chosen)) }
            div class="m-stack" { @if may { (name_card(member, workshop, form, errors)) } }
        }
    };
    let mut page = member.page(Section::Workshops, "WhatsApp groups", body);
    page.crumbs = vec![
        Crumb::to(Section::Workshops.word(), "/workshops"),
        Crumb::to(&workshop.title, format!("/workshops/{}", workshop.id)),
        Crumb::here("WhatsApp groups"),
    ];
    Ok(page.render())
}

fn own(member: &Member, workshop: &Workshop, groups: &[&Group], chosen: &[GroupId]) -> Card {
    let may = member.may(Permission::Manage);
    let row = |group: &&Group| {
        let members =
            group.members.map_or_else(|| "members not known".to_owned(), |n| counted(n, "member", "members"));
        if group.is_community {
            return html! { li class="m-pick__over" { (Icon::Group) "Community: " (group.subject) span class="m-sub" { "The community itself is only a heading" } } };
        }
        let tick = Checkbox::of("group", group.id.to_string(), &group.subject, chosen.contains(&group.id))
            .help(match last_six(group) {
                Some(digits) => format!("{digits} · {members}"),
                None => members,
            });
        html! {
            li class="m-hand__row" {
                (Checkbox { disabled: !may || !group.takes_posts(), ..tick })
                div class="m-hand__do" {
                    @if !group.invite_link.is_empty() { a class="m-link" href=(group.invite_link) rel="noreferrer" { "Invite link" } }
                    @if may { a class="m-link" href=(href(group.id)) { "Edit" } }
                }
            }
        }
    };
    Card::new(
        "own",
        "Groups of this workshop",
        html! {
            @if groups.is_empty() {
                p class="m-none" { "No group is known yet. Name one, and post to it by hand." }
            } @else {
                form method="post" action=(of_workshop(workshop.id)) {
                    (member.csrf())
                    ul class="m-hand__list" { @for group in groups { (row(group)) } }
                    @if may { div class="m-hand__row" { (Button::primary("Save")) } }
                }
            }
        },
    )
    .aside(html! { span class="m-sub" { (grouped(i64::try_from(groups.len()).unwrap_or(0))) " known" } })
}

fn name_card(member: &Member, workshop: &Workshop, form: &GroupForm, errors: &Errors) -> Card {
    Card::new(
        "name",
        "Name a group",
        html! {
            form method="post" action={ (of_workshop(workshop.id)) "/name" } class="m-stack" {
                (member.csrf())
                (form.fields(errors))
                (Button::new("Add the group").icon(Icon::Plus))
            }
            p class="m-hint" { "A linked account can also " a class="m-link" href={ (of_workshop(workshop.id)) "/new" } { "make a group on WhatsApp" } "." }
        },
    )
    .padded()
}

fn edit_page(member: &Member, group: &Group, form: &GroupForm, errors: &Errors) -> Markup {
    let body = html! {
        (Head::new(&group.subject).meta(if group.by_hand { "Posted to by hand" } else { "WhatsApp group" }))
        (Card::new("group", "Group", html! {
            form method="post" action=(href(group.id)) class="m-stack" {
                (member.csrf())
                (form.fields(errors))
                (Button::primary("Save"))
            }
            @if !group.by_hand {
                form method="post" action={ (href(group.id)) "/invite" } class="m-card__foot" {
                    (member.csrf())
                    (Button::new("Get Invite Link").icon(Icon::Open).busy("Asking the gateway…"))
                }
            }
        }).padded())
        @if group.by_hand {
            (Card::new("remove", "Remove it", html! {
                p class="m-p" { "It goes out of every list. What was posted to it stays on record." }
                form method="post" action={ (href(group.id)) "/remove" } { (member.csrf()) (Button::danger("Remove the group")) }
            }).padded())
        }
    };
    member.page(Section::Workshops, group.subject.clone(), body).render()
}
