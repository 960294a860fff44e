//! An audience is chosen by what people were told. Each count equals the people whom the walk decides about, and both
//! equal what the messages say.

use std::collections::{BTreeMap, BTreeSet};

use compose::Audience as Walk;
use domain::{
    audience::OnePerNumber,
    broadcast::{Addressee, Audience},
    channel::{Category, Channel},
    group::{CommunityPlace, Group, Member, MemberRole, Person},
    ids::{BroadcastId, IntegrationId, RegistrantId, WorkerId, WorkshopId},
    message::{MessageState, Next},
    money::Money,
    outcome::ProviderAnswer,
    pace::Pace,
    phone::Phone,
    reason::Reason,
    sending_hours::SendingHours,
    template::Source,
    time::{DAY, HOUR, MINUTE, Millis},
    told::Purpose,
};
use store::{
    Org, Work,
    audience::AudienceCursor as At,
    broadcasts::{NewBroadcast, Telling},
    integrations::NewIntegration,
    messages::MessageFilter,
    on_both,
    told::Selection,
    work::{Endings, PlannedRow, Record, StretchSums, Want},
};

use crate::counting::{NOW, crowd, key, rules};

/// Rows of a stretch.
const STRETCH: i64 = 2_000;

async fn account(org: &Org) -> IntegrationId {
    let id = IntegrationId::new(NOW);
    let new = NewIntegration {
        id,
        kind: "aisensy".into(),
        name: "Main".into(),
        settings: serde_json::json!({}),
        sealed: "x".into(),
        hints: serde_json::json!({}),
        callback_key: "k".into(),
        pace: Pace { per_second: 1_000_000, per_day: 0 },
    };
    org.add_integration(new, NOW).await.unwrap();
    id
}

async fn walk(org: &Org, of: &Selection) -> Walk {
    let rules = rules(Category::Utility, Source::WorkshopTitle, "");
    Walk::of(org.audience_reader(), key(), of.clone(), rules).await.unwrap()
}

/// All people whom the walk decides about, read in small stretches.
async fn walked(org: &Org, of: &Selection) -> BTreeSet<RegistrantId> {
    let mut walk = walk(org, of).await;
    let (mut found, mut after, mut each) = (BTreeSet::new(), At::default(), OnePerNumber::default());
    loop {
        let people = walk.stretch(&after, 333, &mut each, |_, _| compose::OwnLinks::default()).await.unwrap();
        let Some(last) = people.last() else { return found };
        after = last.person.place();
        found.extend(people.iter().map(|judged| judged.person.registrant()));
    }
}

/// Confirms and plans a broadcast to an audience, and ends its first `ends` messages in turn as handed over, refused
/// and unknown.
async fn broadcast(
    org: &Org,
    work: &Work,
    workshop: WorkshopId,
    by: IntegrationId,
    who: Audience,
    ends: i64,
) {
    let now = NOW.plus(MINUTE);
    let new = NewBroadcast {
        integration: by,
        workshop,
        channel: Channel::WhatsappPersonal,
        title: "Link".into(),
        template_id: None,
        template: serde_json::json!({}),
        category: Category::Utility,
        audience: who,
        telling: Telling::default(),
        starts_at: now,
        deadline: now.plus(HOUR),
        hours: SendingHours::any(),
        unit_price: Money(1_450),
    };
    let id = org.confirm_broadcast(new, now).await.unwrap();
    let planning = work.planning().await.unwrap().into_iter().next().expect("it is being planned");
    let mut planning = planning;
    let mut walk = walk(org, &planning.selection).await;
    let mut each = OnePerNumber::default();
    loop {
        let people = walk
            .stretch(&planning.after, STRETCH, &mut each, |_, _| compose::OwnLinks::default())
            .await
            .unwrap();
        let last = i64::try_from(people.len()).unwrap() < STRETCH;
        let mark = people.last().map_or(planning.after.clone(), |judged| judged.person.place());
        let rows: Vec<PlannedRow> = people
            .into_iter()
            .map(|judged| PlannedRow {
                skip: match &judged.decision {
                    domain::audience::Decision::Recipient(_) => None,
                    domain::audience::Decision::Excluded(excluded) => Some((excluded.reason, String::new())),
                },
                addressee: Addressee::Registrant(judged.person.registrant()),
                name: judged.person.name,
                recipient: judged.person.phone,
                content: "{}".into(),
                units: 1,
            })
            .collect();
        let n = i64::try_from(rows.len()).unwrap();
        work.plan_write(&planning, rows, &StretchSums::default(), &mark, last, now).await.unwrap();
        if last {
            break;
        }
        planning.planned += n;
        planning.after = mark;
    }
    end(work, id, ends, now).await;
}

