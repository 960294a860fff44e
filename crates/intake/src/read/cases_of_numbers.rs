//! Whose a number is: columns, cells and lists that hold somebody else's.

use super::{
    Field, Mapping, PhoneCell, Verdict,
    cases::{check, open, read},
};

/// A column with numbers beside a name: not the people's own, and named.
#[track_caller]
fn nobodys(title: &str) {
    let sheet = open(format!("Name,\"{title}\"\nAsha,9000000001\nRavi,9000000002\nMeena,9000000003\n"));
    let mapping = Mapping::guess(&sheet);
    assert_eq!(mapping.get(Field::Phone), None, "{title}");
    let named = mapping.not_used(&sheet);
    assert!(named.iter().any(|column| column.column == 1), "{title} is named: {named:?}");
}

#[test]
fn a_title_with_a_word_that_is_not_neutral_is_nobodys_own_number() {
    for title in [
        // Relations in Hindi, in Latin letters and in English.
        "पिताजी का मोबाइल",
        "माताजी का नंबर",
        "पापा का मोबाइल नंबर",
        "मम्मी का फोन",
        "भाई का मोबाइल",
        "दोस्त का नंबर",
        "घर का नंबर",
        "परिवार का मोबाइल",
        "Papa ka number",
        "Mummy ka mobile no",
        "Ghar ka number",
        "Bhai ka mobile",
        "Didi mobile",
        "Chacha phone",
        "Uncle phone",
        "Hubby mobile",
        "Grandfather mobile",
        "Dadaji ka phone",
        "F/o mobile",
        "S/o number",
        "C/o phone",
        // Who arranges things.
        "TPO Mobile",
        "SPOC Contact No",
        "POC number",
        "NOK Phone",
        "Team lead mobile",
        "Captain's phone",
        "In-charge phone",
        "Facilitator mobile",
        "Placement officer mobile",
        "Volunteer phone",
        "Campus Ambassador mobile",
        "Dealer phone",
        "Branch phone number",
        "Centre contact number",
        "Employee mobile",
        "RM Mobile",
        "Consultant's WhatsApp number",
        "Advisor phone",
        "Gurudev ji ka number",
        "Our WhatsApp number",
        "Ref. mobile",
        "Payer mobile",
        // Words that nobody has listed.
        "Zamindar mobile",
        "Quizmaster WhatsApp number",
        "Whatsapp number of the person who told you about this workshop",
        // A number that is not theirs any more.
        "Old mobile",
        "Previous number",
        "Wrong number",
        "Deceased mobile",
        "Phone (inactive)",
        "Phone (old)",
        "Former mobile number",
    ] {
        nobodys(title);
    }
}

#[test]
fn forms_that_ask_for_the_own_number_in_many_words_are_taken() {
    for title in [
        "Enter your active WhatsApp number here",
        "Please share your WhatsApp number with country code (we will send the joining link)",
        "Mera WhatsApp no",
        "Aapka mobile number",
        "Primary Mobile",
        "Alternate No",
        "2nd Mobile",
        "Landline",
        "Personal mobile number",
        "Registered mobile number",
        "अपना व्हाट्सएप नंबर लिखें",
        "Mobile (10 digit, without +91)",
        "What is your phone number?*",
        "Best number to reach you",
    ] {
        let sheet = open(format!("Name,\"{title}\"\nAsha,9000000001\nRavi,9000000002\n"));
        assert_eq!(Mapping::guess(&sheet).get(Field::Phone), Some(1), "{title}");
    }
}

#[test]
fn an_empty_own_number_is_never_filled_from_somebody_elses() {
    check(
        "Name,Whatsapp number of the person who told you about this workshop,Your WhatsApp Number\nAsha,9000000009,\nRavi,9000000008,9000000002\n",
        &["Asha -", "Ravi +919000000002"],
    );
    check("Name,Mobile,Phone (old)\nAsha,,9000000009\nRavi,9000000002,\n", &["Asha -", "Ravi +919000000002"]);
    check(
        "Member Name,NOK Phone,Mobile\nAsha,9000000009,\nRavi,9000000008,9000000002\n",
        &["Asha -", "Ravi +919000000002"],
    );
}

