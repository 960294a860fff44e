use std::io::Cursor;

use domain::phone::Country;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::text::split_all;
use super::*;

fn open(bytes: impl Into<Vec<u8>>) -> Sheet {
    Sheet::from_source(Cursor::new(bytes.into()), "people.csv").unwrap()
}

fn refusal(bytes: impl Into<Vec<u8>>) -> String {
    match Sheet::from_source(Cursor::new(bytes.into()), "people.csv") {
        Ok(sheet) => panic!("opened as {:?}", sheet.kind()),
        Err(error) => error.to_string(),
    }
}

fn read(sheet: &mut Sheet) -> Vec<Row> {
    let mapping = Mapping::guess(sheet);
    sheet.rows(&mapping, Country::INDIA).unwrap().map(|row| row.unwrap()).collect()
}

/// `line name phone-or-why email` per row: short enough to write by hand.
fn told(row: &Row) -> String {
    let name = row.person.name.as_ref().map_or("-", |name| name.as_str());
    let email = row.person.email.as_ref().map_or("-", |email| email.as_str());
    let phone = match &row.person.phone {
        PhoneCell::Ok(phone) => phone.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    format!("{} {name} {phone} {email}", row.line)
}

#[track_caller]
fn check(text: impl Into<Vec<u8>>, expected: &[&str]) {
    let rows: Vec<String> = read(&mut open(text)).iter().map(told).collect();
    assert_eq!(rows, expected);
}

#[track_caller]
fn check_guess(text: &str, expected: &str) {
    let mapping = Mapping::guess(&open(text));
    assert_eq!(serde_json::to_string(&mapping).unwrap(), expected);
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xFEFF);
    let units = mark.into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

const PLAIN: &str = "Name,Phone,Email\nAsha Rao,9000000001,asha@example.com\nरवि,9000000002,\n";
const PLAIN_ROWS: &[&str] = &["2 Asha Rao +919000000001 asha@example.com", "3 रवि +919000000002 -"];

#[test]
fn every_separator_is_found() {
    check(PLAIN, PLAIN_ROWS);
    for separator in ["\t", ";", "|"] {
        check(PLAIN.replace(',', separator), PLAIN_ROWS);
    }
    check(format!("sep=;\r\n{}", PLAIN.replace(',', ";")), PLAIN_ROWS);
    check(PLAIN.replace('\n', "\r\n"), PLAIN_ROWS);
    check(PLAIN.replace('\n', "\r"), PLAIN_ROWS);
    check(PLAIN.trim_end(), PLAIN_ROWS);
    assert_eq!(open("phone\n9000000001\n").kind(), Kind::Text { encoding: Encoding::Utf8, separator: ',' });
}

#[test]
fn every_encoding_is_found() {
    check(format!("\u{feff}{PLAIN}"), PLAIN_ROWS);
    for (big, mark) in [(false, true), (true, true), (false, false), (true, false)] {
        check(utf16(PLAIN, big, mark), PLAIN_ROWS);
        check(utf16(&PLAIN.replace(',', "\t").replace('\n', "\r\n"), big, mark), PLAIN_ROWS);
    }
    check(b"Name,Phone\nJos\xE9 \x96 Rao,9000000001\n", &["2 José – Rao +919000000001 -"]);
}

#[test]
fn the_letter_that_tells_the_encoding_may_stand_in_the_last_row() {
    let mut text = b"Name,Phone\n".to_vec();
    for at in 0..20_000 {
        text.extend_from_slice(format!("Asha,{}\n", 9_000_000_000_u64 + at).as_bytes());
    }
    text.extend_from_slice(b"Jos\xE9,9000000001\n");
    let mut sheet = open(text);
    assert_eq!(sheet.kind(), Kind::Text { encoding: Encoding::Windows1252, separator: ',' });
    assert_eq!(told(read(&mut sheet).last().unwrap()), "20002 José +919000000001 -");
}

#[test]
fn one_broken_letter_does_not_spoil_the_others() {
    let mut text = "नाम,मोबाइल\nआशा राव,9000000001\n".as_bytes().to_vec();
    text.extend_from_slice(b"Jos\xE9,9000000002\n");
    check(text, &["2 आशा राव +919000000001 -", "3 Jos\u{fffd} +919000000002 -"]);
}

#[test]
fn notes_above_the_header_are_skipped_and_lines_are_those_of_the_spreadsheet() {
    let zoom = "Registration Report\nReport generated:,\"Oct 12, 2026 7:00 PM\"\nTopic,Webinar ID,Scheduled time\n\
                Money Workshop,900 0000 0009,Oct 13\n\nAttendee Details\n\
                First Name,Last Name,Email,Phone,Registration Time,Approval Status\n\
                Asha,Rao,asha@example.com,+91 90000 00001,\"Oct 1, 2026 10:00\",approved\n\n\
                Ravi,,ravi@example.com,,\"Oct 2, 2026 11:00\",cancelled\n";
    let mut sheet = open(zoom);
    assert_eq!(sheet.header_line(), Some(7));
    let rows = read(&mut sheet);
    let lines: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(lines, ["8 Asha Rao +919000000001 asha@example.com", "10 Ravi Missing ravi@example.com"]);
    assert_eq!(rows[0].person.status.status().map(|status| status.word()), Some("registered"));
    assert_eq!(rows[1].person.status.status().map(|status| status.word()), Some("cancelled"));
    assert_eq!(rows[0].cell(Field::RegisteredAt), "Oct 1, 2026 10:00");
}

#[test]
fn a_cell_in_quotation_marks_may_hold_anything() {
    check(
        "Name,Phone,Email\n\"Rao, Asha \"\"Ash\"\"\",9000000001,\n\"Ravi\nKumar\",\"9000000002\",\n\nMeera,9000000003,\n",
        &["2 Rao, Asha \"Ash\" +919000000001 -", "3 Ravi Kumar +919000000002 -", "5 Meera +919000000003 -"],
    );
}

#[test]
fn a_quotation_mark_left_open_costs_no_other_row() {
    let text = "Name,Phone\n\"Asha,9000000001\nRavi,9000000002\n\"Meera,9000000003\nAnu \"A\",9000000004\n";
    check(
        text,
        &[
            "2 Asha +919000000001 -",
            "3 Ravi +919000000002 -",
            "4 Meera +919000000003 -",
            "5 Anu \"A\" +919000000004 -",
        ],
    );
    let rows = read(&mut open(text));
    assert!(rows[0].problems[0].message.contains("never closed"));
    assert_eq!(rows[1].problems, []);
    let many = format!("Name,Phone\n{}", "\"Asha,9000000001\n".repeat(500));
    assert_eq!(read(&mut open(many)).len(), 500);
}

#[test]
fn ragged_and_blank_rows_are_told_not_fatal() {
    let rows = read(&mut open("Name,Phone\nRao, Asha,9000000001\n,,\n  \nRavi,9000000002,,,\nMeera\n"));
    let lines: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(lines[0], "2 Rao Bad(NotANumber) -");
    assert!(rows[0].problems[0].message.starts_with("This row has more cells than the"));
    assert_eq!(lines[1..], ["5 Ravi +919000000002 -", "6 Meera Missing -"]);
    assert_eq!(rows[1].problems, []);
}

#[test]
fn a_row_is_bad_only_when_nothing_can_be_done_with_it() {
    let text = "Name,Phone,Email,Status\nAsha,9000000001,asha@example.com,Registered\nRavi,9.81E+09,,\nMeera,,,\n\
                ,9000000002,,\nAnu,9000000003,anu@,\nTara,9000000004,,perhaps\n-,N/A,,Registered\n";
    let rows = read(&mut open(text));
    let verdicts: Vec<Verdict> = rows.iter().map(Row::verdict).collect();
    use Verdict::{Bad, Good, NoStatus, Unknown};
    assert_eq!(verdicts, [Good, Bad, NoStatus, NoStatus, NoStatus, Unknown, Bad]);
    assert!(rows[1].problems[0].message.starts_with("Excel replaced the last digits"));
    assert_eq!(rows[1].cell(Field::Phone), "9.81E+09");
    assert_eq!(rows[4].problems[0].field, Some(Field::Email));
    assert_eq!(
        rows[5].problems[0].message,
        "The status \"perhaps\" is not known. Say what it means for this file."
    );
}

#[test]
fn a_row_says_no_number_in_a_log() {
    let rows = read(&mut open("Name,Phone\nAsha,9000000001\nRavi,98123\n"));
    let log = format!("{rows:?}");
    assert!(!log.contains("9000000001") && !log.contains("98123"), "{log}");
}

#[test]
fn the_titles_of_usual_exports_are_known() {
    check_guess(
        "id,created_time,ad_name,form_name,platform,full_name,phone_number,email\n\
         l:1,2026-10-01T10:00:00+05:30,Ad 1,Form 1,ig,Asha Rao,p:+919000000001,asha@example.com\n",
        r#"{"name":5,"phone":6,"email":7,"source":4,"registered_at":1}"#,
    );
    check_guess(
        "Timestamp,Your Name,What is your WhatsApp number?,Email Address,Are you a student?\n\
         10/01/2026 10:00:00,Asha,9000000001,asha@example.com,No\n",
        r#"{"name":1,"phone":2,"email":3,"registered_at":0}"#,
    );
    check_guess(
        "Mango Name,Name,Email,country code,Phone,utm_source,Amount\nWealth,Asha,asha@example.com,91,9000000001,meta,99\n",
        r#"{"name":1,"phone":4,"country_code":3,"email":2,"source":5}"#,
    );
    check_guess(
        "firstName,lastName,mobileNo,E-mail ID\nA,B,9000000001,a@example.com\n",
        r#"{"first_name":0,"last_name":1,"phone":2,"email":3}"#,
    );
    check_guess("क्रमांक,पूरा नाम,मोबाइल नंबर,ईमेल\n1,आशा,9000000001,\n", r#"{"name":1,"phone":2,"email":3}"#);
    check_guess(
        "User Name (Original Name),Email,Mobile No.\nAsha,a@example.com,9000000001\n",
        r#"{"name":0,"phone":2,"email":1}"#,
    );
}

#[test]
fn content_decides_where_titles_do_not() {
    check_guess(
        "Asha Rao,9000000001,asha@example.com\nRavi,9000000002,ravi@example.com\n",
        r#"{"name":0,"phone":1,"email":2}"#,
    );
    check_guess("9000000001\n9000000002\n", r#"{"phone":0}"#);
    // "Mobile" is the system of the telephone here, "Contact" the person.
    check_guess(
        "Contact Name,Mobile,Reach them at,Order ID\nAsha,Android,9000000001,9000000011\nRavi,iOS,9000000002,9000000012\nAnu,Android,9000000003,9000000013\n",
        r#"{"name":0,"phone":2,"reference":3}"#,
    );
    // Of two titles for a number, the column that is filled.
    check_guess(
        "Name,WhatsApp Number,Phone\nA B,,9000000001\nC D,,9000000002\nE F,,9000000003\n",
        r#"{"name":0,"phone":1,"more":{"phone":[2]}}"#,
    );
    let sheet = open("Asha Rao,9000000001\n");
    assert_eq!(sheet.header_line(), None);
    assert_eq!(sheet.columns()[1].letters, "B");
    assert_eq!(sheet.columns()[1].samples, ["9000000001"]);
}

#[test]
fn the_country_of_a_row_decides_its_number() {
    let rows = read(&mut open(
        "Name,Country Code,Phone\nA B,91,9000000001\nC D,+971,501234567\nE F,GB,07911 123456\nG H,,9000000002\nI J,999,9000000003\n",
    ));
    let told: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "2 A B +919000000001 -",
            "3 C D +971501234567 -",
            "4 E F +447911123456 -",
            "5 G H +919000000002 -",
            "6 I J Bad(Country(\"999\")) -"
        ]
    );
    assert_eq!(rows[4].problems[0].field, Some(Field::Phone));
}

#[test]
fn a_mapping_made_by_hand_is_kept_and_checked() {
    let mut mapping: Mapping = serde_json::from_str(r#"{"phone":1,"name":0}"#).unwrap();
    let mut sheet = open("x,y\nAsha,9000000001\n");
    assert_eq!(sheet.rows(&mapping, Country::INDIA).unwrap().count(), 1);
    assert_eq!(sheet.rows(&mapping, Country::INDIA).unwrap().count(), 1);
    mapping.set(Field::Email, Some(27));
    let refused = sheet.rows(&mapping, Country::INDIA).err().unwrap().to_string();
    assert_eq!(refused, "Column AB is not in this file. Choose the columns again.");
}

#[test]
fn what_is_no_table_is_named() {
    assert!(refusal("").starts_with("The file is empty"));
    assert!(refusal(" \n \n").starts_with("The file is empty"));
    assert!(refusal("Name,Phone\n").starts_with("The file has a header but no rows"));
    assert!(refusal("%PDF-1.7 …").starts_with("This is a PDF"));
    assert!(refusal(b"\x89PNG\r\n\x1a\n").starts_with("This is a picture"));
    assert!(refusal(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old").starts_with("This is an Excel 97"));
    assert!(refusal(b"\x1F\x8B\x08").starts_with("This is a compressed archive"));
    assert!(refusal("<html><table><tr><td>Name").starts_with("This is a web page"));
    assert!(refusal(b"Name,Phone\nAsha,9000\x00000001\nRavi,1\n").contains("position 20"));
    assert!(refusal([1, 2, 3, 4, 5, 6, 7, 8].repeat(40)).starts_with("This file is not text"));
    assert!(refusal(b"PK\x03\x04 nothing more").starts_with("This workbook is damaged"));
    assert!(refusal(zip_of("notes.csv", b"a,b")).starts_with("This is a compressed archive"));
    assert!(refusal(zip_of("content.xml", b"<a/>")).starts_with("This is an OpenDocument"));
    assert!(refusal(zip_of("xl/workbook.bin", b"")).starts_with("This is an Excel binary"));
    assert!(refusal(zip_of("xl/workbook.xml", b"<broken")).starts_with("This workbook is damaged"));
    let protected: Vec<u8> =
        b"\xD0\xCF\x11\xE0".iter().copied().chain(utf16("EncryptedPackage", false, false)).collect();
    assert!(refusal(protected).starts_with("This workbook is protected"));
}

fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn an_endless_line_is_refused_and_not_kept() {
    let text = format!("Name,Phone\nAsha,9000000001\n{}", "a".repeat(3 * 1024 * 1024));
    assert_eq!(
        refusal(text),
        "Row 3 is longer than 1 MB, so this is probably no list of people. Check the file."
    );
}

/// A workbook made by hand: its sheet's XML, and its table of shared texts.
fn workbook_of(sheet: &str, shared: &str) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            r#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", shared),
    ];
    for (name, content) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sheet_of(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

const PERSON: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>9000000001</v></c></row>"#;

#[test]
fn a_formula_without_a_stored_value_is_counted() {
    let row = |n: u32, cell: &str| {
        format!(
            r#"<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>Asha</t></is></c><c r="B{n}"{cell}</c></row>"#
        )
    };
    let rows = [
        row(1, r#" t="inlineStr"><is><t>Phone</t></is>"#),
        // Stored: a number, and Excel's text that is empty.
        row(2, "><f>B9+1</f><v>9000000002</v>"),
        row(3, r#" t="str"><f>B9&amp;""</f><v></v>"#),
        // Not stored: nothing, an empty element in both spellings.
        row(4, "><f>B9+2</f>"),
        row(5, "><f>B9+3</f><v></v>"),
        row(6, "><f>B9+4</f><v/>"),
    ];
    let sheet = format!("<worksheet><sheetData>{}</sheetData></worksheet>", rows.concat());
    let book = Sheet::from_source(Cursor::new(workbook_of(&sheet, "<sst/>")), "people.xlsx").unwrap();
    assert_eq!(book.marks().formulas_without_value, 3);
}

#[test]
fn a_small_workbook_that_unpacks_to_a_huge_one_is_refused_in_words() {
    let asha = "<sst><si><t>Asha</t></si></sst>";
    let mut honest = Sheet::from_source(Cursor::new(workbook_of(&sheet_of(PERSON), asha)), "a.xlsx").unwrap();
    assert_eq!(read(&mut honest).iter().map(told).collect::<Vec<_>>(), ["1 Asha +919000000001 -"]);

    let inline = "a".repeat(40 * 1024 * 1024);
    let rows = format!(r#"<row r="1"><c r="A1" t="inlineStr"><is><t>{inline}</t></is></c></row>"#);
    let words = refusal(workbook_of(&sheet_of(&rows), asha));
    assert_eq!(
        words,
        "Row 1 holds a cell of more than 32,767 characters, so this is probably no list of people. Check the file."
    );

    let many = format!("<sst><si><t>Asha</t></si>{}</sst>", "<si/>".repeat(7_000_000));
    let file = workbook_of(&sheet_of(PERSON), &many);
    assert!(file.len() < 200_000, "{} bytes", file.len());
    assert!(refusal(file).starts_with("This workbook holds 42"));
    let declared = r#"<sst uniqueCount="20000000"><si><t>Asha</t></si></sst>"#;
    assert!(refusal(workbook_of(&sheet_of(PERSON), declared)).starts_with("This workbook holds 457 MB"));
}

#[test]
fn a_text_that_a_workbook_repeats_is_limited_for_each_cell_and_row() {
    let shared = |chars: usize| format!("<sst><si><t>{}</t></si></sst>", "a".repeat(chars));
    let long = refusal(workbook_of(&sheet_of(PERSON), &shared(200_000)));
    assert!(long.starts_with("Row 1 holds a cell of more than 32,767 characters"), "{long}");
    let cells: String = (1..60).map(|_| r#"<c t="s"><v>0</v></c>"#).collect();
    let wide = refusal(workbook_of(&sheet_of(&format!("<row>{cells}</row>")), &shared(30_000)));
    assert!(wide.starts_with("Row 1 is longer than 1 MB"), "{wide}");
    let rows = format!("<row>{}</row>", r#"<c t="s"><v>0</v></c>"#.repeat(30)).repeat(40);
    let mut sheet =
        Sheet::from_source(Cursor::new(workbook_of(&sheet_of(&rows), &shared(30_000))), "a.xlsx").unwrap();
    let words = sheet.numbered_cells(500).unwrap_err().to_string();
    assert!(words.starts_with("This workbook holds 16 MB"), "{words}");
}

fn workbook(fill: impl FnOnce(&mut Workbook)) -> Sheet {
    let mut book = Workbook::new();
    fill(&mut book);
    Sheet::from_source(Cursor::new(book.save_to_buffer().unwrap()), "people.xlsx").unwrap()
}

#[test]
fn a_workbook_keeps_every_digit() {
    let mut sheet = workbook(|book| {
        let date = Format::new().set_num_format("yyyy-mm-dd hh:mm");
        let sheet = book.add_worksheet();
        sheet.write(1, 0, "All people of October").unwrap();
        for (column, title) in ["Name", "Phone", "Email", "Registered at"].into_iter().enumerate() {
            sheet.write(3, column as u16, title).unwrap();
        }
        sheet.write(4, 0, "Asha Rao").unwrap();
        sheet.write(4, 1, 9_000_000_001_u64).unwrap();
        sheet.write(4, 2, "asha@example.com").unwrap();
        let moment = ExcelDateTime::from_ymd(2026, 10, 12).unwrap().and_hms(19, 30, 0).unwrap();
        sheet.write_with_format(4, 3, &moment, &date).unwrap();
        sheet.write(6, 0, "रवि").unwrap();
        sheet.write(6, 1, 919_000_000_002_f64).unwrap();
        sheet.write(7, 1, "+91 90000 00003").unwrap();
        // A number in a column formatted as date is still that number.
        sheet.write(8, 0, "Meera").unwrap();
        sheet.write_with_format(8, 1, 9_000_000_004_u64, &date).unwrap();
        sheet.write(9, 0, "Anu").unwrap();
        sheet.write(9, 1, 981_234_567.8).unwrap();
    });
    assert_eq!(sheet.header_line(), Some(4));
    let rows = read(&mut sheet);
    let told: Vec<String> = rows.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "5 Asha Rao +919000000001 asha@example.com",
            "7 रवि +919000000002 -",
            "8 - +919000000003 -",
            "9 Meera +919000000004 -",
            "10 Anu Bad(NotANumber) -"
        ]
    );
    assert_eq!(rows[0].cell(Field::RegisteredAt), "2026-10-12 19:30:00");
    assert_eq!(read(&mut sheet).len(), 5, "and again from the start");
}

#[test]
fn the_first_visible_sheet_with_rows_is_read_and_the_others_are_named() {
    let sheet = workbook(|book| {
        book.add_worksheet().set_name("Cover").unwrap();
        let hidden = book.add_worksheet().set_name("Secret").unwrap().set_hidden(true);
        hidden.write(0, 0, "Phone").unwrap();
        let people = book.add_worksheet().set_name("People").unwrap();
        people.write(0, 0, "Phone").unwrap().write(1, 0, "9000000001").unwrap();
        book.add_worksheet().set_name("Notes").unwrap().write(0, 0, "x").unwrap();
    });
    let (tab, other_tabs) = ("People".to_owned(), vec!["Cover".to_owned(), "Notes".to_owned()]);
    assert_eq!(sheet.kind(), Kind::Xlsx { tab, other_tabs });
    let empty = Workbook::new().save_to_buffer();
    assert!(empty.map_or(true, |bytes| refusal(bytes).starts_with("This workbook has no visible sheet")));
}

#[test]
fn a_hidden_sheet_with_people_is_named_and_not_read_and_its_numbers_are_found_for_erasing() {
    for very in [false, true] {
        let mut sheet = workbook(|book| {
            let people = book.add_worksheet().set_name("People").unwrap();
            people.write(0, 0, "Phone").unwrap().write(1, 0, "9000000001").unwrap();
            let hidden = book.add_worksheet().set_name("Removed").unwrap();
            hidden.write(0, 0, "Phone").unwrap().write(1, 0, "9000000002").unwrap();
            if very {
                hidden.set_very_hidden(true)
            } else {
                hidden.set_hidden(true)
            };
            book.add_worksheet().set_name("Lookup").unwrap().set_hidden(true).write(0, 0, "x").unwrap();
        });
        assert_eq!(sheet.hidden_tabs_with_people(), ["Removed"], "very hidden: {very}");
        assert_eq!(sheet.other_tabs_with_people(), Vec::<String>::new());
        let mapping = Mapping::guess(&sheet);
        assert_eq!(sheet.rows(&mapping, Country::INDIA).unwrap().count(), 1);
        assert!(sheet.any_cell(|cell| cell == "9000000002").unwrap());
    }
}

#[test]
fn progress_ends_at_the_whole_file() {
    let mut sheet = open(PLAIN);
    let mapping = Mapping::guess(&sheet);
    let mut rows = sheet.rows(&mapping, Country::INDIA).unwrap();
    assert_eq!(rows.progress().rows, 0);
    rows.by_ref().for_each(drop);
    let total = PLAIN.len() as u64;
    assert_eq!(rows.progress(), Progress { bytes: total, bytes_total: total, rows: 2 });
}

fn read_whatever(bytes: Vec<u8>) {
    if let Ok(mut sheet) = Sheet::from_source(Cursor::new(bytes), "x") {
        let mapping = Mapping::guess(&sheet);
        for row in sheet.rows(&mapping, Country::INDIA).unwrap().flatten() {
            let _ = (row.verdict(), format!("{row:?}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_whatever(bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-a-zA-Z0-9,;\t|\"\r\n @.+éआ\u{feff}]{0,300}") {
        read_whatever(text.clone().into_bytes());
        read_whatever(utf16(&text, false, true));
    }

    #[test]
    fn no_workbook_cut_or_scratched_makes_it_panic(cut in 0..6000_usize, at in 0..6000_usize, with in any::<u8>()) {
        let mut book = Workbook::new();
        book.add_worksheet().write(0, 0, "Phone").unwrap().write(1, 0, 9_000_000_001_u64).unwrap();
        let mut bytes = book.save_to_buffer().unwrap();
        if let Some(byte) = bytes.get_mut(at) { *byte = with }
        bytes.truncate(bytes.len().saturating_sub(cut % 200));
        read_whatever(bytes);
    }

    #[test]
    fn well_formed_text_is_split_as_the_csv_crate_splits_it(
        rows in prop::collection::vec(prop::collection::vec("[a-c,\"\n]{0,6}", 2..5), 1..8)
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let expected: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect()).collect();
        prop_assert_eq!(split_all(&text, b','), expected);
    }
}

#[test]
fn an_answer_is_read_as_people_write_it_and_never_guessed() {
    for yes in [
        "Yes",
        "y",
        "TRUE",
        "1",
        "हाँ",
        "हां",
        "जी हाँ",
        "haan",
        "Opt-in",
        "opted_in",
        "Yes, send me offers.",
        "I agree to receive offers",
        "✓",
    ] {
        assert_eq!(yes_or_no(yes), Some(true), "{yes:?}");
    }
    for no in [
        "No",
        "n",
        "false",
        "नहीं",
        "nahi",
        "No, thanks",
        "I do not agree",
        "I don't want this",
        "opt-out",
        "not given",
    ] {
        assert_eq!(yes_or_no(no), Some(false), "{no:?}");
    }
    for neither in ["", "maybe", "Asha", "12-05-2026", "yesterday", "north", "I agree? not", "हाँलाकि"]
    {
        assert_eq!(yes_or_no(neither), None, "{neither:?}");
    }
}

#[test]
fn a_column_of_agreements_is_found_by_title_and_answers() {
    check_guess(
        "Name,Phone,Consent\nA,9000000001,yes\nB,9000000002,no\n",
        r#"{"name":0,"phone":1,"consent":2}"#,
    );
    check_guess(
        "Name,Phone,Marketing opt-in\nA,9000000001,हाँ\nB,9000000002,\n",
        r#"{"name":0,"phone":1,"consent":2}"#,
    );
    // Somebody else's agreement, or no answers at all.
    check_guess("Name,Phone,Photo consent\nA,9000000001,yes\nB,9000000002,no\n", r#"{"name":0,"phone":1}"#);
    check_guess(
        "Name,Phone,Consent\nA,9000000001,form 12\nB,9000000002,form 13\n",
        r#"{"name":0,"phone":1}"#,
    );
    let rows = read(&mut open(
        "Name,Phone,Consent\nA,9000000001,yes\nB,9000000002,perhaps\nC,9000000003,-\nD,9000000004,no\n",
    ));
    let told: Vec<_> = rows.iter().map(|row| (row.person.consent.clone(), row.verdict())).collect();
    assert_eq!(told[0], (Some(Agreed::Yes), Verdict::Good));
    assert_eq!(told[1], (None, Verdict::Warned), "not known is not agreed");
    assert_eq!(told[2], (None, Verdict::Good));
}
