//! What is looked at before anything is sent: what stands in the way, and what somebody should know.

use domain::{
    broadcast::BroadcastStatus,
    channel::{Category, Channel},
    checks::{AudienceSummary, Check, Findings, Probe, Severity, checks},
    sending_hours::AfterHours,
    template::{Facts, Message, Source},
    time::{HOUR, MINUTE, Millis},
    workshop::WorkshopStatus,
};
use store::broadcasts::Broadcast;

use super::{
    desk::Desk,
    shelf::Opened,
    sms_checks,
    timing::{begins, hours},
};
use crate::{
    http::extract::Member,
    ui::format::{grouped, relative},
};

/// Two SMS to one number stand so far apart.
const GAP_MS: i64 = 2 * MINUTE;
/// The same template to the same workshop within this time is worth a word.
const AGAIN_MS: i64 = 24 * HOUR;

impl Desk {
    /// The same template went to the same workshop lately.
    pub(super) fn warn_of_repeat(&mut self, history: &[Broadcast], now: Millis) {
        let ours = self.message.name_there().to_owned();
        let same = |broadcast: &Broadcast| {
            let message = Message::from_json(broadcast.channel, &broadcast.template);
            message.is_ok_and(|message| message.name_there() == ours)
        };
        let earlier = history.iter().find(|broadcast| {
            same(broadcast)
                && broadcast.status != BroadcastStatus::Cancelled
                && now.since(broadcast.created_at) < AGAIN_MS
        });
        if let Some(earlier) = earlier {
            let why = format!(
                "{} confirmed “{}” {}. Whoever got it would get it again.",
                earlier.created_by,
                earlier.title,
                relative(earlier.created_at.0, now.0)
            );
            self.checks.push(own(Severity::Warning, "This template was used for this workshop already", why));
        }
        self.warn_of_gap(history, now);
    }

    /// Whoever just got an SMS gets this one when two minutes have passed.
    fn warn_of_gap(&mut self, history: &[Broadcast], now: Millis) {
        if self.state.channel != Channel::Sms || self.start.since(now) > GAP_MS {
            return;
        }
        let lately = history.iter().find(|broadcast| match broadcast.finished_at {
            Some(at) => now.since(at) < GAP_MS,
            None => broadcast.started_at.is_some(),
        });
        if let Some(lately) = lately {
            let why = format!(
                "“{}” goes out, or just went. Fast2SMS takes two SMS in a row for spam: whoever got it waits until two minutes have passed.",
                lately.title
            );
            self.checks.push(own(Severity::Warning, "Two minutes between two SMS to one number", why));
        }
    }

    pub(super) fn look(&self, member: &Member, opened: &Opened, probe: Option<Probe>) -> Vec<Check> {
        let quiet = |at| member.organization.quiet_hours.covers(&member.organization.zone, at);
        let mut all = checks(&Findings {
            // Refused values of an SMS are told one by one, with what is wrong.
            audience: AudienceSummary {
                bad_value: if self.scan.is_some() { 0 } else { self.audience.bad_value },
                // Numbers outside India are right, and told apart.
                invalid: self.audience.invalid
                    - self.scan.as_ref().map_or(0, |scan| scan.out_of_reach.min(self.audience.invalid)),
                ..self.audience
            },
            parameters: self.message.places().len(),
            placeholders: match &self.message {
                Message::Whatsapp(template) => template.placeholders(),
                Message::Sms(_) => 0,
            },
            has_media: matches!(&self.message, Message::Whatsapp(template) if template.media.is_some()),
            uses_name: self
                .message
                .sources()
                .any(|source| matches!(source, Source::RegistrantName | Source::RegistrantFirstName)),
            uses_link: self.message.sources().any(|source| *source == Source::WorkshopJoinLink),
            join_link: &self.workshop.join_link,
            provider: super::vendor::name(self.state.channel, Some(&self.account)),
            probe: probe.clone().filter(|_| self.state.channel == Channel::WhatsappPersonal),
            start: begins(&self.hours, self.start),
            done_at: self.forecast.done_at,
            deadline: self.deadline,
            workshop_starts: self.workshop.starts_at,
            workshop_over: self.workshop.status == WorkshopStatus::Cancelled
                || self.workshop.status == WorkshopStatus::Completed
                || self.workshop.ends_at <= member.now,
            // Promotion is kept out of them anyhow.
            in_quiet_hours: self.message.category() != Category::Marketing
                && !self.state.wait_out_quiet
                && (quiet(begins(&self.hours, self.start)) || quiet(self.forecast.done_at)),
            cost: self.forecast.cost,
            balance: self.wallet,
            tier_left: opened.people_a_day(),
            now: member.now,
        });
        all.extend(self.further_checks(member, opened));
        all.extend(self.checks_of_hours(member));
        if let (Message::Sms(template), Some(scan)) = (&self.message, &self.scan) {
            all.extend(sms_checks::all(
                super::vendor::name(self.state.channel, Some(&self.account)),
                template,
                scan,
                probe.as_ref(),
                self.audience.bad_value,
            ));
        }
        all.sort_by_key(|check| check.severity);
        all
    }

