//! The notes above the figures of a broadcast's page: just confirmed, paused, stopped, not posted, late. Each says
//! what can be done.

use domain::{
    broadcast::{Audience, BroadcastStatus, UNDO_MS},
    channel::Channel,
    message::MessageState,
    reason::Reason,
};
use maud::{Markup, html};
use providers::codes;

use super::{
    super::{later, why},
    FORM, View,
};
use crate::{
    pages::{members, settings::templates::page_of},
    ui::{
        addressees::Addressees,
        button::Button,
        chip::Tone,
        format::{counted, grouped, span},
        note::Note,
    },
};

impl View {
    /// All notes that apply. The part stays on the page, hidden, while there are none, so that the stream can fill
    /// it.
    pub(super) fn notes(&self) -> Markup {
        let notes: Vec<Note> = [
            self.by_hand_note(),
            self.undo_note(),
            self.paused_note(),
            self.stopped_note(),
            self.not_posted_note(),
            self.planned_note(),
            self.late_note(),
        ]
        .into_iter()
        .flatten()
        .collect();
        html! {
            div data-live-id="broadcast-notes" hidden[notes.is_empty()] { @for note in &notes { (note) } }
        }
    }

    /// Posts that never reached their groups. The note offers another channel.
    fn not_posted_note(&self) -> Option<Note> {
        let n =
            self.broadcast.in_state(MessageState::Expired) + self.broadcast.in_state(MessageState::Failed);
        if self.broadcast.channel != Channel::WhatsappGroup || n == 0 || !self.is_over() {
            return None;
        }
        let title = format!("Not posted in {}.", counted(n, "group", "groups"));
        let text = "Its members do not know. Tell the people of the workshop on another channel.";
        let note = Note::new(Tone::Fail, title, text.to_owned());
        let to = members::tell(self.broadcast.workshop, Channel::WhatsappPersonal, &Audience::Registered);
        Some(if self.may_send {
            note.action(Button::link("Tell them by WhatsApp Personal", to).small())
        } else {
            note
        })
    }

    /// A person posts by hand: who is asked, and a link to the page for it.
    fn by_hand_note(&self) -> Option<Note> {
        let asked = self.broadcast.asked.as_ref()?;
        let waiting = self.broadcast.in_state(MessageState::Waiting);
        if self.is_over() || waiting == 0 {
            return None;
        }
        let text = format!(
            "{} is asked to post in {}, before {}.",
            asked.name,
            counted(waiting, "group", "groups"),
            self.at(self.broadcast.deadline)
        );
        let to = crate::pages::posts_by_hand::href(self.broadcast.id);
        Some(Note::new(Tone::Act, "Posted by hand.", text).action(Button::link("Post by hand", to).small()))
    }

    fn undo_note(&self) -> Option<Note> {
        let until = self.broadcast.created_at.plus(UNDO_MS);
        let open = matches!(self.broadcast.status, BroadcastStatus::Planning | BroadcastStatus::Scheduled);
        // A person who posts by hand begins when they like, so there is nothing to take back.
        let open = open && self.broadcast.asked.is_none();
        if !open || self.now >= until || !self.may_send {
            return None;
        }
        if self.broadcast.starts_at > until {
            let at = self.at(self.broadcast.starts_at);
            let text = format!("It starts {at}. Until then it can be cancelled, and nothing goes out.");
            return Some(Note::new(Tone::Run, "Confirmed.", text));
        }
        let text = format!(
            "It can be taken back for ten seconds; nothing goes out before {}.",
            self.zone.time_with_seconds(until)
        );
        let action = html! {
            span class="m-sub m-nowrap" data-countdown=(until.0) { (span(until.since(self.now))) }
            (Button::new("Take it back").small().form(FORM).formaction(self.path("/change")))
        };
        Some(Note::new(Tone::Run, "Confirmed.", text).action(action))
    }

    fn paused_note(&self) -> Option<Note> {
        let broadcast = &self.broadcast;
        if broadcast.status != BroadcastStatus::Paused {
            return None;
        }
        let who = if broadcast.stopped_by.is_empty() {
            "by the account's answer"
        } else {
            broadcast.stopped_by.as_str()
        };
        let who = if broadcast.stopped_by.is_empty() { who.to_owned() } else { format!("by {who}") };
        let when = broadcast.stopped_at.map_or(String::new(), |at| format!(" at {}", self.at(at)));
        let waiting = self.waiting_are(broadcast.in_state(MessageState::Waiting));
        let words = broadcast.stop_text.replace('\r', " ");
        let said = if words.is_empty() { String::new() } else { format!("“{words}” ") };
        let help =
            codes::meaning(broadcast.stop_code.code()).map_or(String::new(), |m| format!("{} ", m.help));
        let note = Note::paused(
            format!("Paused {who}{when}."),
            format!("{said}{help}{waiting} waiting; nothing was lost."),
        );
        if let Some(top_up) = self.top_up.clone().filter(|_| self.may_send) {
            return Some(note.action(top_up.small()));
        }
        let by_provider = broadcast.stopped_by.is_empty();
        Some(match by_provider {
            true if asks_for_template(&broadcast.stop_code) => {
                note.action(Button::link("Open template", self.template_page()).small())
            }
            true => note.action(
                Button::link("Open account", format!("/settings/integrations/{}", broadcast.integration))
                    .small(),
            ),
            false => note,
        })
    }

    /// As in "3 people are" or "1 group is".
    fn waiting_are(&self, n: i64) -> String {
        let noun = Addressees::of(self.broadcast.channel).noun(n);
        format!("{} {noun} {}", grouped(n), if n == 1 { "is" } else { "are" })
    }

    pub(super) fn template_page(&self) -> String {
        page_of(self.broadcast.channel, self.template)
    }

    fn stopped_note(&self) -> Option<Note> {
        if self.is_over() {
            return None;
        }
        if let Some((at, by)) = &self.all_stopped {
            let words =
                format!("{by} stopped it at {}. Nothing goes out until it is released.", self.at(*at));
            return Some(Note::paused("All sending is stopped.", words));
        }
        let integration = self.integration.as_ref()?;
        let at = integration.stopped_at?;
        let by = integration.stopped_by.clone().unwrap_or_default();
        let note = Note::paused(
            format!("{} is stopped.", integration.name),
            format!("{by} stopped it at {}. Nothing goes out through it until it is released.", self.at(at)),
        );
        Some(note.action(
            Button::link("Open account", format!("/settings/integrations/{}", integration.id)).small(),
        ))
    }

    /// Messages that wait for a moment that a person chose.
    fn planned_note(&self) -> Option<Note> {
        let (n, at) = self.planned.filter(|_| !self.is_over())?;
        let when = later::in_words(&self.zone, at, self.now);
        let words = format!("{} tried again {when}.", self.waiting_are(n));
        Some(Note::new(Tone::Run, words, "Until then they wait. Cancel remaining ends that."))
    }

    /// People whose earlier message turned out to have arrived.
    fn late_note(&self) -> Option<Note> {
        let n = Some(self.late_proofs).filter(|n| *n > 0)?;
        let words =
            format!("Late proof: {} had the earlier message after all.", counted(n, "person", "people"));
        let why = "Its receipt came after this round had gone out to them. Each is counted as told.";
        Some(Note::new(Tone::Rest, words, why))
    }
}

/// Whether the reason for a stop or a failure is mended in the template.
pub(super) fn asks_for_template(reason: &Reason) -> bool {
    why::of(MessageState::Failed, reason).step == why::Step::Template
}
