//! What files mean, case by case. Each case stands for a kind of file that went wrong somewhere.

use std::io::Cursor;

use domain::phone::Country;
use domain::time::Zone;
use rust_xlsxwriter::{FilterCondition, Workbook};

use super::*;

pub(super) fn open(text: impl Into<Vec<u8>>) -> Sheet {
    Sheet::from_source(Cursor::new(text.into()), "people.csv").unwrap()
}

pub(super) fn read(sheet: &mut Sheet) -> (Vec<Row>, ReadSummary) {
    let mapping = Mapping::guess(sheet);
    read_as(sheet, &mapping)
}

fn read_as(sheet: &mut Sheet, mapping: &Mapping) -> (Vec<Row>, ReadSummary) {
    let mut rows = sheet.rows(mapping, Country::INDIA).unwrap();
    let all: Vec<Row> = rows.by_ref().map(Result::unwrap).collect();
    (all, rows.told())
}

/// `Asha +919000000001` for who would be registered; others with their verdict in front.
fn told(row: &Row) -> String {
    let name = row.person.name.as_ref().map_or("-", |name| name.as_str());
    let phone = match &row.person.phone {
        PhoneCell::Ok(phone) => phone.as_str().to_owned(),
        PhoneCell::Missing => "-".to_owned(),
        PhoneCell::Bad { .. } => "?".to_owned(),
    };
    match row.verdict() {
        Verdict::Good | Verdict::Warned => format!("{name} {phone}"),
        other => format!("{other:?}: {name} {phone}"),
    }
}

