//! Questions about SMS of which no report came: who is asked, and when nobody is.

use domain::{
    pace::Pace,
    time::{MINUTE, SECOND},
};
use serde_json::json;
use store::on_both;

use crate::sms::{Sms, personal, same_for_all};

on_both! {
    async fn while_an_account_sends_it_is_asked_nothing(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(10).await;
        let first = sms.broadcast(&same_for_all()).await;
        sms.world.run_dry().await;
        let request = sms.rows(first).await[0].provider_id.clone().unwrap();
        sms.world.clock.advance(5 * MINUTE);
        sms.world.beat().await;
        // The broadcast is confirmed, planned and due, and not yet sent.
        sms.broadcast(&personal()).await;
        sms.world.engine.poll_status().await.unwrap();
        assert_eq!(sms.world.sandbox.fast2sms().times_asked(&request), 0);
        sms.world.run_dry().await;
        sms.ask_for_news().await;
        assert!(sms.world.sandbox.fast2sms().times_asked(&request) > 0);
    }

    async fn questions_for_which_the_pace_has_no_room_stay_as_they_are_until_it_has(db: TestStore) {
        let mut sms = Sms::new(db).await;
        sms.world.crowd(150).await;
        let id = sms.broadcast(&personal()).await;
        sms.world.run_dry().await;
        let (pace, settings) = (Pace { per_second: 5, per_day: 0 }, json!({ "numbers_per_request": 100 }));
        sms.world.org.update_integration(sms.account, "SMS", &settings, pace, sms.world.now()).await.unwrap();
        sms.world.clock.advance(5 * MINUTE);
        sms.world.beat().await;
        let (mut first, mut taken) = (0, 1);
        while taken > 0 {
            taken = sms.world.engine.poll_status().await.unwrap();
            first += taken;
        }
        // One stretch was taken; the others stay as they are.
        assert!((5..100).contains(&first), "{first}");
        for _ in 0..40 * 5 {
            sms.world.clock.advance(SECOND / 5);
            sms.world.beat().await;
            while sms.world.engine.poll_status().await.unwrap() > 0 {}
            while sms.world.engine.apply_receipts().await.unwrap() > 0 {}
        }
        assert_eq!(sms.world.sum(id).await, "150 = 150 delivered");
    }
}
