//! Templates of WhatsApp Personal: what a campaign of the provider says, and where each value comes from.

mod check;
mod form;
pub mod import;
mod page;

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::Channel, ids::TemplateId, role::Permission, template::Source, whatsapp::WhatsappTemplate,
};
use maud::{Markup, Render, html};
use store::{StoreError, templates::Template};

use self::{
    check::ask,
    form::TemplateForm,
    page::{Around, page, removal},
};
use super::{
    super::prices::category_title, HREF, NewQuery, account::vendor_names, copy_name, of_channel, save, tabs,
};
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
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        shell::Crumb,
        table::{Column, Place, Row, Table, name},
    },
};

const CHANNEL: Channel = Channel::WhatsappPersonal;

pub(super) fn href(id: TemplateId) -> String {
    format!("{HREF}/{id}")
}

/// A stored body; one that another version wrote and this cannot read is told apart from an empty one.
fn body_of(template: &Template) -> Option<WhatsappTemplate> {
    serde_json::from_value(template.body.clone()).ok()
}

/* ---------- The list ---------- */

/// `GET /settings/templates`
pub async fn list(member: Member) -> PageResult {
    let templates = member.org.templates(CHANNEL).await?;
    let may = member.may(Permission::Manage);
    let mut head = Head::new("Templates")
        .meta("What WhatsApp Personal says. The text is approved by Meta; here it is mapped and previewed.");
    if may && !templates.is_empty() {
        head = head
            .action(
                Button::link(format!("Import from {}", vendor_names(CHANNEL)), format!("{HREF}/import"))
                    .icon(Icon::Download),
            )
            .action(Button::primary_link("Add template", format!("{HREF}/new")).icon(Icon::Plus));
    }
    let body = html! {
        (head)
        (tabs(CHANNEL))
        @if templates.is_empty() { (none(may)) }
        @else { (Card::new("templates", CHANNEL.title(), table(&templates, may))) }
    };
    Ok(settings_page(&member, "Templates", HREF, body).render().into_response())
}

fn none(may: bool) -> Empty {
    let actions = vec![
        Button::link(format!("Import from {}", vendor_names(CHANNEL)), format!("{HREF}/import"))
            .icon(Icon::Download),
        Button::primary_link("Add template", format!("{HREF}/new")).icon(Icon::Plus),
    ];
    Empty {
        icon: Icon::Personal,
        title: "Tell Munadi what your campaigns say".into(),
        text: format!(
            "A template names an API campaign of {}, holds its approved text for the preview, and says where each value comes from.",
            vendor_names(CHANNEL)
        ),
        actions: if may { actions } else { vec![] },
        ways: vec![],
    }
}

fn table(templates: &[Template], may: bool) -> Table {
    let row = |template: &Template| {
        let own = href(template.id);
        let body = body_of(template);
        let values = body.as_ref().map_or(0, |body| body.parameters.len());
        Row::new(vec![
            name(&own, &template.name, body.as_ref().map_or("", |body| body.campaign.as_str())),
            html! { (state(body.as_ref())) },
            html! { @if let Some(body) = &body { (category_title(body.category)) } },
            html! { (counted(values, "value", "values")) },
            html! { @if let Some(body) = &body { (body.language) } },
            html! { @if may {
                (Button::link("Duplicate", format!("{HREF}/new?from={}", template.id)).small().icon(Icon::Copy).spoken(format!("Duplicate {}", template.name)))
            } },
        ])
    };
    Table {
        caption: "Templates".into(),
        columns: vec![
            Column::new("Name", Place::Title),
            Column::new("State", Place::State),
            Column::new("Category", Place::Line),
            Column::new("Values", Place::Wide),
            Column::new("Language", Place::Wide),
            Column::new("Actions", Place::Actions),
        ],
        rows: templates.iter().map(row).collect(),
        empty: String::new(),
    }
}

/// Whether each value has a source.
fn state(body: Option<&WhatsappTemplate>) -> Chip {
    let mapped = |body: &WhatsappTemplate| {
        let open = |source: &Source| matches!(source, Source::Fixed(text) if text.is_empty());
        !body.parameters.iter().any(|parameter| open(&parameter.source) && parameter.fallback.is_empty())
    };
    match body {
        Some(body) if mapped(body) => Look::Ready.chip(),
        Some(_) => Chip { tone: Tone::Act, icon: Icon::Warning, word: "Map values".into() },
        None => Chip { tone: Tone::Fail, icon: Icon::Error, word: "Cannot be read".into() },
    }
}

/* ---------- One template ---------- */

/// `GET /settings/templates/new`, empty or as a copy.
pub async fn new(member: Member, Query(query): Query<NewQuery>) -> PageResult {
    let mut form = TemplateForm::blank();
    if let Ok(from) = query.from.parse::<TemplateId>() {
        let template = of_channel(&member, CHANNEL, from).await?;
        if let Some(body) = body_of(&template) {
            form = TemplateForm::of(&copy_name(&template.name), &body);
        }
    }
    let around = Around::load(&member, None).await?;
    Ok(page(&member, &form, &around).into_response())
}

/// `POST /settings/templates/new`
pub async fn add(
    State(app): State<App>,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    submit(&app, &member, None, TemplateForm::read(&pairs)).await
}

/// `GET /settings/templates/{id}`
pub async fn show(member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_channel(&member, CHANNEL, id).await?;
    let mut around = Around::load(&member, Some(id)).await?;
    let form = match body_of(&template) {
        Some(body) => TemplateForm::of(&template.name, &body),
        None => {
            let words = "It was stored by another version. Fill the form in again, or remove the template.";
            around.told = Some(Note::new(Tone::Fail, "This template cannot be read.", words));
            TemplateForm { name: template.name.clone(), ..TemplateForm::blank() }
        }
    };
    Ok(page(&member, &form, &around).into_response())
}

/// `POST /settings/templates/{id}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TemplateId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    of_channel(&member, CHANNEL, id).await?;
    submit(&app, &member, Some(id), TemplateForm::read(&pairs)).await
}

/// Saves, asks the provider, or shows again what was typed.
async fn submit(app: &App, member: &Member, id: Option<TemplateId>, form: TemplateForm) -> PageResult {
    let mut around = Around::load(member, id).await?;
    match form.action.as_str() {
        "save" => match form.check() {
            Ok(template) => match save(member, CHANNEL, id, &form.name, &template).await {
                Ok(id) => return Ok(see_other_saying(app, &href(id), "Template saved.")),
                Err(StoreError::Taken) => {
                    let words = "Another template has this name. Choose one of its own.";
                    around.errors.insert("name".into(), words.into());
                }
                Err(error) => return Err(error.into()),
            },
            Err(errors) => around.errors = errors,
        },
        "check" => {
            around.told = Some(ask(app, &form, &around.accounts, &mut around.errors).await);
            return Ok(page(member, &form, &around).into_response());
        }
        _ => return Ok(page(member, &form, &around).into_response()),
    }
    Ok(unprocessable(page(member, &form, &around)))
}

/// `GET /settings/templates/{id}/remove`
pub async fn confirm_removal(member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_channel(&member, CHANNEL, id).await?;
    let confirm = removal(&member, &template.name, id);
    Ok(sub_page(&member, "Remove template", confirm.page()).into_response())
}

/// `POST /settings/templates/{id}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = of_channel(&member, CHANNEL, id).await?;
    member.org.remove_template(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, &format!("{} is removed.", template.name)))
}

/// A page below the list.
fn sub_page(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs.insert(1, Crumb::to("Templates", HREF));
    page.render()
}
