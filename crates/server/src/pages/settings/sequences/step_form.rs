//! The form of a step: what was typed, what is wrong with it, and the step that it makes.

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    ids::{IntegrationId, TemplateId},
    sequence::{Anchor, LateRule, Step, StepAudience, StepError, StepKey, Timing, Until},
    text::line,
    time::{DAY, HOUR, MINUTE},
    told::Purpose,
};
use maud::{Markup, html};
use providers::registry;
use store::{StoreError, integrations::Integration, tags::Tag, templates::Template};

use crate::{
    http::extract::Member,
    ui::field::{Checkbox, Choice, Field},
};

/// Characters of the words for a step.
const LABEL_CHARS_MAX: usize = 60;

/// What is wrong, by the field's name.
pub(super) type Errors = BTreeMap<&'static str, String>;

/// What was typed, by the names of the fields.
#[derive(Clone, Debug, Default)]
pub(super) struct StepForm(BTreeMap<String, String>);

/// What a step can be made of.
pub(super) struct Parts {
    pub(super) templates: Vec<Template>,
    pub(super) accounts: Vec<Integration>,
    pub(super) tags: Vec<Tag>,
}

impl Parts {
    pub(super) async fn load(member: &Member) -> Result<Parts, StoreError> {
        let mut templates = Vec::new();
        for channel in Channel::sending() {
            templates.extend(member.org.templates(channel).await?);
        }
        Ok(Parts { templates, accounts: member.org.integrations().await?, tags: member.org.tags().await? })
    }

    pub(super) fn template(&self, id: TemplateId) -> Option<&Template> {
        self.templates.iter().find(|template| template.id == id)
    }
}

/// Minutes of a unit.
fn unit_minutes(unit: &str) -> i64 {
    match unit {
        "hours" => HOUR / MINUTE,
        "days" => DAY / MINUTE,
        _ => 1,
    }
}

/// An amount with its unit: the largest that divides it.
fn amount_of(minutes: i64) -> (i64, &'static str) {
    match minutes {
        0 => (0, "minutes"),
        n if n % (DAY / MINUTE) == 0 => (n / (DAY / MINUTE), "days"),
        n if n % (HOUR / MINUTE) == 0 => (n / (HOUR / MINUTE), "hours"),
        n => (n, "minutes"),
    }
}

impl StepForm {
    pub(super) fn read(pairs: &[(String, String)]) -> StepForm {
        StepForm(pairs.iter().map(|(name, value)| (name.clone(), line(value))).collect())
    }

    /// A new step: an hour before the start. What it sends is for a person to choose.
    pub(super) fn blank() -> StepForm {
        let mut form = StepForm::default();
        for (name, value) in [
            ("anchor", "start"),
            ("amount", "1"),
            ("unit", "hours"),
            ("side", "before"),
            ("until", "next"),
            ("audience", "not_told"),
            ("late", "newest"),
        ] {
            form.set(name, value);
        }
        form
    }

    /// The form that makes this step.
    pub(super) fn of(step: &Step) -> StepForm {
        let mut form = StepForm::default();
        form.set("label", &step.label);
        form.set("template", &step.template.to_string());
        form.set("account", &step.account.map(|id| id.to_string()).unwrap_or_default());
        form.set("purpose", &step.purpose);
        form.set("anchor", anchor_word(step.anchor));
        form.set_timing(step.timing);
        let (kind, (minutes, clock)) = match step.until {
            Until::NextOfPurpose => ("next", (0, None)),
            Until::Minutes(minutes) => ("after", (minutes, None)),
            Until::At(Anchor::End, timing) => ("end", minutes_of(timing)),
            Until::At(_, timing) => ("start", minutes_of(timing)),
        };
        let (amount, unit) = amount_of(minutes.abs());
        let unit = if clock.is_some() { "days" } else { unit };
        form.set("until_clock", &clock.map(clock_word).unwrap_or_default());
        form.set("until", kind);
        form.set("until_amount", &if kind == "next" { String::new() } else { amount.to_string() });
        form.set("until_unit", unit);
        form.set("until_side", if minutes < 0 { "before" } else { "after" });
        form.set("audience", &audience_word(&step.audience));
        if let StepAudience::Source(source) = &step.audience {
            form.set("source", source);
        }
        form.set("late", late_word(step.late));
        if step.wait_out_quiet {
            form.set("quiet", "on");
        }
        form
    }

