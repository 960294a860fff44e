//! Statements that run for every message find their rows by an index, also with the statistics of a day on which
//! there were three rows.

use store::{
    testing::{self, statements_of},
    work::RawReceipt,
};

use crate::{receipts::receipt, world::World};

/// Tables that grow with people and messages.
const LARGE: [&str; 9] = [
    "messages",
    "message_events",
    "registrants",
    "leads",
    "receipts",
    "look_ups",
    "search_entries",
    "suppressions",
    "consents",
];

/// The names under which the plan of a statement mentions large tables.
fn names(statement: &str) -> Vec<String> {
    let words: Vec<&str> = statement.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut names: Vec<String> = LARGE.map(str::to_owned).to_vec();
    for pair in words.windows(2).filter(|pair| LARGE.contains(&pair[0])) {
        let is_alias = pair[1].len() <= 2 && pair[1].chars().all(|c| c.is_ascii_lowercase());
        names.extend(is_alias.then(|| pair[1].to_owned()));
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_statements_take_an_index_with_the_statistics_of_an_early_day() {
    let db = testing::sqlite().await;
    let mut world = World::new(&db).await;
    world.crowd(3).await;
    world.broadcast().await;
    world.run_dry().await;
    world.engine.work().renew_statistics().await.unwrap();
    let registering = statements_of(world.crowd(300)).await;
    let mut seen = statements_of(async {
        let id = world.broadcast().await;
        world.sender.turn_until_idle().await.unwrap();
        let now = world.now();
        let raw = world.rows(id).await.into_iter().map(|row| RawReceipt {
            organization: world.org.actor().organization,
            integration: world.integration,
            dedupe_key: row.recipient.clone(),
            body: receipt(
                &row.recipient,
                row.recipient.trim_start_matches('+'),
                row.provider_id.as_deref(),
                "DELIVERED",
                now.0,
            ),
        });
        world.engine.work().store_receipts(raw.collect(), now).await.unwrap();
        while world.engine.apply_receipts().await.unwrap() > 0 {}
        world.engine.settle().await.unwrap();
        world.engine.work().reclaim(now, false).await.unwrap();
        while world.engine.work().index_people(100).await.unwrap().more {}
    })
    .await;
    assert!(world.engine.work().differences().await.unwrap().is_empty());
    seen.extend(registering);
    assert!(seen.len() > 40, "needs the statements of a whole broadcast: {}", seen.len());
    let mut walks = vec![];
    for statement in &seen {
        let plan = db.explain(statement).await;
        let names = names(statement);
        let walk = |line: &&String| names.iter().any(|name| **line == format!("SCAN {name}"));
        walks.extend(
            plan.iter().filter(walk).map(|line| format!("{line}\nin {statement}\n{}", plan.join("\n"))),
        );
    }
    assert!(walks.is_empty(), "{}", walks.join("\n\n"));
    db.remove().await;
}
