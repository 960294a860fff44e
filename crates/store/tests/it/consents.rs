use domain::{
    channel::{Category, Channel},
    ids::{ImportId, MessageRef, WorkerId},
    phone::{Country, Phone},
    role::Role,
    time::{DAY, Millis},
};
use store::{
    PhoneKey, StoreError,
    consents::{NO_NEW_REQUEST_MS, NewConsent, Recorded},
    registrants::{RegistrantFilter, Which},
    suppressions::{LiftResult, NewSuppression},
    work::OptOut,
};

use crate::on_both::{NOW, World, person};

const SMS: Option<Channel> = Some(Channel::Sms);
const ASHA: &str = "+919000000001";

fn key() -> PhoneKey {
    PhoneKey::new(&[7; 32])
}

fn number(phone: &str) -> Phone {
    Phone::parse(phone, Country::INDIA).unwrap()
}

fn consent(phone: &str, channel: Option<Channel>, given_at: Millis) -> NewConsent {
    let phone = number(phone);
    NewConsent {
        phone_key: key().of(phone.as_str()),
        phone,
        channel,
        given_at,
        source: "form on the website".into(),
        wording: "Send me offers".into(),
        note: String::new(),
    }
}

fn stop(world: &World, phone: &str, channel: Channel) -> OptOut {
    OptOut {
        organization: world.org.actor().organization,
        phone_key: key().of(phone),
        phone: phone.into(),
        channel,
        category: "all",
        reason: "Wrote STOP",
    }
}

fn work(world: &World) -> store::Work {
    world.store.work(WorkerId::new(NOW))
}

/// Which of these numbers agreed to promotion on that channel.
async fn agreed(world: &World, channel: Channel, phones: &[&str]) -> usize {
    let keys = phones.iter().map(|phone| key().of(phone)).collect();
    let organization = world.org.actor().organization;
    work(world)
        .audience_reader(organization)
        .consenting(channel, Category::Marketing, keys)
        .await
        .unwrap()
        .len()
}

