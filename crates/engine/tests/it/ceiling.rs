//! The ceiling of people within 24 hours belongs to the business portfolio. Accounts of one portfolio share it, in
//! whatever process they send.

use domain::{
    ids::IntegrationId,
    pace::Pace,
    time::{HOUR, MINUTE},
};
use munadi_engine::Sender;
use providers::Secrets;
use serde_json::{Value, json};
use store::{integrations::NewIntegration, on_both};

use crate::world::{WEBHOOK_SECRET, World};

impl World {
    /// Another account of the same vendor.
    async fn second_account(&self, settings: Value, pace: Pace) -> IntegrationId {
        let id = IntegrationId::new(self.now());
        let secrets = Secrets::default()
            .with("api_key", sandbox::aisensy::DEFAULT_KEY)
            .with("webhook_secret", WEBHOOK_SECRET);
        let new = NewIntegration {
            id,
            kind: "aisensy".into(),
            name: "Second".into(),
            settings,
            sealed: secrets.to_json(),
            hints: json!({}),
            callback_key: format!("key-{id}"),
            pace,
        };
        self.org.add_integration(new, self.now()).await.unwrap();
        id
    }
}

on_both! {
    async fn accounts_of_one_portfolio_share_its_ceiling_over_all_processes_and_24_hours(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(10).await;
        let named = json!({ "portfolio": "Udaan  Group" });
        let pace = Pace { per_second: 1_000_000, per_day: 12 };
        world.org.update_integration(world.integration, "Main", &named, pace, world.now()).await.unwrap();
        // The lower of two ceilings holds. The portfolio's name counts as the same in other letters.
        let other = Pace { per_day: 15, ..pace };
        let second = world.second_account(json!({ "portfolio": "udaan group" }), other).await;
        let stranger = world.second_account(json!({ "portfolio": "another" }), other).await;
        let mut ids = Vec::new();
        for account in [world.integration, second, stranger] {
            let mut new = world.reminder(&World::template());
            new.integration = account;
            new.deadline = world.now().plus(30 * HOUR);
            ids.push(world.org.confirm_broadcast(new, world.now()).await.unwrap());
        }
        world.engine.plan().await.unwrap();
        world.clock.advance(15_000);
        world.beat().await;
        let engine = world.second_engine().await;
        let mut sender = Sender::new(engine.clone(), 9);
        for _ in 0..20 {
            let (one, two) = tokio::join!(world.sender.turn_until_idle(), sender.turn_until_idle());
            one.unwrap();
            two.unwrap();
        }
        let sent = async |world: &World, at: usize| {
            world.truth(ids[at]).await.in_state(domain::message::MessageState::Sent)
        };
        assert_eq!(sent(&world, 0).await + sent(&world, 1).await, 12, "one ceiling for both");
        assert_eq!(sent(&world, 2).await, 10, "another portfolio has its own");
        let ceiling = world.org.ceiling(second, world.now()).await.unwrap();
        assert_eq!((ceiling.used, ceiling.allowed, ceiling.accounts), (12, 12, 2));
        // Midnight in between frees nothing: the 24 hours move with the clock.
        world.clock.advance(23 * HOUR);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(sent(&world, 0).await + sent(&world, 1).await, 12, "still the same 24 hours");
        world.clock.advance(HOUR + 10 * MINUTE);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(sent(&world, 0).await + sent(&world, 1).await, 20);
        let ceiling = world.org.ceiling(world.integration, world.now()).await.unwrap();
        assert_eq!(ceiling.used, 8, "the first ones count no more");
    }

    async fn a_ceiling_that_is_set_later_counts_whom_the_account_wrote_to_before(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(7).await;
        world.broadcast().await;
        world.run_dry().await;
        world.clock.advance(HOUR);
        assert_eq!(world.org.ceiling(world.integration, world.now()).await.unwrap().allowed, 0);
        world.pace(1_000_000, 10).await;
        let ceiling = world.org.ceiling(world.integration, world.now()).await.unwrap();
        assert_eq!((ceiling.used, ceiling.allowed), (7, 10));
    }
}
