//! The screens of a broadcast of calls, after calls to phones of a stand-in. Every person is counted once, every
//! figure leads to its people, and a recording is played to the person who picks up.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use domain::{
    call::{Recorded, ScriptText},
    channel::Channel,
    ids::WorkshopId,
    sending_hours::AfterHours,
    template::Message,
    time::{HOUR, MINUTE, Millis},
};
use sandbox::voice::Chaos;
use serde_json::json;
use store::{
    on_both,
    recordings::{AddedRecording, NewRecording},
    workshops::WorkshopDraft,
};
use tower::ServiceExt;

use crate::{
    calls::{CALLERS, Scene, number, script, stopped},
    home::{CONFIRM, fields, post, with},
};

/// The figure of a stage, as the strip of the page says it.
fn figure(page: &str, stage: &str) -> i64 {
    let (_, cell) = page
        .split_once(&format!("/calls/{stage}\""))
        .unwrap_or_else(|| panic!("no cell leads to {stage}: {page}"));
    let (_, n) = cell.split_once("m-cell__n\">").unwrap();
    n.split('<').next().unwrap().parse().unwrap()
}

on_both! {
    async fn everybody_stands_at_one_stage_and_every_figure_leads_to_its_people(db: TestStore) {
        let mut scene = Scene::new(db, "ozonetel", json!({}), Chaos::default()).await;
        scene.register(&(1..=8).map(number).collect::<Vec<_>>()).await;
        let id = scene.confirm(script()).await;
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        let page = format!("/broadcasts/{id}");
        let before = manager.get(&page).await.body;
        assert!(before.contains("8</span> people, each counted once") || figure(&before, "waiting") == 0, "{before}");
        drop(manager);
        scene.run(id).await;
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        let after = manager.get(&page).await.body;
        // The scene says what each phone does: 1 presses 1, 2 presses 9, 8 presses 2; 3 listens, 4 hangs up, 7 is a
        // voicemail; 5 is busy, 6 rings.
        let expected = [
            ("pressed_1", 1), ("pressed_2", 1), ("pressed_9", 1), ("answered", 3), ("no_answer", 1), ("busy", 1), ("failed", 0),
            ("expired", 0), ("calling", 0), ("waiting", 0),
        ];
        for (stage, n) in expected {
            assert_eq!(figure(&after, stage), n, "{stage}");
            let list = manager.get(&format!("{page}/calls/{stage}")).await;
            assert_eq!(list.status, StatusCode::OK);
            assert_eq!(list.body.matches("m-rowlink").count(), usize::try_from(n).unwrap(), "{stage}: {}", list.body);
        }
        assert_eq!(expected.iter().map(|(_, n)| n).sum::<i64>(), 8);
        assert!(after.contains("8</span> people, each counted once"), "{after}");
        for words in ["What people pressed", "6 picked up", "Never call again", "Another date", "Will come"] {
            assert!(after.contains(words), "{words}: {after}");
        }
        // The list leads to the story of each call, and to the composer.
        let pressed = manager.get(&format!("{page}/calls/pressed_9")).await.body;
        assert!(pressed.contains("Write to 1 person") && pressed.contains("+91 90000 00002"), "{pressed}");
        let (_, story) = pressed.split_once("/messages/").unwrap();
        let position = story.split('"').next().unwrap();
        let story = manager.get(&format!("{page}/messages/{position}")).await.body;
        assert!(story.contains("Call 1") && story.contains("Pressed 9") && story.contains("s on the line"), "{story}");
        assert!(story.contains("Is not called again"), "{story}");
        let file = manager.get(&format!("{page}/export")).await.body;
        let row = file.lines().find(|line| line.contains("9000000002")).expect("whoever pressed 9 is in the file");
        let cells: Vec<&str> = row.rsplitn(3, ',').collect();
        assert!(cells[1].trim_matches('"') == "9" && cells[0].trim().trim_matches('"').parse::<i64>().is_ok_and(|s| s > 0), "{row}");
        for nonsense in ["pressed_x", "nobody", "pressed_"] {
            assert_eq!(manager.get(&format!("{page}/calls/{nonsense}")).await.status, StatusCode::NOT_FOUND);
        }
        drop(manager);
        let mut stranger = scene.world.signed_in(&scene.people.stranger).await;
        assert_eq!(stranger.get(&format!("{page}/calls/busy")).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_persons_page_leads_with_what_came_of_calling_them_and_lists_each_call(db: TestStore) {
        let mut scene = Scene::new(db, "ozonetel", json!({}), Chaos::default()).await;
        scene.register(&(1..=8).map(number).collect::<Vec<_>>()).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        let mut page = async |ending: usize| {
            let to = manager.get(&format!("/people/number/{}", number(ending).trim_start_matches('+'))).await;
            manager.get(to.location()).await.body.replace('\u{a0}', " ")
        };
        // It is half past ten, and the phone rings at once.
        for (ending, line) in [
            (1, "Told: called at 10:30 AM, answered, heard to the end, pressed 1. “Reminder call” for Excel."),
            (3, "Told: called at 10:30 AM, answered, heard to the end, no key. “Reminder call” for Excel."),
            (5, "the line was busy, 2 calls in all. “Reminder call” for Excel."),
            (6, "nobody picked up, 2 calls in all. “Reminder call” for Excel."),
        ] {
            let body = page(ending).await;
            let (_, answer) = body.split_once("m-answer__line\">").unwrap();
            let answer = answer.split('<').next().unwrap();
            assert!(answer.contains(line), "{ending}: {answer}");
        }
        let pressed = page(1).await;
        let (_, calls) = pressed.split_once("m-attempts").unwrap();
        let calls = calls.split("</ul>").next().unwrap();
        assert!(calls.contains("10:30 AM · Pressed 1 · rang 8 s") && calls.contains("s on the line · ₹0.60, estimate"), "{calls}");
        let twice = page(6).await;
        let (_, calls) = twice.split_once("m-attempts").unwrap();
        let calls = calls.split("</ul>").next().unwrap();
        assert_eq!((calls.matches("<li>").count(), calls.matches("No answer").count()), (2, 2), "{calls}");
        assert!(!calls.contains('₹'), "a call that nobody picks up is free: {calls}");
    }

    async fn the_home_page_and_the_workshop_count_calls_as_other_messages(db: TestStore) {
        let mut scene = Scene::new(db, "ozonetel", json!({}), Chaos::default()).await;
        scene.register(&(1..=8).map(number).collect::<Vec<_>>()).await;
        let id = scene.confirm(script()).await;
        scene.run(id).await;
        let reached = scene.org.reached(&[scene.workshop], &Default::default(), Millis(0)).await.unwrap()[0].1;
        // Three people pressed a key, one listened, and so did the voicemail, which this provider does not mark.
        // Busy, ringing and hung up were not reached.
        assert_eq!((reached.told(), reached.reached(), reached.failed, reached.not_told), (8, 5, 3, 0), "{reached:?}");
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        let workshop = manager.get(&format!("/workshops/{}", scene.workshop)).await.body;
        let (_, row) = workshop.split_once(&format!("broadcast-{id}")).unwrap();
        let row = row.split("</tr>").next().unwrap();
        assert!(row.contains("IVR Call") && row.contains("3 failed") && row.contains("Send by SMS (3)"), "{row}");
        let (_, figure) = row.split_once(r#"data-label="Reached">"#).unwrap();
        assert!(figure.split("</td>").next().unwrap().contains(">5</a>"), "{figure}");
        let home = manager.get(&format!("/?channel=ivr&workshop={}", scene.workshop)).await.body;
        assert!(home.contains("Reminder call"), "{home}");
    }

    async fn a_call_to_my_own_number_says_my_name_and_its_key_does_nothing(db: TestStore) {
        for kind in CALLERS {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            let mut scene = Scene::new(&fresh, kind, json!({}), Chaos::default()).await;
            let now = scene.world.clock_now();
            let body = Message::from(script()).to_json();
            let template = scene.org.add_template(Channel::IvrCall, "Reminder call", &body, now).await.unwrap();
            let mut manager = scene.world.signed_in(&scene.people.manager).await;
            let query = format!("channel=ivr&workshop={}&template={template}", scene.workshop);
            let page = manager.get(&format!("/compose/test?{query}")).await;
            // The phone presses 9. Afterwards a person who was told would not be called again.
            let form = with(&fields(&page, "/compose/test"), "to", "90000 00002");
            let answer = post(&mut manager, "/compose/test", &form).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{kind}: {}", answer.body);
            let told = manager.get(answer.location()).await.body;
            assert!(told.contains("took the test message for +91 90000 00002"), "{kind}: it was not taken");
            drop(manager);
            for _ in 0..1_000 {
                scene.round().await;
                if scene.phones.telephones().calls().iter().all(|call| call.ended.is_some()) {
                    break;
                }
            }
            scene.phones.flush_receipts().await;
            for _ in 0..20 {
                scene.round().await;
            }
            let calls = scene.phones.telephones().calls();
            assert_eq!(calls.len(), 1, "{kind}: it rings once");
            let heard = calls[0].heard.join(" ");
            let name = &scene.people.manager.name;
            assert!(heard.contains(name.as_str()), "{kind}: {heard}");
            assert_eq!(calls[0].pressed, Some('9'), "{kind}");
            assert_eq!(stopped(&scene).await, 0, "{kind}: the key does nothing");
            assert!(scene.org.broadcasts(&Default::default(), 5).await.unwrap().is_empty(), "{kind}");
            drop(scene);
            fresh.remove().await;
        }
    }

    async fn at_night_calls_are_proposed_for_the_morning_and_an_example_has_a_name(db: TestStore) {
        let scene = Scene::new(db, "ozonetel", json!({}), Chaos::default()).await;
        // It is half past midnight in India, before a workshop at noon and one at half past eight.
        scene.world.clock.advance(14 * HOUR);
        let now = scene.world.clock_now();
        let add = async |title: &str, starts_at: Millis| {
            let (join_link, tag) = ("https://meet.example/noon".to_owned(), None);
            let draft = WorkshopDraft { title: title.into(), starts_at, ends_at: starts_at.plus(HOUR), join_link, tag };
            scene.org.add_workshop(&draft, now).await.unwrap()
        };
        let noon = add("At noon", now.plus(11 * HOUR + 30 * MINUTE)).await;
        let early = add("Early", now.plus(8 * HOUR)).await;
        let body = serde_json::to_value(script()).unwrap();
        let template = scene.org.add_template(Channel::IvrCall, "Reminder call", &body, now).await.unwrap();
        let mut manager = scene.world.signed_in(&scene.people.manager).await;
        let composer = |workshop: WorkshopId| format!("/?channel=ivr&workshop={workshop}&template={template}");
        // Nobody is registered, so the picture speaks to an invented person.
        let nobody = manager.get(&composer(noon)).await.body;
        assert!(nobody.contains("As an example: nobody would be called."), "{nobody}");
        assert!(!nobody.contains("Hello ."), "{nobody}");
        assert!(nobody.contains("Ananya"), "{nobody}");
        let asha = [("name", "Asha Verma"), ("phone", "90000 00301"), ("email", "")];
        for workshop in [noon, early] {
            manager.post(&format!("/workshops/{workshop}/registrants"), &asha).await;
        }
        let proposed = manager.get(&composer(noon)).await.body;
        assert!(proposed.contains(r#"name="after" value="wait" checked"#), "{proposed}");
        assert!(proposed.contains("It begins at 9:00") && !proposed.contains("may not send at this hour"), "{proposed}");
        // The choice stays. Where the morning comes too late, waiting is not proposed.
        let chosen = manager.get(&format!("{}&after=cancel&after-was=wait", composer(noon))).await.body;
        assert!(chosen.contains(r#"name="after" value="cancel" checked"#), "{chosen}");
        let late = manager.get(&composer(early)).await.body;
        assert!(late.contains(r#"name="after" value="cancel" checked"#), "{late}");
        // The proposal is what is confirmed.
        let question = manager.get(&composer(noon).replace("/?", "/compose/confirm?")).await;
        assert_eq!(question.status, StatusCode::OK, "{}", question.body);
        let done = post(&mut manager, CONFIRM, &fields(&question, CONFIRM)).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let broadcast = &scene.org.broadcasts(&Default::default(), 1).await.unwrap()[0];
        assert_eq!(broadcast.hours.then(), AfterHours::Wait);
    }

    async fn a_recording_is_played_to_whoever_picks_up_and_fetched_where_it_is_said_to_be(db: TestStore) {
        for kind in ["ozonetel", "exotel"] {
            let fresh = match db.store.is_shared() {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            let mut scene = Scene::new(&fresh, kind, json!({}), Chaos::default()).await;
            let mut script = script();
            for (n, place) in [ScriptText::Text, ScriptText::Question].into_iter().enumerate() {
                script.recordings.insert(place, recording(&scene, n).await);
            }
            scene.register(&[number(3)]).await;
            let id = scene.confirm(script).await;
            scene.run(id).await;
            let calls = scene.phones.telephones().calls();
            let heard: String = calls.iter().flat_map(|call| &call.heard).cloned().collect::<Vec<_>>().join(" ");
            let at = heard.split_whitespace().find(|word| word.contains("/recordings/")).unwrap_or_else(|| panic!("{kind}: {heard}"));
            assert!(!heard.contains("Hello Asha"), "{kind}: the text is not spoken besides: {heard}");
            let path = at.split_once("/recordings/").map(|(_, name)| format!("/recordings/{name}")).unwrap();
            let request = Request::builder().uri(&path).body(Body::empty()).unwrap();
            let fetched = scene.world.router().oneshot(request).await.unwrap();
            assert_eq!(fetched.status(), StatusCode::OK, "{kind}: {path}");
            let sound = axum::body::to_bytes(fetched.into_body(), 1 << 20).await.unwrap();
            assert_eq!(&sound[..4], b"RIFF", "{kind}");
            drop(scene);
            fresh.remove().await;
        }
    }
}

/// A recording of a tenth of a second.
async fn recording(scene: &Scene, n: usize) -> Recorded {
    let samples = vec![0_u8; 1_600];
    let mut wav =
        [&b"RIFF"[..], &1_636_u32.to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes(), &[1, 0, 1, 0]].concat();
    wav.extend([8_000_u32.to_le_bytes(), 16_000_u32.to_le_bytes()].concat());
    wav.extend([&[2, 0, 16, 0][..], b"data", &1_600_u32.to_le_bytes(), &samples].concat());
    let new = NewRecording {
        name: format!("Part {n}"),
        language: domain::call::Language::English,
        sha256: format!("{n:02x}"),
        address: format!("{n}").repeat(40),
        length_ms: 100,
        loudness: 0,
        gain: 0,
        findings: json!([]),
        wav,
    };
    let AddedRecording::As(id) = scene.org.add_recording(new.clone(), scene.world.clock_now()).await.unwrap()
    else {
        panic!("there is room")
    };
    Recorded { id, address: new.address, length_ms: 100 }
}
