//! A linked account over time. It dies before a post is due and is linked again or not, and the members of its groups
//! are compared with the registrants.

use std::sync::Arc;

use axum::http::StatusCode;
use domain::{
    attention::Matter,
    channel::Channel,
    group::Jid,
    ids::{BroadcastId, IntegrationId, WorkshopId},
    message::MessageState,
    sending_hours::SendingHours,
    sequence::{Anchor, LateRule, Step, StepAudience, StepKey, Timing, Until},
    time::{DAY, HOUR, MINUTE},
};
use engine::Sender;
use sandbox::{Sandbox, samples::ACCOUNT};
use serde_json::json;
use store::{
    Actor, Org, on_both,
    plans::PlanChoice,
    posts::NewPosts,
    registrants::{NewRegistrant, RegistrantFilter},
    sequences::SequenceDraft,
    testing::TestStore,
    workshops::WorkshopDraft,
};

use crate::world::{Browser, People, World};

const KIND: &str = "waha";
const MORNING: &str = "120363000000000001@g.us";

struct Scene {
    world: World,
    people: People,
    vendors: Sandbox,
    org: Org,
    account: IntegrationId,
    workshop: WorkshopId,
}

impl Scene {
    /// A linked account at WAHA's stand-in with its groups read, one of which belongs to a workshop that begins in
    /// two hours.
    async fn new(db: &TestStore) -> Scene {
        // The stand-in's clock stands still, so a code that is shown stays valid.
        let tick: sandbox::Clock = Arc::new(|| 20_000 * DAY);
        let vendors = Sandbox::start_with_clock(sandbox::Config::default(), tick).await.unwrap();
        let world = World::with(db, |config| {
            for (key, url) in vendors.addresses() {
                config.providers.set(key, &url);
            }
        })
        .await;
        let people = world.people().await;
        let org = world.app.store.org(Actor::command_line(people.first));
        let now = world.clock_now();
        let mut admin = world.signed_in(&people.admin).await;
        let sample = sandbox::registry::face(KIND).unwrap().account();
        let (_, server) = vendors.addresses().into_iter().find(|(key, _)| *key == "waha_url").unwrap();
        let session = sample.settings["session"].as_str().unwrap().to_owned();
        let fields = [
            ("name", "Front desk"),
            ("gateway", server.as_str()),
            ("session", session.as_str()),
            ("api_key", sample.secrets[0].1.as_str()),
        ];
        admin.post(&format!("/settings/integrations/new/{KIND}"), &fields).await;
        let account = org.integrations().await.unwrap().into_iter().find(|one| one.kind == KIND).unwrap().id;
        let page = format!("/settings/accounts/{account}");
        assert_eq!(admin.post(&format!("{page}/risk"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(admin.get(&page).await.status, StatusCode::OK);
        assert_eq!(admin.post(&format!("{page}/sync"), &[]).await.status, StatusCode::SEE_OTHER);
        let draft = WorkshopDraft {
            title: "Excel for Working Professionals".into(),
            starts_at: now.plus(2 * HOUR),
            ends_at: now.plus(4 * HOUR),
            join_link: "https://meet.example/excel".into(),
            tag: None,
        };
        let workshop = org.add_workshop(&draft, now).await.unwrap();
        let group = org.groups().await.unwrap().into_iter().find(|group| group.jid == MORNING).unwrap().id;
        org.set_workshop_groups(workshop, &[group], now).await.unwrap();
        drop(admin);
        Scene { world, people, vendors, org, account, workshop }
    }

    async fn manager(&self) -> Browser<'_> {
        self.world.signed_in(&self.people.manager).await
    }

    /// A post that is due in twenty minutes, and useful until the workshop begins.
    async fn post(&self) -> BroadcastId {
        let now = self.world.clock_now();
        let groups = self.org.workshop_groups(self.workshop).await.unwrap();
        let new = NewPosts {
            account: self.account,
            workshop: self.workshop,
            title: "Starting soon".into(),
            template_id: None,
            template: json!({ "text": "We start at 7" }),
            content: r#"{"p":[]}"#.into(),
            groups,
            asked: None,
            starts_at: now.plus(20 * MINUTE),
            deadline: now.plus(50 * MINUTE),
            hours: SendingHours::any(),
            gap_s: 0,
            again: 0,
            run: None,
        };
        self.org.confirm_posts(BroadcastId::new(now), &new, now).await.unwrap()
    }

    /// Lets so many minutes pass, in which the program does its work.
    async fn pass(&self, sender: &mut Sender, minutes: i64) {
        for _ in 0..minutes {
            self.world.clock.advance(MINUTE);
            let now = self.world.clock_now();
            let engine = &self.world.app.engine;
            engine.work().beat(now, now.plus(MINUTE), None).await.unwrap();
            engine.ask_accounts().await.unwrap();
            sender.turn_until_idle().await.unwrap();
            engine.settle().await.unwrap();
        }
    }

    async fn sender(&self) -> Sender {
        let engine = &self.world.app.engine;
        let now = self.world.clock_now();
        engine.work().register("test", now, now.plus(MINUTE)).await.unwrap();
        Sender::new(engine.clone(), 1)
    }

    /// The number of posts that wait for an account that is not ready.
    async fn told(&self) -> Option<i64> {
        self.world.app.composer.attention_changed(self.people.first);
        let organization = self.org.organization().await.unwrap();
        let attention = self.world.app.composer.attention(&self.org, &organization).await.unwrap();
        attention.matters.iter().find_map(|matter| match matter {
            Matter::AccountNotReady { waiting, .. } => Some(*waiting),
            _ => None,
        })
    }

    async fn in_state(&self, id: BroadcastId, state: MessageState) -> i64 {
        self.org.broadcast(id).await.unwrap().in_state(state)
    }

    fn posts(&self) -> usize {
        self.vendors.waha().network().posts(MORNING).len()
    }
}

/// A plan with one post, an hour before the start.
async fn post_step(scene: &Scene) {
    let now = scene.world.clock_now();
    let body = json!({ "text": "Join: {join_link}" });
    let template = scene.org.add_template(Channel::WhatsappGroup, "Post", &body, now).await.unwrap();
    let step = Step {
        key: StepKey::stored("post".to_owned()),
        label: "Post".to_owned(),
        channel: Channel::WhatsappGroup,
        template,
        account: None,
        anchor: Anchor::Start,
        timing: Timing::before(60),
        purpose: "link".to_owned(),
        until: Until::default(),
        audience: StepAudience::default(),
        late: LateRule::default(),
        wait_out_quiet: false,
        rung: None,
    };
    let draft = SequenceDraft { name: "Posts".to_owned(), description: String::new(), steps: vec![step] };
    let sequence = scene.org.add_sequence(&draft, now).await.unwrap();
    scene.org.write_plan(scene.workshop, sequence, 1, &PlanChoice::default(), now).await.unwrap();
}

on_both! {
    async fn an_account_that_dies_before_its_post_is_told_linked_again_and_posts_in_time(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut sender = scene.sender().await;
        let id = scene.post().await;
        assert_eq!(scene.told().await, None);
        scene.vendors.waha_fail("munadi", 401);
        scene.pass(&mut sender, 2).await;
        assert_eq!(scene.told().await, Some(1), "eighteen minutes before the post is due");
        // The post is due, and it waits.
        scene.pass(&mut sender, 25).await;
        assert_eq!((scene.in_state(id, MessageState::Waiting).await, scene.posts()), (1, 0));
        // The account is linked again from its page, and the group and the plan are still there.
        let mut admin = scene.world.signed_in(&scene.people.admin).await;
        let page = format!("/settings/accounts/{}", scene.account);
        let linking = admin.post(&format!("{page}/link"), &[("phone", "")]).await;
        assert_eq!(linking.status, StatusCode::SEE_OTHER, "{}", linking.body);
        assert!(scene.vendors.waha_scan("munadi", ACCOUNT), "a code shows");
        assert_eq!(admin.get(&page).await.status, StatusCode::OK);
        scene.pass(&mut sender, 2).await;
        assert_eq!((scene.in_state(id, MessageState::Sent).await, scene.posts()), (1, 1), "in time");
        assert_eq!(scene.told().await, None);
    }

    async fn an_account_that_stays_dead_lets_its_post_expire_visibly_and_another_channel_is_offered(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut sender = scene.sender().await;
        let id = scene.post().await;
        scene.vendors.waha_fail("munadi", 401);
        scene.pass(&mut sender, 55).await;
        assert_eq!((scene.in_state(id, MessageState::Expired).await, scene.posts()), (1, 0));
        let page = scene.manager().await.get(&format!("/broadcasts/{id}")).await.body;
        assert!(page.contains("Not posted in 1 group."), "{page}");
        let offer = format!("/?channel=personal&amp;workshop={}&amp;who=registered", scene.workshop);
        assert!(page.contains(&offer), "{page}");
    }

    async fn whoever_is_in_no_group_is_listed_exported_and_offered_to_the_other_channels(db: TestStore) {
        let scene = Scene::new(db).await;
        let (org, now) = (&scene.org, scene.world.clock_now());
        for (n, name) in [(1, "Asha Rao"), (2, "Ravi Nair"), (77, "Thomas Kurian"), (78, "=cmd()")] {
            let person = NewRegistrant {
                name: domain::name::PersonName::parse(name),
                phone: domain::phone::Phone::parse(&format!("90000 000{n:02}"), domain::phone::Country::INDIA).ok(),
                phone_typed: format!("90000 000{n:02}"),
                ..NewRegistrant::default()
            };
            org.add_registrant(scene.workshop, person, now).await.unwrap();
        }
        let mut manager = scene.manager().await;
        let page = format!("/workshops/{}/members", scene.workshop);
        let before = manager.get(&page).await.body;
        assert!(before.contains("Members not read yet") && !before.contains("Send the invite link"), "{before}");
        let read = manager.post(&format!("{page}/sync"), &[]).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER, "{}", read.body);
        let body = manager.get(&page).await.body;
        assert!(body.contains("Join rate <b>50%</b>"), "{body}");
        assert!(body.contains("Send the invite link by WhatsApp Personal (2)"), "{body}");
        assert!(body.contains("Thomas Kurian") && !body.contains("Asha Rao"), "{body}");
        for (list, there, not) in [("here", "Ravi Nair", "Thomas Kurian"), ("never", "Thomas Kurian", "Asha Rao")] {
            let listed = manager.get(&format!("{page}?list={list}")).await.body;
            assert!(listed.contains(there) && !listed.contains(not), "{list}: {listed}");
        }
        let found = manager.get(&format!("{page}?list=here&q=ravi")).await.body;
        assert!(found.contains("Ravi Nair") && !found.contains("Asha Rao"), "{found}");
        let file = manager.get(&format!("{page}.csv?list=")).await.body;
        assert!(file.contains("\"Thomas Kurian\",\"+919000000077\",\"Never joined\"") && file.contains("\"cmd()\""), "{file}");
        // A member with a hidden number stands in the list without one.
        let hidden = manager.get(&format!("{page}?list=hidden")).await.body;
        assert!(hidden.contains("Number hidden"), "{hidden}");
        // Within the hour the list is read only once: the gateway is not asked again.
        let again = manager.post(&format!("{page}/sync"), &[]).await;
        let told = manager.get(again.location()).await.body;
        assert!(told.contains("within the last hour"), "{told}");
        // The composer of another channel offers the same people.
        let chooser = manager.get(&format!("/?channel=personal&workshop={}&who=no_group", scene.workshop)).await.body;
        assert!(chooser.contains("In no group"), "{chooser}");
        let viewer = scene.world.signed_in(&scene.people.viewer).await.get(&format!("{page}.csv")).await;
        assert_eq!(viewer.status, StatusCode::FORBIDDEN, "a viewer takes no file out");
        assert!(MORNING.parse::<Jid>().is_ok());
    }

    async fn person_mode_says_of_a_post_what_is_known_of_the_groups_and_when_it_went(db: TestStore) {
        let scene = Scene::new(db).await;
        let (org, now) = (&scene.org, scene.world.clock_now());
        let add = async |n: i64, name: &str| {
            let person = NewRegistrant {
                name: domain::name::PersonName::parse(name),
                phone: domain::phone::Phone::parse(&format!("90000 000{n:02}"), domain::phone::Country::INDIA).ok(),
                ..NewRegistrant::default()
            };
            org.add_registrant(scene.workshop, person, scene.world.clock_now()).await.unwrap();
            let filter = RegistrantFilter { search: name.to_owned(), limit: 5, ..RegistrantFilter::default() };
            org.registrants(scene.workshop, &filter).await.unwrap().remove(0).id
        };
        let (inside, outside) = (add(1, "Asha Rao").await, add(77, "Thomas Kurian").await);
        post_step(&scene).await;
        let mut manager = scene.manager().await;
        let plan = format!("/workshops/{}/plan", scene.workshop);
        let before = manager.get(&format!("{plan}?person={outside}")).await.body;
        assert!(before.contains("its members are not known"), "{before}");
        let read = manager.post(&format!("/workshops/{}/members/sync", scene.workshop), &[]).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER, "{}", read.body);
        let hers = manager.get(&format!("{plan}?person={inside}")).await.body;
        assert!(hers.contains("as a member of “"), "{hers}");
        let his = manager.get(&format!("{plan}?person={outside}")).await.body;
        assert!(his.contains("They are in none of the workshop’s groups"), "{his}");

        // A post that would not go is nobody's.
        let link = |join_link: &str| WorkshopDraft {
            title: "Excel for Working Professionals".into(),
            starts_at: now.plus(2 * HOUR),
            ends_at: now.plus(4 * HOUR),
            join_link: join_link.into(),
            tag: None,
        };
        org.edit_workshop(scene.workshop, &link(""), now).await.unwrap();
        let hers = manager.get(&format!("{plan}?person={inside}")).await.body;
        assert!(hers.contains("Its post cannot be made") && !hers.contains("Gets it"), "{hers}");
        org.edit_workshop(scene.workshop, &link("https://meet.example/excel"), now).await.unwrap();

        // It goes out an hour before the start. Whoever registers afterwards has nothing of it.
        let mut sender = scene.sender().await;
        for _ in 0..62 {
            while scene.world.app.engine.schedule().await.unwrap() {}
            scene.world.app.engine.plan().await.unwrap();
            scene.pass(&mut sender, 1).await;
        }
        assert_eq!(scene.posts(), 1);
        let late = add(2, "Ravi Nair").await;
        for (who, words) in [
            (inside, "as a member of “"),
            (outside, "They are in none of the workshop’s groups"),
            (late, "It was posted before they registered"),
        ] {
            let page = manager.get(&format!("{plan}?person={who}")).await.body;
            assert!(page.contains(words) && !page.contains("Gets it"), "{words}: {page}");
        }
        // What the gateway reports of her phone is hers, and nobody else's.
        let reported = "INSERT INTO member_receipts (broadcast_id, position, person, organization_id, delivered_at)
                        SELECT m.broadcast_id, m.position, '+919000000001', b.organization_id, b.starts_at
                        FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id WHERE m.group_id IS NOT NULL";
        let opened = "UPDATE member_receipts SET read_at = delivered_at + 60000 WHERE person = '+919000000001'";
        for (report, word, words) in
            [(reported, "Delivered", "their phone has it since"), (opened, "Read", "opened on their phone")]
        {
            assert!(db.damage(report).await > 0);
            let hers = manager.get(&format!("{plan}?person={inside}")).await.body;
            let table = hers.split_once("id=\"person-plan\"").unwrap().1;
            assert!(table.contains(word) && table.contains(words), "{words}: {table}");
            let other = manager.get(&format!("{plan}?person={outside}")).await.body;
            assert!(!other.contains(words), "{words}: {other}");
        }
    }

