use domain::{
    channel::{Category, Channel},
    phone::{Country, Phone},
    role::Role,
};
use store::{
    StoreError,
    suppressions::{LiftResult, NewSuppression, SuppressionFilter},
};

use crate::on_both::NOW;

fn entry(phone: &str) -> NewSuppression {
    let phone = Phone::parse(phone, Country::INDIA).unwrap();
    NewSuppression {
        phone_key: format!("key of {}", phone.as_str()),
        phone,
        channel: Some(Channel::Sms),
        category: Some(Category::Marketing),
        reason: "asked on the phone".into(),
    }
}

fn find(search: &str) -> SuppressionFilter {
    SuppressionFilter { search: search.into(), limit: 10, ..Default::default() }
}

both! {
    async fn an_entry_says_who_why_and_for_what(world) {
        world.org.suppress(entry("90000 00001"), NOW).await.unwrap();
        let found = world.org.suppressions(&find("")).await.unwrap().remove(0);
        assert_eq!(found.phone.as_deref(), Some("+919000000001"));
        assert_eq!((found.channel, found.category), (Some(Channel::Sms), Some(Category::Marketing)));
        assert_eq!((found.reason.as_str(), found.created_by.as_str(), found.created_at), ("asked on the phone", "Meera", NOW));
        assert!(matches!(world.org.suppress(entry("90000 00001"), NOW).await, Err(StoreError::Taken)));
        assert_eq!(world.org.suppression_count().await.unwrap(), 1);
    }

    async fn an_entry_taken_away_is_gone(world) {
        world.org.suppress(entry("90000 00001"), NOW).await.unwrap();
        let id = world.org.suppressions(&find("")).await.unwrap()[0].id;
        assert!(matches!(world.other.unsuppress(id, "", NOW).await, Err(StoreError::Missing)));
        assert!(matches!(world.as_role(Role::Agent).unsuppress(id, "", NOW).await, Err(StoreError::Forbidden)));
        assert_eq!(world.org.unsuppress(id, "", NOW.plus(1)).await.unwrap(), LiftResult::Done, "what a member entered needs no reason");
        let lifted = world.org.lifted_page(&find("")).await.unwrap().rows;
        assert_eq!((lifted[0].entry.reason.as_str(), lifted[0].by.as_str(), lifted[0].at), ("asked on the phone", "Meera", NOW.plus(1)));
        assert_eq!(world.other.lifted_page(&find("")).await.unwrap().rows, []);
        assert!(matches!(world.org.unsuppress(id, "", NOW).await, Err(StoreError::Missing)));
        assert_eq!(world.org.suppressions(&find("")).await.unwrap(), []);
    }

    async fn a_list_is_added_once_and_searched_by_number(world) {
        let list: Vec<_> = (0..2_500).map(|n| entry(&format!("90000 {n:05}"))).collect();
        assert_eq!(world.org.suppress_all(list.clone(), None, NOW).await.unwrap(), 2_500);
        assert_eq!(world.org.suppress_all(list, None, NOW).await.unwrap(), 0);
        assert_eq!(world.org.suppressions(&find("90000 02499")).await.unwrap().len(), 1);
        assert_eq!(world.org.suppressions(&find("nobody")).await.unwrap(), []);
        assert_eq!(world.other.suppressions(&find("")).await.unwrap(), []);
        let mut seen = 0;
        let mut after = None;
        loop {
            let page = world.org.suppressions(&SuppressionFilter { after, limit: 999, ..Default::default() }).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen += page.len();
        }
        assert_eq!(seen, 2_500);
    }

    async fn the_list_shows_what_stops_a_channel_or_a_category(world) {
        world.org.suppress(entry("90000 00001"), NOW).await.unwrap();
        world.org.suppress(NewSuppression { channel: None, category: None, ..entry("90000 00002") }, NOW).await.unwrap();
        let found = |channel, category| {
            let world = world.clone();
            async move {
                let filter = SuppressionFilter { channel, category, limit: 10, ..Default::default() };
                world.org.suppressions(&filter).await.unwrap().len()
            }
        };
        assert_eq!(found(Some(Channel::Sms), None).await, 2);
        assert_eq!(found(Some(Channel::IvrCall), None).await, 1);
        assert_eq!(found(None, Some(Category::Marketing)).await, 2);
        assert_eq!(found(None, Some(Category::Utility)).await, 1);
        let keys = vec!["key of +919000000001".to_owned(), "key of +919000000009".to_owned()];
        let known = world.org.suppressed_already(keys, Some(Channel::Sms), Some(Category::Marketing)).await.unwrap();
        assert_eq!(known, 1);
    }
}
