//! Asks the provider about the campaign of a template, and compares.

use domain::{checks::Probe, ids::IntegrationId, whatsapp::WhatsappTemplate};
use maud::html;
use providers::Wire;
use store::integrations::Integration;

use super::{
    super::{
        account::{vendor_name, vendor_names},
        values::Errors,
    },
    CHANNEL,
    form::TemplateForm,
    page::Around,
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

/// Asks about the campaign that was typed, through the chosen account.
pub(super) async fn ask(
    app: &App,
    form: &TemplateForm,
    accounts: &[Integration],
    errors: &mut Errors,
) -> Note {
    if form.campaign.is_empty() {
        errors.insert("campaign".into(), "Type the campaign’s name first.".into());
        return Note::new(Tone::Act, "Nothing was asked.", "The campaign has no name yet.");
    }
    let chosen = form.account.parse::<IntegrationId>().ok();
    let account = accounts.iter().find(|one| Some(one.id) == chosen).or(accounts.first());
    let Some(account) = account else {
        let note = Note::new(
            Tone::Act,
            "Nothing was asked.",
            format!("No account of {} is connected.", vendor_names(CHANNEL)),
        );
        return note.action(Link::new("Integrations", "/settings/integrations"));
    };
    let opened = match app.accounts.open_integration(account) {
        Ok(account) => account,
        Err(words) => return Note::new(Tone::Fail, "Nothing was asked.", words),
    };
    let (template, vendor) = (form.draft(), vendor_name(account));
    let wire: Wire = template.clone().into();
    compared(opened.probe(&app.out, &wire).await, &template, vendor, &account.name)
}

/// What the provider's answer means for this template.
fn compared(probe: Probe, template: &WhatsappTemplate, vendor: &str, account: &str) -> Note {
    let campaign = &template.campaign;
    match probe {
        Probe::Refused(words) => Note::new(
            Tone::Fail,
            format!("{vendor} refused."),
            format!(
                "“{words}”, asked about “{campaign}” through {account}. The name must be the campaign’s, not the template’s."
            ),
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
            let mapped = template.parameters.len();
            if let Some(wanted) = parameters.filter(|wanted| *wanted != mapped) {
                let text = format!(
                    "{vendor} wants {wanted}, this template has {mapped}. Every message would be refused."
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

pub(super) fn check_card(form: &TemplateForm, around: &Around) -> Card {
    let choices: Vec<Choice> = around
        .accounts
        .iter()
        .map(|account| Choice::new(account.id.to_string(), &account.name, &form.account))
        .collect();
    let body = html! {
        div class="m-stack" {
            p class="m-p" { "Is the campaign live, how many values does it want, does it want media? It sends nothing and costs nothing." }
            @if choices.len() > 1 { (Field::select("account", "Through", choices)) }
            @if around.accounts.is_empty() { p class="m-hint" { "Connect an account of " (vendor_names(CHANNEL)) " first. " (Link::new("Integrations", "/settings/integrations")) } }
            @else { div class="m-acts" { (Button::new(format!("Check with {}", vendor_names(CHANNEL))).icon(Icon::Test).submit("do", "check").unchecked().busy("Asking…")) } }
        }
    };
    Card::new("check", "Check", body).padded()
}
