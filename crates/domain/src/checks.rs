//! Checks before sending: errors block, warnings explain, each names its people.

use crate::{
    message::SkipReason,
    money::Money,
    time::{HOUR, Millis},
};

/// The people of an audience, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudienceSummary {
    /// Registrations in the audience.
    pub total: i64,
    /// Will get it.
    pub reachable: i64,
    /// No number.
    pub missing_phone: i64,
    /// A number that cannot be reached.
    pub invalid: i64,
    /// Same number as an earlier registration.
    pub duplicate: i64,
    /// Opted out.
    pub suppressed: i64,
    /// Did not agree to promotion; 0 for every other category.
    pub no_consent: i64,
    /// An empty or refused value.
    pub bad_value: i64,
    /// With an e-mail address.
    pub with_email: i64,
    /// Reachable without a name: they read the fallback.
    pub without_name: i64,
}

impl AudienceSummary {
    /// Takes people out who turned out to be beyond the channel's reach, or whose value would be refused.
    pub fn out_of(&mut self, out_of_reach: i64, refused: i64) {
        let out_of_reach = out_of_reach.min(self.reachable);
        self.invalid += out_of_reach;
        self.reachable -= out_of_reach;
        self.bad_value = refused.min(self.reachable);
        self.reachable -= self.bad_value;
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Blocks.
    Error,
    /// Explains.
    Warning,
    /// Looked at, and well.
    Passed,
}

/// Which people a finding is about, for a link to their list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// Left out for that reason.
    Skipped(SkipReason),
    /// Without a name.
    WithoutName,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How grave.
    pub severity: Severity,
    /// What was found.
    pub title: String,
    /// Why it matters and what to do.
    pub why: String,
    /// Whom it is about.
    pub people: Option<(People, i64)>,
}

/// What the provider said about the campaign when it was asked just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It could be asked.
    Answered {
        /// The campaign is live.
        live: bool,
        /// Values that it wants; `None` when it does not say.
        parameters: Option<usize>,
        /// It was made with header media.
        media: Option<bool>,
    },
    /// The provider refused the question; its words.
    Refused(String),
    /// The provider could not be reached.
    Silent(String),
}

/// Everything that the checks look at.
#[derive(Clone, Debug)]
pub struct Findings<'a> {
    /// The people.
    pub audience: AudienceSummary,
    /// Values that the template maps.
    pub parameters: usize,
    /// `{{n}}` in its text.
    pub placeholders: usize,
    /// The template brings header media.
    pub has_media: bool,
    /// The template uses the join link.
    pub uses_link: bool,
    /// A value is the registrant's name.
    pub uses_name: bool,
    /// The workshop's join link.
    pub join_link: &'a str,
    /// Name of the provider.
    pub provider: &'a str,
    /// What the provider said.
    pub probe: Option<Probe>,
    /// When it would start.
    pub start: Millis,
    /// When the last one would be handed over.
    pub done_at: Millis,
    /// Nothing goes out after this.
    pub deadline: Millis,
    /// The workshop's start.
    pub workshop_starts: Millis,
    /// The workshop was cancelled or is over.
    pub workshop_over: bool,
    /// Start or end lies in the quiet hours.
    pub in_quiet_hours: bool,
    /// Estimated cost.
    pub cost: Money,
    /// The wallet, where it can be read.
    pub balance: Option<Money>,
    /// People that the tier allows in 24 hours, where it can be read; unlimited is `i64::MAX`.
    pub tier_left: Option<i64>,
    /// Now.
    pub now: Millis,
}

/// All findings, errors first, then warnings, then what passed.
pub fn checks(f: &Findings<'_>) -> Vec<Check> {
    let mut all = Vec::new();
    people(f, &mut all);
    content(f, &mut all);
    timing(f, &mut all);
    account(f, &mut all);
    all.sort_by_key(|check| check.severity);
    all
}

/// Whether nothing blocks.
pub fn may_send(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.severity != Severity::Error)
}

fn say(all: &mut Vec<Check>, severity: Severity, title: impl Into<String>, why: impl Into<String>) {
    all.push(Check { severity, title: title.into(), why: why.into(), people: None });
}

