//! Makes a group or a community through a linked account, with the workshop's values in its name and description, and
//! with its first admins. The new group becomes one of the workshop's groups.

use axum::extract::State;
use domain::{
    ids::{GroupId, IntegrationId, WorkshopId},
    phone::Phone,
    post::{GroupPost, PostProblem},
    template::Facts,
    text::{line, lines},
};
use maud::{Markup, Render, html};
use providers::{
    Account, Gateway,
    gateway::{Created, NewGroup},
};
use serde::Deserialize;
use store::{groups::NamedGroup, integrations::Integration, workshops::Workshop};

use super::{
    groups::{SUBJECT_MAX, of_workshop},
    unprocessable,
    workshops::ok,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{
        button::{Button, Link},
        field::{Choice, Field},
        head::{Card, Head},
        icons::Icon,
        shell::{Crumb, Section},
    },
};

/// The longest description of a group, in characters (docs/facts/groups.md §3).
const DESCRIPTION_MAX: usize = 2_048;
/// The largest number of people who are added when a group is made. WhatsApp soon refuses a new number that adds more
/// (docs/facts/groups.md §12).
const PEOPLE_MAX: usize = 10;

/// An account that can make groups or communities.
struct Maker {
    integration: Integration,
    account: Box<dyn Account>,
}

impl Maker {
    fn gateway(&self) -> Result<&dyn Gateway, Problem> {
        self.account.gateway().ok_or_else(Problem::not_found)
    }
}

/// The organisation's accounts that can make groups or communities.
async fn makers(app: &App, member: &Member) -> Result<Vec<Maker>, Problem> {
    let all = member.org.integrations().await?;
    let opened = all.into_iter().filter_map(|integration| {
        let account = app.accounts.open_integration(&integration).ok()?;
        let can = account.gateway()?.abilities();
        (can.creates_groups || can.creates_communities).then_some(Maker { integration, account })
    });
    Ok(opened.collect())
}

/// The form with what a person types about the new group.
#[derive(Debug, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    account: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    people: String,
}

/// What is wrong with the form, by field.
#[derive(Debug, Default, PartialEq, Eq)]
struct Errors {
    kind: Option<String>,
    subject: Option<String>,
    description: Option<String>,
    people: Option<String>,
}

/// A text with the workshop's values in its placeholders, or what is wrong with it.
fn filled(text: &str, facts: &Facts, max: usize) -> Result<String, String> {
    let post = GroupPost::of_text(text);
    if let Some(PostProblem::Unknown(name)) =
        post.problems().into_iter().find(|problem| matches!(problem, PostProblem::Unknown(_)))
    {
        return Err(format!("{}.", PostProblem::Unknown(name)));
    }
    let content = post.fill(facts).map_err(|error| format!("{error}."))?;
    let text = post.filled(&content).text;
    match text.chars().count() {
        n if n > max => Err(format!("{n} of {max} characters. WhatsApp takes no more.")),
        _ => Ok(text),
    }
}

impl NewForm {
    fn check(&self, member: &Member, facts: &Facts, gateway: &dyn Gateway) -> Result<NewGroup, Errors> {
        let mut errors = Errors::default();
        let can = gateway.abilities();
        let community = self.kind == "community";
        if (community && !can.creates_communities) || (!community && !can.creates_groups) {
            let words = if community {
                "This gateway makes no communities."
            } else {
                "This gateway makes communities only."
            };
            errors.kind = Some(words.to_owned());
        }
        let subject = line(&self.subject);
        let subject = match subject.is_empty() {
            true => Err("Type the group’s name.".to_owned()),
            false => filled(&subject, facts, SUBJECT_MAX),
        };
        let description = match lines(&self.description) {
            text if text.is_empty() => Ok(text),
            text => filled(&text, facts, DESCRIPTION_MAX),
        };
        let typed = self.people.split([',', ';', '\n']).map(line).filter(|number| !number.is_empty());
        let people: Result<Vec<Phone>, String> = typed
            .map(|number| {
                Phone::parse(&number, member.organization.country)
                    .map_err(|error| format!("“{number}”: {error}."))
            })
            .collect();
        let people = people.and_then(|people| match people.len() {
            0 => Err("Type at least one number: WhatsApp makes no group of one.".to_owned()),
            n if n > PEOPLE_MAX => Err(format!("At most {PEOPLE_MAX}; the others join by the link.")),
            _ => Ok(people),
        });
        match (subject, description, people) {
            (Ok(subject), Ok(description), Ok(people)) if errors == Errors::default() => {
                Ok(NewGroup { subject, description, community, people })
            }
            (subject, description, people) => {
                (errors.subject, errors.description, errors.people) =
                    (subject.err(), description.err(), people.err());
                Err(errors)
            }
        }
    }
}

/// `GET /workshops/{workshop}/groups/new`
pub async fn new(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let makers = makers(&app, &member).await?;
    let form = NewForm { subject: "{workshop_title}".to_owned(), ..NewForm::default() };
    Ok(ok(page(&member, &workshop, &makers, &form, &Errors::default())))
}