both! {
    async fn an_agreement_holds_on_its_channel_until_it_is_withdrawn(world) {
        assert_eq!(world.org.record_consent(consent(ASHA, SMS, NOW), NOW).await.unwrap(), Recorded::New);
        assert_eq!(world.org.record_consent(consent(ASHA, SMS, NOW), NOW).await.unwrap(), Recorded::Already);
        world.org.record_consent(consent("90000 00002", None, NOW), NOW).await.unwrap();
        let both = [ASHA, "+919000000002", "+919000000003"];
        assert_eq!(agreed(&world, Channel::Sms, &both).await, 2);
        assert_eq!(agreed(&world, Channel::WhatsappPersonal, &both).await, 1);
        let mine = world.org.consents_of(ASHA, &key()).await.unwrap();
        assert_eq!((mine[0].source.as_str(), mine[0].wording.as_str(), mine[0].given_at), ("form on the website", "Send me offers", NOW));
        assert_eq!((mine[0].recorded_by.as_str(), mine[0].channel, mine[0].stands()), ("Meera", SMS, true));
        assert!(matches!(world.other.withdraw_consent(mine[0].id, "x", NOW).await, Err(StoreError::Missing)));
        assert!(matches!(world.as_role(Role::Viewer).withdraw_consent(mine[0].id, "x", NOW).await, Err(StoreError::Forbidden)));
        world.org.withdraw_consent(mine[0].id, "asked on the phone", NOW.plus(5)).await.unwrap();
        assert!(matches!(world.org.withdraw_consent(mine[0].id, "again", NOW).await, Err(StoreError::Missing)));
        assert_eq!(agreed(&world, Channel::Sms, &both).await, 1);
        world.org.record_consent(consent(ASHA, SMS, NOW.plus(9)), NOW.plus(9)).await.unwrap();
        let mine = world.org.consents_of(ASHA, &key()).await.unwrap();
        let told: Vec<_> = mine.iter().map(|c| (c.stands(), c.withdrawn.as_ref().map(|w| w.reason.as_str()))).collect();
        assert_eq!(told, [(true, None), (false, Some("asked on the phone"))], "who, when and where stay told");
        assert_eq!(world.other.consents_of(ASHA, &key()).await.unwrap(), []);
    }

    async fn after_an_opt_out_nobody_is_asked_for_ninety_days(world) {
        work(&world).opt_out(&stop(&world, ASHA, Channel::Sms), NOW).await.unwrap();
        let later = NOW.plus(NO_NEW_REQUEST_MS - 1);
        let soon = world.org.record_consent(consent(ASHA, SMS, later), later).await.unwrap();
        assert_eq!(soon, Recorded::TooSoon { opted_out_at: NOW, until: NOW.plus(90 * DAY) });
        let all = world.org.record_consent(consent(ASHA, None, later), later).await.unwrap();
        assert!(matches!(all, Recorded::TooSoon { .. }));
        let elsewhere = world.org.record_consent(consent(ASHA, Some(Channel::IvrCall), later), later).await.unwrap();
        assert_eq!(elsewhere, Recorded::New, "the opt-out was for SMS");
        let many = vec![consent(ASHA, SMS, later), consent("90000 00002", SMS, later), consent("90000 00002", SMS, later)];
        let done = world.org.record_consents(ImportId::new(NOW), many, later).await.unwrap();
        assert_eq!((done.new, done.already, done.too_soon), (1, 1, 1));
        let stated = NewConsent { note: "called us and asked".into(), ..consent(ASHA, SMS, later) };
        assert_eq!(world.org.record_consent(stated, later).await.unwrap(), Recorded::New);
        assert_eq!(world.org.opted_out_at(&key().of(ASHA), None).await.unwrap(), Some(NOW));
        assert_eq!(world.org.opted_out_at(&key().of("+919000000002"), None).await.unwrap(), None);
    }

    async fn an_agreement_does_not_come_back_when_a_member_lifts_the_persons_own_stop(world) {
        world.org.record_consent(consent(ASHA, None, NOW), NOW).await.unwrap();
        work(&world).opt_out(&stop(&world, ASHA, Channel::Sms), NOW.plus(1)).await.unwrap();
        let entry = world.org.suppressions_of(ASHA, &key()).await.unwrap().remove(0);
        assert_eq!(world.org.unsuppress(entry.id, "  ", NOW.plus(2)).await.unwrap(), LiftResult::NeedsReason);
        assert_eq!(world.org.unsuppress(entry.id, "asked for reminders", NOW.plus(2)).await.unwrap(), LiftResult::Done);
        assert_eq!(agreed(&world, Channel::Sms, &[ASHA]).await, 0);
        assert_eq!(agreed(&world, Channel::WhatsappPersonal, &[ASHA]).await, 1);
        let mine = world.org.consents_of(ASHA, &key()).await.unwrap();
        assert_eq!(mine.len(), 1);
        assert_eq!(mine[0].ended_by_opt_out, [(NOW.plus(1), SMS)]);
        // A second stop elsewhere ends it there too, and what a person's page says is what the audience reads.
        work(&world).opt_out(&stop(&world, ASHA, Channel::IvrCall), NOW.plus(3)).await.unwrap();
        let entry = world.org.suppressions_of(ASHA, &key()).await.unwrap().remove(0);
        assert!(entry.stops(Channel::IvrCall, Category::Utility) && !entry.stops(Channel::Sms, Category::Utility));
        world.org.unsuppress(entry.id, "asked for calls", NOW.plus(4)).await.unwrap();
        let mine = world.org.consents_of(ASHA, &key()).await.unwrap().remove(0);
        for channel in Channel::to_people() {
            let stands = agreed(&world, channel, &[ASHA]).await == 1;
            assert_eq!(mine.stands_on(channel), stands, "{channel:?}");
            assert_eq!(stands, channel == Channel::WhatsappPersonal, "{channel:?}");
        }
        let lifted = world.org.lifted_of(ASHA, &key()).await.unwrap();
        assert_eq!((lifted[1].by.as_str(), lifted[1].reason.as_str(), lifted[1].at), ("Meera", "asked for reminders", NOW.plus(2)));
    }

    async fn start_lifts_what_the_person_stopped_and_nothing_else(world) {
        world.org.record_consent(consent(ASHA, SMS, NOW), NOW).await.unwrap();
        let wish = stop(&world, ASHA, Channel::Sms);
        let work = work(&world);
        work.opt_out(&wish, NOW).await.unwrap();
        work.opt_out(&OptOut { category: "marketing", reason: "stopped inside WhatsApp", ..wish.clone() }, NOW).await.unwrap();
        work.opt_out(&stop(&world, ASHA, Channel::IvrCall), NOW).await.unwrap();
        let by_hand = NewSuppression {
            phone: number(ASHA), phone_key: key().of(ASHA), channel: SMS, category: None, reason: "complained".into(),
        };
        world.org.suppress(by_hand, NOW).await.unwrap();
        work.opt_in(&wish, NOW.plus(1)).await.unwrap();
        let mut left: Vec<_> = world.org.suppressions_of(ASHA, &key()).await.unwrap().into_iter().map(|e| e.reason).collect();
        left.sort();
        assert_eq!(left, ["Wrote STOP", "complained", "stopped inside WhatsApp"]);
        assert_eq!(agreed(&world, Channel::Sms, &[ASHA]).await, 1, "they took their own STOP back");
        assert_eq!(world.org.lifted_of(ASHA, &key()).await.unwrap()[0].by, "");
    }

    async fn a_promotion_reaches_only_those_who_agreed(world) {
        let id = world.workshop("Excel").await;
        let rows = vec![
            person("Asha", ASHA, ""), person("", "90000 00002", ""), person("Ravi", "90000 00003", ""),
            person("Stopped", "90000 00004", ""), person("No number", "", ""),
        ];
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        for phone in [ASHA, "90000 00002", "90000 00004", "90000 00009"] {
            world.org.record_consent(consent(phone, SMS, NOW), NOW).await.unwrap();
        }
        world.org.record_consent(consent(ASHA, None, NOW), NOW).await.unwrap();
        work(&world).opt_out(&stop(&world, "+919000000004", Channel::Sms), NOW).await.unwrap();
        let a = world.org.audience(id, Channel::Sms, Category::Marketing).await.unwrap();
        assert_eq!((a.total, a.reachable, a.suppressed, a.no_consent, a.missing_phone, a.without_name), (5, 2, 1, 1, 1, 1));
        let a = world.org.audience(id, Channel::WhatsappPersonal, Category::Marketing).await.unwrap();
        assert_eq!((a.reachable, a.suppressed, a.no_consent), (1, 0, 3));
        let a = world.org.audience(id, Channel::Sms, Category::Utility).await.unwrap();
        assert_eq!((a.reachable, a.no_consent), (3, 0), "a reminder needs no consent to promotion");
        let filter = RegistrantFilter { which: Which::NoConsent, limit: 10, ..Default::default() };
        let names: Vec<_> = world.org.registrants(id, &filter).await.unwrap().into_iter().map(|r| r.name).collect();
        assert_eq!(names, ["Ravi"]);
    }

    async fn the_keyed_hash_outlives_erasure_and_a_new_registration(world) {
        let organization = world.org.actor().organization;
        let suppressed = async || {
            work(&world).audience_reader(organization).suppressed(Channel::Sms, Category::Utility, vec![key().of(ASHA)]).await.unwrap().len()
        };
        work(&world).opt_out(&stop(&world, ASHA, Channel::Sms), NOW).await.unwrap();
        world.org.record_consent(consent(ASHA, Some(Channel::IvrCall), NOW), NOW).await.unwrap();
        let erased = world.org.forget_number(&number(ASHA), &key(), NOW).await.unwrap();
        assert!(matches!(erased, store::erasure::Erasure::Done(_)));
        for table in ["suppressions", "consents"] {
            assert_eq!(world.number(format!("SELECT COUNT(*) FROM {table} WHERE phone <> ''")).await, 0, "{table}");
        }
        assert_eq!(suppressed().await, 1, "the engine still leaves them out");
        assert_eq!(agreed(&world, Channel::IvrCall, &[ASHA]).await, 1);
        let filter = |phone_key| store::suppressions::SuppressionFilter {
            search: "90000 00001".into(), phone_key, limit: 9, ..Default::default()
        };
        assert_eq!(world.org.suppressions(&filter(None)).await.unwrap().len(), 0);
        assert_eq!(world.org.suppressions(&filter(Some(key().of(ASHA)))).await.unwrap().len(), 1);

        let id = world.workshop("Excel").await;
        world.org.add_registrants(id, ImportId::new(NOW), vec![person("Asha", ASHA, "")], NOW).await.unwrap();
        assert_eq!(suppressed().await, 1, "a new registration does not bring them back");
        assert_eq!(world.org.know_numbers_again(&[ASHA.to_owned(), "+919000000009".to_owned()], &key()).await.unwrap(), 1);
        assert_eq!(world.org.audience(id, Channel::Sms, Category::Utility).await.unwrap().suppressed, 1);
        let lead = world.org.lead_by_phone(ASHA).await.unwrap();
        assert_eq!(world.org.story(lead, &key()).await.unwrap().suppressions.len(), 1);
    }

    async fn an_import_taken_back_takes_its_agreements_along(world) {
        let id = world.workshop("Excel").await;
        let import = ImportId::new(NOW);
        world.org.add_import(import, id, "people.csv", "imports/x", NOW).await.unwrap();
        world.org.import_checked(import, &serde_json::json!({}), &serde_json::json!({})).await.unwrap();
        world.org.import_committing(import, NOW).await.unwrap();
        world.org.add_registrants(id, import, vec![person("Asha", ASHA, "")], NOW).await.unwrap();
        let done = world.org.record_consents(import, vec![consent(ASHA, None, NOW)], NOW).await.unwrap();
        assert_eq!(done.new, 1);
        world.org.import_committed(import, &serde_json::json!({}), NOW).await.unwrap();
        world.org.undo_import(import, NOW, |_| {}).await.unwrap();
        assert_eq!(agreed(&world, Channel::Sms, &[ASHA]).await, 0);
    }

    async fn the_link_of_a_message_stops_its_channel_and_takes_it_back(world) {
        let id = world.workshop("Excel").await;
        world.org.add_registrant(id, person("Asha", ASHA, ""), NOW).await.unwrap();
        let filter = RegistrantFilter { limit: 1, ..Default::default() };
        let asha = world.org.registrants(id, &filter).await.unwrap()[0].id;
        let broadcast = world.broadcast(id, "in_progress", (asha, ASHA)).await;
        let (work, links) = (work(&world), world.store.opt_outs());
        let to = links.addressee(MessageRef { broadcast, position: 1 }).await.unwrap();
        assert_eq!((to.organization_name.as_str(), to.channel, to.phone.as_str()), ("Udaan", Channel::WhatsappPersonal, ASHA));
        assert!(matches!(links.addressee(MessageRef { broadcast, position: 2 }).await, Err(StoreError::Missing)));
        let key = key().of(ASHA);
        let stops = async || {
            let state = links.link_state(&to, &key).await.unwrap();
            (state.promotions_stopped, state.everything_stopped, state.by_link)
        };
        assert_eq!(stops().await, (false, false, false));
        for _ in 0..2 {
            links.stop_by_link(&to, &key, Some(Category::Marketing), NOW).await.unwrap();
        }
        assert_eq!(stops().await, (true, false, true));
        links.stop_by_link(&to, &key, None, NOW.plus(1)).await.unwrap();
        assert_eq!(stops().await, (true, true, true));
        assert_eq!(world.org.suppression_count().await.unwrap(), 1);
        let wish = OptOut {
            organization: to.organization, phone_key: key.clone(), phone: ASHA.into(), channel: to.channel, category: "all",
            reason: "Wrote STOP",
        };
        work.opt_out(&wish, NOW.plus(2)).await.unwrap();
        for _ in 0..2 {
            links.undo_by_link(&to, &key, NOW.plus(3)).await.unwrap();
        }
        assert_eq!(stops().await, (true, true, false), "their STOP stays: only START takes it back");
    }
}
