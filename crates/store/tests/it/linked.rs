//! Linked accounts: their groups as the gateway lists them, and the pauses between their posts.

use domain::{
    group::{AccountState, CommunityPlace, Group, PostPace},
    ids::{BroadcastId, GroupId, IntegrationId, MessageRef, WorkerId},
    message::{MessageState, Next},
    phone::Phone,
    sending_hours::SendingHours,
    time::{DAY, HOUR, Millis, SECOND},
};
use store::{
    PhoneKey, StoreError,
    linked::Synced,
    posts::NewPosts,
    work::{Endings, PostLimits, Record, Want},
};

use crate::on_both::{NOW, World};

fn group(digits: &str, subject: &str, members: u32) -> Group {
    Group {
        jid: format!("1203630000000{digits}@g.us").parse().unwrap(),
        subject: subject.into(),
        size: Some(members),
        announce: false,
        locked: false,
        admin: Some(true),
        place: CommunityPlace::Alone,
        invite: None,
        disappears_after: 0,
    }
}

/// An account of the first organisation at a gateway.
async fn account(world: &World) -> IntegrationId {
    let id = IntegrationId::new(NOW);
    let organization = world.id(world.org.actor().organization.0);
    world
        .run(format!(
            "INSERT INTO integrations (id, organization_id, kind, name, settings, secrets, hints, callback_key, per_second,
                                       per_day, health, secrets_set_by, secrets_set_at, created_at)
             VALUES ({}, {organization}, 'waha', 'Events', '{{}}', 'sealed', '{{}}', '{id}', 10, 0, '{{}}', '', 0, 0)",
            world.id(id.0)
        ))
        .await;
    world.run("INSERT INTO integration_pace SELECT id, 0, 0, 0, 0 FROM integrations".into()).await;
    id
}

async fn names(world: &World) -> Vec<(String, Option<i64>, bool)> {
    let groups = world.org.groups().await.unwrap();
    groups.into_iter().map(|group| (group.subject, group.members, group.gone_at.is_some())).collect()
}

/// A broadcast to two groups of the account.
async fn posts(world: &World, account: IntegrationId) -> BroadcastId {
    let workshop = world.workshop("Rust for Beginners").await;
    world
        .org
        .sync_groups(account, &[group("00001", "Batch 7", 142), group("00002", "Batch 8", 96)], NOW)
        .await
        .unwrap();
    let groups: Vec<GroupId> = world.org.groups().await.unwrap().iter().map(|group| group.id).collect();
    let new = NewPosts {
        account,
        workshop,
        title: "Starting at 7".into(),
        template_id: None,
        template: serde_json::json!({ "text": "Hello" }),
        content: r#"{"p":[]}"#.into(),
        groups,
        asked: None,
        starts_at: NOW,
        deadline: NOW.plus(DAY),
        hours: SendingHours::any(),
        gap_s: 0,
        again: 0,
        run: None,
    };
    let id = BroadcastId::new(NOW);
    world.org.confirm_posts(id, &new, NOW).await.unwrap();
    id
}

/// What a turn claims of posts with the shortest pauses.
async fn claim(world: &World, id: BroadcastId, worker: WorkerId, now: Millis) -> Vec<MessageRef> {
    let work = world.store.work(worker);
    match work.register("test", now, now.plus(HOUR)).await {
        // This worker claimed before.
        Ok(()) | Err(StoreError::Taken) => {}
        Err(error) => panic!("{error}"),
    }
    let limits = PostLimits { pace: PostPace::CAUTION, share: 0.0 };
    let want = Want { posts: Some(limits), ..Want::rows(id, 10) };
    let turn = work.turn(&Endings::default(), &[want], &PhoneKey::new(&[7; 32]), now).await.unwrap();
    turn.claimed.into_iter().map(|row| row.message).collect()
}

async fn sent(world: &World, worker: WorkerId, message: MessageRef, at: Millis) {
    let next = Next::Sent { provider_id: Some("3EB0".into()), cost: None };
    let record = Record { message, attempt: 1, next, at };
    let work = world.store.work(worker);
    work.turn(&vec![record].into(), &[], &PhoneKey::new(&[7; 32]), at).await.unwrap();
}

