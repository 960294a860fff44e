//! A search finds the people whom a walk over everybody finds by the same rule, and no search walks.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{BroadcastId, ImportId, RegistrantId, WorkerId, WorkshopId},
    message::MessageState,
    name::PersonName,
    phone::{Country, Phone},
    search::{Query, index_words},
};
use store::{
    Org, PhoneKey,
    messages::MessageFilter,
    people::FoundPerson,
    registrants::{Correction, NewRegistrant, Registrant, RegistrantFilter, Which},
    suppressions::{NewSuppression, SuppressionFilter},
    testing::statements_of,
};

use crate::on_both::{NOW, World, person};

const FIRST: [&str; 12] =
    ["Asha", "José", "Łukasz", "Åsa", "आशा", "श्री कुमारी", "ஆஷா", "Ravi", "R.", "Ashwin", "D’Souza", "Zoë"];
const LAST: [&str; 8] = ["Rao", "Ráo", "Kumar", "राव", "K", "Ashok", "O'Neill 2", ""];
const SOUGHT: [&str; 28] = [
    "as",
    "ra",
    "asha",
    "ASHA rao",
    "rao as",
    "jose",
    "łu",
    "asa",
    "आशा",
    "शा",
    "श्री",
    "कुमारी राव",
    "ஆஷா",
    "r",
    "k",
    "2",
    "souza",
    "oneill",
    "example",
    "exam",
    "asha@mail.example",
    "98",
    "98765",
    "+91 98765 000",
    "098765",
    "0003",
    "asha 98765",
    "nobody at all",
];

/// Pseudo-random numbers, which the same seed repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn person(&mut self, numbers: usize) -> NewRegistrant {
        let (first, last) = (FIRST[self.below(FIRST.len())], LAST[self.below(LAST.len())]);
        let name = format!("{first} {last}");
        let email = match self.below(3) {
            0 => format!("{}.{}@mail.example.com", ["asha", "ravi", "x2024"][self.below(3)], self.below(9)),
            1 => format!("kumar{}@people.example", self.below(30)),
            _ => String::new(),
        };
        let phone = match self.below(8) {
            0 => String::new(),
            1 => format!("+44 7400 1{:05}", self.below(numbers)),
            _ => format!("98765 {:05}", self.below(numbers)),
        };
        person(name.trim(), &phone, &email)
    }
}

async fn index(world: &World, limit: i64, steps: usize) {
    let work = world.store.work(WorkerId::new(NOW));
    for _ in 0..steps {
        if !work.index_people(limit).await.unwrap().more {
            break;
        }
    }
}

/// All people of a workshop, without a search.
async fn all(org: &Org, workshop: WorkshopId) -> Vec<Registrant> {
    org.registrants(workshop, &RegistrantFilter { limit: 10_000, ..Default::default() }).await.unwrap()
}

async fn found_people(org: &Org, typed: &str) -> BTreeSet<String> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = org.find_people(typed, after.as_deref(), 21).await.unwrap();
        assert!(page.found.len() <= 21);
        for person in page.found {
            let key = match &person.registration {
                Some((_, id, _)) => id.to_string(),
                None => person.phone.clone(),
            };
            assert!(found.insert(key), "{typed:?} shows {person:?} twice");
        }
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// The rule, over everybody: a person is a number, or one registration without a number. The names and addresses of a
/// number count, too, where the registration that brought them was cancelled.
fn walked_people(query: &Query, everybody: &[Registrant], known: &[FoundPerson]) -> BTreeSet<String> {
    let mut people: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
    for lead in known {
        people.insert(lead.phone.clone(), (index_words(&lead.name, &lead.email), lead.phone.clone()));
    }
    for r in everybody.iter().filter(|r| !r.is_erased) {
        let key = if r.phone.is_empty() { r.id.to_string() } else { r.phone.clone() };
        people
            .entry(key)
            .or_insert_with(|| (BTreeSet::new(), r.phone.clone()))
            .0
            .extend(index_words(&r.name, &r.email));
    }
    let finds = |words: &BTreeSet<String>, phone: &str| query.finds(words.iter().map(String::as_str), phone);
    people.into_iter().filter(|(_, (words, phone))| finds(words, phone)).map(|(key, _)| key).collect()
}