    fn set_timing(&mut self, timing: Timing) {
        let (signed, unit, clock) = match timing {
            Timing::Offset { days: 0, minutes } => {
                let (amount, unit) = amount_of(minutes.abs());
                let unit = if unit == "days" { "hours" } else { unit };
                let amount =
                    if minutes != 0 && unit == "hours" { minutes.abs() / (HOUR / MINUTE) } else { amount };
                (amount * minutes.signum(), unit, None)
            }
            Timing::Offset { days, minutes: 0 } => (days, "days", None),
            Timing::Offset { days, minutes } => (days * (DAY / MINUTE) + minutes, "minutes", None),
            Timing::At { days, minute } => (days, "days", Some(minute)),
        };
        self.set("amount", &signed.abs().to_string());
        self.set("unit", unit);
        self.set("side", if signed < 0 { "before" } else { "after" });
        self.set("clock", &clock.map(clock_word).unwrap_or_default());
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// The template that the field of that name holds, where it is still there.
    pub(super) fn template<'a>(&self, field: &str, parts: &'a Parts) -> Option<&'a Template> {
        self.get(field).parse().ok().and_then(|id| parts.template(id))
    }

    /// What stands at a field whose template is not there; `None` where it is, or where none is chosen.
    pub(super) fn removed<'f>(&self, field: &'f str, parts: &Parts) -> Option<(&'f str, String)> {
        let gone = !self.get(field).is_empty() && self.template(field, parts).is_none();
        gone.then(|| (field, "Its template was removed. Choose another one.".to_owned()))
    }

    /// The step under that key, or all that is wrong at once.
    pub(super) fn check(&self, key: StepKey, parts: &Parts) -> Result<Step, Errors> {
        let mut errors: Errors = self.removed("template", parts).into_iter().collect();
        let template = self.template("template", parts);
        if template.is_none() {
            errors.entry("template").or_insert_with(|| "Choose a template.".into());
        }
        let (label, count) = (self.get("label"), self.get("label").chars().count());
        if count > LABEL_CHARS_MAX {
            errors.insert("label", format!("{count} of {LABEL_CHARS_MAX} characters. Shorten it."));
        }
        let purpose = match self.get("purpose") {
            "" => Ok(template.map(|template| template.purpose.clone()).unwrap_or_default()),
            typed => Purpose::parse(typed),
        };
        let purpose = purpose.unwrap_or_else(|error| {
            errors.insert("purpose", error.to_string());
            Purpose::default()
        });
        let anchor = match self.get("anchor") {
            "end" => Anchor::End,
            "registration" => Anchor::Registration,
            _ => Anchor::Start,
        };
        let (timing, until) = (self.timing(&mut errors), self.until(&mut errors));
        let audience = self.audience(&mut errors);
        let step = Step {
            key,
            label: label.to_owned(),
            channel: template.map_or(Channel::WhatsappPersonal, |template| template.channel),
            template: template.map_or(TemplateId(uuid::Uuid::nil()), |template| template.id),
            account: self.account(template, parts, &mut errors),
            anchor,
            timing,
            purpose: purpose.word().to_owned(),
            until,
            audience,
            late: match self.get("late") {
                "skip" => LateRule::Skip,
                "always" => LateRule::Always,
                _ => LateRule::NewestOnly,
            },
            wait_out_quiet: self.get("quiet") == "on",
            rung: None,
        };
        if errors.is_empty()
            && let Err(error) = step.check().and_then(|()| step.check_moments())
        {
            errors.insert(field_of(&error), error.to_string());
        }
        if errors.is_empty() { Ok(step) } else { Err(errors) }
    }

    fn account(
        &self,
        template: Option<&Template>,
        parts: &Parts,
        errors: &mut Errors,
    ) -> Option<IntegrationId> {
        let id: IntegrationId = self.get("account").parse().ok()?;
        let found = parts.accounts.iter().find(|account| account.id == id)?;
        if template.is_some_and(|template| {
            !registry::serving(template.channel).any(|vendor| vendor.kind() == found.kind)
        }) {
            errors.insert("account", "This account does not send on the template’s channel.".into());
        }
        Some(id)
    }

    fn number(&self, name: &'static str, errors: &mut Errors) -> i64 {
        match self.get(name).parse::<i64>() {
            Ok(n) if (0..=525_600).contains(&n) => n,
            _ => {
                errors.insert(name, "Type a number.".into());
                0
            }
        }
    }

    fn timing(&self, errors: &mut Errors) -> Timing {
        let amount = self.number("amount", errors);
        let signed = if self.get("side") == "before" { -amount } else { amount };
        let (unit, clock) = (self.get("unit"), self.get("clock"));
        if !clock.is_empty() {
            if unit != "days" {
                errors.insert(
                    "clock",
                    "A clock time goes with days: choose days, or leave the time empty.".into(),
                );
            }
            let Some(minute) = clock_of(clock) else {
                errors.insert("clock", "Choose a time of the day.".into());
                return Timing::Offset { days: 0, minutes: 0 };
            };
            return Timing::At { days: signed, minute };
        }
        match unit {
            "days" => Timing::Offset { days: signed, minutes: 0 },
            unit => Timing::Offset { days: 0, minutes: signed * unit_minutes(unit) },
        }
    }

    fn until(&self, errors: &mut Errors) -> Until {
        let kind = self.get("until");
        if !matches!(kind, "after" | "start" | "end") {
            return Until::NextOfPurpose;
        }
        let amount = if kind != "after" && self.get("until_amount").is_empty() {
            0
        } else {
            self.number("until_amount", errors)
        };
        let minutes = amount * unit_minutes(self.get("until_unit"));
        let side = if self.get("until_side") == "before" { -1 } else { 1 };
        let timing = match self.get("until_clock") {
            "" => Timing::after(side * minutes),
            clock => {
                let minute = clock_of(clock).unwrap_or_else(|| {
                    errors.insert("until_clock", "Choose a time of the day.".into());
                    0
                });
                Timing::At { days: side * minutes / (DAY / MINUTE), minute }
            }
        };
        match kind {
            "after" => Until::Minutes(minutes),
            "end" => Until::At(Anchor::End, timing),
            _ => Until::At(Anchor::Start, timing),
        }
    }

    fn audience(&self, errors: &mut Errors) -> StepAudience {
        // Dropped without a word it would let in everybody whom it was to keep out.
        if self.get("audience") != "source" && !self.get("source").is_empty() {
            let words =
                "A source goes with “Came by one source” under Whom: choose that, or leave this empty.";
            errors.insert("source", words.into());
        }
        match self.get("audience").split_once(':') {
            Some(("not_reached", channel)) => {
                channel.parse().map_or(StepAudience::NotTold, StepAudience::NotReached)
            }
            Some(("attendance", presence)) => {
                presence.parse().map_or(StepAudience::NotTold, StepAudience::Attendance)
            }
            Some(("tag", tag)) => tag.parse().map_or(StepAudience::NotTold, StepAudience::Tag),
            _ => match self.get("audience") {
                "everyone" => StepAudience::Everyone,
                "late" => StepAudience::RegisteredLate,
                "no_group" => StepAudience::InNoGroup,
                "opened" => StepAudience::Opened(true),
                "not_opened" => StepAudience::Opened(false),
                "source" => {
                    if self.get("source").is_empty() {
                        errors
                            .insert("source", "Type the source as the list of registrants shows it.".into());
                    }
                    StepAudience::Source(self.get("source").to_owned())
                }
                _ => StepAudience::NotTold,
            },
        }
    }

    /// The fields.
    pub(super) fn fields(&self, parts: &Parts, errors: &Errors) -> Markup {
        let error = |name: &str| errors.get(name).cloned();
        let choices = |name: &str, all: &[(&str, &str)]| -> Vec<Choice> {
            all.iter().map(|(value, label)| Choice::new(*value, *label, self.get(name))).collect()
        };
        let text =
            |name: &str, label: &str| Field::text(name, label).value(self.get(name)).error(error(name));
        let number =
            |name: &str, label: &str| Field::number(name, label).value(self.get(name)).error(error(name));
        let units = &[("minutes", "minutes"), ("hours", "hours"), ("days", "days")];
        html! {
            div class="m-row2" {
                (Field::select_grouped("template", "What is sent", self.templates(parts, "template", "Choose a template")).error(error("template")))
                (text("label", "Called").placeholder("The template’s name").at_most(60))
            }
            div class="m-row3" {
                (number("amount", "When").between(0, 525_600))
                (Field::select("unit", "Unit", choices("unit", units)))
                (Field::select("side", "Before or after", choices("side", &[("before", "before"), ("after", "after")])))
            }
            div class="m-row2" {
                (Field::select("anchor", "Measured from", choices("anchor", &[("start", "the workshop’s start"), ("end", "the workshop’s end"), ("registration", "each registration")])).error(error("anchor")))
                (Field::input("time", "clock", "At a clock time").value(self.get("clock")).help("With days. Empty keeps the workshop’s own time.").error(error("clock")))
            }
            div class="m-row2" {
                (Field::select("audience", "Whom", self.audiences(parts)).help("A post goes to the workshop’s groups.").error(error("audience")))
                (text("source", "Source").help("Only for people who came by one source."))
            }
            div class="m-row2" {
                (text("purpose", "Told about").placeholder("As the template says").help("Whoever was told this is not told it again by another step at the same time.").at_most(60))
                (Field::select("late", "Who registers later", choices("late", &[("newest", "gets it if it is the newest of its purpose"), ("always", "gets it as long as it is of use"), ("skip", "gets nothing of it")])))
            }
            div class="m-row2" {
                (Field::select("until", "Useful until", choices("until", &[("next", "the next step of its purpose, or the start"), ("after", "so long after it is due"), ("start", "the workshop’s start"), ("end", "the workshop’s end")])))
                div class="m-row3" {
                    (number("until_amount", "By").between(0, 525_600))
                    (Field::select("until_unit", "Unit of this", choices("until_unit", units)))
                    (Field::select("until_side", "Before or after it", choices("until_side", &[("before", "before"), ("after", "after")])))
                }
                (Field::input("time", "until_clock", "Until a clock time").value(self.get("until_clock")).help("On the day of that start or end.").error(error("until_clock")))
            }
            (Field::select("account", "Sent by", self.accounts(parts, "account")).error(error("account")))
            (Checkbox::new("quiet", "Wait out the quiet hours", self.get("quiet") == "on").help("What falls into them goes when they end, if it is of use then."))
        }
    }
}

