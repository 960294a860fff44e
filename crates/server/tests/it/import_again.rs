//! A newer export of the same list: changes are shown by kind, taken over by choice, and can be undone.

use axum::http::StatusCode;
use domain::{
    ids::{ImportId, WorkshopId},
    workshop::RegistrantStatus,
};
use store::{
    Actor, Org, on_both,
    registrants::{Registrant, RegistrantFilter},
};

use crate::world::{Answer, Browser, People, World};

/// A member at the import page of a workshop without registrants.
struct Clerk<'w> {
    browser: Browser<'w>,
    org: Org,
    workshop: WorkshopId,
}

impl<'w> Clerk<'w> {
    async fn at(world: &'w World, people: &People) -> Clerk<'w> {
        let org = world.app.store.org(Actor::command_line(people.first));
        let now = world.clock_now();
        let draft = store::workshops::WorkshopDraft {
            title: "Excel for Clerks".into(),
            starts_at: now.plus(domain::time::DAY),
            ends_at: now.plus(domain::time::DAY + domain::time::HOUR),
            join_link: String::new(),
            tag: None,
        };
        let workshop = org.add_workshop(&draft, now).await.unwrap();
        Clerk { browser: world.signed_in(&people.manager).await, org, workshop }
    }

    /// Uploads a list and takes the guessed columns; returns the import and its page of rows.
    async fn look(&mut self, list: &str) -> (ImportId, Answer) {
        let fields = [("workshop", self.workshop.to_string())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.browser.upload("/imports", &fields, "list.csv", list.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let id: ImportId = answer.location().split('/').nth(2).unwrap().parse().unwrap();
        let titles: Vec<&str> = list.lines().next().unwrap().split(',').collect();
        let columns: Vec<(&str, String)> = titles
            .iter()
            .enumerate()
            .filter_map(|(at, title)| {
                let field = match *title {
                    "Name" => "name",
                    "Phone" => "phone",
                    "Email" => "email",
                    "Status" => "status",
                    "Ticket id" => "reference",
                    _ => return None,
                };
                Some((field, at.to_string()))
            })
            .collect();
        let columns: Vec<(&str, &str)> = columns.iter().map(|(field, at)| (*field, at.as_str())).collect();
        let answer = self.browser.post(&format!("/imports/{id}/columns"), &columns).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        (id, self.settled(id).await)
    }

    async fn settled(&mut self, id: ImportId) -> Answer {
        loop {
            let page = self.browser.get(&format!("/imports/{id}")).await;
            if !page.headers.contains_key("refresh") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Presses the button of the import with these boxes ticked; returns the page that says what was done.
    async fn import(&mut self, id: ImportId, ticked: Option<&[&str]>) -> Answer {
        let mut form = vec![];
        if let Some(ticked) = ticked {
            form.push(("differences", "1"));
            form.extend(ticked.iter().map(|kind| ("take", *kind)));
        }
        self.browser.post(&format!("/imports/{id}/commit"), &form).await;
        self.settled(id).await
    }

    async fn take(&mut self, list: &str) -> ImportId {
        let (id, _) = self.look(list).await;
        self.import(id, None).await;
        id
    }

    /// "Asha +91… registered", in the order of entry.
    async fn people(&self) -> Vec<String> {
        let filter = RegistrantFilter { limit: 100, ..RegistrantFilter::default() };
        let people = self.org.registrants(self.workshop, &filter).await.unwrap();
        let says = |one: &Registrant| format!("{} {} {}", one.name, one.phone, one.status);
        people.iter().rev().map(says).collect()
    }
}

const FIRST: &str = "Name,Phone,Email,Status\n\
    Asha Rao,9000000101,asha@list.example,registered\n\
    Ravi Kumar,9000000102,ravi@list.example,registered\n\
    Meena S,9000000103,meena@list.example,registered\n\
    Farhan Ali,9000000104,farhan@list.example,registered\n\
    Lata Bose,9000000105,lata@list.example,registered\n\
    Omar Khan,9000000106,omar@list.example,cancelled\n";

/// Ravi cancelled, Meena's payment failed, Farhan has another number, Lata is gone, Omar is back, Tara is new.
const SECOND: &str = "Name,Phone,Email,Status\n\
    Asha Rao,9000000101,asha@list.example,registered\n\
    Ravi Kumar,9000000102,ravi@list.example,cancelled\n\
    Meena S,9000000103,meena@list.example,failed\n\
    Farhan Ali,9000000204,farhan@list.example,registered\n\
    Omar Khan,9000000106,omar@list.example,registered\n\
    Tara Sen,9000000107,tara@list.example,registered\n";

fn boxes(page: &Answer) -> Vec<(&str, bool)> {
    let inputs = page.body.split("<input").filter(|input| input.contains(r#"name="take""#));
    inputs
        .map(|input| {
            let input = input.split('>').next().unwrap();
            let value = input.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
            (value, input.contains("checked"))
        })
        .collect()
}

on_both! {
    async fn each_kind_of_change_is_shown_with_its_people_and_taken_over_as_it_is_ticked(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        clerk.take(FIRST).await;
        let before = clerk.people().await;
        let (id, page) = clerk.look(SECOND).await;
        for says in [
            "1 person is registered here and cancelled or refunded in the file",
            "1 person is registered here, and has a status in the file that gives no place",
            "1 person has another number, name or e-mail in the file",
            "1 person is cancelled or refunded here and registered in the file",
            "1 person is registered here and not in the file",
            "1 registration is as before",
            "+91 90000 00204",
            "<strong>1</strong> of 6 rows are ready",
        ] {
            assert!(page.body.contains(says), "{says}: {}", page.body);
        }
        // A kind that adds people to a send, or that rests on a missing row, is not ticked by itself.
        let expected = [("ended", true), ("no_place", true), ("changed", true), ("returned", false), ("gone", false)];
        assert_eq!(boxes(&page), expected, "{}", page.body);
        let csv = clerk.browser.get(&format!("/imports/{id}/differences.csv")).await;
        assert_eq!(csv.body.lines().count(), 6, "{}", csv.body);

        let done = clerk.import(id, Some(&["ended", "no_place", "changed", "returned", "gone"])).await;
        for says in ["1 registration ended: cancelled", "1 registration corrected", "1 person registered again"] {
            assert!(done.body.contains(says), "{says}: {}", done.body);
        }
        assert_eq!(clerk.people().await, [
            "Asha Rao +919000000101 registered",
            "Ravi Kumar +919000000102 cancelled",
            "Meena S +919000000103 cancelled",
            "Farhan Ali +919000000204 registered",
            "Lata Bose +919000000105 cancelled",
            "Omar Khan +919000000106 registered",
            "Tara Sen +919000000107 registered",
        ]);
        clerk.browser.post(&format!("/imports/{id}/undo"), &[]).await;
        clerk.settled(id).await;
        assert_eq!(clerk.people().await, before, "an undo gives everything back");
    }

    async fn what_a_person_corrected_is_not_put_back_by_the_same_list(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        // One of them has no e-mail address, so only the number tells who it is.
        let list = "Name,Phone,Email\nAsha Rao,9000000101,asha@list.example\nRavi Kumar,9000000102,\n";
        clerk.take(list).await;
        let filter = RegistrantFilter { limit: 100, ..RegistrantFilter::default() };
        for one in clerk.org.registrants(clerk.workshop, &filter).await.unwrap() {
            let correct = format!("/workshops/{}/registrants/{}/correct", clerk.workshop, one.id);
            let phone = one.phone.replace("+9190000001", "+9190000009");
            let form = [("name", one.name.as_str()), ("email", one.email.as_str()), ("phone", phone.as_str())];
            let saved = clerk.browser.post(&correct, &form).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        }
        let corrected = ["Asha Rao +919000000901 registered", "Ravi Kumar +919000000902 registered"];
        assert_eq!(clerk.people().await, corrected);
        let (id, page) = clerk.look(list).await;
        assert_eq!(boxes(&page), [], "the list says nothing new: {}", page.body);
        clerk.import(id, None).await;
        assert_eq!(clerk.people().await, corrected, "nobody is put back, and nobody is registered twice");
        // New people in a newer list are shown all the same.
        let (_, page) = clerk.look("Name,Phone,Email\nAsha Rao,9000000777,asha@list.example\nRavi Kumar,9000000102,\n").await;
        assert_eq!(boxes(&page), [("changed", true)], "{}", page.body);
    }

    async fn what_is_not_ticked_stays_as_it_is_and_nobody_is_registered_twice(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        clerk.take(FIRST).await;
        let mut expected = clerk.people().await;
        let (id, _) = clerk.look(SECOND).await;
        let done = clerk.import(id, Some(&[])).await;
        assert!(done.body.contains("1 person has another number, name or e-mail in the file: what stands here stays."), "{}", done.body);
        expected.push("Tara Sen +919000000107 registered".to_owned());
        assert_eq!(clerk.people().await, expected);
    }

    async fn an_id_knows_a_registration_again_and_an_address_only_where_name_or_number_is_alike(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        clerk.take("Name,Phone,Email,Ticket id\n\
            Asha Rao,9000000101,family@list.example,T-1\n\
            Ravi Kumar,9000000102,ravi@list.example,T-2\n\
            Meena S,9000000103,meena@list.example,\n").await;
        // Asha's ticket is Priya's now. A brother has Meena's address and nothing else of hers. Two rows could be
        // Ravi.
        let (id, page) = clerk.look("Name,Phone,Email,Ticket id\n\
            Priya Nair,9000000201,priya@list.example,T-1\n\
            Kiran Das,9000000203,meena@list.example,\n\
            Ravi Kumar,9000000302,ravi@list.example,\n\
            Ravi Verma,9000000303,ravi@list.example,\n").await;
        assert!(page.body.contains("1 person has another number, name or e-mail in the file"), "{}", page.body);
        clerk.import(id, Some(&["ended", "no_place", "changed"])).await;
        assert_eq!(clerk.people().await, [
            "Priya Nair +919000000201 registered",
            "Ravi Kumar +919000000102 registered",
            "Meena S +919000000103 registered",
            "Kiran Das +919000000203 registered",
            "Ravi Kumar +919000000302 registered",
            "Ravi Verma +919000000303 registered",
        ]);
    }

    async fn another_list_says_nothing_about_those_who_are_not_in_it(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        clerk.take(FIRST).await;
        let (_, page) = clerk.look("Name,Phone\nKiran Das,9000000901\n").await;
        assert!(boxes(&page).is_empty(), "{}", page.body);
        // A list without statuses ends no registration, and brings nobody back unless a person says so.
        let (id, page) = clerk.look("Name,Phone,Email\nOmar Khan,9000000106,omar@list.example\n").await;
        assert_eq!(boxes(&page), [("returned", false), ("gone", false)]);
        clerk.import(id, Some(&[])).await;
        let standing = clerk.org.registrant_counts(clerk.workshop).await.unwrap();
        assert_eq!((standing.registered, standing.cancelled), (5, 1));
        let omar = clerk.people().await.into_iter().find(|one| one.starts_with("Omar")).unwrap();
        assert!(omar.ends_with(RegistrantStatus::Cancelled.word()), "{omar}");
    }

    async fn a_refund_of_a_payment_ends_it_in_a_first_list_and_in_a_newer_one(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        clerk.take("Name,Phone,Ticket id,Status\n\
            Ravi Kumar,9000000102,pay_1,captured\n\
            Ravi Kumar,9000000102,pay_1,refunded\n\
            Meena S,9000000103,pay_2,captured\n").await;
        let stands = |people: &[String], name: &str| people.iter().find(|one| one.starts_with(name)).cloned();
        let here = clerk.people().await;
        assert_eq!(stands(&here, "Ravi").as_deref(), Some("Ravi Kumar +919000000102 refunded"));
        assert_eq!(stands(&here, "Meena").as_deref(), Some("Meena S +919000000103 registered"));
        let (id, page) = clerk.look("Name,Phone,Ticket id,Status\n\
            Tara Sen,9000000104,pay_3,refunded\n\
            Tara Sen,9000000104,pay_4,captured\n").await;
        assert!(page.body.contains("value=\"(paid and refunded)\""), "{}", page.body);
        clerk.import(id, None).await;
        assert_eq!(stands(&clerk.people().await, "Tara"), None, "two payments and no times: nobody can tell, so nobody is registered");
        let (id, page) = clerk.look("Name,Phone,Ticket id,Status\n\
            Meena S,9000000103,pay_2,captured\n\
            Meena S,9000000103,pay_2,refunded\n").await;
        assert!(boxes(&page).contains(&("ended", true)), "{}", page.body);
        clerk.import(id, Some(&["ended"])).await;
        assert_eq!(stands(&clerk.people().await, "Meena").as_deref(), Some("Meena S +919000000103 refunded"));
    }

    async fn another_payment_that_failed_ends_a_registration_only_where_somebody_says_so(db: TestStore) {
        let world = World::new(db).await;
        let people = world.people().await;
        let mut clerk = Clerk::at(&world, &people).await;
        clerk.take("Name,Phone,Ticket id,Status\nRavi Kumar,9000000102,pay_1,captured\n").await;
        for status in ["failed", "refunded"] {
            let list = format!("Name,Phone,Ticket id,Status\nRavi Kumar,9000000102,pay_2,{status}\n");
            let (id, page) = clerk.look(&list).await;
            assert_eq!(boxes(&page), [("other_payment", false)], "{status}: {}", page.body);
            clerk.import(id, None).await;
            assert_eq!(clerk.people().await, ["Ravi Kumar +919000000102 registered"], "{status}");
        }
        let (id, _) = clerk.look("Name,Phone,Ticket id,Status\nRavi Kumar,9000000102,pay_2,refunded\n").await;
        clerk.import(id, Some(&["other_payment"])).await;
        assert_eq!(clerk.people().await, ["Ravi Kumar +919000000102 refunded"]);
    }
}