    // In the former application every start at half past an hour UTC, 7 PM in India among them, stood an hour early in a community's text; and the
    // team's numbers never came in.
    async fn a_group_is_made_with_the_workshops_own_time_in_its_text_and_with_the_team_in_it(db: TestStore) {
        let scene = Scene::new(db).await;
        let now = scene.world.clock_now();
        let starts_at = domain::time::Zone::india().parse_local("2027-03-09T19:00").unwrap();
        assert_eq!(starts_at.0 % HOUR, 30 * MINUTE, "half past an hour UTC");
        let draft = WorkshopDraft {
            title: "Excel in the evening".into(),
            starts_at,
            ends_at: starts_at.plus(2 * HOUR),
            join_link: "https://meet.example/excel".into(),
            tag: None,
        };
        let workshop = scene.org.add_workshop(&draft, now).await.unwrap();
        let mut manager = scene.manager().await;
        let account = scene.account.to_string();
        let form = [
            ("account", account.as_str()), ("kind", ""), ("subject", "{workshop_title}"),
            ("description", "We begin at {start_time}."), ("people", "90000 00301\n90000 00302"),
        ];
        let page = format!("/workshops/{workshop}/groups/new");
        let unknown = [form[0], form[1], ("subject", "{first_name}"), form[3], form[4]];
        let refused = manager.post(&page, &unknown).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
        let made = manager.post(&page, &form).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let groups = scene.vendors.waha().network().groups();
        let group = groups.iter().find(|group| group.subject == "Excel in the evening").expect("it was made once");
        assert_eq!(group.description, "We begin at 7:00 PM.");
        for phone in [919_000_000_301, 919_000_000_302] {
            assert!(group.member(phone).is_some(), "{phone} is in it from the start");
        }
        let chosen = scene.org.workshop_groups(workshop).await.unwrap();
        let known = scene.org.groups().await.unwrap().into_iter().find(|one| one.jid == group.jid).unwrap();
        assert_eq!(chosen, [known.id], "it belongs to the workshop");
        assert!(known.invite_link.starts_with("https://chat.whatsapp.com/"), "{known:?}");
    }

