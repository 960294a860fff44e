//! A provider asks for each step of a call wherever it likes. Another process of the installation, or the same one
//! after a restart, continues where the one before stopped.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use domain::{call::CallRef, ids::MessageRef, time::SECOND};
use munadi::{app::App, router};
use providers::voice::Paths;
use sandbox::voice::Chaos;
use serde_json::json;
use store::{on_both, testing::TestStore};

use crate::calls::{Scene, number, script};

on_both! {
    async fn the_question_is_asked_twice_and_no_more_whichever_process_or_life_is_asked(db: TestStore) {
        let at = Ear::begin(db, "ozonetel").await;
        let step = |event: &str, data: &str| format!("{}/step?event={event}&data={data}&sid=s1", at.own);
        let doors = [at.door(), at.door()];
        assert!(at.ask(&doors[0], &step("NewCall", "")).await.contains("Hello Asha"));
        // The silence is reported to the other process.
        let again = at.ask(&doors[1], &step("GotDTMF", "")).await;
        assert!(again.contains("<collectdtmf") && !again.contains("Hello Asha"), "{again}");
        // A wrong key is reported to the first process, which itself knows of one question only. On SQLite there is
        // one process, which starts again.
        let third = if at.is_shared { doors[0].clone() } else { at.door() };
        let end = at.ask(&third, &step("GotDTMF", "5")).await;
        assert!(end.contains("<hangup/>") && !end.contains("<collectdtmf"), "{end}");
    }

    async fn a_wrong_key_is_asked_about_once_more_by_another_process(db: TestStore) {
        let at = Ear::begin(db, "myoperator").await;
        let doors = [at.door(), at.door(), at.door()];
        let node = |node: &str, input: &str| {
            format!("/step?uid=s4.1&node_id={node}&clid=9000000006{input}")
        };
        assert!(at.ask(&doors[0], &node("n-ask", "")).await.contains("Hello Asha"));
        let wrong = at.ask(&doors[1], &node("n-digit", "&input=5")).await;
        assert!(wrong.contains("That key does nothing") && wrong.contains("jump-node"), "{wrong}");
        let end = at.ask(&doors[2], &node("n-digit", "&input=")).await;
        assert!(end.contains("hangup"), "{end}");
    }

    async fn a_request_that_is_made_twice_at_two_processes_is_one_round(db: TestStore) {
        let at = Ear::begin(db, "ozonetel").await;
        let step = |event: &str| format!("{}/step?event={event}&data=&sid=s1", at.own);
        let doors = [at.door(), at.door()];
        for door in &doors {
            assert!(at.ask_now(door, &step("NewCall")).await.contains("Hello Asha"));
        }
        at.settle().await;
        for door in &doors {
            let again = at.ask_now(door, &step("GotDTMF")).await;
            assert!(again.contains("<collectdtmf"), "the second question, at both: {again}");
        }
        at.settle().await;
        assert!(at.ask(&doors[1], &step("GotDTMF")).await.contains("<hangup/>"));
    }

    async fn the_closing_words_answer_a_key_that_came_to_another_process(db: TestStore) {
        let at = Ear::begin(db, "exotel").await;
        let step = |word: &str, more: &str| format!("/{word}?CallSid=s1&CustomField={}{more}", at.mark);
        let doors = [at.door(), at.door()];
        for door in &doors {
            assert!(at.ask_now(door, &step("prompt", "")).await.contains("Hello Asha"));
        }
        // The next step comes at once.
        assert_eq!(at.ask_now(&doors[0], &step("digit", "&digits=%229%22")).await, "OK");
        let closing = at.ask_now(if at.is_shared { &doors[1] } else { &doors[0] }, &step("closing", "")).await;
        assert!(closing.contains("We will not call you again"), "{closing}");
    }
}

/// A phone that somebody listens to, and a program whose provider may ask it at several doors. Each door remembers
/// only its own requests, like another process or another run of the same one.
struct Ear {
    scene: Scene,
    /// The path of the call below the callback.
    own: String,
    /// What the provider keeps for us with the call.
    mark: String,
    is_shared: bool,
}

impl Ear {
    async fn begin(db: &TestStore, kind: &str) -> Ear {
        let mut scene = Scene::new(db, kind, json!({}), Chaos::default()).await;
        scene.register(&[number(6)]).await;
        let id = scene.confirm(script()).await;
        while scene.phones.telephones().calls().is_empty() {
            scene.round().await;
        }
        for _ in 0..4 {
            scene.round().await;
        }
        let call = CallRef { message: MessageRef { broadcast: id, position: 1 }, attempt: 1 };
        let key = match kind {
            "ozonetel" => sandbox::voice::kookoo::KEY,
            "exotel" => sandbox::voice::exotel::TOKEN,
            _ => sandbox::voice::myoperator::TOKEN,
        };
        let paths = Paths::of(&providers::Secret::new(key));
        let own = format!("/{call}/{}", paths.proof(call));
        Ear { scene, own, mark: paths.mark(call), is_shared: db.store.is_shared() }
    }

    /// The door of another process.
    fn door(&self) -> Router {
        let app = &self.scene.world.app;
        let process =
            App::new(app.store.clone(), self.scene.world.clock.clone(), app.config.clone(), app.keys.clone());
        router::build(&process.unwrap())
    }

    /// Asks for the next words, some seconds after the ones before.
    async fn ask(&self, door: &Router, path: &str) -> String {
        let words = self.ask_now(door, path).await;
        self.settle().await;
        words
    }

    async fn ask_now(&self, door: &Router, path: &str) -> String {
        let key = self.scene.world.app.keys.callback_key(self.scene.account);
        let request = Request::builder().method(Method::GET).uri(format!("/callbacks/{key}{path}"));
        let answer = tower::ServiceExt::oneshot(door.clone(), request.body(Body::empty()).unwrap());
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The post is in the store before the question is spoken to its end. Nothing applies it here: applying takes as
    /// long as it takes.
    async fn settle(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        self.scene.world.clock.advance(9 * SECOND);
    }
}
