//! The story of one message: a page of its own, and with a script a drawer over the broadcast's page.

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::Channel,
    event::EventKind,
    ids::{BroadcastId, MessageRef},
    message::MessageState,
    money::Money,
    role::Permission,
    sms::{Alphabet, SmsRoute, SmsTemplate, why_unicode},
    template::{Content, Message},
    time::{Millis, Zone},
};
use maud::{Render, html};
use serde::Deserialize;
use store::{
    Org, StoreError,
    broadcasts::Broadcast,
    calls::CallView,
    messages::{MessageEvent, MessageView},
};

use super::{
    calls,
    corrected::{CorrectedSince, has_ended},
    href,
    post::Standing,
    recipients::{at_second, detail, name, number},
    state_chip,
    view::FORM,
    why,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::correct,
    ui::{
        button::Button,
        chip::Tone,
        drawer::{Drawer, TimelineEvent},
        format::{grouped, unit_price},
        head::KeyValues,
        icons::Icon,
        preview::{Bubble, Part},
        shell::{Crumb, Section},
        words::events,
    },
};

/// The longest part of a receipt's body that is shown, in characters.
const RAW_CHARS_MAX: usize = 4_000;
/// Parts of names. A member of a receipt whose name holds one of them is never shown.
const SECRET_NAMES: &[&str] = &["key", "token", "secret", "password", "authorization", "signature"];

/// What is shown in place of a hidden value.
const MASK: &str = "•••";

/// One message and everything that happened to it, at one moment.
pub struct Story {
    broadcast: Broadcast,
    /// The frozen template; `None` where this version cannot read it.
    template: Option<Message>,
    /// The sender that an SMS shows. Empty on other channels, and where neither template nor account names one.
    header: String,
    row: MessageView,
    events: Vec<MessageEvent>,
    /// When each receipt came, in UTC milliseconds, and its body.
    receipts: Vec<(i64, String)>,
    /// The calls of this message; empty on other channels.
    calls: Vec<CallView>,
    /// The registration as it stands now, and its corrections.
    corrected: CorrectedSince,
    zone: Zone,
    may_send: bool,
    now: Millis,
}

impl Story {
    /// Reads the story. Every read is by key.
    pub async fn load(
        org: &Org,
        message: MessageRef,
        zone: &Zone,
        may_send: bool,
        now: Millis,
    ) -> Result<Story, StoreError> {
        let broadcast = org.broadcast(message.broadcast).await?;
        let template = Message::from_json(broadcast.channel, &broadcast.template).ok();
        let header = match &template {
            Some(Message::Sms(sms)) => header(org, &broadcast, sms).await?,
            Some(Message::Whatsapp(_) | Message::Group(_) | Message::Call(_)) | None => String::new(),
        };
        let row = org.message(message).await?;
        let corrected = CorrectedSince::load(org, &broadcast, &row).await?;
        let calls = match broadcast.channel {
            Channel::IvrCall => org.calls_of(message).await?,
            Channel::WhatsappGroup | Channel::WhatsappPersonal | Channel::Sms => vec![],
        };
        Ok(Story {
            calls,
            broadcast,
            template,
            header,
            row,
            corrected,
            events: org.message_events(message).await?,
            receipts: org.message_receipts(message).await?,
            zone: zone.clone(),
            may_send,
            now,
        })
    }

    /// Whether the reader may decide what became of an unknown message.
    fn decides(&self) -> bool {
        self.row.state == MessageState::Unknown && self.may_send
    }

    /// The buttons that correct the registration and tell the person again; none for readers who may not send or once the person was erased.
    fn correction(&self) -> Vec<Button> {
        let MessageRef { broadcast, position } = self.row.message;
        let erased = self.row.name.is_empty()
            && self.row.recipient.is_empty()
            && self.row.state != MessageState::Skipped;
        let Some(registrant) = self.row.addressee.registrant() else { return Vec::new() };
        let to = correct::href_from(self.broadcast.workshop, registrant, (broadcast, position));
        // Members who may send may correct as well.
        if !self.may_send || erased {
            return Vec::new();
        }
        let mut ways = vec![Button::link("Correct name or number", to).icon(Icon::Edit)];
        // A person who was left out, whose message failed, or whose message went to a wrong number, may be told once
        // the number is right.
        let missed = matches!(self.row.state, MessageState::Skipped | MessageState::Failed);
        if missed || (self.corrected.number(&self.row).is_some() && has_ended(self.row.state)) {
            let to = correct::tell_again_href(self.row.message);
            ways.push(Button::link(correct::TELL, to).icon(Icon::Send));
        }
        ways
    }

