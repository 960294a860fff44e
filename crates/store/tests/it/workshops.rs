use domain::{
    role::Role,
    time::{DAY, HOUR},
    workshop::{TagColour, WorkshopStatus},
};
use store::{
    StoreError,
    workshops::{WorkshopDraft, WorkshopFilter, WorkshopWhen},
};

use crate::on_both::{NOW, draft, person};

both! {
    async fn a_workshop_is_found_again_as_it_was_entered(world) {
        let tag = world.org.add_tag("Masterclass", TagColour::Violet, NOW).await.unwrap();
        let entered = WorkshopDraft { join_link: "https://meet.example/a".into(), tag: Some(tag), ..draft("एक्सेल", NOW) };
        let id = world.org.add_workshop(&entered, NOW).await.unwrap();
        let found = world.org.workshop(id).await.unwrap();
        assert_eq!((found.title.as_str(), found.starts_at, found.status), ("एक्सेल", NOW, WorkshopStatus::Confirmed));
        assert_eq!(found.tag.map(|tag| (tag.name, tag.is_default)), Some(("Masterclass".into(), true)));
        let changed = draft("Excel", NOW.plus(HOUR));
        world.org.edit_workshop(id, &changed, NOW).await.unwrap();
        let found = world.org.workshop(id).await.unwrap();
        assert_eq!((found.title.as_str(), found.starts_at, found.tag), ("Excel", NOW.plus(HOUR), None));
    }

    async fn another_organisation_sees_and_changes_nothing(world) {
        let id = world.workshop("Excel").await;
        let tag = world.org.add_tag("Ours", TagColour::Blue, NOW).await.unwrap();
        let theirs = WorkshopDraft { tag: Some(tag), ..draft("Theirs", NOW) };
        assert!(matches!(world.other.workshop(id).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.edit_workshop(id, &draft("x", NOW), NOW).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.cancel_workshop(id, NOW).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.add_workshop(&theirs, NOW).await, Err(StoreError::Missing)));
        assert!(matches!(world.other.set_default_tag(tag, NOW).await, Err(StoreError::Missing)));
        assert_eq!(world.other.workshops(&WorkshopFilter { limit: 10, ..Default::default() }).await.unwrap(), []);
        assert_eq!(world.other.tags().await.unwrap(), []);
    }

    async fn a_viewer_changes_nothing(world) {
        let viewer = world.as_role(Role::Viewer);
        assert!(matches!(viewer.add_workshop(&draft("x", NOW), NOW).await, Err(StoreError::Forbidden)));
        let id = world.workshop("Excel").await;
        assert!(matches!(viewer.cancel_workshop(id, NOW).await, Err(StoreError::Forbidden)));
        assert_eq!(viewer.workshop(id).await.unwrap().title, "Excel");
    }

    async fn a_list_turns_its_pages_without_passing_over_any(world) {
        for n in 0..7 {
            // Two workshops at a time start at the same instant.
            world.org.add_workshop(&draft(&format!("Excel {n}"), NOW.plus(n / 2 * DAY)), NOW).await.unwrap();
        }
        for when in [WorkshopWhen::All, WorkshopWhen::Upcoming(NOW), WorkshopWhen::Past(NOW.plus(9 * DAY))] {
            let mut seen = Vec::new();
            let mut filter = WorkshopFilter { when, title: "excel".into(), limit: 2, ..Default::default() };
            loop {
                let page = world.org.workshops(&filter).await.unwrap();
                let Some(last) = page.last() else { break };
                filter.after = Some((last.starts_at, last.id));
                seen.extend(page.into_iter().map(|workshop| workshop.title));
            }
            seen.sort();
            assert_eq!(seen, (0..7).map(|n| format!("Excel {n}")).collect::<Vec<_>>(), "{when:?}");
        }
    }

    async fn what_is_over_is_past_and_what_runs_is_upcoming(world) {
        world.org.add_workshop(&draft("over", NOW.plus(-3 * HOUR)), NOW).await.unwrap();
        world.org.add_workshop(&draft("running", NOW.plus(-HOUR)), NOW).await.unwrap();
        let titles = |when| {
            let world = world.clone();
            async move {
                let filter = WorkshopFilter { when, limit: 9, ..Default::default() };
                let page = world.org.workshops(&filter).await.unwrap();
                page.into_iter().map(|workshop| workshop.title).collect::<Vec<_>>()
            }
        };
        assert_eq!(titles(WorkshopWhen::Past(NOW)).await, ["over"]);
        assert_eq!(titles(WorkshopWhen::Upcoming(NOW)).await, ["running"]);
    }

    async fn a_percent_sign_in_a_search_is_a_percent_sign(world) {
        world.workshop("Excel 100%").await;
        world.workshop("Excel 1000").await;
        let filter = WorkshopFilter { title: "100%".into(), limit: 9, ..Default::default() };
        assert_eq!(world.org.workshops(&filter).await.unwrap().len(), 1);
    }

    async fn today_is_the_first_of_the_day_and_how_many_more(world) {
        let day = (NOW, NOW.plus(DAY));
        assert_eq!(world.org.today(day, NOW).await.unwrap(), None);
        let cancelled = world.org.add_workshop(&draft("cancelled", NOW), NOW).await.unwrap();
        world.org.cancel_workshop(cancelled, NOW).await.unwrap();
        world.org.add_workshop(&draft("later", NOW.plus(2 * HOUR)), NOW).await.unwrap();
        world.org.add_workshop(&draft("first", NOW.plus(HOUR)), NOW).await.unwrap();
        world.org.add_workshop(&draft("tomorrow", NOW.plus(DAY)), NOW).await.unwrap();
        let today = world.org.today(day, NOW).await.unwrap().unwrap();
        assert_eq!((today.first.title.as_str(), today.more), ("first", 1));
    }

    async fn a_workshop_that_runs_or_comes_goes_before_one_of_today_that_is_over(world) {
        let day = (NOW, NOW.plus(DAY));
        for (title, hours) in [("evening", 8), ("morning", 1), ("noon", 4)] {
            let starts_at = NOW.plus(hours * HOUR);
            let draft = WorkshopDraft { ends_at: starts_at.plus(HOUR), ..draft(title, starts_at) };
            world.org.add_workshop(&draft, NOW).await.unwrap();
        }
        for (hours, first) in [(0, "morning"), (1, "morning"), (2, "noon"), (4, "noon"), (5, "evening"), (9, "morning")] {
            let today = world.org.today(day, NOW.plus(hours * HOUR)).await.unwrap().unwrap();
            assert_eq!((today.first.title.as_str(), today.more), (first, 2), "after {hours} h");
        }
    }

    async fn r18_cancelling_a_workshop_ends_its_open_broadcasts_and_no_others(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrant(id, person("Asha", "90000 00001", ""), NOW).await.unwrap();
        let registrant = world.org.registrants(id, &Default::default()).await;
        assert_eq!(registrant.unwrap().len(), 0, "a limit of 0 is no row");
        let filter = store::registrants::RegistrantFilter { limit: 1, ..Default::default() };
        let asha = world.org.registrants(id, &filter).await.unwrap()[0].id;
        let open = world.broadcast(id, "in_progress", (asha, "+919000000001")).await;
        let done = world.broadcast(id, "completed", (asha, "+919000000001")).await;

        let would_end = world.org.open_broadcasts(id).await.unwrap();
        assert_eq!((would_end.broadcasts, would_end.waiting), (vec![(open, "Reminder".into())], 1));
        assert_eq!(world.org.cancel_workshop(id, NOW.plus(HOUR)).await.unwrap(), 1);

        let status = |id: domain::ids::BroadcastId| world.text(format!(
            "SELECT status || ' ' || COALESCE(stop_code, '-') FROM broadcasts WHERE id = {}", world.id(id.0)
        ));
        assert_eq!(status(open).await, "cancelled workshop_cancelled");
        assert_eq!(status(done).await, "completed -");
        assert_eq!(world.org.workshop(id).await.unwrap().status, WorkshopStatus::Cancelled);
        assert!(matches!(world.org.cancel_workshop(id, NOW).await, Err(StoreError::Stale)));
        assert!(matches!(world.org.edit_workshop(id, &draft("x", NOW), NOW).await, Err(StoreError::Stale)));
        let late = world.org.add_registrant(id, person("Late", "90000 00002", ""), NOW).await;
        assert!(matches!(late, Err(StoreError::Stale)));
        let log = world.org.audit_log(None, 1).await.unwrap();
        assert_eq!((log[0].action.as_str(), log[0].detail.as_str()), ("workshop.cancelled", "broadcasts=1"));
    }

    async fn the_first_tag_is_the_default_until_another_is_chosen(world) {
        let first = world.org.add_tag("First", TagColour::Rose, NOW).await.unwrap();
        let second = world.org.add_tag("Second", TagColour::Teal, NOW).await.unwrap();
        assert!(matches!(world.org.add_tag("First", TagColour::Teal, NOW).await, Err(StoreError::Taken)));
        assert_eq!(world.org.tags().await.unwrap()[0].id, first);
        world.org.set_default_tag(second, NOW).await.unwrap();
        let defaults: Vec<_> = world.org.tags().await.unwrap().into_iter().filter(|t| t.is_default).collect();
        assert_eq!(defaults.iter().map(|tag| tag.id).collect::<Vec<_>>(), [second]);
    }

    async fn tags_that_differ_only_by_spaces_or_the_case_of_letters_are_one(world) {
        let first = world.org.add_tag("Master class", TagColour::Rose, NOW).await.unwrap();
        for typed in ["master class", "MASTERCLASS", " Master  class"] {
            let again = world.org.add_tag(typed, TagColour::Teal, NOW).await;
            assert!(matches!(again, Err(StoreError::Taken)), "{typed}");
        }
        let second = world.org.add_tag("Weekend", TagColour::Teal, NOW).await.unwrap();
        let renamed = world.org.edit_tag(second, "Masterclass", TagColour::Teal, NOW).await;
        assert!(matches!(renamed, Err(StoreError::Taken)));
        world.org.edit_tag(first, "MasterClass", TagColour::Rose, NOW).await.unwrap();
        let names: Vec<String> = world.org.tags().await.unwrap().into_iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["MasterClass", "Weekend"]);
    }
}
