//! What only an SMS is checked for: ids, places and kinds of values, links, and what the provider says.

use domain::{
    checks::{Check, People, Probe, Severity},
    message::SkipReason,
    sms::{SmsTemplate, Tag},
};

use super::{
    checks::own,
    scan::{Refused, Scan},
};
use crate::ui::format::{counted, grouped};

/// Errors first.
pub(super) fn all(
    provider: &str,
    template: &SmsTemplate,
    scan: &Scan,
    probe: Option<&Probe>,
    left_out: i64,
) -> Vec<Check> {
    let mut all: Vec<Check> = template
        .problems()
        .iter()
        .map(|problem| {
            let why = "Edit the template under Settings, Templates.".to_owned();
            own(Severity::Error, &problem.to_string(), why)
        })
        .collect();
    if all.is_empty() {
        all.push(own(Severity::Passed, "The template has everything that its route needs", String::new()));
    }
    asked(provider, template, probe, &mut all);
    for refused in &scan.refused {
        let n = refused.n;
        let why = if scan.whole {
            "They are left out and listed. Choose another source, a shorter text, or a fallback.".to_owned()
        } else {
            "Counted among the first people; the rest is looked at when you review.".to_owned()
        };
        let people = (left_out > 0).then_some((People::Skipped(SkipReason::BadValue), n));
        let title = format!("{n}: {}", refused.words);
        all.push(Check {
            severity: Severity::Warning,
            title,
            why: format!("{}{why}", named(refused)),
            people,
        });
    }
    if scan.out_of_reach > 0 {
        let outside = match scan.out_of_reach {
            1 => "1 number is outside India".to_owned(),
            n => format!("{} numbers are outside India", grouped(n)),
        };
        let title = format!("{outside}{}", among(scan));
        let why =
            format!("{provider} reaches Indian mobiles only. They are left out; write to them on WhatsApp.");
        all.push(own(Severity::Warning, &title, why));
    }
    for (words, n) in &scan.doubts {
        let why = format!(
            "For {}{}. It is sent all the same; the operator may refuse it, as it does links that are not on the list of your business.",
            counted(*n, "person", "people"),
            among(scan)
        );
        all.push(own(Severity::Warning, words, why));
    }
    if let Some(because) = scan.because {
        let title = if scan.unicode == scan.reached && scan.whole {
            "The text is Unicode".to_owned()
        } else {
            format!("Unicode for {}{}", counted(scan.unicode, "person", "people"), among(scan))
        };
        let why = format!("“{because}” is outside GSM-7: 70 characters fit into one SMS instead of 160.");
        all.push(own(Severity::Warning, &title, why));
    }
    if template.tags().contains(&Tag::Url) || template.text.contains("http") {
        let why =
            "A link that is not on the list of your business is refused and may be charged all the same.";
        all.push(own(Severity::Warning, "The text carries a link", why.to_owned()));
    }
    if scan.most > 1 {
        let title = match scan.least {
            least if least == scan.most && scan.whole => format!("Each message is charged as {least} SMS"),
            least if least == scan.most => format!("Messages are charged as {least} SMS{}", among(scan)),
            least => format!("Messages are charged as {least} to {} SMS{}", scan.most, among(scan)),
        };
        all.push(own(Severity::Warning, &title, "Shorten the text or its values to save.".to_owned()));
    } else {
        let title = format!("Each message is one SMS{}", among(scan));
        all.push(own(Severity::Passed, &title, String::new()));
    }
    all
}

/// Of whom a number is, when not everybody was looked at.
fn among(scan: &Scan) -> String {
    match scan.whole {
        true => String::new(),
        false => format!(" among the first {}", grouped(scan.looked_at)),
    }
}

/// Some of the people by name, and how many more.
fn named(refused: &Refused) -> String {
    if refused.names.is_empty() {
        return String::new();
    }
    let more = refused.n - i64::try_from(refused.names.len()).unwrap_or(0);
    let others = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
    format!("{}{others}. ", refused.names.join(", "))
}

fn asked(provider: &str, template: &SmsTemplate, probe: Option<&Probe>, all: &mut Vec<Check>) {
    match probe {
        None => {}
        Some(Probe::Refused(words)) => all.push(own(
            Severity::Error,
            &format!("{provider} refuses this account"),
            format!("It says: {}. Check the key under Settings, Integrations.", words.trim_end_matches('.')),
        )),
        Some(Probe::Silent(words)) => all.push(own(
            Severity::Warning,
            &format!("{provider} could not be asked"),
            format!("{}. It is asked again before the first message.", words.trim_end_matches('.')),
        )),
        Some(Probe::Answered { parameters, .. }) => {
            let places = template.variables.len();
            match parameters.filter(|registered| *registered != places) {
                Some(registered) => all.push(own(
                    Severity::Error,
                    "The number of values differs",
                    format!(
                        "The registered text has {registered}, the template maps {places}. Edit the template."
                    ),
                )),
                None => all.push(own(Severity::Passed, &format!("{provider} answers"), String::new())),
            }
        }
    }
}