    /// The drawer's content; the page shows the same.
    pub fn drawer(&self) -> Drawer {
        let row = &self.row;
        Drawer {
            name: name(row),
            detail: number(row),
            chip: state_chip(row.state).chip(),
            sentence: sentence(row),
            note: self.corrected.note(row, &self.zone, self.now),
            bubble: self.bubble(),
            is_text: matches!(self.template, Some(Message::Sms(_))),
            facts: self.facts(),
            events: self.timeline(),
            actions: self.correction().into_iter().chain(self.actions()).collect(),
        }
    }
}

/// `GET /broadcasts/{broadcast}/messages/{position}`
pub async fn show(
    State(app): State<App>,
    member: Member,
    Path((id, position)): Path<(BroadcastId, i64)>,
) -> PageResult {
    if position < 1 {
        return Err(Problem::not_found());
    }
    let message = MessageRef { broadcast: id, position };
    let may_send = member.may(Permission::Send);
    let story = Story::load(&member.org, message, &member.organization.zone, may_send, member.now).await?;
    let drawer = story.drawer();
    let standing = match Standing::of(&story.broadcast, &story.row) {
        Some(post) => post.cards(&app, &member).await?,
        None => html! {},
    };
    let body = html! {
        (drawer)
        // The script moves these cards into the drawer.
        div class="m-stack" data-drawer-more { (standing) }
        // The form is there even while nothing is to be decided: the stream may bring the question.
        @if may_send { (decision_form(&member, message)) }
    };
    let name = drawer.name.clone();
    let mut page = member.page(Section::Broadcasts, name.clone(), body);
    page.crumbs = vec![
        Crumb::to("Broadcasts", "/broadcasts"),
        Crumb::to(&story.broadcast.title, href(id)),
        Crumb::here(name),
    ];
    page.live = Some(format!("/live{}/messages/{position}", href(id)));
    Ok(page.render().into_response())
}

fn decision_form(member: &Member, message: MessageRef) -> maud::Markup {
    html! { form id=(FORM) method="post" action=(decide_href(message)) hidden { (member.csrf()) } }
}

fn decide_href(message: MessageRef) -> String {
    format!("{}/messages/{}/decide", href(message.broadcast), message.position)
}

/// The answer of a person to whether an unknown message went out.
#[derive(Debug, Deserialize)]
pub struct Decision {
    went_out: String,
}

/// `POST /broadcasts/{broadcast}/messages/{position}/decide`
pub async fn decide(
    State(app): State<App>,
    member: Member,
    Path((id, position)): Path<(BroadcastId, i64)>,
    Form(decision): Form<Decision>,
) -> PageResult {
    let went_out = match decision.went_out.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::bad_request("Say whether it went out.")),
    };
    member.org.decide_unknown(MessageRef { broadcast: id, position }, went_out, member.now).await?;
    app.engine.wake(id);
    let words = if went_out {
        "Kept as handed over."
    } else {
        "Kept as failed. It can be sent again with “Retry failed”."
    };
    Ok(see_other_saying(&app, &format!("{}/messages/{position}", href(id)), words))
}

