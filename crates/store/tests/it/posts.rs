//! Groups, and posts that a person makes by hand.

use domain::{
    broadcast::BroadcastStatus,
    ids::{BroadcastId, GroupId, MessageRef, UserId, WorkerId, WorkshopId},
    message::MessageState,
    role::Role,
    sending_hours::SendingHours,
    time::{HOUR, MINUTE, Millis},
};
use store::{
    PhoneKey, StoreError,
    groups::NamedGroup,
    messages::MessageFilter,
    posts::{Assignee, NewPosts, PostMark},
    work::{Endings, Want},
};

use crate::on_both::{NOW, World};

fn named(subject: &str, members: i64) -> NamedGroup {
    NamedGroup { subject: subject.into(), invite_link: String::new(), members: Some(members) }
}

/// Two groups named by hand for a workshop.
async fn groups(world: &World) -> (WorkshopId, Vec<GroupId>) {
    let workshop = world.workshop("Rust for Beginners").await;
    let mut groups = Vec::new();
    for (subject, members) in [("Batch 7", 142), ("Batch 8", 96)] {
        groups.push(world.org.name_group(&named(subject, members), Some(workshop), NOW).await.unwrap());
    }
    (workshop, groups)
}

async fn posts(world: &World, workshop: WorkshopId, groups: &[GroupId]) -> NewPosts {
    NewPosts {
        account: world.org.by_hand_account(NOW).await.unwrap(),
        workshop,
        title: "Starting at 7".into(),
        template_id: None,
        template: serde_json::json!({ "text": "Starting at {start_time}" }),
        content: r#"{"p":["7:00 PM"]}"#.into(),
        groups: groups.to_vec(),
        asked: Some(Assignee { user: UserId::new(NOW), name: "Farhan".into() }),
        starts_at: NOW,
        deadline: NOW.plus(HOUR),
        hours: SendingHours::any(),
        gap_s: 0,
        again: 0,
        run: None,
    }
}

async fn state(world: &World, id: BroadcastId, position: i64) -> MessageState {
    world.org.message(MessageRef { broadcast: id, position }).await.unwrap().state
}

async fn claimed(world: &World, id: BroadcastId, now: Millis) -> usize {
    let work = world.store.work(WorkerId::new(NOW));
    work.register("test", NOW, NOW.plus(2 * HOUR)).await.unwrap();
    let key = PhoneKey::new(&[7; 32]);
    work.turn(&Endings::default(), &[Want::rows(id, 10)], &key, now).await.unwrap().claimed.len()
}

