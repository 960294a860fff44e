//! How fast posts go out, whoever posts them: pauses, limits an hour and a day, and the first days of an account,
//! over several processes and under a clock that is turned by hand. The forecast has to know it before.

use domain::{
    group::{AccountState, PostPace, days_of_use},
    ids::BroadcastId,
    message::MessageState,
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};
use munadi_engine::{Engine, Sender};
use sandbox::{
    Config,
    network::{Group, Network},
    samples::ACCOUNT,
};
use serde_json::json;
use store::{on_both, testing::TestStore};

use crate::groups::Scene;

fn jid(n: usize) -> String {
    format!("{}@g.us", 120_363_200_000_000_000_u64 + n as u64)
}

/// So many groups of our account and one member.
pub(crate) fn groups(network: &Network, n: usize) {
    let group = |n: usize| Group::of(&jid(n), &format!("Group {n}"), [ACCOUNT, 919_100_000_001]);
    network.set_groups((0..n).map(group).collect());
}

pub(crate) fn jids(n: usize) -> Vec<String> {
    (0..n).map(jid).collect()
}

/// A scene whose account has the cautious pace and was linked so long ago, with groups to post to.
async fn scene(db: &TestStore, n: usize, linked_before_ms: i64) -> Scene {
    let pace = (&json!({}), linked_before_ms);
    Scene::with(db, "waha", Config::default(), pace, &|network| groups(network, n)).await
}

/// Two processes look again and again, in turns, until the broadcast is done. The clock jumps to the next moment at
/// which something may be due, and by `step` where none is known.
pub(crate) async fn post_all(scene: &mut Scene, id: BroadcastId, step_ms: i64) {
    let second = scene.world.second_engine().await;
    let mut other = Sender::new(second.clone(), 77);
    for round in 0..20_000 {
        let senders: [&mut Sender; 2] = match round % 2 {
            0 => [&mut scene.world.sender, &mut other],
            _ => [&mut other, &mut scene.world.sender],
        };
        for sender in senders {
            sender.turn_until_idle().await.unwrap();
        }
        scene.world.engine.settle().await.unwrap();
        if scene.world.truth(id).await.in_state(MessageState::Waiting) == 0 {
            return;
        }
        let now = scene.world.now();
        let next = scene.world.engine.work().next_due(now).await.unwrap();
        let soon = next.map_or(step_ms, |next| next.since(now)).clamp(1, step_ms);
        scene.world.clock.advance(soon);
        scene.world.beat().await;
        beat(&second, scene.world.now()).await;
    }
    panic!("it does not end: {}", scene.world.sum(id).await);
}

async fn beat(engine: &Engine, now: Millis) {
    engine.work().beat(now, now.plus(15 * SECOND), None).await.unwrap();
}

/// The moments at which posts were made, in order.
fn posted(scene: &Scene) -> Vec<Millis> {
    let mut all: Vec<Millis> = scene.network().all_posts().iter().map(|post| Millis(post.at)).collect();
    all.sort();
    all
}

/// The most posts within any stretch of that length.
fn most_within(posts: &[Millis], ms: i64) -> usize {
    let within = |from: &Millis| posts.iter().filter(|at| (0..ms).contains(&at.since(*from))).count();
    posts.iter().map(within).max().unwrap_or(0)
}

