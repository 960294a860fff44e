//! The audio library: an upload is converted for the telephone, listened to, served to providers in parts, renamed,
//! and kept while anything plays it.

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use domain::channel::Channel;
use serde_json::json;
use store::{on_both, recordings::Recording};
use tower::ServiceExt;

use crate::home::Scene;

const HOME: &str = "/settings/recordings";

/// A tone of 700 Hz as a WAV file of 16 kHz, of this length and this share of the highest level.
fn tone(ms: u32, level: f32) -> Vec<u8> {
    let samples = 16 * ms;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + samples * 2).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1, 0, 1, 0]);
    file.extend(16_000_u32.to_le_bytes());
    file.extend(32_000_u32.to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend((samples * 2).to_le_bytes());
    for n in 0..samples {
        #[expect(clippy::cast_precision_loss, reason = "a few seconds of samples")]
        let at = n as f32 / 16_000.0 * 700.0 * std::f32::consts::TAU;
        #[expect(clippy::cast_possible_truncation, reason = "within the range of a sample")]
        file.extend(((at.sin() * level * 32_767.0) as i16).to_le_bytes());
    }
    file
}

/// The recordings of the test. Every organisation of a scene has one more, which is left out.
async fn kept(scene: &Scene) -> Vec<Recording> {
    let mut all = scene.org.recordings().await.unwrap();
    all.retain(|recording| recording.name != "Known to all");
    all
}

async fn one(scene: &Scene) -> Recording {
    let mut all = kept(scene).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// What a provider gets: the answer to a request without a session.
async fn fetched(scene: &Scene, method: Method, path: &str, range: &str) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT_ENCODING, "gzip");
    if !range.is_empty() {
        request = request.header(header::RANGE, range);
    }
    scene.world.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn bytes(response: Response<Body>) -> Vec<u8> {
    axum::body::to_bytes(response.into_body(), 4 << 20).await.unwrap().to_vec()
}

