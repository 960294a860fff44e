//! The set-up link, invitations and sign-in links: each once, each for a limited time.

use axum::http::StatusCode;
use domain::{role::Role, time::DAY};
use store::on_both;

use crate::world::{PASSWORD, World};

const SET_UP: &[(&str, &str)] = &[
    ("organisation", "Udaan Academy"),
    ("zone", "Asia/Kolkata"),
    ("country", "IN"),
    ("quiet_from", "22:00"),
    ("quiet_to", "08:00"),
    ("name", "Asha Rao"),
    ("email", "Asha@Udaan.example"),
    ("password", PASSWORD),
];

fn path(url: &str) -> &str {
    url.strip_prefix("https://notify.example").expect("links begin with the public URL")
}

on_both! {
    async fn a_server_that_is_not_set_up_says_where_its_link_is(db: TestStore) {
        let world = World::new(db).await;
        let mut browser = world.browser();
        let before = browser.get("/sign-in").await;
        assert!(before.body.contains("This server is not set up yet"), "{}", before.body);
        assert!(!before.body.contains("Ask an admin"), "{}", before.body);
        world.people().await;
        let after = browser.get("/sign-in").await;
        assert!(after.body.contains(r#"name="password""#), "{}", after.body);
    }

    async fn the_set_up_link_makes_the_first_admin_once(db: TestStore) {
        let world = World::new(db).await;
        let link = world.app.set_up_link().await.unwrap().expect("nobody can sign in yet");
        let mut browser = world.browser();
        assert_eq!(browser.get(path(&link)).await.status, StatusCode::OK);
        let form = [("organisation", "\u{200B}\0"), ("name", ""), ("email", "x"), ("password", "short")];
        let wrong = browser.post(path(&link), &form).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        for words in ["An organisation needs a name.", "needs an @", "at least 10 characters", "as others will see it"] {
            assert!(wrong.body.contains(words), "all errors at once: {words}");
        }
        assert_eq!(browser.post(path(&link), SET_UP).await.status, StatusCode::SEE_OTHER);
        let team = browser.get("/settings/team").await;
        assert!(team.body.contains("asha@udaan.example") && team.body.contains("Super admin"));
        let mut other = world.browser();
        assert_eq!(other.get(path(&link)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.post(path(&link), SET_UP).await.status, StatusCode::NOT_FOUND);
        assert!(world.app.set_up_link().await.unwrap().is_none(), "no second set-up");
    }

    async fn a_new_start_ends_the_earlier_set_up_link_and_a_day_ends_each(db: TestStore) {
        let world = World::new(db).await;
        let first = world.app.set_up_link().await.unwrap().unwrap();
        let second = world.app.set_up_link().await.unwrap().unwrap();
        let mut browser = world.browser();
        assert_eq!(browser.get(path(&first)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.get(path(&second)).await.status, StatusCode::OK);
        world.clock.advance(DAY);
        assert_eq!(browser.get(path(&second)).await.status, StatusCode::NOT_FOUND);
    }

    async fn an_invitation_lets_one_person_in_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let link = format!("/invite/{}", people.invitation_token.text());
        let mut browser = world.browser();
        assert!(browser.get(&link).await.body.contains("You are invited as Agent"));
        let answer = browser.post(&link, &[("name", "Nisha"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(browser.is_signed_in().await);
        let (user, _) = world.app.store.access().user_by_email("new@udaan.example").await.unwrap().unwrap();
        assert_eq!(world.role_of(people.first, user.id).await, Some(Role::Agent));
        assert_eq!(world.browser().get(&link).await.status, StatusCode::NOT_FOUND);
    }

    async fn an_invitation_ends_after_seven_days(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        world.clock.advance(7 * DAY);
        let link = format!("/invite/{}", people.invitation_token.text());
        assert_eq!(world.browser().get(&link).await.status, StatusCode::NOT_FOUND);
    }

    async fn an_invitation_for_a_known_address_asks_for_its_account_first(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        let made = admin.post("/settings/team/invitations", &[("email", "Stranger@udaan.example"), ("role", "manager")]).await;
        assert_eq!(made.status, StatusCode::CREATED);
        let (_, rest) = made.body.split_once("https://notify.example").unwrap();
        let link = rest.split('"').next().unwrap();
        let mut nobody = world.browser();
        nobody.post(link, &[("name", "Evil"), ("password", PASSWORD)]).await;
        assert!(!nobody.is_signed_in().await, "the link alone opens no account");
        let mut other = world.signed_in(&people.viewer).await;
        other.post(link, &[]).await;
        assert_eq!(world.role_of(people.first, people.stranger.id).await, None);
        let mut stranger = world.signed_in(&people.stranger).await;
        assert_eq!(stranger.post(link, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(world.role_of(people.first, people.stranger.id).await, Some(Role::Manager));
    }

    async fn a_sign_in_link_works_once_and_only_after_a_press(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let link = world.app.sign_in_link(people.viewer.id, "test").await.unwrap();
        let mut browser = world.browser();
        for _ in 0..2 {
            assert_eq!(browser.get(path(&link)).await.status, StatusCode::OK, "looking does not use it up");
        }
        assert!(!browser.is_signed_in().await);
        assert_eq!(browser.post(path(&link), &[]).await.status, StatusCode::SEE_OTHER);
        assert!(browser.is_signed_in().await);
        assert_eq!(world.browser().post(path(&link), &[]).await.status, StatusCode::NOT_FOUND);
    }
}