impl Story {
    /// The button that opens the person, and those that answer whether the message went out.
    fn actions(&self) -> Vec<Button> {
        let number = self.corrected.number(&self.row).unwrap_or(&self.row.recipient);
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let in_group = self.row.addressee.registrant().is_none();
        let mut buttons = vec![];
        if !digits.is_empty() && !in_group {
            let to = format!("/people/number/{digits}");
            buttons.push(Button::link("Open person", to).icon(Icon::Person));
        }
        if self.decides() {
            // In a drawer these buttons belong to the form of the broadcast's page, which has the same id.
            let to = decide_href(self.row.message);
            let button = |button: Button, word| button.form(FORM).formaction(&to).submit("went_out", word);
            // A post can be seen in its group. Of a message nobody knows more than that it went out.
            let (no, yes) = match in_group {
                true => ("It is not there", "It is there"),
                false => ("It did not go out", "It went out"),
            };
            buttons.push(button(Button::new(no), "no"));
            buttons.push(button(Button::primary(yes), "yes"));
        }
        buttons
    }
}

/// Joins consecutive retries that have the same words. Each entry is the first of them; where it stands for several,
/// the number and the moment of the last one are beside it.
fn in_runs<'a>(
    events: impl Iterator<Item = &'a MessageEvent>,
) -> Vec<(&'a MessageEvent, Option<(i64, Millis)>)> {
    let mut runs: Vec<(&MessageEvent, Option<(i64, Millis)>)> = Vec::new();
    for event in events {
        match runs.last_mut() {
            Some((first, more))
                if event.kind == EventKind::Retry
                    && first.kind == event.kind
                    && first.detail == event.detail =>
            {
                let times = more.map_or(1, |(times, _)| times);
                *more = Some((times + 1, event.at));
            }
            _ => runs.push((event, None)),
        }
    }
    runs
}

fn sentence(row: &MessageView) -> String {
    match row.state {
        MessageState::Waiting => "Waits for its turn.".to_owned(),
        MessageState::InFlight => "The call to the provider is under way.".to_owned(),
        MessageState::Sent => "The provider took it; nothing more is proven.".to_owned(),
        MessageState::Delivered => "It reached the phone.".to_owned(),
        MessageState::Read => "It was read.".to_owned(),
        MessageState::Failed
        | MessageState::Skipped
        | MessageState::Expired
        | MessageState::Cancelled
        | MessageState::Unknown => why::of(row.state, &row.reason).note,
    }
}

/// The sender that an SMS shows: the template's header, else the account's default.
async fn header(org: &Org, broadcast: &Broadcast, sms: &SmsTemplate) -> Result<String, StoreError> {
    if sms.route == SmsRoute::Quick {
        return Ok("A random number".to_owned());
    }
    if let Some(sender) = &sms.sender {
        return Ok(sender.to_string());
    }
    match org.integration(broadcast.integration).await {
        Ok(account) => {
            let sender = account.settings.get("default_sender").and_then(|sender| sender.as_str());
            Ok(sender.unwrap_or_default().to_owned())
        }
        Err(StoreError::Missing) => Ok(String::new()),
        Err(error) => Err(error),
    }
}

impl Story {
    /// The message's final values; `None` for a person who was left out.
    fn content(&self) -> Option<Content> {
        Content::from_json(self.broadcast.channel, &self.row.content).ok()
    }

    /// What the person gets. The preview uses the same function.
    fn bubble(&self) -> Option<Bubble> {
        let content = self.content()?;
        let template = self.template.as_ref()?;
        let text = template.preview(&content).into_iter().map(Part::from).collect();
        let at = self.row.sent_at.unwrap_or(self.broadcast.starts_at);
        let bubble = Bubble::of(template, text, self.zone.time(at));
        let arrived = matches!(self.row.state, MessageState::Delivered | MessageState::Read);
        Some(Bubble { ticks: bubble.ticks && arrived, ..bubble })
    }

