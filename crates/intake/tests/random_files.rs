//! Random files whose maker knows the truth. Whoever is read has a place, and has nobody else's number.
//!
//! The ordinary run makes 2,000 files; `MUNADI_RANDOM_FILES=100000` makes as many as it says.

#![expect(clippy::unwrap_used, reason = "a test may stop at the line that fails")]

use std::{collections::HashMap, fmt::Write, io::Cursor};

use domain::phone::Country;
use munadi_intake::read::{Agreed, Field, Mapping, PhoneCell, Sheet, Verdict};

/// Titles as tools and people write them: the title, what stands below it, and where it was found.
const TITLES: &str = include_str!("data/titles.tsv");

/// Words of statuses as their makers document them: those that give a place, those that give none, and those that
/// nobody may guess.
const PLACE: &[&str] = &[
    "paid",
    "captured",
    "SUCCESS",
    "Credit",
    "complete",
    "Completed",
    "Confirmed",
    "registered",
    "Approved",
    "Attending",
];
const NO_PLACE: &[&str] = &[
    "failed",
    "USER_DROPPED",
    "CANCELLED",
    "FLAGGED",
    "bounced",
    "refunded",
    "NOT_ATTEMPTED",
    "Unpaid",
    "abandoned",
    "expired",
    "VOID",
    "chargeback",
    "Waitlisted",
    "Declined",
    "pending",
    "denied",
    "TXN_FAILURE",
    "not going",
    "रद्द",
    "असफल",
    "Refund initiated",
    "Not attending",
];
const OPEN: &[&str] = &[
    "authorized",
    "Partially Refunded",
    "perhaps",
    "see remark",
    "3",
    "In review",
    "x",
    "no-show",
    "Ok?",
    "Paid ❌",
    "❌ Paid",
    "Paid?",
    "!Paid",
    "Paid ⏳",
    "~~Paid~~",
    "Confirmed (?)",
    "-1",
    "Yes, refunded later",
    "Paid - cheque bounced",
];

/// Words for the progress of a refund or a dispute: those that take the place away, those that say nothing, and those
/// that nobody may guess.
const GONE_STATES: &[&str] =
    &["SUCCESS", "processed", "full", "Pending", "Refund initiated", "Completed", "refunded"];
const NO_GONE_STATES: &[&str] = &["", "null", "N/A", "No", "Not requested", "-"];
const OPEN_GONE_STATES: &[&str] = &["failed", "partial", "Declined", "see remark", "Success ?"];

/// A small generator of pseudo-random numbers that gives the same files for the same seed everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // The constants are those of SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

struct Titles(HashMap<&'static str, Vec<&'static str>>);

impl Titles {
    fn read() -> Titles {
        let mut by_kind: HashMap<&str, Vec<&str>> = HashMap::new();
        for line in TITLES.lines() {
            let mut parts = line.split('\t');
            let (title, kind) = (parts.next().unwrap(), parts.next().unwrap());
            assert!(parts.next().is_some_and(|source| !source.is_empty()), "{title} has a source");
            by_kind.entry(kind).or_default().push(title);
        }
        Titles(by_kind)
    }

    fn of(&self, kind: &str) -> &[&'static str] {
        &self.0[kind]
    }
}

/// A person of the file, with the truth about them.
struct Truth {
    name: String,
    own: Vec<String>,
    has_place: Option<bool>,
    refuses: bool,
    agrees: bool,
}

/// A made file, and the truth about it by the person's name.
struct Made {
    text: String,
    people: HashMap<String, Truth>,
}