#[test]
fn a_cell_that_says_whose_or_that_it_is_wrong_waits_for_a_person() {
    for cell in [
        "9000000001 (papa)",
        "9000000001 पापा का",
        "9000000001 (mummy)",
        "9000000001 (पिताजी)",
        "9000000001 (hubby)",
        "9000000001 (bhai ka)",
        "9000000001 friend ka hai",
        "c/o Ramesh 9000000001",
        "9000000001 S/o Ramesh",
        "9000000001 (my brother's)",
        "9000000001 - husbund",
        "9000000001 - office reception",
        "9000000001 (wrong no)",
        "wrong number 9000000001",
        "9000000001 not mine",
        "9000000001 do not call",
        "9000000001 switched off",
        "9000000001 (old)",
        "9000000001 not reachable",
    ] {
        let (rows, _) = read(&mut open(format!("Name,Phone\nAsha,{cell}\nRavi,9000000002\n")));
        assert_eq!(rows[0].verdict(), Verdict::Bad, "{cell}");
        assert!(matches!(rows[0].person.phone, PhoneCell::Bad { .. }), "{cell}");
    }
    // What says nothing about whose it is stays a number.
    check(
        "Name,Phone\nAsha Rao,9000000001 (personal)\nRavi,9000000002 (WhatsApp)\nMeena,Mob: 9000000003\nGita P,9000000004 Gita\n",
        &["Asha Rao +919000000001", "Ravi +919000000002", "Meena +919000000003", "Gita P +919000000004"],
    );
}

#[test]
fn a_column_that_says_whose_the_number_is_is_believed() {
    for (title, own, others) in [
        ("Number belongs to", "Self", "Father"),
        ("Whose number is this?", "Mine", "Husband"),
        ("Relation with the number", "self", "पापा"),
    ] {
        check(
            &format!("Name,Number,{title}\nAsha,9000000001,{own}\nRavi,9000000002,{others}\n"),
            &["Asha +919000000001", "Bad: Ravi ?"],
        );
    }
}

#[test]
fn several_people_in_one_row_are_never_mixed() {
    for text in [
        "Team Leader Name,Team Leader Mobile,Member 1 Name,Member 1 Mobile\nAsha,9000000001,Ravi,9000000002\nGita,9000000003,Tara,9000000004\n",
        "Name,Mobile,,Name,Mobile\nAsha Rao,9000000001,,Gita P,9000000004\nRavi Kumar,,,Tara Sen,9000000005\n",
        "S.No,Name,Mobile,,S.No,Name,Mobile\n1,Asha Rao,9000000001,,4,Gita P,9000000004\n2,Ravi,9000000002,,5,Tara,9000000005\n",
        "Captain Name,Captain Mobile,Player Name,Player Mobile\nAsha,9000000001,Ravi,9000000002\nGita,9000000003,Tara,9000000004\n",
    ] {
        let sheet = open(text);
        let mapping = Mapping::guess(&sheet);
        let asks = mapping.not_used(&sheet);
        assert!(asks.iter().any(|column| column.asks == Some(Field::Phone)), "{text}: {asks:?}");
        // Whoever is read has the number of the own group.
        for row in read(&mut open(text)).0 {
            if let (Some(name), PhoneCell::Ok(phone)) = (&row.person.name, &row.person.phone) {
                let own = match name.as_str().split(' ').next() {
                    Some("Asha") => "1",
                    Some("Ravi") => "2",
                    Some("Gita") => {
                        if text.contains("Leader") || text.contains("Captain") {
                            "3"
                        } else {
                            "4"
                        }
                    }
                    _ => {
                        if text.contains("Leader") || text.contains("Captain") {
                            "4"
                        } else {
                            "5"
                        }
                    }
                };
                assert!(phone.as_str().ends_with(own), "{text}: {row:?}");
            }
        }
    }
}

#[test]
fn a_hidden_number_of_a_better_kind_is_asked_about() {
    use rust_xlsxwriter::Workbook;
    for (shown, hidden) in
        [("Phone (old)", "Mobile"), ("Alternate No", "WhatsApp Number"), ("Landline", "Mobile Number")]
    {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (row, cells) in [
            ["Name", shown, hidden],
            ["Asha", "9000000001", "9000000002"],
            ["Ravi", "9000000003", "9000000004"],
        ]
        .iter()
        .enumerate()
        {
            for (column, cell) in cells.iter().enumerate() {
                sheet.write_string(row as u32, column as u16, *cell).unwrap();
            }
        }
        sheet.set_column_hidden(2).unwrap();
        let sheet =
            super::Sheet::from_source(std::io::Cursor::new(book.save_to_buffer().unwrap()), "people.xlsx")
                .unwrap();
        let mapping = Mapping::guess(&sheet);
        let asks = mapping.not_used(&sheet);
        assert!(
            asks.iter().any(|one| one.column == 2 && one.asks == Some(Field::Phone)),
            "{shown}: {asks:?}"
        );
    }
}

