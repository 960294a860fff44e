//! Who has a place: signs, amounts, captions and answers that take it away or leave it open.

use super::{
    Field, Mapping, Verdict,
    cases::{check, open, read},
};

/// Under a column, what the first row becomes beside a second row that is plainly paid.
#[track_caller]
fn verdict(title: &str, cell: &str) -> Verdict {
    let text = format!(
        "Name,Phone,{title}\nAsha,9000000001,\"{cell}\"\nRavi,9000000002,Paid\nMeena,9000000003,Failed\n"
    );
    read(&mut open(text)).0[0].verdict()
}

/// Whether a row would get messages.
fn is_registered(row: &super::Row) -> bool {
    let status = row.person.status.status();
    matches!(row.verdict(), Verdict::Good | Verdict::Warned)
        && status.is_none_or(|status| status == domain::workshop::RegistrantStatus::Registered)
}

#[test]
fn a_sign_that_says_something_is_part_of_the_word() {
    for cell in [
        "Paid ❌",
        "❌ Paid",
        "Paid ⏳",
        "Paid?",
        "!Paid",
        "Confirmed?",
        "Registered (?)",
        "~~Paid~~",
        "Paid ✗",
        "Paid 👎",
        "Paid 🚫",
        "Success -1",
    ] {
        assert_eq!(verdict("Status", cell), Verdict::Unknown, "{cell}");
    }
    for cell in ["Paid ✅", "(Paid)", "✔️ Confirmed", "PAID.", "Paid 👍", "*Paid*"] {
        assert_eq!(verdict("Status", cell), Verdict::Good, "{cell}");
    }
    for cell in ["Failed ❌", "❌ Failed", "Failed!"] {
        assert_eq!(verdict("Status", cell), Verdict::LeftOut, "{cell}");
    }
    // A code and its negative are two words.
    use super::words::status_key;
    for (one, other) in [("1", "-1"), ("0", "-0"), ("2", "+2"), ("Paid", "Paid?")] {
        assert_ne!(status_key(one), status_key(other), "{one} {other}");
    }
    assert_eq!(status_key("USER_DROPPED"), status_key("userDropped"));
}

#[test]
fn a_no_under_cancelled_does_not_answer_an_empty_payment() {
    for (titles, cells) in [
        ("Is Paid,Cancelled", [",No", "Yes,No"]),
        ("Payment Status,Refunded", [",FALSE", "paid,FALSE"]),
        ("Cancelled,Paid", ["No,", "No,Yes"]),
    ] {
        let text =
            format!("Name,Phone,{titles}\nAsha,9000000001,{}\nRavi,9000000002,{}\n", cells[0], cells[1]);
        check(&text, &["NoStatus: Asha +919000000001", "Ravi +919000000002"]);
    }
}

#[test]
fn under_a_status_only_a_bare_yes_gives_a_place() {
    for cell in [
        "Yes, refunded later",
        "Yes (cheque bounced)",
        "I want to pay at venue",
        "Yes will pay tomorrow",
        "हाँ कल दूंगा",
        "I would like to pay later",
        "Yes but cancelled",
    ] {
        let text = format!(
            "Name,Phone,Paid\nAsha,9000000001,\"{cell}\"\nRavi,9000000002,Yes\nMeena,9000000003,No\nTara,9000000004,Yes\n"
        );
        let got = read(&mut open(text)).0[0].verdict();
        assert!(!matches!(got, Verdict::Good | Verdict::Warned), "{cell}: {got:?}");
    }
    check(
        "Name,Phone,Paid\nAsha,9000000001,Haan ji\nRavi,9000000002,YES!\nMeena,9000000003,no\n",
        &["Asha +919000000001", "Ravi +919000000002", "LeftOut: Meena +919000000003"],
    );
}