fn make(dice: &mut Dice, titles: &Titles) -> Made {
    let separator = *dice.one(&[",", ",", ";", "\t"]);
    // The kinds of columns, each with a title of that kind.
    let mut columns: Vec<(&str, &str)> = Vec::new();
    let mut add = |dice: &mut Dice, kind: &'static str| {
        let title = *dice.one(titles.of(kind));
        if columns.iter().all(|(_, known)| !known.eq_ignore_ascii_case(title)) {
            columns.push((kind, title));
        }
    };
    add(dice, "name");
    let own_numbers = dice.roll(3);
    (0..own_numbers).for_each(|_| add(dice, "phone"));
    for (kind, percent) in [
        ("phone_buyer", 35),
        ("phone_other", 60),
        ("phone_other", 30),
        ("name_buyer", 25),
        ("name_other", 40),
        ("email", 50),
        ("email_buyer", 20),
        ("email_other", 20),
        ("status", 70),
        ("status", 15),
        ("paid", 15),
        ("cancelled", 15),
        ("paid_open", 15),
        ("refund_amount", 15),
        ("refund_state", 15),
        ("leave", 10),
        ("optout", 30),
        ("consent", 20),
        ("digits", 50),
        ("reference", 40),
        ("registered", 30),
        ("text", 60),
        ("text", 60),
        ("text", 40),
    ] {
        if dice.chance(percent) {
            add(dice, kind);
        }
    }
    for at in (1..columns.len()).rev() {
        let other = dice.roll(at + 1);
        columns.swap(at, other);
    }
    // A second list stands beside the first: the same titles once more, and other people.
    if dice.chance(10) {
        let titled = |kind: &str| columns.iter().find(|(of, _)| *of == kind).map(|(_, title)| *title);
        if let (Some(name), Some(phone)) = (titled("name"), titled("phone")) {
            columns.extend([("name_other", name), ("phone_other", phone)]);
        }
    }
    let mut text = String::new();
    if dice.chance(15) {
        text.push_str("Report of registrations\n\n");
    }
    let line = |cells: &[String]| {
        let quoted = |cell: &String| {
            if cell.contains([',', ';', '\t', '"', '\n']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        };
        cells.iter().map(quoted).collect::<Vec<_>>().join(separator)
    };
    let header = line(&columns.iter().map(|(_, title)| (*title).to_owned()).collect::<Vec<_>>());
    writeln!(text, "{header}").unwrap();
    let mut people = HashMap::new();
    let rows = 1 + dice.roll(12);
    for row in 0..rows {
        if dice.chance(3) && row > 0 {
            writeln!(text, "{header}").unwrap();
        }
        if dice.chance(3) {
            text.push('\n');
        }
        let (cells, truth) = person(dice, &columns, row);
        writeln!(text, "{}", line(&cells)).unwrap();
        people.insert(truth.name.clone(), truth);
    }
    if dice.chance(15) && columns.len() > 3 {
        let mut total = vec![String::new(); columns.len()];
        total[0] = format!("Total: {rows}");
        writeln!(text, "{}", line(&total)).unwrap();
    }
    Made { text, people }
}