async fn end(work: &Work, id: BroadcastId, ends: i64, now: Millis) {
    let mut left = ends;
    while left > 0 {
        let turn =
            work.turn(&Endings::default(), &[Want::rows(id, left.min(500))], &key(), now).await.unwrap();
        assert!(!turn.claimed.is_empty(), "needs messages to end");
        left -= i64::try_from(turn.claimed.len()).unwrap();
        let records: Vec<Record> = turn
            .claimed
            .into_iter()
            .enumerate()
            .map(|(at, row)| Record {
                message: row.message,
                attempt: row.attempt,
                next: match at % 3 {
                    0 => Next::Sent { provider_id: None, cost: None },
                    1 => Next::Failed(ProviderAnswer::new("131026", "undeliverable")),
                    _ => Next::Unknown(ProviderAnswer::new("silence", "no answer")),
                },
                at: now,
            })
            .collect();
        work.turn(&records.into(), &[], &key(), now).await.unwrap();
    }
}

/// The states in which each number has messages, from the lists that pages show.
async fn states(org: &Org) -> BTreeMap<String, BTreeSet<MessageState>> {
    let mut found: BTreeMap<String, BTreeSet<MessageState>> = BTreeMap::new();
    for broadcast in org.broadcasts(&store::broadcasts::BroadcastFilter::default(), 50).await.unwrap() {
        let rows = org.messages(broadcast.id, &MessageFilter::default(), 0, 20_000).await.unwrap();
        for row in rows.into_iter().filter(|row| !row.recipient.is_empty()) {
            found.entry(row.recipient).or_default().insert(row.state);
        }
    }
    found
}

/// A group of the workshop with the people at these places, which others have left. No member is known before the
/// group was read.
async fn group(org: &Org, by: IntegrationId, workshop: WorkshopId, phones: &[String]) {
    let jid = "120363000000000001@g.us";
    let listed = Group {
        jid: jid.parse().unwrap(),
        subject: "Batch 7".into(),
        size: None,
        announce: false,
        locked: false,
        admin: Some(true),
        place: CommunityPlace::Alone,
        invite: None,
        disappears_after: 0,
    };
    org.sync_groups(by, &[listed], NOW).await.unwrap();
    let id = org.groups().await.unwrap()[0].id;
    org.set_workshop_groups(workshop, &[id], NOW).await.unwrap();
    let members = |phones: &mut dyn Iterator<Item = &String>| -> Vec<Member> {
        let person = |phone: &String| Person::Number(Phone::from_stored(phone).unwrap());
        phones.map(|phone| Member { person: person(phone), role: MemberRole::Member }).collect()
    };
    let before = members(&mut phones.iter());
    org.sync_members(id, &before, &key(), NOW).await.unwrap();
    // Every third member has left since.
    let after = members(&mut phones.iter().enumerate().filter(|(at, _)| at % 3 > 0).map(|(_, phone)| phone));
    org.sync_members(id, &after, &key(), NOW.plus(MINUTE)).await.unwrap();
}

