//! Asks the provider about what a template names there, and compares.

use domain::{checks::Probe, ids::IntegrationId, template::Message};
use maud::html;
use providers::{Vendor, field::Field as VendorField};
use store::integrations::Integration;

use super::{
    account::{vendor_name, vendor_names},
    form::{Errors, Form},
    kind::{Around, Kind},
};
use crate::{
    app::App,
    ui::{
        button::{Button, Link},
        chip::Tone,
        field::{Choice, Field},
        head::Card,
        icons::Icon,
        note::Note,
    },
};

/// The field of a vendor by whose text it can be asked about a template.
pub(super) fn asked_field(vendor: Option<&'static dyn Vendor>, key: &str) -> Option<&'static VendorField> {
    vendor?.template_fields().iter().find(|field| field.key == key)
}

/// Asks about what was typed, through the chosen account.
pub(super) async fn ask(
    app: &App,
    kind: &dyn Kind,
    form: &Form,
    accounts: &[Integration],
    errors: &mut Errors,
) -> Note {
    let nothing = |words: String| Note::new(Tone::Act, "Nothing was asked.", words);
    let key = kind.words().asked_about;
    let about = form.get(key);
    if about.is_empty() {
        errors.insert(key.to_owned(), "Type the campaign’s name first.".into());
        return nothing("The campaign has no name yet.".to_owned());
    }
    let chosen = form.get("account").parse::<IntegrationId>().ok();
    let account = accounts.iter().find(|one| Some(one.id) == chosen).or(accounts.first());
    let Some(account) = account else {
        let words = format!("No account of {} is connected.", vendor_names(kind.channel()));
        return nothing(words).action(Link::new("Integrations", "/settings/integrations"));
    };
    let opened = match app.accounts.open_integration(account) {
        Ok(account) => account,
        Err(words) => return Note::new(Tone::Fail, "Nothing was asked.", words),
    };
    let message = kind.draft(form);
    compared(opened.probe(&app.out, &message).await, &message, about, vendor_name(account), &account.name)
}

/// What the provider's answer means for this template.
fn compared(probe: Probe, message: &Message, campaign: &str, vendor: &str, account: &str) -> Note {
    match probe {
        Probe::Refused(words) => Note::new(
            Tone::Fail,
            format!("{vendor} refused."),
            format!(
                "“{words}”, asked about “{campaign}” through {account}. The name must be the campaign’s, not the template’s."
            ),
        ),
        Probe::KeyRefused(words) => Note::new(
            Tone::Fail,
            format!("{vendor} refused the key."),
            format!("“{words}”, through {account}. Replace the key under Settings, Integrations."),
        ),
        Probe::Silent(words) => Note::new(
            Tone::Act,
            format!("{vendor} gave no usable answer."),
            format!("{words}. Try again in a minute."),
        ),
        Probe::Answered { live: false, .. } => Note::new(
            Tone::Act,
            "The campaign is not live.",
            format!("“{campaign}” exists. Set it live in {vendor} before anything is sent."),
        ),
        Probe::Answered { live: true, parameters, media } => {
            let mapped = message.places().len();
            if let Some(wanted) = parameters.filter(|wanted| *wanted != mapped) {
                let text = format!(
                    "{vendor} wants {wanted}, this template has {mapped}. Every message would be refused."
                );
                return Note::new(Tone::Fail, "The number of values differs.", text);
            }
            if media == Some(true) && !message.has_media() {
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

pub(super) fn check_card(kind: &dyn Kind, form: &Form, around: &Around) -> Card {
    let current = form.get("account");
    let choices: Vec<Choice> =
        around.accounts.iter().map(|one| Choice::new(one.id.to_string(), &one.name, current)).collect();
    let vendors = vendor_names(kind.channel());
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Is the campaign live, how many values does it want, does it want media? It sends nothing and costs nothing." }
            @if choices.len() > 1 { (Field::select("account", "Through", choices)) }
            @if around.accounts.is_empty() { p class="m-hint" { "Connect an account of " (vendors) " first. " (Link::new("Integrations", "/settings/integrations")) } }
            @else { div class="m-acts" { (Button::new(format!("Check with {vendors}")).icon(Icon::Test).submit("do", "check").unchecked().busy("Asking…")) } }
        }
    };
    Card::new("check", "Check", body).padded()
}
