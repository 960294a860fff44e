//! Accounts that a gateway holds, against the stand-ins: the form that picks a listed server, the test, linking and
//! the list of groups.

use axum::http::StatusCode;
use munadi::pages::settings::integrations::Health;
use providers::{AccountStanding, registry};
use sandbox::Sandbox;
use store::{Actor, Org, integrations::Integration, on_both, testing::TestStore};

use crate::world::{Browser, People, World};

/// The kind of each vendor whose servers are listed, and the key of its address.
fn gateways() -> Vec<(&'static str, &'static str)> {
    let listed = registry::VENDORS.iter().filter_map(|vendor| {
        let url = vendor.base_urls().iter().find(|url| url.listed)?;
        Some((vendor.kind(), url.key))
    });
    listed.collect()
}

/// A program that lists every stand-in, and for each a second server that does not answer.
async fn set_up(db: &TestStore) -> (World, People, Sandbox) {
    let vendors = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let world = World::with(db, |config| {
        for (key, url) in vendors.addresses() {
            if gateways().iter().any(|(_, own)| *own == key) {
                config.providers.set(key, &format!("{url}, http://127.0.0.1:9/other"));
            }
        }
    })
    .await;
    let people = world.people().await;
    (world, people, vendors)
}

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

async fn stored(world: &World, people: &People, kind: &str) -> Option<Integration> {
    org(world, people).integrations().await.unwrap().into_iter().find(|one| one.kind == kind)
}

/// Fills in the form of the stand-in's account, at that server.
async fn add(admin: &mut Browser<'_>, kind: &str, server: &str) -> StatusCode {
    let sample = sandbox::registry::face(kind).unwrap().account();
    let session = sample.settings["session"].as_str().unwrap_or_default().to_owned();
    let key = sample.secrets[0].1.clone();
    let fields = [
        ("name", "Front desk"),
        ("gateway", server),
        ("session", session.as_str()),
        ("api_key", key.as_str()),
    ];
    admin.post(&format!("/settings/integrations/new/{kind}"), &fields).await.status
}

on_both! {
    async fn an_account_of_every_vendor_is_added_from_one_place(db: TestStore) {
        let (world, people, _vendors) = set_up(db).await;
        let page = world.signed_in(&people.admin).await.get("/settings/integrations").await.body;
        for vendor in registry::VENDORS {
            let way = format!(r#"href="/settings/integrations/new/{}""#, vendor.kind());
            assert_eq!(page.matches(&way).count(), 1, "{}: {page}", vendor.kind());
        }
        assert!(page.contains("This version sends on") && !page.contains("cannot be connected"), "{page}");
        let viewer = world.signed_in(&people.viewer).await.get("/settings/integrations").await.body;
        assert!(!viewer.contains("/settings/integrations/new/"), "a viewer adds none");
    }

    async fn an_account_at_a_listed_server_is_added_tested_and_its_groups_are_read(db: TestStore) {
        let (world, people, vendors) = set_up(db).await;
        let mut admin = world.signed_in(&people.admin).await;
        let list = admin.get("/settings/integrations").await.body;
        for (kind, key) in gateways() {
            assert!(list.contains(&format!("/new/{kind}")), "{kind} is offered");
            let (_, server) = vendors.addresses().into_iter().find(|(known, _)| *known == key).unwrap();
            let form = admin.get(&format!("/settings/integrations/new/{kind}")).await.body;
            assert!(form.contains(&server) && form.contains("http://127.0.0.1:9/other"), "{kind}: both are offered");
            for wrong in ["", "http://127.0.0.1:9/evil"] {
                assert_eq!(add(&mut admin, kind, wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{kind}: {wrong:?}");
            }
            assert_eq!(add(&mut admin, kind, &server).await, StatusCode::SEE_OTHER, "{kind}");
            let account = stored(&world, &people, kind).await.unwrap();
            let tested = admin.post(&format!("/settings/integrations/{}/test", account.id), &[]).await;
            assert_eq!(tested.status, StatusCode::SEE_OTHER, "{kind}: {}", tested.body);
            let status = Health::of(&stored(&world, &people, kind).await.unwrap()).status;
            assert_eq!((status.standing, status.number.as_str()), (AccountStanding::Ready, "919000000100"), "{kind}: {status:?}");
            let page = admin.get(&format!("/settings/integrations/{}", account.id)).await;
            assert_eq!(page.status, StatusCode::OK, "{kind}");
            let before = org(&world, &people).groups().await.unwrap().len();
            let synced = admin.post(&format!("/settings/accounts/{}/sync", account.id), &[]).await;
            assert_eq!(synced.status, StatusCode::SEE_OTHER, "{kind}: {}", synced.body);
            let after = org(&world, &people).groups().await.unwrap().len();
            assert_eq!(after - before, sandbox::samples::sample_groups().len(), "{kind}: every group of the account");
            let page = admin.get(&format!("/settings/accounts/{}", account.id)).await;
            assert!(page.status == StatusCode::OK && page.body.contains("Excel batch 7, morning"), "{kind}");
        }
    }

    async fn a_gateway_is_offered_only_where_one_is_listed(db: TestStore) {
        let world = World::with(db, |config| {
            for (_, key) in gateways() {
                config.providers.set(key, "");
            }
        }).await;
        let people = world.people().await;
        let mut admin = world.signed_in(&people.admin).await;
        let list = admin.get("/settings/integrations").await.body;
        for (kind, _) in gateways() {
            assert!(!list.contains(&format!("/new/{kind}")), "{kind} has no server");
            assert_eq!(add(&mut admin, kind, "http://127.0.0.1:9/evil").await, StatusCode::UNPROCESSABLE_ENTITY, "{kind}");
            assert!(stored(&world, &people, kind).await.is_none(), "{kind}");
        }
    }
}
