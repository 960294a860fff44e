//! Every route of the table, as everybody: what is not allowed is refused, and nothing leaks to another organisation.

use axum::http::{Method, StatusCode};
use domain::role::Role;
use munadi::{
    http::error::Kind,
    router::{Needs, Route, table},
};
use store::on_both;

use crate::world::{Answer, FIRST, People, World};

/// Fills a path with ids of the first organisation. A route with a new parameter needs a line here.
fn filled(path: &str, people: &People) -> String {
    let ids = [
        ("{user}", people.target.id.to_string()),
        ("{invitation}", people.invitation.to_string()),
        ("{integration}", people.integration.to_string()),
        ("{template}", people.template.to_string()),
        ("{vendor}", providers::registry::VENDORS[0].kind().to_owned()),
        ("{callback_key}", "0".repeat(40)),
        ("{token}", "0".repeat(64)),
        ("{secret}", "0".repeat(64)),
        ("{stage}", "no_answer".to_owned()),
        ("{sound}", format!("{}.wav", "0".repeat(40))),
        ("{address}", "0".repeat(40)),
        ("{list}", "0192f0c1-0000-7000-8000-000000000000".to_owned()),
        ("{file}", "none.css".to_owned()),
        ("{wish}", "top-up".to_owned()),
        ("{code}", "0".repeat(11)),
        ("{name}", "none-such".to_owned()),
        ("{*path}", "status".to_owned()),
    ];
    let path =
        ids.iter().chain(&people.records).fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
    assert!(!path.contains('{'), "{path}: tests/it/access.rs does not know this parameter");
    path
}

/// Whether the path names something that belongs to one organisation.
fn names_a_record(route: &Route) -> bool {
    matches!(route.rule.needs, Needs::Role(_)) && route.rule.path.replace("{vendor}", "").contains('{')
}

fn is_sent_to_sign_in(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/sign-in")
}

/// Posts an empty form with a token that fits, so that only permission decides.
async fn ask(world: &World, who: Option<&store::User>, route: &Route, people: &People) -> Answer {
    let mut browser = match who {
        Some(user) => world.signed_in(user).await,
        None => world.browser(),
    };
    let path = filled(route.rule.path, people);
    match route.method {
        Method::GET => browser.get(&path).await,
        _ => browser.post(&path, &[]).await,
    }
}

on_both! {
    async fn every_route_lets_in_whom_the_table_says_and_nobody_else(db: TestStore) {
        let world = World::new(db).await;
        let mut people = world.people().await;
        let broadcast = crate::broadcast::planned(&world, &people).await;
        people.records.push(("{broadcast}", broadcast.to_string()));
        people.records.push(("{position}", "1".to_owned()));
        let org = world.app.store.org(store::Actor::command_line(people.first));
        let named = store::groups::NamedGroup { subject: FIRST.into(), invite_link: String::new(), members: None };
        let group = org.name_group(&named, None, world.clock_now()).await.unwrap();
        people.records.push(("{group}", group.to_string()));
        let routes = table();
        assert!(routes.iter().any(names_a_record), "needs a route with an id");
        // Strangers and lower roles ask first, so that what they must not change is still there.
        let callers = [
            (None, None),
            (Some(&people.stranger), None),
            (Some(&people.viewer), Some(Role::Viewer)),
            (Some(&people.agent), Some(Role::Agent)),
            (Some(&people.manager), Some(Role::Manager)),
            (Some(&people.admin), Some(Role::Admin)),
            (Some(&people.host), Some(Role::Admin)),
        ];
        for (user, role) in callers {
            for route in &routes {
                let answer = ask(&world, user, route, &people).await;
                let said = format!("{} {} as {:?}: {}", route.method, route.rule.path, user.map(|u| &u.name), answer.status);
                assert!(!answer.status.is_server_error(), "{said}");
                let refused = answer.status == StatusCode::FORBIDDEN;
                match (route.rule.needs, user, role) {
                    (Needs::Anyone | Needs::Public, _, _) => assert!(!refused, "{said}"),
                    (_, None, _) if route.rule.kind == Kind::Json => {
                        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{said}");
                    }
                    (_, None, _) => assert!(is_sent_to_sign_in(&answer), "{said}"),
                    (Needs::SignedIn, Some(_), _) => assert!(!refused, "{said}"),
                    (Needs::SuperAdmin, Some(user), _) => assert_eq!(refused, !user.super_admin, "{said}"),
                    (Needs::Role(permission), _, Some(role)) => {
                        assert_eq!(refused, !role.may(permission), "{said}");
                        assert!(!is_sent_to_sign_in(&answer), "{said}");
                    }
                    (Needs::Role(_), Some(_), None) if names_a_record(route) && answer.status != StatusCode::BAD_REQUEST => {
                        assert_eq!(answer.status, StatusCode::NOT_FOUND, "a record of another organisation: {said}");
                    }
                    (Needs::Role(_), Some(_), None) => {}
                }
                if user == Some(&people.stranger) {
                    assert!(!answer.body.contains(FIRST), "{said} shows the other organisation");
                }
            }
            if role.is_none_or(|role| role != Role::Admin) {
                assert_eq!(world.role_of(people.first, people.target.id).await, Some(Role::Viewer), "after {user:?}");
                let org = world.app.store.org(store::Actor::command_line(people.first));
                assert_eq!(org.invitations().await.unwrap().len(), 1, "after {user:?}");
            }
        }
    }

    async fn a_refusal_says_which_role_may(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let answer = world.signed_in(&people.viewer).await.get("/settings/team").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.body.contains("Your role here is Viewer. This needs Admin."), "{}", answer.body);
    }

    async fn a_member_of_another_organisation_cannot_switch_into_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut browser = world.signed_in(&people.stranger).await;
        let answer = browser.post("/organisation", &[("organisation", &people.first.to_string())]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(!browser.get("/account").await.body.contains(FIRST));
    }

    async fn the_host_switches_into_any_organisation_as_admin(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let host = world.user("Second", true).await; // a member of neither
        let mut browser = world.signed_in(&host).await;
        for (id, name) in [(people.first, FIRST), (people.second, crate::world::SECOND)] {
            let answer = browser.post("/organisation", &[("organisation", &id.to_string())]).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            let team = browser.get("/settings/team").await;
            assert_eq!(team.status, StatusCode::OK);
            assert!(team.body.contains(&format!(r#"m-org__name">{name}<"#)), "in {name}");
        }
    }
}
