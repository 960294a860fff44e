//! What each template is for, and how long before the start it usually goes out: what decides who was told already, and which template is
//! offered first.

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::Channel,
    time::{DAY, MINUTE},
    told::Purpose,
};
use maud::{Render, html};
use store::templates::Template;

use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::settings_page,
    ui::{
        button::Button,
        field::{Choice, Field},
        head::{Card, Head},
        icons::Icon,
        table::{Column, Place, Row, Table},
    },
};

/// The page.
pub(crate) const HREF: &str = "/settings/purposes";
/// Usual lead times in minutes, with their words.
const LEADS: &[(i64, &str)] = &[
    (0, "No usual time"),
    (15, "15 min before the start"),
    (60, "1 h before the start"),
    (180, "3 h before the start"),
    (DAY / MINUTE, "1 day before the start"),
    (2 * DAY / MINUTE, "2 days before the start"),
    (7 * DAY / MINUTE, "1 week before the start"),
];
/// The longest that can be said.
const LEAD_MAX: i64 = 60 * DAY / MINUTE;

/// `GET /settings/purposes`
pub async fn show(member: Member) -> PageResult {
    let templates = all(&member).await?;
    let row = |template: &Template| {
        let id = template.id;
        Row::new(vec![
            html! { b { (template.name) } span class="m-sub" { (template.channel.title()) } },
            html! { (Field::select(format!("purpose-{id}"), "Told about", purposes(template)).hide_label()) },
            html! { (Field::select(format!("lead-{id}"), "Usually sent", leads(template)).hide_label()) },
        ])
    };
    let table = Table {
        caption: "Templates".into(),
        columns: vec![
            Column::new("Template", Place::Title),
            Column::new("Told about", Place::Line),
            Column::new("Usually sent", Place::Line),
        ],
        rows: templates.iter().map(row).collect(),
        empty: "There is no template yet.".into(),
    };
    let body = html! {
        (Head::new("What templates are for").meta("Whoever was told something for a workshop is not told it again, on whatever channel, unless you say so."))
        form method="post" action=(HREF) class="m-stack" {
            (member.csrf())
            (Card::new("purposes", "Templates", table))
            @if !templates.is_empty() { div class="m-acts" { (Button::primary("Save").icon(Icon::Check)) } }
        }
    };
    Ok(settings_page(&member, "What templates are for", HREF, body).render().into_response())
}

/// `POST /settings/purposes`: what cannot be read stays as it was.
pub async fn save(State(app): State<App>, member: Member, form: Form<Vec<(String, String)>>) -> PageResult {
    let typed =
        |name: String| form.0.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str());
    for template in all(&member).await? {
        let purpose = typed(format!("purpose-{}", template.id)).and_then(|word| Purpose::parse(word).ok());
        let lead = typed(format!("lead-{}", template.id))
            .and_then(|minutes| minutes.parse().ok())
            .filter(|minutes| (0..=LEAD_MAX).contains(minutes));
        let purpose = purpose.unwrap_or_else(|| template.purpose.clone());
        let lead = lead.unwrap_or(template.lead_minutes);
        member.org.set_purpose(template.id, &purpose, lead, member.now).await?;
    }
    Ok(see_other_saying(&app, HREF, "Saved. Broadcasts that are confirmed keep theirs."))
}

async fn all(member: &Member) -> Result<Vec<Template>, store::StoreError> {
    let mut all = Vec::new();
    for channel in Channel::to_people() {
        all.extend(member.org.templates(channel).await?);
    }
    Ok(all)
}

/// The known words, one of its own, and whatever it has now.
fn purposes(template: &Template) -> Vec<Choice> {
    let current = template.purpose.word();
    let own = Purpose::of_template(&template.name);
    let mut choices: Vec<Choice> =
        Purpose::KNOWN.iter().map(|(word, title)| Choice::new(*word, *title, current)).collect();
    choices.push(Choice::new(own.word(), "Something of its own", current));
    if !choices.iter().any(|choice| choice.value == current) {
        choices.push(Choice::new(current, template.purpose.title(), current));
    }
    choices
}

fn leads(template: &Template) -> Vec<Choice> {
    let current = template.lead_minutes.to_string();
    let mut choices: Vec<Choice> =
        LEADS.iter().map(|(minutes, words)| Choice::new(minutes.to_string(), *words, &current)).collect();
    if !choices.iter().any(|choice| choice.value == current) {
        let words = format!("{} before the start", crate::ui::format::span(template.lead_minutes * MINUTE));
        choices.push(Choice::new(current.clone(), words, &current));
    }
    choices
}