/// `POST /workshops/{workshop}/groups/new`
pub async fn make(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<NewForm>,
) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let makers = makers(&app, &member).await?;
    let chosen = form.account.parse::<IntegrationId>().ok();
    let maker = makers.iter().find(|maker| Some(maker.integration.id) == chosen).or(makers.first());
    let Some(maker) = maker else {
        return Err(Problem::bad_request("No linked account makes groups. Link one first."));
    };
    let facts = member.org.audience_reader().event(id).await?;
    let new = match form.check(&member, &facts, maker.gateway()?) {
        Ok(new) => new,
        Err(errors) => return Ok(unprocessable(page(&member, &workshop, &makers, &form, &errors))),
    };
    let linked = member.org.linked_account(maker.integration.id).await?;
    let back = format!("{}/new", of_workshop(id));
    if linked.is_none_or(|linked| !linked.posts(member.now)) {
        return Ok(see_other_failed(&app, &back, "Nothing was made: the account is not ready."));
    }
    match maker.gateway()?.create(&app.out, &new).await {
        Ok(created) => made(&app, &member, &workshop, maker, &created).await,
        Err(silence) => Ok(see_other_failed(&app, &back, &silence.words())),
    }
}

/// Reads the account's groups again and adds the new group to the workshop's.
async fn made(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    maker: &Maker,
    created: &Created,
) -> PageResult {
    let (org, id, gateway) = (&member.org, maker.integration.id, maker.gateway()?);
    let href = of_workshop(workshop.id);
    let Ok(listed) = gateway.groups(&app.out).await else {
        let words = "The group was made. Sync the account’s groups in a moment, and choose it here.";
        return Ok(see_other_saying(app, &href, words));
    };
    org.sync_groups(id, &listed, member.now).await?;
    let all = org.groups().await?;
    let Some(group) = all.iter().find(|group| group.account == id && group.jid == created.group.as_str())
    else {
        let words = "The group was made, and the gateway does not list it yet. Sync the account’s groups in a moment.";
        return Ok(see_other_saying(app, &href, words));
    };
    let mut own: Vec<GroupId> = org.workshop_groups(workshop.id).await?;
    own.push(group.id);
    org.set_workshop_groups(workshop.id, &own, member.now).await?;
    let invite = match &created.invite {
        Some(invite) => Some(invite.clone()),
        None => gateway.invite(&app.out, &created.group).await.ok(),
    };
    if let Some(invite) = invite {
        let to = NamedGroup {
            subject: group.subject.clone(),
            invite_link: invite.as_str().to_owned(),
            members: group.members,
        };
        org.change_group(group.id, &to, member.now).await?;
    }
    Ok(see_other_saying(app, &href, &format!("“{}” was made and belongs to this workshop.", group.subject)))
}

fn page(member: &Member, workshop: &Workshop, makers: &[Maker], form: &NewForm, errors: &Errors) -> Markup {
    let accounts = makers
        .iter()
        .map(|maker| Choice::new(maker.integration.id.to_string(), &maker.integration.name, &form.account))
        .collect();
    let kinds = vec![Choice::new("", "Group", &form.kind), Choice::new("community", "Community", &form.kind)];
    let body = html! {
        (Head::new("Make a group on WhatsApp").meta(html! { a class="m-plain" href={ "/workshops/" (workshop.id) } { (workshop.title) } }))
        @if makers.is_empty() {
            (Card::new("none", "No account makes groups", html! {
                p class="m-p" { "A linked account makes them. Until there is one, make the group on your phone and name it here. " (Link::new("WhatsApp accounts", "/settings/accounts")) }
            }).padded())
        } @else {
            (Card::new("new", "Group", html! {
                form method="post" action={ (of_workshop(workshop.id)) "/new" } class="m-stack" {
                    (member.csrf())
                    div class="m-row2" {
                        (Field::select("account", "Account", accounts).help("It is the group’s first admin."))
                        (Field::select("kind", "Kind", kinds).error(errors.kind.clone()).help("A community has a group of announcements, in which only admins write."))
                    }
                    (Field::text("subject", "Name").value(&form.subject).error(errors.subject.clone()).required().help("May hold {workshop_title}, {workshop_date}, {start_time}."))
                    (Field::area("description", "Description", &form.description).error(errors.description.clone()))
                    (Field::area("people", "Numbers of your team", &form.people).error(errors.people.clone()).help("One in a line; they are in the group from the start. Everybody else joins by its link."))
                    (Button::primary("Make the group").icon(Icon::Plus).busy("Making…"))
                }
            }).padded())
        }
    };
    let mut page = member.page(Section::Workshops, "Make a group", body);
    page.crumbs = vec![
        Crumb::to(Section::Workshops.word(), "/workshops"),
        Crumb::to(&workshop.title, format!("/workshops/{}", workshop.id)),
        Crumb::to("WhatsApp groups", of_workshop(workshop.id)),
        Crumb::here("Make a group"),
    ];
    page.render()
}
