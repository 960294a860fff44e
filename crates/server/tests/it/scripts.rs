//! Scripts of calls: the form, the picture of the conversation beside it, and what each provider makes of it.

use axum::http::StatusCode;
use domain::{
    call::{Action, CallScript, Digit, Language, ScriptText},
    channel::Channel,
    template::Message,
};
use serde_json::json;
use store::{
    on_both,
    recordings::{AddedRecording, NewRecording},
};

use crate::home::Scene;

const HOME: &str = "/settings/templates/ivr";

/// The only script that there is.
async fn script(scene: &Scene) -> CallScript {
    let all = scene.org.templates(Channel::IvrCall).await.unwrap();
    assert_eq!(all.len(), 1);
    match Message::from_json(Channel::IvrCall, &all[0].body).unwrap() {
        Message::Call(script) => script,
        other => panic!("no script: {other:?}"),
    }
}

async fn recording(scene: &Scene, name: &str, length_ms: i64) -> String {
    let new = NewRecording {
        name: name.into(),
        language: Language::English,
        sha256: "00".into(),
        address: format!("address-of-{name}"),
        length_ms,
        loudness: 0,
        gain: 0,
        findings: json!([]),
        wav: vec![0; 44],
    };
    match scene.org.add_recording(new, scene.world.clock_now()).await.unwrap() {
        AddedRecording::As(id) => id.to_string(),
        AddedRecording::Full => panic!("there is room"),
    }
}

/// A form with two keys. The first row is empty, and the others stay where they are.
fn form<'a>(does: &'a str, sends: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("do", "save"),
        ("name", "Ten minutes before"),
        ("language", "en"),
        ("text", "Hello {first_name}, this is {organisation}. {workshop_title} starts at {start_time}."),
        ("question", "Press 1 for the link, 9 for no more calls."),
        ("key_digit_2", "1"),
        ("key_action_2", does),
        ("key_template_2", sends),
        ("key_closing_2", "It is on its way."),
        ("key_digit_3", "9"),
        ("key_action_3", "stop_calls"),
        ("key_closing_3", "We will not call again."),
        ("rounds", "2"),
        ("wait_s", "5"),
        ("no_key", "Goodbye."),
    ]
}

on_both! {
    async fn a_script_is_written_with_keys_and_shown_as_the_call_it_is(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let messages = scene.org.templates(Channel::WhatsappPersonal).await.unwrap();
        let link = format!("personal {}", messages[0].id);
        let new = manager.get(&format!("{HOME}/new")).await.body;
        // The page shows the usual script with somebody's values before anything is typed.
        for words in ["Picture of the conversation", "Press 1 to get the link", "<mark>Ananya</mark>", "Silence, 6 s", "Is not called again"] {
            assert!(new.contains(words), "{words}: {new}");
        }
        assert!(manager.get(&format!("{HOME}/new?language=hi")).await.body.contains("नमस्ते"), "it begins in Hindi too");
        let shown = manager.post(&format!("{HOME}/new"), &[form("message", &link), vec![("do", "update")]].concat()).await;
        assert!(shown.body.contains("Sends “") && shown.body.contains("by WhatsApp Personal now"), "{}", shown.body);
        let saved = manager.post(&format!("{HOME}/new"), &form("message", &link)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let kept = script(&scene).await;
        let one = kept.key(Digit::new(1).unwrap()).unwrap();
        assert_eq!(one.action, Action::Message { channel: Channel::WhatsappPersonal, template: messages[0].id });
        assert_eq!((kept.rounds, kept.wait_s, kept.keys.len(), kept.no_key.as_str()), (2, 5, 2, "Goodbye."));
        let again = manager.get(saved.location()).await.body;
        assert!(again.contains("Ten minutes before") && again.contains("Silence, 5 s"), "{again}");
        let list = manager.get(HOME).await.body;
        assert!(list.contains("Ten minutes before") && list.contains("1, 9") && list.contains("Ready"), "{list}");
    }

    async fn what_a_provider_cannot_do_is_said_before_one_is_chosen(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let page = manager.post(&format!("{HOME}/new"), &[form("confirm", ""), vec![("do", "update")]].concat()).await.body;
        let (_, card) = page.split_once("Who can place it").expect("a card of the providers");
        for vendor in providers::registry::serving(Channel::IvrCall) {
            assert!(card.contains(vendor.name()), "{}", vendor.name());
        }
        assert!(card.contains("Everything of this script"), "one can do it all");
        assert!(card.contains("speaks closing words of its own"), "one learns of keys only as a notice: {card}");
    }

    async fn what_is_missing_is_said_beside_its_field_and_nothing_is_kept(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let refused = manager.post(&format!("{HOME}/new"), &form("message", "")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("Choose what is sent.") && refused.body.contains("It is on its way."), "{}", refused.body);
        let mut silent = form("confirm", "");
        silent[3].1 = "Hello {frist_name}, this is {organisation}.";
        let refused = manager.post(&format!("{HOME}/new"), &silent).await;
        assert!(refused.body.contains("{frist_name} in the text means nothing"), "{}", refused.body);
        assert!(refused.body.contains(r#"class="is-bad""#), "the picture marks it");
        assert!(scene.org.templates(Channel::IvrCall).await.unwrap().is_empty());
    }

    async fn a_recording_of_the_library_is_played_in_the_place_of_a_text(db: TestStore) {
        let scene = Scene::new(db).await;
        let id = recording(&scene, "Goodbye", 2_600).await;
        let mut manager = scene.manager().await;
        let chosen = [form("confirm", ""), vec![("recording_no_key", id.as_str())]].concat();
        let saved = manager.post(&format!("{HOME}/new"), &chosen).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let kept = script(&scene).await;
        let recorded = kept.recorded(ScriptText::NoKey).expect("it is played");
        assert_eq!((recorded.id.to_string(), recorded.address.as_str(), recorded.length_ms), (id.clone(), "address-of-Goodbye", 2_600));
        let page = manager.get(saved.location()).await.body;
        assert!(page.contains(&format!("/settings/recordings/{id}/sound")), "the picture lets it be heard: {page}");
        assert!(page.contains("plays no recordings"), "and says who cannot play it");
        drop(manager);
        // Another organisation's recording cannot be chosen.
        let mut stranger = scene.world.signed_in(&scene.people.stranger).await;
        let refused = stranger.post(&format!("{HOME}/new"), &chosen).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("It is not in the library any more."), "{}", refused.body);
    }
}
