//! Posts in groups while everything goes wrong at once: callbacks come late, doubled and in any order. Also a file
//! that cannot be posted, and members' reactions.

use std::sync::{Arc, Mutex};

use domain::{
    message::MessageState,
    time::{DAY, HOUR, MINUTE, SECOND},
};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use sandbox::{Amount, Config, faults::ReceiptMode};
use serde_json::{Value, json};
use store::{
    on_both,
    post_files::NewPostFile,
    testing::TestStore,
    work::{PostReach, RawReceipt},
};

use crate::{
    groups::{MORNING, Scene},
    groups_pace::{groups, jids, post_all},
};

/// The number of groups in the chaos.
const N: usize = 60;

/// Runs a gateway's stand-in with every fault at once.
async fn chaos(db: &TestStore, kind: &'static str, seed: u64) {
    let unhurried =
        json!({ "gap_from_s": 0, "gap_until_s": 0, "per_hour": 1_000_000, "per_day_max": 1_000_000 });
    let config = Config { seed, ..Config::default() };
    let pace = (&unhurried, 60 * DAY);
    let mut scene = Scene::with(db, kind, config, pace, &|network| groups(network, N)).await;
    scene.world.sandbox.faults().change(|faults| {
        faults.server_error = Amount::Rate(0.10);
        faults.bad_gateway = Amount::Rate(0.05);
        faults.bad_gateway_accepted = Amount::Rate(0.05);
        faults.reset_before = Amount::Rate(0.05);
        faults.reset_after = Amount::Rate(0.08);
        faults.stall = Amount::Rate(0.03);
        faults.stall_ms = 1_500;
        faults.too_many = Amount::Rate(0.05);
        // Every member's phone gets every post, and nobody hears of it before the end.
        faults.outcomes.sent = true;
        (faults.outcomes.delivered, faults.outcomes.read) = (1.0, 0.5);
        faults.receipts.mode = ReceiptMode::Held;
        faults.receipts.duplicated = 0.3;
    });
    let callbacks = Callbacks::listen().await;
    let face = sandbox::registry::face(kind).expect("a stand-in");
    face.post_to(&scene.world.sandbox, std::slice::from_ref(&callbacks.url), "TEST-secret");
    let all = jids(N);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let id = scene.confirm(json!({ "text": "Today at 7" }), &all, 4 * HOUR).await;
    post_all(&mut scene, id, 20 * SECOND).await;
    let (truth, sum) = (scene.world.truth(id).await, scene.world.sum(id).await);
    assert_eq!(truth.planned, N as i64);
    let open = truth.in_state(MessageState::Waiting) + truth.in_state(MessageState::InFlight);
    assert_eq!(open, 0, "{kind} seed {seed}: {sum}");
    assert!(
        truth.in_state(MessageState::Unknown) > 0,
        "{kind} seed {seed}: the faults must have struck: {sum}"
    );
    rows_are_true(&scene, id, seed).await;
    scene.world.sandbox.flush_receipts().await;
    let mut news = callbacks.heard();
    news.shuffle(&mut StdRng::seed_from_u64(seed));
    // Half of the reports come before the gateway is asked, the other half afterwards and a day late.
    let (early, late) = news.split_at(news.len() / 2);
    doubled(&scene, early, "early").await;
    rows_are_true(&scene, id, seed).await;
    // The gateway is asked about the unknown posts, and nothing is posted again.
    scene.world.sandbox.faults().set(sandbox::Faults::default());
    let before = scene.network().all_posts().len();
    for _ in 0..7 {
        scene.world.clock.advance(5 * HOUR);
        scene.world.engine.poll_status().await.unwrap();
    }
    doubled(&scene, late, "late").await;
    assert_eq!(scene.network().all_posts().len(), before, "{kind} seed {seed}: something was posted again");
    rows_are_true(&scene, id, seed).await;
    scene.world.assert_sum().await;
    // The gateway that never reports who got a post reports nobody.
    if kind != "evolution" {
        assert!(news.len() > N, "{kind} seed {seed}: needs news: {}", news.len());
        each_member_counts_once(&scene, id, seed).await;
    }
}