/// Minutes of a moment that a form can say, and its time of the day.
fn minutes_of(timing: Timing) -> (i64, Option<i64>) {
    match timing {
        Timing::Offset { days, minutes } => (days * (DAY / MINUTE) + minutes, None),
        Timing::At { days, minute } => (days * (DAY / MINUTE), Some(minute)),
    }
}

/// `18:30`, as a field of a time holds it.
fn clock_word(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Minutes after midnight of such a text.
fn clock_of(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let minute = minute.get(..2).unwrap_or(minute);
    let all = hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?;
    (0..1_440).contains(&all).then_some(all)
}

fn anchor_word(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Start => "start",
        Anchor::End => "end",
        Anchor::Registration => "registration",
    }
}

fn late_word(rule: LateRule) -> &'static str {
    match rule {
        LateRule::Skip => "skip",
        LateRule::NewestOnly => "newest",
        LateRule::Always => "always",
    }
}

pub(super) fn audience_word(audience: &StepAudience) -> String {
    match audience {
        StepAudience::Everyone => "everyone".into(),
        StepAudience::NotTold => "not_told".into(),
        StepAudience::NotReached(channel) => format!("not_reached:{}", channel.word()),
        StepAudience::RegisteredLate => "late".into(),
        StepAudience::InNoGroup => "no_group".into(),
        StepAudience::Attendance(presence) => format!("attendance:{presence}"),
        StepAudience::Opened(true) => "opened".into(),
        StepAudience::Opened(false) => "not_opened".into(),
        StepAudience::Source(_) => "source".into(),
        StepAudience::Tag(tag) => format!("tag:{tag}"),
    }
}

