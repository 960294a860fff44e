//! Invented people with numbers from +91 90000 00001 on.

use domain::{
    email::Email,
    name::PersonName,
    phone::{Country, Phone},
    time::{MINUTE, Millis},
};
use store::registrants::NewRegistrant;

const FIRST: [&str; 24] = [
    "Ananya",
    "Venkata",
    "राजलक्ष्मी",
    "Farhan",
    "Gurpreet",
    "Thomas",
    "Priya",
    "Mohammed",
    "Asha",
    "Ravi",
    "Kavya",
    "Arjun",
    "Meena",
    "Suresh",
    "Divya",
    "Imran",
    "Lakshmi",
    "Joseph",
    "Neha",
    "Harish",
    "सुनीता",
    "Zoya",
    "Manoj",
    "Ishita",
];
const CAME_FROM: &[&str] = &["Facebook", "Instagram", "YouTube", "", "A friend"];
const LAST: [&str; 17] = [
    "Deshpande",
    "Chintalapati",
    "अय्यर",
    "Qureshi",
    "Ahluwalia",
    "Kurian",
    "Nair",
    "Rahman",
    "Sharma",
    "Reddy",
    "Patil",
    "Banerjee",
    "Menon",
    "Gupta",
    "Fernandes",
    "Siddiqui",
    "Joshi",
];

/// `n` people as a real list has them: some without a number, some with a wrong one, some twice on one number, some nameless.
pub fn sample_people(n: usize, from: usize, now: Millis) -> impl Iterator<Item = NewRegistrant> {
    (from..from + n).map(move |i| {
        let typed = match i % 97 {
            31 => String::new(),
            53 => format!("98{:03}", i % 1000),
            71 => format!("90000 {:05}", i.saturating_sub(1)),
            _ => format!("90000 {:05}", i + 1),
        };
        let name = format!("{} {}", FIRST[i % FIRST.len()], LAST[i % LAST.len()]);
        let email = format!("person{i}@people.example");
        NewRegistrant {
            name: if i % 61 == 17 { None } else { PersonName::parse(&name) },
            email: if i % 13 == 5 { None } else { Email::parse(&email).ok() },
            phone: Phone::parse(&typed, Country::INDIA).ok(),
            phone_typed: typed,
            registered_at: Some(now.plus(-(MINUTE * i64::try_from((i * 7) % 5_000).unwrap_or(0)))),
            status: None,
            came_from: CAME_FROM[i % CAME_FROM.len()].to_owned(),
            ..NewRegistrant::default()
        }
    })
}

/// `n` people who can all be reached, numbers in a row; `n` up to some 900 million.
pub fn crowd(n: usize, now: Millis) -> impl Iterator<Item = NewRegistrant> {
    (0..n).map(move |i| {
        let typed = format!("{}", 9_000_000_000_u64 + i as u64);
        NewRegistrant {
            name: PersonName::parse(FIRST[i % FIRST.len()]),
            email: None,
            phone: Phone::parse(&typed, Country::INDIA).ok(),
            phone_typed: typed,
            registered_at: Some(now),
            ..NewRegistrant::default()
        }
    })
}

/// `n` people of a house that has grown, from the one at `from` on: each with a number of their own, in no order, and an address.
pub fn settled(from: usize, n: usize) -> impl Iterator<Item = NewRegistrant> {
    (from..from + n).map(|i| {
        // Each once: the step and the range have no divisor in common.
        let typed = (8_000_000_000_u64 + i as u64 * 7_368_787 % 999_999_937).to_string();
        let name = format!("{} {}", FIRST[i % FIRST.len()], LAST[i / 7 % LAST.len()]);
        NewRegistrant {
            name: PersonName::parse(&name),
            email: Email::parse(&format!("person{i}@people.example")).ok(),
            phone: Phone::parse(&typed, Country::INDIA).ok(),
            phone_typed: typed,
            ..NewRegistrant::default()
        }
    })
}