async fn found_registrants(org: &Org, workshop: WorkshopId, typed: &str) -> Vec<RegistrantId> {
    let (mut found, mut after) = (vec![], None);
    loop {
        let filter = RegistrantFilter { search: typed.into(), after, limit: 21, ..Default::default() };
        let page = org.registrants(workshop, &filter).await.unwrap();
        after = page.last().map(|r| r.id);
        found.extend(page.iter().map(|r| r.id));
        if page.len() < 21 {
            return found;
        }
    }
}

async fn found_messages(org: &Org, broadcast: BroadcastId, typed: &str) -> Vec<i64> {
    let (mut found, mut after) = (vec![], 0);
    loop {
        let filter = MessageFilter { search: typed.into(), ..Default::default() };
        let page = org.messages(broadcast, &filter, after, 21).await.unwrap();
        found.extend(page.iter().map(|m| m.message.position));
        after = found.last().copied().unwrap_or(0);
        if page.len() < 21 {
            return found;
        }
    }
}

/// A broadcast that plans for everybody of a workshop as the planner does: in the order of numbers, with later
/// registrations of a number left out.
async fn plan(world: &World, workshop: WorkshopId) -> BroadcastId {
    let mut people = all(&world.org, workshop).await;
    people.sort_by(|a, b| (&a.phone, a.id).cmp(&(&b.phone, b.id)));
    let id = world.broadcast(workshop, "completed", (people[0].id, &people[0].phone)).await;
    world.run(format!("DELETE FROM messages WHERE broadcast_id = {}", world.id(id.0))).await;
    let organization = world.id(world.org.actor().organization.0);
    let mut before = String::new();
    for (at, r) in people.iter().enumerate() {
        let planned = !r.phone.is_empty() && r.phone != before;
        before.clone_from(&r.phone);
        world
            .run(format!(
                "INSERT INTO messages (broadcast_id, position, organization_id, registrant_id, name, recipient, planned, content,
                                       state, reason, reason_text, attempt, next_attempt_at, changed_at)
                 VALUES ({}, {}, {organization}, {}, '{}', '{}', {planned}, '{{}}', '{}', '', '', 1, 0, 0)",
                world.id(id.0),
                at + 1,
                world.id(r.id.0),
                r.name.replace('\'', "''"),
                r.phone,
                if planned { "sent" } else { "skipped" },
            ))
            .await;
    }
    id
}

/// Compares every list of one organisation with the rule.
async fn check_rows(world: &World, workshops: &[WorkshopId], broadcast: Option<BroadcastId>) {
    if !world.is_postgres() {
        // FTS5 compares its index with the entries and fails where they differ.
        world.run("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)".into()).await;
    }
    for typed in SOUGHT {
        let query = Query::parse(typed, 91);
        for workshop in workshops {
            let everybody = all(&world.org, *workshop).await;
            let expected = everybody.iter().filter(|r| query.finds_person(&r.name, &r.email, &r.phone));
            let expected: Vec<_> = expected.map(|r| r.id).collect();
            let found = found_registrants(&world.org, *workshop, typed).await;
            let missed: Vec<_> =
                everybody.iter().filter(|r| expected.contains(&r.id) && !found.contains(&r.id)).collect();
            assert_eq!(found, expected, "registrants {typed:?} without {missed:#?}");
        }
        let Some(broadcast) = broadcast else { continue };
        let emails: BTreeMap<_, _> =
            all(&world.org, workshops[0]).await.into_iter().map(|r| (r.id, r.email)).collect();
        let rows = world.org.messages(broadcast, &MessageFilter::default(), 0, 10_000).await.unwrap();
        let email = |id| emails.get(&id).map_or("", String::as_str);
        let fits = rows
            .iter()
            .filter(|m| query.finds_person(&m.name, email(m.addressee.registrant().unwrap()), &m.recipient));
        let found = found_messages(&world.org, broadcast, typed).await;
        let may: Vec<_> = fits.clone().map(|m| m.message.position).collect();
        assert!(
            found.is_sorted() && found.iter().all(|position| may.contains(position)),
            "recipients {typed:?}"
        );
        // A person whose registration was undone has no number of their own in the index any more.
        let must = fits
            .filter(|m| emails.contains_key(&m.addressee.registrant().unwrap()))
            .map(|m| m.message.position);
        let missed: Vec<_> = must.filter(|position| !found.contains(position)).collect();
        assert_eq!(missed, [] as [i64; 0], "recipients {typed:?}");
    }
}

