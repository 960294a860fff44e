//! Templates: what a channel says, and where each value comes from. One list, one form and one way in for those of accounts and
//! files; what is special about a channel is its `Kind`.

mod account;
pub(in crate::pages) mod call;
mod check;
mod columns;
pub mod fill;
mod form;
mod group;
pub mod import;
mod kind;
mod offer;
mod own;
mod page;
pub(in crate::pages) mod sample;
mod sms;
mod whatsapp;

use axum::{extract::State, response::IntoResponse};
use domain::{channel::Channel, ids::TemplateId, role::Permission, template::Message};
use maud::{Render, html};
use serde::Deserialize;
use store::{StoreError, templates::Template};

use self::{
    check::ask,
    form::{Form as Typed, copy_name, unmapped},
    kind::{Around, KINDS, Kind, Of},
    own::Own,
    page::{below, page, removal},
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Member, Path, Query},
        notice::see_other_saying,
    },
    pages::{
        post_file::{self, Posted},
        settings_page, unprocessable,
    },
    ui::{
        button::Button,
        chip::{Chip, State as Look, Tone},
        empty::Empty,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        table::{Column, Place, Row, Table, name},
        tabs::{Tab, Tabs},
    },
};

/// Where Templates leads in the menu.
const HREF: &str = "/settings/templates";

/// Under which name it is said that a file was brought and not taken.
const REFUSED: &str = "file";

/// The page on which a template of a channel is mended; of all of them when it is none that is known.
pub(crate) fn page_of(channel: Channel, id: Option<TemplateId>) -> String {
    let kind = *KINDS.iter().find(|kind| kind.channel() == channel).unwrap_or(&KINDS[0]);
    id.map_or_else(|| kind.words().home.to_owned(), |id| kind.href(id))
}

/// The page of a new template of a channel.
pub(crate) fn new_page(channel: Channel) -> String {
    format!("{}/new", page_of(channel, None))
}

/// What is said where a channel has no templates yet: a title and a text.
pub(crate) fn none_yet(channel: Channel) -> Option<(&'static str, String)> {
    let words = KINDS.iter().find(|kind| kind.channel() == channel)?.words();
    Some((words.empty_title, (words.empty_text)()))
}

/// What a link to a new template may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    from: String,
    language: String,
}

/// A template of that kind; another channel's is not there.
async fn of_kind(member: &Member, kind: &dyn Kind, id: TemplateId) -> Result<Template, StoreError> {
    let template = member.org.template(id).await?;
    if template.channel == kind.channel() { Ok(template) } else { Err(StoreError::Missing) }
}

/* ---------- The list ---------- */

/// `GET /settings/templates`, `GET /settings/templates/sms`
pub async fn list(State(app): State<App>, member: Member, Of(kind): Of) -> PageResult {
    let templates = member.org.templates(kind.channel()).await?;
    let around = Around::load(&app, &member, kind, None).await?;
    let (may, words) = (member.may(Permission::Manage), kind.words());
    let mut head = Head::new("Templates").meta(words.about);
    if may && !templates.is_empty() {
        head = actions(kind).into_iter().fold(head, Head::action);
    }
    let empty = || Empty {
        icon: Icon::of(kind.channel()),
        title: words.empty_title.into(),
        text: (words.empty_text)(),
        actions: if may { actions(kind) } else { vec![] },
        ways: vec![],
    };
    let body = html! {
        (head)
        (tabs(kind))
        @if templates.is_empty() { (empty()) }
        @else { (Card::new("templates", kind.channel().title(), table(kind, &templates, &around, may))) }
    };
    Ok(settings_page(&member, "Templates", HREF, body).render().into_response())
}

fn tabs(current: &dyn Kind) -> Tabs {
    let tab = |kind: &&dyn Kind| Tab {
        icon: Icon::of(kind.channel()),
        long: kind.channel().title().into(),
        short: kind.channel().short_title().into(),
        href: kind.words().home.into(),
        current: kind.channel() == current.channel(),
        state: None,
    };
    Tabs { label: "Channel", tabs: KINDS.iter().map(tab).collect() }
}