#[track_caller]
pub(super) fn check(text: &str, expected: &[&str]) {
    let (rows, _) = read(&mut open(text));
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn only_people_with_a_place_are_registered() {
    let words = |list: &[&str], verdict: Verdict| {
        for word in list {
            let text = format!("Name,Phone,Payment Status\nAsha,9000000001,{word}\nRavi,9000000002,paid\n");
            let (rows, _) = read(&mut open(text));
            assert_eq!(rows[0].verdict(), verdict, "{word}");
        }
    };
    words(
        &[
            "captured",
            "SUCCESS",
            "Credit",
            "paid",
            "complete",
            "Payment Successful",
            "TXN_SUCCESS",
            "Attending",
            "सफल",
        ],
        Verdict::Good,
    );
    words(
        &[
            "failed",
            "USER_DROPPED",
            "userCancelled",
            "FLAGGED",
            "bounced",
            "NOT_ATTEMPTED",
            "Unpaid",
            "abandoned",
            "expired",
            "Not paid",
            "PAYMENT_ERROR",
            "wc-pending",
            "Waitlisted",
            "Wait-listed",
            "pending approval",
            "Declined",
            "Failed: card declined",
            "Paid / failed",
            "असफल",
            "Not Attending",
            "order pending",
            "requires_payment_method",
            "TXN_FAILURE",
            "Incomplete",
            "Payment Failed",
        ],
        Verdict::LeftOut,
    );
    words(
        &[
            "authorized",
            "authorised",
            "Partially Refunded",
            "no-show",
            "perhaps",
            "2",
            "Paid - see notes",
            "maybe",
            "✅",
            "xyz",
            "active",
        ],
        Verdict::Unknown,
    );
    let (rows, _) = read(&mut open(
        "Name,Phone,Status\nA,9000000001,cancelled\nB,9000000002,refunded\nC,9000000003,VOID\nD,9000000004,chargeback\nE,9000000005,Refund Initiated\nF,9000000006,Paid (refunded)\n",
    ));
    let words: Vec<_> =
        rows.iter().map(|row| row.person.status.status().map(|status| status.word())).collect();
    assert_eq!(words, ["cancelled", "refunded", "cancelled", "refunded", "refunded", "refunded"].map(Some));
}

#[test]
fn a_status_is_found_in_any_column_that_tells_one_and_what_forbids_counts_most() {
    check(
        "Name,Phone,Paid?\nAsha,9000000001,Yes\nRavi,9000000002,No\n",
        &["Asha +919000000001", "LeftOut: Ravi +919000000002"],
    );
    check(
        "Name,Phone,Status,Cancelled at\nAsha,9000000001,Confirmed,\nRavi,9000000002,Confirmed,2027-01-12\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
    let (rows, _) = read(&mut open(
        "Name,Phone,Status,Cancelled at\nAsha,9000000001,Confirmed,\nRavi,9000000002,Confirmed,2027-01-12\n",
    ));
    assert_eq!(rows[1].person.status.status().map(|status| status.word()), Some("cancelled"));
    check(
        "Name,Phone,Outcome of it\nAsha,9000000001,captured\nRavi,9000000002,failed\nMeena,9000000003,captured\n",
        &["Asha +919000000001", "LeftOut: Ravi +919000000002", "Meena +919000000003"],
    );
    check(
        "Name,Phone,Order Status,Payment Status\nAsha,9000000001,completed,paid\nRavi,9000000002,completed,failed\nMeena,9000000003,odd,paid\nAnu,9000000004,odd,failed\n",
        &[
            "Asha +919000000001",
            "LeftOut: Ravi +919000000002",
            "Unknown: Meena +919000000003",
            "LeftOut: Anu +919000000004",
        ],
    );
    // Whether somebody came says nothing about their place, and neither does where a lead or a message stands.
    for title in ["Attended", "Lead Status", "WhatsApp Status", "Marital Status", "State", "Delivery status"]
    {
        let (rows, told) =
            read(&mut open(format!("Name,Phone,{title}\nAsha,9000000001,No\nRavi,9000000002,New\n")));
        assert!(rows.iter().all(|row| row.verdict() == Verdict::Good) && told.statuses.is_empty(), "{title}");
    }
}

#[test]
fn words_of_statuses_are_counted_and_what_somebody_said_about_them_holds() {
    let text =
        "Name,Phone,Status\nA,9000000001,Odd One\nB,9000000002,odd_one\nC,9000000003,paid\nD,9000000004,\n";
    let mut sheet = open(text);
    let mut mapping = Mapping::guess(&sheet);
    let (rows, told) = read_as(&mut sheet, &mapping);
    let seen: Vec<_> =
        told.statuses.iter().map(|seen| (seen.key.as_str(), seen.rows, seen.meaning)).collect();
    assert_eq!(seen, [("odd one", 2, None), ("paid", 1, Some(StatusMeaning::Registered))]);
    assert_eq!(rows[3].verdict(), Verdict::NoStatus);
    mapping.statuses.insert(status_key("ODD-ONE"), StatusMeaning::Registered);
    mapping.statuses.insert("paid".into(), StatusMeaning::LeftOut);
    let (rows, _) = read_as(&mut sheet, &mapping);
    use Verdict::{Good, LeftOut, NoStatus};
    assert_eq!(rows.iter().map(Row::verdict).collect::<Vec<_>>(), [Good, Good, LeftOut, NoStatus]);
}

#[test]
fn the_number_of_the_one_who_comes_is_taken_and_nobody_elses() {
    check(
        "Order Name,Order Phone Number,Ticket Full Name,Ticket Phone Number\nDesk,9000000009,Asha Rao,9000000001\nDesk,9000000009,Ravi Kumar,9000000002\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
    check(
        "Buyer,Buyer mobile,Attendee,Attendee mobile\nDesk,9000000009,Asha Rao,9000000001\nDesk,9000000009,Ravi Kumar,9000000002\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
    // The buyer is who comes, where the file names nobody else.
    check(
        "Billing First Name,Billing Last Name,Billing Phone\nAsha,Rao,9000000001\nRavi,Kumar,9000000002\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
    check(
        "Customer Name,Customer Phone,Amount\nAsha,9000000001,499\nRavi,9000000002,499\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
    for title in [
        "Parent's phone",
        "Father's mobile no.",
        "Guardian WhatsApp",
        "Spouse number",
        "Emergency contact number",
        "Office phone",
        "Coordinator mobile",
        "Referred by (mobile)",
        "Sales rep phone",
        "School contact number",
        "Participant 2 phone",
        "Second member's mobile",
        "पिता का मोबाइल नंबर",
        "EMERGENCY_CONTACT_PHONE",
        "parentPhone",
        "Phone number of guardian",
    ] {
        check(
            &format!(
                "Name,{title},WhatsApp Number\nAsha,9000000009,9000000001\nRavi,9000000008,\nMeena,9000000007,9000000003\n"
            ),
            &["Asha +919000000001", "Ravi -", "Meena +919000000003"],
        );
        let mut alone = open(format!("Name,{title}\nAsha,9000000009\nRavi,9000000008\nMeena,9000000007\n"));
        let mapping = Mapping::guess(&alone);
        assert_eq!(mapping.get(Field::Phone), None, "{title}");
        assert_eq!(mapping.not_used(&alone).len(), 1, "{title}");
        let (rows, _) = read_as(&mut alone, &mapping);
        assert!(rows.iter().all(|row| row.person.phone == PhoneCell::Missing), "{title}");
    }
    check(
        "Name,Phone\nAsha,9000000001 (father)\nRavi,9000000002 (Ravi)\n",
        &["Bad: Asha ?", "Ravi +919000000002"],
    );
}

#[test]
fn of_several_numbers_of_one_person_the_first_that_can_be_read_is_taken() {
    check(
        "First Name,Last Name,Phone Number,Mobile Phone Number,WhatsApp Phone Number\nAsha,Rao,,,+91 90000 00001\nRavi,Kumar,,90000 00002,\nMeena,S,90000 00003,,\nGita,P,022 2456 7890,90000 00004,+91 90000 00005\n",
        &[
            "Asha Rao +919000000001",
            "Ravi Kumar +919000000002",
            "Meena S +919000000003",
            "Gita P +919000000005",
        ],
    );
    // A number that cannot be read is passed over and said; a landline only where nothing else is there.
    let (rows, _) = read(&mut open(
        "Name,WhatsApp,Phone,Alternate number\nAsha,98123,9000000001,\nRavi,same,9000000002,\nMeena,022 2456 7890,9000000003,\nAnu,,022 2456 7891,\nTara,12,,\n",
    ));
    let lines: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(lines[0], "Asha +919000000001");
    assert!(rows[0].problems[0].message.contains("98123"), "{:?}", rows[0].problems);
    assert_eq!(lines[2..], ["Meena +919000000003", "Anu +912224567891", "Bad: Tara ?"]);
    assert!(rows[3].problems.iter().any(|problem| problem.message.contains("landline")));
}

#[test]
fn whatsapp_is_known_however_it_is_spelled() {
    for title in [
        "WhatsApp Number",
        "Whatsapp Number",
        "WHATSAPP NUMBER",
        "whatsapp_number",
        "whatsappNumber",
        "WhatsApp No.",
        "What is your WhatsApp number?",
        "What's App Number",
        "Whats-App no",
        "Watsapp number",
        "WhatsAppNo",
        "WA Number",
        "Your WhatsApp Number (with country code)",
        "व्हाट्सएप नंबर",
        "व्हाट्सऐप नंबर",
        "WhatsApp mobile no (10 digits)",
    ] {
        for other in ["Phone", "Mobile Number", "Emergency contact number", "Parent's phone"] {
            let mut text = format!("Name,{other},{title}\n");
            (0..5).for_each(|at| text.push_str(&format!("P{at},900000010{at},900000020{at}\n")));
            let (rows, _) = read(&mut open(text));
            assert_eq!(told(&rows[2]), "P2 +919000000202", "{title} beside {other}");
        }
    }
}

#[test]
fn a_number_that_stands_in_nearly_every_row_is_questioned() {
    let mut text = String::from("Name,Contact number\n");
    (0..10).for_each(|at| text.push_str(&format!("P{at},9000000009\n")));
    let sheet = open(text);
    let mapping = Mapping::guess(&sheet);
    assert_eq!(mapping.get(Field::Phone), None);
    assert!(mapping.not_used(&sheet)[0].why.contains("nearly every row"));
}

#[test]
fn a_country_that_stands_in_the_file_is_used_and_one_that_is_not_understood_asks() {
    check(
        "First Name,Last Name,Country/Region,Phone\nAsha,Rao,India,90000 00001\nSita,T,Nepal,9841234567\nJohn,D,United States of America,5107666701\nOmar,H,UAE,0501234567\nRahim,U,BGD,01712345678\nMaya,K,Atlantis,9000000006\nAnu,B,,9000000007\nTara,C,Atlantis,+91 9000000008\n",
        &[
            "Asha Rao +919000000001",
            "Sita T +9779841234567",
            "John D +15107666701",
            "Omar H +971501234567",
            "Rahim U +8801712345678",
            "Bad: Maya K ?",
            "Anu B +919000000007",
            "Tara C +919000000008",
        ],
    );
    check(
        "Name,Phone,Country\nSita,9841234567,🇳🇵\nAsha,9000000001,Nepal (+977) or so\n",
        &["Sita +9779841234567", "Bad: Asha ?"],
    );
}

#[test]
fn a_refusal_is_no_agreement_however_it_is_asked() {
    for title in [
        "Opt out of promotional messages",
        "I do not want to receive offers",
        "Unsubscribe from marketing messages?",
        "Don't send me offers",
        "I do NOT agree to promotional messages",
        "Stop sending me WhatsApp messages",
        "DND",
        "Do not contact",
        "No promotional messages please",
        "मुझे ऑफर नहीं चाहिए",
        "Please do NOT contact me on WhatsApp",
        "Don't call my mobile for offers",
        "Never send me marketing",
        "Unsubscribed at",
        "WhatsApp opt-out",
    ] {
        let (rows, _) = read(&mut open(format!(
            "Name,Phone,{title}\nA,9000000001,Yes\nB,9000000002,No\nC,9000000003,Yes\n"
        )));
        let wishes: Vec<_> =
            rows.iter().map(|row| (row.person.consent.clone(), row.person.opted_out)).collect();
        assert_eq!(wishes, [(None, true), (None, false), (None, true)], "{title}");
    }
    // About something else, or about e-mail alone.
    for title in ["I do not have a laptop", "Email opt out", "Unsubscribed from emails"] {
        let (rows, _) = read(&mut open(format!("Name,Phone,{title}\nA,9000000001,Yes\nB,9000000002,No\n")));
        assert!(rows.iter().all(|row| row.person.consent.is_none() && !row.person.opted_out), "{title}");
    }
}

#[test]
fn a_question_about_messages_is_no_column_of_numbers() {
    for title in ["Send me offers on WhatsApp", "Shall we call your mobile?", "WhatsApp updates?"] {
        let sheet = open(format!("Name,{title},Phone\nAsha,Yes,9000000001\nRavi,No,9000000002\n"));
        assert_eq!(Mapping::guess(&sheet).all(Field::Phone).collect::<Vec<_>>(), [2], "{title}");
    }
}

#[test]
fn an_answer_that_limits_limits() {
    use domain::channel::Channel::{IvrCall, Sms, WhatsappPersonal};
    for (cell, expected) in [
        ("Yes", Some(Agreed::Yes)),
        ("Yes, by e-mail only", Some(Agreed::No)),
        ("Yes - email", Some(Agreed::No)),
        ("Only WhatsApp", Some(Agreed::Only(vec![WhatsappPersonal]))),
        ("Yes, on WhatsApp and SMS", Some(Agreed::Only(vec![WhatsappPersonal, Sms]))),
        ("Yes, call me", Some(Agreed::Only(vec![IvrCall]))),
        ("Yes, but not on WhatsApp", None),
        ("Not sure", Some(Agreed::No)),
        ("No", Some(Agreed::No)),
        ("I do not agree", Some(Agreed::No)),
        ("perhaps", None),
    ] {
        assert_eq!(agreed(cell), expected, "{cell}");
    }
}

#[test]
fn rows_that_are_no_people_are_none() {
    check(
        "Attendee Details\nFirst Name,Email,Phone\nAsha,asha@example.com,9000000001\nOther Attended\nUser Name,Join Time,Leave Time\nDesk Phone,7:05 PM,7:30 PM\n",
        &["Asha +919000000001"],
    );
    // The header again, in its order and in another.
    check(
        "Name,Phone,City\nAsha,9000000001,Pune\nName,Phone,City\nRavi,9000000002,Pune\n\nPhone,City,Name\n9000000003,Pune,Meena\n",
        &["Asha +919000000001", "Ravi +919000000002", "Meena +919000000003"],
    );
    // Also of one column, where it could be somebody's name.
    let (rows, told_of) = read(&mut open("Registrant Name\nAsha Rao\nRegistrant Name\nRavi Kumar\n"));
    assert!(rows.iter().map(told).all(|row| !row.contains("Registrant")), "a title is nobody");
    assert_eq!((rows.len(), told_of.no_people), (2, 1));
    let (rows, told_of) = read(&mut open(
        "Sr No,Name,Phone,Amount\n1,Asha Rao,9000000001,499\n2,Ravi Kumar,9000000002,499\n3,Meena S,9000000003,499\n,Total registrations,3,1497\n,,,\nGenerated by Example Events on 20-01-2027 18:00,,,\n,For help call,9000000009,\n",
    ));
    let lines: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(
        lines,
        [
            "Asha Rao +919000000001",
            "Ravi Kumar +919000000002",
            "Meena S +919000000003",
            "Bad: For help call +919000000009"
        ]
    );
    assert_eq!(told_of.no_people, 2);
    check(
        "No,Name,Phone\n1,Asha,9000000001\n2,Ravi,9000000002\n3,Meena,9000000003\n,Helpline,9000000009\nGrand Total,3,\n,Visit us,\n",
        &["Asha +919000000001", "Ravi +919000000002", "Meena +919000000003", "Bad: Helpline +919000000009"],
    );
    // A table of something else below the list, by titles that nobody knows.
    let (rows, told_of) = read(&mut open(
        "Name,Phone,City\nAsha,9000000001,Pune\n\nWaiting list\nWho,Since when,Note\nRavi,2027-01-01,soon\n",
    ));
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["Asha +919000000001"]);
    assert_eq!((told_of.other_table, told_of.other_table_line), (1, Some(5)));
    // A name in a file of names is a person whatever its neighbours lack.
    check(
        "Name,Phone\nAsha,9000000001\nMeera\nRavi,9000000002\n",
        &["Asha +919000000001", "Meera -", "Ravi +919000000002"],
    );
}

#[test]
fn every_line_in_quotation_marks_is_read_as_the_line_inside() {
    check(
        "\"Name,Mobile\"\n\"Asha Rao,9000000001\"\n\"Ravi Kumar,9000000002\"\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
    check(
        "Name,Mobile\n\"Asha Rao,9000000001\"\n\"Ravi Kumar,9000000002\"\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
    check(
        "\"Name;Mobile;Note\"\r\n\"Asha;9000000001;\"\"a; b\"\"\"\r\n\"Ravi;9000000002;\"\r\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
    // One column of names with a comma is one column.
    let sheet = open("Name\n\"Rao, Asha\"\n\"Kumar, Ravi\"\n\"S, Meena\"\n");
    assert_eq!(sheet.columns().len(), 1);
}

#[test]
fn a_header_of_two_lines_is_one() {
    check(
        "Sr,Buyer,,Attendee,\n,Name,Phone,Name,Phone\n1,Desk,9000000009,Asha,9000000001\n2,Desk,9000000009,Ravi,9000000002\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
    check(
        "Name,Phone,E-mail\n(full name),(with country code),(optional)\nAsha,9000000001,\nRavi,9000000002,\n",
        &["Asha +919000000001", "Ravi +919000000002"],
    );
}

#[test]
fn a_separator_line_in_quotation_marks_is_no_row() {
    check(
        "\u{feff}\"sep=;\"\nName;Telefon\nAsha Rao;90000 00001\nRavi Kumar;90000 00002\n",
        &["Asha Rao +919000000001", "Ravi Kumar +919000000002"],
    );
}

fn workbook(fill: impl FnOnce(&mut Workbook)) -> Sheet {
    let mut book = Workbook::new();
    fill(&mut book);
    Sheet::from_source(Cursor::new(book.save_to_buffer().unwrap()), "people.xlsx").unwrap()
}

#[test]
fn what_a_workbook_hides_is_left_out_and_said() {
    let mut sheet = workbook(|book| {
        let sheet = book.add_worksheet();
        let rows = [
            ("Name", "Phone", "Note"),
            ("Asha", "9000000001", "a"),
            ("Ravi", "9000000002", "b"),
            ("Meena", "9000000003", "a"),
        ];
        for (at, (name, phone, note)) in (0..).zip(rows) {
            sheet.write(at, 0, name).unwrap().write(at, 1, phone).unwrap().write(at, 2, note).unwrap();
        }
        sheet.autofilter(0, 0, 3, 2).unwrap();
        sheet.filter_column(2, &FilterCondition::new().add_list_filter("a")).unwrap();
        sheet.set_column_hidden(2).unwrap();
    });
    assert_eq!(sheet.marks().hidden_rows, [(3, 3)]);
    assert_eq!((sheet.marks().hidden_columns, sheet.marks().filtered), (vec![2], true));
    let (rows, told_of) = read(&mut sheet);
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["Asha +919000000001", "Meena +919000000003"]);
    assert_eq!(told_of.hidden_rows, 1);
    let mut all = Mapping::guess(&sheet);
    all.take_hidden_rows = true;
    assert_eq!(read_as(&mut sheet, &all).0.len(), 3);
}

#[test]
fn the_sheet_with_people_is_proposed_and_the_others_are_named() {
    let sheet = workbook(|book| {
        book.add_worksheet()
            .set_name("Summary")
            .unwrap()
            .write(0, 0, "Total")
            .unwrap()
            .write(0, 1, 2)
            .unwrap();
        let people = book.add_worksheet().set_name("People").unwrap();
        people.write(0, 0, "Name").unwrap().write(0, 1, "Phone").unwrap();
        people.write(1, 0, "Asha").unwrap().write(1, 1, "9000000001").unwrap();
        people.write(2, 0, "Ravi").unwrap().write(2, 1, "9000000002").unwrap();
        let more = book.add_worksheet().set_name("Walk-ins").unwrap();
        more.write(0, 0, "Name").unwrap().write(0, 1, "Phone").unwrap();
        more.write(1, 0, "Meena").unwrap().write(1, 1, "9000000003").unwrap();
    });
    let Kind::Xlsx { tab, other_tabs } = sheet.kind() else { panic!("a workbook") };
    assert_eq!((tab.as_str(), other_tabs), ("People", vec!["Summary".to_owned(), "Walk-ins".to_owned()]));
    assert_eq!(sheet.other_tabs_with_people(), ["Walk-ins"]);
}

#[test]
fn a_time_that_cannot_be_read_costs_the_time_and_not_the_person() {
    let text = "Name,Phone,Registered at\nAsha,9000000001,2027-01-10 09:30\nGita,9000000004,2027-01-12 09:30 IST\nFarhan,9000000005,12/01/27 09:30\nLata,9000000006,46399.4\nAnu,9000000007,some day\n";
    let mut sheet = open(text);
    let mapping = Mapping::guess(&sheet);
    assert_eq!(mapping.get(Field::RegisteredAt), Some(2));
    let (rows, _) = read_as(&mut sheet, &mapping);
    assert!(rows.iter().all(|row| matches!(row.verdict(), Verdict::Good | Verdict::Warned)));
    let zone = Zone::india();
    let time = |at: usize| rows[at].person.registered_at.map(|at| zone.rfc3339(at));
    assert!(time(1).unwrap().starts_with("2027-01-12T09:30"));
    assert!(time(3).unwrap().starts_with("2027-01-12T09:36"));
    assert_eq!((time(2), time(4)), (None, None), "two ways, and none");
}

#[test]
fn placeholders_and_numbers_are_no_names() {
    check(
        "Full Name,Phone\nundefined undefined,9000000001\n(null),9000000002\n#REF!,9000000003\nNan Das,9000000004\n+91 90000 00005,9000000005\n~ Asha 🌸,9000000006\n~,9000000007\nTom &amp; Jerry,9000000008\n\u{3164},9000000009\n",
        &[
            "- +919000000001",
            "- +919000000002",
            "- +919000000003",
            "Nan Das +919000000004",
            "- +919000000005",
            "Asha 🌸 +919000000006",
            "- +919000000007",
            "Tom & Jerry +919000000008",
            "- +919000000009",
        ],
    );
}

#[test]
fn labels_and_links_are_numbers() {
    check(
        "Name,Phone\nA,p:+919000000001\nB,tel:+919000000002\nC,https://wa.me/919000000003\nD,\"9000000004, 9000000004\"\nE,9000000005 ext 12\nRavi K,Ravi - 9000000006\n",
        &[
            "A +919000000001",
            "B +919000000002",
            "C +919000000003",
            "D +919000000004",
            "E +919000000005",
            "Ravi K +919000000006",
        ],
    );
    let sheet = open("a,b\nAsha,p:+919000000001\nRavi,p:+919000000002\n");
    assert_eq!(Mapping::guess(&sheet).get(Field::Phone), Some(1));
}