async fn check_people(world: &World, workshops: &[WorkshopId]) {
    let mut everybody = vec![];
    for workshop in workshops {
        everybody.extend(all(&world.org, *workshop).await);
    }
    let known = world.org.find_people("", None, 10_000).await.unwrap().found;
    let mut anybody = false;
    for typed in SOUGHT {
        let query = Query::parse(typed, 91);
        let expected = walked_people(&query, &everybody, &known);
        anybody |= !expected.is_empty();
        assert_eq!(found_people(&world.org, typed).await, expected, "people {typed:?}");
        let filter = SuppressionFilter { search: typed.into(), limit: 10_000, ..Default::default() };
        let all = SuppressionFilter { limit: 10_000, ..Default::default() };
        let opted_out = world.org.suppressions(&all).await.unwrap();
        let numbers = opted_out.iter().filter_map(|entry| entry.phone.clone());
        let fits = |phone: &String| expected.contains(phone) || query.finds(std::iter::empty(), phone);
        let expected: Vec<_> = numbers.filter(fits).collect();
        let found = world.org.suppressions(&filter).await.unwrap();
        let found: Vec<_> = found.into_iter().filter_map(|entry| entry.phone).collect();
        assert_eq!(found, expected, "opted out {typed:?}");
    }
    assert!(anybody, "needs somebody who is found");
}

/// While some people have no entry yet, a search finds everybody with a registration that fits, each once, and nobody
/// whom not all words fit.
async fn check_people_half_indexed(world: &World, workshops: &[WorkshopId]) {
    let mut everybody = vec![];
    for workshop in workshops {
        everybody.extend(all(&world.org, *workshop).await);
    }
    let known = world.org.find_people("", None, 10_000).await.unwrap().found;
    for typed in SOUGHT {
        let query = Query::parse(typed, 91);
        let may = walked_people(&query, &everybody, &known);
        let must = everybody.iter().filter(|r| query.finds_person(&r.name, &r.email, &r.phone));
        let found = found_people(&world.org, typed).await;
        for r in must {
            let key = if r.phone.is_empty() { r.id.to_string() } else { r.phone.clone() };
            assert!(found.contains(&key), "people {typed:?} without {r:?}");
        }
        assert!(found.is_subset(&may), "people {typed:?}: {:?}", found.difference(&may));
    }
}

async fn opt_out(world: &World, typed: &str) {
    world.org.suppress(opted_out(typed), NOW).await.unwrap();
}

fn opted_out(typed: &str) -> NewSuppression {
    let phone = Phone::parse(typed, Country::INDIA).unwrap();
    let phone_key = PhoneKey::new(&[1; 32]).of(phone.as_str());
    NewSuppression { phone_key, phone, channel: None, category: None, reason: "asked".into() }
}

