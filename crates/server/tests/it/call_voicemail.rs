//! A voicemail picks up. What the provider says of it counts, whatever was heard before; an unmarked one is known by
//! its length alone.

use domain::{broadcast::Audience, message::MessageState, time::MINUTE};
use sandbox::voice::{Callee, Chaos, Does};
use serde_json::json;
use store::{
    on_both,
    testing::{self, TestStore},
    told::Selection,
};

use crate::calls::{CALLERS, Scene, number, script, state};

on_both! {
    async fn a_voicemail_that_is_marked_is_not_told_although_the_text_was_spoken_to_its_end(db: TestStore) {
        for kind in ["exotel", "myoperator"] {
            let fresh = another(db).await;
            let mut scene = Scene::new(&fresh, kind, json!({}), Chaos::default()).await;
            scene.phones.telephones().change(|voice| voice.exotel.marks_voicemail = true);
            scene.register(&[number(7), number(3)]).await;
            let id = scene.confirm(script()).await;
            scene.run(id).await;
            let rows = scene.rows(id).await;
            assert_eq!(state(&rows, &number(7)), (MessageState::Failed, "voicemail".into()), "{kind}");
            assert_eq!(state(&rows, &number(3)).0, MessageState::Delivered, "{kind}: who listens is no voicemail");
            assert_eq!(not_told(&scene).await, [number(7)], "{kind}");
            assert_eq!(scene.phones.telephones().calls().len(), 2, "{kind}: a voicemail is not called again");
            fresh.remove().await;
        }
    }

    async fn a_voicemail_that_nobody_marks_is_known_by_a_call_that_is_shorter_than_the_text(db: TestStore) {
        for kind in CALLERS {
            let fresh = another(db).await;
            let mut scene = Scene::new(&fresh, kind, json!({}), Chaos::default()).await;
            scene.phones.telephones().change(|voice| {
                voice.myoperator.marks_voicemail = false;
                // This voicemail takes one silent sentence and hangs up.
                voice.by_ending.insert("4".into(), Callee::who(Does::HangsUp { after_s: 5 }));
            });
            scene.register(&[number(4), number(7)]).await;
            let mut script = script();
            script.text.push_str(" Please keep your laptop ready, and something to write on. The link opens ten minutes earlier.");
            let id = scene.confirm(script).await;
            scene.run(id).await;
            let rows = scene.rows(id).await;
            assert_eq!(state(&rows, &number(4)), (MessageState::Failed, "hung_up".into()), "{kind}");
            // A voicemail that takes the whole message looks like a person who presses nothing: no provider tells
            // them apart.
            assert_eq!(state(&rows, &number(7)).0, MessageState::Delivered, "{kind}");
            assert_eq!(not_told(&scene).await, [number(4)], "{kind}");
            assert_eq!(scene.phones.telephones().calls().len(), 2, "{kind}: neither is called again");
            fresh.remove().await;
        }
    }

    async fn who_heard_it_is_told_also_where_the_end_of_the_call_is_never_reported(db: TestStore) {
        for (kind, can_be_asked) in [("exotel", true), ("exotel", false), ("myoperator", true), ("myoperator", false)] {
            let fresh = another(db).await;
            let chaos = Chaos { lose_reports: 1.0, ..Chaos::default() };
            let mut scene = Scene::new(&fresh, kind, json!({}), chaos).await;
            scene.register(&[number(3)]).await;
            let id = scene.confirm(script()).await;
            scene.run(id).await;
            assert_eq!(state(&scene.rows(id).await, &number(3)).0, MessageState::Sent, "{kind}: a voicemail may be marked yet");
            if !can_be_asked {
                scene.phones.telephones().change(|voice| {
                    voice.exotel.token = "another".into();
                    voice.myoperator.search_token = "another".into();
                });
            }
            scene.world.clock.advance(20 * MINUTE);
            for _ in 0..10 {
                scene.round().await;
            }
            assert_eq!(state(&scene.rows(id).await, &number(3)).0, MessageState::Delivered, "{kind} {can_be_asked}");
            fresh.remove().await;
        }
    }
}

async fn another(db: &TestStore) -> TestStore {
    match db.store.is_shared() {
        true => testing::postgres().await.unwrap(),
        false => testing::sqlite().await,
    }
}

/// The people whom the ledger lists as not told.
async fn not_told(scene: &Scene) -> Vec<String> {
    let everyone = Selection::everyone(scene.workshop, Default::default(), scene.now());
    let reader = scene.org.audience_reader();
    let people = reader.selected(&everyone.of(Audience::Failed), &Default::default(), 10).await.unwrap();
    people.into_iter().map(|person| person.phone).collect()
}
