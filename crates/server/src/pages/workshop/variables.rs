//! The values that a workshop's messages name: listed, asked for where one is missing, and entered.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    channel::Channel,
    ids::WorkshopId,
    role::Permission,
    template::Message,
    text::line,
    variable::{VariableName, value_error},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    workshops::{VARIABLES_MAX, Workshop},
};

use crate::{
    app::App,
    http::{
        auth::safe_next,
        error::PageResult,
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    pages::{
        unprocessable,
        workshops::{crumbs, form::open, href},
    },
    ui::{
        button::Button,
        field::Field,
        head::{Card, Head},
        icons::Icon,
        shell::Section,
    },
};

/// Before the name of a variable in a field's name.
const FIELD: &str = "value-of-";
/// The name and the value of one more.
const NEW: (&str, &str) = ("new-name", "new-value");

/// The address of a workshop's variables.
pub(crate) fn page_href(workshop: WorkshopId) -> String {
    format!("{}/variables", href(workshop))
}

/// Where to go after saving.
#[derive(Debug, Default, Deserialize)]
pub struct Back {
    #[serde(default)]
    back: String,
}

/// What was typed into a form of variables.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    values: BTreeMap<String, String>,
    back: String,
}

impl Typed {
    /// Reads the fields of a form; others are left alone.
    pub(crate) fn read(pairs: &[(String, String)]) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in pairs {
            if name == "back" {
                typed.back.clone_from(value);
            } else if name.starts_with(FIELD) || [NEW.0, NEW.1].contains(&name.as_str()) {
                typed.values.insert(name.clone(), line(value));
            }
        }
        typed
    }

    fn get(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    /// The values by name, or what is wrong by the field's name.
    pub(crate) fn check(&self) -> Result<Vec<(VariableName, String)>, BTreeMap<String, String>> {
        let (mut values, mut errors) = (Vec::new(), BTreeMap::new());
        for (field, value) in &self.values {
            let Some(name) = field.strip_prefix(FIELD) else { continue };
            match (VariableName::parse(name), value_error(value)) {
                (Ok(name), None) => values.push((name, value.clone())),
                (Err(error), _) => drop(errors.insert(field.clone(), error.to_string())),
                (Ok(_), Some(words)) => drop(errors.insert(field.clone(), words)),
            }
        }
        let (name, value) = (self.get(NEW.0), self.get(NEW.1));
        if !name.is_empty() || !value.is_empty() {
            match VariableName::parse(name) {
                Err(error) => drop(errors.insert(NEW.0.to_owned(), error.to_string())),
                Ok(_) if value.is_empty() => {
                    drop(errors.insert(NEW.1.to_owned(), "Enter its value.".to_owned()))
                }
                Ok(name) => match value_error(value) {
                    Some(words) => drop(errors.insert(NEW.1.to_owned(), words)),
                    None => values.push((name, value.to_owned())),
                },
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }
}

/// A variable of a workshop, and which templates name it.
struct Known {
    name: VariableName,
    value: String,
    used_by: Vec<String>,
}

/// The variables of a workshop, and those that templates of the organisation name.
async fn known(member: &Member, workshop: &Workshop) -> Result<Vec<Known>, StoreError> {
    let mut used: BTreeMap<VariableName, BTreeSet<String>> = BTreeMap::new();
    for channel in Channel::ALL.iter().copied() {
        for template in member.org.templates(channel).await? {
            let Ok(message) = Message::from_json(channel, &template.body) else { continue };
            for name in message.variables() {
                used.entry(name).or_default().insert(template.name.clone());
            }
        }
    }
    for name in workshop.variables.keys() {
        used.entry(name.clone()).or_default();
    }
    let one = |(name, used_by): (VariableName, BTreeSet<String>)| Known {
        value: workshop.variables.get(&name).cloned().unwrap_or_default(),
        used_by: used_by.into_iter().collect(),
        name,
    };
    Ok(used.into_iter().map(one).collect())
}

/// The rows of the card of a workshop: what was entered, and what a template would ask for.
pub(super) async fn rows(
    member: &Member,
    workshop: &Workshop,
) -> Result<Vec<(String, Markup, Option<String>)>, StoreError> {
    let row = |known: Known| {
        let value = match known.value.as_str() {
            "" => html! { span class="m-soft" { "Not entered" } },
            value => html! { span class="m-cut m-block" title=(value) { (value) } },
        };
        let used = (!known.used_by.is_empty()).then(|| format!("in {}", known.used_by.join(", ")));
        (known.name.to_string(), value, used)
    };
    Ok(known(member, workshop).await?.into_iter().map(row).collect())
}

/// The id of the card that asks for values.
pub(crate) const ASKED: &str = "values-missing";

/// A card that asks for values that a message needs and that nobody entered; the page at `back` follows.
pub(crate) fn ask(member: &Member, workshop: &Workshop, missing: &[VariableName], back: &str) -> Markup {
    let title = if missing.len() == 1 { "This message needs a value" } else { "This message needs values" };
    card(member, workshop, (title, missing), &asking(missing), back)
}

/// The same for the steps of a plan: below each field stands what its value is and which steps need it.
pub(crate) fn ask_for_steps(
    member: &Member,
    workshop: &Workshop,
    missing: &[(VariableName, String)],
    back: &str,
) -> Markup {
    let names: Vec<VariableName> = missing.iter().map(|(name, _)| name.clone()).collect();
    let title = if names.len() == 1 { "The plan needs a value" } else { "The plan needs values" };
    let fields = html! { @for (name, help) in missing { (missing_field(name).help(help)) } };
    card(member, workshop, (title, &names), &fields, back)
}

fn card(
    member: &Member,
    workshop: &Workshop,
    (title, missing): (&str, &[VariableName]),
    fields: &Markup,
    back: &str,
) -> Markup {
    let one = missing.len() == 1;
    html! {
        (Card::new(ASKED, title, html! {
            @if member.may(Permission::Manage) {
                form class="m-stack" method="post" action=(page_href(workshop.id)) {
                    (member.csrf())
                    input type="hidden" name="back" value=(back);
                    p class="m-p" { "Enter " @if one { "it" } @else { "them" } " for " strong { (workshop.title) } ". Every message of this workshop that names " @if one { "it" } @else { "them" } " gets it." }
                    (fields)
                    div class="m-acts" { (Button::primary(if one { "Save value" } else { "Save values" })) }
                }
            } @else {
                p class="m-p" { "Ask somebody whose role allows it to enter " (missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) " for this workshop." }
            }
        }).padded())
    }
}

/// A field for each value that is missing.
pub(crate) fn asking(missing: &[VariableName]) -> Markup {
    html! {
        @for name in missing { (missing_field(name)) }
    }
}

fn missing_field(name: &VariableName) -> Field {
    Field::text(format!("{FIELD}{}", name.as_str()), name.to_string()).placeholder("https://").at_most(500)
}

/// `GET /workshops/{workshop}/variables`
pub async fn show(member: Member, Path(id): Path<WorkshopId>, Query(query): Query<Back>) -> PageResult {
    let workshop = open(&member, id).await?;
    let typed = Typed { back: query.back, ..Typed::default() };
    Ok(page(&member, &workshop, &typed, &BTreeMap::new()).await?.into_response())
}

/// `POST /workshops/{workshop}/variables`
pub async fn save(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let workshop = open(&member, id).await?;
    let typed = Typed::read(&pairs);
    let errors = match typed.check() {
        Ok(values) => match member.org.set_variables(id, &values, member.now).await {
            Ok(()) => {
                app.engine.wake_plans();
                return Ok(saved(&app, id, &typed.back));
            }
            Err(StoreError::Taken) => {
                let words =
                    format!("A workshop has {VARIABLES_MAX} values at most. Empty one that is not needed.");
                BTreeMap::from([(NEW.0.to_owned(), words)])
            }
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    Ok(unprocessable(page(&member, &workshop, &typed, &errors).await?))
}

fn saved(app: &App, id: WorkshopId, back: &str) -> Response {
    let to = match safe_next(Some(back)) {
        "/" => format!("{}?tab=set-up", href(id)),
        back => back.to_owned(),
    };
    see_other_saying(app, &to, "Values saved.")
}

async fn page(
    member: &Member,
    workshop: &Workshop,
    typed: &Typed,
    errors: &BTreeMap<String, String>,
) -> Result<Markup, StoreError> {
    let error = |field: &str| errors.get(field).cloned();
    let field = |known: &Known| {
        let name = format!("{FIELD}{}", known.name.as_str());
        let value = typed.values.get(&name).unwrap_or(&known.value).clone();
        let help = match known.used_by.is_empty() {
            true => "No template names it. Empty takes it away.".to_owned(),
            false => format!("In {}.", known.used_by.join(", ")),
        };
        Field::text(&name, known.name.to_string()).value(value).help(help).at_most(500).error(error(&name))
    };
    let known = known(member, workshop).await?;
    let body = html! {
        (Head::new("Values of this workshop"))
        (Card::new("values", "Values that messages name", html! {
            form class="m-stack" method="post" action=(page_href(workshop.id)) {
                (member.csrf())
                input type="hidden" name="back" value=(typed.back);
                p class="m-p" { "A message that names a value which is not entered is not sent. Messages that are written already keep theirs." }
                @for one in &known { (field(one)) }
                div class="m-two" {
                    (Field::text(NEW.0, "Another value").value(typed.get(NEW.0)).placeholder("recording_link").help("Its name; messages write {recording_link}.").at_most(40).error(error(NEW.0)))
                    (Field::text(NEW.1, "What it says").value(typed.get(NEW.1)).at_most(500).error(error(NEW.1)))
                }
                div class="m-acts" {
                    (Button::link("Back", href(workshop.id)))
                    (Button::primary("Save values").icon(Icon::Ok))
                }
            }
        }).padded())
    };
    let mut page = member.page(Section::Workshops, "Values", body);
    page.crumbs = crumbs(Some(workshop), "Values");
    Ok(page.render())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Typed::read(&pairs)
    }

    #[test]
    fn every_wrong_field_is_named_and_nothing_is_saved() {
        let errors = typed(&[("value-of-zoom_link", "{x}"), ("value-of-name", "x"), ("new-name", "क")])
            .check()
            .unwrap_err();
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["new-name", "value-of-name", "value-of-zoom_link"]);
        let lonely = typed(&[("new-value", "https://a.example")]).check().unwrap_err();
        assert_eq!(lonely.keys().collect::<Vec<_>>(), ["new-name"]);
    }

    #[test]
    fn an_empty_value_takes_its_variable_away_and_no_new_name_adds_none() {
        let values =
            typed(&[("value-of-zoom_link", " "), ("new-name", ""), ("new-value", ""), ("csrf", "x")]).check();
        assert_eq!(values.unwrap(), [(VariableName::parse("zoom_link").unwrap(), String::new())]);
    }
}