fn actions(kind: &dyn Kind) -> Vec<Button> {
    let words = kind.words();
    let file = Button::link("Import a file", words.import).icon(Icon::Upload);
    [
        (!words.fill.is_empty()).then(|| Button::link(fill::title(kind), words.fill).icon(Icon::Download)),
        (!words.import.is_empty()).then_some(file),
        Some(Button::primary_link(words.new, format!("{}/new", words.home)).icon(Icon::Plus)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn table(kind: &dyn Kind, templates: &[Template], around: &Around, may: bool) -> Table {
    let words = kind.words();
    let row = |template: &Template| {
        let message = kind.message(template);
        let (line, extra) = message.as_ref().map(|message| kind.listed(message)).unwrap_or_default();
        let values = message.as_ref().map_or(0, |message| message.places().len());
        let copy = format!("{}/new?from={}", words.home, template.id);
        Row::new(vec![
            name(&kind.href(template.id), &template.name, &line),
            state(kind, message.as_ref(), around).render(),
            html! { @if let Some(message) = &message { (kind.category(message.category())) } },
            html! { (counted(values, "value", "values")) },
            html! { (extra) },
            html! { @if may {
                (Button::link("Duplicate", copy).small().icon(Icon::Copy).spoken(format!("Duplicate {}", template.name)))
            } },
        ])
    };
    Table {
        caption: words.list.into(),
        columns: vec![
            Column::new("Name", Place::Title),
            Column::new("State", Place::State),
            Column::new("Category", Place::Line),
            Column::new("Values", Place::Wide),
            Column::new(words.extra_column, Place::Wide),
            Column::new("Actions", Place::Actions),
        ],
        rows: templates.iter().map(row).collect(),
        empty: String::new(),
    }
}

/// Whether it could be sent with.
fn state(kind: &dyn Kind, message: Option<&Message>, around: &Around) -> Chip {
    let act = |word: String| Chip { tone: Tone::Act, icon: Icon::Warning, word };
    let Some(message) = message else {
        return Chip { tone: Tone::Fail, icon: Icon::Error, word: "Cannot be read".into() };
    };
    if message.places().iter().any(|one| *one.source == unmapped() && one.fallback.is_empty()) {
        return act("Map values".into());
    }
    match kind.problems(&around.complete(message.clone())).len() {
        0 => Look::Ready.chip(),
        n => act(format!("{} missing", counted(n, "thing", "things"))),
    }
}

/* ---------- One template ---------- */

/// `GET …/new`, empty or as a copy.
pub async fn new(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Query(query): Query<NewQuery>,
) -> PageResult {
    let mut around = Around::load(&app, &member, kind, None).await?;
    around.language.clone_from(&query.language);
    let mut form = kind.blank(&around);
    if let Ok(from) = query.from.parse::<TemplateId>() {
        let template = of_kind(&member, kind, from).await?;
        if let Some(message) = kind.message(&template) {
            form = Own::of(kind, around.vendor).form(kind, &copy_name(&template.name), &message);
        }
    }
    Ok(page(&member, kind, &form, &around).await?.into_response())
}

/// `POST …/new`
pub async fn add(State(app): State<App>, member: Member, Of(kind): Of, posted: Posted) -> PageResult {
    submit(&app, &member, kind, None, posted).await
}

/// `GET …/{template}`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Path(id): Path<TemplateId>,
) -> PageResult {
    let template = of_kind(&member, kind, id).await?;
    let mut around = Around::load(&app, &member, kind, Some(id)).await?;
    let form = match kind.message(&template) {
        Some(message) => Own::of(kind, around.vendor).form(kind, &template.name, &message),
        None => {
            let words = "It was stored by another version. Fill the form in again, or remove the template.";
            around.told = Some(Note::new(Tone::Fail, "This template cannot be read.", words));
            let mut form = kind.blank(&around);
            form.set("name", &template.name);
            form
        }
    };
    Ok(page(&member, kind, &form, &around).await?.into_response())
}

/// `POST …/{template}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Path(id): Path<TemplateId>,
    posted: Posted,
) -> PageResult {
    let stored = of_kind(&member, kind, id).await?;
    submit(&app, &member, kind, Some(&stored), posted).await
}

/// Saves, asks the provider, or shows again what was typed.
async fn submit(
    app: &App,
    member: &Member,
    kind: &dyn Kind,
    stored: Option<&Template>,
    posted: Posted,
) -> PageResult {
    let (pairs, refused) = post_file::take(member, posted).await?;
    let mut form = Typed::read(kind, &pairs);
    let id = stored.map(|template| template.id);
    let known = stored.and_then(|template| kind.message(template));
    let mut around = Around::load(app, member, kind, id).await?;
    kind.look_up(&mut form, &around);
    if let Some(problem) = refused {
        around.errors.insert(REFUSED.into(), format!("{problem}. {}", problem.help()));
        return Ok(unprocessable(page(member, kind, &form, &around).await?));
    }
    match form.get("do") {
        "save" => match Own::of(kind, around.vendor).check(kind, &form, known.as_ref()) {
            Ok(message) => match wrong_file(app, member, kind, &message).await? {
                Some((field, words)) => _ = around.errors.insert(field.into(), words),
                None => match save(member, kind, id, form.get("name"), &message).await {
                    Ok(id) => return Ok(see_other_saying(app, &kind.href(id), "Template saved.")),
                    Err(StoreError::Taken) => {
                        around.errors.insert("name".into(), kind.words().name_taken.into());
                    }
                    Err(error) => return Err(error.into()),
                },
            },
            Err(errors) => around.errors = errors,
        },
        "check" if !kind.words().asked_about.is_empty() => {
            around.told = Some(ask(app, kind, &form, &around.accounts, &mut around.errors).await);
            return Ok(page(member, kind, &form, &around).await?.into_response());
        }
        _ => return Ok(page(member, kind, &form, &around).await?.into_response()),
    }
    Ok(unprocessable(page(member, kind, &form, &around).await?))
}

/// What is wrong with the file that a template shows, beside its field: it is looked at when it is kept, and again before it is posted.
async fn wrong_file(
    app: &App,
    member: &Member,
    kind: &dyn Kind,
    message: &Message,
) -> Result<Option<(&'static str, String)>, StoreError> {
    let Some((field, file)) = kind.file(message) else { return Ok(None) };
    let problem = app.composer.look_at_file(&member.org, file).await?;
    Ok(problem.map(|problem| (field, format!("{problem}. {}", problem.help()))))
}

/// Adds a template, or changes the one of that id. [`StoreError::Taken`] when another of the channel has the name.
async fn save(
    member: &Member,
    kind: &dyn Kind,
    id: Option<TemplateId>,
    name: &str,
    message: &Message,
) -> Result<TemplateId, StoreError> {
    let body = message.to_json();
    match id {
        Some(id) => member.org.update_template(id, name, &body, member.now).await.map(|()| id),
        None => member.org.add_template(kind.channel(), name, &body, member.now).await,
    }
}

/// `GET …/{template}/remove`
pub async fn confirm_removal(member: Member, Of(kind): Of, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_kind(&member, kind, id).await?;
    let uses = member.org.template_uses(id, member.now).await?;
    let confirm = removal(&member, kind, &template.name, &kind.href(id), &uses);
    Ok(below(&member, kind, "Remove template", confirm.page()).into_response())
}

/// `POST …/{template}/remove`
pub async fn remove(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Path(id): Path<TemplateId>,
) -> PageResult {
    let template = of_kind(&member, kind, id).await?;
    member.org.remove_template(id, member.now).await?;
    Ok(see_other_saying(&app, kind.words().home, &format!("{} is removed.", template.name)))
}