on_both! {
    async fn two_processes_keep_pause_and_hour_of_an_account_together_and_the_forecast_knew_it(db: TestStore) {
        const N: usize = 130;
        let mut scene = scene(db, N, 60 * DAY).await;
        let all = jids(N);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let start = scene.world.now();
        let book = scene.world.org.post_load(scene.account, None, (start, start)).await.unwrap();
        let expected = *book.moments(&PostPace::CAUTION, N, start).last().unwrap();
        let id = scene.confirm(json!({ "text": "Today at 7" }), &all, 10 * HOUR).await;
        post_all(&mut scene, id, MINUTE).await;
        let posts = posted(&scene);
        assert_eq!((posts.len(), scene.world.sum(id).await.as_str()), (N, "130 = 130 sent"));
        for pair in posts.windows(2) {
            assert!(pair[1].since(pair[0]) >= 8 * SECOND, "a pause of {} ms", pair[1].since(pair[0]));
        }
        assert!(most_within(&posts, HOUR) <= 60, "{} within an hour", most_within(&posts, HOUR));
        let took = posts.last().unwrap().since(start);
        let said = expected.since(start);
        assert!((said - took).abs() * 10 <= took, "said {said} ms, took {took} ms");
        // Posts that were made count in the next forecast.
        let now = scene.world.now();
        let book = scene.world.org.post_load(scene.account, None, (now, now)).await.unwrap();
        assert_eq!(book.spent.values().sum::<i64>(), N as i64);
    }

    async fn a_chosen_gap_holds_over_two_processes_and_keeps_no_other_broadcast_waiting(db: TestStore) {
        const N: usize = 10;
        let mut scene = scene(db, N + 1, 60 * DAY).await;
        let all = jids(N + 1);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let start = scene.world.now();
        let slow = scene.confirm_apart(json!({ "text": "Today at 7" }), &all[..N], 10 * HOUR, 120).await;
        let book = scene.world.org.post_load(scene.account, Some(slow), (start, start)).await.unwrap();
        assert_eq!(book.gap_s, 120);
        let said = book.moments(&PostPace::CAUTION, N, start).last().unwrap().since(start);
        scene.world.sender.turn_until_idle().await.unwrap();
        // Meanwhile somebody makes a short post, which waits for the account's own pause alone.
        let urgent = scene.confirm(json!({ "text": "The link works again" }), &all[N..], HOUR).await;
        post_all(&mut scene, urgent, SECOND).await;
        let took = scene.world.now().since(start);
        assert!(took <= 25 * SECOND, "{took} ms");
        post_all(&mut scene, slow, MINUTE).await;
        let posts: Vec<Millis> = all[..N].iter().map(|jid| Millis(scene.network().posts(jid)[0].at)).collect();
        for pair in posts.windows(2) {
            assert!(pair[1].since(pair[0]) >= 120 * SECOND, "in their order, {} ms apart", pair[1].since(pair[0]));
        }
        let took = posts[N - 1].since(start);
        assert!((said - took).abs() * 10 <= took, "said {said} ms, took {took} ms");
        assert_eq!(said, 9 * 120 * SECOND);
    }

    async fn two_processes_never_exceed_the_first_days_of_a_new_account_and_the_forecast_knew_it(db: TestStore) {
        const N: usize = 45;
        let mut scene = scene(db, N, 0).await;
        let linked = scene.world.now();
        let all = jids(N);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let book = scene.world.org.post_load(scene.account, None, (linked, linked)).await.unwrap();
        let expected = *book.moments(&PostPace::CAUTION, N, linked).last().unwrap();
        let id = scene.confirm(json!({ "text": "Today at 7" }), &all, 10 * DAY).await;
        post_all(&mut scene, id, 10 * MINUTE).await;
        let posts = posted(&scene);
        assert_eq!(posts.len(), N);
        for (at, post) in posts.iter().enumerate() {
            let lately = posts[..=at].iter().filter(|before| post.since(**before) < DAY).count();
            let allowed = PostPace::CAUTION.per_day(days_of_use(Some(linked), *post));
            assert!(lately as i64 <= allowed, "post {at}: {lately} in 24 hours, {allowed} allowed");
        }
        assert!(most_within(&posts[..10], DAY) == 10, "ten on the first day");
        for pair in posts[..10].windows(2) {
            assert!(pair[1].since(pair[0]) >= 20 * SECOND, "new accounts pause longer");
        }
        let took = posts.last().unwrap().since(linked);
        let said = expected.since(linked);
        assert!((said - took).abs() * 10 <= took, "said {said} ms, took {took} ms");
    }

    async fn posts_that_wait_before_are_part_of_the_forecast_and_others_are_not(db: TestStore) {
        let scene = scene(db, 8, 60 * DAY).await;
        let all = jids(8);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let now = scene.world.now();
        let first = scene.confirm(json!({ "text": "One" }), &all, HOUR).await;
        let book = async |but, start: Millis| scene.world.org.post_load(scene.account, but, (start, now)).await.unwrap();
        assert_eq!(book(None, now).await.ahead, 8);
        assert_eq!(book(Some(first), now).await.ahead, 0, "its own are not before it");
        assert_eq!(book(None, now.plus(-MINUTE)).await.ahead, 0, "what begins later is not before");
        scene.world.org.cancel_broadcast(first, now).await.unwrap();
        assert_eq!(book(None, now).await.ahead, 0);
        let linked = scene.world.org.linked_account(scene.account).await.unwrap().unwrap();
        assert_eq!(linked.state, AccountState::Ready);
    }
}
