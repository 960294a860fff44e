//! Everything goes wrong at once with calls of each provider: requests whose answer is lost, a provider that is down,
//! reports that come late, twice, in another order, broken or never, and steps that are asked twice. No phone of a
//! person who was told rings again, and the ledger says what the phones heard.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use domain::{
    broadcast::Audience,
    ids::BroadcastId,
    message::MessageState,
    time::{MINUTE, SECOND},
};
use sandbox::{
    faults::Amount,
    voice::{Chaos, Ended, Placed},
};
use serde_json::json;
use store::{
    on_both,
    testing::{self, TestStore},
    told::Selection,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::calls::{CALLERS, Scene, script};

/// The number of people who are called. The last digit of a number says what its phone does.
const PEOPLE: usize = 40;
/// The time for which the provider is down.
const DOWN_MS: i64 = 2 * MINUTE;

on_both! {
    async fn r27_in_chaos_the_ledger_of_calls_says_what_phones_heard_and_nobody_who_was_told_is_rung_again(db: TestStore) {
        // A soak takes many seeds: `cargo xtask soak --only seeds`.
        let seeds = std::env::var("MUNADI_CHAOS_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_u64);
        for seed in 1..=seeds {
            let shared = db.store.is_shared();
            futures::future::join_all(CALLERS.map(async |kind| {
                let fresh = match shared {
                    true => testing::postgres().await.unwrap(),
                    false => testing::sqlite().await,
                };
                chaos(&fresh, kind, seed).await;
                fresh.remove().await;
            }))
            .await;
        }
    }
}

/// The line to the providers, which can be cut. Then nobody answers, and requests under way break off.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    there: String,
    here: Option<SocketAddr>,
    carrying: Option<JoinHandle<()>>,
}

impl Wire {
    /// Forwards to this address from the one that it returns.
    async fn lead_to(&self, url: &str) -> String {
        let there = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let carrying = Some(tokio::spawn(carry(listener, there.clone())));
        *self.0.lock().unwrap() = Ends { there, here: Some(here), carrying };
        format!("http://{here}")
    }

    fn cut(&self) {
        self.0.lock().unwrap().carrying.take().unwrap().abort();
    }

    async fn mend(&self) {
        let here = self.0.lock().unwrap().here.unwrap();
        let listener = TcpListener::bind(here).await.unwrap();
        let mut ends = self.0.lock().unwrap();
        ends.carrying = Some(tokio::spawn(carry(listener, ends.there.clone())));
    }
}

async fn carry(listener: TcpListener, there: String) {
    let mut lines = tokio::task::JoinSet::new();
    loop {
        let (mut here, _) = listener.accept().await.unwrap();
        let there = there.clone();
        lines.spawn(async move {
            if let Ok(mut there) = TcpStream::connect(there).await {
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            }
        });
    }
}

async fn chaos(db: &TestStore, kind: &str, seed: u64) {
    let chaos = Chaos {
        lose_reports: 0.12,
        repeat_reports: 0.25,
        late_reports: 0.25,
        // These reports come after the provider was asked about the calls.
        late_ms: 9 * MINUTE,
        repeat_steps: 0.25,
        lose_keys: 0.08,
        call_heard_missed: 0.25,
        broken_reports: 0.03,
        ..Chaos::default()
    };
    let wire = Wire::default();
    let through = wire.clone();
    let settings = json!({ "lines": 12, "per_minute": 600 });
    let mut scene =
        Scene::through(db, kind, settings, chaos, async move |url| through.lead_to(&url).await).await;
    scene.phones.telephones().change(|voice| voice.exotel.marks_voicemail = true);
    scene.phones.faults().change(|faults| {
        faults.reset_after = Amount::Rate(0.08);
        faults.bad_gateway_accepted = Amount::Rate(0.05);
        faults.server_error = Amount::Rate(0.05);
        faults.too_many = Amount::Rate(0.10);
        faults.retry_after_s = Some(1);
    });
    // One person wants no more calls. With many of them the batch would stop.
    let endings = [1, 3, 4, 5, 6, 7, 8, 0];
    let mut numbers: Vec<String> = (0..PEOPLE - 1)
        .map(|n| format!("+9190{seed:03}{:04}{}", n * 7, endings[n % endings.len()]))
        .collect();
    numbers.push(format!("+9190{seed:03}99992"));
    scene.register(&numbers).await;
    let id = scene.confirm(script()).await;
    run_through(&mut scene, &wire, id).await;
    let found = collect_refusals(&scene, kind, id, &numbers).await;
    assert_eq!(found, Vec::<String>::new(), "{kind}, seed {seed}");
}

/// Runs until nothing waits and every report has come. The provider is down for a while in between.
async fn run_through(scene: &mut Scene, wire: &Wire, id: BroadcastId) {
    let began = scene.now();
    let mut down_at = None;
    let mut mended = false;
    while scene.now().since(began) < 60 * MINUTE {
        let placed = scene.phones.telephones().calls().len();
        match down_at {
            None if placed >= PEOPLE / 2 => {
                wire.cut();
                down_at = Some(scene.now());
            }
            Some(at) if !mended && scene.now().since(at) > DOWN_MS => {
                wire.mend().await;
                mended = true;
            }
            _ => {}
        }
        let busy = scene.phones.telephones().under_way() > 0;
        scene.round_of(if busy { 500 } else { 5 * SECOND }).await;
    }
    assert!(mended, "the provider was down amid the calls");
    scene.phones.flush_receipts().await;
    for _ in 0..20 {
        scene.round().await;
    }
    let truth = scene.org.broadcast(id).await.unwrap();
    assert!(truth.finished_at.is_some(), "the broadcast ends: {truth:?}");
    assert_eq!(scene.world.app.engine.work().differences().await.unwrap(), vec![], "the sum holds");
    assert_eq!(truth.planned, PEOPLE as i64);
}

/// Whether the person heard the reminder.
fn heard(call: &Placed) -> bool {
    call.ended == Some(Ended::Completed) && !call.machine && !call.phone.to_string().ends_with('4')
}

/// Everything that is not as it has to be.
async fn collect_refusals(scene: &Scene, kind: &str, id: BroadcastId, numbers: &[String]) -> Vec<String> {
    let telephones = scene.phones.telephones();
    let marks = matches!(kind, "exotel" | "myoperator");
    let rows = scene.rows(id).await;
    let everyone = Selection::everyone(scene.workshop, Default::default(), scene.now());
    let reader = scene.org.audience_reader();
    let mut not_told = BTreeSet::new();
    for audience in [Audience::NotTold, Audience::Failed] {
        let people = reader.selected(&everyone.of(audience), &Default::default(), 1_000).await.unwrap();
        not_told.extend(people.into_iter().map(|person| person.phone));
    }
    let mut wrong = Vec::new();
    for number in numbers {
        let row = rows.iter().find(|row| row.recipient == *number).unwrap();
        let calls = telephones.calls_to(number.trim_start_matches('+').parse().unwrap());
        let told = calls.iter().any(heard);
        let machine = calls.iter().any(|call| call.machine && call.ended == Some(Ended::Completed));
        let mut say = |what: &str| {
            let how: Vec<_> = calls.iter().map(|call| (call.ended, call.pressed, call.talk_s())).collect();
            wrong.push(format!("{number} {what}: {:?} {} {how:?}", row.state, row.reason.code()));
        };
        if calls.len() > 2 || calls.iter().rev().skip(1).any(|call| heard(call) || call.machine) {
            say("is rung again");
        }
        match row.state {
            MessageState::Delivered if told || machine && !marks => {}
            MessageState::Delivered => say("is said to have heard it"),
            MessageState::Failed | MessageState::Expired if told => say("heard it and is said not to"),
            MessageState::Failed | MessageState::Expired | MessageState::Sent | MessageState::Unknown => {}
            _ => say("is not settled"),
        }
        let in_doubt = matches!(row.state, MessageState::Sent | MessageState::Unknown);
        let may_have_heard = told || in_doubt || (machine && !marks);
        match not_told.contains(number) {
            true if told => say("heard it and stands among those who were not told"),
            false if !may_have_heard && row.state != MessageState::Expired => {
                say("heard nothing and stands among those who were told");
            }
            _ => {}
        }
    }
    let counts = scene.org.call_counts(id).await.unwrap();
    if counts.sum() != numbers.len() as i64 {
        wrong.push(format!("the stages of calls sum to {}", counts.sum()));
    }
    wrong
}
