//! A broadcast from confirmation to its end, and what people do to it meanwhile.

use std::sync::Arc;

use domain::{
    broadcast::{BroadcastStatus, UNDO_MS},
    channel::Channel,
    ids::MessageRef,
    message::MessageState,
    phone::{Country, Phone},
    template::{Content, Source},
    time::HOUR,
};
use sandbox::faults::Amount;
use store::{messages::MessageFilter, on_both, suppressions::NewSuppression};

use crate::world::World;

on_both! {
    async fn every_registrant_has_a_row_and_each_number_is_told_once(db: TestStore) {
        let mut world = World::new(db).await;
        world
            .register(&[
                ("9000000001", "Asha Test"),
                ("+91 90000 00002", "Ravi Test"),
                ("09000000002", "Ravi’s Sister"),
                ("", "Nobody"),
                ("12345", "Wrong"),
                ("9000000003", ""),
            ])
            .await;
        let id = world.broadcast().await;
        world.run_dry().await;
        // A person without a number, an unusable number, a second person on one number and an empty first name are
        // left out, and each is shown.
        assert_eq!(world.sum(id).await, "6 = 2 sent + 4 skipped");
        assert_eq!(world.truth(id).await.status, BroadcastStatus::Completed);
        assert_eq!(world.sandbox.world().len(), 2);
        let texts = world.sandbox.world().messages(0, 10);
        assert!(texts.iter().any(|m| format!("{m:?}").contains("Asha")));
        let rows = world.org.messages(id, &MessageFilter::default(), 0, 10).await.unwrap();
        let mut reasons: Vec<String> = rows.iter().filter(|r| r.state == MessageState::Skipped).map(|r| r.reason.to_string()).collect();
        reasons.sort();
        assert_eq!(reasons, ["bad_value", "duplicate", "invalid_phone", "no_phone"]);
    }

    async fn nothing_is_sent_before_the_time_to_take_it_back_is_over(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(3).await;
        let id = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        world.clock.advance(UNDO_MS - 1);
        world.beat().await;
        world.sender.turn_until_idle().await.unwrap();
        assert_eq!(world.sandbox.world().len(), 0);
        world.org.cancel_broadcast(id, domain::time::Clock::now(world.clock.as_ref())).await.unwrap();
        world.clock.advance(HOUR);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "3 = 3 cancelled");
        assert_eq!(world.sandbox.world().len(), 0);
    }

    async fn an_account_that_refuses_in_unknown_words_fails_nobody(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(60).await;
        // The account breaks at the first message, and again in the middle of the broadcast.
        for after in [0, 20] {
            world.sandbox.faults().change(|faults| {
                faults.server_error = Amount::Run { after, next: 1_000_000 };
                faults.server_error_status = Some(422);
            });
            let id = world.broadcast().await;
            world.run_dry().await;
            let paused = world.truth(id).await;
            assert_eq!((paused.status, paused.stop_code.code()), (BroadcastStatus::Paused, "unrecognised"));
            let sent = i64::try_from(after).unwrap();
            let told = (paused.in_state(MessageState::Sent), paused.in_state(MessageState::Waiting));
            assert_eq!(told, (sent, 60 - sent), "nobody failed");
            world.sandbox.faults().change(|faults| faults.server_error = Amount::NEVER);
            world.org.resume_broadcast(id, domain::time::Clock::now(world.clock.as_ref())).await.unwrap();
            world.run_dry().await;
            assert_eq!(world.sum(id).await, "60 = 60 sent");
        }
    }

    async fn as_long_as_nobody_knows_whose_fault_a_refusal_is_one_goes_at_a_time(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(20).await;
        world.pace(2, 0).await;
        // Three calls are refused and no fourth is made: a fourth beside the third would be accepted.
        world.sandbox.faults().change(|faults| {
            faults.server_error = Amount::Run { after: 0, next: 3 };
            faults.server_error_status = Some(422);
        });
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.truth(id).await.status, BroadcastStatus::Paused);
        assert_eq!(world.sum(id).await, "20 = 20 waiting");
    }

    async fn persons_refused_in_unknown_words_fail_when_others_go_through(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(200).await;
        world.sandbox.aisensy().change(|config| {
            // After each of them other messages are left to try.
            let refused = ["0000", "0050", "0111"].map(|ending| (ending.to_owned(), "Something new".to_owned()));
            config.projects[0].refused_endings = refused.into();
        });
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "200 = 197 sent + 3 failed");
        assert!(world.sandbox.world().repeated_phones(10).is_empty());
    }

    async fn somebody_who_blocked_the_business_stops_nobody_else(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(20).await;
        world.sandbox.aisensy().change(|config| {
            let words = "User has blocked the business".to_owned();
            config.projects[0].refused_endings = [("0003".to_owned(), words)].into();
        });
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "20 = 19 sent + 1 failed");
    }

    async fn r04_an_account_without_credit_pauses_and_goes_on_where_it_stood(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(60).await;
        world.sandbox.faults().change(|faults| faults.no_credit_after = Some(25));
        let id = world.broadcast().await;
        world.run_dry().await;
        let paused = world.truth(id).await;
        assert_eq!((paused.status, paused.stop_code.code()), (BroadcastStatus::Paused, "http_402"));
        assert_eq!((paused.in_state(MessageState::Sent), paused.in_state(MessageState::Waiting)), (25, 35));
        world.sandbox.faults().change(|faults| faults.no_credit_after = None);
        world.sandbox.aisensy().change(|config| config.projects[0].credit = 1_000_000_000);
        world.org.resume_broadcast(id, domain::time::Clock::now(world.clock.as_ref())).await.unwrap();
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "60 = 60 sent");
        assert!(world.sandbox.world().repeated_phones(10).is_empty());
    }

    async fn whoever_opts_out_after_the_plan_is_left_out_at_the_moment_of_sending(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(5).await;
        let id = world.broadcast().await;
        let phone = "+919000000002";
        world
            .org
            .suppress(
                NewSuppression {
                    phone_key: world.key.of(phone),
                    phone: Phone::parse(phone, Country::INDIA).unwrap(),
                    channel: None,
                    category: None,
                    reason: "Asked on the phone".into(),
                },
                domain::time::Clock::now(world.clock.as_ref()),
            )
            .await
            .unwrap();
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "5 = 4 sent + 1 skipped");
        assert_eq!(world.sandbox.world().count(phone), 0);
    }

    async fn r17_a_message_whose_moment_has_passed_expires_and_is_not_sent(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        let id = world.broadcast().await;
        world.clock.advance(5 * HOUR);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "4 = 4 expired");
        assert_eq!(world.truth(id).await.status, BroadcastStatus::Completed);
        assert_eq!(world.sandbox.world().len(), 0);
    }

    async fn each_message_carries_the_link_of_its_own_place(db: TestStore) {
        let mut world = World::new(db).await;
        // The people fill more than one stretch of the planner. The second stretch is filled in while the first is
        // written.
        world.crowd(4_100).await;
        let make = |message: MessageRef| format!("https://notify.example/o/{message}");
        world.engine = world.engine.clone().with_opt_out_link(Arc::new(make));
        let mut template = World::template();
        template.parameters[0].source = Source::OptOutLink;
        let id = world.confirm(template).await;
        world.engine.plan().await.unwrap();
        let rows = world.org.messages(id, &MessageFilter::default(), 0, 5_000).await.unwrap();
        assert_eq!(rows.len(), 4_100);
        for row in rows {
            let content = Content::from_json(Channel::WhatsappPersonal, &row.content).unwrap();
            assert_eq!(content.values()[0], make(row.message));
        }
    }
}
