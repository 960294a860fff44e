//! Whole conversations with each provider's stand-in: what people hear, press and get told, and that nobody's phone rings twice.

use std::sync::Arc;

use domain::{
    call::{CallState, Digit, Hearing},
    outcome::Outcome,
};
use munadi_providers::Vendor;
use sandbox::{
    Amount, Config, Faults,
    voice::{Callee, Chaos, Does, Placed, exotel, knowlarity, kookoo, myoperator},
};
use serde_json::json;

use super::{
    CALLERS,
    program::{Address, Program},
};

const PRESSES_1: Does = Does::Presses { key: '1', after_s: 2 };

/// A provider's stand-in whose phones do what their endings say, and the program with an account there.
async fn start(vendor: &'static dyn Vendor, chaos: Chaos, faults: Faults) -> Program {
    let program = start_before_time(vendor, chaos, faults).await;
    program.let_time_pass();
    program
}

/// The same start with a clock that stands still.
async fn start_before_time(vendor: &'static dyn Vendor, chaos: Chaos, faults: Faults) -> Program {
    let address = Address::take().await;
    let callback = address.callback.clone();
    let mut config = Config { faults, ..Config::default() };
    config.voice.chaos = chaos;
    config.voice.dnd_endings = ["99".to_owned()].into();
    config.voice.by_ending = [
        ("1", PRESSES_1),
        ("2", Does::Presses { key: '9', after_s: 3 }),
        ("3", Does::Listens),
        ("4", Does::HangsUp { after_s: 2 }),
        ("5", Does::Busy),
        ("6", Does::NoAnswer),
        ("7", Does::Unreachable),
        ("8", Does::Voicemail),
        ("0", Does::Presses { key: '5', after_s: 1 }),
    ]
    .map(|(ending, does)| (ending.to_owned(), Callee::who(does)))
    .into();
    config.voice.exotel.flow_url.clone_from(&callback);
    config.voice.myoperator.node_url = format!("{callback}/step");
    config.voice.myoperator.hook_url = format!("{callback}/status");
    config.voice.knowlarity.hook_url = format!("{callback}/status");
    let kind = vendor.kind();
    Program::start(address, config, move |url| {
        let (settings, secrets) = match kind {
            "exotel" => (
                json!({ "sid": "udaan1", "exophone": "08000000000", "flow_id": "4711" }),
                vec![("api_key", exotel::KEY), ("api_token", exotel::TOKEN)],
            ),
            "ozonetel" => (json!({ "caller_id": "0800000000" }), vec![("api_key", kookoo::KEY)]),
            "myoperator" => (
                json!({ "company_id": "comp0001", "public_ivr_id": "ivr0001", "ask_node": "n-ask", "digit_node": "n-digit" }),
                vec![
                    ("api_key", myoperator::KEY),
                    ("secret_token", myoperator::TOKEN),
                    ("search_token", myoperator::SEARCH_TOKEN),
                ],
            ),
            _ => (
                json!({ "number": "+910000000099", "ivr_id": "1000000001" }),
                vec![("api_key", knowlarity::KEY), ("account_key", knowlarity::ACCOUNT_KEY)],
            ),
        };
        let addresses = sandbox::registry::FACES.iter().flat_map(|face| face.addresses());
        let secrets = secrets.iter().fold(munadi_providers::Secrets::default(), |all, (key, value)| all.with(key, value));
        let urls = addresses.fold(munadi_providers::Urls::default(), |urls, (key, path)| {
            urls.with(key, &format!("{url}{path}"))
        });
        vendor.open(&settings, &secrets, &urls).unwrap()
    })
    .await
}

