//! Files that are no tables: chats, a person on each line, a block of lines for each person, tables that are turned.

use std::io::Cursor;

use domain::phone::Country;

use super::{
    Mapping, SheetError, Verdict,
    sheet::{Lists, Sheet},
};

fn open(text: &str) -> Result<Sheet, SheetError> {
    Sheet::read_from(Cursor::new(text.to_owned().into_bytes()), "list.txt", (None, Lists::AsTables))
}

/// The people that a text names, as `name|number`, only those with a place; and how many lines of a list are nobody's.
#[track_caller]
fn check(text: &str, expected: &[&str], left_out: Option<u64>) {
    let mut sheet = open(text).unwrap();
    let mapping = Mapping::guess(&sheet);
    let taken = |row: &super::Row| matches!(row.verdict(), Verdict::Good | Verdict::Warned);
    let stands = |row: &super::Row| {
        row.person
            .status
            .status()
            .is_none_or(|status| status == domain::workshop::RegistrantStatus::Registered)
    };
    let people: Vec<String> = sheet
        .rows(&mapping, Country::INDIA)
        .unwrap()
        .map(Result::unwrap)
        .filter(|row| taken(row) && stands(row))
        .map(|row| {
            let number = match &row.person.phone {
                super::PhoneCell::Ok(phone) => phone.as_str().to_owned(),
                _ => String::new(),
            };
            format!("{}|{number}", row.person.name.as_ref().map_or("", |name| name.as_str()))
        })
        .collect();
    assert_eq!(people, expected, "{text}");
    assert_eq!(sheet.lines_left_out(), left_out, "{text}");
}

#[test]
fn a_block_of_lines_for_each_person_is_read_as_a_row() {
    let asha_and_ravi = ["Asha Rao|+919000000001", "Ravi Kumar|+919000000002"];
    for text in [
        "Name: Asha Rao\nMobile: 90000 00001\n\nName: Ravi Kumar\nMobile: 90000 00002\n",
        // Without blank lines between, with a blank line below each line, and with bullets.
        "Name: Asha Rao\nMobile: 90000 00001\nName: Ravi Kumar\nMobile: 90000 00002\n",
        "Name: Asha Rao\n\nMobile: 90000 00001\n\nName: Ravi Kumar\n\nMobile: 90000 00002\n",
        "1. Name: Asha Rao\n- WhatsApp Number: 9000000001\n2. Name: Ravi Kumar\n- WhatsApp Number: 9000000002\n",
        "*Name* : Asha Rao\n*Phone* : +91 90000 00001\n\n*Name* : Ravi Kumar\n*Phone* : 90000-00002\n",
        "नाम: Asha Rao\nमोबाइल: 9000000001\n\nनाम: Ravi Kumar\nमोबाइल: 9000000002\n",
        "Name\tAsha Rao\nPhone\t9000000001\nName\tRavi Kumar\nPhone\t9000000002\n",
        "Name,Asha Rao\nPhone,9000000001\n\nName,Ravi Kumar\nPhone,9000000002\n",
        "Name = Asha Rao\nPhone = 9000000001\n\nName = Ravi Kumar\nPhone = 9000000002\n",
    ] {
        check(text, &asha_and_ravi, Some(0));
    }
    // A number never goes to the next person: Ravi's block has no name, Asha's no number.
    check(
        "Name: Asha Rao\nCity: Pune\n\nMobile: 90000 00002\nCity: Goa\n\nName: Meena\nMobile: 90000 00003\nCity: Agra\n",
        &["Asha Rao|", "|+919000000002", "Meena|+919000000003"],
        Some(0),
    );
}

#[test]
fn a_block_says_its_status_and_whose_number_it_holds_as_a_column_does() {
    check(
        "Name: Asha Rao\nMobile: 9000000001\nStatus: Paid\n\nName: Ravi Kumar\nMobile: 9000000002\nStatus: Cancelled\n\nName: Meena\nMobile: 9000000003\nStatus: Failed\n",
        &["Asha Rao|+919000000001"],
        Some(0),
    );
    check(
        "Name: Asha Rao\nFather's mobile: 9000000001\n\nName: Ravi Kumar\nFather's mobile: 9000000002\n",
        &["Asha Rao|", "Ravi Kumar|"],
        Some(0),
    );
    check(
        "Registrations of Sunday\nName: Asha Rao\nMobile: 9000000001\nCity: Pune\n\nName: Ravi\nMobile: 9000000002\nCity: Goa\n",
        &["Asha Rao|+919000000001", "Ravi|+919000000002"],
        Some(1),
    );
}

#[test]
fn an_exported_chat_registers_who_wrote_and_nobody_who_left() {
    check(
        "12/11/26, 9:15 pm - Messages and calls are end-to-end encrypted.\n12/11/26, 9:16 pm - +91 90000 00001 joined using this group's invite link\n12/11/26, 9:17 pm - Asha: I am in, my number 9000000002\n12/11/26, 9:18 pm - +91 90000 00003 left\n",
        &["Asha|+919000000002"],
        Some(1),
    );
    check(
        "[29/11/26, 10:05:11 AM] Ravi Kumar: count me in\n+91 90000 00004\n[29/11/26, 10:06:00 AM] Meena: me too 90000 00005\n",
        &["Ravi Kumar|+919000000004", "Meena|+919000000005"],
        Some(0),
    );
}

#[test]
fn a_person_on_each_line_is_read_with_the_name() {
    check(
        "Registrations for Sunday\n1. Asha Rao 9000000001\n2. Ravi Kumar - 9000000002\n3) Meena S: 90000 00003\n",
        &["Asha Rao|+919000000001", "Ravi Kumar|+919000000002", "Meena S|+919000000003"],
        Some(1),
    );
    check("9000000001 Asha\n9000000002 Ravi (cancelled)\n", &["Asha|+919000000001"], Some(0));
}

#[test]
fn a_table_stays_a_table() {
    for text in [
        "Name,Phone\nAsha Rao,9000000001\n",
        "Name\tPhone\nAsha Rao\t9000000001\n",
        "Phone;Name\n9000000001;Asha Rao\n",
        "Asha Rao,9000000001\n",
        "Name,Phone,Remarks\nAsha Rao,9000000001,Phone: call after 6\n",
    ] {
        check(text, &["Asha Rao|+919000000001"], None);
    }
    check("Phone\n9000000001\n9000000002\n", &["|+919000000001", "|+919000000002"], None);
    check(
        "Type,Number\nMobile,9000000001\nWhatsApp,9000000002\n",
        &["|+919000000001", "|+919000000002"],
        None,
    );
}

#[test]
fn a_table_that_is_turned_is_refused_with_what_to_do() {
    for text in [
        "Name,Asha Rao,Ravi Kumar\nPhone,9000000001,9000000002\n",
        "Title,Sunday\nFull name,Asha Rao,Ravi Kumar\nWhatsApp number,9000000001,9000000002\nCity,Pune,Goa\n",
    ] {
        assert!(matches!(open(text), Err(SheetError::Turned)), "{text}");
    }
}
