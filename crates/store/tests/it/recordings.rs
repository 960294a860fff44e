//! Recordings are kept with their sound, given out by their address, and there as long as anything plays them.

use domain::{
    call::Language,
    channel::Channel,
    ids::{RecordingId, RegistrantId},
    role::Role,
};
use serde_json::json;
use store::{
    StoreError,
    recordings::{AddedRecording, NewRecording, RECORDINGS_MAX},
};

use crate::on_both::{NOW, World};

fn recording(name: &str) -> NewRecording {
    NewRecording {
        name: name.to_owned(),
        language: Language::Hindi,
        sha256: "00ff".to_owned(),
        address: format!("address-of-{name}"),
        length_ms: 4_200,
        loudness: -2_310,
        gain: 710,
        findings: json!(["soft"]),
        // The sound holds every byte, also NUL, which no text could carry.
        wav: (0..=255).collect(),
    }
}

async fn kept(world: &World, name: &str) -> RecordingId {
    match world.org.add_recording(recording(name), NOW).await.unwrap() {
        AddedRecording::As(id) => id,
        AddedRecording::Full => panic!("there is room"),
    }
}

both! {
    async fn a_recording_is_kept_to_the_byte_and_found_by_its_address_alone(world) {
        let id = kept(&world, "Welcome").await;
        let all = world.org.recordings().await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0], world.org.recording(id).await.unwrap());
        assert_eq!((all[0].language, all[0].length_ms, all[0].loudness, all[0].gain), (Language::Hindi, 4_200, -2_310, 710));
        assert_eq!((&all[0].findings, all[0].created_by.as_str()), (&json!(["soft"]), "Meera"));
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(world.org.recording_sound(id).await.unwrap().wav, bytes);
        assert_eq!(world.store.sound_at("address-of-Welcome").await.unwrap().wav, bytes);
        assert!(matches!(world.store.sound_at("address-of-welcome").await, Err(StoreError::Missing)));
        // Another organisation sees nothing of it, and may use the same name.
        assert_eq!(world.other.recordings().await.unwrap(), []);
        assert!(matches!(world.other.recording(id).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.recording_sound(id).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.remove_recording(id, NOW).await, Err(StoreError::Missing)));
        let theirs = NewRecording { address: "another".into(), ..recording("Welcome") };
        assert!(matches!(world.other.add_recording(theirs, NOW).await, Ok(AddedRecording::As(_))));
        let viewer = world.as_role(Role::Viewer);
        assert!(matches!(viewer.add_recording(recording("Mine"), NOW).await, Err(StoreError::Forbidden)));
        assert!(matches!(viewer.remove_recording(id, NOW).await, Err(StoreError::Forbidden)));
    }

    async fn two_recordings_do_not_share_a_name(world) {
        let id = kept(&world, "Welcome").await;
        let other = kept(&world, "Goodbye").await;
        let again = NewRecording { address: "another".into(), ..recording("Welcome") };
        assert!(matches!(world.org.add_recording(again, NOW).await, Err(StoreError::Taken)));
        assert!(matches!(world.org.rename_recording(other, "Welcome", NOW).await, Err(StoreError::Taken)));
        world.org.rename_recording(other, "Farewell", NOW).await.unwrap();
        let names: Vec<String> = world.org.recordings().await.unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["Farewell", "Welcome"]);
        assert!(matches!(world.other.rename_recording(id, "Theirs", NOW).await, Err(StoreError::Missing)));
    }

    async fn what_a_template_or_a_broadcast_plays_stays(world) {
        let id = kept(&world, "Welcome").await;
        let body = json!({ "language": "hi", "text": "Hello", "recordings": { "text": { "id": id } } });
        let template = world.org.add_template(Channel::IvrCall, "Reminder", &body, NOW).await.unwrap();
        let used = world.org.remove_recording(id, NOW).await.unwrap().expect("a template plays it");
        assert_eq!((used.templates, used.broadcasts), (vec![(template, "Reminder".to_owned())], 0));
        assert_eq!(world.org.recording_use(id).await.unwrap().templates.len(), 1);
        world.org.remove_template(template, NOW).await.unwrap();
        let workshop = world.workshop("Excel").await;
        let broadcast = world.broadcast(workshop, "sending", (RegistrantId::new(NOW), "+919000000001")).await;
        let set = format!("UPDATE broadcasts SET channel = 'ivr', template = '{body}'");
        world.run(set).await;
        let used = world.org.remove_recording(id, NOW).await.unwrap().expect("a broadcast plays it");
        assert_eq!((used.templates.len(), used.broadcasts), (0, 1), "of {broadcast}");
        assert!(world.store.sound_at("address-of-Welcome").await.is_ok(), "it is there for the calls under way");
        world.run("UPDATE broadcasts SET status = 'completed'".to_owned()).await;
        assert_eq!(world.org.remove_recording(id, NOW).await.unwrap(), None);
        assert!(matches!(world.store.sound_at("address-of-Welcome").await, Err(StoreError::Missing)));
        assert!(matches!(world.org.remove_recording(id, NOW).await, Err(StoreError::Missing)));
    }

    async fn an_organisation_keeps_so_many_recordings_and_no_more(world) {
        for n in 0..RECORDINGS_MAX {
            kept(&world, &format!("Number {n}")).await;
        }
        assert_eq!(world.org.add_recording(recording("One more"), NOW).await.unwrap(), AddedRecording::Full);
        assert_eq!(i64::try_from(world.org.recordings().await.unwrap().len()).unwrap(), RECORDINGS_MAX);
        let theirs = NewRecording { address: "theirs".into(), ..recording("Theirs") };
        assert!(matches!(world.other.add_recording(theirs, NOW).await, Ok(AddedRecording::As(_))), "each has its own room");
    }
}