    /// What only this page knows.
    fn further_checks(&self, member: &Member, opened: &Opened) -> Vec<Check> {
        let mut all = Vec::new();
        let mut stop = |title: &str, why: String| all.push(own(Severity::Error, title, why));
        if let Some((at, by)) = &member.organization.stopped {
            let when = relative(at.0, member.now.0);
            stop(
                "All sending is stopped",
                format!("{by} stopped it {when}. Release it on the operator page before you send."),
            );
        }
        if let Some(at) = self.account.stopped_at {
            let by = self.account.stopped_by.as_deref().unwrap_or("Somebody");
            let when = relative(at.0, member.now.0);
            stop(
                "This account is stopped",
                format!("{by} stopped it {when}. Release it under Settings, Integrations."),
            );
        }
        if let Err(words) = &opened.account {
            stop("The account cannot be opened", words.clone());
        }
        if self.at_error.is_some() || self.until_error.is_some() {
            stop(
                "A time has to be chosen again",
                "Enter day and time under “When”: it says what is wrong.".to_owned(),
            );
        }
        if let Some(words) = self.value_for_nobody() {
            stop(
                "Nobody would get a whole message",
                format!("{words}. Choose another source, or enter a text."),
            );
        }
        let (calls, most) = (self.account.calls_today + self.audience.reachable, self.account.pace.per_day);
        if most > 0 && calls > most {
            let why = format!(
                "This account may make {} calls a day. What is left goes out the next day, if its last useful moment allows.",
                grouped(most)
            );
            all.push(own(Severity::Warning, "More messages than the account may send today", why));
        }
        all
    }

    /// What the hours mean for this broadcast.
    fn checks_of_hours(&self, member: &Member) -> Vec<Check> {
        if !self.hours.are_limited() {
            return Vec::new();
        }
        let opens = |at: Millis| super::parts::moment(member, at);
        let mut all = Vec::new();
        if self.hours.never_open(self.start) {
            all.push(own(Severity::Error, "The hours leave no moment to send", self.no_moment()));
        } else if let Some(open) = self.hours.closed_until(self.start) {
            all.push(self.check_of_wait(member, &opens(open)));
        } else if let Some(open) = self.hours.closed_until(self.forecast.done_at) {
            let rest = match self.hours.then() {
                AfterHours::Cancel => "The rest is cancelled then.".to_owned(),
                AfterHours::Wait => format!("The rest goes on at {}.", opens(open)),
            };
            all.push(own(Severity::Warning, "Not everybody would get it before the hours end", rest));
        } else {
            let words = match self.own_hours {
                Some(hours) => {
                    format!("Within the hours in which it may be sent, the account’s {hours} among them")
                }
                None => "Within the hours in which it may be sent".to_owned(),
            };
            all.push(own(Severity::Passed, &words, String::new()));
        }
        all
    }

    /// It starts while it may not be sent: by the law, by the account, or by a choice to leave people alone.
    fn check_of_wait(&self, member: &Member, opens: &str) -> Check {
        let zone = &member.organization.zone;
        let category = self.message.category();
        if category == Category::Marketing
            && hours(member, &self.state, category, None).closed_until(self.start).is_some()
        {
            let why = format!(
                "From 9:00 PM to 10:00 AM nobody may be sent promotion. Schedule it for {opens} or later."
            );
            return own(Severity::Error, "Promotion may not be sent at this hour", why);
        }
        match self.own_hours.filter(|hours| !hours.covers(zone, self.start)) {
            Some(hours) => {
                let own_words = format!("{} may send from {hours} only.", self.account.name);
                let waits = category != Category::Marketing && self.hours.then() == AfterHours::Wait;
                if waits {
                    let why = format!("{own_words} It begins at {opens}.");
                    own(Severity::Warning, "It waits for the account’s hours", why)
                } else {
                    let or_wait = match category {
                        Category::Marketing => "",
                        Category::Utility | Category::Authentication => {
                            ", or choose that it goes on when they begin again"
                        }
                    };
                    let why = format!("{own_words} Schedule it for {opens} or later{or_wait}.");
                    own(Severity::Error, "This account may not send at this hour", why)
                }
            }
            None => {
                let why = format!("It begins at {opens}.");
                own(Severity::Warning, "It waits for the end of your quiet hours", why)
            }
        }
    }

    /// Why there is no moment, and what to change.
    fn no_moment(&self) -> String {
        let account = match self.own_hours {
            Some(hours) => format!(
                " {} sends from {hours} only. Change its hours under Settings, Integrations, or choose another account.",
                self.account.name
            ),
            None => " Change your quiet hours under Settings, Organisation.".to_owned(),
        };
        match self.message.category() {
            Category::Marketing => {
                format!("Promotion goes out from 10:00 AM to 9:00 PM, outside your quiet hours.{account}")
            }
            Category::Utility | Category::Authentication => {
                format!("It waits for the end of your quiet hours.{account}")
            }
        }
    }

    /// A value that would be missing whoever the person is; the join link has a check of its own.
    fn value_for_nobody(&self) -> Option<String> {
        let facts = Facts {
            name: "Somebody".into(),
            email: "somebody@example.in".into(),
            phone: "+919000000001".into(),
            workshop_join_link: "https://example.in".into(),
            ..self.event.clone()
        };
        self.message.fill(&facts).err().map(|error| error.to_string())
    }
}

pub(super) fn own(severity: Severity, title: &str, why: String) -> Check {
    Check { severity, title: title.to_owned(), why, people: None }
}
