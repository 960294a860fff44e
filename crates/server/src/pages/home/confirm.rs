//! The confirmation: number of people, cost and finishing time, then one broadcast, however often the button is pressed.

use ::compose::{Confirmation, Confirmed, Refusal, Wait};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    broadcast::Audience,
    channel::Category,
    checks::{EarlierBroadcast, Finding, Severity},
    ids::BroadcastId,
    phone::Country,
    sending_hours::AfterHours,
    template::Message,
    time::{DAY, MINUTE},
};
use maud::{Markup, html};
use store::StoreError;
use subtle::ConstantTimeEq;

use super::{
    Pairs,
    choices::{Choices, Ids},
    compose::Compose,
    composer_state::ComposerState,
    not_set_up, page, parts, paths, vendor,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Query},
        gate::WRITTEN_AT,
        notice::{see_other, see_other_saying},
    },
    seal::hmac_sha256,
    ui::{
        button::Button,
        chip::Tone,
        dialog::{Confirm, WideConfirm},
        field::Field,
        format::{counted, grouped, phone, relative, rupees, unit_price},
        head::KeyValues,
        icons::Icon,
        note::Note,
    },
};

/// The page, and where the form goes.
pub const PATH: &str = "/compose/confirm";
/// The dialog on the home page.
pub(super) const DIALOG: &str = "confirm";
/// Field of the one-time token.
const ONCE: &str = "once";
/// Field of the people who get it again, as the question named them.
const AGAIN: &str = "again";
/// Field of the newest broadcast of the purpose that the question knew.
const KNEW: &str = "knew";
/// Field of the number that a person types.
const TYPED: &str = "typed";
/// More people than these have to be typed as a number.
const TYPED_OVER: i64 = 1_000;
/// Field of the people that the question named.
const PEOPLE: &str = "people";
/// A question is good for so long.
const QUESTION_MS: i64 = DAY;
/// Bytes of the proof that we made the token.
const PROOF_BYTES: usize = 16;

/// `GET /compose/confirm`: the question as a page.
pub async fn show(State(app): State<App>, member: Member, query: Query<Pairs>) -> PageResult {
    let composer = load(&app, &member, &query.0).await?;
    let status = if composer.review.may_send() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, ask(&app, &member, &composer, None)).into_response())
}

/// `POST /compose/confirm`: makes the broadcast. A second press with the same token leads to the same broadcast.
pub async fn confirm(State(app): State<App>, member: Member, form: Form<Pairs>) -> PageResult {
    let field = |name| form.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let id = field(ONCE).and_then(|token| read_token(&app, &member, token)).ok_or_else(|| {
        Problem::bad_request(
            "This question is too old. Go back to the composer and review the broadcast again.",
        )
    })?;
    if is_confirmed(&member, id).await? {
        return Ok(see_other(&paths::broadcast(id)));
    }
    let composer = load(&app, &member, &form.0).await?;
    let named = field(PEOPLE).and_then(|n| n.parse().ok()).unwrap_or(0);
    let again = field(AGAIN).and_then(|n| n.parse().ok());
    let knew = Some(field(KNEW).and_then(|id| id.parse().ok()));
    let confirmation = Confirmation { id, named: Some(named), again, knew };
    if let Some(wanted) = typed_number(&composer)
        && composer.review.is_current(&confirmation)
        && field(TYPED).map(digits) != Some(wanted.to_string())
    {
        let words = format!("Type {wanted}, the number of people, to confirm.");
        let note = Note::new(Tone::Act, "Nothing was sent.", words);
        return Ok(
            (StatusCode::UNPROCESSABLE_ENTITY, ask(&app, &member, &composer, Some(note))).into_response()
        );
    }
    let Confirmed { id, people } = match composer.review.confirm(&member, &confirmation).await {
        Ok(confirmed) => confirmed,
        Err(Refusal::Blocked) => {
            let asked = ask(&app, &member, &composer, None);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, asked).into_response());
        }
        Err(Refusal::Store(error)) => return Err(error.into()),
        Err(refusal) => {
            let note = Note::new(Tone::Act, "Nothing was sent.", changed(&member, &composer, &refusal));
            return Ok((StatusCode::CONFLICT, ask(&app, &member, &composer, Some(note))).into_response());
        }
    };
    app.engine.wake(id);
    let people = parts::people(people);
    let begins = composer.review.begins();
    let words = if composer.state.later || begins > composer.review.draft.timing.start {
        format!("Scheduled for {people}, {}.", parts::moment(&member, begins))
    } else {
        format!("Confirmed for {people}. It begins in ten seconds; until then you can take it back.")
    };
    Ok(see_other_saying(&app, &paths::broadcast(id), &words))
}

