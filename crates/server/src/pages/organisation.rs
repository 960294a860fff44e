//! An organisation's settings, switching between organisations, and new ones.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::OrganizationId, phone::Country, quiet_hours::QuietHours, role::Permission, text::line, time::Zone,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{NewOrganization, Organization, StoreError};

use super::{
    erase::{self, RetentionForm},
    settings_page, unprocessable,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Person},
        notice::{see_other, see_other_saying},
    },
    pages::{length_error, login::door, workshop::plan},
    ui::{
        button::{Button, Size},
        chip::Tone,
        field::Field,
        format::counted,
        head::{Card, Head},
        note::Note,
    },
};

/// Longest name of an organisation: it must fit the sidebar.
const NAME_CHARS_MAX: usize = 80;

/// What the form of an organisation sends; also part of the set-up form.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct OrganisationForm {
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    quiet_from: String,
    #[serde(default)]
    quiet_to: String,
}

/// What is wrong with such a form, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganisationErrors {
    name: Option<String>,
    zone: Option<String>,
    country: Option<String>,
    quiet: Option<String>,
}

impl OrganisationForm {
    /// An empty form with the defaults: India, quiet from 22:00 to 8:00.
    pub fn blank() -> OrganisationForm {
        let quiet = QuietHours::default();
        OrganisationForm {
            organisation: String::new(),
            zone: Zone::india().name().to_owned(),
            country: Country::INDIA.letters().to_owned(),
            quiet_from: clock_text(quiet.from_minute),
            quiet_to: clock_text(quiet.to_minute),
        }
    }

    fn of(organization: &Organization) -> OrganisationForm {
        OrganisationForm {
            organisation: organization.name.clone(),
            zone: organization.zone.name().to_owned(),
            country: organization.country.letters().to_owned(),
            quiet_from: clock_text(organization.quiet_hours.from_minute),
            quiet_to: clock_text(organization.quiet_hours.to_minute),
        }
    }

    /// All that is wrong at once, or the settings.
    pub fn check(&self) -> Result<NewOrganization, OrganisationErrors> {
        let name = line(&self.organisation);
        let name_error = length_error(&name, NAME_CHARS_MAX, "An organisation needs a name.");
        let zone = Zone::parse(self.zone.trim());
        let country = Country::from_text(&self.country);
        let quiet = minute(&self.quiet_from).zip(minute(&self.quiet_to));
        match (name_error, zone, country, quiet) {
            (None, Ok(zone), Some(country), Some((from_minute, to_minute))) => Ok(NewOrganization {
                name,
                zone,
                country,
                quiet_hours: QuietHours { from_minute, to_minute },
            }),
            (name, zone, country, quiet) => Err(OrganisationErrors {
                name,
                zone: zone.err().map(|error| format!("{error}.")),
                country: country.is_none().then(|| {
                    "No country is called that. Type its name, or two letters such as IN or AE.".to_owned()
                }),
                quiet: quiet.is_none().then(|| "Two times such as 22:00 and 08:00.".to_owned()),
            }),
        }
    }

    /// The labelled fields.
    pub fn fields(&self, errors: &OrganisationErrors, disabled: bool) -> Markup {
        html! {
            (Field::text("organisation", "Organisation").value(&self.organisation).autocomplete("organization").error(errors.name.clone()).required().disabled(disabled))
            div class="m-two" {
                (Field { suggestions: zones(), ..Field::text("zone", "Time zone") }.value(&self.zone).help("All times are shown and typed in it.").error(errors.zone.clone()).required().disabled(disabled))
                (Field { suggestions: countries(), ..Field::text("country", "Country") }.value(&self.country).help("Country of numbers without a code: its name, or two letters.").error(errors.country.clone()).required().disabled(disabled))
            }
            div class="m-two" {
                (Field::input("time", "quiet_from", "Quiet from").value(&self.quiet_from).error(errors.quiet.clone()).required().disabled(disabled))
                (Field::input("time", "quiet_to", "Quiet until").value(&self.quiet_to).help("The same time twice means no quiet hours.").required().disabled(disabled))
            }
        }
    }
}

/// Every time zone.
fn zones() -> Vec<(String, String)> {
    Zone::names().map(|name| (name, String::new())).collect()
}

/// Every country, by its letters and its name.
fn countries() -> Vec<(String, String)> {
    Country::named().map(|(letters, name)| (letters.to_owned(), name)).collect()
}

