//! Posts of providers are proven, stored once and answered; forgeries and posts of strangers are refused.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use domain::ids::IntegrationId;
use store::{on_both, testing::TestStore};
use tower::ServiceExt;

use crate::world::{People, WEBHOOK_SECRET, World};

/// The compact example of providers/src/aisensy/NOTES.md §4.2 with its signature of §4.1.
const EXAMPLE: &str = r#"{"id":"ntf_0000000001","created_at":"1767240000000","topic":"message.status.updated","delivery_attempt":"1","app_id":"000000000000000000000aaa","webhook_id":"000000000000000000000bbb","project_id":"000000000000000000000ccc","data":{"message":{"id":"000000000000000000000ddd","messageId":"wamid.TESTONLY0001","submitted_message_id":"00000000-0000-4000-8000-000000000001","phone_number":"919000000001","status":"DELIVERED"}}}"#;
const EXAMPLE_SIGNATURE: &str = "9d0ae0e7b611cc1637c609f5cc2ee886033f26fc92ba0698e8619bd58488f587";

/// A program, its people, and the address of the fixture's account.
async fn set_up(db: &TestStore) -> (World, People, String) {
    let world = World::new(db).await;
    let people = world.people().await;
    let address = address(&world, people.integration);
    (world, people, address)
}

fn address(world: &World, integration: IntegrationId) -> String {
    format!("/callbacks/{}", world.app.keys.callback_key(integration))
}

fn request(path: &str, body: impl Into<Body>, signature: Option<&str>) -> Request<Body> {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(signature) = signature {
        request = request.header("X-AiSensy-Signature", signature);
    }
    request.body(body.into()).unwrap()
}

async fn post(world: &World, path: &str, body: &str, signature: Option<&str>) -> StatusCode {
    let response = world.router().oneshot(request(path, body.to_owned(), signature)).await.unwrap();
    response.status()
}

pub(crate) async fn post_signed(world: &World, path: &str, body: &str) -> StatusCode {
    let signature = sandbox::signature(WEBHOOK_SECRET, body.as_bytes());
    post(world, path, body, Some(&signature)).await
}

async fn stored(world: &World) -> usize {
    world.app.engine.work().pending_receipts(world.clock_now(), 10_000).await.unwrap().len()
}

