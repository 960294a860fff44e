//! A file of people: looked through, and registered.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::{
    ids::{ImportId, WorkshopId},
    phone::Country,
    time::{HOUR, Millis, Zone},
};
use intake::{Importer, read::Mapping};
use store::{Org, registrants::RegistrantFilter};

use super::{Board, seconds};
use crate::{app::App, rehearsal::Stage};

const NAME: &str = "bench.csv";
/// How often it is looked whether the index is made.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn run(app: &App, stage: &Stage, rows: usize, board: &mut Board) -> anyhow::Result<()> {
    let (org, now) = (&stage.org, app.clock.now());
    let workshop = stage.workshop("Import", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
    let importer = Importer {
        org: org.clone(),
        clock: app.clock.clone(),
        home: Country::INDIA,
        zone: Zone::india(),
        file: app.config.data.join(NAME),
        phone_key: app.phone_key.clone(),
    };
    write(&importer.file, rows)?;
    let mapping = Mapping::guess(&importer.open(NAME).await?);
    let id = ImportId::new(now);
    org.add_import(id, workshop, NAME, NAME, now).await?;
    let start = Instant::now();
    let look = importer.check(&org.import(id).await?, &mapping, |_| {}).await?;
    ensure!(look.ready == rows as u64, "{} of {rows} rows are ready", look.ready);
    board.note("import, looking through the file", rows as f64 / seconds(start), "rows/s", None)?;
    // With the engine's loops, as in the program: they make the index of people behind the import.
    let running = app.start_sending("bench").await?;
    let start = Instant::now();
    let done = importer.commit(&org.import(id).await?, |_| {}).await?;
    ensure!(done.new == rows as u64, "{} of {rows} people are registered", done.new);
    let bar = (!app.store.is_shared()).then_some(('≥', 60_000.0));
    board.note(
        "import, from the file to people who can be found",
        rows as f64 / seconds(start),
        "rows/s",
        bar,
    )?;
    let left = org.behind_index(i64::MAX).await?;
    board.remark(format_args!(
        "{left} of them have no entry in the index yet: they are found by a walk over them"
    ))?;
    let miss = Instant::now();
    ensure!(org.find_people("zzqx", None, 50).await?.found.is_empty(), "nobody is called zzqx");
    board.note("import, a search that finds nobody right behind it", seconds(miss) * 1_000.0, "ms", None)?;
    while org.behind_index(1).await? > 0 {
        tokio::time::sleep(LOOK).await;
    }
    board.note("import, to the last entry in the index", rows as f64 / seconds(start), "rows/s", None)?;
    taken_back(org, id, workshop, app.clock.now(), board).await?;
    running.stop().await;
    std::fs::remove_file(&importer.file)?;
    Ok(())
}

/// Takes the import back: from the request until a list, a search and a count that are asked meanwhile show nobody of it.
async fn taken_back(
    org: &Org,
    id: ImportId,
    workshop: WorkshopId,
    now: Millis,
    board: &mut Board,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let undoing = tokio::spawn({
        let org = org.clone();
        async move { org.undo_import(id, now, |_| {}).await }
    });
    let one = RegistrantFilter { limit: 1, ..RegistrantFilter::default() };
    loop {
        let is_listed = !org.registrants(workshop, &one).await?.is_empty();
        let is_found = !org.find_people("person", None, 1).await?.found.is_empty();
        if !is_listed && !is_found && org.workshop(workshop).await?.registrants == 0 {
            break;
        }
        ensure!(seconds(start) < 60.0, "the import is still seen after a minute");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    board.note(
        "import, taken back: gone for every reader after",
        seconds(start) * 1_000.0,
        "ms",
        Some(('≤', 1_000.0)),
    )?;
    undoing.await??;
    board.note("import, taken back: the request answered after", seconds(start) * 1_000.0, "ms", None)
}

/// People whom nobody has registered before, in no order of their numbers, as a file of registrations is.
fn write(file: &Path, rows: usize) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "Full name,Mobile,E-mail,City")?;
    for i in 0..rows {
        // Each once: the step and the range have no divisor in common.
        let number = 8_000_000_000_u64 + i as u64 * 7_368_787 % 999_999_937;
        writeln!(out, "Person {i},+91 {number},person{i}@people.example,Pune")?;
    }
    out.flush()
}