    // In the former application abandoned codes became accounts that were disconnected, and some stayed "connecting" for ever.
    async fn a_code_that_nobody_scanned_alarms_nobody_and_can_be_taken_back(db: TestStore) {
        let scene = Scene::new(db).await;
        let mut sender = scene.sender().await;
        scene.post().await;
        let mut admin = scene.world.signed_in(&scene.people.admin).await;
        let sample = sandbox::registry::face(KIND).unwrap().account();
        let (_, server) = scene.vendors.addresses().into_iter().find(|(key, _)| *key == "waha_url").unwrap();
        let fields = [
            ("name", "Second desk"), ("gateway", server.as_str()), ("session", "second"), ("api_key", sample.secrets[0].1.as_str()),
        ];
        admin.post(&format!("/settings/integrations/new/{KIND}"), &fields).await;
        let all = scene.org.integrations().await.unwrap();
        let second = all.into_iter().find(|one| one.name == "Second desk").unwrap().id;
        let page = format!("/settings/accounts/{second}");
        admin.post(&format!("{page}/risk"), &[]).await;
        let linking = admin.post(&format!("{page}/link"), &[("phone", "")]).await;
        assert_eq!(linking.status, StatusCode::SEE_OTHER, "{}", linking.body);
        let shown = admin.get(&page).await.body;
        assert!(shown.contains("Hold the phone to this code.") && shown.contains("Cancel linking"), "{shown}");
        scene.pass(&mut sender, 10).await;
        assert_eq!(scene.told().await, None, "an account that never was linked has no posts and troubles nobody");
        let back = admin.post(&format!("{page}/cancel"), &[]).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
        let shown = admin.get(&page).await.body;
        assert!(shown.contains("Link by QR code") && !shown.contains("Cancel linking"), "{shown}");
    }
}
