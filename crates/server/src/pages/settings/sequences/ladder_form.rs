//! The form of a reach ladder: what its rungs share, the rungs, and what it may cost.

use domain::{
    money::Money,
    sequence::{
        CostCaps, Ladder, LadderRung, RUNG_WAIT_MAX, RUNGS_MAX, Step, StepError, StepKey, check_steps,
    },
};
use maud::{Markup, html};

use super::step_form::{Errors, Parts, StepForm, field_of};
use crate::ui::{
    field::{Choice, Field},
    format::counted,
};

/// Template, wait, account and key of a rung.
type RungFields = (&'static str, &'static str, &'static str, &'static str);

/// The fields of each rung.
const RUNGS: [RungFields; RUNGS_MAX] = [
    ("template1", "wait1", "account1", "key1"),
    ("template2", "wait2", "account2", "key2"),
    ("template3", "wait3", "account3", "key3"),
    ("template4", "wait4", "account4", "key4"),
    ("template5", "wait5", "account5", "key5"),
    ("template6", "wait6", "account6", "key6"),
];

/// What was typed.
pub(super) struct LadderForm(pub(super) StepForm);

/// An amount as a form holds it; empty for none.
fn amount(cap: Option<Money>) -> String {
    cap.map(|cap| cap.to_string()).unwrap_or_default()
}

impl LadderForm {
    /// A new ladder: an hour before the start, until five minutes before it, and a quarter of an hour between two rungs. What they send is for
    /// a person to choose.
    pub(super) fn blank() -> LadderForm {
        let mut form = StepForm::blank();
        for (name, value) in
            [("until", "start"), ("until_amount", "5"), ("until_unit", "minutes"), ("until_side", "before")]
        {
            form.set(name, value);
        }
        for (_, wait, ..) in RUNGS {
            form.set(wait, "15");
        }
        LadderForm(form)
    }

    /// The form that makes this ladder.
    pub(super) fn of(ladder: &Ladder) -> LadderForm {
        let mut form = StepForm::of(&ladder.shared);
        form.set("per_person", &amount(ladder.caps.per_person));
        form.set("in_all", &amount(ladder.caps.in_all));
        for (rung, (template, wait, account, key)) in ladder.rungs.iter().zip(RUNGS) {
            form.set(template, &rung.template.to_string());
            form.set(wait, &rung.wait_minutes.to_string());
            form.set(account, &rung.account.map(|id| id.to_string()).unwrap_or_default());
            form.set(key, rung.key.as_str());
        }
        LadderForm(form)
    }

    /// The rungs whose template is not there any more.
    pub(super) fn removed(&self, parts: &Parts) -> Errors {
        RUNGS.into_iter().filter_map(|(template, ..)| self.0.removed(template, parts)).collect()
    }

    /// The ladder under that key, or all that is wrong at once. `others` are the steps of the sequence that are no rung of it.
    pub(super) fn check(&self, key: &StepKey, others: &[Step], parts: &Parts) -> Result<Ladder, Errors> {
        let mut errors = Errors::new();
        let caps = CostCaps {
            per_person: self.cap("per_person", &mut errors),
            in_all: self.cap("in_all", &mut errors),
        };
        let mut rungs: Vec<LadderRung> = Vec::new();
        for (nth, fields) in RUNGS.into_iter().enumerate() {
            if let Some(rung) = self.rung(fields, rungs.is_empty(), parts, &mut errors) {
                let key = match self.0.get(fields.3) {
                    "" => self.free_key(key, nth + 1, &rungs, others),
                    own => StepKey::stored(own.to_owned()),
                };
                rungs.push(LadderRung { key, ..rung });
            }
        }
        if rungs.is_empty() {
            errors.insert("template1", "Choose what the first rung sends.".into());
        }
        let mut shared = self.0.clone();
        let first = rungs.first();
        shared.set("template", &first.map(|rung| rung.template.to_string()).unwrap_or_default());
        shared.set(
            "account",
            &first.and_then(|rung| rung.account).map(|id| id.to_string()).unwrap_or_default(),
        );
        let own_key = first.map_or_else(|| key.clone(), |rung| rung.key.clone());
        let shared = match shared.check(own_key, parts) {
            Ok(shared) => shared,
            Err(mut more) => {
                more.remove("template");
                if let Some(words) = more.remove("account") {
                    more.insert("account1", words);
                }
                errors.extend(more);
                return Err(errors);
            }
        };
        let ladder = Ladder { shared, key: key.clone(), caps, rungs };
        if errors.is_empty()
            && let Err((_, error)) = check_steps(&ladder.steps())
        {
            errors.insert(field_of(&error), error.to_string());
        }
        if errors.is_empty() { Ok(ladder) } else { Err(errors) }
    }