both! {
    async fn the_index_finds_whom_a_plain_walk_finds_while_people_come_and_go(world) {
        for seed in [3, 14] {
            let mut chance = Chance(seed);
            let workshops = [world.workshop("Excel").await, world.workshop("Python").await];
            let elsewhere = world.other.add_workshop(&crate::on_both::draft("Elsewhere", NOW), NOW).await.unwrap();
            let mut imports = vec![];
            for at in 0..6 {
                let rows: Vec<_> = (0..40).map(|_| chance.person(60)).collect();
                let import = ImportId::new(NOW);
                world.org.add_import(import, workshops[at % 2], "people.csv", "x", NOW).await.unwrap();
                world.org.add_registrants(workshops[at % 2], import, rows, NOW.plus(at as i64)).await.unwrap();
                imports.push(import);
                if chance.below(3) == 0 {
                    // A version without an index left the database like this.
                    world.run("DELETE FROM search_entries".into()).await;
                    world.run("UPDATE workshops SET indexed_to = NULL, index_behind = TRUE".into()).await;
                }
                // By now some people are indexed, and some are not.
                let (rows, steps) = (1 + chance.below(30), chance.below(4));
                index(&world, i64::try_from(rows).unwrap(), steps).await;
            }
            let strangers = (0..30).map(|_| chance.person(60)).collect();
            world.other.add_registrants(elsewhere, ImportId::new(NOW), strangers, NOW).await.unwrap();
            let broadcast = plan(&world, workshops[0]).await;
            for typed in ["98765 00003", "98765 00010", "98765 12345", "+44 7400 100004"].iter().filter(|_| seed == 3) {
                opt_out(&world, typed).await;
            }
            check_rows(&world, &workshops, Some(broadcast)).await;
            if seed == 3 {
                check_people_half_indexed(&world, &workshops).await;
            }

            index(&world, 50, usize::MAX).await;
            check_rows(&world, &workshops, Some(broadcast)).await;
            if seed == 3 {
                check_people(&world, &workshops).await;
            }

            for import in &imports[1..3] {
                world.org.import_committing(*import, NOW).await.unwrap_err();
                world.run(format!("UPDATE imports SET state = 'committed' WHERE id = {}", world.id(import.0))).await;
                world.org.undo_import(*import, NOW, |_| {}).await.unwrap();
            }
            let gone = Phone::parse("98765 00003", Country::INDIA).unwrap();
            world.org.forget_number(&gone, &PhoneKey::new(&[1; 32]), NOW).await.unwrap();
            let rows = (0..20).map(|_| chance.person(60)).collect();
            world.org.add_registrants(workshops[1], imports[5], rows, NOW.plus(9)).await.unwrap();
            check_rows(&world, &workshops, Some(broadcast)).await;
            index(&world, 1_000, usize::MAX).await;
            check_rows(&world, &workshops, Some(broadcast)).await;
            if seed == 3 {
                check_people(&world, &workshops).await;
            }
        }
    }

    async fn a_large_import_is_found_whole_before_it_is_indexed_and_while_it_is(world) {
        let id = world.workshop("Excel").await;
        let first = |n: usize| if n.is_multiple_of(1_000) { "Zébulon" } else { "Person" };
        let rows = (0..63_000).map(|n| person(&format!("{} {n}", first(n)), &format!("98{n:08}"), &format!("p{n}@mail.example")));
        let mut rows: Vec<_> = rows.collect();
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(20_000));
            world.org.add_registrants(id, ImportId::new(NOW), std::mem::replace(&mut rows, rest), NOW).await.unwrap();
        }
        assert_eq!(world.number("SELECT COUNT(*) FROM search_entries".into()).await, 0, "an import does not wait for its index");
        assert_eq!(world.org.behind_index(100_000).await.unwrap(), 63_000);
        for step in 0..4 {
            assert_eq!(found_people(&world.org, "zebu").await.len(), 63, "step {step}");
            assert_eq!(found_people(&world.org, "zebulon p7000").await, BTreeSet::from(["+919800007000".to_owned()]));
            assert_eq!(found_people(&world.org, "31234 per").await, BTreeSet::from(["+919800031234".to_owned()]));
            assert_eq!(found_registrants(&world.org, id, "p62999@mail.example").await.len(), 1);
            assert_eq!(found_people(&world.org, "zebulon nobody").await, BTreeSet::new());
            let page = RegistrantFilter { search: "per".into(), limit: 51, ..Default::default() };
            assert_eq!(world.org.registrants(id, &page).await.unwrap().len(), 51);
            index(&world, 25_000, 1).await;
        }
        assert_eq!(world.org.behind_index(100_000).await.unwrap(), 0);
    }

    async fn behind_a_large_import_a_search_reads_only_what_may_be_found(world) {
        let id = world.workshop("Excel").await;
        let rows = (0..5_500).map(|n| person(&format!("Person {n}"), &format!("98{n:08}"), ""));
        world.org.add_registrants(id, ImportId::new(NOW), rows.collect(), NOW).await.unwrap();
        let blocks = "SELECT COUNT(*) FROM search_blocks";
        assert_eq!(world.number(blocks.into()).await, 6);
        let told = all(&world.org, id).await;
        let whose = |n: usize| told.iter().find(|r| r.phone == format!("+9198{n:08}")).unwrap().id;
        assert_eq!(found_people(&world.org, "person 3210").await.len(), 1);
        // The person was corrected before they had an entry, and is found by what the registration says now.
        let now_says = Correction {
            name: PersonName::parse("Zebulon"),
            phone: Phone::parse("98765 43210", Country::INDIA).ok(),
            may_share: true,
            ..Correction::default()
        };
        world.org.correct_registrant(id, whose(3_210), &now_says, NOW).await.unwrap();
        for now in ["zebulon", "zebu", "9876543210", "43210"] {
            assert_eq!(found_people(&world.org, now).await, BTreeSet::from(["+919876543210".to_owned()]), "{now}");
        }
        assert_eq!(world.number(blocks.into()).await, 5, "its block says nothing true any more");
        // A block that denies everybody hides the people it stands for and nobody else: their rows are not read.
        world.run("UPDATE search_blocks SET bits = substr(bits, 1, 0), lowest = '', highest = ''".into()).await;
        assert_eq!(found_people(&world.org, "person 17").await, BTreeSet::new());
        assert_eq!(found_people(&world.org, "zebulon").await.len(), 1);
        index(&world, 3_000, 1).await;
        assert_eq!(world.number(blocks.into()).await, 2, "what has its entries needs none");
        index(&world, 3_000, 9).await;
        assert_eq!(world.number(blocks.into()).await, 0);
        assert_eq!(found_people(&world.org, "person 4400").await.len(), 1);
    }

    async fn whoever_is_erased_leaves_the_index_too(world) {
        let id = world.workshop("Excel").await;
        let rows = vec![person("Zebulon", "98765 00001", "zebulon@example.com"), person("Asha", "98765 00002", "")];
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        index(&world, 100, 9).await;
        let held = "SELECT COUNT(*) FROM search_entries WHERE words LIKE '%zebulon%' OR ending = '10000567891'";
        // The bytes are checked, and not only the answers.
        let bytes = "SELECT COUNT(*) FROM search_index_data WHERE instr(block, CAST('zebulon' AS BLOB)) > 0";
        assert_eq!(world.number(held.into()).await, 1);
        if !world.is_postgres() {
            assert!(world.number(bytes.into()).await > 0);
        }
        let gone = Phone::parse("98765 00001", Country::INDIA).unwrap();
        world.org.forget_number(&gone, &PhoneKey::new(&[1; 32]), NOW).await.unwrap();
        assert_eq!(world.number(held.into()).await, 0);
        if !world.is_postgres() {
            assert_eq!(world.number(bytes.into()).await, 0);
        }
        index(&world, 100, 9).await;
        assert_eq!(world.org.find_people("zebulon", None, 9).await.unwrap().found, []);
        assert_eq!(world.org.find_people("asha", None, 9).await.unwrap().found.len(), 1);
    }

    async fn whom_too_many_share_a_word_with_is_found_without_gathering_them(world) {
        let id = world.workshop("Excel").await;
        let rows = (0..10_400).map(|n| person(&format!("Common {n}"), &format!("98{n:08}"), "")).collect();
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        index(&world, 20_000, 9).await;
        assert_eq!(found_registrants(&world.org, id, "common 10399").await.len(), 1);
        let page = |search: &str| RegistrantFilter { search: search.into(), limit: 51, ..Default::default() };
        assert_eq!(world.org.registrants(id, &page("co")).await.unwrap().len(), 51);
        let last = RegistrantFilter { which: Which::NoPhone, ..page("co") };
        assert_eq!(world.org.registrants(id, &last).await.unwrap(), []);
        let people = world.org.find_people("98 common", None, 51).await.unwrap();
        assert_eq!((people.found.len(), people.found[0].name.as_str()), (51, "Common 10399"));
        let broadcast = world.broadcast(id, "completed", (all(&world.org, id).await[0].id, "+919800000007")).await;
        assert_eq!(found_messages(&world.org, broadcast, "asha").await, [] as [i64; 0]);
        assert_eq!(found_messages(&world.org, broadcast, "98").await, [1]);
        opt_out(&world, "98000 00007").await;
        let entries = SuppressionFilter { search: "common".into(), limit: 9, ..Default::default() };
        assert_eq!(world.org.suppressions(&entries).await.unwrap()[0].name, "Common 7");
    }

    async fn a_word_of_many_people_whom_few_of_the_opted_out_bear_is_looked_for_page_by_page(world) {
        let id = world.workshop("Excel").await;
        let name = |n: i64| if n < 5_200 { format!("Common {n}") } else { format!("Seldom {n}") };
        let rows = (0..5_900).map(|n| person(&name(n), &format!("98{n:08}"), "")).collect();
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        index(&world, 20_000, 9).await;
        // The three people with that name opted out first, so 700 others stand before them on the list.
        for (people, at) in [(5_197..5_200, 0), (5_200..5_900, 1)] {
            let out = people.map(|n| opted_out(&format!("98{n:08}"))).collect();
            world.org.suppress_all(out, None, NOW.plus(at)).await.unwrap();
        }
        let mut filter = SuppressionFilter { search: "common".into(), limit: 2, ..Default::default() };
        let mut pages = vec![];
        loop {
            let page = world.org.suppressions_page(&filter).await.unwrap();
            assert!(page.rows.iter().all(|entry| entry.name.starts_with("Common")));
            pages.push(page.rows.len());
            let Some(next) = page.next else { break };
            filter.after = Some(next);
        }
        // How many entries a page looks at depends on the time that they take. An empty page says where to go on as well.
        let found: Vec<usize> = pages.into_iter().filter(|n| *n > 0).collect();
        assert_eq!(found, [2, 1], "each page says where to go on");
        let all = SuppressionFilter { search: "common".into(), limit: 9, ..Default::default() };
        assert_eq!(world.org.suppressions(&all).await.unwrap().len(), 3, "an export reads on by itself");
    }

    async fn whom_many_share_a_word_with_and_nobody_at_the_beginning_of_the_plan_is_found_page_by_page(world) {
        let id = world.workshop("Excel").await;
        let name = |n: i64| if n < 2_400 { format!("Common {n}") } else { format!("Seldom {n}") };
        let rows = (0..4_800).map(|n| person(&name(n), &format!("98{n:08}"), "")).collect();
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        let broadcast = plan(&world, id).await;
        // Without an index the list is in the order of the plan, afterwards in the order of the index.
        let expected: Vec<i64> = (2_401..=4_800).collect();
        assert_eq!(found_messages(&world.org, broadcast, "seldom").await, expected);
        index(&world, 20_000, 9).await;
        let mut found = found_messages(&world.org, broadcast, "seldom").await;
        assert!(!found.is_sorted(), "needs the order of the index");
        found.sort_unstable();
        assert_eq!(found, expected, "each once");
        assert_eq!(found_messages(&world.org, broadcast, "common").await.len(), 2_400);
    }

    async fn whom_the_newest_broadcast_left_out_is_named_with_it_also_without_a_number(world) {
        let id = world.workshop("Excel").await;
        let rows = vec![person("Asha", "98765 00001", ""), person("Priya", "98765 00002", ""), person("Tara", "", "tara@example.com")];
        world.org.add_registrants(id, ImportId::new(NOW), rows, NOW).await.unwrap();
        let first = plan(&world, id).await;
        let tara = all(&world.org, id).await.into_iter().find(|one| one.name == "Tara").unwrap().id;
        let newest = async || {
            let phones = vec!["+919876500001".to_owned(), "+919876500002".to_owned(), "+919876500009".to_owned()];
            let found = world.org.newest_messages(phones, vec![tara, RegistrantId::new(NOW)]).await.unwrap();
            found.into_iter().map(|one| (one.phone, one.registrant, one.message.broadcast, one.state)).collect::<Vec<_>>()
        };
        assert_eq!(newest().await, [
            ("+919876500001".to_owned(), None, first, MessageState::Sent),
            ("+919876500002".to_owned(), None, first, MessageState::Sent),
            (String::new(), Some(tara), first, MessageState::Skipped),
        ]);
        // The next broadcast leaves Priya out. That is her newest message, and not the older one.
        let mut second = plan(&world, id).await;
        while second.0 < first.0 {
            // Ids of one millisecond have no order.
            second = plan(&world, id).await;
        }
        world.run(format!(
            "UPDATE messages SET planned = FALSE, state = 'skipped' WHERE broadcast_id = {} AND recipient = '+919876500002'",
            world.id(second.0)
        )).await;
        let mut now = newest().await;
        now.sort_by(|a, b| b.0.cmp(&a.0));
        assert_eq!(now, [
            ("+919876500002".to_owned(), None, second, MessageState::Skipped),
            ("+919876500001".to_owned(), None, second, MessageState::Sent),
            (String::new(), Some(tara), second, MessageState::Skipped),
        ]);
        assert!(world.other.newest_messages(vec!["+919876500001".into()], vec![tara]).await.unwrap().is_empty());
    }

    async fn no_search_walks_over_a_table(world) {
        let id = world.workshop("Excel").await;
        let rows = (0..300).map(|n| person(&format!("Asha {n}"), &format!("98765{n:05}"), &format!("a{n}@example.com")));
        world.org.add_registrants(id, ImportId::new(NOW), rows.collect(), NOW).await.unwrap();
        index(&world, 100, 2).await;
        let broadcast = plan(&world, id).await;
        opt_out(&world, "98765 00007").await;
        let statements = statements_of(async {
            for search in ["as", "asha 98765", "98", "00007", "nobody", "asha 98765 00007"] {
                world.org.find_people(search, None, 9).await.unwrap();
                world.org.find_people(search, Some("n5"), 9).await.unwrap();
                let search = search.to_owned();
                let filter = RegistrantFilter { search: search.clone(), limit: 9, ..Default::default() };
                world.org.registrants(id, &filter).await.unwrap();
                let filter = MessageFilter { search: search.clone(), ..Default::default() };
                world.org.messages(broadcast, &filter, 0, 9).await.unwrap();
                let filter = SuppressionFilter { search, limit: 9, ..Default::default() };
                world.org.suppressions(&filter).await.unwrap();
                world.org.lifted_page(&filter).await.unwrap();
            }
            // This is what the page of people shows beside each of them.
            let numberless = vec![RegistrantId::new(NOW)];
            world.org.newest_messages(vec!["+919876500007".into(), "+919876500008".into()], numberless).await.unwrap();
        }).await;
        assert!(statements.len() > 10, "{statements:?}");
        for statement in statements.iter().filter(|text| text.contains("FROM")) {
            let plan = world.plan(statement).await;
            if statement.contains("AND NOT m.planned") {
                let looks_up = plan.iter().any(|line| line.contains("messages_left_out"));
                assert!(looks_up, "each by itself in\n{statement}\n{}", plan.join("\n"));
            }
            if statement.contains("m.recipient = b.phone AND m.planned") {
                let looks_up = plan.iter().any(|line| line.contains("messages_recipient"));
                assert!(looks_up, "each number by itself in\n{statement}\n{}", plan.join("\n"));
            }
            let mut lines = plan.iter().map(|line| line.trim_start_matches(['-', '>', ' '])).peekable();
            while let Some(line) = lines.next() {
                // SQLite reads a batch and the index of words; PostgreSQL names the condition of a scan by an index.
                let reads = line.starts_with("SCAN")
                    && !["jsonb_each", "search_index", "CONSTANT"].iter().any(|may| line.contains(may));
                let scans = line.starts_with("Seq Scan")
                    || (line.starts_with("Index") && line.contains("Scan") && !lines.peek().is_some_and(|next| next.starts_with("Index Cond")));
                // This reads the imports that are being undone, of which there is hardly ever one.
                let undoing = line.contains(" on undoing");
                // The newest broadcasts were gathered before, by their index and up to a limit.
                let gathered = line == "SCAN o" && statement.contains("ORDER BY id DESC LIMIT $2) o");
                assert!(undoing || gathered || (!reads && !scans), "{line}\nin {statement}\n{}", plan.join("\n"));
            }
        }
    }
}
