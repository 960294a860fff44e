//! Templates of WhatsApp Personal: what a campaign of AiSensy says, and where each value comes from.

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::{Category, Channel},
    checks::Probe,
    ids::{IntegrationId, RegistrantId, TemplateId},
    role::Permission,
    template::{Facts, Source, WhatsappTemplate},
    time::DAY,
};
use maud::{Markup, Render, html};
use providers::Account;
use serde::Deserialize;
use store::{
    StoreError,
    integrations::Integration,
    registrants::{Registrant, RegistrantFilter},
    templates::Template,
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};

use super::{
    prices::category_title,
    sms_templates,
    template_form::{
        BODY_CHARS_MAX, Errors, FOOTER_CHARS_MAX, HEADER_CHARS_MAX, NAME_CHARS_MAX, Press, TemplateForm,
        Value, preview, value,
    },
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
        button::{Button, Link},
        chip::{Chip, State as Look, Tone},
        dialog::Confirm,
        empty::Empty,
        field::{Choice, Control, Field, OptionGroup},
        format::{counted, phone},
        head::{Card, Head},
        icons::Icon,
        note::Note,
        preview::{Bubble, Phone, Preview},
        shell::Crumb,
        table::{Column, Place, Row, Table, name},
        tabs::{Tab, Tabs},
    },
};

pub(super) const HREF: &str = "/settings/templates";
const CHANNEL: Channel = Channel::WhatsappPersonal;
/// Registrants that the preview offers.
const PREVIEW_PEOPLE: i64 = 10;
/// Workshops that are looked at for them.
const PREVIEW_WORKSHOPS: i64 = 5;

fn href(id: TemplateId) -> String {
    format!("{HREF}/{id}")
}

/// The page on which a template of a channel is mended; of all of them when it is none that is known.
pub(crate) fn page_of(channel: Channel, id: Option<TemplateId>) -> String {
    match (channel, id) {
        (Channel::Sms, Some(id)) => sms_templates::href(id),
        (Channel::Sms, None) => sms_templates::HREF.to_owned(),
        (Channel::WhatsappPersonal | Channel::WhatsappGroup | Channel::IvrCall, Some(id)) => href(id),
        (Channel::WhatsappPersonal | Channel::WhatsappGroup | Channel::IvrCall, None) => HREF.to_owned(),
    }
}