/// The field that an error of the whole step is shown at.
pub(super) fn field_of(error: &StepError) -> &'static str {
    match error {
        StepError::Timing(_) => "amount",
        StepError::NeverOfUse | StepError::OverBeforeDue => "until_amount",
        StepError::AttendanceAhead => "audience",
        StepError::Purpose(_) => "purpose",
        StepError::GroupPerPerson | StepError::RungPerPerson => "anchor",
        StepError::Cap => "in_all",
        StepError::RungsAtOnce | StepError::TooManyRungs | StepError::RungsDiffer(_) => "wait2",
        StepError::Key | StepError::SameKey(_) | StepError::TooMany => "label",
    }
}

#[cfg(test)]
mod tests {
    use domain::{sequence::Presence, time::Millis};

    use super::*;

    fn parts() -> Parts {
        let template = Template {
            id: TemplateId(uuid::Uuid::from_u128(7)),
            channel: Channel::Sms,
            name: "Reminder".into(),
            body: serde_json::json!({}),
            purpose: Purpose::default(),
            lead_minutes: 0,
            created_by: String::new(),
            created_at: Millis(0),
        };
        Parts { templates: vec![template], accounts: vec![], tags: vec![] }
    }

    fn step() -> Step {
        let mut form = StepForm::blank();
        form.set("template", &parts().templates[0].id.to_string());
        form.check(StepKey::stored("a".into()), &parts()).unwrap()
    }

