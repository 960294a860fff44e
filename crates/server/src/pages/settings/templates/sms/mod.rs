//! Templates of SMS: the registered text, character by character, the ids that must not be confused, and where each value
//! comes from.

mod columns;
pub mod fill;
mod form;
pub mod import;
mod marked;
mod offer;
mod page;

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::Channel,
    ids::TemplateId,
    role::Permission,
    sms::{SmsRoute, SmsTemplate},
};
use maud::{Markup, Render, html};
use store::{StoreError, templates::Template};

use self::{
    form::{SmsForm, sms_category},
    page::{Around, page, removal},
};
use super::{NewQuery, copy_name, of_channel, save, tabs};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    pages::{settings_page, unprocessable},
    ui::{
        button::Button,
        chip::{Chip, State as Look, Tone},
        empty::Empty,
        format::{counted, cut},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Crumb,
        table::{Column, Place, Row, Table, name},
    },
};

/// The list; in the menu it is below that of WhatsApp.
pub(super) const HREF: &str = "/settings/templates/sms";
const CHANNEL: Channel = Channel::Sms;

pub(super) fn href(id: TemplateId) -> String {
    format!("{HREF}/{id}")
}

/// A stored body; `None` when another version wrote it and this cannot read it.
fn body_of(template: &Template) -> Option<SmsTemplate> {
    serde_json::from_value(template.body.clone()).ok()
}

/* ---------- The list ---------- */

/// `GET /settings/templates/sms`
pub async fn list(State(app): State<App>, member: Member) -> PageResult {
    let templates = member.org.templates(CHANNEL).await?;
    let may = member.may(Permission::Manage);
    let around = Around::load(&app, &member, None).await?;
    let mut head = Head::new("Templates").meta(
        "What SMS say. The text is registered with the operators; here it is kept, mapped and previewed.",
    );
    if may && !templates.is_empty() {
        for action in actions() {
            head = head.action(action);
        }
    }
    let body = html! {
        (head)
        (tabs(CHANNEL))
        @if templates.is_empty() { (none(may)) }
        @else { (Card::new("templates", CHANNEL.title(), table(&templates, &around, may))) }
    };
    Ok(settings_page(&member, "Templates", super::HREF, body).render().into_response())
}

fn actions() -> Vec<Button> {
    vec![
        Button::link(fill::title(), format!("{HREF}/fill")).icon(Icon::Download),
        Button::link("Import a file", format!("{HREF}/import")).icon(Icon::Upload),
        Button::primary_link("New SMS template", format!("{HREF}/new")).icon(Icon::Plus),
    ]
}

fn none(may: bool) -> Empty {
    Empty {
        icon: Icon::Sms,
        title: "Keep the texts that you registered".into(),
        text: "Every SMS is compared with its registered text, character by character. A template keeps that text and its ids, and says where each value comes from.".into(),
        actions: if may { actions() } else { vec![] },
        ways: vec![],
    }
}

fn table(templates: &[Template], around: &Around, may: bool) -> Table {
    let row = |template: &Template| {
        let body = body_of(template);
        let start = cut(body.as_ref().map_or("", |body| body.text.as_str()), 60);
        let values = body.as_ref().map_or(0, |body| body.variables.len());
        Row::new(vec![
            name(&href(template.id), &template.name, &start),
            html! { (state(body.as_ref(), around)) },
            html! { @if let Some(body) = &body { (sms_category(body.category)) } },
            html! { @if let Some(body) = &body { (body.route.title()) } },
            html! { (counted(values, "value", "values")) },
            html! { @if may {
                (Button::link("Duplicate", format!("{HREF}/new?from={}", template.id)).small().icon(Icon::Copy).spoken(format!("Duplicate {}", template.name)))
            } },
        ])
    };
    Table {
        caption: "SMS templates".into(),
        columns: vec![
            Column::new("Name", Place::Title),
            Column::new("State", Place::State),
            Column::new("Category", Place::Line),
            Column::new("Way", Place::Wide),
            Column::new("Values", Place::Wide),
            Column::new("Actions", Place::Actions),
        ],
        rows: templates.iter().map(row).collect(),
        empty: String::new(),
    }
}