fn number(ending: i64) -> String {
    format!("+9190000000{ending:02}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_phone_leads_where_its_owner_leads_it() {
    for vendor in CALLERS {
        let kind = vendor.kind();
        let program = start(*vendor, Chaos::default(), Faults::default()).await;
        for ending in 0..=8 {
            let outcome = program.place(ending + 1, &number(ending)).await;
            assert!(matches!(outcome, Outcome::Accepted { .. }), "{kind} {ending}: {outcome:?}");
        }
        program.quiet().await;
        let abilities = program.account.voice().unwrap().abilities();
        for (ending, state, told) in [
            (1, CallState::Completed, true),
            (2, CallState::Completed, true),
            (3, CallState::Completed, true),
            (4, CallState::Completed, false),
            (5, CallState::Busy, false),
            (6, CallState::NoAnswer, false),
            (7, CallState::Failed, false),
            (0, CallState::Completed, true),
        ] {
            let record = program.record(ending + 1);
            // Where a provider does not tell busy lines apart, all three endings are calls that nobody picked up.
            // KooKoo reports a phone that is off in the same way.
            let vague = !abilities.tells_busy || (kind == "ozonetel" && ending == 7);
            let state = if vague && (5..=7).contains(&ending) { CallState::NoAnswer } else { state };
            assert_eq!(record.state(), state, "{kind} {ending}: {record:?}");
            let hearing = record.hearing(program.text_s());
            assert_eq!(hearing.is_told(), told, "{kind} {ending}: {hearing:?} {record:?}");
        }
        let key = |n| program.record(n).hearing(program.text_s());
        assert_eq!(key(2), Hearing::Confirmed(Digit::new(1).unwrap()), "{kind}");
        assert_eq!(key(3), Hearing::Confirmed(Digit::new(9).unwrap()), "{kind}");
        let calls = program.sandbox.telephones().calls();
        assert_eq!(calls.len(), 9, "{kind}: each phone rang once");
        let heard = |ending: i64| {
            let phone = 919_000_000_000 + u64::try_from(ending).unwrap();
            program.sandbox.telephones().calls_to(phone)[0].heard.clone()
        };
        assert!(heard(1)[0].starts_with("Hello Asha. This is Udaan"), "{kind}: {:?}", heard(1));
        if kind != "knowlarity" {
            assert_eq!(heard(1).last().map(String::as_str), Some("Thank you. See you."), "{kind}");
            assert_eq!(
                heard(2).last().map(String::as_str),
                Some("All right. We will not call you again."),
                "{kind}"
            );
            // After silence and after a wrong key the question is asked once more.
            assert_eq!(heard(3).len(), 3, "{kind}: {:?}", heard(3));
            assert_eq!(heard(3).last().map(String::as_str), Some("Thank you. Goodbye."), "{kind}");
        }
        assert_eq!(program.book.lock().unwrap().refused, 0, "{kind}");
        program.sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_counts_whatever_happens_to_the_reports() {
    let chaos = Chaos {
        repeat_reports: 1.0,
        late_reports: 0.5,
        repeat_steps: 1.0,
        call_heard_missed: 1.0,
        bare_reports: true,
        ..Chaos::default()
    };
    for vendor in CALLERS {
        let kind = vendor.kind();
        let program = start(*vendor, chaos.clone(), Faults::default()).await;
        for n in 1..=6 {
            assert!(
                matches!(program.place(n, &number(n * 10 + 1)).await, Outcome::Accepted { .. }),
                "{kind}"
            );
        }
        program.quiet().await;
        for n in 1..=6 {
            let record = program.record(n);
            assert_eq!(
                record.hearing(program.text_s()),
                Hearing::Confirmed(Digit::new(1).unwrap()),
                "{kind} {record:?}"
            );
            assert_eq!(record.state(), CallState::Completed, "{kind} {n}: {record:?}");
        }
        assert_eq!(program.sandbox.telephones().calls().len(), 6, "{kind}");
        program.sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_reports_break_nothing_and_a_lost_key_is_asked_for_where_that_is_possible() {
    let chaos = Chaos { broken_reports: 1.0, lose_keys: 1.0, ..Chaos::default() };
    for vendor in CALLERS {
        let kind = vendor.kind();
        let program = start(*vendor, chaos.clone(), Faults::default()).await;
        let Outcome::Accepted { provider_id, .. } = program.place(1, &number(1)).await else {
            panic!("{kind}")
        };
        program.quiet().await;
        assert!(program.book.lock().unwrap().not_understood > 0, "{kind}: broken reports are kept");
        assert!(program.record(1).key.is_none(), "{kind}");
        let voice = program.account.voice().unwrap();
        if !voice.abilities().looks_up {
            continue;
        }
        let about = munadi_providers::voice::CallQuery {
            call: super::call(1),
            provider_id: provider_id.as_deref(),
            to: &number(1),
            placed: super::NOW,
            now: program.now().plus(3_600_000),
        };
        let found = voice.poll_status(&crate::aisensy_request::http(), &about).await.unwrap();
        let munadi_providers::voice::CallStatus::Call(news, pressed) = found else {
            panic!("{kind}: {found:?}")
        };
        let mut record = program.record(1);
        for one in &news {
            // An order is not a call, so its id identifies no call.
            let one = domain::call::CallReport { provider_id: None, ..one.clone() };
            record.hear(&one, program.now()).unwrap();
        }
        assert_eq!(record.state(), CallState::Completed, "{kind}: {news:?}");
        assert_eq!(pressed.as_deref(), (kind == "exotel").then_some("1"), "{kind}");
        program.sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_answer_was_lost_is_found_and_never_placed_again() {
    for vendor in CALLERS {
        let kind = vendor.kind();
        let faults = Faults { reset_after: Amount::next(1), ..Faults::default() };
        let program = start(*vendor, Chaos::default(), faults).await;
        assert!(matches!(program.place(1, &number(1)).await, Outcome::Unknown(_)), "{kind}");
        let voice = program.account.voice().unwrap();
        if voice.abilities().refuses_repeats {
            // The provider knows the reference already, so the call that it names was accepted.
            assert!(matches!(program.place(1, &number(1)).await, Outcome::Accepted { .. }), "{kind}");
        }
        program.quiet().await;
        if voice.abilities().looks_up && !voice.abilities().refuses_repeats {
            let about = munadi_providers::voice::CallQuery {
                call: super::call(1),
                provider_id: None,
                to: &number(1),
                placed: super::NOW,
                now: program.now().plus(3_600_000),
            };
            let found = voice.poll_status(&crate::aisensy_request::http(), &about).await.unwrap();
            assert!(matches!(found, munadi_providers::voice::CallStatus::Call(..)), "{kind}: {found:?}");
            let other = munadi_providers::voice::CallQuery { to: "+919111111111", ..about };
            let found = voice.poll_status(&crate::aisensy_request::http(), &other).await.unwrap();
            assert_eq!(found, munadi_providers::voice::CallStatus::Absent, "{kind}");
        }
        assert_eq!(program.record(1).state(), CallState::Completed, "{kind}: its reports found it");
        assert_eq!(program.sandbox.telephones().calls().len(), 1, "{kind}: the phone rang once");
        program.sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_never_exceeded_and_the_forecast_holds() {
    let program = start(CALLERS[0], Chaos::default(), Faults::default()).await;
    program.sandbox.telephones().change(|config| config.exotel.lines = 10);
    let began = program.now();
    for n in 1..=60 {
        let to = format!("+91900001{:02}{:02}", n, 3);
        assert!(matches!(program.place(n, &to).await, Outcome::Accepted { .. }));
    }
    program.quiet().await;
    let calls = program.sandbox.telephones().calls();
    let took = calls.iter().filter_map(|call| call.ended_at).max().unwrap() - began.0;
    // The mean of all waits is taken, because on a busy machine the fast clock runs on while answers are made.
    let mean = |of: fn(&Placed) -> i64| calls.iter().map(of).sum::<i64>() / 60;
    let forecast = domain::call::finish_ms(60, 10, 6_000, mean(Placed::ring_s), mean(Placed::talk_s));
    assert_eq!(program.sandbox.telephones().most_at_once(), 10);
    let (least, most) = (forecast * 85 / 100, forecast * 115 / 100);
    assert!((least..=most).contains(&took), "took {took} ms, forecast {forecast} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_people_at_the_ear_are_each_told_what_comes_next() {
    let program = Arc::new(start_before_time(CALLERS[0], Chaos::default(), Faults::default()).await);
    let accepted = |outcome| matches!(outcome, Some(Ok(Outcome::Accepted { .. })));
    let mut placing = tokio::task::JoinSet::new();
    for n in 1..=500 {
        // Some at a time: a busy machine answers five hundred requests at once later than anybody waits for it.
        if placing.len() == 50 {
            assert!(accepted(placing.join_next().await));
        }
        let program = program.clone();
        placing.spawn(async move { program.place(n, &format!("+919000{n:04}01")).await });
    }
    while !placing.is_empty() {
        assert!(accepted(placing.join_next().await));
    }
    // Every phone rings before the first is picked up, however slow the machine is.
    program.let_time_pass();
    program.quiet().await;
    let told = (1..=500).filter(|n| program.record(*n).hearing(program.text_s()).is_told()).count();
    assert_eq!(told, 500);
    let (waited, at_once) =
        (program.sandbox.telephones().longest_wait_ms(), program.sandbox.telephones().most_at_once());
    assert_eq!(at_once, 500);
    // Exotel drops a call after five seconds. Loopback and a busy machine need a small part of that.
    assert!(waited < 2_000, "somebody waited {waited} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_on_the_register_and_empty_accounts_are_refused_as_such() {
    for vendor in CALLERS {
        let kind = vendor.kind();
        let program = start(*vendor, Chaos::default(), Faults::default()).await;
        let outcome = program.place(1, "+919000000099").await;
        // Knowlarity accepts the order and counts the number in it.
        match kind {
            "knowlarity" => assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}"),
            _ => assert_eq!(super::word(&outcome), ("refused", "call_dnd"), "{kind}"),
        }
        program.sandbox.telephones().change(|config| {
            config.exotel.balance = 0;
            config.kookoo.balance = 0;
            config.myoperator.balance = 0;
            config.knowlarity.balance = 0;
        });
        let outcome = program.place(2, &number(1)).await;
        assert_eq!(super::word(&outcome), ("stopped", "http_402"), "{kind}");
        assert!(program.sandbox.telephones().calls().is_empty(), "{kind}: no phone rang");
        let status = program.account.status(&crate::aisensy_request::http(), "").await;
        if kind == "exotel" {
            assert_eq!(status.standing, munadi_providers::AccountStanding::NoMoney, "{status:?}");
        }
        program.sandbox.stop().await;
    }
}
