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

#[test]
fn a_yes_under_a_shops_question_about_e_mails_is_no_address() {
    let text = "First Name,Phone,Accepts Email Marketing,Accepts SMS Marketing\nAsha,9000000001,yes,no\nRavi,9000000002,no,yes\n";
    let sheet = open(text);
    let mapping = Mapping::guess(&sheet);
    assert_eq!(mapping.get(Field::Email), None);
    assert_eq!(mapping.get(Field::Consent), Some(3), "an agreement to SMS is one of ours");
    for title in ["Email marketing consent", "Subscribe to our email newsletter?", "Accepts emails"] {
        let sheet = open(format!(
            "Name,Phone,{title}\nAsha,9000000001,Yes\nRavi,9000000002,No\nMeena,9000000003,Yes\n"
        ));
        assert_eq!(Mapping::guess(&sheet).get(Field::Email), None, "{title}");
    }
    let sheet = open("Name,Phone,Email\nAsha,9000000001,asha@example.com\n");
    assert_eq!(Mapping::guess(&sheet).get(Field::Email), Some(2));
}

#[test]
fn a_time_of_registration_is_known_by_its_title_and_read_in_the_zone_that_the_title_names() {
    // 13:35:33 in India, however the file writes it.
    let cases = [
        ("Registered (Asia/Dubai)", "2026-11-29 12:05:33"),
        ("Order Date (PST)", "2026-11-29 00:05:33"),
        ("Reg Date", "2026-11-29 13:35:33"),
        ("Regd. on", "29/11/2026 13:35:33"),
        ("Timestamp (America/New_York)", "2026-11-29 03:05:33"),
        ("तिथि", "29 नवंबर 2026 13:35:33"),
    ];
    for (title, cell) in cases {
        let (rows, _) = read(&mut open(format!("Name,Phone,{title}\nAsha,9000000001,{cell}\n")));
        let at = rows[0].person.registered_at.map(|at| domain::time::Zone::india().rfc3339(at));
        assert!(at.as_ref().is_some_and(|at| at.starts_with("2026-11-29T13:35:33")), "{title}: {at:?}");
    }
    for title in ["Registered", "Waitlist", "Enlist"] {
        let sheet = open(format!("Name,Phone,{title}\nAsha,9000000001,Yes\nRavi,9000000002,No\n"));
        assert_eq!(Mapping::guess(&sheet).get(Field::RegisteredAt), None, "{title}");
    }
}

#[test]
fn a_footer_with_somebodys_number_is_no_person() {
    let text = "Name,Phone,Email\nAsha Rao,9000000001,a@example.com\nRavi Kumar,9000000002,r@example.com\nPrepared by: Gita Ops,9000000003,\nContact us: Ramesh,9000000004,\nNote Singh,9000000005,\n";
    let (rows, _) = read(&mut open(text));
    let taken: Vec<&str> = rows
        .iter()
        .filter(|row| matches!(row.verdict(), Verdict::Good | Verdict::Warned))
        .filter_map(|row| row.person.name.as_ref().map(|name| name.as_str()))
        .collect();
    assert_eq!(taken, ["Asha Rao", "Ravi Kumar", "Note Singh"], "a name that begins like a note is a name");
}
