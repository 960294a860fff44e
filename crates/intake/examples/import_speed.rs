//! How fast a million people are read from a CSV file, and in how much memory:
//! `cargo run --release --package munadi-intake --example import_speed [rows]`.

#![expect(clippy::print_stdout, reason = "a measurement for whoever runs it")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::time::Instant;

use domain::phone::Country;
use munadi_intake::read::{Mapping, Sheet, Verdict};

fn main() -> Result<(), Box<dyn Error>> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("people.csv");
    write_people(rows, BufWriter::new(File::create(&path)?))?;
    let mb = fs::metadata(&path)?.len() / 1_000_000;
    println!("{rows} rows, {mb} MB; peak memory before reading {}", peak_memory());

    let start = Instant::now();
    let mut sheet = Sheet::open(&path, "people.csv")?;
    let opened = start.elapsed();
    let mapping = Mapping::guess(&sheet);
    let (mut good, mut bad) = (0_u64, 0_u64);
    for row in sheet.rows(&mapping, Country::INDIA)? {
        match row?.verdict() {
            Verdict::Good | Verdict::Warned => good += 1,
            Verdict::Bad | Verdict::LeftOut | Verdict::Unknown | Verdict::NoStatus => bad += 1,
        }
    }
    let took = start.elapsed();
    let per_second = rows as f64 / took.as_secs_f64();
    println!("opened in {} ms, read in {} ms: {per_second:.0} rows/s", opened.as_millis(), took.as_millis());
    println!("{good} good, {bad} bad; peak memory {}", peak_memory());
    Ok(())
}

/// Most rows are plain, some are as people write them, one in a hundred is wrong.
fn write_people(rows: u64, mut to: impl Write) -> std::io::Result<()> {
    writeln!(to, "Name,Email Address,WhatsApp Number,City,Registration Date,Status")?;
    for at in 0..rows {
        let number = 9_000_000_000 + at * 7 % 999_999_999;
        let phone = match at % 100 {
            0 => "9.81E+09".to_owned(),
            1..=9 => format!("+91 {} {}", number / 100_000, number % 100_000),
            10..=19 => format!("91{number}"),
            _ => number.to_string(),
        };
        writeln!(to, "Asha Rao {at},asha{at}@example.com,{phone},\"Pune, MH\",2026-10-12 19:00,Registered")?;
    }
    to.flush()
}

/// The most memory this process ever held, where the system tells (Linux).
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |size| size.trim().to_owned())
}