/// Why the answer does not fit the question any more.
fn changed(member: &Member, composer: &ComposerState, refusal: &Refusal) -> String {
    let before = &composer.review.before;
    let last = before.last.as_ref();
    match refusal {
        Refusal::MorePeople { .. } => {
            "More people registered since the question was asked. Look at the new number and confirm again."
                .to_owned()
        }
        Refusal::SentBefore(earlier) => format!(
            "{} got it before: {} confirmed “{}” {}. Leave them out, or say that it is sent to them again.",
            parts::people(earlier.n),
            earlier.by,
            earlier.title,
            relative(earlier.at.0, member.now.0)
        ),
        Refusal::BeingPrepared(_) => {
            "Another broadcast for the same purpose is being prepared. In a moment it is known who gets it; then confirm again."
                .to_owned()
        }
        Refusal::ToldMeanwhile | Refusal::Blocked | Refusal::Store(_) => match last {
            Some(last) => format!(
                "{} confirmed “{}” {}, after this question was asked: {} of these people got it or are getting it. Look at the new number.",
                last.by,
                last.title,
                relative(last.at.0, member.now.0),
                grouped(before.again)
            ),
            None => "Something changed since the question was asked. Look at it again.".to_owned(),
        },
    }
}

/// The number that has to be typed before so many people, or anybody twice, are told.
fn typed_number(composer: &ComposerState) -> Option<i64> {
    let people = composer.review.audience.reachable;
    (people > TYPED_OVER || composer.review.sent_before().is_some()).then_some(people)
}

fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).collect()
}

