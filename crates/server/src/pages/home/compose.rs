//! The composer's state, kept in the address: what was chosen and typed, nothing that can be computed from it.

use std::{collections::BTreeMap, fmt::Write};

use ::compose::Review;
use domain::{
    broadcast::Audience,
    channel::Channel,
    ids::{BroadcastId, IntegrationId, TemplateId, WorkshopId},
    sending_hours::AfterHours,
    template::{Message, Source},
    told::Purpose,
};

/// Values that a template may map in the composer; approved templates have far fewer.
const VALUES_MAX: usize = 50;
/// Characters of a typed value; Meta's limit for a whole body is 1,024.
const TEXT_MAX: usize = 1_024;

/// Characters of a pasted list of people: some hundred numbers.
const PICK_MAX: usize = 8_000;

/// What a person chose and typed. Ids may be anybody's: they are looked up within the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// The channel, which is the open tab.
    pub channel: Channel,
    /// The workshop whose people get it.
    pub workshop: Option<WorkshopId>,
    /// Which people get it; `None` for those who are offered first.
    pub who: Option<Audience>,
    /// Numbers and e-mail addresses of people chosen one by one, as they were typed.
    pub pick: String,
    /// The purpose that a link asked for without naming a template. A template of that purpose is offered.
    pub purpose: Option<Purpose>,
    /// The broadcast that is written anew. It is paused, and cancelled when the new one is confirmed.
    pub replaces: Option<BroadcastId>,
    /// The template of the message.
    pub template: Option<TemplateId>,
    /// The account that sends it.
    pub account: Option<IntegrationId>,
    /// The number of the person whose preview is shown, from 1.
    pub person: i64,
    /// The choices that differ from the template's own values, by the place of the value from 1.
    pub values: BTreeMap<usize, Chosen>,
    /// Whether it is sent at a chosen time and not now.
    pub later: bool,
    /// The chosen time as it was typed.
    pub at: String,
    /// The last useful moment as it was typed; empty takes the default.
    pub until: String,
    /// What happens to the rest when the hours end; `None` leaves it to the category.
    pub after: Option<AfterHours>,
    /// Whether a reminder waits until the organisation's quiet hours are over; `None` leaves it to the default.
    pub wait_out_quiet: Option<bool>,
}

/// The choices for one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The word of the value's source.
    pub source: Option<String>,
    /// The fixed text, where the source is one.
    pub fixed: Option<String>,
    /// The text that is taken where the source is empty.
    pub fallback: Option<String>,
}

impl Default for Compose {
    fn default() -> Compose {
        Compose {
            channel: Channel::WhatsappPersonal,
            workshop: None,
            who: None,
            pick: String::new(),
            purpose: None,
            replaces: None,
            template: None,
            account: None,
            person: 1,
            values: BTreeMap::new(),
            later: false,
            at: String::new(),
            until: String::new(),
            after: None,
            wait_out_quiet: None,
        }
    }
}

impl Compose {
    /// Reads a query or a form. Whatever cannot be read is taken as not said: links get old.
    pub fn read(pairs: &[(String, String)]) -> Compose {
        let mut state = Compose::default();
        let (mut made_for, mut until_was, mut after_was) = (None, None, None);
        for (name, text) in pairs {
            let most = if name == "pick" { PICK_MAX } else { TEXT_MAX };
            let text: String = text.chars().take(most).collect();
            match name.as_str() {
                "channel" => state.channel = text.parse().unwrap_or(state.channel),
                "workshop" => state.workshop = text.parse().ok(),
                "who" => state.who = text.parse().ok(),
                "pick" => state.pick = text,
                "purpose" => state.purpose = Purpose::parse(&text).ok(),
                "replaces" => state.replaces = text.parse().ok(),
                "template" => state.template = text.parse().ok(),
                "account" => state.account = text.parse().ok(),
                "person" => state.person = text.parse().unwrap_or(1).clamp(1, Review::PREVIEW_MAX),
                "when" => state.later = text == "later",
                "at" => state.at = text,
                "until" => state.until = text,
                "after" => state.after = text.parse().ok(),
                "after-was" => after_was = Some(text),
                "quiet" => state.wait_out_quiet = Some(text == "wait"),
                "for" => made_for = Some(text),
                "until-was" => until_was = Some(text),
                other => state.read_value(other, text),
            }
        }
        if until_was.is_some_and(|was| was == state.until) {
            state.until.clear();
        }
        if after_was.is_some_and(|was| state.after.is_some_and(|after| after.word() == was)) {
            state.after = None;
        }
        if let Some(made_for) = made_for {
            state.forget_what_was_for_another(&made_for);
        }
        state
    }