fn text(response: &Response<Body>, name: header::HeaderName) -> String {
    response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

on_both! {
    async fn an_upload_is_made_fit_for_a_telephone_and_fetched_by_its_address_alone(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let fields = [("name", " Reminder,  Meera’s voice "), ("language", "hi")];
        let added = manager.upload(HOME, &fields, "reminder.wav", &tone(2_000, 0.3)).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
        let page = manager.get(added.location()).await.body;
        for words in ["Reminder, Meera’s voice", "हिन्दी", "0:02", "dB", "LUFS", "Listen to Reminder"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let list = manager.get(HOME).await.body;
        assert!(list.contains("Reminder, Meera’s voice") && list.contains("Ready") && list.contains("2 of 200"), "{list}");
        drop(manager);

        // The file is RIFF with one channel, 8,000 samples a second and 16 bits, two seconds long.
        let recording = one(&scene).await;
        let path = format!("/recordings/{}.wav", recording.address);
        let whole = fetched(&scene, Method::GET, &path, "").await;
        assert_eq!((whole.status(), text(&whole, header::CONTENT_TYPE)), (StatusCode::OK, "audio/wav".into()));
        assert_eq!((text(&whole, header::CONTENT_ENCODING), text(&whole, header::ACCEPT_RANGES)), (String::new(), "bytes".into()));
        assert!(text(&whole, header::CACHE_CONTROL).contains("immutable"));
        assert_eq!(text(&whole, header::ETAG), format!("\"{}\"", recording.sha256));
        let wav = bytes(whole).await;
        assert_eq!((&wav[..4], &wav[22..28], &wav[34..36], wav.len()), (&b"RIFF"[..], &[1, 0, 0x40, 0x1f, 0, 0][..], &[16, 0][..], 32_044));
        let part = fetched(&scene, Method::GET, &path, "bytes=22-27").await;
        assert_eq!((part.status(), text(&part, header::CONTENT_RANGE)), (StatusCode::PARTIAL_CONTENT, "bytes 22-27/32044".into()));
        assert_eq!(bytes(part).await, wav[22..28]);
        let head = fetched(&scene, Method::HEAD, &path, "").await;
        assert_eq!((head.status(), text(&head, header::CONTENT_LENGTH)), (StatusCode::OK, "32044".into()));
        assert!(bytes(head).await.is_empty());
        let beyond = fetched(&scene, Method::GET, &path, "bytes=40000-").await;
        assert_eq!((beyond.status(), text(&beyond, header::CONTENT_RANGE)), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */32044".into()));
        let twice = path.replace(".wav", &format!("+{}.wav", recording.address));
        let twice = bytes(fetched(&scene, Method::GET, &twice, "").await).await;
        assert_eq!((twice.len(), &twice[44..32_044], &twice[32_044..]), (64_044, &wav[44..], &wav[44..]), "one after the other");
        for other in ["/recordings/none.wav".to_owned(), path.replace(".wav", ""), path.replace(&recording.address[..4], "zzzz")] {
            assert_eq!(fetched(&scene, Method::GET, &other, "").await.status(), StatusCode::NOT_FOUND, "{other}");
        }
    }

    async fn what_cannot_be_used_is_said_beside_the_field_and_nothing_is_kept(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let fields = [("name", "Reminder"), ("language", "en")];
        for (file, words) in [
            (tone(300, 0.3), "only 300 milliseconds long"),
            (tone(2_000, 0.0), "Nothing can be heard"),
            (b"Name,Phone\nAsha,90000 00001\n".to_vec(), "no recording that can be read"),
            (Vec::new(), "Choose a recording"),
        ] {
            let refused = manager.upload(HOME, &fields, "x.wav", &file).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
            assert!(refused.body.contains(words) && refused.body.contains(r#"value="Reminder""#), "{words}: {}", refused.body);
        }
        let nameless = manager.upload(HOME, &[("name", " ")], "x.wav", &tone(1_000, 0.3)).await;
        assert!(nameless.status == StatusCode::UNPROCESSABLE_ENTITY && nameless.body.contains("A recording needs a name."));
        assert_eq!(kept(&scene).await, []);
        assert_eq!(manager.upload(HOME, &fields, "x.wav", &tone(1_000, 0.3)).await.status, StatusCode::SEE_OTHER);
        let again = manager.upload(HOME, &fields, "x.wav", &tone(1_000, 0.3)).await;
        assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("There is a recording “Reminder” already."));
    }

    async fn what_somebody_should_know_about_a_recording_is_said_before_it_is_played(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        // The sound is two seconds of silence, then a voice.
        let mut late = tone(4_000, 0.3);
        late[44..44 + 2 * 32_000].fill(0);
        let added = manager.upload(HOME, &[("name", "Late")], "late.wav", &late).await;
        let page = manager.get(added.location()).await.body;
        assert!(page.contains("2.0 seconds of silence before the first word.") && page.contains("Listen to it"), "{page}");
    }

    async fn a_recording_is_renamed_and_removed_unless_a_script_plays_it(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let added = manager.upload(HOME, &[("name", "Reminder")], "x.wav", &tone(1_000, 0.3)).await;
        let own = added.location().to_owned();
        let renamed = manager.post(&own, &[("name", "Old reminder")]).await;
        assert_eq!(renamed.status, StatusCode::SEE_OTHER, "{}", renamed.body);
        let recording = one(&scene).await;
        assert_eq!(recording.name, "Old reminder");
        let now = scene.world.clock_now();
        let played = json!({ "id": recording.id, "address": recording.address, "length_ms": 1_000 });
        let script = json!({ "language": "en", "text": "Hello. This is {organisation}.", "recordings": { "text": played } });
        let template = scene.org.add_template(Channel::IvrCall, "Short call", &script, now).await.unwrap();
        let refused = manager.post(&format!("{own}/remove"), &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("It stays while something plays it.") && refused.body.contains("Short call"), "{}", refused.body);
        assert!(!manager.get(&own).await.body.contains("Remove recording"), "nothing offers it meanwhile");
        scene.org.remove_template(template, now).await.unwrap();
        assert!(manager.get(&format!("{own}/remove")).await.body.contains("Remove “Old reminder”?"));
        assert_eq!(manager.post(&format!("{own}/remove"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(kept(&scene).await, []);
        drop(manager);
        let path = format!("/recordings/{}.wav", recording.address);
        assert_eq!(fetched(&scene, Method::GET, &path, "").await.status(), StatusCode::NOT_FOUND);
    }

    async fn recordings_are_heard_by_members_alone_and_changed_by_managers(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut manager = scene.manager().await;
        let added = manager.upload(HOME, &[("name", "Ours alone")], "x.wav", &tone(1_000, 0.3)).await;
        let own = added.location().to_owned();
        drop(manager);
        let sound = format!("{own}/sound");
        assert_eq!(fetched(&scene, Method::GET, &sound, "").await.status(), StatusCode::UNAUTHORIZED);
        let mut viewer = scene.world.signed_in(&scene.people.viewer).await;
        assert_eq!(viewer.get(&sound).await.status, StatusCode::OK);
        let page = viewer.get(&own).await.body;
        assert!(page.contains("Listen to Ours alone") && !page.contains("Save name") && !page.contains("Remove recording"), "{page}");
        assert_eq!(viewer.upload(HOME, &[("name", "Mine")], "x.wav", &tone(1_000, 0.3)).await.status, StatusCode::FORBIDDEN);
        drop(viewer);
        let mut stranger = scene.world.signed_in(&scene.people.stranger).await;
        for path in [&own, &sound, &format!("{own}/remove")] {
            assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert!(!stranger.get(HOME).await.body.contains("Ours alone"));
    }
}