    /// A key for a new rung in that place, the first free one from the number of the place on. A rung before it may have been taken out,
    /// and those behind it keep the keys of their old places.
    fn free_key(&self, ladder: &StepKey, place: usize, rungs: &[LadderRung], others: &[Step]) -> StepKey {
        let is_free = |key: &StepKey| {
            RUNGS.iter().all(|(.., field)| self.0.get(field) != key.as_str())
                && rungs.iter().all(|rung| rung.key != *key)
                && others.iter().all(|step| step.key != *key)
        };
        let mut numbered = (place..).map(|n| StepKey::stored(format!("{ladder}-{n}")));
        numbered.find(is_free).unwrap_or_else(|| ladder.clone())
    }

    /// One rung; `None` where nothing is chosen. Its key is the caller's to say.
    fn rung(
        &self,
        (template, wait, account, _): RungFields,
        first: bool,
        parts: &Parts,
        errors: &mut Errors,
    ) -> Option<LadderRung> {
        errors.extend(self.0.removed(template, parts));
        let found = self.0.template(template, parts)?;
        let wait_minutes = match self.0.get(wait).parse::<i64>() {
            _ if first => 0,
            Ok(minutes) if (1..=RUNG_WAIT_MAX).contains(&minutes) => minutes,
            _ => {
                errors.insert(wait, "Type the minutes to wait, one at least.".into());
                1
            }
        };
        let account_id = self.0.get(account).parse().ok();
        let is_wrong = |id| {
            let of = parts.accounts.iter().find(|one| one.id == id);
            let kinds = || providers::registry::serving(found.channel).map(providers::Vendor::kind);
            of.is_some_and(|one| !kinds().any(|kind| kind == one.kind))
        };
        if account_id.is_some_and(is_wrong) {
            errors.insert(account, "This account does not send on the template’s channel.".into());
        }
        Some(LadderRung {
            key: StepKey::stored(String::new()),
            channel: found.channel,
            template: found.id,
            account: account_id,
            wait_minutes,
        })
    }

    fn cap(&self, name: &'static str, errors: &mut Errors) -> Option<Money> {
        match self.0.get(name) {
            "" => None,
            typed => match Money::parse(typed) {
                Ok(cap) if cap > Money(0) => Some(cap),
                Ok(_) => {
                    errors.insert(name, StepError::Cap.to_string());
                    None
                }
                Err(error) => {
                    errors.insert(name, error.to_string());
                    None
                }
            },
        }
    }

    /// The fields.
    pub(super) fn fields(&self, parts: &Parts, errors: &Errors) -> Markup {
        let form = &self.0;
        let error = |name: &str| errors.get(name).cloned();
        let choices = |name: &str, all: &[(&str, &str)]| -> Vec<Choice> {
            all.iter().map(|(value, label)| Choice::new(*value, *label, form.get(name))).collect()
        };
        let text =
            |name: &str, label: &str| Field::text(name, label).value(form.get(name)).error(error(name));
        let number =
            |name: &str, label: &str| Field::number(name, label).value(form.get(name)).error(error(name));
        let units = &[("minutes", "minutes"), ("hours", "hours"), ("days", "days")];
        let sides = &[("before", "before"), ("after", "after")];
        let anchors = &[("start", "the workshop’s start"), ("end", "the workshop’s end")];
        html! {
            div class="m-row2" {
                (text("label", "Called").placeholder("Reach everybody before the start").at_most(60))
                (text("purpose", "Told about").placeholder("As the first template says").at_most(60))
            }
            div class="m-row3" {
                (number("amount", "First rung").between(0, 525_600))
                (Field::select("unit", "Unit", choices("unit", units)))
                (Field::select("side", "Before or after", choices("side", sides)))
            }
            div class="m-row2" {
                (Field::select("anchor", "Measured from", choices("anchor", anchors)).error(error("anchor")))
                (Field::input("time", "clock", "At a clock time").value(form.get("clock")).help("With days.").error(error("clock")))
            }
            div class="m-row3" {
                (number("until_amount", "Everybody is to be reached by").between(0, 525_600))
                (Field::select("until_unit", "Unit of this", choices("until_unit", units)))
                (Field::select("until_side", "Before or after it", choices("until_side", sides)))
            }
            div class="m-row2" {
                (Field::select("until", "Before or after what", choices("until", anchors)))
                (Field::input("time", "until_clock", "By a clock time").value(form.get("until_clock")).help("On that day, instead of minutes or hours.").error(error("until_clock")))
            }
            div class="m-row2" {
                (Field::select("audience", "Whom", form.audiences(parts)).help("Each later rung goes only to those of them whom nothing proves to be reached.").error(error("audience")))
                (text("source", "Source").help("Only for people who came by one source."))
            }
            (Field::select("late", "Who registers later", choices("late", &[("newest", "gets the rung that is due"), ("skip", "gets only the rungs to come")])))
            div class="m-row2" {
                (text("per_person", "At most per person").placeholder("No limit").inputmode("decimal").help("In rupees, on all rungs together."))
                (text("in_all", "At most in all").placeholder("No limit").inputmode("decimal").help("In rupees. Counted when each message is taken up: nothing beyond it goes."))
            }
            @for (nth, fields) in RUNGS.into_iter().enumerate() { (self.rung_fields(nth, fields, parts, errors)) }
        }
    }

