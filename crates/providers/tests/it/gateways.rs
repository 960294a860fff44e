//! What every gateway promises, asked of each against its stand-in.

use domain::{
    group::{AccountState, Jid, Person, PostPace},
    outcome::Outcome,
    phone::Phone,
    post::{FilledPost, GroupPost, Poll},
    time::Millis,
};
use munadi_providers::{
    Account, Gateway, Secrets, Urls,
    gateway::{GroupCall, Link, LinkBy},
    registry,
};
use sandbox::{Amount, Config, Faults, Sandbox, network::Network, registry::face};

use crate::aisensy_request::http;

/// A gateway's stand-in with an account of ours.
pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    pub(crate) account: Box<dyn Account>,
    pub(crate) kind: &'static str,
}

pub(crate) const MORNING: &str = "120363000000000001@g.us";
pub(crate) const EVENING: &str = "120363000000000002@g.us";
pub(crate) const PARENT: &str = "120363000000000010@g.us";
pub(crate) const ALUMNI: &str = "120363000000000020@g.us";

/// The kinds of all vendors whose accounts a gateway holds.
pub(crate) fn kinds() -> Vec<&'static str> {
    let all = registry::VENDORS.iter().filter(|vendor| vendor.base_urls().iter().any(|url| url.listed));
    all.map(|vendor| vendor.kind()).collect()
}

impl Place {
    pub(crate) async fn of(kind: &'static str, faults: Faults) -> Place {
        let sandbox = Sandbox::start(Config { faults, ..Config::default() }).await.unwrap();
        let account = open(&sandbox, kind, None);
        Place { sandbox, account, kind }
    }

    pub(crate) fn gateway(&self) -> &dyn Gateway {
        self.account.gateway().expect("a gateway")
    }

    pub(crate) fn network(&self) -> &Network {
        match self.kind {
            "waha" => self.sandbox.waha().network(),
            "baileys_gateway" => self.sandbox.baileys_gateway().network(),
            "evolution" => self.sandbox.evolution().network(),
            kind => panic!("no network of {kind}"),
        }
    }

    pub(crate) fn scan(&self, session: &str, phone: u64) -> bool {
        match self.kind {
            "waha" => self.sandbox.waha_scan(session, phone),
            "baileys_gateway" => self.sandbox.baileys_scan(session, phone),
            "evolution" => self.sandbox.evolution_scan(session, phone),
            kind => panic!("nobody scans for {kind}"),
        }
    }

    pub(crate) async fn post(&self, group: &str, post: &FilledPost) -> Outcome {
        let group: Jid = group.parse().unwrap();
        let call = GroupCall { group: &group, post, now: Millis(1_767_240_000_000) };
        self.gateway().post(&http(), &call).await
    }
}

/// The sample account of a stand-in, or another one of the same gateway.
pub(crate) fn open(sandbox: &Sandbox, kind: &str, session: Option<&str>) -> Box<dyn Account> {
    let sample = face(kind).unwrap().account();
    let mut settings = sample.settings.clone();
    if let Some(session) = session {
        settings["session"] = session.into();
    }
    let secrets = sample.secrets.iter().fold(Secrets::default(), |all, (key, secret)| all.with(key, secret));
    let urls = sandbox.addresses().iter().fold(Urls::default(), |urls, (key, url)| urls.with(key, url));
    registry::vendor(kind).unwrap().open(&settings, &secrets, &urls).unwrap()
}

/// A text as it is posted.
pub(crate) fn text(text: &str) -> FilledPost {
    let post = GroupPost::of_text(text);
    post.filled(&domain::template::Content::for_preview([]))
}

fn faults(set: impl FnOnce(&mut Faults)) -> Faults {
    let mut faults = Faults::default();
    set(&mut faults);
    faults
}