/// Whether it could be sent with.
fn state(body: Option<&SmsTemplate>, around: &Around) -> Chip {
    let act = |word: &str| Chip { tone: Tone::Act, icon: Icon::Warning, word: word.into() };
    let Some(body) = body else {
        return Chip { tone: Tone::Fail, icon: Icon::Error, word: "Cannot be read".into() };
    };
    if body.variables.iter().any(|one| one.source == form::unmapped() && one.fallback.is_empty()) {
        return act("Map values");
    }
    match around.problems(body).len() {
        0 => Look::Ready.chip(),
        1 => act("1 thing missing"),
        n => act(&format!("{n} things missing")),
    }
}

/* ---------- One template ---------- */

/// `GET /settings/templates/sms/new`, empty or as a copy.
pub async fn new(State(app): State<App>, member: Member, Query(query): Query<NewQuery>) -> PageResult {
    let around = Around::load(&app, &member, None).await?;
    let mut form = SmsForm::blank(around.default_route());
    if let Ok(from) = query.from.parse::<TemplateId>() {
        let template = of_channel(&member, CHANNEL, from).await?;
        if let Some(body) = body_of(&template) {
            form = SmsForm::of(&copy_name(&template.name), &body);
        }
    }
    Ok(page(&member, &form, &around).await?.into_response())
}

/// `POST /settings/templates/sms/new`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    submit(&app, &member, None, SmsForm::read(&pairs)).await
}

/// `GET /settings/templates/sms/{template}`
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_channel(&member, CHANNEL, id).await?;
    let mut around = Around::load(&app, &member, Some(id)).await?;
    let form = match body_of(&template) {
        Some(body) => SmsForm::of(&template.name, &body),
        None => {
            let words = "It was stored by another version. Fill the form in again, or remove the template.";
            around.told = Some(Note::new(Tone::Fail, "This template cannot be read.", words));
            SmsForm { name: template.name.clone(), ..SmsForm::blank(SmsRoute::Dlt) }
        }
    };
    Ok(page(&member, &form, &around).await?.into_response())
}

/// `POST /settings/templates/sms/{template}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TemplateId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    of_channel(&member, CHANNEL, id).await?;
    submit(&app, &member, Some(id), SmsForm::read(&pairs)).await
}

/// Saves, or shows again what was typed.
async fn submit(app: &App, member: &Member, id: Option<TemplateId>, form: SmsForm) -> PageResult {
    let mut around = Around::load(app, member, id).await?;
    if form.action != "save" {
        return Ok(page(member, &form, &around).await?.into_response());
    }
    match form.check() {
        Ok(template) => match save(member, CHANNEL, id, &form.name, &template).await {
            Ok(id) => return Ok(see_other_saying(app, &href(id), "Template saved.")),
            Err(StoreError::Taken) => {
                let words = "Another SMS template has this name. Choose one of its own.";
                around.errors.insert("name".into(), words.into());
            }
            Err(error) => return Err(error.into()),
        },
        Err(errors) => around.errors = errors,
    }
    Ok(unprocessable(page(member, &form, &around).await?))
}

/// `GET /settings/templates/sms/{template}/remove`
pub async fn confirm_removal(member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_channel(&member, CHANNEL, id).await?;
    let confirm = removal(&member, &template.name, id);
    Ok(below(&member, "Remove template", confirm.page()).into_response())
}

/// `POST /settings/templates/sms/{template}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_channel(&member, CHANNEL, id).await?;
    member.org.remove_template(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, &format!("{} is removed.", template.name)))
}

/// A page below the list.
fn below(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, super::HREF, body);
    page.crumbs.insert(1, Crumb::to("SMS templates", HREF));
    page.render()
}
