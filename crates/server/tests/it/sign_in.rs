//! Passwords, sessions, and what guessing costs.

use axum::http::{StatusCode, header};
use domain::time::{DAY, HOUR, SECOND};
use store::on_both;

use crate::world::{PASSWORD, World};

/// The page without what differs each time it is loaded.
fn without_token(body: &str, email: &str) -> String {
    let (before, rest) = body.split_once(r#"name="csrf" value=""#).unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before}{after}").replace(email, "")
}

on_both! {
    async fn a_right_password_signs_in_and_the_cookie_is_for_the_server_only(db: TestStore) {
        let world = World::new(db).await;
        world.people().await;
        let mut browser = world.browser();
        let answer = browser.sign_in(" Viewer@udaan.example", PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
        let cookie = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        assert!(cookie.starts_with("__Host-munadi="), "{cookie}");
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(browser.is_signed_in().await);
        browser.post("/sign-out", &[]).await;
        let (_, token) = cookie.split_once('=').unwrap();
        browser.cookies.insert("__Host-munadi".into(), token.split(';').next().unwrap().into());
        assert!(!browser.is_signed_in().await, "the session ended on the server too");
    }

    async fn an_unknown_address_gets_the_same_answer_as_a_wrong_password(db: TestStore) {
        let world = World::new(db).await;
        world.people().await;
        let known = world.browser().sign_in("viewer@udaan.example", "wrong password").await;
        let unknown = world.browser().sign_in("nobody@udaan.example", "wrong password").await;
        assert_eq!(known.status, StatusCode::UNAUTHORIZED);
        assert_eq!(unknown.status, known.status);
        assert_eq!(
            without_token(&unknown.body, "nobody@udaan.example"),
            without_token(&known.body, "viewer@udaan.example")
        );
    }

    async fn guessing_at_an_account_costs_more_each_time_and_ends_with_the_right_password(db: TestStore) {
        let world = World::new(db).await;
        world.people().await;
        for email in ["viewer@udaan.example", "nobody@udaan.example"] {
            for _ in 0..5 {
                let answer = world.browser().sign_in(email, "wrong password").await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            }
            let early = world.browser().sign_in(email, PASSWORD).await;
            assert_eq!(early.status, StatusCode::TOO_MANY_REQUESTS, "{email}: even the right password waits");
            assert_eq!(early.headers.get(header::RETRY_AFTER).unwrap(), "1");
        }
        world.clock.advance(SECOND);
        assert_eq!(world.browser().sign_in("viewer@udaan.example", "wrong again").await.status, StatusCode::UNAUTHORIZED);
        let early = world.browser().sign_in("viewer@udaan.example", PASSWORD).await;
        assert_eq!(early.headers.get(header::RETRY_AFTER).unwrap(), "2");
        world.clock.advance(2 * SECOND);
        assert_eq!(world.browser().sign_in("viewer@udaan.example", PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert_eq!(world.browser().sign_in("viewer@udaan.example", "wrong").await.status, StatusCode::UNAUTHORIZED);
    }

    async fn guessing_at_many_accounts_from_one_address_is_slowed_too(db: TestStore) {
        let world = World::with(db, |config| config.behind_proxy = true).await;
        world.people().await;
        let from = |address: &'static str| {
            let mut browser = world.browser();
            browser.extra.insert("x-forwarded-for", axum::http::HeaderValue::from_static(address));
            browser
        };
        for n in 0..30 {
            let email = format!("person{n}@udaan.example");
            let answer = from("203.0.113.9").sign_in(&email, "wrong password").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{n}");
        }
        let forged = "198.51.100.1, 203.0.113.9";
        assert_eq!(from(forged).sign_in("viewer@udaan.example", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(from("203.0.113.10").sign_in("viewer@udaan.example", PASSWORD).await.status, StatusCode::SEE_OTHER);
    }

    async fn wrong_tries_from_elsewhere_lock_nobody_out(db: TestStore) {
        let world = World::with(db, |config| config.behind_proxy = true).await;
        world.people().await;
        let from = |address: String| {
            let mut browser = world.browser();
            browser.extra.insert("x-forwarded-for", axum::http::HeaderValue::from_str(&address).unwrap());
            browser
        };
        let mut own = from("203.0.113.1".into());
        assert_eq!(own.sign_in("viewer@udaan.example", PASSWORD).await.status, StatusCode::SEE_OTHER);
        for _ in 0..6 {
            from("203.0.113.9".into()).sign_in("viewer@udaan.example", "wrong password").await;
        }
        let guesser = from("203.0.113.9".into()).sign_in("viewer@udaan.example", PASSWORD).await;
        assert_eq!(guesser.status, StatusCode::TOO_MANY_REQUESTS, "the guesser's own address is slowed");
        let away = from("203.0.113.77".into()).sign_in("viewer@udaan.example", PASSWORD).await;
        assert_eq!(away.status, StatusCode::SEE_OTHER, "another one is not");
        // The guesses come from so many addresses that sign-in to the account itself is slowed.
        for n in 0..110 {
            from(format!("198.51.100.{n}")).sign_in("viewer@udaan.example", "wrong password").await;
        }
        let stranger = from("192.0.2.1".into()).sign_in("viewer@udaan.example", PASSWORD).await;
        assert_eq!(stranger.status, StatusCode::TOO_MANY_REQUESTS);
        own.post("/sign-out", &[]).await;
        let known = own.sign_in("viewer@udaan.example", PASSWORD).await;
        assert_eq!(known.status, StatusCode::SEE_OTHER, "a device that signed in before is let in");
        // The browser is known for that account only, and guesses with it are slowed as well.
        for _ in 0..5 {
            own.sign_in("viewer@udaan.example", "wrong password").await;
        }
        assert_eq!(own.sign_in("viewer@udaan.example", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    }

    async fn guessing_from_all_over_a_rented_network_is_slowed(db: TestStore) {
        let world = World::with(db, |config| config.behind_proxy = true).await;
        world.people().await;
        let mut slowed = 0;
        for n in 0..260 {
            let mut browser = world.browser();
            let address = format!("2001:db8:1:{n:x}::1");
            browser.extra.insert("x-forwarded-for", axum::http::HeaderValue::from_str(&address).unwrap());
            let answer = browser.sign_in(&format!("person{n}@udaan.example"), "wrong password").await;
            slowed += u32::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert_eq!(slowed, 20, "all beyond 240 from one /48");
    }

    async fn a_session_ends_unused_and_in_any_case(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut idle = world.signed_in(&people.viewer).await;
        world.clock.advance(2 * DAY);
        assert!(!idle.is_signed_in().await, "two days unused");
        let mut busy = world.signed_in(&people.viewer).await;
        for _ in 0..29 {
            world.clock.advance(24 * HOUR);
            assert!(busy.is_signed_in().await);
        }
        world.clock.advance(24 * HOUR);
        assert!(!busy.is_signed_in().await, "thirty days in all");
    }

    async fn a_new_password_signs_out_every_other_browser(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut here = world.signed_in(&people.viewer).await;
        let mut there = world.signed_in(&people.viewer).await;
        let new = "another four words";
        let wrong = here.post("/account/password", &[("current", "wrong"), ("new", new)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let short = here.post("/account/password", &[("current", PASSWORD), ("new", "short")]).await;
        assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(there.is_signed_in().await);
        let changed = here.post("/account/password", &[("current", PASSWORD), ("new", new)]).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER);
        assert!(here.get("/account").await.body.contains("Password changed."));
        assert!(!here.get("/account").await.body.contains("Password changed."), "said once");
        assert!(!there.is_signed_in().await);
        assert_eq!(world.browser().sign_in("viewer@udaan.example", new).await.status, StatusCode::SEE_OTHER);
        assert_eq!(world.browser().sign_in("viewer@udaan.example", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    }

    async fn an_address_that_does_not_exist_keeps_the_menu_of_whoever_is_signed_in(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        for path in ["/nowhere", "/settings/whatsapp", "/broadcasts/x/y/z"] {
            let answer = world.signed_in(&people.viewer).await.get(path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            for says in ["There is no such page", "Udaan Academy", r#"href="/people""#, &people.viewer.name] {
                assert!(answer.body.contains(says), "{path}: {says}: {}", answer.body);
            }
            let outside = world.browser().get(path).await;
            assert_eq!(outside.status, StatusCode::NOT_FOUND);
            assert!(!outside.body.contains("Udaan Academy") && !outside.body.contains(r#"href="/people""#), "{}", outside.body);
        }
    }

    async fn signing_in_leads_back_to_the_page_that_was_asked_for_and_never_elsewhere(db: TestStore) {
        let world = World::new(db).await;
        world.people().await;
        let mut browser = world.browser();
        let sent = browser.get("/settings/organisation?tab=a").await;
        assert_eq!(sent.location(), "/sign-in?next=/settings/organisation%3Ftab%3Da");
        for (next, expected) in [
            ("/settings/organisation?tab=a", "/settings/organisation?tab=a"),
            ("//evil.example", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
        ] {
            let fields = [("email", "viewer@udaan.example"), ("password", PASSWORD), ("next", next)];
            let answer = world.browser().post("/sign-in", &fields).await;
            assert_eq!(answer.location(), expected, "for {next}");
        }
    }
}
