//! Short links with a name: where each leads, which can change at any time, and how often it was opened.

use axum::{extract::State, response::IntoResponse};
use domain::{ids::LinkId, link::LinkName, role::Permission, text::line};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{StoreError, links::NamedLink};

use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::{
        settings::when,
        settings_page, unprocessable,
        workshops::{link_error, whole_link},
    },
    ui::{
        button::Button,
        dialog::Confirm,
        field::Field,
        format::grouped,
        head::{Card, Head},
        icons::Icon,
        shell::Crumb,
        table::{Column, Place, Row, Table},
    },
};

/// The page.
pub(crate) const HREF: &str = "/settings/links";

/// What a form of a link sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LinkForm {
    name: String,
    target: String,
}

/// What is wrong with it, by field.
#[derive(Clone, Debug, Default)]
struct Wrong {
    name: Option<String>,
    target: Option<String>,
}

impl LinkForm {
    /// The address that it should lead to, or what is wrong with it.
    fn target(&self) -> Result<String, String> {
        let target = whole_link(&line(&self.target));
        match link_error(&target) {
            _ if target.is_empty() => Err("Paste the address that it leads to.".to_owned()),
            Some(words) => Err(words),
            None => Ok(target),
        }
    }
}

/// `GET /settings/links`
pub async fn list(State(app): State<App>, member: Member) -> PageResult {
    Ok(list_page(&app, &member, &LinkForm::default(), Wrong::default()).await?.into_response())
}

/// `POST /settings/links`
pub async fn add(State(app): State<App>, member: Member, Form(form): Form<LinkForm>) -> PageResult {
    let beginning = LinkName::beginning_of(&member.organization.name);
    let (name, target) = match (LinkName::parse(&beginning, &form.name), form.target()) {
        (Ok(name), Ok(target)) => (name, target),
        (name, target) => {
            let wrong = Wrong { name: name.err().map(|error| error.to_string()), target: target.err() };
            return Ok(unprocessable(list_page(&app, &member, &form, wrong).await?));
        }
    };
    match member.org.add_named_link(&name, &target, member.now).await? {
        Some(_) => Ok(see_other_saying(
            &app,
            HREF,
            &format!("{} is ready to be used.", app.links.links.named(name.as_str())),
        )),
        None => {
            let wrong =
                Wrong { name: Some("This name is taken. Choose another.".to_owned()), ..Wrong::default() };
            Ok(unprocessable(list_page(&app, &member, &form, wrong).await?))
        }
    }
}

/// `GET /settings/links/{link}`
pub async fn edit(State(app): State<App>, member: Member, Path(id): Path<LinkId>) -> PageResult {
    let link = member.org.named_link(id).await?;
    let form = LinkForm { target: link.target.clone(), ..LinkForm::default() };
    Ok(edit_page(&app, &member, &link, &form, None).into_response())
}

/// `POST /settings/links/{link}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<LinkId>,
    Form(form): Form<LinkForm>,
) -> PageResult {
    let link = member.org.named_link(id).await?;
    match form.target() {
        Ok(target) => {
            member.org.change_named_link(id, &target, member.now).await?;
            Ok(see_other_saying(
                &app,
                HREF,
                "Saved. The link leads there from now on, also in messages that went out.",
            ))
        }
        Err(words) => Ok(unprocessable(edit_page(&app, &member, &link, &form, Some(words)))),
    }
}

/// `GET /settings/links/{link}/remove`
pub async fn ask_removal(State(app): State<App>, member: Member, Path(id): Path<LinkId>) -> PageResult {
    let link = member.org.named_link(id).await?;
    let ask = Confirm {
        id: "remove".to_owned(),
        title: format!("Remove {}?", app.links.links.named(link.name.as_str())),
        body: html! { p { "Whoever opens it is told that it leads nowhere, also in messages that went out." } },
        action: format!("{}/remove", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove link"),
        back: ("Back".to_owned(), HREF.to_owned()),
    };
    Ok(below(&member, "Remove link", ask.page()).into_response())
}

/// `POST /settings/links/{link}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<LinkId>) -> PageResult {
    member.org.remove_named_link(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, "Link removed. Add it again under the same name to bring it back."))
}

fn href(id: LinkId) -> String {
    format!("{HREF}/{id}")
}

async fn list_page(app: &App, member: &Member, form: &LinkForm, wrong: Wrong) -> Result<Markup, StoreError> {
    let links = member.org.named_links().await?;
    let may = member.may(Permission::Manage);
    let table = Table {
        caption: "Links".into(),
        columns: vec![
            Column::new("Link", Place::Title),
            Column::new("Leads to", Place::Line),
            Column::new("Opened", Place::Number),
            Column::new("Actions", Place::Actions),
        ],
        rows: links.iter().map(|link| row(app, member, may, link)).collect(),
        empty: "There is no link yet. A link with a name can stand on posters and in groups, and lead elsewhere whenever you say so.".into(),
    };
    let beginning = LinkName::beginning_of(&member.organization.name);
    let address = app.links.links.named(&format!("{beginning}-"));
    let body = html! {
        (Head::new("Links").meta("Short addresses of this server whose target can change at any time."))
        (Card::new("links", "Links", table))
        @if may {
            (Card::new("add", "Add a link", html! {
                form class="m-stack" method="post" action=(HREF) {
                    (member.csrf())
                    div class="m-two" {
                        (Field::text("name", "Name").value(&form.name).help(format!("Stands behind {address}")).at_most(30).error(wrong.name).required())
                        (Field::text("target", "Leads to").inputmode("url").value(&form.target).placeholder("https://").error(wrong.target).required())
                    }
                    div class="m-acts" { (Button::primary("Add link").icon(Icon::Plus)) }
                }
            }).padded())
        }
    };
    Ok(settings_page(member, "Links", HREF, body).render())
}

fn row(app: &App, member: &Member, may: bool, link: &NamedLink) -> Row {
    let address = app.links.links.named(link.name.as_str());
    Row::new(vec![
        html! { a class="m-link" href=(address) rel="noreferrer" { (address.split_once("://").map_or(address.as_str(), |(_, rest)| rest)) } },
        html! { span class="m-cut m-block" title=(link.target) { (link.target) } },
        html! {
            (grouped(link.opens))
            @if let Some(at) = link.opened_at { span class="m-sub" { "last " (when(member, at)) } }
        },
        html! {
            @if may {
                div class="m-rowacts" {
                    (Button::link("Change", href(link.id)).spoken(format!("Change where {} leads", link.name.as_str())).small())
                    (Button::link("Remove", format!("{}/remove", href(link.id))).spoken(format!("Remove {}", link.name.as_str())).small())
                }
            }
        },
    ])
}

fn edit_page(app: &App, member: &Member, link: &NamedLink, form: &LinkForm, error: Option<String>) -> Markup {
    let address = app.links.links.named(link.name.as_str());
    let body = html! {
        (Head::new(link.name.as_str()).meta(html! { (address) }).meta(html! { "Set " (when(member, link.changed_at)) " · made by " (link.created_by) }))
        (Card::new("edit", "Where it leads", html! {
            form class="m-stack" method="post" action=(href(link.id)) {
                (member.csrf())
                (Field::text("target", "Leads to").inputmode("url").value(&form.target).placeholder("https://").error(error).required())
                div class="m-acts" {
                    (Button::link("Back", HREF))
                    (Button::primary("Save"))
                }
            }
        }).padded())
    };
    below(member, link.name.as_str(), body)
}

fn below(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs = vec![Crumb::to("Settings", "/settings"), Crumb::to("Links", HREF), Crumb::here(title)];
    page.render()
}