fn people(f: &Findings<'_>, all: &mut Vec<Check>) {
    let a = &f.audience;
    if a.reachable == 0 {
        let why = if a.no_consent > 0 {
            "Nobody here who could get it has agreed to promotion. Record who agreed, or choose a template about the workshop itself."
        } else if a.total > 0 {
            "None of these people has a number that may be written to. The numbers above say why; correct them, or choose another workshop."
        } else {
            "Import registrants with phone numbers, or choose another workshop."
        };
        say(all, Severity::Error, "Nobody would get it", why);
    } else {
        say(all, Severity::Passed, "Somebody gets it", "At least one person can be reached.");
    }
    let left_out = [
        (
            SkipReason::BadValue,
            a.bad_value,
            ["would read an empty value"; 2],
            "They are left out. Give the value a fallback to include them.",
        ),
        (
            SkipReason::InvalidPhone,
            a.invalid,
            ["number cannot be reached", "numbers cannot be reached"],
            "They are left out. Correct the numbers to include them.",
        ),
        (
            SkipReason::NoPhone,
            a.missing_phone,
            ["has no phone number", "have no phone number"],
            "They are left out and listed.",
        ),
        (
            SkipReason::Duplicate,
            a.duplicate,
            ["shares a number with somebody else", "share a number with somebody else"],
            "One number gets one message; the first registration is kept.",
        ),
        (SkipReason::Suppressed, a.suppressed, ["opted out"; 2], "They are left out and listed."),
    ];
    for (reason, n, [one, many], why) in left_out {
        if n > 0 {
            all.push(Check {
                severity: Severity::Warning,
                title: format!("{n} {}", if n == 1 { one } else { many }),
                why: why.into(),
                people: Some((People::Skipped(reason), n)),
            });
        } else {
            say(all, Severity::Passed, format!("{}: none", reason.title()), "");
        }
    }
    if a.no_consent > 0 {
        all.push(Check {
            severity: Severity::Warning,
            title: match a.no_consent {
                1 => "1 has not agreed to promotion".to_owned(),
                n => format!("{n} have not agreed to promotion"),
            },
            why: "They are left out. Record where and how they agreed, or import it, to include them.".into(),
            people: Some((People::Skipped(SkipReason::NoConsent), a.no_consent)),
        });
    }
    if f.uses_name && a.without_name > 0 {
        all.push(Check {
            severity: Severity::Warning,
            title: match a.without_name {
                1 => "1 name is missing".to_owned(),
                n => format!("{n} names are missing"),
            },
            why: "They read the fallback that you set.".into(),
            people: Some((People::WithoutName, a.without_name)),
        });
    }
}

fn content(f: &Findings<'_>, all: &mut Vec<Check>) {
    if f.placeholders > f.parameters {
        let why = format!(
            "The text has {} placeholders, the template maps {}. Edit the template.",
            f.placeholders, f.parameters
        );
        say(all, Severity::Error, "A value has no source", why);
    }
    if f.uses_link && f.join_link.trim().is_empty() {
        say(
            all,
            Severity::Error,
            "The workshop has no join link",
            "The template needs it. Enter it on the workshop.",
        );
    } else if f.uses_link && !f.join_link.starts_with("https://") && !f.join_link.starts_with("http://") {
        say(
            all,
            Severity::Error,
            "The join link is no web address",
            "It has to begin with https://. Correct it on the workshop.",
        );
    }
    match &f.probe {
        None => {}
        Some(Probe::Refused(text)) => {
            say(
                all,
                Severity::Error,
                format!("{} refuses this campaign", f.provider),
                format!("It says: {text}. Check the campaign name and the key."),
            );
        }
        Some(Probe::Silent(text)) => {
            say(
                all,
                Severity::Warning,
                format!("{} could not be asked", f.provider),
                format!("{text}. It is asked again before the first message."),
            );
        }
        Some(Probe::Answered { live, parameters, media }) => {
            if *live {
                say(all, Severity::Passed, "The campaign is live", "");
            } else {
                say(
                    all,
                    Severity::Error,
                    "The campaign is not live",
                    format!("Set it live in {}, then check again.", f.provider),
                );
            }
            if let Some(wanted) = parameters.filter(|wanted| *wanted != f.parameters) {
                let why = format!(
                    "{} wants {wanted}, the template maps {}. Edit the template.",
                    f.provider, f.parameters
                );
                say(all, Severity::Error, "The number of values differs", why);
            } else {
                say(all, Severity::Passed, "The number of values fits", "");
            }
            if *media == Some(true) && !f.has_media {
                say(
                    all,
                    Severity::Error,
                    "The campaign wants media",
                    "Give the template the address of a picture, video or document.",
                );
            }
        }
    }
}

fn timing(f: &Findings<'_>, all: &mut Vec<Check>) {
    if f.workshop_over {
        say(all, Severity::Error, "The workshop is over or cancelled", "Choose another workshop.");
    } else if f.workshop_starts < f.now {
        say(all, Severity::Warning, "The workshop has begun", "Make sure that the text still fits.");
    } else {
        say(all, Severity::Passed, "The workshop lies ahead", "");
    }
    if f.start >= f.deadline {
        say(all, Severity::Error, "It would start after its last useful moment", "Choose an earlier time.");
    } else if f.done_at > f.deadline {
        say(
            all,
            Severity::Warning,
            "Not everybody would get it in time",
            "What is left at the last useful moment expires. Start earlier, or raise the pace.",
        );
    } else if f.done_at > f.workshop_starts && f.workshop_starts > f.now {
        say(
            all,
            Severity::Warning,
            "It would end after the workshop has begun",
            "Start earlier, or raise the pace.",
        );
    } else {
        say(all, Severity::Passed, "It is done in time", "");
    }
    if f.in_quiet_hours {
        say(
            all,
            Severity::Warning,
            "It falls into your quiet hours",
            "People may be asleep. Choose another time if it can wait.",
        );
    } else {
        say(all, Severity::Passed, "Outside your quiet hours", "");
    }
    if f.start > f.now.plus(365 * 24 * HOUR) {
        say(all, Severity::Warning, "It is more than a year ahead", "Check the date.");
    }
}