#[tokio::test]
async fn a_post_lies_on_every_members_phone_once_and_the_answer_names_it() {
    for kind in kinds() {
        let place = Place::of(kind, Faults::default()).await;
        let outcome = place.post(MORNING, &text("*Today* 7 pm")).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{kind}: {outcome:?}");
        let posts = place.network().posts(MORNING);
        assert_eq!((posts.len(), posts[0].text.as_str()), (1, "*Today* 7 pm"), "{kind}");
        let group = place.network().group(MORNING).unwrap();
        assert!(group.members.len() > 5, "{kind} needs members");
        for member in &group.members {
            let got = place.sandbox.world().count(&member.phone.to_string());
            let expected = usize::from(member.phone != sandbox::samples::ACCOUNT);
            assert_eq!(got, expected, "{kind}: {}", member.phone);
        }
        if let Outcome::Accepted { provider_id: Some(id), .. } = outcome {
            assert_eq!(id, posts[0].id, "{kind}: the join key is the bare id");
        }
    }
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_the_outcome_never_denies_what_the_group_got() {
    for kind in kinds() {
        // Each fault stands with what the group has, and with whether the outcome may be tried again.
        for (name, faults, there, again) in [
            ("cut before", faults(|f| f.reset_before = Amount::ALWAYS), 0, false),
            ("cut after", faults(|f| f.reset_after = Amount::ALWAYS), 1, false),
            ("429", faults(|f| f.too_many = Amount::ALWAYS), 0, true),
            ("500", faults(|f| f.server_error = Amount::ALWAYS), 0, false),
            ("502", faults(|f| f.bad_gateway = Amount::ALWAYS), 0, false),
            ("502 accepted", faults(|f| f.bad_gateway_accepted = Amount::ALWAYS), 1, false),
        ] {
            let place = Place::of(kind, faults).await;
            let outcome = place.post(EVENING, &text("Starting now")).await;
            assert_eq!(place.network().posts(EVENING).len(), there, "{kind}, {name}");
            let retried = matches!(outcome, Outcome::NotNow { .. });
            assert_eq!(retried, again, "{kind}, {name}: {outcome:?}");
            assert!(retried || matches!(outcome, Outcome::Unknown(_)), "{kind}, {name}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_list_of_groups_is_whole_and_names_parents_admins_and_sizes() {
    for kind in kinds() {
        let place = Place::of(kind, Faults::default()).await;
        let groups = place.gateway().groups(&http()).await.unwrap();
        let all = place.network().groups();
        let find = |jid: &str| groups.iter().find(|group| group.jid.as_str() == jid);
        let morning = find(MORNING).unwrap_or_else(|| panic!("{kind}: {groups:?}"));
        assert_eq!((morning.subject.as_str(), morning.size), ("Excel batch 7, morning", Some(13)), "{kind}");
        assert!(morning.takes_posts() && morning.admin == Some(true), "{kind}: {morning:?}");
        assert_eq!(groups.len(), all.len(), "{kind}");
        assert!(!find(PARENT).unwrap().takes_posts(), "{kind}: never to a parent");
        let alumni = find(ALUMNI).unwrap();
        assert!(!(alumni.announce && alumni.takes_posts()), "{kind}: {alumni:?}");
    }
}

#[tokio::test]
async fn members_come_by_number_and_by_hidden_id_and_nobody_is_left_out() {
    for kind in kinds() {
        let place = Place::of(kind, Faults::default()).await;
        let group: Jid = MORNING.parse().unwrap();
        let members = place.gateway().members(&http(), &group).await.unwrap();
        let known = place.network().group(MORNING).unwrap();
        assert_eq!(members.len(), known.members.len(), "{kind}");
        for member in &known.members {
            let phone = member.phone.to_string();
            let told = members.iter().find(|one| {
                let number = one.person.phone().map(Phone::digits);
                let lid = one.person.lid().map(domain::group::Lid::as_str);
                number == Some(&phone) || lid == Some(member.lid.to_string().as_str())
            });
            let told = told.unwrap_or_else(|| panic!("{kind}: {phone} is missing"));
            assert_eq!(told.role.is_admin(), member.admin, "{kind}: {phone}");
            assert_eq!(matches!(told.person, Person::Hidden(_)), member.hidden, "{kind}: {phone}");
        }
    }
}

#[tokio::test]
async fn a_phone_is_linked_by_a_code_that_changes_and_runs_out() {
    for kind in kinds() {
        let place = Place::of(kind, Faults::default()).await;
        let account = open(&place.sandbox, kind, Some("second"));
        let gateway = account.gateway().unwrap();
        let now = Millis(1_767_240_000_000);
        let unlinked = gateway.session(&http(), now).await.unwrap();
        assert_eq!(unlinked.state, AccountState::Unlinked, "{kind}");
        let link = Link { by: LinkBy::Qr, callback: "http://127.0.0.1:9/callbacks/test", now };
        let session = gateway.link(&http(), &link).await.unwrap();
        assert_eq!(session.state, AccountState::Linking, "{kind}");
        let session = gateway.session(&http(), now).await.unwrap();
        let code = session.code.unwrap_or_else(|| panic!("{kind}: a code"));
        assert!(code.expires.0 > now.0, "{kind}");
        assert!(!format!("{code:?}").contains("REF0"), "{kind}: a code is a secret: {code:?}");
        assert!(place.scan("second", 919_000_000_555), "{kind}");
        let linked = gateway.session(&http(), now).await.unwrap();
        assert_eq!(linked.state, AccountState::Ready, "{kind}");
        assert_eq!(linked.phone.unwrap().digits(), "919000000555", "{kind}");
        gateway.unlink(&http()).await.unwrap();
        let unlinked = gateway.session(&http(), now).await.unwrap();
        assert!(unlinked.state.needs_a_link(), "{kind}: {:?}", unlinked.state);
    }
}

#[tokio::test]
async fn a_linking_that_is_given_up_leaves_nothing_and_a_linked_account_stays() {
    for kind in kinds() {
        let place = Place::of(kind, Faults::default()).await;
        let account = open(&place.sandbox, kind, Some("third"));
        let gateway = account.gateway().unwrap();
        let now = Millis(1_767_240_000_000);
        let link = Link { by: LinkBy::Qr, callback: "http://127.0.0.1:9/callbacks/test", now };
        gateway.link(&http(), &link).await.unwrap();
        gateway.cancel_link(&http()).await.unwrap();
        assert_eq!(gateway.session(&http(), now).await.unwrap().state, AccountState::Unlinked, "{kind}");
        place.gateway().cancel_link(&http()).await.unwrap();
        assert_eq!(place.gateway().session(&http(), now).await.unwrap().state, AccountState::Ready, "{kind}");
    }
}

#[tokio::test]
async fn what_a_gateway_cannot_do_is_refused_without_a_call() {
    for kind in kinds() {
        let place = Place::of(kind, Faults::default()).await;
        let can = place.gateway().abilities();
        let options = (0..13).map(|n| format!("Answer {n}")).collect();
        let poll = GroupPost {
            poll: Some(Poll { question: "When?".into(), options, several: false }),
            ..GroupPost::default()
        };
        let call = munadi_providers::Call {
            template: &poll.clone().into(),
            content: &poll.fill(&domain::template::Facts::default()).unwrap(),
            to: &[MORNING],
            span: None,
            ring: None,
            now: Millis(0),
        };
        let outcome = place.account.send(&http(), &call).await;
        assert!(
            matches!(&outcome, Outcome::Misconfigured(said) if said.code == "not_supported"),
            "{kind}: {outcome:?}"
        );
        assert!(place.network().all_posts().is_empty() && can.poll_answers_max <= 12, "{kind}");
    }
}

#[test]
fn an_account_posts_with_caution_until_somebody_sets_something_else() {
    for kind in kinds() {
        let vendor = registry::vendor(kind).unwrap();
        let secrets = Secrets::default().with("api_key", "TEST-KEY-NOT-REAL-0000000000");
        let urls = Urls::all_at("https://gateway.example");
        let open = |settings: serde_json::Value| vendor.open(&settings, &secrets, &urls).unwrap();
        assert_eq!(open(serde_json::json!({})).gateway().unwrap().pace(), PostPace::CAUTION, "{kind}");
        let slow = open(serde_json::json!({ "gap_from_s": 30, "gap_until_s": 60, "per_hour": 20 }));
        let expected = PostPace { gap_from_s: 30, gap_until_s: 60, per_hour: 20, ..PostPace::CAUTION };
        assert_eq!(slow.gateway().unwrap().pace(), expected, "{kind}");
    }
}

#[test]
fn an_account_picks_one_of_the_listed_servers_and_no_other() {
    for kind in kinds() {
        let vendor = registry::vendor(kind).unwrap();
        let key = vendor.base_urls()[0].key;
        let secrets = Secrets::default().with("api_key", "TEST-KEY-NOT-REAL-0000000000");
        let opens = |urls: &Urls, picked: &str| {
            vendor.open(&serde_json::json!({ "gateway": picked }), &secrets, urls).is_ok()
        };
        let (none, one) = (Urls::default(), Urls::default().with(key, "http://10.0.0.7:3000"));
        let two = Urls::default().with(key, "http://10.0.0.7:3000, https://wa.example/");
        for (urls, picked, works) in [
            (&none, "", false),
            (&none, "http://10.0.0.7:3000", false),
            (&one, "", true),
            (&one, "http://10.0.0.7:3000/", true),
            (&one, "http://10.0.0.8:3000", false),
            (&two, "", false),
            (&two, "https://wa.example", true),
            (&two, "https://evil.example", false),
        ] {
            assert_eq!(opens(urls, picked), works, "{kind}: {picked:?} of {urls:?}");
        }
        assert_eq!(
            two.listed_hosts(),
            ["10.0.0.7", "wa.example"],
            "{kind}: these may be called wherever they lie"
        );
        assert!(
            one.local().is_empty() && Urls::default().with(key, "http://127.0.0.1:3000").local().is_empty()
        );
    }
}