both! {
    async fn a_sync_takes_over_the_whole_list_and_marks_what_vanished(world) {
        let id = account(&world).await;
        let first = [group("00001", "Batch 7", 142), group("00002", "Batch 8", 96)];
        assert_eq!(world.org.sync_groups(id, &first, NOW).await.unwrap(), Synced { groups: 2, gone: 0 });
        let renamed = [group("00001", "Batch 7, evening", 150)];
        let later = NOW.plus(HOUR);
        assert_eq!(world.org.sync_groups(id, &renamed, later).await.unwrap(), Synced { groups: 1, gone: 1 });
        assert_eq!(
            names(&world).await,
            [("Batch 7, evening".into(), Some(150), false), ("Batch 8".into(), Some(96), true)]
        );
        // The group came back: it is the same group and not a second one.
        world.org.sync_groups(id, &first, later.plus(1)).await.unwrap();
        assert_eq!(names(&world).await, [("Batch 7".into(), Some(142), false), ("Batch 8".into(), Some(96), false)]);
        assert!(matches!(world.other.sync_groups(id, &first, later).await, Err(StoreError::Missing)));
        // A community is a heading, and cannot be chosen.
        let parent = Group { place: CommunityPlace::Parent, ..group("00003", "Community", 500) };
        world.org.sync_groups(id, &[parent], later.plus(2)).await.unwrap();
        let community = world.org.groups().await.unwrap().into_iter().find(|group| group.is_community).unwrap();
        assert!(!community.takes_posts());
        let workshop = world.workshop("Rust for Beginners").await;
        assert!(matches!(world.org.set_workshop_groups(workshop, &[community.id], NOW).await, Err(StoreError::Stale)));
    }

    async fn a_phone_that_is_linked_again_keeps_its_number_its_groups_and_its_first_day(world) {
        let id = account(&world).await;
        world.org.accept_risk(id, NOW).await.unwrap();
        let phone = Phone::from_stored("+919000000004").unwrap();
        world.org.saw_account(id, &AccountState::Ready, Some(&phone), NOW).await.unwrap();
        world.org.sync_groups(id, &[group("00001", "Batch 7", 142)], NOW).await.unwrap();
        let later = NOW.plus(DAY);
        world.org.saw_account(id, &AccountState::LoggedOut, None, later).await.unwrap();
        let known = world.org.linked_account(id).await.unwrap().unwrap();
        assert_eq!((known.phone.as_str(), known.since, known.posts(later)), ("+919000000004", later, false));
        world.org.saw_account(id, &AccountState::Ready, Some(&phone), later.plus(HOUR)).await.unwrap();
        let known = world.org.linked_account(id).await.unwrap().unwrap();
        assert_eq!((known.linked_at, known.risk.clone()), (Some(NOW), Some(("Meera".into(), NOW))));
        assert!(known.posts(later.plus(HOUR)));
        assert_eq!(names(&world).await.len(), 1);
        world.org.warned_on_phone(id, true, later).await.unwrap();
        let rests = world.org.linked_account(id).await.unwrap().unwrap();
        assert!(!rests.posts(later.plus(6 * DAY)) && rests.posts(later.plus(7 * DAY)));
        assert!(matches!(world.other.accept_risk(id, NOW).await, Err(StoreError::Missing)));
        assert!(world.other.linked_accounts().await.unwrap().is_empty());
    }

    async fn posts_of_an_account_go_one_at_a_time_with_a_pause_whoever_claims(world) {
        let account = account(&world).await;
        let id = posts(&world, account).await;
        let (one, other) = (WorkerId::new(NOW), WorkerId::new(NOW));
        let first = claim(&world, id, one, NOW).await;
        assert_eq!(first.len(), 1, "of two groups one");
        // While the call is under way nobody begins another, however long it takes.
        assert!(claim(&world, id, other, NOW.plus(30 * SECOND)).await.is_empty());
        sent(&world, one, first[0], NOW.plus(31 * SECOND)).await;
        let second = claim(&world, id, other, NOW.plus(32 * SECOND)).await;
        assert_eq!(second.len(), 1, "the pause of 20 s counts from the beginning of the first");
        assert_ne!(first, second);
        let all = world.org.broadcast(id).await.unwrap();
        assert_eq!((all.in_state(MessageState::Sent), all.in_state(MessageState::InFlight)), (1, 1));
    }

    async fn a_pause_is_kept_after_a_quick_answer_too(world) {
        let account = account(&world).await;
        let id = posts(&world, account).await;
        let (one, other) = (WorkerId::new(NOW), WorkerId::new(NOW));
        let first = claim(&world, id, one, NOW).await;
        sent(&world, one, first[0], NOW.plus(SECOND)).await;
        for after in [2, 10, 19] {
            assert!(claim(&world, id, other, NOW.plus(after * SECOND)).await.is_empty(), "after {after} s");
        }
        assert_eq!(claim(&world, id, other, NOW.plus(20 * SECOND)).await.len(), 1);
    }

    async fn a_new_account_posts_ten_times_on_its_first_day_and_rests_when_it_was_warned(world) {
        let account = account(&world).await;
        let id = posts(&world, account).await;
        world.org.saw_account(account, &AccountState::Ready, None, NOW).await.unwrap();
        world.run(format!("INSERT INTO integration_people SELECT id, {}, 10 FROM integrations", NOW.0.div_euclid(600_000))).await;
        let worker = WorkerId::new(NOW);
        assert!(claim(&world, id, worker, NOW).await.is_empty(), "ten are used up");
        world.run(format!("UPDATE linked_accounts SET linked_at = {}", NOW.plus(-DAY).0)).await;
        world.org.warned_on_phone(account, true, NOW).await.unwrap();
        assert!(claim(&world, id, worker, NOW).await.is_empty(), "it rests");
        world.org.warned_on_phone(account, false, NOW).await.unwrap();
        world.org.saw_account(account, &AccountState::LoggedOut, None, NOW).await.unwrap();
        assert!(claim(&world, id, worker, NOW).await.is_empty(), "its phone is not linked");
        world.org.saw_account(account, &AccountState::Ready, None, NOW).await.unwrap();
        assert_eq!(claim(&world, id, worker, NOW).await.len(), 1, "on the second day there are twenty");
    }

    // The former application wrote states as they came, and a check of the database refused what it did not know.
    async fn g8_a_state_of_another_version_stops_its_account_alone_and_the_next_answer_mends_it(world) {
        let id = account(&world).await;
        world.org.saw_account(id, &AccountState::Ready, None, NOW).await.unwrap();
        let broadcast = posts(&world, id).await;
        world.run(format!("UPDATE linked_accounts SET state = '{{\"something\":\"new\"}}' WHERE integration_id = {}", world.id(id.0))).await;
        let worker = WorkerId::new(NOW);
        let work = world.store.work(worker);
        work.register("test", NOW, NOW.plus(HOUR)).await.unwrap();
        let limits = PostLimits { pace: PostPace::CAUTION, share: 0.0 };
        let want = Want { posts: Some(limits), ..Want::rows(broadcast, 10) };
        let turn = work.turn(&Endings::default(), &[want], &PhoneKey::new(&[7; 32]), NOW).await.unwrap();
        assert!(turn.claimed.is_empty(), "nothing is posted by an account of which nobody knows");
        let known = world.org.linked_account(id).await.unwrap().unwrap();
        assert!(!known.posts(NOW), "{known:?}");
        // The next state that the gateway reports replaces it.
        work.account_news(id, &AccountState::Ready, None, NOW.plus(SECOND)).await.unwrap();
        assert_eq!(claim(&world, broadcast, worker, NOW.plus(2 * SECOND)).await.len(), 1);
    }

    async fn g9_a_removed_account_leaves_what_was_posted_by_it_with_its_groups_names(world) {
        let id = account(&world).await;
        let broadcast = posts(&world, id).await;
        assert!(
            matches!(world.org.remove_integration(id, NOW).await, Err(StoreError::Stale)),
            "not while posts wait for it"
        );
        let worker = WorkerId::new(NOW);
        let mut at = NOW;
        for _ in 0..2 {
            let claimed = claim(&world, broadcast, worker, at).await;
            sent(&world, worker, claimed[0], at).await;
            at = at.plus(HOUR);
        }
        world.store.work(worker).settle(at).await.unwrap();
        world.org.remove_integration(id, at).await.unwrap();
        let rows = world.org.messages(broadcast, &Default::default(), 0, 10).await.unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["Batch 7", "Batch 8"]);
        assert!(rows.iter().all(|row| row.state == MessageState::Sent && row.recipient.ends_with("@g.us")), "{rows:?}");
    }

    async fn g10_a_post_without_a_workshop_cannot_be_made_so_that_none_lies_unseen(world) {
        let id = account(&world).await;
        let broadcast = posts(&world, id).await;
        assert_eq!(world.number(format!("SELECT COUNT(*) FROM broadcasts WHERE id = {} AND workshop_id IS NOT NULL", world.id(broadcast.0))).await, 1);
        let new = NewPosts {
            account: id,
            workshop: domain::ids::WorkshopId::new(NOW),
            title: "Nowhere".into(),
            template_id: None,
            template: serde_json::json!({ "text": "Nowhere" }),
            content: r#"{"p":[]}"#.into(),
            groups: world.org.groups().await.unwrap().iter().map(|group| group.id).collect(),
            asked: None,
            starts_at: NOW,
            deadline: NOW.plus(DAY),
            hours: SendingHours::any(),
            gap_s: 0,
            again: 0,
            run: None,
        };
        let made = world.org.confirm_posts(BroadcastId::new(NOW), &new, NOW).await;
        assert!(matches!(made, Err(StoreError::Missing)), "{made:?}");
    }

    async fn g12_a_list_of_twelve_hundred_groups_is_taken_over_and_shown_whole(world) {
        let id = account(&world).await;
        let all: Vec<Group> = (0..1_200).map(|n| group(&format!("{n:05}"), &format!("Batch {n}"), 10)).collect();
        assert_eq!(world.org.sync_groups(id, &all, NOW).await.unwrap().groups, 1_200);
        assert_eq!(world.org.groups().await.unwrap().len(), 1_200);
        // The list has one group less, and one group is marked as gone.
        world.org.sync_groups(id, &all[1..], NOW.plus(HOUR)).await.unwrap();
        let gone: Vec<String> = names(&world).await.into_iter().filter(|(.., gone)| *gone).map(|(name, ..)| name).collect();
        assert_eq!(gone, ["Batch 0"]);
    }
}
