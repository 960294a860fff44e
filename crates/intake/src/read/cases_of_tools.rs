//! Exports of shops, CRMs and forms, each with the column that misled.

use super::{
    Field, Mapping, Verdict,
    cases::{check, open, read},
};

#[test]
fn a_shop_s_item_is_no_name_and_an_empty_phone_leaves_the_billing_phone() {
    check(
        "Name,Email,Financial Status,Lineitem name,Billing Name,Billing Phone,Phone,Cancelled at\n\
         #1001,a@example.com,paid,Masterclass,Asha Rao,+919000000001,,\n\
         #1002,r@example.com,refunded,Masterclass,Ravi K,+919000000002,,\n\
         #1003,g@example.com,paid,Masterclass,Gita P,+919000000003,,2026-11-29 12:00\n",
        &["Asha Rao +919000000001", "Ravi K +919000000002", "Gita P +919000000003"],
    );
    let (rows, _) = read(&mut open(
        "Name,Financial Status,Billing Name,Billing Phone,Phone,Cancelled at\n#1,paid,Gita P,+919000000003,,2026-11-29 12:00\n",
    ));
    assert_eq!(
        rows[0].person.status.status(),
        Some(domain::workshop::RegistrantStatus::Cancelled),
        "paid and cancelled later"
    );
    // Where the people's own column is filled, it is theirs, and the buyer's only fills the gaps of nobody.
    check(
        "Name,Billing Phone,Phone\nAsha,9000000009,9000000001\nRavi,9000000009,\n",
        &["Asha +919000000001", "Ravi -"],
    );
}

#[test]
fn the_number_of_who_is_responsible_is_nobody_s_who_registered() {
    let text = "Stage;Contact: First name;Contact: Work Phone;Contact: Mobile;Responsible: Phone\n\
                Deal lost;Ravi;;9000000002;9000000077\n\
                Junk Lead;Meena;9000000003;;9000000077\n\
                Deal won;Asha;;;9000000077\n";
    let (rows, _) = read(&mut open(text));
    let verdicts: Vec<Verdict> = rows.iter().map(super::Row::verdict).collect();
    assert_eq!(verdicts, [Verdict::LeftOut, Verdict::LeftOut, Verdict::Unknown]);
    for row in &rows {
        assert_ne!(row.cell(Field::Phone), "9000000077");
        assert!(row.person.other_phones.is_empty(), "{row:?}");
    }
}

#[test]
fn stages_are_statuses_where_a_word_takes_the_place_away() {
    let column = |title: &str, words: [&str; 2]| {
        let sheet =
            open(format!("Name,Phone,{title}\nAsha,9000000001,{}\nRavi,9000000002,{}\n", words[0], words[1]));
        Mapping::guess(&sheet).get(Field::Status)
    };
    assert_eq!(column("Response Type", ["partial", "completed"]), Some(2));
    for title in ["Stage", "Deal stage", "Lead Status", "Contact status"] {
        assert_eq!(column(title, ["Contacted", "Not Qualified"]), Some(2), "{title}");
        assert_eq!(column(title, ["Contacted", "New"]), None, "{title}: where a lead stands");
    }
}

#[test]
fn who_says_that_they_will_not_come_has_no_place() {
    for title in [
        "Will you attend on 30 Nov?",
        "Can you make it to the session?",
        "Are you coming on Sunday",
        "क्या आप आएंगे?",
    ] {
        let text = format!(
            "Name,Mobile,{title}\nAsha,9000000001,Yes\nRavi,9000000002,\"No, can't make it\"\nMeena,9000000003,Maybe\n"
        );
        check(&text, &["Asha +919000000001", "LeftOut: Ravi +919000000002", "Unknown: Meena +919000000003"]);
    }
    // What was before says nothing about this time.
    check(
        "Name,Mobile,Did you attend last time?\nAsha,9000000001,No\nRavi,9000000002,Yes\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
}

#[test]
fn registered_on_the_dnd_list_is_a_refusal_and_no_registration() {
    let text = "Name,Phone,DND Status\nAsha,9000000001,Not registered\nRavi,9000000002,Registered\nMeena,9000000003,\n";
    let (rows, _) = read(&mut open(text));
    assert!(rows.iter().all(|row| row.verdict() == Verdict::Good), "{rows:?}");
    let refused: Vec<bool> = rows.iter().map(|row| row.person.opted_out).collect();
    assert_eq!(refused, [false, true, false]);
}

#[test]
fn questions_look_ups_and_links_around_a_name_or_number_are_seen_through() {
    check(
        "\"First up, what's your full name?\",*And the phone number you use on WhatsApp?*\nAsha Rao,'+919000000001\n",
        &["Asha Rao +919000000001"],
    );
    check(
        "Name,Phone (from Contacts)\nAsha Rao (https://notes.example/Asha-Rao-000?pvs=21),9000000001\nRavi (Pune),9000000002\n",
        &["Asha Rao +919000000001", "Ravi (Pune) +919000000002"],
    );
    check(
        "wa_id,pushname\n919000000001@c.us,~Asha\n120363000000000001@g.us,Group\n",
        &["Asha +919000000001", "Bad: Group ?"],
    );
    // A number that something came from is still somebody else's.
    let sheet = open("Name,From number\nAsha,9000000001\nRavi,9000000002\n");
    assert_eq!(Mapping::guess(&sheet).get(Field::Phone), None);
}