/// `22:00` for a minute of the day.
pub(crate) fn clock_text(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The minute of the day of `22:00` or `22:00:00`.
pub(crate) fn minute(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(':');
    let (hour, minute): (i64, i64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

/// `GET /settings`: the first of its pages.
pub async fn settings() -> Response {
    see_other("/settings/integrations")
}

/// `GET /settings/organisation`
pub async fn show(member: Member) -> PageResult {
    let form = OrganisationForm::of(&member.organization);
    let retention = member.org.retention().await?;
    let kept = html! {
        (plans_of_another_zone(&member).await?)
        (erase::card(&member, &retention, None, None))
    };
    Ok(page(&member, &form, &OrganisationErrors::default(), &kept).into_response())
}

/// The page with what was typed as retention, and what is wrong with it.
pub(super) async fn page_with(
    member: &Member,
    retention_form: &RetentionForm,
    error: Option<String>,
) -> Result<Markup, Problem> {
    let retention = member.org.retention().await?;
    let kept = erase::card(member, &retention, Some(retention_form), error);
    Ok(page(member, &OrganisationForm::of(&member.organization), &OrganisationErrors::default(), &kept))
}

/// `POST /settings/organisation`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Form(form): Form<OrganisationForm>,
) -> PageResult {
    match form.check() {
        Ok(settings) => {
            member.org.update_organization(&settings, member.now).await?;
            let behind = member.org.plans_behind(None, member.now).await?;
            let n = behind.iter().filter(|plan| plan.other_zone).count();
            if settings.zone.name() == member.organization.zone.name() || n == 0 {
                return Ok(see_other_saying(&app, "/settings/organisation", "Settings saved."));
            }
            let words = format!(
                "Settings saved. {} on the old time zone until you confirm the change here.",
                counted(n, "running plan stays", "running plans stay")
            );
            Ok(see_other_saying(&app, plan::REVIEW, &words))
        }
        Err(errors) => {
            let kept = erase::card(&member, &member.org.retention().await?, None, None);
            Ok(unprocessable(page(&member, &form, &errors, &kept)))
        }
    }
}

/// Running plans whose clock times are read in another zone; nothing where all follow this one.
async fn plans_of_another_zone(member: &Member) -> Result<Markup, StoreError> {
    let behind = member.org.plans_behind(None, member.now).await?;
    let n = behind.iter().filter(|plan| plan.other_zone).count();
    Ok(html! { @if n > 0 {
        (Note::new(Tone::Act, format!("{} another time zone.", counted(n, "running plan keeps", "running plans keep")), "The clock times of its steps are read in the zone that was set when it was run or reviewed last."))
        @if member.may(Permission::Send) { p class="m-p" { a class="m-link" href=(plan::REVIEW) { "Review what would change" } } }
    } })
}

fn page(member: &Member, form: &OrganisationForm, errors: &OrganisationErrors, kept: &impl Render) -> Markup {
    let may = member.may(Permission::Manage);
    let body = html! {
        (Head::new("Organisation"))
        (Card::new("organisation-settings", "Settings", html! {
            form class="m-door__fields" method="post" action="/settings/organisation" {
                (member.csrf())
                (form.fields(errors, !may))
                @if may { (Button::primary("Save settings").busy("Saving…")) }
                @else { p class="m-hint" { "Admins and managers can change these settings." } }
            }
        }).padded())
        (kept)
        @if member.user.super_admin {
            (Card::new("more", "More organisations", html! {
                p class="m-p" { "Each organisation has its own people, workshops, accounts and team. Nothing passes between them." }
                (Button::link("New organisation", "/organisations/new"))
            }).padded())
        }
    };
    settings_page(member, "Organisation", "/settings/organisation", body).render()
}

/// What the switch in the sidebar sends.
#[derive(Deserialize)]
pub struct Switch {
    organisation: String,
}

/// `POST /organisation`
pub async fn switch(State(app): State<App>, person: Person, Form(form): Form<Switch>) -> PageResult {
    let organisation: OrganizationId = form.organisation.parse().map_err(|_| Problem::not_found())?;
    app.store.access().switch_organization(&person.signed_in, organisation).await?;
    Ok(see_other("/"))
}

/// `GET /organisations/new`
pub async fn new(person: Person) -> Markup {
    new_page(&person, &OrganisationForm::blank(), &OrganisationErrors::default())
}

/// `POST /organisations/new`: creates it and goes there.
pub async fn create(
    State(app): State<App>,
    person: Person,
    Form(form): Form<OrganisationForm>,
) -> PageResult {
    let settings = match form.check() {
        Ok(settings) => settings,
        Err(errors) => return Ok(unprocessable(new_page(&person, &form, &errors))),
    };
    let access = app.store.access();
    let id = access.create_organization(&settings, &person.signed_in.user, app.clock.now()).await?;
    access.switch_organization(&person.signed_in, id).await?;
    let words = format!("{} is ready. Invite its people next.", settings.name);
    Ok(see_other_saying(&app, "/settings/organisation", &words).into_response())
}

fn new_page(person: &Person, form: &OrganisationForm, errors: &OrganisationErrors) -> Markup {
    let markup = html! {
        form class="m-door__fields" method="post" action="/organisations/new" {
            (person.visitor.csrf)
            (form.fields(errors, false))
            (Button { wide: true, size: Size::Large, ..Button::primary("Create organisation") })
        }
    };
    let mut door = door(&person.visitor, "New organisation", "You will be its first admin.", markup);
    door.wide = true;
    door.hint = Some(html! { a class="m-link" href="/settings/organisation" { "Back to settings" } });
    door.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = OrganisationForm {
            organisation: " ".into(),
            zone: "Asia/Nowhere".into(),
            country: "XX".into(),
            quiet_from: "25:00".into(),
            quiet_to: "08:00".into(),
        };
        let errors = form.check().unwrap_err();
        assert!(
            errors.name.is_some()
                && errors.zone.is_some()
                && errors.country.is_some()
                && errors.quiet.is_some()
        );
        let mut good = OrganisationForm::blank();
        good.organisation = "  Udaan   Academy ".into();
        let settings = good.check().unwrap();
        assert_eq!(settings.name, "Udaan Academy");
        assert_eq!(settings.quiet_hours, QuietHours::default());
    }
}
