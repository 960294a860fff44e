//! The members of the organisation, with their roles.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    email::Email,
    ids::{AccessLinkId, UserId},
    role::Role,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    members::{Invitation, Member as TeamMember, MemberChange},
};

use super::{settings_page, unprocessable};
use crate::{
    app::{App, INVITATION_MS},
    http::{
        auth::Token,
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    ui::{
        button::{Button, Csrf, Size},
        chip::Tone,
        field::{Choice, Field},
        head::{Card, Head},
        note::Note,
        table::{Column, Place, Row, Table},
    },
};

const HREF: &str = "/settings/team";

/// What the page shows besides the lists.
#[derive(Default)]
struct Told {
    email: String,
    role: String,
    email_error: Option<String>,
    role_error: Option<String>,
    /// The address of an invitation made just now; shown this once, because only its hash is kept.
    link: Option<(String, String)>,
}

/// `GET /settings/team`
pub async fn show(member: Member) -> PageResult {
    let told = Told { role: Role::Manager.word().to_owned(), ..Told::default() };
    Ok(page(&member, &told).await?.into_response())
}

/// What the invitation form sends.
#[derive(Deserialize)]
pub struct Invite {
    email: String,
    role: String,
}

/// `POST /settings/team/invitations`: shows the link once.
pub async fn invite(State(app): State<App>, member: Member, Form(form): Form<Invite>) -> PageResult {
    let mut told = Told { email: form.email.clone(), role: form.role.clone(), ..Told::default() };
    let email = Email::parse(&form.email);
    let role: Result<Role, _> = form.role.parse();
    let (email, role) = match (email, role) {
        (Ok(email), Ok(role)) => (email, role),
        (email, role) => {
            told.email_error = email.err().map(|error| error.to_string());
            told.role_error = role.is_err().then(|| "Choose one of the roles.".to_owned());
            return Ok(unprocessable(page(&member, &told).await?));
        }
    };
    let token = Token::new();
    let expires_at = member.now.plus(INVITATION_MS);
    match member.org.invite(email.as_str(), role, &token.hash(), expires_at, member.now).await {
        Ok(_) => {
            let link = app.config.url(&format!("/invite/{}", token.text()));
            let told = Told {
                link: Some((email.as_str().to_owned(), link)),
                role: Role::Manager.word().to_owned(),
                ..Told::default()
            };
            Ok((StatusCode::CREATED, page(&member, &told).await?).into_response())
        }
        Err(StoreError::Taken) => {
            told.email_error =
                Some("This person is a member already. Change the role in the list.".to_owned());
            Ok(unprocessable(page(&member, &told).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/team/invitations/{invitation}/revoke`
pub async fn revoke(State(app): State<App>, member: Member, Path(id): Path<AccessLinkId>) -> PageResult {
    member.org.revoke_invitation(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, "Invitation taken back. Its link no longer works."))
}

/// What the role form of a member sends.
#[derive(Deserialize)]
pub struct ChangeRole {
    role: String,
}

/// `POST /settings/team/members/{user}/role`
pub async fn change_role(
    State(app): State<App>,
    member: Member,
    Path(user): Path<UserId>,
    Form(form): Form<ChangeRole>,
) -> PageResult {
    let role: Role = form.role.parse().map_err(|_| Problem::bad_request("Choose one of the roles."))?;
    let change = member.org.change_role(user, role, member.now).await?;
    answer(&app, change, "Role changed. The person has to sign in again.")
}

/// `POST /settings/team/members/{user}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(user): Path<UserId>) -> PageResult {
    let change = member.org.remove_member(user, member.now).await?;
    answer(&app, change, "Removed. The person was signed out.")
}

fn answer(app: &App, change: MemberChange, done: &str) -> Result<Response, Problem> {
    match change {
        MemberChange::Done => Ok(see_other_saying(app, HREF, done)),
        MemberChange::LastAdmin => Err(Problem::new(
            StatusCode::CONFLICT,
            "last_admin",
            "The last admin stays",
            "Nobody would be left who can manage the team. Make somebody else an admin first.",
        )),
        MemberChange::Host => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "host",
            "The host stays",
            "This person runs the installation. Only the host can change that.",
        )),
    }
}

async fn page(member: &Member, told: &Told) -> Result<Markup, Problem> {
    let members = member.org.members().await?;
    let invitations = member.org.invitations().await?;
    let body = html! {
        (Head::new("Team"))
        @if let Some((email, link)) = &told.link {
            (Note::new(Tone::Done, format!("Invited {email}."), "Send this link to the person. It works once, for 7 days, and is shown only now."))
            (Card::new("link", "Invitation link", html! {
                (Field::input("url", "link", "Link").value(link).tune(|input| input.readonly = true))
            }).padded())
        }
        (Card::new("members", "Members", members_table(member, &members)))
        @if !invitations.is_empty() { (Card::new("invitations", "Open invitations", invitations_table(member, &invitations))) }
        (Card::new("invite", "Invite somebody", invite_form(member.csrf(), told)).padded())
    };
    Ok(settings_page(member, "Team", HREF, body).render())
}

fn roles(current: &str) -> Vec<Choice> {
    Role::ALL.iter().map(|role| Choice::new(role.word(), role.title(), current)).collect()
}

fn invite_form(csrf: &Csrf, told: &Told) -> Markup {
    html! {
        form class="m-door__fields" method="post" action="/settings/team/invitations" {
            (csrf)
            (Field::email("email", "E-mail").autocomplete("off").value(&told.email).error(told.email_error.clone()).required())
            (Field::select("role", "Role", roles(&told.role))
                .help("Admin: everything. Manager: everything but team and accounts' keys. Agent: reads, adds registrants. Viewer: reads.")
                .error(told.role_error.clone()))
            (Button::primary("Make invitation link"))
        }
    }
}

fn members_table(member: &Member, members: &[TeamMember]) -> Table {
    let zone = &member.organization.zone;
    let row = |person: &TeamMember| {
        let id = person.user;
        let may_change = !person.host || member.user.super_admin;
        let seen = person
            .seen_at
            .map_or("–".to_owned(), |at| format!("{}, {}", zone.date(at, member.now), zone.time(at)));
        Row::new(vec![
            html! { b { (person.name) } @if id == member.user.id { " (you)" } span class="m-sub" { (person.email) } },
            html! {
                @if may_change {
                    form class="m-inline" method="post" action={ (HREF) "/members/" (id) "/role" } {
                        (member.csrf())
                        (Field::select("role", format!("Role of {}", person.name), roles(person.role.word())).id(format!("role-{id}")).hide_label())
                        (Button { size: Size::Small, ..Button::new("Change") }.spoken(format!("Change role of {}", person.name)))
                    }
                } @else {
                    "Host" span class="m-sub" { "runs the installation" }
                }
            },
            html! { (seen) },
            html! {
                @if may_change {
                    form method="post" action={ (HREF) "/members/" (id) "/remove" } {
                        (member.csrf())
                        (Button { size: Size::Small, ..Button::new("Remove") }.spoken(format!("Remove {}", person.name)))
                    }
                }
            },
        ])
    };
    Table {
        caption: "Members".into(),
        columns: vec![
            Column::new("Name", Place::Title),
            Column::new("Role", Place::Line),
            Column::new("Last here", Place::Wide),
            Column::new("Actions", Place::Actions),
        ],
        rows: members.iter().map(row).collect(),
        empty: "Nobody belongs to this organisation yet.".into(),
    }
}

fn invitations_table(member: &Member, invitations: &[Invitation]) -> Table {
    let zone = &member.organization.zone;
    let row = |invitation: &Invitation| {
        let until = if invitation.expires_at <= member.now {
            "Expired".to_owned()
        } else {
            format!("Until {}", zone.date(invitation.expires_at, member.now))
        };
        Row::new(vec![
            html! { b { (invitation.email) } span class="m-sub" { "by " (invitation.created_by) } },
            html! { (invitation.role.title()) },
            html! { (until) },
            html! {
                form method="post" action={ (HREF) "/invitations/" (invitation.id) "/revoke" } {
                    (member.csrf())
                    (Button { size: Size::Small, ..Button::new("Take back") }.spoken(format!("Take back the invitation of {}", invitation.email)))
                }
            },
        ])
    };
    Table {
        caption: "Open invitations".into(),
        columns: vec![
            Column::new("E-mail", Place::Title),
            Column::new("Role", Place::State),
            Column::new("Valid", Place::Line),
            Column::new("Actions", Place::Actions),
        ],
        rows: invitations.iter().map(row).collect(),
        empty: "No open invitation.".into(),
    }
}