on_both! {
    async fn whoever_is_in_no_group_is_counted_as_the_walk_decides(db: TestStore) {
        let (org, workshop) = crowd(db).await;
        let by = account(&org).await;
        let everyone = Selection::everyone(workshop, Purpose::default(), NOW.plus(HOUR));
        let none = everyone.of(Audience::NoGroup);
        assert_eq!(org.audience_reader().count(&none).await.unwrap(), 0, "before the members are known nobody is missing");
        let list = org
            .registrants(workshop, &store::registrants::RegistrantFilter { limit: 20_000, ..Default::default() })
            .await
            .unwrap();
        let people = walked(&org, &everyone).await;
        let phones: BTreeSet<&String> = list.iter().map(|one| &one.phone).filter(|phone| !phone.is_empty()).collect();
        let inside: Vec<String> = phones.iter().step_by(2).take(900).map(|phone| (*phone).clone()).collect();
        group(&org, by, workshop, &inside).await;
        let here: BTreeSet<&String> =
            inside.iter().enumerate().filter(|(at, _)| at % 3 > 0).map(|(_, phone)| phone).collect();
        let left: BTreeSet<&String> =
            inside.iter().enumerate().filter(|(at, _)| at % 3 == 0).map(|(_, phone)| phone).collect();
        let of = |wanted: &dyn Fn(&String) -> bool| -> BTreeSet<RegistrantId> {
            let standing = list.iter().filter(|one| people.contains(&one.id));
            standing.filter(|one| wanted(&one.phone)).map(|one| one.id).collect()
        };
        for (audience, expected) in [
            (Audience::NoGroup, of(&|phone| !here.contains(phone))),
            (Audience::LeftGroup, of(&|phone| left.contains(phone))),
        ] {
            let selection = everyone.of(audience.clone());
            assert!(!expected.is_empty() && expected.len() < people.len(), "{audience} proves something");
            assert!(walked(&org, &selection).await == expected, "{audience} walked");
            let counted = org.audience_reader().count(&selection).await.unwrap();
            assert_eq!(usize::try_from(counted).unwrap(), expected.len(), "{audience} counted");
        }
        let joined = org.joined(workshop).await.unwrap();
        let n = |n: usize| i64::try_from(n).unwrap();
        assert_eq!(joined.registrants, n(people.len()));
        assert_eq!(joined.missing(), n(of(&|phone| !here.contains(phone)).len()), "the page says what the audience holds");
        assert_eq!(joined.left, n(of(&|phone| left.contains(phone)).len()));
    }

    async fn each_count_is_the_people_whom_the_walk_decides_about(db: TestStore) {
        let (org, workshop) = crowd(db).await;
        let by = account(&org).await;
        let work = db.store.work(WorkerId::new(NOW));
        work.register("test", NOW, NOW.plus(DAY)).await.unwrap();
        broadcast(&org, &work, workshop, by, Audience::Registered, 3_000).await;
        broadcast(&org, &work, workshop, by, Audience::Failed, 400).await;

        let everyone = Selection::everyone(workshop, Purpose::default(), NOW.plus(HOUR + 5 * MINUTE));
        let states = states(&org).await;
        let people = walked(&org, &everyone).await;
        let list = org
            .registrants(workshop, &store::registrants::RegistrantFilter { limit: 20_000, ..Default::default() })
            .await
            .unwrap();
        let of = |wanted: &dyn Fn(Option<&BTreeSet<MessageState>>) -> bool| -> BTreeSet<RegistrantId> {
            let live = |state: &MessageState| {
                !matches!(state, MessageState::Skipped | MessageState::Expired | MessageState::Cancelled)
            };
            list.iter()
                .filter(|one| people.contains(&one.id))
                .filter(|one| {
                    let own: Option<BTreeSet<MessageState>> = states
                        .get(&one.phone)
                        .map(|own| own.iter().copied().filter(live).collect());
                    wanted(own.filter(|own| !own.is_empty()).as_ref())
                })
                .map(|one| one.id)
                .collect()
        };
        let failed = |own: Option<&BTreeSet<MessageState>>| {
            own.is_some_and(|own| own.iter().all(|state| *state == MessageState::Failed))
        };
        let handed_over = |own: Option<&BTreeSet<MessageState>>| {
            own.is_some_and(|own| {
                own.contains(&MessageState::Sent)
                    && own.iter().all(|state| matches!(state, MessageState::Sent | MessageState::Failed))
            })
        };
        let expected = [
            (Audience::NotTold, of(&|own| own.is_none())),
            (Audience::Failed, of(&failed)),
            (Audience::NoReceipt { minutes: 60 }, of(&handed_over)),
            (Audience::NotRead, of(&handed_over)),
        ];
        let mut counts = Vec::new();
        for (audience, expected) in expected {
            let selection = everyone.of(audience.clone());
            assert!(!expected.is_empty() && expected.len() < people.len(), "{audience} proves something");
            let walked = walked(&org, &selection).await;
            assert!(walked == expected, "{audience}: {} walked, {} expected", walked.len(), expected.len());
            let counted = org.audience_reader().count(&selection).await.unwrap();
            assert_eq!(usize::try_from(counted).unwrap(), expected.len(), "{audience} counted");
            counts.push(counted);
        }
        let told = org.audience_reader().told(&everyone).await.unwrap();
        assert_eq!(vec![told.not_told, told.failed, told.no_receipt, told.not_read], counts);
        assert_eq!(told.everyone, told.not_told + told.failed + told.told + told.going);

        let sources = org.audience_reader().sources(workshop, 9).await.unwrap();
        assert!(sources.len() > 1, "needs several sources");
        for (source, n) in sources {
            let of_source = everyone.of(Audience::Source(source.clone()));
            let standing = list.iter().filter(|one| people.contains(&one.id) && one.came_from == source).count();
            assert_eq!(usize::try_from(n).unwrap(), standing, "{source} offered");
            assert_eq!(walked(&org, &of_source).await.len(), standing, "{source} walked");
            assert_eq!(org.audience_reader().count(&of_source).await.unwrap(), n, "{source} counted");
        }

        let first = org.broadcasts(&store::broadcasts::BroadcastFilter::default(), 50).await.unwrap().pop().unwrap();
        let of_reason = Audience::Of {
            broadcast: first.id,
            state: MessageState::Failed,
            reason: Reason::from("131026"),
        };
        let retarget = everyone.of(of_reason);
        let n = first.in_state(MessageState::Failed);
        assert!(n > 0);
        assert_eq!(org.audience_reader().count(&retarget).await.unwrap(), n);
        assert_eq!(i64::try_from(walked(&org, &retarget).await.len()).unwrap(), n);
    }
}