both! {
    async fn a_group_named_by_hand_belongs_to_its_workshop_and_to_no_other_organisation(world) {
        let (workshop, groups) = groups(&world).await;
        let all = world.org.groups().await.unwrap();
        assert_eq!(all.iter().map(|group| (group.subject.as_str(), group.members)).collect::<Vec<_>>(), [("Batch 7", Some(142)), ("Batch 8", Some(96))]);
        assert!(all.iter().all(|group| group.by_hand && group.takes_posts() && group.account == all[0].account));
        assert_eq!(world.org.workshop_groups(workshop).await.unwrap(), groups);
        assert!(world.other.groups().await.unwrap().is_empty());
        assert!(matches!(world.other.group(groups[0]).await, Err(StoreError::Missing)));
        let mine = world.org.add_workshop(&crate::on_both::draft("Other", NOW.plus(HOUR)), NOW).await.unwrap();
        assert!(matches!(world.other.set_workshop_groups(mine, &[], NOW).await, Err(StoreError::Missing)));
        // It is not an account that anybody connected.
        assert!(world.org.integrations().await.unwrap().is_empty());
        assert!(world.store.sealed_secrets().await.unwrap().is_empty());
        let viewer = world.as_role(Role::Viewer);
        assert!(matches!(viewer.name_group(&named("x", 1), None, NOW).await, Err(StoreError::Forbidden)));
    }

    async fn what_is_chosen_for_a_workshop_replaces_what_was_and_a_removed_group_is_chosen_no_more(world) {
        let (workshop, groups) = groups(&world).await;
        world.org.set_workshop_groups(workshop, &groups[1..], NOW).await.unwrap();
        assert_eq!(world.org.workshop_groups(workshop).await.unwrap(), groups[1..]);
        assert!(matches!(world.org.set_workshop_groups(workshop, &[GroupId::new(NOW)], NOW).await, Err(StoreError::Stale)));
        assert_eq!(world.org.workshop_groups(workshop).await.unwrap(), groups[1..], "a refusal changes nothing");
        world.org.remove_group(groups[1], NOW).await.unwrap();
        assert!(world.org.workshop_groups(workshop).await.unwrap().is_empty());
        assert!(!world.org.group(groups[1]).await.unwrap().takes_posts());
    }

    async fn every_group_has_its_row_from_the_confirmation_on_and_a_second_confirmation_adds_none(world) {
        let (workshop, groups) = groups(&world).await;
        let (id, new) = (BroadcastId::new(NOW), posts(&world, workshop, &groups).await);
        for _ in 0..2 {
            world.org.confirm_posts(id, &new, NOW).await.unwrap();
        }
        let broadcast = world.org.broadcast(id).await.unwrap();
        assert_eq!((broadcast.planned, broadcast.in_state(MessageState::Waiting)), (2, 2));
        assert_eq!(broadcast.asked.unwrap().name, "Farhan");
        let rows = world.org.messages(id, &MessageFilter::default(), 0, 10).await.unwrap();
        assert_eq!(rows.iter().filter_map(|row| row.addressee.group()).collect::<Vec<_>>(), groups);
        assert_eq!(rows[0].content, r#"{"p":["7:00 PM"]}"#);
        let work = world.store.work(WorkerId::new(NOW));
        assert!(work.differences().await.unwrap().is_empty());
        // A group that is gone, or of another organisation, prevents the whole broadcast.
        world.org.remove_group(groups[1], NOW).await.unwrap();
        let again = NewPosts { again: 2, ..new };
        let refused = world.org.confirm_posts(BroadcastId::new(NOW.plus(1)), &again, NOW).await;
        assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
        assert_eq!(world.org.broadcasts(&Default::default(), 10).await.unwrap().len(), 1);
    }

    async fn what_a_person_posts_is_never_claimed_by_the_program(world) {
        let (workshop, groups) = groups(&world).await;
        let (id, new) = (BroadcastId::new(NOW), posts(&world, workshop, &groups).await);
        world.org.confirm_posts(id, &new, NOW).await.unwrap();
        assert!(world.store.work(WorkerId::new(NOW)).due(NOW.plus(MINUTE)).await.unwrap().is_empty());
        assert_eq!(claimed(&world, id, NOW.plus(MINUTE)).await, 0, "not even where somebody asks for it by name");
        // The same rows without a person to post them would be claimed, so the test can fail.
        world.run("UPDATE broadcasts SET assignee_id = NULL".into()).await;
        assert_eq!(world.store.work(WorkerId::new(NOW)).due(NOW.plus(MINUTE)).await.unwrap().len(), 1);
        assert!(claimed(&world, id, NOW.plus(MINUTE)).await > 0);
    }

    async fn a_mark_hands_a_post_over_by_name_and_time_and_can_be_taken_back(world) {
        let (workshop, groups) = groups(&world).await;
        let (id, new) = (BroadcastId::new(NOW), posts(&world, workshop, &groups).await);
        world.org.confirm_posts(id, &new, NOW).await.unwrap();
        let work = world.store.work(WorkerId::new(NOW));
        let first = MessageRef { broadcast: id, position: 1 };
        let at = NOW.plus(MINUTE);
        world.org.mark_post(first, PostMark::Posted, at).await.unwrap();
        let row = world.org.message(first).await.unwrap();
        assert_eq!((row.state, row.sent_at, row.attempt), (MessageState::Sent, Some(at), 1));
        let events = world.org.message_events(first).await.unwrap();
        assert_eq!(events.last().unwrap().detail, "Meera posted it by hand.");
        assert!(matches!(world.org.mark_post(first, PostMark::Posted, at).await, Err(StoreError::Stale)), "once");
        let second = MessageRef { broadcast: id, position: 2 };
        world.org.mark_post(second, PostMark::CannotPost, at).await.unwrap();
        assert_eq!(state(&world, id, 2).await, MessageState::Failed);
        assert_eq!(work.complete(at).await.unwrap(), [id]);
        // The last mark is taken back: the broadcast is open again, and the post waits.
        world.org.mark_post(first, PostMark::NotYet, at).await.unwrap();
        assert_eq!(state(&world, id, 1).await, MessageState::Waiting);
        assert!(work.complete(at).await.unwrap().is_empty());
        assert!(work.differences().await.unwrap().is_empty());
        assert!(matches!(world.other.mark_post(first, PostMark::Posted, at).await, Err(StoreError::Missing)));
    }

    async fn a_post_is_marked_only_between_its_due_moment_and_its_last_useful_one_and_then_expires(world) {
        let (workshop, groups) = groups(&world).await;
        let id = BroadcastId::new(NOW);
        let new = NewPosts { starts_at: NOW.plus(MINUTE), ..posts(&world, workshop, &groups).await };
        world.org.confirm_posts(id, &new, NOW).await.unwrap();
        let first = MessageRef { broadcast: id, position: 1 };
        assert!(matches!(world.org.mark_post(first, PostMark::Posted, NOW).await, Err(StoreError::Stale)), "not due yet");
        world.org.mark_post(first, PostMark::Posted, NOW.plus(MINUTE)).await.unwrap();
        let late = NOW.plus(HOUR);
        let second = MessageRef { broadcast: id, position: 2 };
        assert!(matches!(world.org.mark_post(second, PostMark::Posted, late).await, Err(StoreError::Stale)), "too late");
        world.store.work(WorkerId::new(NOW)).settle(late).await.unwrap();
        assert_eq!(state(&world, id, 1).await, MessageState::Sent);
        assert_eq!(state(&world, id, 2).await, MessageState::Expired);
        assert!(world.store.work(WorkerId::new(NOW)).differences().await.unwrap().is_empty());
    }

    async fn what_stands_in_a_group_already_is_written_down_while_the_broadcast_is_paused(world) {
        let (workshop, groups) = groups(&world).await;
        let (id, new) = (BroadcastId::new(NOW), posts(&world, workshop, &groups).await);
        world.org.confirm_posts(id, &new, NOW).await.unwrap();
        world.org.pause_broadcast(id, NOW).await.unwrap();
        let at = NOW.plus(MINUTE);
        let first = MessageRef { broadcast: id, position: 1 };
        let second = MessageRef { broadcast: id, position: 2 };
        world.org.mark_post(first, PostMark::Posted, at).await.unwrap();
        assert_eq!(state(&world, id, 1).await, MessageState::Sent);
        let broadcast = world.org.broadcast(id).await.unwrap();
        assert_eq!(broadcast.status, BroadcastStatus::Paused, "whoever paused it resumes it");
        assert!(matches!(world.org.mark_post(second, PostMark::CannotPost, at).await, Err(StoreError::Stale)), "nothing is done meanwhile");
        assert!(world.store.work(WorkerId::new(NOW)).differences().await.unwrap().is_empty());
    }

    async fn only_one_of_two_who_press_at_once_marks_a_post(world) {
        let (workshop, groups) = groups(&world).await;
        let (id, new) = (BroadcastId::new(NOW), posts(&world, workshop, &groups).await);
        world.org.confirm_posts(id, &new, NOW).await.unwrap();
        let first = MessageRef { broadcast: id, position: 1 };
        let press = || world.org.mark_post(first, PostMark::Posted, NOW.plus(MINUTE));
        let (one, other) = tokio::join!(press(), press());
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
        assert!(world.store.work(WorkerId::new(NOW)).differences().await.unwrap().is_empty());
    }
}