pub(super) async fn is_confirmed(member: &Member, id: BroadcastId) -> Result<bool, Problem> {
    match member.org.broadcast(id).await {
        Ok(_) => Ok(true),
        Err(StoreError::Missing) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Only the named workshop is taken: a question about another one than the one on the page would be a trap.
async fn load(app: &App, member: &Member, pairs: &Pairs) -> Result<ComposerState, Problem> {
    let mut state = Compose::read(pairs);
    if state.workshop.is_none() || state.template.is_none() {
        return Err(Problem::bad_request(
            "Choose workshop and template on the home page, and review from there.",
        ));
    }
    let choices = Choices::load(member, &mut state, Ids::MustBeThere, None).await?;
    let account = choices.account().ok_or_else(not_set_up)?;
    let opened = app.composer.open(account, Wait::Decision).await;
    let composer = ComposerState::load(app, member, &state, &choices, Some(&opened), Wait::Decision).await?;
    composer.ok_or_else(not_set_up)
}

/// The page with the question, or with what stands in its way.
fn ask(app: &App, member: &Member, composer: &ComposerState, note: Option<Note>) -> axum::response::Response {
    let body = html! {
        @if let Some(note) = note { (note) }
        @if composer.review.may_send() { (question(app, member, composer).page()) } @else { (blocked(member, composer)) }
    };
    page(member, None, body, None, None)
}

fn blocked(member: &Member, composer: &ComposerState) -> Markup {
    html! {
        section class="m-card m-ask" aria-labelledby="blocked" {
            h1 class="m-ask__title" id="blocked" { "This cannot be sent yet" }
            p class="m-p" { (composer.obstacle(member).unwrap_or_default()) }
            div class="m-ask__acts" { (Button::primary_link("Back to the composer", composer.state.href("/"))) }
        }
        (parts::checks(member, composer))
    }
}

/// The question, for the dialog and for the page.
pub(super) fn question(app: &App, member: &Member, composer: &ComposerState) -> WideConfirm {
    let reachable = composer.review.audience.reachable;
    let people = parts::people(reachable);
    let earlier = composer.review.sent_before();
    let again = earlier.as_ref().map(|earlier| earlier.n.min(reachable));
    let label = |verb: &str| match again {
        None => format!("{verb} {people}"),
        Some(n) if n == reachable => format!("Send again to {people}"),
        Some(n) => format!("{verb} {people}, {} again", grouped(n)),
    };
    let name = &composer.review.draft.template.name;
    let begins = composer.review.begins();
    let waits = begins > composer.review.draft.timing.start;
    let (title, button, busy) = if composer.state.later {
        (
            format!("Schedule “{name}” for {people}?"),
            Button::primary(label("Schedule for")).icon(Icon::Wait),
            "Scheduling…",
        )
    } else {
        let when = if waits { format!("from {}", parts::moment(member, begins)) } else { "now".to_owned() };
        (
            format!("Send “{name}” to {people} {when}?"),
            Button::primary(label("Send to")).icon(Icon::Send),
            "Confirming…",
        )
    };
    let mut hidden = composer.state.pairs();
    // What was offered is what is confirmed, whatever would be offered by then.
    hidden.retain(|(name, _)| name != "who");
    let who = match (&composer.review.draft.audience, &composer.state.who) {
        // Pasted people are looked up again; ticked people are in the form.
        (Audience::Chosen(_), Some(Audience::Chosen(ticked))) => Audience::Chosen(ticked.clone()),
        (who, _) => who.clone(),
    };
    hidden.push(("who".to_owned(), who.to_string()));
    let newest = composer.review.before.newest.map(|id| id.to_string()).unwrap_or_default();
    hidden.push((KNEW.to_owned(), newest));
    if let Some(earlier) = &earlier {
        hidden.push((AGAIN.to_owned(), earlier.n.to_string()));
    }
    hidden.push((ONCE.to_owned(), token(app, member, BroadcastId::new(member.now))));
    hidden.push((WRITTEN_AT.to_owned(), composer.state.href("/")));
    hidden.push((PEOPLE.to_owned(), composer.review.audience.reachable.to_string()));
    if composer.state.later && composer.state.at.is_empty() {
        hidden.retain(|(name, _)| name != "at");
        hidden
            .push(("at".to_owned(), member.organization.zone.local_form(composer.review.draft.timing.start)));
    }
    if composer.state.until.is_empty() {
        // What was shown is what is confirmed, also when the page was open for long.
        hidden.push((
            "until".to_owned(),
            member.organization.zone.local_form(composer.review.draft.timing.deadline),
        ));
    }
    hidden.extend(decided_here(composer));
    WideConfirm(Confirm {
        id: DIALOG.to_owned(),
        title,
        body: html! {
            (dangers(member, composer))
            div class="m-confirm__cols" { (as_read(member, composer)) (summary(member, composer)) }
            @if let Some(number) = typed_number(composer) {
                @let label = format!("{}: type {number}", if number > TYPED_OVER { "More than 1,000 people" } else { "Sent again" });
                (Field::text(TYPED, label).required().tune(|input| input.inputmode = Some("numeric")))
            }
        },
        action: PATH.to_owned(),
        csrf: member.csrf().clone(),
        hidden,
        confirm: button.busy(busy),
        back: ("Keep editing".to_owned(), composer.state.href("/")),
    })
}

/// Choices that the page made because nobody else did. They stay, also when the answer comes the next morning.
fn decided_here(composer: &ComposerState) -> Vec<(String, String)> {
    let (state, draft) = (&composer.state, &composer.review.draft);
    let mut decided = Vec::new();
    if state.after.is_none() {
        decided.push(("after".to_owned(), draft.after.word().to_owned()));
    }
    if state.wait_out_quiet.is_none() {
        let waits = if draft.wait_out_quiet { "wait" } else { "send" };
        decided.push(("quiet".to_owned(), waits.to_owned()));
    }
    decided
}

/// The message as one real person reads it.
fn as_read(member: &Member, composer: &ComposerState) -> Markup {
    let sms = matches!(composer.review.draft.message, Message::Sms(_));
    html! {
        div class="m-say" {
            @if let Some(shown) = &composer.shown {
                p class="m-say__who" {
                    b { (parts::name(shown)) } " reads this"
                    span class="m-sub" { (phone(&shown.phone)) " · " (grouped(shown.position)) " of " (grouped(composer.review.audience.reachable)) }
                }
            }
            div.m-phone__screen.m-phone__screen--sms[sms] { (parts::bubble(member, composer)) }
        }
    }
}

/// What is dangerous about it, in words, before everything else: each with its way out.
fn dangers(member: &Member, composer: &ComposerState) -> Markup {
    let found = composer.review.findings.iter().zip(composer.words(member));
    let found: Vec<_> =
        found.filter_map(|(finding, words)| Some((danger(finding)?, finding, words))).collect();
    html! {
        @if !found.is_empty() {
            div class="m-danger" {
                @for (grave, finding, words) in &found {
                    div.m-danger__item.m-danger__item--fail[*grave] {
                        (Icon::Warning)
                        div {
                            p class="m-danger__title" { (words.title) "." }
                            p class="m-danger__why" { (words.why) }
                        }
                        @if matches!(finding, Finding::InQuietHours) {
                            @let waits = Compose { wait_out_quiet: Some(true), ..composer.state.clone() };
                            (Button::link("Wait for the morning", waits.href(PATH)).small())
                        }
                    }
                }
            }
        }
        @if let Some(earlier) = composer.review.sent_before() { (repeats(member, composer, &earlier)) }
    }
}

/// Whether a finding is dangerous, and then whether it is grave: people would come on the wrong day, or not be told in time.
fn danger(finding: &Finding) -> Option<bool> {
    match finding {
        Finding::WrongDay { .. } | Finding::EndsTooLate | Finding::EndsAfterStart => Some(true),
        Finding::InQuietHours
        | Finding::HoursEnd { .. }
        | Finding::WalletLow { .. }
        | Finding::WorkshopBegun => Some(false),
        _ => None,
    }
}

fn repeats(member: &Member, composer: &ComposerState, earlier: &EarlierBroadcast) -> Markup {
    let left = composer.offers.told.is_none_or(|told| told.not_told > 0);
    let others = composer.state.with_who(Audience::NotTold).href(PATH);
    html! {
        div class="m-danger" {
            div class="m-danger__item" {
                (Icon::Warning)
                div {
                    p class="m-danger__title" {
                        (grouped(earlier.n.min(composer.review.audience.reachable)))
                        @if composer.offers.told.is_some_and(|told| told.going > 0) { " of them got this before, or are going to get it." }
                        @else { " of them got this before." }
                    }
                    p class="m-danger__why" {
                        (earlier.by) " confirmed “" (earlier.title) "” " (relative(earlier.at.0, member.now.0)) ". They would get it again."
                    }
                }
                @if left { (Button::link("Leave them out", others).small()) }
            }
        }
    }
}

fn summary(member: &Member, composer: &ComposerState) -> KeyValues {
    let left_out = composer.review.audience.total - composer.review.audience.reachable;
    let warnings =
        composer.review.findings.iter().filter(|found| found.severity() == Severity::Warning).count();
    let begins = composer.review.begins();
    let waits = begins > composer.review.draft.timing.start;
    let at_once = !composer.state.later && !waits;
    let when = if at_once { "Now".to_owned() } else { parts::moment(member, begins) };
    let note = if waits {
        Some("when it may be sent; until then you can take it back".to_owned())
    } else {
        at_once.then(|| "after ten seconds in which you can take it back".to_owned())
    };
    let draft = &composer.review.draft;
    let mut rows = vec![
        (
            "Channel".to_owned(),
            html! { (draft.message.channel().title()) },
            Some(format!(
                "{} · {}",
                vendor::name(composer.state.channel, Some(&draft.account)),
                draft.account.name
            )),
        ),
        ("Workshop".to_owned(), html! { (draft.workshop.title) }, Some(day_and_time(member, composer))),
        (
            "People".to_owned(),
            html! { (grouped(composer.review.audience.reachable)) " of " (grouped(composer.review.audience.total)) },
            (left_out > 0).then(|| format!("{} left out, each with a reason", grouped(left_out))),
        ),
        cost(member, composer),
        ("Begins".to_owned(), html! { (when) }, note),
        (
            "Done by".to_owned(),
            html! { (parts::moment(member, composer.review.forecast.done_at)) },
            Some("estimate".to_owned()),
        ),
        (
            "Not sent after".to_owned(),
            html! { (parts::moment(member, composer.review.draft.timing.deadline)) },
            None,
        ),
    ];
    if composer.review.hours.are_limited() {
        let open = hours_words(composer);
        let then = match composer.review.hours.then() {
            AfterHours::Cancel => "what is left then is cancelled",
            AfterHours::Wait => "what is left then waits",
        };
        rows.push(("Hours".to_owned(), html! { (open) }, Some(then.to_owned())));
    }
    if warnings > 0 {
        let words = if warnings == 1 { "1 warning".to_owned() } else { format!("{warnings} warnings") };
        rows.push(("Checks".to_owned(), html! { (words) }, Some("no errors".to_owned())));
    }
    KeyValues { rows, inset: false }
}

/// Every hour that limits it.
fn hours_words(composer: &ComposerState) -> String {
    let law = match composer.review.draft.message.category() {
        Category::Marketing => Some("10:00 AM to 9:00 PM, outside your quiet hours"),
        Category::Utility | Category::Authentication if composer.review.draft.wait_out_quiet => {
            Some("Outside your quiet hours")
        }
        Category::Utility | Category::Authentication => None,
    };
    match (law, composer.review.own_hours) {
        (Some(law), Some(own)) => format!("{law}, and within the account’s {own}"),
        (None, Some(own)) => format!("{own}, the account’s"),
        (law, None) => law.unwrap_or("Any").to_owned(),
    }
}

/// "Mon 30 Nov, tomorrow, 7:00 PM".
fn day_and_time(member: &Member, composer: &ComposerState) -> String {
    let zone = &member.organization.zone;
    let starts = composer.review.draft.workshop.starts_at;
    let (today, tomorrow) = zone.day(member.now);
    let (_, after) = zone.day(tomorrow);
    let day = if (today..tomorrow).contains(&starts) {
        ", today"
    } else if (tomorrow..after).contains(&starts) {
        ", tomorrow"
    } else {
        ""
    };
    let ends = zone.time(composer.review.draft.workshop.ends_at);
    format!("{}{day}, {} – {ends}", zone.date(starts, member.now), zone.time(starts))
}

/// What it costs, with the tax where that is known, and what the sum is made of.
fn cost(member: &Member, composer: &ComposerState) -> (String, Markup, Option<String>) {
    let net = composer.review.forecast.cost;
    let units = match &composer.review.draft.message {
        Message::Sms(_) => counted(composer.review.units, "SMS", "SMS"),
        Message::Whatsapp(_) | Message::Group(_) => grouped(composer.review.units),
        Message::Call(_) => counted(composer.review.units, "call", "calls"),
    };
    let sum = format!("{units} × {} = {}", unit_price(composer.review.unit.0), rupees(net.0));
    let name = "Cost, estimate".to_owned();
    if member.organization.country == Country::INDIA {
        let tax = net.gst();
        let with = html! { (rupees((net + tax).0)) " with GST" };
        return (name, with, Some(format!("{sum}, GST {}", rupees(tax.0))));
    }
    (name, html! { (rupees(net.0)) }, Some(sum))
}

/// The id of the broadcast to be, with the proof that we gave it to this person: whoever presses twice presses the same.
pub(super) fn token(app: &App, member: &Member, id: BroadcastId) -> String {
    format!("{id}.{}", hex::encode(proof(app, member, id)))
}

pub(super) fn read_token(app: &App, member: &Member, token: &str) -> Option<BroadcastId> {
    let (id, given) = token.split_once('.')?;
    let id: BroadcastId = id.parse().ok()?;
    let ours: bool = proof(app, member, id).as_slice().ct_eq(&hex::decode(given).ok()?).into();
    // UUIDv7 begins with its instant in milliseconds.
    let made_ms = i64::try_from(id.0.as_u128() >> 80).ok()?;
    let age = member.now.0 - made_ms;
    (ours && (-MINUTE..QUESTION_MS).contains(&age)).then_some(id)
}

fn proof(app: &App, member: &Member, id: BroadcastId) -> [u8; PROOF_BYTES] {
    let parts: [&[u8]; 4] =
        [b"confirm", id.0.as_bytes(), member.organization.id.0.as_bytes(), member.user.id.0.as_bytes()];
    let mac = hmac_sha256(&app.keys.form_key(), &parts);
    *mac.first_chunk().expect("a mac has 32 bytes")
}
