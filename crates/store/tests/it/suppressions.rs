use domain::{
    channel::{Category, Channel},
    phone::{Country, Phone},
    role::Role,
};
use store::{StoreError, suppressions::NewSuppression};

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

both! {
    async fn an_entry_says_who_why_and_for_what(world) {
        world.org.suppress(entry("90000 00001"), NOW).await.unwrap();
        let found = world.org.suppressions("", None, 10).await.unwrap().remove(0);
        assert_eq!(found.phone.as_deref(), Some("+919000000001"));
        assert_eq!((found.channel, found.category), (Some(Channel::Sms), Some(Category::Marketing)));
        assert_eq!((found.reason.as_str(), found.created_by.as_str(), found.created_at), ("asked on the phone", "Meera", NOW));
        assert!(matches!(world.org.suppress(entry("90000 00001"), NOW).await, Err(StoreError::Taken)));
        assert_eq!(world.org.suppression_count().await.unwrap(), 1);
    }

    async fn an_entry_taken_away_is_gone(world) {
        world.org.suppress(entry("90000 00001"), NOW).await.unwrap();
        let id = world.org.suppressions("", None, 10).await.unwrap()[0].id;
        assert!(matches!(world.other.unsuppress(id, NOW).await, Err(StoreError::Missing)));
        assert!(matches!(world.as_role(Role::Agent).unsuppress(id, NOW).await, Err(StoreError::Forbidden)));
        world.org.unsuppress(id, NOW).await.unwrap();
        assert!(matches!(world.org.unsuppress(id, NOW).await, Err(StoreError::Missing)));
        assert_eq!(world.org.suppressions("", None, 10).await.unwrap(), []);
    }

    async fn a_list_is_added_once_and_searched_by_number(world) {
        let list: Vec<_> = (0..2_500).map(|n| entry(&format!("90000 {n:05}"))).collect();
        assert_eq!(world.org.suppress_all(list.clone(), None, NOW).await.unwrap(), 2_500);
        assert_eq!(world.org.suppress_all(list, None, NOW).await.unwrap(), 0);
        assert_eq!(world.org.suppressions("90000 02499", None, 10).await.unwrap().len(), 1);
        assert_eq!(world.org.suppressions("nobody", None, 10).await.unwrap(), []);
        assert_eq!(world.other.suppressions("", None, 10).await.unwrap(), []);
        let mut seen = 0;
        let mut after = None;
        loop {
            let page = world.org.suppressions("", after, 999).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen += page.len();
        }
        assert_eq!(seen, 2_500);
    }
}