/// A stored body; one that another version wrote and this cannot read is told apart from an empty one.
pub(super) fn body_of(template: &Template) -> Option<WhatsappTemplate> {
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
            .action(Button::link("Import from AiSensy", format!("{HREF}/import")).icon(Icon::Download))
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

/// The two channels that have templates of their own, as tabs.
pub(super) fn tabs(current: Channel) -> Tabs {
    let tab = |channel: Channel, icon, href: &str| Tab {
        icon,
        long: channel.title().into(),
        short: channel.short_title().into(),
        href: href.into(),
        current: channel == current,
        state: None,
    };
    let tabs = vec![
        tab(Channel::WhatsappPersonal, Icon::Personal, HREF),
        tab(Channel::Sms, Icon::Sms, sms_templates::HREF),
    ];
    Tabs { label: "Channel", tabs }
}

fn none(may: bool) -> Empty {
    let actions = vec![
        Button::link("Import from AiSensy", format!("{HREF}/import")).icon(Icon::Download),
        Button::primary_link("Add template", format!("{HREF}/new")).icon(Icon::Plus),
    ];
    Empty {
        icon: Icon::Personal,
        title: "Tell Munadi what your campaigns say".into(),
        text: "A template names an API campaign of AiSensy, holds its approved text for the preview, and says where each value comes from.".into(),
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
            html! { (counted(i64::try_from(values).unwrap_or(i64::MAX), "value", "values")) },
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

/// What the pages of a template show besides what was typed.
struct Around {
    /// Of the template, once it is stored.
    id: Option<TemplateId>,
    errors: Errors,
    /// What AiSensy said about the campaign.
    told: Option<Note>,
    people: Option<People>,
    accounts: Vec<Integration>,
}

impl Around {
    async fn load(member: &Member, id: Option<TemplateId>) -> Result<Around, StoreError> {
        Ok(Around {
            id,
            errors: Errors::new(),
            told: None,
            people: people(member).await?,
            accounts: member.org.integrations().await?,
        })
    }

    fn error(&self, name: &str) -> Option<String> {
        self.errors.get(name).cloned()
    }
}

/// A workshop and some of its registrants: those that a preview offers.
pub(super) type People = (Workshop, Vec<Registrant>);

/// Registrants of the next workshop that has any.
pub(super) async fn people(member: &Member) -> Result<Option<People>, StoreError> {
    let filter = |when| WorkshopFilter { when, limit: PREVIEW_WORKSHOPS, ..WorkshopFilter::default() };
    let mut workshops = member.org.workshops(&filter(WorkshopWhen::Upcoming(member.now))).await?;
    workshops.extend(member.org.workshops(&filter(WorkshopWhen::Past(member.now))).await?);
    let Some(workshop) = workshops.into_iter().find(|workshop| workshop.registrants > 0) else {
        return Ok(None);
    };
    let filter = RegistrantFilter { limit: PREVIEW_PEOPLE, ..RegistrantFilter::default() };
    let people = member.org.registrants(workshop.id, &filter).await?;
    Ok(Some((workshop, people)))
}

/// What a link to a new template may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    from: String,
}

/// `GET /settings/templates/new`, empty or as a copy.
pub async fn new(member: Member, Query(query): Query<NewQuery>) -> PageResult {
    let mut form = TemplateForm::blank();
    if let Ok(from) = query.from.parse::<TemplateId>() {
        let template = member.org.template(from).await?;
        if let Some(body) = body_of(&template) {
            form = TemplateForm::of(&copy_name(&template.name), &body);
        }
    }
    let around = Around::load(&member, None).await?;
    Ok(page(&member, &form, &around).into_response())
}

/// `Reminder copy`, cut so that it fits.
pub(super) fn copy_name(name: &str) -> String {
    const ENDING: &str = " copy";
    let kept: String = name.chars().take(NAME_CHARS_MAX - ENDING.len()).collect();
    format!("{kept}{ENDING}")
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
    let template = personal(&member, id).await?;
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
    personal(&member, id).await?;
    submit(&app, &member, Some(id), TemplateForm::read(&pairs)).await
}

/// A template of this channel; another channel's is not here.
async fn personal(member: &Member, id: TemplateId) -> Result<Template, StoreError> {
    let template = member.org.template(id).await?;
    if template.channel == CHANNEL { Ok(template) } else { Err(StoreError::Missing) }
}

/// Saves, asks AiSensy, or shows again what was typed.
async fn submit(app: &App, member: &Member, id: Option<TemplateId>, form: TemplateForm) -> PageResult {
    let mut around = Around::load(member, id).await?;
    match form.action.as_str() {
        "save" => match form.check() {
            Ok(template) => match save(member, id, &form.name, &template).await {
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

async fn save(
    member: &Member,
    id: Option<TemplateId>,
    name: &str,
    template: &WhatsappTemplate,
) -> Result<TemplateId, StoreError> {
    let body = serde_json::to_value(template).expect("a template is plain JSON");
    match id {
        Some(id) => member.org.update_template(id, name, &body, member.now).await.map(|()| id),
        None => member.org.add_template(CHANNEL, name, &body, member.now).await,
    }
}

/// Asks AiSensy about the campaign, and compares.
async fn ask(app: &App, form: &TemplateForm, accounts: &[Integration], errors: &mut Errors) -> Note {
    if form.campaign.is_empty() {
        errors.insert("campaign".into(), "Type the campaign’s name first.".into());
        return Note::new(Tone::Act, "Nothing was asked.", "The campaign has no name yet.");
    }
    let chosen = form.account.parse::<IntegrationId>().ok();
    let account = accounts.iter().find(|one| Some(one.id) == chosen).or(accounts.first());
    let Some(account) = account else {
        let note = Note::new(Tone::Act, "Nothing was asked.", "No AiSensy account is connected.");
        return note.action(Link::new("Integrations", "/settings/integrations"));
    };
    let opened = match app.accounts.open_integration(account) {
        Ok(account) => account,
        Err(words) => return Note::new(Tone::Fail, "Nothing was asked.", words),
    };
    let Account::Aisensy(aisensy) = &opened else {
        return Note::new(Tone::Act, "Nothing was asked.", "This is no AiSensy account.");
    };
    let template = form.draft();
    compared(aisensy.probe(&app.out, &form.campaign).await, &template, &account.name)
}

/// What AiSensy's answer means for this template.
fn compared(probe: Probe, template: &WhatsappTemplate, account: &str) -> Note {
    let campaign = &template.campaign;
    match probe {
        Probe::Refused(words) => Note::new(
            Tone::Fail,
            "AiSensy refused.",
            format!(
                "“{words}”, asked about “{campaign}” through {account}. The name must be the campaign’s, not the template’s."
            ),
        ),
        Probe::Silent(words) => {
            Note::new(Tone::Act, "AiSensy gave no usable answer.", format!("{words}. Try again in a minute."))
        }
        Probe::Answered { live: false, .. } => Note::new(
            Tone::Act,
            "The campaign is not live.",
            format!("“{campaign}” exists. Set it live in AiSensy before anything is sent."),
        ),
        Probe::Answered { live: true, parameters, media } => {
            let mapped = template.parameters.len();
            if let Some(wanted) = parameters.filter(|wanted| *wanted != mapped) {
                let text = format!(
                    "AiSensy wants {wanted}, this template has {mapped}. Every message would be refused."
                );
                return Note::new(Tone::Fail, "The number of values differs.", text);
            }
            if media == Some(true) && template.media.is_none() {
                let text = "It was made with a picture, video or document. Type the address of one below.";
                return Note::new(Tone::Fail, "The campaign wants media.", text);
            }
            let counted = match parameters {
                Some(wanted) => format!("It wants {wanted} values, and the template has them."),
                None => "It does not say how many values it wants.".to_owned(),
            };
            Note::new(Tone::Done, "The campaign is live.", counted)
        }
    }
}

/// `GET /settings/templates/{id}/remove`
pub async fn confirm_removal(member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = personal(&member, id).await?;
    let confirm = removal(&member, &template.name, id);
    Ok(sub_page(&member, "Remove template", confirm.page()).into_response())
}

fn removal(member: &Member, name: &str, id: TemplateId) -> Confirm {
    Confirm {
        id: "remove".into(),
        title: format!("Remove {name}?"),
        body: html! { p { "It goes out of the lists. Broadcasts that were confirmed with it keep their copy." } },
        action: format!("{}/remove", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove template").busy("Removing…"),
        back: ("Keep it".into(), href(id)),
    }
}

/// `POST /settings/templates/{id}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<TemplateId>) -> PageResult {
    let template = personal(&member, id).await?;
    member.org.remove_template(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, &format!("{} is removed.", template.name)))
}

/* ---------- The page of a template ---------- */

/// A page below the list.
pub(super) fn sub_page(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs.insert(1, Crumb::to("Templates", HREF));
    page.render()
}

fn page(member: &Member, form: &TemplateForm, around: &Around) -> Markup {
    let may = member.may(Permission::Manage);
    let title = match around.id {
        Some(_) if may => "Edit template",
        Some(_) => "Template",
        None => "Add template",
    };
    let action = around.id.map_or_else(|| format!("{HREF}/new"), href);
    let (facts, who) = facts(member, &form.preview_as, around.people.as_ref());
    let mut head = Head::new(if form.name.is_empty() { title } else { &form.name });
    if let (Some(id), true) = (around.id, may) {
        head = head
            .action(Button::link("Duplicate", format!("{HREF}/new?from={id}")).icon(Icon::Copy))
            .action(Button::link("Remove", format!("{}/remove", href(id))).icon(Icon::Trash).opens("remove"));
    }
    let body = html! {
        (head)
        @if let Some(told) = &around.told { (told) }
        @if !around.errors.is_empty() && form.action == "save" {
            (Note::new(Tone::Fail, "Not saved yet.", format!("{} to mend below. What you typed is still here.", counted(i64::try_from(around.errors.len()).unwrap_or(i64::MAX), "thing", "things"))))
        }
        form class="m-compose" method="post" action=(action) id="template" {
            (member.csrf())
            div class="m-stack" {
                (parts(form, around, &facts, &who, may))
            }
            div class="m-aside" {
                @if may { (preview_for(&form.preview_as, around.people.as_ref())) }
                (shown(member, form, &facts))
                @if may { (check_card(form, around)) }
            }
        }
        @if let (Some(id), true) = (around.id, may) { (removal(member, &form.name, id)) }
    };
    sub_page(member, title, body)
}

fn parts(form: &TemplateForm, around: &Around, facts: &Facts, who: &str, may: bool) -> Markup {
    let categories = Category::ALL
        .iter()
        .map(|one| Choice::new(one.word(), category_title(*one), &form.category))
        .collect();
    let campaign = html! {
        div class="m-stack" {
            (Field::text("name", "Name").value(&form.name).placeholder("Reminder, one hour before").error(around.error("name")).required().disabled(!may))
            (Field::text("campaign", "Campaign name").value(&form.campaign).placeholder("workshop_reminder_1h").error(around.error("campaign")).required().disabled(!may)
                .help("The exact name of a Live API campaign in AiSensy: the campaign’s name, not the template’s."))
            div class="m-row2" {
                (Field::select("category", "Category", categories).error(around.error("category")).disabled(!may).help("As Meta approved it. It decides the price and the hours."))
                (Field::text("language", "Language").value(&form.language).placeholder("en").error(around.error("language")).required().disabled(!may).help("A code such as en, hi or en_US."))
            }
        }
    };
    let text = html! {
        div class="m-stack" {
            (Field::text("header", "Header").value(&form.header).error(around.error("header")).disabled(!may).at_most(u32::try_from(HEADER_CHARS_MAX).unwrap_or(u32::MAX)))
            (tall(Field::area("body", "Text", &form.body)).error(around.error("body")).required().disabled(!may)
                .at_most(u32::try_from(BODY_CHARS_MAX).unwrap_or(u32::MAX))
                .help("The approved text with {{1}}, {{2}} … It is shown in previews; AiSensy sends its own copy."))
            (Field::text("footer", "Footer").value(&form.footer).error(around.error("footer")).disabled(!may).at_most(u32::try_from(FOOTER_CHARS_MAX).unwrap_or(u32::MAX)))
            @if may { div class="m-acts" { (Button::new("Update values and preview").icon(Icon::Retry).submit("do", "update").unchecked()) } }
        }
    };
    let media = html! {
        div class="m-row2" {
            (Field::input("url", "media_url", "Address").value(&form.media_url).placeholder("https://").error(around.error("media_url")).disabled(!may)
                .help("Only when the campaign was made with a picture, video or document."))
            (Field::text("media_filename", "File name").value(&form.media_filename).error(around.error("media_filename")).disabled(!may)
                .help("Shown for documents. Empty takes the end of the address."))
        }
    };
    html! {
        (Card::new("campaign-card", "Campaign", campaign).padded())
        (Card::new("text-card", "Text", text).padded())
        (Card::new("values-card", "Values", values(form, around, facts, who, may)).padded())
        (Card::new("media-card", "Media", media).padded())
        (Card::new("buttons-card", "Buttons", buttons(form, around, may)).padded())
        @if may { div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Save template").submit("do", "save").unchecked().busy("Saving…").shortcut("mod+s")) } }
    }
}

/// A field for a longer text.
pub(super) fn tall(mut field: Field) -> Field {
    if let Control::Area { rows, .. } = &mut field.control {
        *rows = 8;
    }
    field
}

/// Every source, under the headings that their words name; `first` stands before them.
pub(super) fn sources(chosen: &str, first: &str) -> Vec<OptionGroup> {
    let mut groups = vec![OptionGroup { name: None, options: vec![Choice::new("", first, chosen)] }];
    for (word, title, _) in Source::LISTED {
        let (group, label) = title.split_once(" · ").unwrap_or(("", title));
        if groups.last().and_then(|last| last.name.as_deref()) != Some(group) {
            groups.push(OptionGroup { name: Some(group.to_owned()), options: vec![] });
        }
        if let Some(last) = groups.last_mut() {
            last.options.push(Choice::new(*word, label, chosen));
        }
    }
    let fixed = Choice::new("fixed", "The same text for everybody", chosen);
    groups.push(OptionGroup { name: Some("Fixed".into()), options: vec![fixed] });
    groups
}

fn values(form: &TemplateForm, around: &Around, facts: &Facts, who: &str, may: bool) -> Markup {
    if form.values.is_empty() {
        return html! { p class="m-p" { "The text has no {{1}}, so there is nothing to fill in." } };
    }
    let draft = form.draft();
    let becomes = |at: usize| draft.parameters.get(at).map(|parameter| value(parameter, facts));
    html! {
        div class="m-stack" {
            @for (at, row) in form.values.iter().enumerate() {
                (value_row(at + 1, row, around, may, becomes(at).map(|shown| match shown {
                    Ok(text) => format!("For {who}: {text}"),
                    Err(_) => format!("For {who} it is empty: they would be left out."),
                })))
            }
        }
    }
}

fn value_row(n: usize, row: &Value, around: &Around, may: bool, becomes: Option<String>) -> Markup {
    let label = format!("label_{n}");
    let (source, fixed, fallback) = (format!("source_{n}"), format!("fixed_{n}"), format!("fallback_{n}"));
    html! {
        div class="m-value" role="group" aria-label={ "Value " (n) } {
            p class="m-hint" { code class="m-ph" { "{{" (n) "}}" } @if let Some(words) = &becomes { (words) } }
            div class="m-row2" {
                (Field::text(&label, "Meaning").value(&row.label).placeholder("first name").error(around.error(&label)).disabled(!may))
                (Field::select_grouped(&source, "Comes from", sources(&row.source, "Choose…")).error(around.error(&source)).disabled(!may).autosubmit())
            }
            div class="m-row2" {
                @if row.source == "fixed" || around.errors.contains_key(&fixed) {
                    (Field::text(&fixed, "Text for everybody").value(&row.fixed).error(around.error(&fixed)).disabled(!may))
                }
                (Field::text(&fallback, "When it is empty, say").value(&row.fallback).placeholder("there").error(around.error(&fallback)).disabled(!may)
                    .help("Empty leaves the person out."))
            }
        }
    }
}

fn buttons(form: &TemplateForm, around: &Around, may: bool) -> Markup {
    html! {
        div class="m-stack" {
            p class="m-p" { "Buttons whose address ends in a value, such as a join link. Leave the words empty for none." }
            @for (at, press) in form.buttons.iter().enumerate() { (button_row(at + 1, press, around, may)) }
        }
    }
}

fn button_row(n: usize, press: &Press, around: &Around, may: bool) -> Markup {
    let (label, source, fixed) =
        (format!("button_label_{n}"), format!("button_source_{n}"), format!("button_fixed_{n}"));
    html! {
        div class="m-row2" {
            (Field::text(&label, format!("Words on button {n}")).value(&press.label).error(around.error(&label)).disabled(!may))
            (Field::select_grouped(&source, "Its address ends in", sources(&press.source, "Nothing: it is fixed")).error(around.error(&source)).disabled(!may).autosubmit())
        }
        @if press.source == "fixed" || around.errors.contains_key(&fixed) {
            (Field::text(&fixed, "End of the address").value(&press.fixed).error(around.error(&fixed)).disabled(!may))
        }
    }
}

/// The facts of the chosen registrant, or of an invented person; and the name to speak of them.
pub(super) fn facts(member: &Member, preview_as: &str, people: Option<&People>) -> (Facts, String) {
    let zone = &member.organization.zone;
    let organisation = member.organization.name.clone();
    let chosen = preview_as.parse::<RegistrantId>().ok();
    let found = people.and_then(|(workshop, people)| {
        let person = people.iter().find(|person| Some(person.id) == chosen)?;
        Some((workshop, person))
    });
    match found {
        Some((workshop, person)) => {
            let who = if person.name.is_empty() { "this person".to_owned() } else { person.name.clone() };
            let facts = Facts {
                name: person.name.clone(),
                email: person.email.clone(),
                phone: person.phone.clone(),
                opt_out_link: member.opt_out_sample.clone(),
                workshop_title: workshop.title.clone(),
                workshop_date: zone.long_date(workshop.starts_at),
                workshop_time: zone.plain_time(workshop.starts_at),
                workshop_join_link: workshop.join_link.clone(),
                organisation,
            };
            (facts, who)
        }
        None => {
            let facts = Facts {
                name: "Ananya Rao".into(),
                email: "ananya@example.in".into(),
                phone: "+919000000001".into(),
                opt_out_link: member.opt_out_sample.clone(),
                workshop_title: "Rust for Beginners".into(),
                workshop_date: zone.long_date(member.now.plus(DAY)),
                workshop_time: "7:00 PM".into(),
                workshop_join_link: "https://example.in/join/abc".into(),
                organisation,
            };
            (facts, "Ananya".to_owned())
        }
    }
}

fn shown(member: &Member, form: &TemplateForm, facts: &Facts) -> Preview {
    let template = form.draft();
    let header = crate::ui::preview::Part::Fixed(template.header.clone());
    let bubble = Bubble {
        title: if template.header.is_empty() { vec![] } else { vec![header] },
        text: preview(&template, facts),
        footer: template.footer.clone(),
        at: member.organization.zone.time(member.now),
        media: template.media.as_ref().map(|media| media.filename.clone()),
        buttons: template.buttons.iter().map(|button| button.label.clone()).collect(),
        ticks: true,
    };
    Preview {
        stepper: None,
        phone: Phone::WhatsApp,
        sender: member.organization.name.clone(),
        sender_note: "Business account".into(),
        bubble: (!template.body.is_empty()).then_some(bubble),
    }
}

/// Whose message the preview shows.
pub(super) fn preview_for(preview_as: &str, people: Option<&People>) -> Markup {
    let mut options = vec![Choice::new("", "Ananya, an invented person", preview_as)];
    let mut help = "Register somebody for a workshop to preview with real people.".to_owned();
    if let Some((workshop, people)) = people {
        options.extend(people.iter().map(|person| {
            let name = if person.name.is_empty() { "No name" } else { &person.name };
            Choice::new(person.id.to_string(), format!("{name} · {}", phone(&person.phone)), preview_as)
        }));
        help = format!("The newest registrants of {}.", workshop.title);
    }
    html! {
        (Field::select("preview_as", "Preview for", options).help(help).autosubmit())
    }
}

fn check_card(form: &TemplateForm, around: &Around) -> Card {
    let choices: Vec<Choice> = around
        .accounts
        .iter()
        .map(|account| Choice::new(account.id.to_string(), &account.name, &form.account))
        .collect();
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Is the campaign live, how many values does it want, does it want media? It sends nothing and costs nothing." }
            @if choices.len() > 1 { (Field::select("account", "Through", choices)) }
            @if around.accounts.is_empty() { p class="m-hint" { "Connect an AiSensy account first. " (Link::new("Integrations", "/settings/integrations")) } }
            @else { div class="m-acts" { (Button::new("Check with AiSensy").icon(Icon::Test).submit("do", "check").unchecked().busy("Asking AiSensy…")) } }
        }
    };
    Card::new("check", "Check", body).padded()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_a_name_that_fits() {
        assert_eq!(copy_name("Reminder"), "Reminder copy");
        assert_eq!(copy_name(&"क".repeat(200)).chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn every_source_is_offered_under_its_heading() {
        let groups = sources("workshop_title", "Choose…");
        let count: usize = groups.iter().map(|group| group.options.len()).sum();
        assert_eq!(count, Source::LISTED.len() + 2);
        assert!(
            groups.iter().flat_map(|group| &group.options).any(|one| one.selected && one.label == "Title")
        );
    }
}