/// Takes what a gateway posts to the callback and answers as the program does.
struct Callbacks {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Callbacks {
    async fn listen() -> Callbacks {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                tokio::spawn(take(line, Arc::clone(&all)));
            }
        });
        Callbacks { url, heard }
    }

    /// Everything that came, in no particular order.
    fn heard(&self) -> Vec<String> {
        let mut all = self.heard.lock().unwrap().clone();
        all.sort_unstable();
        all
    }
}

/// Reads one post whole and answers it.
async fn take(mut line: tokio::net::TcpStream, heard: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut raw, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let n = line.read(&mut piece).await?;
        if n == 0 {
            return Ok(());
        }
        raw.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&raw);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0_usize) {
            heard.lock().unwrap().push(body.to_owned());
            return line.write_all(&answer("200 OK", b"")).await;
        }
    }
}

/// Stores these bodies and applies them: each under its key twice and once under another key, because two linked
/// accounts of a group report the same.
async fn doubled(scene: &Scene, bodies: &[String], round: &str) {
    for copy in ["one", "one", "two"] {
        for (n, body) in bodies.iter().enumerate() {
            let raw = RawReceipt {
                organization: scene.world.org.actor().organization,
                integration: scene.account,
                dedupe_key: format!("{round} {copy} {n}"),
                body: body.clone(),
            };
            scene.world.engine.work().store_receipts(vec![raw], scene.world.now()).await.unwrap();
        }
        while scene.world.engine.apply_receipts().await.unwrap() > 0 {}
        scene.world.clock.advance(MINUTE);
    }
    scene.world.assert_sum().await;
}

/// Each group has one member besides the account. That member counts once where they got the post, and nobody else
/// counts. Where a gateway answers without an id and reports it a quarter of an hour late, no report can be matched
/// to the post, and nobody counts.
async fn each_member_counts_once(scene: &Scene, id: domain::ids::BroadcastId, seed: u64) {
    let seen = scene.world.org.seen_by(id).await.unwrap();
    let mut read = 0;
    for row in scene.world.rows(id).await {
        let there = i64::try_from(scene.network().posts(&row.recipient).len()).unwrap();
        let of = seen.get(&row.message.position).copied().unwrap_or_default();
        let known = if row.provider_id.is_some() { there } else { 0 };
        assert_eq!(of.delivered, known, "{} seed {seed}: {row:?}", scene.kind);
        let proven = if there == 1 { MessageState::Sent } else { MessageState::Unknown };
        let refused = there == 0 && matches!(row.state, MessageState::Failed | MessageState::Expired);
        assert!(row.state == proven || refused, "{} seed {seed}: {row:?}", scene.kind);
        read += of.read;
    }
    assert!(read > 0 && read < N as i64, "{} seed {seed}: half of them open it: {read}", scene.kind);
}

/// Each group has the post at most once, and its row says what is known of that.
async fn rows_are_true(scene: &Scene, id: domain::ids::BroadcastId, seed: u64) {
    let rows = scene.world.rows(id).await;
    assert_eq!(rows.len(), N);
    for row in &rows {
        let there = scene.network().posts(&row.recipient).len();
        let kind = scene.kind;
        match row.state {
            MessageState::Sent => assert_eq!(there, 1, "{kind} seed {seed}: {row:?}"),
            MessageState::Failed | MessageState::Expired => {
                assert_eq!(there, 0, "{kind} seed {seed}: {row:?}")
            }
            MessageState::Unknown => assert!(there <= 1, "{kind} seed {seed}: {row:?}"),
            other => panic!("{kind} seed {seed}: no row may end as {other}"),
        }
    }
}

/// A soak takes many seeds: `cargo xtask soak --only seeds`.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("MUNADI_CHAOS_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

