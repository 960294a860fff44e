//! What stands beside names, under odd titles and around the word of a status.

use super::cases::{check, open, read};
use super::{Field, Mapping, StatusMeaning, Verdict};

/// What a status means for the only row below it.
fn meaning(word: &str) -> Option<Verdict> {
    let (rows, _) = read(&mut open(format!("Name,Phone,Status\nAsha,9000000001,\"{word}\"\n")));
    rows.first().map(super::Row::verdict)
}

#[test]
fn a_status_says_the_same_whoever_set_it_and_however_it_was_paid() {
    for word in
        ["Paid via UPI", "UPI - Success", "paid by credit card", "Paid online", "Cash paid", "GPay success"]
    {
        assert_eq!(meaning(word), Some(Verdict::Good), "{word}");
    }
    for word in ["EMI failed", "Declined by bank", "UPI pending", "Failed (net banking)", "card expired"] {
        assert_eq!(meaning(word), Some(Verdict::LeftOut), "{word}");
    }
    // What nobody knows stays a question: a word of paying gives no place by itself.
    for word in
        ["UPI", "via UPI", "online", "paid by friend", "by customer", "Paid - cheque bounced", "In review"]
    {
        assert_eq!(meaning(word), Some(Verdict::Unknown), "{word}");
    }
    let (rows, _) = read(&mut open(
        "Name,Phone,Status\nA,9000000001,Cancelled by customer\nB,9000000002,Refunded to source\n",
    ));
    let words: Vec<_> =
        rows.iter().map(|row| row.person.status.status().map(|status| status.word())).collect();
    assert_eq!(words, [Some("cancelled"), Some("refunded")]);
}

#[test]
fn a_status_beside_a_name_counts_and_one_that_gives_a_place_does_not() {
    for (name, expected) in [
        ("Ravi Kumar (cancelled)", Some("cancelled")),
        ("Ravi Kumar [REFUNDED]", Some("refunded")),
        ("Ravi Kumar - Cancelled", Some("cancelled")),
        ("CANCELLED: Ravi Kumar", Some("cancelled")),
        ("Ravi Kumar cancelled", Some("cancelled")),
        ("Ravi (रद्द)", Some("cancelled")),
    ] {
        let (rows, told) = read(&mut open(format!("Name,Phone\n{name},9000000001\nAsha Rao,9000000002\n")));
        assert_eq!(rows[0].person.status.status().map(|status| status.word()), expected, "{name}");
        assert_eq!((told.statuses.len(), rows[1].verdict()), (1, Verdict::Good), "{name}");
    }
    let (rows, _) = read(&mut open("Name,Phone\nRavi (waitlisted),9000000001\nAsha / failed,9000000002\n"));
    assert!(rows.iter().all(|row| row.verdict() == Verdict::LeftOut), "{rows:?}");
    // A name, a nickname, a place and a payment are no status, and a payment beside a name gives nobody a place.
    for name in [
        "Meena (Paid)",
        "Tara (VIP)",
        "Asha (Pune)",
        "Ravi 'Open' Rao",
        "Anne-Marie",
        "Asha (https://x.example/open)",
        "Hope Pending",
    ] {
        let (rows, told) = read(&mut open(format!("Name,Phone\n{name},9000000001\n")));
        assert!(
            told.statuses.is_empty() && rows[0].verdict() == Verdict::Good,
            "{name}: {:?}",
            told.statuses
        );
    }
    // Whoever says what the word means is believed.
    let mut sheet = open("Name,Phone\nRavi (cancelled),9000000001\n");
    let mut mapping = Mapping::guess(&sheet);
    mapping.statuses.insert("cancelled".into(), StatusMeaning::Registered);
    let rows: Vec<_> =
        sheet.rows(&mapping, domain::phone::Country::INDIA).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].verdict(), Verdict::Good);
}

#[test]
fn a_cancelled_registration_is_cancelled_whatever_noun_stands_before_the_word() {
    for title in [
        "Registration cancelled?",
        "Ticket cancelled",
        "Is the booking cancelled",
        "Order Cancelled (Y/N)",
        "Your seat was cancelled",
    ] {
        let (rows, told) = read(&mut open(format!(
            "Name,Phone,{title}\nA,9000000001,\nB,9000000002,Yes\nC,9000000003,No\n"
        )));
        let words: Vec<_> =
            rows.iter().map(|row| row.person.status.status().map(|status| status.word())).collect();
        assert_eq!(words, [None, Some("cancelled"), None], "{title}: {:?}", told.statuses);
        assert!(rows.iter().all(|row| row.verdict() == Verdict::Good), "{title}");
    }
}