    fn read_value(&mut self, name: &str, text: String) {
        let Some((kind, place)) = name.rsplit_once('-') else { return };
        let Ok(place) = place.parse::<usize>() else { return };
        if !(1..=VALUES_MAX).contains(&place) || !matches!(kind, "source" | "fixed" | "fallback") {
            return;
        }
        let chosen = self.values.entry(place).or_default();
        match kind {
            "source" => chosen.source = Some(text),
            "fixed" => chosen.fixed = Some(text),
            _ => chosen.fallback = Some(text),
        }
    }

    /// What was typed for one template or one workshop says nothing about another.
    fn forget_what_was_for_another(&mut self, made_for: &str) {
        let (workshop, template) = made_for.split_once(' ').unwrap_or_default();
        if self.template.map(|id| id.to_string()).unwrap_or_default() != template {
            self.values.clear();
            // Who was told and who was not depends on what is said.
            let depends = matches!(
                self.who,
                Some(
                    Audience::Registered
                        | Audience::NotTold
                        | Audience::Failed
                        | Audience::NoReceipt { .. }
                        | Audience::NotRead
                        | Audience::Since(_)
                )
            );
            if depends {
                self.who = None;
            }
        }
        if self.workshop.map(|id| id.to_string()).unwrap_or_default() != workshop {
            self.at.clear();
            self.until.clear();
            self.who = None;
            self.replaces = None;
            self.pick.clear();
            self.person = 1;
        }
    }

    /// The hidden fields of a form, by which [`Compose::read`] knows what its values were typed for.
    pub fn made_for(&self) -> String {
        let workshop = self.workshop.map(|id| id.to_string()).unwrap_or_default();
        let template = self.template.map(|id| id.to_string()).unwrap_or_default();
        format!("{workshop} {template}")
    }

    /// Names and values, in one order; defaults are left out.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = vec![("channel".to_owned(), self.channel.word().to_owned())];
        let mut say = |name: &str, value: String| pairs.push((name.to_owned(), value));
        if let Some(id) = self.workshop {
            say("workshop", id.to_string());
        }
        if let Some(who) = &self.who {
            say("who", who.to_string());
        }
        if !self.pick.is_empty() {
            say("pick", self.pick.clone());
        }
        if let Some(id) = self.replaces {
            say("replaces", id.to_string());
        }
        if let Some(id) = self.template {
            say("template", id.to_string());
        }
        if let Some(id) = self.account {
            say("account", id.to_string());
        }
        for (place, chosen) in &self.values {
            for (kind, text) in
                [("source", &chosen.source), ("fixed", &chosen.fixed), ("fallback", &chosen.fallback)]
            {
                if let Some(text) = text {
                    say(&format!("{kind}-{place}"), text.clone());
                }
            }
        }
        if self.later {
            say("when", "later".to_owned());
            say("at", self.at.clone());
        }
        if !self.until.is_empty() {
            say("until", self.until.clone());
        }
        if let Some(after) = self.after {
            say("after", after.word().to_owned());
        }
        if let Some(waits) = self.wait_out_quiet {
            say("quiet", if waits { "wait" } else { "send" }.to_owned());
        }
        if self.person > 1 {
            say("person", self.person.to_string());
        }
        pairs
    }

    /// The address of this state under a path.
    pub fn href(&self, path: &str) -> String {
        let mut href = format!("{path}?");
        for (at, (name, value)) in self.pairs().iter().enumerate() {
            if at > 0 {
                href.push('&');
            }
            href.push_str(name);
            href.push('=');
            encode(value, &mut href);
        }
        href
    }

    /// The same choices with another person in the preview.
    pub fn with_person(&self, person: i64) -> Compose {
        Compose { person, ..self.clone() }
    }

    /// The tab of a channel for the same workshop, people and time.
    pub fn on(&self, channel: Channel) -> Compose {
        Compose {
            channel,
            workshop: self.workshop,
            pick: self.pick.clone(),
            who: self.who.clone(),
            replaces: self.replaces,
            later: self.later,
            at: self.at.clone(),
            until: self.until.clone(),
            wait_out_quiet: self.wait_out_quiet,
            ..Compose::default()
        }
    }

    /// The same choices for other people.
    pub fn with_who(&self, who: Audience) -> Compose {
        Compose { who: Some(who), person: 1, ..self.clone() }
    }

    /// Puts the choices into a template. A source that nobody knows leaves the template's own.
    pub fn apply(&self, message: &mut Message) {
        let own: Vec<Source> = message.places().iter().map(|slot| slot.source.clone().into_owned()).collect();
        for (place, chosen) in &self.values {
            let Some(source) = own.get(place - 1) else { continue };
            let fixed = chosen.fixed.as_deref().unwrap_or(source.typed());
            let word = chosen.source.as_deref().unwrap_or(source.word());
            let source = Source::from_word(word, fixed).unwrap_or_else(|| source.clone());
            message.map(place - 1, source, chosen.fallback.clone());
        }
    }
}