async fn chaos_of(db: &TestStore, kind: &'static str) {
    for seed in seeds() {
        if seed == 1 {
            chaos(db, kind, seed).await;
            continue;
        }
        let fresh = match db.store.is_shared() {
            true => store::testing::postgres().await.expect("there is one"),
            false => store::testing::sqlite().await,
        };
        chaos(&fresh, kind, seed).await;
        fresh.remove().await;
    }
}

/// A server of files that gives everybody the answer of the test.
async fn file_server(answer: Vec<u8>) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let mut request = [0; 2_048];
            let _ = line.read(&mut request).await;
            let _ = line.write_all(&answer).await;
        }
    });
    url
}

/// Lets the engine do what is due, without letting time pass.
async fn settle_in(scene: &mut Scene) {
    scene.world.sender.turn_until_idle().await.unwrap();
    scene.world.engine.settle().await.unwrap();
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn picture(url: &str) -> Value {
    json!({ "text": "Tonight", "media": { "kind": "image", "url": format!("{url}/tonight.jpg"), "name": "tonight.jpg" } })
}

on_both! {
    async fn r27_in_chaos_each_group_has_its_post_at_most_once_and_its_row_says_so_at_waha(db: TestStore) {
        chaos_of(db, "waha").await;
    }

    async fn r27_in_chaos_each_group_has_its_post_at_most_once_and_its_row_says_so_at_the_former_gateway(db: TestStore) {
        chaos_of(db, "baileys_gateway").await;
    }

    async fn r27_in_chaos_each_group_has_its_post_at_most_once_and_its_row_says_so_at_evolution(db: TestStore) {
        chaos_of(db, "evolution").await;
    }

    // In the former application pictures were missing because nobody looked whether they were there.
    async fn a_file_that_cannot_be_posted_stops_the_posts_before_the_first_and_says_why(db: TestStore) {
        const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
        let mut scene = Scene::with(db, "waha", Config::default(), (&json!({}), 0), &|network| groups(network, 2)).await;
        let all = jids(2);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for (served, words) in [
            (answer("404 Not Found", b""), "There is no file at the address"),
            (answer("200 OK", b"<!doctype html><title>Sign in"), "shows a web page"),
            (answer("200 OK", b"%PDF-1.7"), "no picture"),
        ] {
            let url = file_server(served).await;
            let id = scene.confirm(picture(&url), &all, HOUR).await;
            settle_in(&mut scene).await;
            let broadcast = scene.world.truth(id).await;
            assert_eq!(broadcast.status, domain::broadcast::BroadcastStatus::Paused, "{words}");
            assert!(broadcast.stop_text.contains(words), "{}", broadcast.stop_text);
            assert_eq!(broadcast.stop_code, "file_unfit");
            scene.world.org.cancel_broadcast(id, scene.world.now()).await.unwrap();
        }
        assert!(scene.network().all_posts().is_empty(), "nothing was posted without its file");
        let url = file_server(answer("200 OK", JPEG)).await;
        let id = scene.confirm(picture(&url), &all, HOUR).await;
        post_all(&mut scene, id, MINUTE).await;
        assert_eq!(scene.world.sum(id).await, "2 = 2 sent");
        assert_eq!(scene.network().all_posts()[0].media.as_deref(), Some(&*format!("{url}/tonight.jpg")));
    }

    async fn a_file_that_is_kept_here_is_looked_at_here_and_fetched_at_this_programs_address(db: TestStore) {
        const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
        let mut scene = Scene::with(db, "waha", Config::default(), (&json!({}), 0), &|network| groups(network, 1)).await;
        let all = jids(1);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let address = "0f".repeat(20);
        let template = json!({ "text": "", "media": { "kind": "image", "url": format!("/files/{address}/tonight.jpg"), "name": "" } });
        // The file is gone or was never there, so no gateway is asked to fetch it.
        let id = scene.confirm(template.clone(), &all, HOUR).await;
        settle_in(&mut scene).await;
        let broadcast = scene.world.truth(id).await;
        assert_eq!(broadcast.status, domain::broadcast::BroadcastStatus::Paused);
        assert!(broadcast.stop_text.contains("There is no file at the address"), "{}", broadcast.stop_text);
        scene.world.org.cancel_broadcast(id, scene.world.now()).await.unwrap();
        let new = NewPostFile { sha256: "00".into(), address: address.clone(), mime: "image/jpeg", file: JPEG.to_vec() };
        scene.world.org.keep_post_file(new, scene.world.now()).await.unwrap().expect("there is room");
        let id = scene.confirm(template, &all, HOUR).await;
        post_all(&mut scene, id, MINUTE).await;
        assert_eq!(scene.world.sum(id).await, "1 = 1 sent");
        let whole = format!("https://munadi.example/files/{address}/tonight.jpg");
        assert_eq!(scene.network().all_posts()[0].media.as_deref(), Some(whole.as_str()));
    }

    async fn what_members_react_with_is_told_of_our_posts_alone_and_each_member_counts_once(db: TestStore) {
        let mut scene = Scene::with(
            db, "baileys_gateway", Config::default(), (&json!({ "gap_from_s": 0, "gap_until_s": 0 }), 0), &|_| {},
        ).await;
        let id = scene.post("Today at 7", &[MORNING]).await;
        scene.told(json!({ "event": "message_sent", "groupJid": MORNING, "messageId": "3EB0AA01" })).await;
        let react = |message: &str, who: &str, emoji: &str, at: i64| json!({
            "event": if emoji.is_empty() { "reaction_remove" } else { "reaction_add" }, "groupJid": MORNING,
            "messageId": message, "reactorPhone": who, "emoji": emoji, "timestamp": at,
        });
        let at = scene.world.now().0;
        for body in [
            react("3EB0AA01", "919000000001", "👍", at),
            react("3EB0AA01", "919000000001", "❤️", at + 1),
            react("3EB0AA01", "919000000002", "👍", at),
            react("3EB0AA01", "919000000003", "👍", at),
            react("3EB0AA01", "919000000003", "", at + 1),
            // This reaction is to a message that somebody else in the group wrote with a linked device.
            react("3EB0FFFF", "919000000004", "👍", at),
        ] {
            scene.told(body).await;
        }
        assert_eq!(scene.seen(id).await, PostReach { delivered: 3, read: 3, reacted: 2 });
        assert_eq!(scene.unmatched().await, 0, "what people write to each other is no news of ours");
        let message = scene.row(id).await.message;
        let told = scene.world.org.reactions(message).await.unwrap();
        assert_eq!(told.iter().map(|(_, n)| n).sum::<i64>(), 2);
        scene.world.clock.advance(MINUTE + SECOND);
        assert_eq!(scene.row(id).await.provider_id.as_deref(), Some("3EB0AA01"), "no reaction names a post");
    }

    // Posts stand in the group; whoever asked to be forgotten is not written down again by their phone.
    async fn a_member_who_was_erased_is_not_kept_again_by_a_receipt_that_comes_late(db: TestStore) {
        let mut scene = Scene::with(
            db, "baileys_gateway", Config::default(), (&json!({ "gap_from_s": 0, "gap_until_s": 0 }), 0), &|_| {},
        ).await;
        let id = scene.post("Today at 7", &[MORNING]).await;
        scene.told(json!({ "event": "message_sent", "groupJid": MORNING, "messageId": "3EB0AA01" })).await;
        let receipt = |who: &str, event: &str| json!({
            "event": event, "groupJid": MORNING, "messageId": "3EB0AA01", "readerPhone": who,
        });
        scene.told(receipt("919000000001", "delivered")).await;
        scene.world.register(&[("90000 00001", "Asha Rao")]).await;
        let phone = domain::phone::Phone::from_stored("+919000000001").unwrap();
        let erased = scene.world.org.forget_number(&phone, &scene.world.key, scene.world.now()).await.unwrap();
        assert!(matches!(erased, store::erasure::Erasure::Done(_)), "{erased:?}");
        scene.told(receipt("919000000001", "read")).await;
        scene.told(receipt("919000000002", "delivered")).await;
        assert_eq!(scene.seen(id).await, PostReach { delivered: 2, read: 0, reacted: 0 });
    }
}
