//! What would be said: values, links, length, and what the provider says about it.

use super::{Among, CheckInput, Finding, Probe};
use crate::{
    audience::Tally,
    call::{self, CallScript},
    sms::{SmsTemplate, Tag, has_adjacent_places, link_in, near_misses},
    template::{Message, Source},
    whatsapp::WhatsappTemplate,
};

pub(super) fn check(what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    join_link(what, all);
    match what.rules.message() {
        Message::Whatsapp(template) => whatsapp(template, what.probe, all),
        Message::Sms(template) => sms(template, what.probe, what.tally, all),
        // Findings about posts are made where posts are reviewed.
        Message::Group(_) => {}
        Message::Call(script) => call(script, what, all),
    }
}

fn join_link(what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    let link = what.rules.event().workshop_join_link.as_str();
    let uses_link = what.rules.message().sources().any(|source| *source == Source::WorkshopJoinLink);
    if uses_link && link.trim().is_empty() {
        all.push(Finding::NoJoinLink);
    } else if uses_link && !link.starts_with("https://") && !link.starts_with("http://") {
        all.push(Finding::JoinLinkNoAddress);
    }
    // A missing join link is told above, and so are missing values of the workshop.
    let mut linked = what.rules.event().clone();
    linked.workshop_join_link = "https://example.in".into();
    let names = what.rules.message().missing_variables(&linked.variables);
    linked.variables.extend(names.iter().map(|name| (name.clone(), "https://example.in".to_owned())));
    if !names.is_empty() {
        all.push(Finding::VariablesMissing { names });
    }
    let rules = crate::audience::Rules::new(what.rules.message().clone(), linked);
    if let Some(error) = rules.fails_for_all() {
        all.push(Finding::ValueForNobody { error });
    }
}

fn whatsapp(template: &WhatsappTemplate, probe: Option<&Probe>, all: &mut Vec<Finding>) {
    let (placeholders, mapped) = (template.placeholders(), template.parameters.len());
    if placeholders > mapped {
        all.push(Finding::ValueWithoutSource { placeholders, mapped });
    }
    match probe {
        None => {}
        Some(Probe::Refused(words)) => all.push(Finding::CampaignRefused { words: words.clone() }),
        Some(Probe::KeyRefused(words)) => all.push(Finding::AccountRefused { words: words.clone() }),
        Some(Probe::Silent(words)) => all.push(Finding::ProviderSilent { words: words.clone() }),
        Some(Probe::Answered { live, parameters, media }) => {
            all.push(if *live { Finding::CampaignLive } else { Finding::CampaignNotLive });
            all.push(match parameters.filter(|wanted| *wanted != mapped) {
                Some(wanted) => Finding::ValuesDiffer { wanted, mapped, registered: false },
                None => Finding::ValuesFit,
            });
            if *media == Some(true) && template.media.is_none() {
                all.push(Finding::MediaMissing);
            }
        }
    }
}

fn call(script: &CallScript, what: &CheckInput<'_>, all: &mut Vec<Finding>) {
    let found = call::examine(script, what.abilities);
    if found.is_empty() {
        all.push(Finding::ScriptComplete);
    }
    all.extend(found.into_iter().map(Finding::Script));
    match what.probe {
        None => {}
        Some(Probe::Refused(words) | Probe::KeyRefused(words)) => {
            all.push(Finding::AccountRefused { words: words.clone() });
        }
        Some(Probe::Silent(words)) => all.push(Finding::ProviderSilent { words: words.clone() }),
        Some(Probe::Answered { .. }) => all.push(Finding::ProviderAnswers),
    }
}

fn sms(template: &SmsTemplate, probe: Option<&Probe>, tally: Option<&Tally>, all: &mut Vec<Finding>) {
    let problems = template.problems();
    if problems.is_empty() {
        all.push(Finding::TemplateComplete);
    }
    all.extend(problems.into_iter().map(Finding::TemplateProblem));
    match probe {
        None => {}
        Some(Probe::Refused(words) | Probe::KeyRefused(words)) => {
            all.push(Finding::AccountRefused { words: words.clone() });
        }
        Some(Probe::Silent(words)) => all.push(Finding::ProviderSilent { words: words.clone() }),
        Some(Probe::Answered { parameters, .. }) => {
            let mapped = template.variables.len();
            all.push(match parameters.filter(|wanted| *wanted != mapped) {
                Some(wanted) => Finding::ValuesDiffer { wanted, mapped, registered: true },
                None => Finding::ProviderAnswers,
            });
        }
    }
    if template.tags().contains(&Tag::Url) || link_in(&template.text).is_some() {
        all.push(Finding::CarriesLink);
    }
    let spellings = near_misses(&template.text);
    if !spellings.is_empty() {
        all.push(Finding::NearMisses { spellings });
    }
    if has_adjacent_places(&template.text) {
        all.push(Finding::AdjacentPlaces);
    }
    let Some(tally) = tally else { return };
    let among = if tally.whole { Among::All } else { Among::First(tally.looked_at) };
    for doubt in &tally.doubts {
        all.push(Finding::ValueWarning { label: doubt.label.clone(), about: doubt.about, n: doubt.n, among });
    }
    if let Some(because) = tally.because {
        let everybody = tally.whole && tally.unicode == tally.recipients;
        all.push(Finding::Unicode { because, n: tally.unicode, everybody, among });
    }
    all.push(Finding::Segments { least: tally.least, most: tally.most, among });
}
