//! Trying an account: asking the provider about the campaign, and one real message to a number that the person types.

use ::compose::{TestRecipient, TestRefusal, Wait};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    audience::Excluded, channel::Channel, checks::Probe, message::SkipReason, outcome::Outcome, phone::Phone,
    template::Message,
};
use maud::html;
use providers::AccountStanding;

use super::{
    Pairs,
    choices::{Choices, Ids, Opened},
    compose::Compose,
    composer_state::ComposerState,
    not_set_up, page, parts, vendor,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Query},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{button::Button, dialog::Confirm, field::Field, format, icons::Icon, words::reasons},
};

/// The page of a test message, and where its form goes.
pub const PATH: &str = "/compose/test";
/// Asks the provider about the campaign.
pub const CHECK: &str = "/compose/check";
/// The dialog on the home page.
pub(super) const DIALOG: &str = "test";
/// Field of the number.
const TO: &str = "to";

/// What opens the question.
pub(super) fn button(composer: &ComposerState) -> Button {
    let words =
        if composer.state.channel == Channel::IvrCall { "Call me to test" } else { "Send test to me" };
    Button::link(words, composer.state.href(PATH)).icon(Icon::Test).opens(DIALOG)
}

/// `GET /compose/test`: the question as a page.
pub async fn show(State(app): State<App>, member: Member, query: Query<Pairs>) -> PageResult {
    let (composer, _) = load(&app, &member, &query.0, Ids::MayBeOld, Wait::Page).await?;
    Ok(page(&member, None, html! { (question(&member, &composer).page()) }, None, None))
}

/// `POST /compose/test`: one real message outside every broadcast, with the person's own name in it.
pub async fn send(State(app): State<App>, member: Member, form: Form<Pairs>) -> PageResult {
    let (composer, opened) = load(&app, &member, &form.0, Ids::MustBeThere, Wait::Page).await?;
    let typed = form.0.iter().find(|(name, _)| name == TO).map_or("", |(_, value)| value.as_str());
    let phone = match Phone::parse(typed, member.organization.country) {
        Ok(phone) => phone,
        Err(error) => return Ok(asked_again(&member, &composer, typed, &error.to_string())),
    };
    let back = composer.state.href("/");
    let vendor = vendor::name(composer.state.channel, Some(&composer.review.draft.account));
    let trial = TestRecipient { name: &member.user.name, email: &member.user.email, phone: &phone };
    let outcome = match app.composer.trial(&member, &composer.review, &opened, &trial).await {
        Ok(outcome) => outcome,
        Err(TestRefusal::Store(error)) => return Err(error.into()),
        Err(TestRefusal::Unsendable(words)) => return Ok(not_sent(&app, &back, &words)),
        Err(TestRefusal::Excluded(Excluded { value: Some(error), .. })) => {
            return Ok(not_sent(&app, &back, &error.to_string()));
        }
        Err(refusal) => {
            return Ok(asked_again(&member, &composer, typed, &in_words(&member, &composer, &refusal)));
        }
    };
    let to = format::phone(phone.as_str());
    Ok(match outcome {
        Outcome::Accepted { .. } => see_other_saying(
            &app,
            &back,
            &format!(
                "{vendor} took the test message for {to}. Look at that phone: taken is not yet delivered."
            ),
        ),
        Outcome::Unknown(said) => see_other_failed(
            &app,
            &back,
            &format!(
                "{vendor} did not say whether it took the test message ({}). It may arrive: look at the phone before you try again.",
                said.text
            ),
        ),
        Outcome::Refused(said) | Outcome::AccountStopped(said) | Outcome::Misconfigured(said) => {
            not_sent(&app, &back, &format!("{vendor} says: {}", said.text))
        }
        Outcome::NotNow { said, .. } => {
            not_sent(&app, &back, &format!("{vendor} did not take it now: {}", said.text))
        }
    })
}

fn not_sent(app: &App, back: &str, words: &str) -> axum::response::Response {
    let words = words.trim_end_matches('.');
    see_other_failed(app, back, &format!("{words}. Nothing was sent."))
}

/// Why no test message was sent, beside the number.
fn in_words(member: &Member, composer: &ComposerState, refusal: &TestRefusal) -> String {
    let review = &composer.review;
    let limits =
        || parts::hours_limits(review.own_hours, review.draft.message.category()).unwrap_or_default();
    match refusal {
        TestRefusal::Stopped => "Sending is stopped. Release it before you try.".to_owned(),
        TestRefusal::Excluded(Excluded { reason: SkipReason::Suppressed, .. }) => {
            "This number is on the list of people who must not be contacted.".to_owned()
        }
        TestRefusal::Excluded(excluded) => {
            let words = reasons::excluded(excluded.reason);
            format!("{}. {}", words.title, words.note)
        }
        TestRefusal::Closed { opens: None } => {
            format!("A test message keeps to the hours as well, and these leave no moment. {}", limits())
        }
        TestRefusal::Closed { opens: Some(opens) } => format!(
            "A test message keeps to the hours as well: it may go at {}. {}",
            parts::moment(member, *opens),
            limits()
        ),
        TestRefusal::Unsendable(words) => words.clone(),
        TestRefusal::Store(error) => error.to_string(),
    }
}

fn asked_again(
    member: &Member,
    composer: &ComposerState,
    typed: &str,
    error: &str,
) -> axum::response::Response {
    let mut question = question(member, composer);
    question.body = html! { (number(composer.state.channel, typed).error(Some(error.to_owned()))) };
    let body = html! { (question.page()) };
    (StatusCode::UNPROCESSABLE_ENTITY, page(member, None, body, None, None)).into_response()
}

