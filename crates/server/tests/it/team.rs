//! Changing the team and the organisation.

use axum::http::StatusCode;
use domain::role::Role;
use futures::StreamExt;
use store::on_both;

use crate::world::World;

on_both! {
    async fn a_changed_role_signs_the_person_out(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut target = world.signed_in(&people.target).await;
        let mut admin = world.signed_in(&people.admin).await;
        let path = format!("/settings/team/members/{}/role", people.target.id);
        assert_eq!(admin.post(&path, &[("role", "emperor")]).await.status, StatusCode::BAD_REQUEST);
        assert!(target.is_signed_in().await);
        assert_eq!(admin.post(&path, &[("role", "manager")]).await.status, StatusCode::SEE_OTHER);
        assert!(!target.is_signed_in().await);
        assert_eq!(world.role_of(people.first, people.target.id).await, Some(Role::Manager));
    }

    async fn a_removed_person_is_out_at_once(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut target = world.signed_in(&people.target).await;
        let mut admin = world.signed_in(&people.admin).await;
        let path = format!("/settings/team/members/{}/remove", people.target.id);
        assert_eq!(admin.post(&path, &[]).await.status, StatusCode::SEE_OTHER);
        assert!(!target.is_signed_in().await);
        let mut again = world.signed_in(&people.target).await;
        assert!(again.get("/account").await.body.contains("You belong to no organisation yet."));
        assert_eq!(again.get("/settings").await.status, StatusCode::FORBIDDEN);
        assert_eq!(admin.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "gone already");
    }

    async fn the_last_admin_stays(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        let org = world.app.store.org(store::Actor::command_line(people.first));
        org.remove_member(people.host.id, world.clock_now()).await.unwrap();
        let own = format!("/settings/team/members/{}", people.admin.id);
        assert_eq!(admin.post(&format!("{own}/remove"), &[]).await.status, StatusCode::CONFLICT);
        assert_eq!(admin.post(&format!("{own}/role"), &[("role", "viewer")]).await.status, StatusCode::CONFLICT);
        assert_eq!(world.role_of(people.first, people.admin.id).await, Some(Role::Admin));
    }

    async fn an_admin_neither_removes_nor_demotes_the_host(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        let host = format!("/settings/team/members/{}", people.host.id);
        let page = admin.get("/settings/team").await;
        assert!(page.body.contains("runs the installation") && !page.body.contains(&host), "{}", page.body);
        assert_eq!(admin.post(&format!("{host}/remove"), &[]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(admin.post(&format!("{host}/role"), &[("role", "viewer")]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(world.role_of(people.first, people.host.id).await, Some(Role::Admin));
    }

    async fn what_an_admin_issued_ends_with_the_right_to_issue_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let org = world.app.store.org(store::Actor::command_line(people.first));
        let path = format!("/settings/team/members/{}", people.target.id);
        let invited = async || {
            org.change_role(people.target.id, Role::Admin, world.clock_now()).await.unwrap();
            let mut browser = world.signed_in(&people.target).await;
            let form = [("email", "guest@udaan.example"), ("role", "agent")];
            let page = browser.post("/settings/team/invitations", &form).await;
            let (_, rest) = page.body.split_once("https://notify.example/invite/").expect("a link is shown");
            format!("/invite/{}", rest.split('"').next().unwrap())
        };
        let mut admin = world.signed_in(&people.admin).await;
        for (change, form) in [("role", &[("role", "manager")][..]), ("remove", &[])] {
            let link = invited().await;
            assert_eq!(world.browser().get(&link).await.status, StatusCode::OK);
            assert_eq!(admin.post(&format!("{path}/{change}"), form).await.status, StatusCode::SEE_OTHER);
            assert_eq!(world.browser().get(&link).await.status, StatusCode::NOT_FOUND, "{change}");
            let join = [("name", "Guest"), ("password", crate::world::PASSWORD)];
            assert_eq!(world.browser().post(&link, &join).await.status, StatusCode::NOT_FOUND, "{change}");
            assert!(!admin.get("/settings/team").await.body.contains("guest@udaan.example"), "{change}");
            if change == "role" {
                // When the right comes back, an old invitation does not.
                org.change_role(people.target.id, Role::Admin, world.clock_now()).await.unwrap();
                assert_eq!(world.browser().get(&link).await.status, StatusCode::NOT_FOUND);
            }
        }
    }

    async fn live_streams_end_at_once_when_access_does(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        let role = format!("/settings/team/members/{}/role", people.target.id);
        let remove = format!("/settings/team/members/{}/remove", people.target.id);
        for (path, form) in [("/sign-out", &[][..]), (&role, &[("role", "manager")]), (&remove, &[])] {
            let mut target = world.signed_in(&people.target).await;
            let mut stream = target.open("/live").await;
            // No clock moves by a second, so the ping that looks by itself, every fifteen, does not come.
            let actor = if path == "/sign-out" { &mut target } else { &mut admin };
            assert_eq!(actor.post(path, form).await.status, StatusCode::SEE_OTHER, "{path}");
            let mut said = String::new();
            let ended = async {
                while let Some(event) = stream.next().await {
                    said.push_str(&String::from_utf8_lossy(&event.unwrap()));
                }
            };
            tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.expect("it ends before a ping");
            assert!(said.contains("event: end") && !said.contains("event: ping"), "{path}: {said}");
        }
    }

    async fn an_invitation_taken_back_opens_nothing(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        let link = format!("/invite/{}", people.invitation_token.text());
        assert_eq!(world.browser().get(&link).await.status, StatusCode::OK);
        let revoke = format!("/settings/team/invitations/{}/revoke", people.invitation);
        assert_eq!(admin.post(&revoke, &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(world.browser().get(&link).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_manager_changes_the_zone_and_a_viewer_only_reads_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let fields = [
            ("organisation", "Udaan Gulf"),
            ("zone", "Asia/Dubai"),
            ("country", "AE"),
            ("quiet_from", "23:00"),
            ("quiet_to", "07:30"),
        ];
        let mut viewer = world.signed_in(&people.viewer).await;
        assert_eq!(viewer.post("/settings/organisation", &fields).await.status, StatusCode::FORBIDDEN);
        let mut manager = world.signed_in(&people.manager).await;
        assert_eq!(manager.post("/settings/organisation", &fields).await.status, StatusCode::SEE_OTHER);
        let page = viewer.get("/settings/organisation").await.body;
        for shown in ["Udaan Gulf", "Asia/Dubai", "AE", "23:00", "07:30", "disabled"] {
            assert!(page.contains(shown), "{shown}");
        }
    }

    async fn a_country_is_taken_by_its_name_and_offered_with_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut manager = world.signed_in(&people.manager).await;
        let page = manager.get("/settings/organisation").await.body;
        assert!(page.contains(r#"<option value="NP" label="Nepal">"#), "countries are offered: {page}");
        assert!(page.contains(r#"<option value="Asia/Kathmandu">"#), "time zones are offered");
        let fields = |country| {
            [
                ("organisation", "Udaan Nepal"),
                ("zone", "Asia/Kathmandu"),
                ("country", country),
                ("quiet_from", "23:00"),
                ("quiet_to", "07:30"),
            ]
        };
        let wrong = manager.post("/settings/organisation", &fields("Atlantis")).await;
        assert!(wrong.body.contains("No country is called that."), "{}", wrong.body);
        assert_eq!(manager.post("/settings/organisation", &fields("Nepal")).await.status, StatusCode::SEE_OTHER);
        assert!(manager.get("/settings/organisation").await.body.contains(r#"value="NP" required"#));
    }

    async fn the_host_makes_an_organisation_and_is_its_admin(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let fields = [
            ("organisation", "Third"),
            ("zone", "Asia/Kolkata"),
            ("country", "IN"),
            ("quiet_from", "22:00"),
            ("quiet_to", "08:00"),
        ];
        let mut host = world.signed_in(&people.host).await;
        assert_eq!(host.post("/organisations/new", &fields).await.status, StatusCode::SEE_OTHER);
        let page = host.get("/settings/organisation").await.body;
        assert!(page.contains(r#"m-org__name">Third<"#) && page.contains("Third is ready."));
    }
}