fn person(dice: &mut Dice, columns: &[(&str, &str)], row: usize) -> (Vec<String>, Truth) {
    let name = format!(
        "Asha {}",
        ["Rao", "Kumar", "Iyer", "Das", "Khan", "Sen", "Nair", "Bose", "Gill", "Shah", "Jain", "Rege"]
            [row % 12]
    );
    let number = |dice: &mut Dice, kind: usize| format!("9{kind}000{row:02}{:03}", dice.roll(1000));
    let mut truth =
        Truth { name: name.clone(), own: Vec::new(), has_place: None, refuses: false, agrees: false };
    let mut states: Vec<Option<bool>> = Vec::new();
    let cells = columns
        .iter()
        .map(|(kind, _)| match *kind {
            "name" => name.clone(),
            "phone" | "phone_buyer" | "phone_other" if dice.chance(20) => String::new(),
            "phone" => {
                let number = number(dice, 0);
                truth.own.push(format!("+91{number}"));
                spelled(dice, &number)
            }
            "phone_buyer" => number(dice, 1),
            "phone_other" => number(dice, 2),
            "name_buyer" | "name_other" => format!("Somebody {row}"),
            "email" => format!("asha{row}@example.com"),
            "email_buyer" | "email_other" => format!("other{row}@example.com"),
            "status" => {
                let (word, place) = match dice.roll(10) {
                    0..5 => (*dice.one(PLACE), Some(true)),
                    5..8 => (*dice.one(NO_PLACE), Some(false)),
                    _ => (*dice.one(OPEN), None),
                };
                states.push(place);
                word.to_owned()
            }
            "paid" => {
                let yes = dice.chance(60);
                states.push(Some(yes));
                if yes { "Yes" } else { "No" }.to_owned()
            }
            "cancelled" => {
                let yes = dice.chance(30);
                states.push(Some(!yes));
                if yes { "TRUE" } else { "FALSE" }.to_owned()
            }
            // Nobody has said what a yes means in this column.
            "paid_open" => {
                let yes = dice.chance(60);
                states.push(if yes { None } else { Some(false) });
                if yes { "Yes" } else { "No" }.to_owned()
            }
            "refund_amount" => {
                let above = dice.chance(30);
                if above {
                    states.push(None);
                }
                if above { *dice.one(&["499.00", "100", "₹ 250"]) } else { *dice.one(&["0.00", "", "0"]) }
                    .to_owned()
            }
            "refund_state" => match dice.roll(10) {
                0..3 => {
                    states.push(Some(false));
                    (*dice.one(GONE_STATES)).to_owned()
                }
                3..5 => {
                    states.push(None);
                    (*dice.one(OPEN_GONE_STATES)).to_owned()
                }
                _ => (*dice.one(NO_GONE_STATES)).to_owned(),
            },
            "leave" => {
                let yes = dice.chance(60);
                truth.refuses |= !yes;
                if yes { "Yes" } else { "No" }.to_owned()
            }
            "optout" => {
                let yes = dice.chance(40);
                truth.refuses |= yes;
                if yes { "Yes" } else { "No" }.to_owned()
            }
            "consent" => {
                truth.agrees = dice.chance(50);
                if truth.agrees { "Yes" } else { "No" }.to_owned()
            }
            "digits" | "reference" => format!("93000{row:02}{:03}", dice.roll(1000)),
            "registered" => format!("2027-01-{:02} 09:30", 1 + row % 28),
            _ => ["Pune", "Blue", "", "n/a", "Some words, and more", "12"][dice.roll(6)].to_owned(),
        })
        .collect();
    truth.has_place = match () {
        () if states.contains(&Some(false)) => Some(false),
        () if states.contains(&None) => None,
        () => Some(true),
    };
    (cells, truth)
}

fn spelled(dice: &mut Dice, number: &str) -> String {
    match dice.roll(6) {
        0 => format!("+91 {number}"),
        1 => format!("0{number}"),
        2 => format!("91{number}"),
        3 => format!("p:+91{number}"),
        4 => format!("{} {}", &number[..5], &number[5..]),
        _ => number.to_owned(),
    }
}

