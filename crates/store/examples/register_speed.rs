//! How fast people are registered: `cargo run --release -p munadi-store --example register_speed -- [sqlite:FILE | postgres://…] [ROWS]`.
//! Give it a database of its own: it makes an organisation and a workshop, and registers ROWS people (default 1,000,000) whose numbers
//! are scattered, in transactions of 20,000; then it does so again, which must add nobody, and asks for a page's numbers.

use std::{error::Error, time::Instant};

use domain::{
    channel::{Category, Channel},
    ids::ImportId,
    name::PersonName,
    phone::{Country, Phone},
    quiet_hours::QuietHours,
    time::{Millis, Zone},
};
use munadi_store::{
    Actor, NewOrganization, NewUser, Store,
    registrants::{NewRegistrant, RegistrantFilter, Which},
    workshops::WorkshopDraft,
};

const ROWS_PER_CALL: usize = 20_000;
const NOW: Millis = Millis(1_791_892_800_000);

fn person(n: usize) -> NewRegistrant {
    // Scatters the numbers over all of +91 6000000000 … 9999999999: 7919 has no factor in common with 4e9.
    let ten = 6_000_000_000 + (n * 2_654_435_769) % 4_000_000_000;
    NewRegistrant {
        name: PersonName::parse(&format!("Person {n}")),
        phone: Phone::parse(&ten.to_string(), Country::INDIA).ok(),
        phone_typed: ten.to_string(),
        ..NewRegistrant::default()
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the numbers are what it is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "sqlite:register_speed.db".to_owned());
    let rows: usize = args.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let store = Store::open(&url).await?;
    let access = store.access();
    let email = format!("{rows}@example.com");
    let user = NewUser { email: email.clone(), name: "Speed".into(), password_hash: None, super_admin: true };
    access.create_user(&user, NOW).await?;
    let (user, _) = access.user_by_email(&email).await?.ok_or("the user was made just now")?;
    let settings = NewOrganization {
        name: "Speed".into(),
        zone: Zone::india(),
        country: Country::INDIA,
        quiet_hours: QuietHours::default(),
    };
    let id = access.create_organization(&settings, &user, NOW).await?;
    let org = store.org(Actor::command_line(id));
    let draft = WorkshopDraft {
        title: "Speed".into(),
        starts_at: NOW,
        ends_at: NOW.plus(1),
        join_link: String::new(),
        tag: None,
    };
    let workshop = org.add_workshop(&draft, NOW).await?;
    for round in ["first", "again"] {
        let (mut new, mut seconds, mut longest) = (0, 0.0_f64, 0.0_f64);
        for start in (0..rows).step_by(ROWS_PER_CALL) {
            let chunk: Vec<_> = (start..(start + ROWS_PER_CALL).min(rows)).map(person).collect();
            let began = Instant::now();
            new += org.add_registrants(workshop, ImportId(id.0), chunk, NOW).await?.new;
            let took = began.elapsed().as_secs_f64();
            seconds += took;
            longest = longest.max(took);
        }
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        let rate = rows as f64 / seconds;
        println!(
            "{round}: {new} new in {seconds:.2} s = {rate:.0} rows/s; longest transaction {longest:.3} s"
        );
    }
    let began = Instant::now();
    let audience = org.audience(workshop, Channel::Sms, Category::Utility).await?;
    println!("summary of {} in {:?}", audience.total, began.elapsed());
    for which in [Which::All, Which::Duplicate, Which::NoPhone, Which::Suppressed, Which::NoName] {
        let began = Instant::now();
        let filter = RegistrantFilter { which, limit: 50, ..RegistrantFilter::default() };
        let found = org.registrants(workshop, &filter).await?.len();
        println!("{which:?}: {found} in {:?}", began.elapsed());
    }
    for text in ["98765", "98765 43210", "Person 99999", "pe", "99999", "nobody at all", "person nobody"] {
        let began = Instant::now();
        let found = org.find_people(text, None, 20).await?.found.len();
        println!("{text:?}: {found} in {:?}", began.elapsed());
    }
    store.close().await;
    Ok(())
}
