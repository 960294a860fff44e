//! Files of posts are kept to the byte, found by their address alone, and there as long as anything shows them.

use domain::{channel::Channel, post_media::FoundFile, role::Role, time::DAY};
use serde_json::json;
use store::{StoreError, post_files::NewPostFile};

use crate::on_both::{NOW, World};

fn file(n: u8) -> NewPostFile {
    NewPostFile {
        sha256: format!("{n:064x}"),
        address: format!("{n:040x}"),
        mime: "image/png",
        // The file holds every byte, also NUL, and is longer than the part by which its type is told.
        file: (0..=255).cycle().take(1_000 + usize::from(n)).collect(),
    }
}

async fn kept(world: &World, n: u8, day: i64) -> String {
    world.org.keep_post_file(file(n), NOW.plus(day * DAY)).await.unwrap().expect("there is room")
}

async fn is_there(world: &World, address: &str) -> bool {
    world.org.find_post_file(address).await.unwrap().status == 200
}

both! {
    async fn a_posts_file_is_kept_to_the_byte_and_found_by_its_address_alone(world) {
        let address = kept(&world, 1, 0).await;
        let served = world.store.post_file_at(&address).await.unwrap();
        assert_eq!((served.file, served.mime.as_str()), (file(1).file, "image/png"));
        let met = world.org.find_post_file(&address).await.unwrap();
        let first = file(1).file[..512].to_vec();
        assert_eq!(met, FoundFile { status: 200, bytes: Some(1_001), first });
        assert!(matches!(world.store.post_file_at("no").await, Err(StoreError::Missing)));
        // Another organisation cannot show the file by its address.
        assert_eq!(world.other.find_post_file(&address).await.unwrap().status, 404);
        let viewer = world.as_role(Role::Viewer);
        assert!(matches!(viewer.keep_post_file(file(2), NOW).await, Err(StoreError::Forbidden)));
        // The same bytes again are the same file; in another organisation they are a file of its own.
        let again = NewPostFile { address: "f".repeat(40), ..file(1) };
        assert_eq!(world.org.keep_post_file(again.clone(), NOW).await.unwrap(), Some(address));
        assert_eq!(world.other.keep_post_file(again, NOW).await.unwrap(), Some("f".repeat(40)));
    }

    async fn a_file_that_nothing_shows_any_more_goes_after_a_month_when_another_one_comes(world) {
        let (shown, unused, young) = (kept(&world, 1, 0).await, kept(&world, 2, 0).await, kept(&world, 3, 20).await);
        let body = json!({ "text": "", "media": { "kind": "image", "url": format!("/files/{shown}/a.png") } });
        world.org.add_template(Channel::WhatsappGroup, "Tonight", &body, NOW).await.unwrap();
        kept(&world, 4, 29).await;
        assert!(is_there(&world, &unused).await, "not before its month is over");
        kept(&world, 5, 31).await;
        let there = [is_there(&world, &shown).await, is_there(&world, &unused).await, is_there(&world, &young).await];
        assert_eq!(there, [true, false, true]);
    }
}