    #[test]
    fn an_untouched_form_of_a_step_sends_nothing_that_nobody_chose() {
        let errors = StepForm::blank().check(StepKey::stored("a".into()), &parts()).unwrap_err();
        assert_eq!(errors.keys().copied().collect::<Vec<_>>(), ["template"], "{errors:?}");
    }

    #[test]
    fn a_form_makes_its_step_and_back() {
        for timing in [
            Timing::before(60),
            Timing::before(45),
            Timing::before(26 * 60),
            Timing::before(24 * 60),
            Timing::after(0),
            Timing::Offset { days: -1, minutes: 0 },
            Timing::At { days: -3, minute: 660 },
            Timing::At { days: 0, minute: 0 },
        ] {
            for until in [
                Until::NextOfPurpose,
                Until::Minutes(90),
                Until::At(Anchor::Start, Timing::before(10)),
                Until::At(Anchor::Start, Timing::At { days: 0, minute: 18 * 60 + 30 }),
                Until::At(Anchor::End, Timing::after(0)),
            ] {
                let step = Step { timing, until, ..step() };
                if step.check_moments().is_err() {
                    continue;
                }
                let back = StepForm::of(&step).check(step.key.clone(), &parts());
                assert_eq!(back, Ok(step));
            }
        }
        for audience in [
            StepAudience::Everyone,
            StepAudience::NotReached(Channel::WhatsappPersonal),
            StepAudience::RegisteredLate,
            StepAudience::InNoGroup,
            StepAudience::Opened(false),
            StepAudience::Attendance(Presence::Absent),
            StepAudience::Source("form".into()),
        ] {
            let (anchor, timing) = (Anchor::End, Timing::after(60));
            let step =
                Step { anchor, timing, audience, late: LateRule::Always, wait_out_quiet: true, ..step() };
            assert_eq!(StepForm::of(&step).check(step.key.clone(), &parts()), Ok(step));
        }
    }

    #[test]
    fn a_source_beside_other_people_is_refused_and_not_dropped() {
        let key = || StepKey::stored("a".into());
        for audience in ["everyone", "not_told", "late", "attendance:attended"] {
            let mut form = StepForm::of(&step());
            form.set("audience", audience);
            form.set("anchor", "end");
            form.set("side", "after");
            form.set("source", "foo");
            let errors = form.check(key(), &parts()).unwrap_err();
            assert_eq!(errors.keys().copied().collect::<Vec<_>>(), ["source"], "{audience}");
            form.set("source", "");
            assert!(form.check(key(), &parts()).is_ok(), "{audience}");
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let pairs = [
            ("template", "gone"),
            ("amount", "-1"),
            ("unit", "hours"),
            ("clock", "25:00"),
            ("until", "after"),
            ("until_amount", "soon"),
            ("audience", "source"),
        ];
        let pairs = pairs.map(|(n, v)| (n.to_owned(), v.to_owned()));
        let errors = StepForm::read(&pairs).check(StepKey::stored("a".into()), &parts()).unwrap_err();
        let names: Vec<&str> = errors.keys().copied().collect();
        assert_eq!(names, ["amount", "clock", "source", "template", "until_amount"]);
    }
}