#[test]
fn a_payment_column_with_one_refusing_word_is_a_status() {
    for (title, words) in [
        ("Payment", ["Success", "Pending", "Refund done"]),
        ("Payment", ["Paid", "Failed", "Cash at venue"]),
        ("Fee paid", ["UPI", "Unpaid", "Cash"]),
        ("Confirmation", ["Seat 4", "Cancelled", "Seat 5"]),
        ("Paid", ["✅", "❌", "⏳"]),
    ] {
        let text = format!(
            "Name,Phone,{title}\nAsha,9000000001,{}\nRavi,9000000002,{}\nMeena,9000000003,{}\n",
            words[0], words[1], words[2]
        );
        let sheet = open(text.clone());
        assert_eq!(Mapping::guess(&sheet).get(Field::Status), Some(2), "{title} {words:?}");
        let rows = read(&mut open(text)).0;
        for row in &rows[1..] {
            assert!(!is_registered(row), "{title} {words:?}: {row:?}");
        }
    }
    check(
        "Name,Phone,Paid\nAsha,9000000001,✅\nRavi,9000000002,❌\nMeena,9000000003,👎\nTara,9000000004,✔️\nUma,9000000005,⏳\n",
        &[
            "Asha +919000000001",
            "LeftOut: Ravi +919000000002",
            "LeftOut: Meena +919000000003",
            "Tara +919000000004",
            "Unknown: Uma +919000000005",
        ],
    );
    // How somebody paid is no status.
    check(
        "Name,Phone,Payment\nAsha,9000000001,UPI\nRavi,9000000002,Card\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
}

#[test]
fn yes_and_no_about_paying_or_coming_is_never_passed_over() {
    for title in [
        "Have you paid?",
        "Aap workshop me aa rahe hain?",
        "क्या आप आ रहे हैं?",
        "क्या आपने भुगतान किया?",
        "Payment kiya?",
        "Confirm your presence",
        "Seat booked",
        "Is Active",
        "Shortlisted",
        "Participation confirmed",
        "I will not attend",
        "Kya aapne fees bhari?",
    ] {
        let text = format!(
            "Name,Phone,\"{title}\"\nAsha,9000000001,Yes\nRavi,9000000002,No\nMeena,9000000003,Yes\n"
        );
        let rows = read(&mut open(text)).0;
        let taken =
            rows.iter().filter(|row| matches!(row.verdict(), Verdict::Good | Verdict::Warned)).count();
        assert!(taken < 3, "{title}: everybody is registered");
        if title != "I will not attend" {
            assert!(!matches!(rows[1].verdict(), Verdict::Good | Verdict::Warned), "{title}");
        }
    }
    // About something else.
    for title in ["Are you a student?", "Did you attend last time?", "Do you have a laptop?", "Vegetarian"] {
        check(
            &format!("Name,Phone,\"{title}\"\nAsha,9000000001,Yes\nRavi,9000000002,No\n"),
            &["Asha +919000000001", "Ravi +919000000002"],
        );
    }
}

#[test]
fn an_amount_that_was_refunded_or_is_due_is_asked_about() {
    for title in [
        "Amount Refunded",
        "Refund Amount",
        "Balance Due",
        "Amount due",
        "Refunded amount (INR)",
        "Pending amount",
    ] {
        check(
            &format!(
                "Name,Phone,Status,{title}\nAsha,9000000001,Paid,0.00\nRavi,9000000002,Paid,499.00\nMeena,9000000003,Paid,\nTara,9000000004,Paid,₹ 100\n"
            ),
            &[
                "Asha +919000000001",
                "Unknown: Ravi +919000000002",
                "Meena +919000000003",
                "Unknown: Tara +919000000004",
            ],
        );
    }
    // Without a status of its own as well.
    check(
        "Name,Phone,Fee,Balance Due\nAsha,9000000001,499,0\nRavi,9000000002,499,499\n",
        &["Asha +919000000001", "Unknown: Ravi +919000000002"],
    );
}

#[test]
fn nothing_refunded_is_no_refund() {
    for zero in ["0.00", "0", "₹0", "Rs. 0.00", "N/A"] {
        let text = format!(
            "Name,Phone,Status,Refunded\nAsha,9000000001,Paid,{zero}\nRavi,9000000002,Paid,499.00\nMeena,9000000003,Paid,\n"
        );
        let rows = read(&mut open(text)).0;
        assert_eq!(rows[0].verdict(), Verdict::Good, "{zero}");
        let status = rows[0].person.status.status();
        assert_eq!(status, Some(domain::workshop::RegistrantStatus::Registered), "{zero}");
        let status = rows[1].person.status.status();
        assert_ne!(status, Some(domain::workshop::RegistrantStatus::Registered), "{zero}");
    }
}

#[test]
fn what_the_merchant_gets_is_no_status_of_a_registration() {
    for title in ["Settlement Status", "Payout status", "Settlement State"] {
        check(
            &format!(
                "Name,Phone,Txn Result,{title}\nAsha,9000000001,SUCCESS,Settled\nRavi,9000000002,FAILURE,\nMeena,9000000003,SUCCESS,Pending\n"
            ),
            &["Asha +919000000001", "LeftOut: Ravi +919000000002", "Meena +919000000003"],
        );
    }
}

#[test]
fn a_caption_with_a_status_says_it_of_those_below() {
    for (first, second) in [
        ("Confirmed participants", "Cancelled participants"),
        ("Approved registrants", "Denied registrants"),
        ("Paid (1)", "Refunded (1)"),
    ] {
        let text = format!("{first}\nName,Phone\nAsha,9000000001\n\n{second}\nName,Phone\nRavi,9000000002\n");
        let rows = read(&mut open(text)).0;
        let registered = |at: usize| is_registered(&rows[at]);
        assert!(registered(0) && !registered(1), "{second}: {rows:?}");
    }
    for (first, second) in
        [("CONFIRMED", "CANCELLED"), ("Paid", "Waitlist"), ("Batch A (Morning)", "Not paid")]
    {
        let text =
            format!("Name,Phone\n{first},\nAsha,9000000001\nMeena,9000000003\n{second},\nRavi,9000000002\n");
        let rows = read(&mut open(text)).0;
        assert_eq!(rows.len(), 3, "captions are no people: {rows:?}");
        let registered = |at: usize| is_registered(&rows[at]);
        assert!(registered(0) && registered(1) && !registered(2), "{second}: {rows:?}");
    }
    // Above everything.
    let rows = read(&mut open("Cancelled registrations\nName,Phone\nAsha,9000000001\nRavi,9000000002\n")).0;
    assert!(
        rows.iter()
            .all(|row| row.person.status.status() == Some(domain::workshop::RegistrantStatus::Cancelled)),
        "{rows:?}"
    );
}

#[test]
fn remarks_that_take_a_place_away_are_named() {
    for (title, cell) in [
        ("Remarks", "Refunded on 12 Nov"),
        ("Comments", "Cancelled by user"),
        ("Notes", "Not coming"),
        ("Follow up", "does not want, asked for a refund"),
    ] {
        let sheet = open(format!(
            "Name,Phone,{title}\nAsha,9000000001,\nRavi,9000000002,\"{cell}\"\nMeena,9000000003,call after 5\n"
        ));
        let mapping = Mapping::guess(&sheet);
        let named = mapping.not_used(&sheet);
        let found = named.iter().find(|column| column.column == 2);
        assert!(found.is_some_and(|one| one.asks == Some(Field::Status)), "{title}: {named:?}");
        assert!(found.is_some_and(|one| one.why.contains('1')), "{title}: counted: {named:?}");
    }
    // Where every remark is the word of a status, it is a column of statuses.
    check(
        "Name,Phone,Comments\nAsha,9000000001,paid cash\nRavi,9000000002,Cancelled by user\nMeena,9000000003,Payment failed\n",
        &["Asha +919000000001", "Ravi +919000000002", "LeftOut: Meena +919000000003"],
    );
    for cell in ["I agree to the refund policy", "https://shop.example/cancel", "Non-refundable"] {
        let sheet = open(format!("Name,Phone,Terms\nAsha,9000000001,{cell}\nRavi,9000000002,{cell}\n"));
        assert_eq!(Mapping::guess(&sheet).not_used(&sheet), [], "{cell}");
    }
    let sheet = open("Name,Phone,Remarks\nAsha,9000000001,paid cash\nRavi,9000000002,call after 5\n");
    assert_eq!(Mapping::guess(&sheet).not_used(&sheet), []);
}

#[test]
fn what_people_write_about_themselves_is_no_remark_about_their_place_unless_it_begins_so() {
    let asks = |title: &str, cell: &str| {
        let sheet =
            open(format!("Phone Number,Name,{title}\n9000000001,Asha,Busy\n9000000002,Ravi,\"{cell}\"\n"));
        Mapping::guess(&sheet).not_used(&sheet).iter().any(|column| column.asks == Some(Field::Status))
    };
    for title in ["Description", "About", "Bio", "Status message"] {
        assert!(!asks(title, "At work, cancelled all plans"), "{title}");
        assert!(!asks(title, "Life is short, no refunds"), "{title}");
        assert!(asks(title, "Refunded on 12 Nov"), "{title}");
        assert!(asks(title, "Not coming"), "{title}");
    }
    for title in ["Remarks", "Comments", "Note"] {
        assert!(
            asks(title, "At work, cancelled all plans"),
            "{title}: somebody wrote it about the registration"
        );
    }
}

#[test]
fn a_question_about_coming_is_asked_about_also_where_a_total_stands_below_one_person() {
    let text = "Confirm your presence,Phone,Name\nYes,9000000001,Asha\nTotal: 1,,\n";
    let (rows, _) = read(&mut open(text));
    assert_eq!(rows[0].verdict(), Verdict::Unknown);
}

#[test]
fn how_far_a_refund_is_takes_the_place_away_and_a_payment_that_went_well_beside_it_gives_none() {
    for (title, cell, expected) in [
        ("Refund Status", "SUCCESS", "refunded"),
        ("refund_status", "full", "refunded"),
        ("Refund Status", "Pending", "refunded"),
        ("Refund state", "processed", "refunded"),
        ("Cancellation Status", "Approved", "cancelled"),
        ("Refund Status", "failed", "unknown"),
        ("refund_status", "partial", "unknown"),
        ("Dispute Status", "won", "unknown"),
        ("Refund Status", "Declined", "unknown"),
        ("Refund Status", "", "registered"),
        ("refund_status", "null", "registered"),
        ("Refund Status", "Not requested", "registered"),
        ("Refund Status", "No", "registered"),
        // A title about both is read as it always was.
        ("Payment / refund status", "paid", "registered"),
    ] {
        let text = format!("Name,Phone,Payment Status,{title}\nAsha,9000000001,SUCCESS,{cell}\n");
        let rows = read(&mut open(text)).0;
        let got = match (rows[0].verdict(), rows[0].person.status.status()) {
            (Verdict::Unknown, _) => "unknown",
            (_, Some(status)) => status.word(),
            (_, None) => "left out",
        };
        assert_eq!(got, expected, "{title}: {cell}");
    }
}
