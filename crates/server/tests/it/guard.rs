//! The checks before every page: tokens of forms, headers, limits, and answers to malformed requests.

use axum::http::{HeaderValue, Method, StatusCode, header};
use munadi::{
    http::headers::CONTENT_SECURITY_POLICY,
    router::{Needs, route, table},
};
use store::on_both;

use crate::world::{PASSWORD, World};

on_both! {
    async fn no_form_is_taken_without_its_token(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.host).await;
        let stolen = world.signed_in(&people.viewer).await.token().await;
        for route in table().iter().filter(|route| route.method != Method::GET && route.rule.needs != Needs::Anyone) {
            let path = route.rule.path.replace("{user}", &people.target.id.to_string())
                .replace("{invitation}", &people.invitation.to_string())
                .replace("{token}", people.invitation_token.text());
            for token in ["", "0000", &stolen] {
                let answer = admin.post_as_is(&path, &[("csrf", token)]).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with {token:?}");
                assert!(answer.body.contains("This form has expired"), "{path}");
            }
        }
        assert!(admin.is_signed_in().await);
    }

    async fn a_form_of_another_site_is_refused_even_with_a_token(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.viewer).await;
        let name = [("name", "Changed")];
        for (header, value, expected) in [
            ("origin", "https://evil.example", StatusCode::FORBIDDEN),
            ("origin", "null", StatusCode::FORBIDDEN),
            ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
            ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
            ("origin", "https://notify.example", StatusCode::SEE_OTHER),
            ("sec-fetch-site", "same-origin", StatusCode::SEE_OTHER),
        ] {
            browser.extra.clear();
            browser.extra.insert(header, HeaderValue::from_static(value));
            assert_eq!(browser.post("/account/name", &name).await.status, expected, "{header}: {value}");
        }
    }

    async fn a_token_from_before_signing_in_is_worth_nothing_after_it(db: TestStore) {
        let world = World::new(db).await;
        world.people().await;
        let mut browser = world.browser();
        let before = browser.token().await;
        browser.sign_in("viewer@udaan.example", PASSWORD).await;
        let answer = browser.post_as_is("/account/name", &[("csrf", &before), ("name", "Changed")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }

    async fn every_answer_carries_the_headers_that_bind_the_browser(db: TestStore) {
        let world = World::new(db).await;
        let mut browser = world.browser();
        let style = munadi::ui::assets::path(munadi::ui::assets::Asset::Brand);
        for path in ["/sign-in", "/healthz", "/nothing", "/settings", style] {
            let answer = browser.get(path).await;
            let header = |name| answer.headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header(header::CONTENT_SECURITY_POLICY), Some(CONTENT_SECURITY_POLICY), "{path}");
            assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{path}");
            assert_eq!(header(header::STRICT_TRANSPORT_SECURITY), Some("max-age=31536000"), "{path}");
            let kept = if path == style { "public, max-age=31536000, immutable" } else { "no-store" };
            assert_eq!(header(header::CACHE_CONTROL), Some(kept), "{path}");
            assert!(!answer.body.contains(" style=\"") && !answer.body.contains(" onclick="), "{path}");
        }
    }

    async fn nonsense_is_told_and_never_a_fault(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        assert_eq!(admin.get("/nothing/here").await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.send("DELETE", "/account", None).await.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(admin.post("/settings/team/members/not-an-id/remove", &[]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.post("/account/password", &[]).await.status, StatusCode::BAD_REQUEST);
        let token = admin.token().await;
        let huge = "a".repeat(70_000);
        let answer = admin.post_as_is("/account/name", &[("csrf", &token), ("name", &huge)]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        let broken = admin.send("POST", "/account/name", Some(format!("csrf={token}&name=%FF%FE"))).await;
        assert!(broken.status.is_client_error(), "{}", broken.status);
        let health = admin.get("/healthz").await;
        assert!(health.body.contains(r#""database":"ok""#), "{}", health.body);
        assert!(health.body.contains(r#""turns":{"state":"off"}"#), "nothing sends here: {}", health.body);
    }

    async fn a_panic_and_an_endless_handler_become_pages_with_a_reference(db: TestStore) {
        let mut world = World::new(db).await;
        world.add_routes(vec![
            route(Method::GET, "/panics", Needs::Public, panics),
            route(Method::GET, "/api/panics", Needs::Anyone, panics).json(),
            route(Method::GET, "/hangs", Needs::Public, std::future::pending::<()>)
                .timeout(std::time::Duration::from_millis(1)),
        ]);
        let mut browser = world.browser();
        let page = browser.get("/panics").await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(page.body.contains("Reference <code>") && !page.body.contains("secret detail"), "{}", page.body);
        let json = browser.get("/api/panics").await;
        assert!(json.body.starts_with(r#"{"error":{"code":"fault","#), "{}", json.body);
        assert_eq!(browser.get("/hangs").await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(browser.get("/sign-in").await.status, StatusCode::OK, "others go on");
    }
}

async fn panics() {
    panic!("a secret detail")
}
