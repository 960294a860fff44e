//! Channels, new calls a minute and the time that is left: how many people an account reaches, and what becomes of
//! the others.

use std::collections::BTreeSet;

use domain::{
    broadcast::Audience,
    message::MessageState,
    money::Money,
    time::{MINUTE, Millis},
};
use sandbox::voice::Chaos;
use serde_json::json;
use store::{on_both, told::Selection};

use crate::calls::{Scene, number, script};

on_both! {
    async fn channels_and_calls_a_minute_are_never_exceeded(db: TestStore) {
        let settings = json!({ "lines": 3, "per_minute": 8 });
        let mut scene = Scene::new(db, "exotel", settings, Chaos::default()).await;
        let numbers: Vec<String> = (0..30).map(|n| format!("+91900001{n:02}01")).collect();
        scene.register(&numbers).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        let telephones = scene.phones.telephones();
        assert_eq!(telephones.calls().len(), 30, "everybody is called once");
        assert_eq!(telephones.most_at_once(), 3, "the channels are used, and no more");
        assert!(telephones.busiest_minute() <= 8, "{} in a minute", telephones.busiest_minute());
        assert_eq!(scene.org.broadcast(id).await.unwrap().in_state(MessageState::Delivered), 30);
    }

    async fn three_hundred_people_on_ten_channels_are_done_when_the_forecast_says(db: TestStore) {
        let mut scene = Scene::new(db, "exotel", json!({ "lines": 10, "per_minute": 600 }), Chaos::default()).await;
        let numbers: Vec<String> = (0..300).map(|n| format!("+9190{n:05}993")).collect();
        scene.register(&numbers).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        let telephones = scene.phones.telephones();
        let calls = telephones.calls();
        assert_eq!((calls.len(), telephones.most_at_once()), (300, 10), "each once, on ten channels");
        let mean = |of: fn(&sandbox::voice::Placed) -> i64| calls.iter().map(of).sum::<i64>() / 300;
        let (ring_s, talk_s) = (mean(sandbox::voice::Placed::ring_s), mean(sandbox::voice::Placed::talk_s));
        assert!((30..60).contains(&(ring_s + talk_s)), "calls of about forty seconds: {ring_s} + {talk_s}");
        let known = scene.org.call_lengths(scene.account, Millis(0)).await.unwrap().unwrap();
        assert!((known.1 - talk_s).abs() <= 2, "{known:?} {ring_s} {talk_s}");
        let began = calls.iter().map(|call| call.placed_at).min().unwrap();
        let took = calls.iter().filter_map(|call| call.ended_at).max().unwrap() - began;
        let forecast = domain::call::finish_ms(300, 10, 600, known.0, known.1);
        assert!((forecast * 90 / 100..=forecast * 110 / 100).contains(&took), "took {took} ms, forecast {forecast} ms");
    }

    async fn who_is_not_called_while_it_is_of_use_expires_and_is_there_for_another_channel(db: TestStore) {
        let mut scene = Scene::new(db, "exotel", json!({ "lines": 10, "per_minute": 600 }), Chaos::default()).await;
        let numbers: Vec<String> = (0..300).map(|n| format!("+9190{n:05}993")).collect();
        scene.register(&numbers).await;
        let id = scene.confirm_within(script(), 8 * MINUTE).await;
        let until = scene.now().plus(8 * MINUTE);
        scene.run(id).await;
        let truth = scene.org.broadcast(id).await.unwrap();
        let (heard, expired) = (truth.in_state(MessageState::Delivered), truth.in_state(MessageState::Expired));
        assert_eq!(heard + expired, 300, "{truth:?}");
        assert!(heard > 80 && expired > 80, "ten channels reach a part of them in eight minutes: {heard} and {expired}");
        let calls = scene.phones.telephones().calls();
        assert_eq!(calls.len() as i64, heard);
        assert!(calls.iter().all(|call| call.placed_at <= until.0), "no phone rings when it is of no use any more");
        let everyone = Selection::everyone(scene.workshop, Default::default(), scene.now());
        let reader = scene.org.audience_reader();
        let left = reader.selected(&everyone.of(Audience::NotTold), &Default::default(), 1_000).await.unwrap();
        let rang: BTreeSet<String> = calls.iter().map(|call| format!("+{}", call.phone)).collect();
        let expected: BTreeSet<String> = numbers.into_iter().filter(|one| !rang.contains(one)).collect();
        assert_eq!(left.into_iter().map(|one| one.phone).collect::<BTreeSet<_>>(), expected);
    }

    async fn what_a_call_cost_is_asked_about_once_it_is_known_and_stands_in_the_place_of_the_estimate(db: TestStore) {
        let mut scene = Scene::new(db, "exotel", json!({}), Chaos::default()).await;
        scene.register(&[number(1), number(6)]).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        assert_eq!(scene.org.broadcast(id).await.unwrap().actual_cost(), Money(0), "nobody said so yet");
        for _ in 0..4 {
            scene.world.clock.advance(5 * MINUTE);
            scene.round().await;
        }
        // One pulse of a minute costs the stand-in's sixty paise. A call that nobody picks up is free.
        assert_eq!(scene.org.broadcast(id).await.unwrap().actual_cost(), Money(6_000));
        let rows = scene.rows(id).await;
        let cost = |number: &str| rows.iter().find(|row| row.recipient == number).unwrap().cost;
        assert_eq!((cost(&number(1)), cost(&number(6)).unwrap_or(Money(0))), (Some(Money(6_000)), Money(0)));
        assert_eq!(scene.phones.telephones().calls_to(919_000_000_001).len(), 1);
    }
}