    fn rung_fields(
        &self,
        nth: usize,
        (template, wait, account, key): RungFields,
        parts: &Parts,
        errors: &Errors,
    ) -> Markup {
        let form = &self.0;
        let error = |name: &str| errors.get(name).cloned();
        let none = if nth == 0 { "Choose a template" } else { "No rung" };
        let templates = form.templates(parts, template, none);
        let waits = form.get(wait).parse::<i64>().unwrap_or(0);
        let help = if waits > 0 {
            counted(waits, "minute without a receipt", "minutes without a receipt")
        } else {
            String::new()
        };
        html! {
            fieldset class="m-fieldset" {
                legend class="m-label" { "Rung " (nth + 1) }
                input type="hidden" name=(key) value=(form.get(key));
                div class="m-row3" {
                    (Field::select_grouped(template, "Sends", templates).error(error(template)))
                    @if nth == 0 { (Field::number(wait, "Wait, minutes").value("0").disabled(true).help("The first goes at once.")) }
                    @else { (Field::number(wait, "Wait, minutes").value(form.get(wait)).between(1, RUNG_WAIT_MAX).help(help).error(error(wait))) }
                    (Field::select(account, "Sent by", form.accounts(parts, account)).error(error(account)))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        channel::Channel,
        ids::TemplateId,
        sequence::{Anchor, Timing, Until},
        time::Millis,
        told::Purpose,
    };
    use store::templates::Template;

    use super::*;

    fn parts() -> Parts {
        let template = |n: u128, channel| Template {
            id: TemplateId(uuid::Uuid::from_u128(n)),
            channel,
            name: format!("Text {n}"),
            body: serde_json::json!({}),
            purpose: Purpose::default(),
            lead_minutes: 0,
            created_by: String::new(),
            created_at: Millis(0),
        };
        let templates = vec![template(7, Channel::WhatsappPersonal), template(8, Channel::Sms)];
        Parts { templates, accounts: vec![], tags: vec![] }
    }

    /// A new form with both templates chosen.
    fn chosen() -> LadderForm {
        let mut form = LadderForm::blank();
        for (template, (field, ..)) in parts().templates.iter().zip(RUNGS) {
            form.0.set(field, &template.id.to_string());
        }
        form
    }

    #[test]
    fn an_untouched_form_of_a_ladder_makes_no_rung_that_nobody_chose() {
        let errors = LadderForm::blank().check(&StepKey::stored("reach".into()), &[], &parts()).unwrap_err();
        assert_eq!(errors.keys().copied().collect::<Vec<_>>(), ["template1"], "{errors:?}");
    }

    #[test]
    fn a_form_makes_its_ladder_and_back() {
        let key = StepKey::stored("reach".into());
        let mut form = chosen();
        form.0.set("per_person", "1");
        form.0.set("in_all", "₹2,500.50");
        let ladder = form.check(&key, &[], &parts()).unwrap();
        assert_eq!(ladder.caps.in_all, Some(Money(25_005_000)));
        let waits: Vec<i64> = ladder.rungs.iter().map(|rung| rung.wait_minutes).collect();
        assert_eq!(waits, [0, 15]);
        let keys: Vec<&str> = ladder.rungs.iter().map(|rung| rung.key.as_str()).collect();
        assert_eq!(keys, ["reach-1", "reach-2"]);
        assert_eq!(ladder.shared.until, Until::At(Anchor::Start, Timing::before(5)));
        assert_eq!(LadderForm::of(&ladder).check(&key, &[], &parts()), Ok(ladder.clone()));
        // The ladder is timed by the clock, from 6:30 PM of that day.
        let mut by_clock = LadderForm::of(&ladder);
        for (name, value) in [("until_amount", "0"), ("until_unit", "days"), ("until_clock", "18:30")] {
            by_clock.0.set(name, value);
        }
        let by_clock = by_clock.check(&key, &[], &parts()).unwrap();
        assert_eq!(by_clock.shared.until, Until::At(Anchor::Start, Timing::At { days: 0, minute: 1_110 }));
        assert_eq!(LadderForm::of(&by_clock).check(&key, &[], &parts()), Ok(by_clock));
    }

    #[test]
    fn every_wrong_field_of_a_ladder_is_named_at_once() {
        let mut form = chosen();
        for (name, value) in
            [("per_person", "much"), ("wait2", "0"), ("template3", "gone"), ("amount", "soon")]
        {
            form.0.set(name, value);
        }
        let errors = form.check(&StepKey::stored("reach".into()), &[], &parts()).unwrap_err();
        let names: Vec<&str> = errors.keys().copied().collect();
        assert_eq!(names, ["amount", "per_person", "template3", "wait2"]);
        for (field, typed) in [("in_all", "0"), ("per_person", "0"), ("per_person", "-1")] {
            let mut free = chosen();
            free.0.set(field, typed);
            let errors = free.check(&StepKey::stored("reach".into()), &[], &parts()).unwrap_err();
            assert_eq!(errors.keys().copied().collect::<Vec<_>>(), [field], "{typed}: {errors:?}");
        }
    }
}