fn account(f: &Findings<'_>, all: &mut Vec<Check>) {
    match f.balance {
        Some(balance) if balance < f.cost => {
            let why =
                format!("The wallet holds ₹{balance}, the estimate is ₹{}. Top up before sending.", f.cost);
            say(all, Severity::Error, "The wallet is too low", why);
        }
        Some(_) => say(all, Severity::Passed, "The wallet is enough", ""),
        None => {}
    }
    match f.tier_left {
        Some(left) if f.audience.reachable > left => {
            let why = format!(
                "WhatsApp allows {left} people in 24 hours for this number. The rest may be refused."
            );
            say(all, Severity::Warning, "More people than the tier allows", why);
        }
        Some(_) => say(all, Severity::Passed, "Within the tier", ""),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Findings<'static> {
        Findings {
            audience: AudienceSummary { total: 10, reachable: 10, ..AudienceSummary::default() },
            parameters: 2,
            placeholders: 2,
            has_media: false,
            uses_link: true,
            uses_name: true,
            join_link: "https://meet.example/x",
            provider: "AiSensy",
            probe: Some(Probe::Answered { live: true, parameters: Some(2), media: Some(false) }),
            start: Millis(1_000),
            done_at: Millis(2_000),
            deadline: Millis(9_000),
            workshop_starts: Millis(8_000),
            workshop_over: false,
            in_quiet_hours: false,
            cost: Money(100),
            balance: Some(Money(100)),
            tier_left: Some(10),
            now: Millis(0),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Findings<'_>), severity: Severity, title: &str) {
        let mut findings = fine();
        change(&mut findings);
        let all = checks(&findings);
        let found = all
            .iter()
            .find(|check| check.title == title)
            .unwrap_or_else(|| panic!("no “{title}” in {all:#?}"));
        assert_eq!(found.severity, severity);
        assert_eq!(may_send(&all), severity != Severity::Error);
    }

    #[test]
    fn a_sound_broadcast_has_nothing_but_passed_checks() {
        assert!(checks(&fine()).iter().all(|check| check.severity == Severity::Passed));
    }

    #[test]
    fn each_fault_is_found_and_only_errors_block() {
        check(|f| f.audience.reachable = 0, Severity::Error, "Nobody would get it");
        check(|f| f.audience.bad_value = 3, Severity::Warning, "3 would read an empty value");
        check(|f| f.audience.duplicate = 2, Severity::Warning, "2 share a number with somebody else");
        check(|f| f.audience.suppressed = 2, Severity::Warning, "2 opted out");
        check(|f| f.audience.no_consent = 3, Severity::Warning, "3 have not agreed to promotion");
        check(|f| f.audience.no_consent = 1, Severity::Warning, "1 has not agreed to promotion");
        check(|f| f.audience.invalid = 1, Severity::Warning, "1 number cannot be reached");
        check(|f| f.audience.missing_phone = 1, Severity::Warning, "1 has no phone number");
        check(|f| f.audience.without_name = 1, Severity::Warning, "1 name is missing");
        check(|f| f.audience.without_name = 4, Severity::Warning, "4 names are missing");
        check(|f| f.parameters = 1, Severity::Error, "A value has no source");
        check(|f| f.join_link = "", Severity::Error, "The workshop has no join link");
        check(|f| f.join_link = "javascript:alert(1)", Severity::Error, "The join link is no web address");
        check(
            |f| f.probe = Some(Probe::Refused("Campaign does not exist".into())),
            Severity::Error,
            "AiSensy refuses this campaign",
        );
        check(
            |f| f.probe = Some(Probe::Silent("timed out".into())),
            Severity::Warning,
            "AiSensy could not be asked",
        );
        check(
            |f| f.probe = Some(Probe::Answered { live: false, parameters: Some(2), media: None }),
            Severity::Error,
            "The campaign is not live",
        );
        check(
            |f| f.probe = Some(Probe::Answered { live: true, parameters: Some(3), media: None }),
            Severity::Error,
            "The number of values differs",
        );
        check(
            |f| f.probe = Some(Probe::Answered { live: true, parameters: Some(2), media: Some(true) }),
            Severity::Error,
            "The campaign wants media",
        );
        check(|f| f.workshop_over = true, Severity::Error, "The workshop is over or cancelled");
        check(|f| f.start = Millis(9_000), Severity::Error, "It would start after its last useful moment");
        check(|f| f.done_at = Millis(9_001), Severity::Warning, "Not everybody would get it in time");
        check(|f| f.in_quiet_hours = true, Severity::Warning, "It falls into your quiet hours");
        check(|f| f.balance = Some(Money(99)), Severity::Error, "The wallet is too low");
        check(|f| f.tier_left = Some(9), Severity::Warning, "More people than the tier allows");
    }
}