/// A text as the value of a query parameter (`application/x-www-form-urlencoded`).
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => write!(out, "%{other:02X}").expect("a string takes everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Millis;

    fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_written_into_an_address_is_read_back() {
        let id = WorkshopId::new(Millis(1));
        let state = Compose::read(&pairs(&[
            ("channel", "personal"),
            ("workshop", &id.to_string()),
            ("source-2", "fixed"),
            ("fixed-2", "Ghar & bahar = 100 %"),
            ("fallback-1", ""),
            ("when", "later"),
            ("at", "2026-10-13T18:00"),
            ("person", "7"),
        ]));
        assert_eq!(Compose::read(&state.pairs()), state);
        assert!(state.href("/").contains("fixed-2=Ghar+%26+bahar+%3D+100+%25"), "{}", state.href("/"));
    }

    #[test]
    fn values_typed_for_another_template_are_forgotten() {
        let (old, new) = (TemplateId::new(Millis(1)), TemplateId::new(Millis(2)));
        let given = |made_for: TemplateId| {
            let (new, made_for) = (new.to_string(), format!(" {made_for}"));
            Compose::read(&pairs(&[("template", &new), ("for", &made_for), ("source-1", "fixed")]))
        };
        assert!(given(old).values.is_empty());
        assert_eq!(given(new).values.len(), 1);
    }

    #[test]
    fn who_was_told_is_asked_anew_for_another_template_and_who_was_chosen_stays() {
        let (old, new) = (TemplateId::new(Millis(1)), TemplateId::new(Millis(2)));
        let given = |made_for: TemplateId, who: &str| {
            let (new, made_for) = (new.to_string(), format!(" {made_for}"));
            let who = Compose::read(&pairs(&[("template", &new), ("for", &made_for), ("who", who)])).who;
            who.map(|who| who.to_string())
        };
        for told in [Audience::Registered, Audience::NotTold, Audience::Failed, Audience::NotRead] {
            let word = told.to_string();
            assert_eq!(given(old, &word), None, "{word} was about what the other template says");
            assert_eq!(given(new, &word), Some(word));
        }
        for chosen in [Audience::Source("Web form".into()), Audience::Chosen(vec![])] {
            let word = chosen.to_string();
            assert_eq!(given(old, &word), Some(word.clone()), "{word} says who they are");
        }
    }

    #[test]
    fn a_deadline_left_as_it_was_offered_stays_the_default() {
        let read =
            |until| Compose::read(&pairs(&[("until", until), ("until-was", "2026-10-13T19:10")])).until;
        assert_eq!(read("2026-10-13T19:10"), "");
        assert_eq!(read("2026-10-13T19:30"), "2026-10-13T19:30");
    }

    #[test]
    fn what_was_proposed_for_the_end_of_the_hours_is_no_choice_until_somebody_makes_it() {
        let read = |after| Compose::read(&pairs(&[("after", after), ("after-was", "wait")])).after;
        assert_eq!(read("wait"), None);
        assert_eq!(read("cancel"), Some(AfterHours::Cancel));
        assert_eq!(Compose::read(&pairs(&[("after", "wait")])).after, Some(AfterHours::Wait));
    }

    #[test]
    fn nonsense_is_taken_as_not_said() {
        let state = Compose::read(&pairs(&[
            ("channel", "pigeon"),
            ("workshop", "'; --"),
            ("person", "-9999999999999999999"),
            ("source-0", "x"),
            ("source-99999999999999999999", "x"),
            ("source-", "x"),
            ("-1", "x"),
        ]));
        assert_eq!(state, Compose::default());
    }
}