fn check(seed: u64, made: &Made) {
    let mut sheet = match Sheet::from_source(Cursor::new(made.text.clone().into_bytes()), "people.csv") {
        Ok(sheet) => sheet,
        Err(error) => panic!("seed {seed}: {error}\n{}", made.text),
    };
    let mapping = Mapping::guess(&sheet);
    for row in sheet.rows(&mapping, Country::INDIA).unwrap() {
        let row = row.unwrap();
        let context = || format!("seed {seed}, row {}, {mapping:?}\n{}", row.line, made.text);
        let taken = matches!(row.verdict(), Verdict::Good | Verdict::Warned);
        if let PhoneCell::Ok(phone) = &row.person.phone {
            let kind = phone.as_str().as_bytes()[4];
            assert!(
                kind != b'2' && kind != b'3',
                "a number of somebody else or of something else: {}",
                context()
            );
        }
        if !taken {
            continue;
        }
        let Some(truth) = row.person.name.as_ref().and_then(|name| made.people.get(name.as_str())) else {
            panic!("nobody of that name was made: {:?} {}", row.person, context());
        };
        let registered = !matches!(row.person.status.status(), Some(status) if status.word() != "registered");
        if registered {
            assert_eq!(truth.has_place, Some(true), "registered without a place: {}", context());
        }
        if let PhoneCell::Ok(phone) = &row.person.phone
            && !truth.own.is_empty()
        {
            assert!(truth.own.iter().any(|own| own == phone.as_str()), "not their own number: {}", context());
        }
        let agreed = row.person.consent.clone().is_some_and(|agreed| agreed != Agreed::No);
        assert!(!agreed || (truth.agrees && !truth.refuses), "an agreement that nobody gave: {}", context());
        assert!(!truth.refuses || row.person.opted_out, "a refusal was lost: {}", context());
    }
}

#[test]
fn no_random_file_registers_whom_its_status_forbids_or_takes_somebody_elses_number() {
    let titles = Titles::read();
    assert!(TITLES.lines().count() >= 300);
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let from = number("MUNADI_RANDOM_FROM").unwrap_or(0);
    for seed in from..from + number("MUNADI_RANDOM_FILES").unwrap_or(2_000) {
        check(seed, &make(&mut Dice(seed), &titles));
    }
}

#[test]
fn every_real_title_is_read_as_what_stands_below_it() {
    let mut wrong = Vec::new();
    for line in TITLES.lines() {
        let mut parts = line.split('\t');
        let (title, kind) = (parts.next().unwrap(), parts.next().unwrap());
        let cell = |at: usize| match kind {
            "phone" | "phone_buyer" | "phone_other" | "digits" | "reference" => format!("900000000{at}"),
            "email" | "email_buyer" | "email_other" => format!("asha{at}@example.com"),
            "status" => ["paid", "failed", "paid"][at % 3].to_owned(),
            "refund_amount" => ["0.00", "499.00", "0.00"][at % 3].to_owned(),
            "refund_state" => ["", "processed", "null"][at % 3].to_owned(),
            "paid" | "paid_open" | "cancelled" | "optout" | "consent" | "leave" => {
                ["Yes", "No", "Yes"][at % 3].to_owned()
            }
            "country" => "India".to_owned(),
            "registered" => format!("2027-01-0{} 09:30", at + 1),
            "name" | "first" | "last" | "name_buyer" | "name_other" => {
                ["Asha", "Ravi", "Meena"][at % 3].to_owned()
            }
            _ => ["Pune", "Delhi", "Agra"][at % 3].to_owned(),
        };
        let mut text = format!("Source\t{title}\n");
        (0..3).for_each(|at| writeln!(text, "ad {at}\t{}", cell(at)).unwrap());
        let sheet = Sheet::from_source(Cursor::new(text.into_bytes()), "people.tsv").unwrap();
        let mapping = Mapping::guess(&sheet);
        let found: Vec<Field> =
            Field::ALL.into_iter().filter(|field| mapping.all(*field).any(|column| column == 1)).collect();
        let expected: &[Field] = match kind {
            "phone" | "phone_buyer" => &[Field::Phone],
            "email" | "email_buyer" => &[Field::Email],
            "name" | "name_buyer" => &[Field::Name],
            "first" => &[Field::FirstName],
            "last" => &[Field::LastName],
            "status" | "paid" | "paid_open" | "cancelled" | "refund_amount" | "refund_state" => {
                &[Field::Status]
            }
            "optout" | "leave" => &[Field::OptOut],
            "consent" => &[Field::Consent],
            "country" => &[Field::CountryCode],
            "registered" => &[Field::RegisteredAt],
            "reference" => &[Field::Reference],
            _ => &[],
        };
        if found != expected {
            wrong.push(format!("{title} ({kind}): {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
