//! Changing the team and the organisation.

use axum::http::StatusCode;
use domain::role::Role;
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
        let host = format!("/settings/team/members/{}/remove", people.host.id);
        assert_eq!(admin.post(&host, &[]).await.status, StatusCode::SEE_OTHER);
        let own = format!("/settings/team/members/{}", people.admin.id);
        assert_eq!(admin.post(&format!("{own}/remove"), &[]).await.status, StatusCode::CONFLICT);
        assert_eq!(admin.post(&format!("{own}/role"), &[("role", "viewer")]).await.status, StatusCode::CONFLICT);
        assert_eq!(world.role_of(people.first, people.admin.id).await, Some(Role::Admin));
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
