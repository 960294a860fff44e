//! Defects that broke other products (docs/defects.md): those that no other file here proves.

use std::time::Duration;

use domain::{
    broadcast::{Addressee, BroadcastStatus, UNDO_MS},
    message::MessageState,
    reason::{OwnReason, Reason},
    template::{Content, WhatsappContent},
    time::{DAY, HOUR, MINUTE, Millis, SECOND, Zone},
};
use munadi_engine::{Engine, Sender};
use sandbox::faults::Amount;
use store::{
    members::NewOrganization,
    messages::MessageFilter,
    on_both,
    work::{Endings, PlannedRow, StretchSums, Want},
    workshops::WorkshopDraft,
};

use crate::{receipts::receipt, world::World};

/// Waits until another task has done something.
async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("it never happened");
}

/// Starts a process that claims what is due, lets its calls reach the provider, and dies before it writes any ending.
async fn dies_after_its_calls(world: &World, engine: Engine, calls: usize) {
    let mut sender = Sender::new(engine, 9);
    let mut claimed = 0;
    for _ in 0..2_000 {
        claimed += sender.turn(claimed == 0).await.unwrap().claimed;
        if claimed > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(claimed, calls);
    until(|| world.sandbox.world().len() == calls).await;
    drop(sender);
}

on_both! {
    async fn r02_a_claim_is_no_sending_and_a_crash_right_after_it_shows(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(5).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        second.work().turn(&Endings::default(), &[Want::rows(id, 5)], &world.key, world.now()).await.unwrap();
        // The process died before a byte left. Its rows do not claim to be sent, and nothing is done with them.
        world.engine.settle().await.unwrap();
        assert_eq!(world.sum(id).await, "5 = 5 in_flight");
        assert_eq!(world.truth(id).await.status, BroadcastStatus::InProgress);
        world.give_up_others().await;
        assert_eq!(world.sum(id).await, "5 = 5 unknown");
        assert!(world.rows(id).await.iter().all(|row| row.sent_at.is_none()));
        // No row is lost silently: a person can have them sent again once no call can be under way.
        world.clock.advance(MINUTE);
        let deadline = world.truth(id).await.deadline;
        let again = world.org.send_again(id, MessageState::Unknown, &[OwnReason::WorkerLost.into()], deadline, world.now()).await;
        assert_eq!(again.unwrap(), 5);
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "5 = 5 sent");
        assert_eq!(world.sandbox.world().len(), 5);
    }

    async fn r05_a_plan_that_was_cut_off_goes_on_at_its_mark(db: TestStore) {
        let world = World::new(db).await;
        world.crowd(30).await;
        let id = world.confirm(World::template()).await;
        // A process writes the first eleven rows and dies.
        let planning = world.engine.work().planning().await.unwrap().remove(0);
        let reader = world.engine.work().audience_reader(planning.organization);
        let people = reader.stretch(world.workshop, &planning.after, 11).await.unwrap();
        let last = people.last().unwrap();
        let mark = (last.phone.clone(), last.identity.clone());
        let content = serde_json::to_string(&Content::Whatsapp(WhatsappContent { values: vec!["a".into(); 3], ..WhatsappContent::default() })).unwrap();
        let rows = people
            .iter()
            .map(|person| PlannedRow {
                addressee: Addressee::Registrant(person.registrant()),
                name: person.name.clone(),
                recipient: person.phone.clone(),
                skip: None,
                content: content.clone(),
                units: 1,
            })
            .collect();
        world.engine.work().plan_write(&planning, rows, &StretchSums::default(), &mark, false, world.now()).await.unwrap();
        // Two processes find the broadcast at the same time.
        let second = world.second_engine().await;
        let (one, two) = tokio::join!(world.engine.plan(), second.plan());
        one.unwrap();
        two.unwrap();
        let rows = world.rows(id).await;
        assert_eq!(rows.iter().map(|row| row.message.position).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
        let mut numbers: Vec<_> = rows.iter().map(|row| row.recipient.clone()).collect();
        assert!(numbers.is_sorted(), "in order of number");
        numbers.dedup();
        assert_eq!(numbers.len(), 30, "everybody has one row");
        assert_eq!(world.sum(id).await, "30 = 30 waiting");
        world.assert_sum().await;
    }

    async fn r06_a_crash_between_call_and_record_repeats_nobody(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(20).await;
        let id = world.broadcast().await;
        let second = world.second_engine().await;
        dies_after_its_calls(&world, second, 20).await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "20 = 20 in_flight");
        world.give_up_others().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "20 = 20 unknown");
        assert_eq!(world.sandbox.world().len(), 20);
        assert!(world.sandbox.world().repeated_phones(1).is_empty());
    }

    async fn r08_confirming_is_all_that_is_needed_whoever_dies_afterwards(db: TestStore) {
        let world = World::new(db).await;
        world.crowd(3).await;
        // The broadcast is committed, and the process that took it disappears without waking anybody.
        let id = world.confirm(World::template()).await;
        world.clock.advance(UNDO_MS);
        let second = world.second_engine().await;
        second.plan().await.unwrap();
        Sender::new(second.clone(), 2).turn_until_idle().await.unwrap();
        second.settle().await.unwrap();
        assert_eq!(world.sum(id).await, "3 = 3 sent");
        assert_eq!(world.truth(id).await.status, BroadcastStatus::Completed);
    }

    async fn r11_a_receipt_played_again_moves_no_count_and_no_cost(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(4).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let at = world.now().0;
        let rows = world.rows(id).await;
        let posts = |round: usize| -> Vec<(String, String)> {
            rows.iter()
                .zip(["DELIVERED", "READ", "FAILED", "SENT"])
                .map(|(row, status)| {
                    // The second round is the same event under another id, which the store cannot know.
                    let key = format!("{status}-{round}");
                    let digits = row.recipient.trim_start_matches('+');
                    let body = receipt(&key, digits, row.provider_id.as_deref(), status, at);
                    (key, body)
                })
                .collect()
        };
        world.receive(posts(0)).await;
        let (sum, cost) = (world.sum(id).await, world.truth(id).await.actual_cost());
        assert_eq!(sum, "4 = 1 sent + 1 delivered + 1 read + 1 failed");
        for round in [0, 0, 1, 2, 1] {
            world.receive(posts(round)).await;
            assert_eq!((world.sum(id).await, world.truth(id).await.actual_cost()), (sum.clone(), cost));
        }
    }

    async fn r12_counts_are_the_rows_through_pause_resume_and_second_tries(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(60).await;
        world.sandbox.faults().change(|faults| {
            faults.bad_gateway = Amount::Run { after: 10, next: 3 };
            faults.no_credit_after = Some(30);
        });
        let id = world.broadcast().await;
        world.run_dry().await;
        let told = |broadcast: &store::broadcasts::Broadcast| broadcast.in_state(MessageState::Sent);
        let first = world.truth(id).await;
        assert_eq!((first.status, told(&first)), (BroadcastStatus::Paused, 30));
        world.sandbox.faults().change(|faults| faults.no_credit_after = None);
        world.sandbox.aisensy().change(|config| config.projects[0].credit = 1_000_000_000);
        for _ in 0..3 {
            // Pausing and resuming forgets nothing of what was done.
            world.org.resume_broadcast(id, world.now()).await.unwrap();
            world.assert_sum().await;
            assert_eq!(told(&world.truth(id).await), 30);
            world.org.pause_broadcast(id, world.now()).await.unwrap();
            world.assert_sum().await;
            assert_eq!(told(&world.truth(id).await), 30);
        }
        world.org.resume_broadcast(id, world.now()).await.unwrap();
        world.run_dry().await;
        let unknown = world.truth(id).await.in_state(MessageState::Unknown);
        assert!(unknown > 0, "the faults must have struck");
        assert_eq!(world.sum(id).await, format!("60 = {} sent + {unknown} unknown", 60 - unknown));
        let reasons: Vec<Reason> =
            world.truth(id).await.counts.iter().filter(|c| c.state == MessageState::Unknown).map(|c| c.reason.clone()).collect();
        let deadline = world.truth(id).await.deadline;
        assert_eq!(world.org.send_again(id, MessageState::Unknown, &reasons, deadline, world.now()).await.unwrap(), unknown);
        world.assert_sum().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "60 = 60 sent");
    }

    async fn r13_nothing_is_completed_while_a_row_waits_or_is_in_flight(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(2).await;
        world.sandbox.faults().change(|faults| {
            faults.server_error = Amount::next(1);
            faults.server_error_status = Some(503);
        });
        let id = world.broadcast().await;
        let status = async |world: &World| {
            // The moment at which completion is asked for must not matter, so this is repeated ten times.
            for _ in 0..10 {
                world.engine.settle().await.unwrap();
            }
            world.truth(id).await.status
        };
        assert_eq!(status(&world).await, BroadcastStatus::Scheduled);
        world.sender.turn_until_idle().await.unwrap();
        assert_eq!(world.sum(id).await, "2 = 1 waiting + 1 sent", "one was put off");
        assert_eq!(status(&world).await, BroadcastStatus::InProgress);
        world.clock.advance(MINUTE);
        world.beat().await;
        let second = world.second_engine().await;
        let turn = second.work().turn(&Endings::default(), &[Want::rows(id, 5)], &world.key, world.now()).await.unwrap();
        assert_eq!(turn.claimed.len(), 1);
        assert_eq!(status(&world).await, BroadcastStatus::InProgress, "its call is under way");
        world.give_up_others().await;
        assert_eq!(status(&world).await, BroadcastStatus::Completed);
        assert_eq!(world.sum(id).await, "2 = 1 sent + 1 unknown");
    }

    async fn r15_a_breaker_that_opens_drops_nothing_that_was_in_flight(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(60).await;
        world.sandbox.faults().change(|faults| faults.bad_gateway = Amount::next(32));
        let before = world.now();
        let id = world.broadcast().await;
        world.run_dry().await;
        let held = world.org.integration(world.integration).await.unwrap().held_until;
        assert!(held > before, "the breaker opened");
        // The calls that were under way are reported as unknown, and the rest goes out when the hold is over.
        assert_eq!(world.sum(id).await, "60 = 28 sent + 32 unknown");
        assert_eq!(world.truth(id).await.status, BroadcastStatus::Completed);
    }

    async fn r16_everybody_reads_their_own_name_and_nobody_elses(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(150).await;
        // Some messages go out a second time, beside other messages than the first time.
        world.sandbox.faults().change(|faults| {
            faults.server_error = Amount::Rate(0.2);
            faults.server_error_status = Some(503);
        });
        world.broadcast().await;
        world.run_dry().await;
        let told = world.sandbox.world().messages(0, 1_000);
        assert!(told.len() > 100, "needs somebody who got it: {}", told.len());
        for message in told {
            let nth = message.phone - 919_000_000_000;
            let values: Vec<&str> = message.text.split(" | ").collect();
            assert_eq!(values[0], format!("Person{nth}"), "{message:?}");
        }
    }

    async fn r17_a_start_that_passed_while_nothing_ran_is_caught_up_at_the_accounts_pace(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(40).await;
        world.pace(10, 0).await;
        let id = world.broadcast().await;
        // The program was off for an hour. The start has long passed, the deadline has not.
        world.clock.advance(HOUR);
        world.beat().await;
        world.sender.turn_until_idle().await.unwrap();
        assert!(world.sandbox.world().len() <= 2, "not all together: {}", world.sandbox.world().len());
        for _ in 0..50 {
            world.clock.advance(SECOND / 10);
            world.beat().await;
            world.sender.turn_until_idle().await.unwrap();
        }
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "40 = 40 sent");
        assert!(world.sandbox.world().repeated_phones(1).is_empty());
    }

    async fn r18_a_cancelled_workshop_reminds_nobody_any_more(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(50).await;
        world.sandbox.faults().change(|faults| faults.no_credit_after = Some(20));
        let paused = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(paused).await, "50 = 30 waiting + 20 sent");
        let scheduled = world.confirm(World::template()).await;
        world.engine.plan().await.unwrap();
        let planning = world.confirm(World::template()).await;
        let told = world.sandbox.world().len();
        assert_eq!(world.org.cancel_workshop(world.workshop, world.now()).await.unwrap(), 3);
        world.sandbox.faults().change(|faults| faults.no_credit_after = None);
        world.sandbox.aisensy().change(|config| config.projects[0].credit = 1_000_000_000);
        world.engine.plan().await.unwrap();
        world.clock.advance(HOUR);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sandbox.world().len(), told);
        assert_eq!(world.sum(paused).await, "50 = 20 sent + 30 cancelled");
        assert_eq!(world.sum(scheduled).await, "50 = 50 cancelled");
        assert_eq!(world.sum(planning).await, "0 = ");
        for id in [paused, scheduled, planning] {
            assert_eq!(world.truth(id).await.status, BroadcastStatus::Cancelled);
            assert!(world.org.resume_broadcast(id, world.now()).await.is_err(), "it stays so");
        }
    }

    async fn r18_a_moved_workshop_does_not_remind_of_the_old_time(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(30).await;
        let open = world.broadcast().await;
        let planning = world.confirm(World::template()).await;
        let workshop = world.org.workshop(world.workshop).await.unwrap();
        let draft = |starts_at: Millis| WorkshopDraft {
            title: "Rust for Beginners".into(),
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: "https://meet.example/rust".into(),
            tag: None,
        };
        let moved = world.org.edit_workshop(world.workshop, &draft(workshop.starts_at), world.now()).await.unwrap();
        assert_eq!(moved, 0, "the time is as it was");
        let moved = world.org.edit_workshop(world.workshop, &draft(workshop.starts_at.plus(DAY)), world.now()).await.unwrap();
        assert_eq!(moved, 2);
        world.engine.plan().await.unwrap();
        world.clock.advance(UNDO_MS);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sandbox.world().len(), 0);
        let truth = world.truth(open).await;
        assert_eq!((truth.status, truth.stop_code.code()), (BroadcastStatus::Paused, "workshop_moved"));
        assert_eq!(world.truth(planning).await.status, BroadcastStatus::Cancelled);
        // A new broadcast tells the new time; a person may also let the old one go out.
        let fresh = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(fresh).await, "30 = 30 sent");
        world.org.resume_broadcast(open, world.now()).await.unwrap();
        world.run_dry().await;
        assert_eq!(world.sum(open).await, "30 = 30 sent");
    }

    async fn r19_a_start_typed_in_a_zone_holds_over_its_clock_change(db: TestStore) {
        let mut world = World::new(db).await;
        let zone = Zone::parse("America/New_York").unwrap();
        let organization = world.org.organization().await.unwrap();
        let changed = NewOrganization {
            name: organization.name,
            zone: zone.clone(),
            country: organization.country,
            quiet_hours: organization.quiet_hours,
        };
        world.org.update_organization(&changed, world.now()).await.unwrap();
        // The clocks go back in the night before. A time computed as hours from today would be one hour off.
        let at = |text: &str| zone.parse_local(text).unwrap();
        let draft = WorkshopDraft {
            title: "Rust for Beginners".into(),
            starts_at: at("2026-11-01T19:00"),
            ends_at: at("2026-11-01T21:00"),
            join_link: "https://meet.example/rust".into(),
            tag: None,
        };
        world.workshop = world.org.add_workshop(&draft, world.now()).await.unwrap();
        world.crowd(3).await;
        let mut new = world.reminder(&World::template());
        (new.starts_at, new.deadline) = (at("2026-11-01T18:00"), at("2026-11-01T19:00"));
        let id = world.org.confirm_broadcast(new, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        world.clock.advance(at("2026-11-01T17:59").since(world.now()));
        world.beat().await;
        world.sender.turn_until_idle().await.unwrap();
        assert_eq!(world.sum(id).await, "3 = 3 waiting", "not early");
        world.clock.advance(MINUTE);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "3 = 3 sent", "and not never");
        assert!(world.sandbox.world().messages(0, 3).iter().all(|m| m.text.contains("7:00 PM")));
    }

    async fn r20_the_pace_holds_over_two_processes_and_a_restart(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(120).await;
        world.pace(20, 0).await;
        let id = world.broadcast().await;
        let start = world.now();
        let mut second = Sender::new(world.second_engine().await, 2);
        let mut told = vec![(start, 0)];
        for step in 0..140 {
            if step % 30 == 29 {
                // A process that starts again does not remember what it sent.
                second = Sender::new(world.second_engine().await, step);
            }
            let (one, two) = tokio::join!(world.sender.turn_until_idle(), second.turn_until_idle());
            one.unwrap();
            two.unwrap();
            told.push((world.now(), world.sandbox.world().len()));
            world.clock.advance(50);
            world.beat().await;
        }
        // Within any second there is no more than a second's worth of messages and one burst of a fifth of a second.
        for (at, (from, before)) in told.iter().enumerate() {
            let (_, after) = told[at..].iter().take_while(|(to, _)| to.since(*from) < SECOND).last().unwrap();
            assert!(after - before <= 24, "{} in the second from {}", after - before, from.since(start));
        }
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "120 = 120 sent", "and nobody starves");
    }

    async fn r22_receipts_and_lost_processes_leave_their_lists(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(30).await;
        let id = world.broadcast().await;
        world.run_dry().await;
        let at = world.now().0;
        let posts: Vec<(String, String)> = world
            .rows(id)
            .await
            .iter()
            .map(|row| {
                let key = format!("k{}", row.message.position);
                let body = receipt(&key, row.recipient.trim_start_matches('+'), row.provider_id.as_deref(), "DELIVERED", at);
                (key, body)
            })
            .chain([("odd".to_owned(), receipt("odd", "919999999999", Some("nobody"), "READ", at))])
            .collect();
        for _ in 0..3 {
            world.receive(posts.clone()).await;
        }
        let (work, later) = (world.engine.work(), world.now().plus(40 * DAY));
        assert_eq!(work.pending_receipts(later, 100).await.unwrap().len(), 0, "every receipt is dealt with");
        assert_eq!(world.sum(id).await, "30 = 30 delivered");
        for _ in 0..3 {
            world.second_engine().await;
        }
        assert_eq!(work.workers().await.unwrap().len(), 4);
        world.give_up_others().await;
        assert_eq!(work.workers().await.unwrap().len(), 1, "the dead are forgotten");
    }

    async fn r26_settling_changes_no_row_that_has_ended(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(6).await;
        world.register(&[("", "Nobody Test")]).await;
        world.sandbox.faults().change(|faults| faults.bad_gateway = Amount::next(1));
        let sent = world.broadcast().await;
        world.run_dry().await;
        let at = world.now().0;
        let rows = world.rows(sent).await;
        let posts = rows
            .iter()
            .filter(|row| row.state == MessageState::Sent)
            .zip(["DELIVERED", "READ", "FAILED"])
            .map(|(row, status)| {
                let body = receipt(status, row.recipient.trim_start_matches('+'), row.provider_id.as_deref(), status, at);
                (status.to_owned(), body)
            })
            .collect();
        world.receive(posts).await;
        assert_eq!(world.sum(sent).await, "7 = 2 sent + 1 delivered + 1 read + 1 failed + 1 skipped + 1 unknown");
        let cancelled = world.broadcast().await;
        world.org.cancel_broadcast(cancelled, world.now()).await.unwrap();
        let expired = world.broadcast().await;
        world.clock.advance(6 * HOUR);
        world.beat().await;
        world.run_dry().await;
        assert_eq!(world.sum(cancelled).await, "7 = 1 skipped + 6 cancelled");
        assert_eq!(world.sum(expired).await, "7 = 1 skipped + 6 expired");
        let all = [sent, cancelled, expired];
        let mut before = Vec::new();
        for id in all {
            before.push((format!("{:?}", world.rows(id).await), world.truth(id).await.status));
        }
        let told = world.sandbox.world().len();
        for _ in 0..5 {
            world.clock.advance(7 * DAY);
            world.engine.work().beat(world.now(), world.now().plus(15 * SECOND), None).await.unwrap();
            world.engine.settle().await.unwrap();
            world.engine.work().complete(world.now()).await.unwrap();
            world.engine.work().reclaim(world.now(), true).await.unwrap();
            world.engine.plan().await.unwrap();
            world.sender.turn_until_idle().await.unwrap();
        }
        world.org.cancel_workshop(world.workshop, world.now()).await.unwrap();
        world.run_dry().await;
        for (id, before) in all.into_iter().zip(before) {
            assert_eq!((format!("{:?}", world.rows(id).await), world.truth(id).await.status), before);
        }
        assert_eq!(world.sandbox.world().len(), told);
    }

    async fn r28_our_own_limits_make_people_wait_and_never_fail(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(20).await;
        world.pace(5, 12).await;
        let mut new = world.reminder(&World::template());
        new.deadline = world.now().plus(30 * HOUR);
        let id = world.org.confirm_broadcast(new, world.now()).await.unwrap();
        world.engine.plan().await.unwrap();
        let run = async |world: &mut World, seconds: i64| {
            for _ in 0..seconds * 10 {
                world.clock.advance(SECOND / 10);
                world.beat().await;
                world.sender.turn_until_idle().await.unwrap();
                world.engine.settle().await.unwrap();
            }
        };
        run(&mut world, 20).await;
        assert_eq!(world.sum(id).await, "20 = 8 waiting + 12 sent", "the ceiling");
        assert_eq!(world.truth(id).await.status, BroadcastStatus::InProgress);
        let waiting = MessageFilter { state: Some(MessageState::Waiting), ..MessageFilter::default() };
        let waiting = world.org.messages(id, &waiting, 0, 100).await.unwrap();
        assert!(waiting.iter().all(|row| row.attempt == 0 && row.reason.is_none()), "waiting costs no try");
        // Midnight frees nobody: the ceiling counts the last 24 hours.
        world.clock.advance(23 * HOUR);
        run(&mut world, 5).await;
        assert_eq!(world.sum(id).await, "20 = 8 waiting + 12 sent");
        world.clock.advance(HOUR + 10 * MINUTE);
        run(&mut world, 5).await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "20 = 20 sent");
        assert!(world.rows(id).await.iter().all(|row| row.attempt == 1));
    }

    async fn a_provider_that_says_not_now_however_often_gets_the_message_once_when_it_takes_it(db: TestStore) {
        let mut world = World::new(db).await;
        world.crowd(1).await;
        let id = world.broadcast().await;
        world.sandbox.faults().change(|faults| faults.too_many = Amount::next(5));
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "1 = 1 sent");
        assert_eq!(world.rows(id).await[0].attempt, 6);
        assert_eq!(world.sandbox.world().len(), 1);
        world.sandbox.faults().change(|faults| faults.too_many = Amount::next(40));
        let id = world.broadcast().await;
        world.run_dry().await;
        assert_eq!(world.sum(id).await, "1 = 1 sent");
        assert_eq!(world.rows(id).await[0].attempt, 41);
        assert_eq!(world.sandbox.world().len(), 2);
    }
}

/// The test runs on one thread, so that the call cannot begin before the clock has moved on.
#[tokio::test]
async fn r17_a_call_whose_moment_passes_between_claim_and_call_is_not_made() {
    let db = store::testing::sqlite().await;
    let mut world = World::new(&db).await;
    world.crowd(3).await;
    let id = world.broadcast().await;
    while world.sender.turn(true).await.unwrap().claimed == 0 {
        tokio::task::yield_now().await;
    }
    world.clock.advance(5 * HOUR);
    world.beat().await;
    world.run_dry().await;
    assert_eq!(world.sum(id).await, "3 = 3 expired");
    assert_eq!(world.sandbox.world().len(), 0);
    db.remove().await;
}