on_both! {
    async fn r11_a_genuine_post_is_stored_once_however_often_it_comes(db: TestStore) {
        let (world, people, address) = set_up(db).await;
        for _ in 0..3 {
            assert_eq!(post(&world, &address, EXAMPLE, Some(EXAMPLE_SIGNATURE)).await, StatusCode::OK);
        }
        let found = world.app.engine.work().pending_receipts(world.clock_now(), 10).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].body, EXAMPLE);
        assert_eq!(found[0].integration, people.integration);
        assert_eq!(found[0].organization, people.first);
    }

    async fn receipts_that_fit_nothing_are_told_once_for_each_reason(db: TestStore) {
        let (world, people, address) = set_up(db).await;
        for n in 1..=3 {
            let body = EXAMPLE.replace("ntf_0000000001", &format!("ntf_000000000{n}"));
            let body = body.replace("TESTONLY0001", &format!("TESTONLY000{n}"));
            assert_eq!(post_signed(&world, &address, &body).await, StatusCode::OK);
        }
        world.app.engine.apply_receipts().await.unwrap();
        let page = world.signed_in(&people.manager).await.get("/operator").await.body;
        assert_eq!(page.matches("3 receipts as received").count(), 1, "{page}");
        assert_eq!(page.matches("TESTONLY000").count(), 3, "each can be read");
        assert!(page.contains("There is nothing to do."), "what to do about them");
        assert!(page.contains(r#"<span class="m-sub">AiSensy</span>"#), "accounts by their vendor's name: {page}");
    }

    async fn what_cannot_be_read_is_counted_on_the_operator_page_of_its_organisation(db: TestStore) {
        let (world, people, address) = set_up(db).await;
        let counted = async || {
            let page = world.signed_in(&people.host).await.get("/operator").await.body;
            page.contains("1 post not understood")
        };
        assert!(!counted().await, "nothing came");
        let odd = EXAMPLE.replace("DELIVERED", "TELEPORTED");
        // Each organisation has one, and the page counts its own.
        let other = world.integration(people.second, "Second", Some(WEBHOOK_SECRET)).await;
        for address in [&address, &self::address(&world, other)] {
            assert_eq!(post_signed(&world, address, &odd).await, StatusCode::OK);
        }
        world.app.engine.apply_receipts().await.unwrap();
        assert!(counted().await, "the operator page counts it");
    }

    async fn what_the_provider_did_not_sign_is_refused_and_not_kept(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        let other = sandbox::signature("another-secret", EXAMPLE.as_bytes());
        let wrong: Vec<Option<&str>> = vec![
            None,
            Some(""),
            Some("zz"),
            Some(&EXAMPLE_SIGNATURE[..62]),
            Some(&EXAMPLE_SIGNATURE[..2]),
            Some(&other),
        ];
        for signature in wrong {
            assert_eq!(post(&world, &address, EXAMPLE, signature).await, StatusCode::UNAUTHORIZED, "{signature:?}");
        }
        let changed = EXAMPLE.replace("DELIVERED", "READ");
        assert_eq!(post(&world, &address, &changed, Some(EXAMPLE_SIGNATURE)).await, StatusCode::UNAUTHORIZED);
        assert_eq!(stored(&world).await, 0);
        // The same post with its prefix is genuine: only the forgeries were refused.
        let prefixed = format!("sha256={EXAMPLE_SIGNATURE}");
        assert_eq!(post(&world, &address, EXAMPLE, Some(&prefixed)).await, StatusCode::OK);
    }

    async fn without_a_stored_secret_nothing_is_taken(db: TestStore) {
        let (world, people, _) = set_up(db).await;
        let silent = world.integration(people.first, "No webhook", None).await;
        let address = address(&world, silent);
        for secret in ["", WEBHOOK_SECRET] {
            let signature = sandbox::signature(secret, EXAMPLE.as_bytes());
            assert_eq!(post(&world, &address, EXAMPLE, Some(&signature)).await, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(stored(&world).await, 0);
    }

    async fn an_address_of_nobody_is_not_found_and_never_gone(db: TestStore) {
        let (world, people, address) = set_up(db).await;
        for path in ["0".repeat(40), "x".repeat(4_000), "%00".into(), "..%2f..".into(), "%F0%9F%98%80".into()] {
            let path = format!("/callbacks/{path}");
            assert_eq!(post(&world, &path, EXAMPLE, Some(EXAMPLE_SIGNATURE)).await, StatusCode::NOT_FOUND, "{path}");
        }
        let look = Request::get(&address).body(Body::empty()).unwrap();
        assert_eq!(world.router().oneshot(look).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
        // The address of a removed account belongs to nobody. The answer 410 would switch off the whole subscription
        // (providers/src/aisensy/NOTES.md §4.5).
        let mut admin = world.signed_in(&people.admin).await;
        assert_eq!(post(&world, &address, EXAMPLE, Some(EXAMPLE_SIGNATURE)).await, StatusCode::OK);
        admin.post(&format!("/settings/integrations/{}/remove", people.integration), &[]).await;
        assert_eq!(post(&world, &address, EXAMPLE, Some(EXAMPLE_SIGNATURE)).await, StatusCode::NOT_FOUND);
    }

    async fn a_genuine_post_that_cannot_be_placed_or_read_is_answered_200(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        let long_id = format!(r#"{{"id":"{}"}}"#, "7".repeat(5_000));
        let odd = ["{}", "not json", "", "[1,2]", r#"{"id":"a\u0000b","topic":"order.placed"}"#, "{\"id\":\"x\0\"}", &long_id];
        for body in odd {
            assert_eq!(post_signed(&world, &address, body).await, StatusCode::OK, "{body:?}");
        }
        assert_eq!(stored(&world).await, odd.len());
    }

    async fn a_post_that_is_too_large_is_refused(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        let large = "x".repeat(munadi::callbacks::POST_BYTES_MAX + 1);
        assert_eq!(post_signed(&world, &address, &large).await, StatusCode::PAYLOAD_TOO_LARGE);
        let just = "x".repeat(munadi::callbacks::POST_BYTES_MAX);
        assert_eq!(post_signed(&world, &address, &just).await, StatusCode::OK);
    }

    async fn a_flood_is_stored_to_the_last_post(db: TestStore) {
        const POSTS: usize = 2_000;
        let (world, _, address) = set_up(db).await;
        let posts = (0..POSTS).map(|n| {
            let body = format!(r#"{{"id":"ntf_{n:010}","topic":"message.status.updated"}}"#);
            let signature = sandbox::signature(WEBHOOK_SECRET, body.as_bytes());
            tokio::spawn(world.router().oneshot(request(&address, body, Some(&signature))))
        });
        let posts: Vec<_> = posts.collect();
        for post in posts {
            assert_eq!(post.await.unwrap().unwrap().status(), StatusCode::OK);
        }
        assert_eq!(stored(&world).await, POSTS);
    }

    async fn a_replaced_secret_is_heeded_at_once(db: TestStore) {
        let (world, people, address) = set_up(db).await;
        assert_eq!(post(&world, &address, EXAMPLE, Some(EXAMPLE_SIGNATURE)).await, StatusCode::OK);
        let mut admin = world.signed_in(&people.admin).await;
        let path = format!("/settings/integrations/{}/keys", people.integration);
        admin.post(&path, &[("webhook_secret", "a-new-shared-secret")]).await;
        assert_eq!(post(&world, &address, EXAMPLE, Some(EXAMPLE_SIGNATURE)).await, StatusCode::UNAUTHORIZED);
        let signature = sandbox::signature("a-new-shared-secret", EXAMPLE.as_bytes());
        assert_eq!(post(&world, &address, EXAMPLE, Some(&signature)).await, StatusCode::OK);
    }

    async fn a_post_without_a_signature_is_refused_before_its_body_is_read(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        let never = Body::from_stream(futures::stream::pending::<Result<axum::body::Bytes, std::io::Error>>());
        let answer = world.router().oneshot(request(&address, never, None)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }

    async fn what_concerns_us_not_keeps_no_body(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        let other = r#"{"id":"ntf_other","topic":"contact.created","data":{"name":"Asha","phone":"919000000001"}}"#;
        assert_eq!(post_signed(&world, &address, other).await, StatusCode::OK);
        world.app.engine.apply_receipts().await.unwrap();
        assert_eq!(db.damage("UPDATE receipts SET note = note WHERE state = 'ignored'").await, 1, "needs one");
        assert_eq!(db.damage("UPDATE receipts SET note = note WHERE body <> ''").await, 0);
        assert_eq!(post_signed(&world, &address, other).await, StatusCode::OK);
        assert_eq!(stored(&world).await, 0, "it is still known when it comes again");
    }

    async fn bodies_are_kept_for_ninety_days(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        post_signed(&world, &address, EXAMPLE).await;
        world.app.engine.apply_receipts().await.unwrap();
        let kept = async || db.damage("UPDATE receipts SET note = note WHERE body <> ''").await;
        assert_eq!(kept().await, 1, "it fits no message, and is shown");
        world.clock.advance(89 * domain::time::DAY);
        world.app.engine.tidy().await.unwrap();
        assert_eq!(kept().await, 1);
        world.clock.advance(2 * domain::time::DAY);
        world.app.engine.tidy().await.unwrap();
        assert_eq!(kept().await, 0);
    }

    async fn an_account_has_a_ceiling_of_bytes_for_each_minute(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        let body = |n: usize| format!(r#"{{"id":"ntf_{n}","topic":"x","data":"{}"}}"#, "a".repeat(200 * 1024));
        let mut taken = 0;
        let refused = loop {
            match post_signed(&world, &address, &body(taken)).await {
                StatusCode::OK => taken += 1,
                other => break other,
            }
        };
        assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE, "asked to come again");
        assert_eq!(taken, 655, "128 MiB of bodies of 200 KiB and 42 to 44 bytes");
        world.clock.advance(domain::time::MINUTE);
        assert_eq!(post_signed(&world, &address, &body(taken)).await, StatusCode::OK);
    }

    async fn a_flood_of_forged_posts_writes_nothing(db: TestStore) {
        let (world, _, address) = set_up(db).await;
        for n in 0..500 {
            let (path, body) = (format!("/callbacks/nobody{n}"), EXAMPLE.replace("0001", &format!("{n:04}")));
            assert_eq!(post(&world, &path, &body, Some(EXAMPLE_SIGNATURE)).await, StatusCode::NOT_FOUND);
            let forged = post(&world, &address, &body, Some(EXAMPLE_SIGNATURE)).await;
            assert_eq!(forged == StatusCode::OK, n == 1, "only the real one is genuine");
        }
        assert_eq!(db.damage("UPDATE receipts SET note = note").await, 1);
        assert_eq!(world.browser().get("/sign-in").await.status, StatusCode::OK);
    }
}