    /// What is charged for an SMS and why, its sender, and the provider's id.
    fn facts(&self) -> KeyValues {
        let (Some(Message::Sms(sms)), Some(content)) = (&self.template, self.content()) else {
            return KeyValues::default();
        };
        let text = sms.text(&content);
        let segments = domain::sms::segments(&text);
        let units = i64::try_from(segments.units).unwrap_or(i64::MAX);
        let alphabet = match (segments.alphabet, why_unicode(&text)) {
            (Alphabet::Gsm7, _) => ("Plain (GSM-7)".to_owned(), None),
            (Alphabet::Unicode, Some(first)) => {
                ("Unicode".to_owned(), Some(format!(" because of “{first}”")))
            }
            (Alphabet::Unicode, None) => ("Unicode".to_owned(), None),
        };
        let charged = i64::try_from(segments.count).unwrap_or(i64::MAX);
        let expected = Money(self.broadcast.unit_price.0.saturating_mul(charged));
        let cost = match self.row.cost {
            Some(cost) => (unit_price(cost.0), Some(format!(" {} estimate", unit_price(expected.0)))),
            None => (unit_price(expected.0), Some(" estimate".to_owned())),
        };
        let mut facts = KeyValues::default();
        let mut add = |name: &str, (value, more): (String, Option<String>)| {
            if !value.is_empty() {
                facts.rows.push((name.to_owned(), html! { (value) }, more));
            }
        };
        let length = Some(format!(" length {}", grouped(units)));
        add("Segments", (grouped(charged), length));
        add("Alphabet", alphabet);
        add("From", (self.header.clone(), None));
        add("Request id", (self.row.provider_id.clone().unwrap_or_default(), None));
        add("Cost", cost);
        facts
    }
}

impl Story {
    /// Whether the timeline shows this event already as the message's end: the same state at the same moment.
    fn is_the_ending(&self, event: &MessageEvent) -> bool {
        let same = match event.kind {
            EventKind::Failed => self.row.state == MessageState::Failed,
            EventKind::Expired => self.row.state == MessageState::Expired,
            EventKind::Unknown => self.row.state == MessageState::Unknown,
            EventKind::Retry | EventKind::HandedBack | EventKind::Paused | EventKind::Decision => false,
        };
        same && event.at == self.row.failed_at.unwrap_or(self.row.changed_at)
    }

    /// Everything that happened, oldest first: the row's own times, its events, corrections, receipts and calls.
    fn timeline(&self) -> Vec<TimelineEvent> {
        let Story { broadcast, row, events, receipts, zone, now, .. } = self;
        let mut all: Vec<(i64, TimelineEvent)> = vec![];
        let mut add = |at: Millis, tone, icon, title: &str, note: String, raw: Option<(String, String)>| {
            let when = at_second(zone, at, *now);
            all.push((at.0, TimelineEvent { tone, icon, title: title.to_owned(), at: when, note, raw }));
        };
        let values = self.content().map_or(0, |content| content.values().len());
        let frozen = match values {
            0 if row.content.is_empty() => String::new(),
            0 => "Text frozen".to_owned(),
            1 => "Text frozen, 1 value filled".to_owned(),
            n => format!("Text frozen, {n} values filled"),
        };
        add(broadcast.created_at, Tone::Rest, Icon::Check, "Planned", frozen, None);
        if let Some(at) = row.started_at {
            add(at, Tone::Rest, Icon::InFlight, "Call started", format!("Attempt {}", row.attempt), None);
        }
        if let Some(at) = row.sent_at {
            let took =
                row.started_at.filter(|start| *start <= at).map(|start| format!("{} ms", at.since(start)));
            let id = row.provider_id.as_ref().map(|id| format!("id {id}"));
            let cost = row.cost.map(|cost| unit_price(cost.0));
            let note = [took, id, cost].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            add(at, Tone::Done, Icon::Check, "Handed over", note, None);
        }
        for (at, note) in self.corrected.history() {
            add(at, Tone::Rest, Icon::Edit, "Registration corrected", note, None);
        }
        for (event, more) in in_runs(events.iter().filter(|event| !self.is_the_ending(event))) {
            let (tone, icon, title) = events::event(event.kind);
            let note = match more {
                None => event.detail.clone(),
                Some((times, last)) => {
                    let last = at_second(zone, last, *now);
                    format!("{} ({} times, last {last})", event.detail, grouped(times))
                }
            };
            add(event.at, tone, icon, title, note, None);
        }
        for (at, title) in [(row.delivered_at, "Delivered"), (row.read_at, "Read")] {
            if let Some(at) = at {
                let id = row.network_id.as_ref().map_or(String::new(), |id| format!("Network id {id}"));
                add(at, Tone::Done, Icon::CheckTwice, title, id, None);
            }
        }
        for (at, body) in receipts {
            let raw = Some(("Receipt as received".to_owned(), shown_body(body)));
            add(Millis(*at), Tone::Rest, Icon::Check, "Receipt came", String::new(), raw);
        }
        let ended = match row.state {
            MessageState::Failed => Some((Tone::Fail, Icon::Error)),
            MessageState::Unknown => Some((Tone::Act, Icon::Question)),
            MessageState::Skipped => Some((Tone::Rest, Icon::Skip)),
            MessageState::Expired => Some((Tone::Rest, Icon::Expired)),
            MessageState::Cancelled => Some((Tone::Rest, Icon::Cancel)),
            MessageState::Waiting
            | MessageState::InFlight
            | MessageState::Sent
            | MessageState::Delivered
            | MessageState::Read => None,
        };
        if let Some((tone, icon)) = ended {
            let words = if row.reason_text.is_empty() { detail(row) } else { row.reason_text.clone() };
            let note =
                if row.reason.is_none() { words } else { format!("{} · {words}", why::shown(&row.reason)) };
            add(row.failed_at.unwrap_or(row.changed_at), tone, icon, row.state.title(), note, None);
        }
        all.extend(calls::timeline(&self.calls, zone, *now));
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, event)| event).collect()
    }
}