#[test]
fn rules_of_the_house_are_no_status() {
    for title in [
        "I agree to the refund policy",
        "I understand that the fee is non refundable",
        "I accept the terms of payment",
        "Cancellation rules read",
    ] {
        check(
            &format!("Name,Phone,{title}\nAsha,9000000001,Yes\nRavi,9000000002,Yes\n"),
            &["Asha +919000000001", "Ravi +919000000002"],
        );
    }
}

#[test]
fn a_contact_is_a_number_or_a_person_and_the_primary_one_comes_first() {
    check(
        "Name,Alternate contact,Primary contact\nAsha,9000000091,9000000001\nRavi,9000000092,9000000002\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
    check(
        "Name,Secondary contact,Contact 1\nAsha,9000000091,9000000001\nRavi,9000000092,\n",
        &["Asha +919000000001", "Ravi +919000000092"],
    );
    for title in ["Contact", "Primary Contact", "Contact person", "Main contact"] {
        check(
            &format!("Company,{title},Mobile\nSen Ltd,Asha Rao,9000000001\nBose Ltd,Ravi Kumar,9000000002\n"),
            &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
        );
    }
}

#[test]
fn a_name_is_no_contact_and_an_empty_contact_is_no_name() {
    check(
        "Contact,Mobile,नाम\n,9000000001,Asha Rao\n,9000000002,Ravi Kumar\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
    check(
        "Contact,Mobile,Name\nThe Office,9000000001,Asha Rao\nThe Desk,9000000002,Ravi Kumar\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
}

#[test]
fn the_number_of_who_ordered_is_nobodys_where_the_file_names_who_comes() {
    check(
        "Order Name,Order Phone Number,Attendee Name\nDesk,9000000091,Asha Rao\nOffice,9000000092,Ravi Kumar\n",
        &["Asha Rao -", "Ravi Kumar -"],
    );
}

#[test]
fn the_other_numbers_of_a_person_are_kept_each_once() {
    let (rows, _) = read(&mut open(
        "Name,WhatsApp,Mobile,Phone\nAsha,9000000001,9000000002,9000000001\nRavi,,9000000003,022 2456 7890\n",
    ));
    let others = |at: usize| -> Vec<&str> {
        rows[at].person.other_phones.iter().map(domain::phone::Phone::as_str).collect()
    };
    assert_eq!(others(0), ["+919000000002"]);
    assert_eq!(others(1), ["+912224567890"]);
}

#[test]
fn a_first_name_greets_before_a_name_on_a_screen() {
    for title in ["Username", "User Name", "Display name", "WhatsApp name"] {
        check(
            &format!("{title},First Name,Last Name,Phone\nasha_r92,Asha,Rao,9000000001\nrk,,,9000000002\n"),
            &["Asha Rao +919000000001", "rk +919000000002"],
        );
    }
    check("Name,First Name,Phone\nAsha Rao,Asha,9000000001\n", &["Asha Rao +919000000001"]);
}

#[test]
fn whoever_says_that_a_number_is_not_theirs_is_not_told_there() {
    for title in ["Is this number yours?", "Is this your own WhatsApp number?", "Is the number your own?"] {
        check(
            &format!(
                "Name,Mobile,{title}\nAsha,9000000001,Yes\nRavi,9000000002,No\nMeena,9000000003,My mother's\n"
            ),
            &["Asha +919000000001", "Bad: Ravi ?", "Bad: Meena ?"],
        );
    }
    // The title of the number itself asks nothing.
    check("Name,Your own WhatsApp number\nAsha,9000000001\n", &["Asha +919000000001"]);
}

#[test]
fn offers_that_somebody_would_rather_not_get_are_refused() {
    for title in [
        "I would rather not get offers",
        "I prefer not to receive promotional messages",
        "I wish not to receive updates on WhatsApp",
    ] {
        let mut sheet = open(format!("Name,Phone,{title}\nAsha,9000000001,Yes\nRavi,9000000002,No\n"));
        let mapping = Mapping::guess(&sheet);
        assert_eq!((mapping.get(Field::OptOut), mapping.get(Field::Consent)), (Some(2), None), "{title}");
        let (rows, _) = read(&mut sheet);
        assert_eq!(rows.iter().map(|row| row.person.opted_out).collect::<Vec<_>>(), [true, false], "{title}");
    }
}

#[test]
fn a_line_of_signs_is_nobody() {
    check("| Name | Phone |\n|------|:-----:|\n| Asha | 9000000001 |\n", &["Asha +919000000001"]);
    check(
        "Name,Phone\n=====,=====\nAsha,9000000001\nRavi,9000000002\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
}
