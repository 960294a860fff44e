//! Counters are a shortcut: they say the same as a decision about each person.

use compose::Audience;
use domain::{
    audience::{AudienceSummary, Rules},
    channel::{Category, Channel},
    email::Email,
    ids::{ImportId, WorkshopId},
    name::PersonName,
    phone::{Country, Phone},
    quiet_hours::QuietHours,
    role::Role,
    template::{Facts, Source},
    time::{DAY, HOUR, Millis, Zone},
    told::Purpose,
    whatsapp::{Parameter, WhatsappTemplate},
    workshop::RegistrantStatus,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use store::{
    Actor, NewOrganization, NewUser, Org, PhoneKey, consents::NewConsent, on_both,
    registrants::NewRegistrant, suppressions::NewSuppression, testing::TestStore, told::Selection,
    workshops::WorkshopDraft,
};

pub(crate) const NOW: Millis = Millis(1_791_892_800_000);
const PEOPLE: usize = 10_000;
/// The number of telephone numbers in the crowd. Most belong to one person, some to several.
const NUMBERS: u32 = 7_000;

pub(crate) fn key() -> PhoneKey {
    PhoneKey::new(&[7; 32])
}

fn number(n: u32) -> Phone {
    // Every fifteenth is a landline, in India or in London.
    let text = match n % 30 {
        0 => format!("+9122245{n:05}"),
        15 => format!("+4420794{n:05}"),
        _ => format!("90000{n:05}"),
    };
    Phone::parse(&text, Country::INDIA).unwrap()
}

fn somebody() -> impl Strategy<Value = NewRegistrant> {
    let name = prop_oneof![
        6 => "[A-Z][a-z]{2,9} [A-Z][a-z]{2,9}",
        1 => "Dr\\. [A-Z][a-z]{2,9}",
        1 => Just("नमिता राव".to_owned()),
        2 => Just(String::new()),
    ];
    let phone = prop_oneof![8 => (0..NUMBERS).prop_map(Some), 1 => Just(None)];
    let typed = prop_oneof![Just(String::new()), Just("12 34".to_owned())];
    let status = prop_oneof![
        8 => Just(RegistrantStatus::Registered),
        1 => Just(RegistrantStatus::Cancelled),
        1 => Just(RegistrantStatus::Refunded),
    ];
    (name, any::<bool>(), phone, typed, status).prop_map(|(name, mails, phone, typed, status)| {
        NewRegistrant {
            email: mails.then(|| Email::parse("somebody@example.in").unwrap()),
            name: PersonName::parse(&name),
            phone: phone.map(number),
            came_from: ["", "Facebook", "Poster"][name.chars().count() % 3].to_owned(),
            phone_typed: typed,
            status: Some(status),
            ..NewRegistrant::default()
        }
    })
}

fn channel() -> impl Strategy<Value = Option<Channel>> {
    prop::sample::select(vec![None, Some(Channel::WhatsappPersonal), Some(Channel::Sms)])
}

fn opt_out() -> impl Strategy<Value = NewSuppression> {
    let category = prop::sample::select(vec![None, Some(Category::Marketing), Some(Category::Utility)]);
    (0..NUMBERS, channel(), category).prop_map(|(n, channel, category)| NewSuppression {
        phone: number(n),
        phone_key: key().of(number(n).as_str()),
        channel,
        category,
        reason: "asked".into(),
    })
}

fn agreement() -> impl Strategy<Value = NewConsent> {
    (0..NUMBERS, channel()).prop_map(|(n, channel)| NewConsent {
        phone: number(n),
        phone_key: key().of(number(n).as_str()),
        channel,
        given_at: NOW.plus(-DAY),
        source: "fair".into(),
        wording: "Send me offers".into(),
        note: "came back".into(),
    })
}

fn many<T>(n: usize, what: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::new(Config::default());
    (0..n).map(|_| what.new_tree(&mut runner).unwrap().current()).collect()
}

/// An organisation with ten thousand people at random, some of whom opted out or agreed.
pub(crate) async fn crowd(db: &TestStore) -> (Org, WorkshopId) {
    let access = db.store.access();
    let host = NewUser {
        email: "host@example.com".into(),
        name: "Host".into(),
        password_hash: None,
        super_admin: true,
    };
    access.create_user(&host, NOW).await.unwrap();
    let (host, _) = access.user_by_email("host@example.com").await.unwrap().unwrap();
    let academy = NewOrganization {
        name: "Example Academy".into(),
        zone: Zone::india(),
        country: Country::INDIA,
        quiet_hours: QuietHours::default(),
    };
    let organization = access.create_organization(&academy, &host, NOW).await.unwrap();
    let actor = Actor { organization, user: None, name: "Test".into(), role: Role::Admin };
    let org = db.store.org(actor);
    let starts_at = NOW.plus(3 * HOUR);
    let draft = WorkshopDraft {
        title: "Excel".into(),
        starts_at,
        ends_at: starts_at.plus(HOUR),
        join_link: "https://meet.example/x".into(),
        tag: None,
    };
    let workshop = org.add_workshop(&draft, NOW).await.unwrap();
    org.add_registrants(workshop, ImportId::new(NOW), many(PEOPLE, somebody()), NOW).await.unwrap();
    org.suppress_all(many(700, opt_out()), None, NOW).await.unwrap();
    for consent in many(900, agreement()) {
        org.record_consent(consent, NOW).await.unwrap();
    }
    (org, workshop)
}

pub(crate) fn rules(category: Category, source: Source, fallback: &str) -> Rules {
    let parameter = Parameter { label: "value".into(), source, fallback: fallback.into() };
    let template = WhatsappTemplate {
        campaign: "today".into(),
        category,
        language: "en".into(),
        header: String::new(),
        body: "Hi {{1}}".into(),
        footer: String::new(),
        parameters: vec![parameter],
        media: None,
        buttons: vec![],
        extra: Default::default(),
    };
    let event = Facts { workshop_title: "Excel".into(), ..Facts::default() };
    Rules::new(template.into(), event)
}

async fn audience(org: &Org, workshop: WorkshopId, rules: Rules) -> Audience {
    let everyone = Selection::everyone(workshop, Purpose::default(), NOW);
    Audience::of(org.audience_reader(), key(), everyone, rules).await.unwrap()
}

/// The summary from counters, the summary from deciding about each person, and whether the shortcut was taken.
async fn both(org: &Org, workshop: WorkshopId, rules: Rules) -> (AudienceSummary, AudienceSummary, bool) {
    let mut audience = audience(org, workshop, rules).await;
    let (counted, tally) = audience.count(org, None, &compose::OwnLinks::default()).await.unwrap();
    let decided = audience.tally(None, &compose::OwnLinks::default()).await.unwrap();
    assert!(decided.whole && decided.looked_at > 0);
    (counted, decided.summary(), tally.is_none())
}

on_both! {
    async fn what_counters_say_of_ten_thousand_people_is_what_deciding_about_each_says(db: TestStore) {
        let (org, workshop) = crowd(db).await;
        for category in [Category::Utility, Category::Marketing, Category::Authentication] {
            for (source, fallback) in [
                (Source::RegistrantFirstName, ""),
                (Source::RegistrantName, "there"),
                (Source::WorkshopTitle, ""),
                (Source::RegistrantEmail, "none"),
            ] {
                let (counted, decided, shortcut) =
                    both(&org, workshop, rules(category, source.clone(), fallback)).await;
                assert!(shortcut, "{category} {source:?} was not counted");
                assert_eq!(counted, decided, "{category} {source:?} {fallback:?}");
                assert!(decided.suppressed > 0 && decided.duplicate > 0 && decided.reachable > 0, "{decided:?}");
                assert!(decided.landline > 200, "{decided:?}");
            }
        }
    }

    async fn what_counters_do_not_know_is_looked_at_person_by_person(db: TestStore) {
        let (org, workshop) = crowd(db).await;
        // A person without an e-mail address is excluded where the message wants one. No counter tells how many of
        // those are reachable.
        let (counted, decided, shortcut) =
            both(&org, workshop, rules(Category::Utility, Source::RegistrantEmail, "")).await;
        assert!(!shortcut && counted == decided && decided.bad_value > 0, "{counted:?} {decided:?}");
        // The provider refuses a name that looks like a placeholder.
        let odd = NewRegistrant {
            name: PersonName::parse("Asha {{2}}"),
            phone: Some(number(NUMBERS + 1)),
            ..NewRegistrant::default()
        };
        org.add_registrant(workshop, odd, NOW).await.unwrap();
        let (counted, decided, shortcut) =
            both(&org, workshop, rules(Category::Utility, Source::RegistrantName, "there")).await;
        assert!(!shortcut && counted == decided && decided.bad_value == 1, "{counted:?} {decided:?}");
    }
}