#[test]
fn a_landline_column_comes_last_and_still_counts() {
    check(
        "Name,Mobile,Landline\nAsha,9000000001,011-23456789\nRavi,,022-24567890\n",
        &["Asha +919000000001", "Ravi +912224567890"],
    );
    check(
        "Name,Primary Mobile,Alternate No,2nd Mobile,Landline\nAsha,,9000000002,9000000003,\nRavi,,,9000000004,\nMeena,,,,022-24567890\n",
        &["Asha +919000000002", "Ravi +919000000004", "Meena +912224567890"],
    );
}

#[test]
fn made_up_numbers_and_sample_rows_are_nobody() {
    for number in ["9999999999", "+91 99999 99999", "1234567890", "8888888888", "0123456789"] {
        let (rows, _) = read(&mut open(format!("Name,Phone\nAsha,{number}\nRavi,9000000002\n")));
        assert_eq!(rows[0].verdict(), Verdict::Bad, "{number}");
    }
    for name in ["Example: John Doe", "Sample - Asha", "(example) Asha"] {
        let (rows, _) = read(&mut open(format!("Name,Phone\n{name},9000000001\nRavi,9000000002\n")));
        assert_eq!(rows[0].verdict(), Verdict::Bad, "{name}");
    }
}

#[test]
fn a_second_number_of_the_first_list_is_no_second_list() {
    let text = "whatsapp_number;Display Name;WhatsApp Number;Is Paid;Display Name;whatsapp_number\n\
        9000000001;Asha;9000000002;No;Tara;9200000001\n9000000003;Ravi;;Yes;Uma;9200000003\n";
    let (rows, _) = read(&mut open(text));
    let verdicts: Vec<Verdict> = rows.iter().map(super::Row::verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::LeftOut, Verdict::Good],
        "the payment counts, and the second list's numbers are nobody's here"
    );
}

#[test]
fn a_status_between_two_lists_is_read_for_the_first_one_too_unless_the_second_repeats_it_whole() {
    let verdicts = |text: &str| -> Vec<Verdict> {
        read(&mut open(text.to_owned())).0.iter().map(super::Row::verdict).collect()
    };
    // Whose the second one is nobody can tell: nobody is registered for want of it.
    assert_eq!(
        verdicts(
            "Payment Status,Name,Phone,payment_status,Name,Phone\n\
             paid,Asha,9000000001,see remark,Uma,9200000001\npaid,Ravi,9000000002,failed,Tara,9200000002\n\
             paid,Meena,9000000003,paid,Lata,9200000003\n"
        ),
        [Verdict::Unknown, Verdict::LeftOut, Verdict::Good]
    );
    // The same titles in the same order are a list of their own.
    assert_eq!(
        verdicts(
            "Payment Status,Name,Phone,Payment Status,Name,Phone\n\
             paid,Asha,9000000001,failed,Uma,9200000001\nfailed,Ravi,9000000002,paid,Tara,9200000002\n"
        ),
        [Verdict::Good, Verdict::LeftOut]
    );
}

#[test]
fn single_letters_in_titles_of_numbers_are_relations_where_they_may_be() {
    check(
        "Name,Mobile (F),Mobile (M),Mobile (S)\nAsha,9100000001,9100000002,9000000001\nRavi,9100000003,,\n",
        &["Asha +919000000001", "Ravi -"],
    );
    for title in ["Contact (P)", "Ph (G)", "Mobile (F)"] {
        let text = format!("Name,{title}\nAsha,9100000001\nRavi,9100000002\n");
        assert_eq!(Mapping::guess(&open(text)).get(Field::Phone), None, "{title}");
    }
    // Mobile, office and residence; "e.g." is no guardian.
    check("Name,Phone (M),Phone (O)\nAsha,9000000001,9100000001\n", &["Asha +919000000001"]);
    check("Name,\"WhatsApp number, e.g. 98XXXXXXXX\"\nAsha,9000000001\n", &["Asha +919000000001"]);
}