fn number(channel: Channel, typed: &str) -> Field {
    let help = match channel {
        Channel::IvrCall => {
            "It rings once, says the script with your own name and takes a key, which does nothing. The call is charged like any other."
        }
        Channel::WhatsappGroup | Channel::WhatsappPersonal | Channel::Sms => {
            "One real message goes there, with your own name in it. It is charged like any other."
        }
    };
    Field::phone(TO, "Your number").id("test-to").value(typed).autocomplete("tel").help(help)
}

/// The question, for the dialog and for the page.
pub(super) fn question(member: &Member, composer: &ComposerState) -> Confirm {
    let (name, channel) = (&composer.review.draft.template.name, composer.state.channel);
    let (title, confirm) = match channel {
        Channel::IvrCall => (
            format!("Hear “{name}” on your own phone"),
            Button::primary("Call me").icon(Icon::Call).busy("Calling…"),
        ),
        Channel::WhatsappGroup | Channel::WhatsappPersonal | Channel::Sms => (
            format!("Send “{name}” to yourself"),
            Button::primary("Send test message").icon(Icon::Test).busy("Sending…"),
        ),
    };
    Confirm {
        id: DIALOG.to_owned(),
        title,
        body: html! { (number(channel, "")) },
        action: PATH.to_owned(),
        csrf: member.csrf().clone(),
        hidden: composer.state.pairs(),
        confirm,
        back: ("Back".to_owned(), composer.state.href("/")),
    }
}

/// `POST /compose/check`: asks the provider anew and says what it answered.
pub async fn check(State(app): State<App>, member: Member, form: Form<Pairs>) -> PageResult {
    let (composer, opened) = load(&app, &member, &form.0, Ids::MustBeThere, Wait::Page).await?;
    let back = composer.state.href("/");
    let account = match &opened.account {
        Ok(account) => account,
        Err(words) => return Ok(see_other_failed(&app, &back, words)),
    };
    let vendor = vendor::name(composer.state.channel, Some(&composer.review.draft.account));
    let name = composer.review.draft.message.name_there();
    let probe = app
        .composer
        .probe(&composer.review.draft.account, account, &composer.review.draft.message, Wait::Anew)
        .await;
    let anew = app.composer.open(&composer.review.draft.account, Wait::Anew).await;
    let status = anew.status.unwrap_or_default();
    let money = match (status.balance, status.standing) {
        (Some(balance), _) => format!(" The wallet holds {}.", format::rupees(balance.0)),
        (None, AccountStanding::Refused) => {
            format!(" About the wallet it says: {}.", status.balance_note.trim_end_matches('.'))
        }
        (None, _) => String::new(),
    };
    let thing = match &composer.review.draft.message {
        Message::Whatsapp(_) => format!("the campaign {name}"),
        Message::Sms(_) | Message::Group(_) | Message::Call(_) => format!("the text {name}"),
    };
    Ok(match probe {
        Probe::Answered { live: true, parameters, .. } => {
            let values = parameters.map(|n| format!(" and takes {}", format::counted(n, "value", "values")));
            let is = match (&composer.review.draft.message, &values) {
                (Message::Whatsapp(_), _) => format!("{vendor} answers: {thing} is live"),
                (Message::Sms(_), Some(_)) => format!("{vendor} answers: {thing} is registered"),
                (Message::Sms(_), None) | (Message::Group(_) | Message::Call(_), _) => {
                    format!("{vendor} takes the key")
                }
            };
            let words = format!("{is}{}.{money} Nothing was sent.", values.unwrap_or_default());
            see_other_saying(&app, &back, &words)
        }
        Probe::Answered { live: false, .. } => see_other_failed(
            &app,
            &back,
            &format!("{vendor} answers: {thing} is not live. Set it live there.{money}"),
        ),
        Probe::Refused(words) => {
            let look = match &composer.review.draft.message {
                Message::Whatsapp(_) => "Check the campaign’s name and the key",
                Message::Sms(_) | Message::Group(_) | Message::Call(_) => {
                    "Check the key under Settings, Integrations"
                }
            };
            let words = words.trim_end_matches('.');
            see_other_failed(&app, &back, &format!("{vendor} refuses: {words}. {look}.{money}"))
        }
        Probe::KeyRefused(words) => {
            let words = words.trim_end_matches('.');
            let look = "Check the key under Settings, Integrations";
            see_other_failed(&app, &back, &format!("{vendor} refuses the key: {words}. {look}.{money}"))
        }
        Probe::Silent(words) => see_other_failed(
            &app,
            &back,
            &format!("{vendor} could not be asked: {}. Try again in a minute.", words.trim_end_matches('.')),
        ),
    })
}

async fn load(
    app: &App,
    member: &Member,
    pairs: &Pairs,
    ids: Ids,
    wait: Wait,
) -> Result<(ComposerState, Opened), Problem> {
    let mut state = Compose::read(pairs);
    let choices = Choices::load(member, &mut state, ids, None).await?;
    let account = choices.account().ok_or_else(not_set_up)?;
    let opened = app.composer.open(account, wait).await;
    let composer = ComposerState::load(app, member, &state, &choices, Some(&opened), wait).await?;
    Ok((composer.ok_or_else(not_set_up)?, opened))
}