/// A receipt's body, laid out where it is JSON or a form. Values that could be keys are hidden.
pub(crate) fn shown_body(body: &str) -> String {
    let text = match laid_out(body).or_else(|| form_laid_out(body)) {
        Some(text) => text,
        // A body that cannot be read cannot be masked, so it is not shown.
        None => format!("{} bytes that are neither JSON nor a form", body.len()),
    };
    text.chars().take(RAW_CHARS_MAX).collect()
}

fn laid_out(body: &str) -> Option<String> {
    let mut value = serde_json::from_str::<serde_json::Value>(body).ok()?;
    mask(&mut value);
    serde_json::to_string_pretty(&value).ok()
}

/// A form's members as `name: value`, one on each line. A value that is JSON text is laid out.
fn form_laid_out(body: &str) -> Option<String> {
    let members = providers::form::members(body)?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c))
    };
    if members.is_empty() || !members.iter().all(|(name, _)| is_name(name)) {
        return None;
    }
    let lines = members.into_iter().map(|(name, value)| {
        let value = match value.starts_with(['{', '[']) {
            _ if is_secret(&name) => MASK.to_owned(),
            true => laid_out(&value).unwrap_or(value),
            false => value,
        };
        format!("{name}: {value}")
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

fn mask(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if is_secret(name) {
                    *value = serde_json::Value::String(MASK.to_owned());
                } else {
                    mask(value);
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(mask),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::shown_body;

    #[test]
    fn a_receipt_is_shown_without_keys() {
        let shown = shown_body(r#"{"code":131026,"data":[{"apiKey":"S3CR3T","access_token":"T0K3N"}]}"#);
        assert!(shown.contains("131026") && shown.contains("•••"));
        assert!(!shown.contains("S3CR3T") && !shown.contains("T0K3N"));
    }

    #[test]
    fn a_form_is_shown_as_names_and_values_without_keys() {
        let form = "status=delivered&failure_reason=Out+of+reach%2C+%22DND%22&apiKey=S3CR3T&udf2=";
        assert_eq!(
            shown_body(form),
            "status: delivered\nfailure_reason: Out of reach, \"DND\"\napiKey: •••\nudf2: "
        );
        let list = shown_body(
            "payloadVersion=1&statuses=%5B%7B%22msgId%22%3A%22abc%22%2C%22token%22%3A%22T0K3N%22%7D%5D",
        );
        assert!(list.contains("\"msgId\": \"abc\"") && !list.contains("T0K3N"), "{list}");
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        for body in ["<key>S3CR3T</key>", "my key = S3CR3T", "S3CR3T", "<a b='S3CR3T'/>"] {
            assert_eq!(shown_body(body), format!("{} bytes that are neither JSON nor a form", body.len()));
        }
    }
}
