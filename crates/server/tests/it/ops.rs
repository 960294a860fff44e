//! What an operator does from the command line: back up, restore, rotate the key, check, run as a worker, run the
//! stand-ins.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use domain::{
    broadcast::Audience,
    channel::{Category, Channel},
    ids::{ImportId, IntegrationId, OrganizationId, WorkshopId},
    money::Money,
    name::PersonName,
    pace::Pace,
    phone::{Country, Phone},
    quiet_hours::QuietHours,
    sending_hours::SendingHours,
    time::{HOUR, ManualClock, Millis, SECOND, Zone},
};
use munadi::{
    accounts::seal_binding,
    app::App,
    commands::{
        backup,
        doctor::{self, Level},
        new_keys,
        restore::restore,
        rotate_key::{Rotation, rotate},
    },
    config::Config,
    seal::KeyRing,
    secrets,
};
use serde_json::{Value, json};
use store::{
    Actor, NewOrganization, NewUser, Org, Store, broadcasts::NewBroadcast, integrations::NewIntegration,
    registrants::NewRegistrant, suppressions::NewSuppression, testing::TestStore, workshops::WorkshopDraft,
};
use tokio::sync::watch;

/// 2026-10-13T08:00:00Z.
pub(crate) const NOW: Millis = Millis(1_791_878_400_000);
/// People registered in one transaction.
const BATCH: i64 = 10;

/// An installation with keys on the disk, one organisation and a workshop.
pub(crate) struct Installation {
    pub(crate) app: App,
    pub(crate) org: Org,
    organization: OrganizationId,
    pub(crate) workshop: WorkshopId,
}

impl Installation {
    pub(crate) async fn new(db: &TestStore) -> Installation {
        // The folder has the rights that the program would have given it.
        fs::set_permissions(db.folder(), fs::Permissions::from_mode(0o700)).unwrap();
        let mut config = Config::in_folder(db.folder()).unwrap();
        config.database = db.url.clone();
        let app = App::open(config, Arc::new(ManualClock::at(NOW))).await.unwrap();
        let access = app.store.access();
        let host = NewUser {
            email: "host@udaan.example".to_owned(),
            name: "Host".to_owned(),
            password_hash: None,
            super_admin: true,
        };
        access.create_user(&host, NOW).await.unwrap();
        let (host, _) = access.user_by_email("host@udaan.example").await.unwrap().unwrap();
        let organization = access
            .create_organization(
                &NewOrganization {
                    name: "Udaan Academy".to_owned(),
                    zone: Zone::india(),
                    country: Country::INDIA,
                    quiet_hours: QuietHours::default(),
                },
                &host,
                NOW,
            )
            .await
            .unwrap();
        let org = app.store.org(Actor::command_line(organization));
        let draft = WorkshopDraft {
            title: "Rust for Beginners".to_owned(),
            starts_at: NOW.plus(6 * HOUR),
            ends_at: NOW.plus(8 * HOUR),
            join_link: "https://meet.example/rust".to_owned(),
            tag: None,
        };
        let workshop = org.add_workshop(&draft, NOW).await.unwrap();
        Installation { app, org, organization, workshop }
    }

    /// Connects an account with the key `secret`.
    pub(crate) async fn connect(&self, secret: &str) -> IntegrationId {
        let id = IntegrationId::new(NOW);
        let keys = KeyRing::open(&self.app.config.key_file).unwrap();
        let account = NewIntegration {
            id,
            kind: "aisensy".to_owned(),
            name: secret.to_owned(),
            settings: json!({}),
            sealed: keys.seal(secret, &seal_binding(self.organization, id)),
            hints: json!({}),
            callback_key: keys.callback_key(id),
            pace: Pace { per_second: 10, per_day: 0 },
        };
        self.org.add_integration(account, NOW).await.unwrap();
        id
    }

    /// Registers the `batch`-th ten people, in one transaction.
    pub(crate) async fn register(&self, batch: i64) {
        let people = (batch * BATCH..(batch + 1) * BATCH).map(|n| {
            let phone = format!("+9190000{n:05}");
            NewRegistrant {
                name: PersonName::parse(&format!("Person{n} Test")),
                email: None,
                phone: Phone::parse(&phone, Country::INDIA).ok(),
                phone_typed: phone,
                registered_at: Some(NOW),
                status: None,
                ..NewRegistrant::default()
            }
        });
        self.org.add_registrants(self.workshop, ImportId::new(NOW), people.collect(), NOW).await.unwrap();
    }

    /// The secrets that the key file opens now, by the names of the accounts.
    async fn secrets(&self) -> Vec<(String, String)> {
        let keys = KeyRing::open(&self.app.config.key_file).unwrap();
        let mut opened = Vec::new();
        for account in self.org.integrations().await.unwrap() {
            let binding = seal_binding(self.organization, account.id);
            opened.push((account.name, keys.open_sealed(&account.sealed, &binding).unwrap()));
        }
        opened
    }
}

fn level(report: &doctor::Report, about: &str) -> Option<Level> {
    report.findings().iter().filter(|finding| finding.about == about).map(|finding| finding.level).max()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_people_register_is_whole_and_opens_elsewhere() {
    let db = store::testing::sqlite().await;
    let here = Arc::new(Installation::new(&db).await);
    here.connect("first key").await;
    fs::create_dir_all(db.folder().join("imports/2026")).unwrap();
    fs::write(db.folder().join("imports/2026/people.csv"), "name,phone\n").unwrap();

    let (tell, mut done) = watch::channel(0_i64);
    let writer = tokio::spawn({
        let here = here.clone();
        async move {
            // The batches go on until the other side no longer listens.
            let mut batch = 0;
            while tell.send(batch).is_ok() {
                here.register(batch).await;
                batch += 1;
            }
        }
    });
    done.wait_for(|batches| *batches >= 2).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("one.tar");
    let about = backup::write(&here.app, &file).await.unwrap();
    let then = *done.borrow();
    done.wait_for(|batches| *batches > then).await.unwrap();
    drop(done);
    writer.await.unwrap();

    assert!(about.rows["registrants"] >= 2 * BATCH);
    assert_eq!(about.rows["registrants"] % BATCH, 0, "no half transaction is in a backup");
    assert_eq!(about.rows["registrants"], about.rows["leads"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it holds the keys");
    let refused = backup::write(&here.app, &file).await.unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");

    let there = Config::in_folder(&elsewhere.path().join("data")).unwrap();
    let restored = restore(&there, &file, false, NOW).await.unwrap();
    assert_eq!((restored.accounts, restored.unopened), (1, 0));
    assert_eq!(restored.about, about);
    let found = store::inspect(&there.database, store::Depth::Full).await.unwrap();
    assert_eq!(found.rows["registrants"], about.rows["registrants"]);
    let app = App::open(there, Arc::new(ManualClock::at(NOW))).await.unwrap();
    let accounts = app.store.org(Actor::command_line(here.organization)).integrations().await.unwrap();
    let binding = seal_binding(here.organization, accounts[0].id);
    assert_eq!(app.keys.open_sealed(&accounts[0].sealed, &binding).as_deref(), Ok("first key"));
    assert_eq!(
        fs::read_to_string(app.config.data.join("imports/2026/people.csv")).unwrap(),
        "name,phone\n",
        "uploads come along"
    );
    app.store.close().await;
}

store::on_both! {
    async fn what_is_restored_does_not_go_on_sending_by_itself(db: TestStore) {
        let here = Installation::new(db).await;
        let (idle, busy) = (here.connect("idle").await, here.connect("busy").await);
        here.register(0).await;
        let broadcast = NewBroadcast {
            integration: busy,
            workshop: here.workshop,
            channel: Channel::WhatsappPersonal,
            title: "Reminder".to_owned(),
            template_id: None,
            template: json!({}),
            category: Category::Utility,
            audience: Audience::Registered,
            telling: store::broadcasts::Telling::default(),
            starts_at: NOW,
            deadline: NOW.plus(HOUR),
            hours: SendingHours::any(),
            unit_price: Money(1_450),
        };
        here.org.confirm_broadcast(broadcast, NOW).await.unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("one.tar");
        backup::write(&here.app, &file).await.unwrap();

        let mut there = Config::in_folder(&elsewhere.path().join("data")).unwrap();
        if here.app.store.is_shared() {
            let refused = restore(&there, &file, false, NOW).await.unwrap_err().to_string();
            assert!(refused.contains("pg_restore"), "{refused}");
            there.database = db.url.clone();
        }
        let restored = restore(&there, &file, false, NOW).await.unwrap();
        assert_eq!((restored.accounts, restored.stopped), (2, 1));
        let app = App::open(there, Arc::new(ManualClock::at(NOW))).await.unwrap();
        let org = app.store.org(Actor::command_line(here.organization));
        assert_eq!(org.integration(busy).await.unwrap().stopped_at, Some(NOW));
        assert_eq!(org.integration(idle).await.unwrap().stopped_at, None);
        app.store.close().await;
    }
}

#[tokio::test]
async fn a_restore_touches_nothing_unless_it_is_told_to_and_then_keeps_what_was_there() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    here.connect("first key").await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("one.tar");
    backup::write(&here.app, &file).await.unwrap();

    let there = Config::in_folder(&elsewhere.path().join("data")).unwrap();
    let app = App::open(there.clone(), Arc::new(ManualClock::at(NOW))).await.unwrap();
    let keys_before = fs::read_to_string(&there.key_file).unwrap();
    let refused = restore(&there, &file, false, NOW).await.unwrap_err().to_string();
    assert!(refused.contains("--force"), "{refused}");
    assert_eq!(fs::read_to_string(&there.key_file).unwrap(), keys_before);

    let lock = app.lock_sending().unwrap();
    let refused = restore(&there, &file, true, NOW).await.unwrap_err().to_string();
    assert!(refused.contains("stop it first"), "{refused}");
    drop(lock);
    app.store.close().await;

    let cut = elsewhere.path().join("cut.tar");
    let whole = fs::read(&file).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert!(restore(&there, &cut, true, NOW).await.is_err(), "half an archive is no backup");
    assert_eq!(fs::read_to_string(&there.key_file).unwrap(), keys_before, "and nothing was touched for it");

    let restored = restore(&there, &file, true, NOW).await.unwrap();
    let aside = restored.aside.unwrap();
    assert_eq!(fs::read_to_string(aside.join("munadi.key")).unwrap(), keys_before);
    assert!(aside.join("munadi.db").exists());
    assert_eq!(
        fs::read_to_string(&there.key_file).unwrap(),
        fs::read_to_string(&here.app.config.key_file).unwrap()
    );
}

/// A copy of an archive with one file more in it.
fn with_one_more(archive: &Path, name: &str, bytes: &[u8], to: &Path) {
    let mut out = tar::Builder::new(fs::File::create(to).unwrap());
    let mut add = |name: &Path, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        out.append_data(&mut header, name, bytes).unwrap();
    };
    for entry in tar::Archive::new(fs::File::open(archive).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = vec![];
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        let name = entry.path().unwrap().into_owned();
        add(&name, &bytes);
    }
    add(Path::new(name), bytes);
    out.finish().unwrap();
}

#[tokio::test]
async fn an_archive_puts_no_other_keys_and_no_other_database_in_place() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("one.tar");
    backup::write(&here.app, &file).await.unwrap();
    let there = Config::in_folder(&elsewhere.path().join("data")).unwrap();
    let more = elsewhere.path().join("more.tar");
    for name in ["files/munadi.key", "files/munadi.db", "files/sending.lock", "munadi.toml"] {
        with_one_more(&file, name, b"somebody else's", &more);
        let refused = restore(&there, &more, false, NOW).await.unwrap_err().to_string();
        assert!(refused.contains(name) && refused.contains("does not belong"), "{refused}");
        assert!(!there.key_file.exists(), "nothing is put in place");
    }
    // The same copy with a file that belongs there is accepted: the name was refused.
    with_one_more(&file, "files/imports/people.csv", b"Name,Phone", &more);
    restore(&there, &more, false, NOW).await.unwrap();
    let keys = |config: &Config| fs::read_to_string(&config.key_file).unwrap();
    assert_eq!(keys(&there), keys(&here.app.config));
}

#[tokio::test]
async fn a_changed_row_in_an_archive_is_noticed() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("one.tar");
    backup::write(&here.app, &file).await.unwrap();
    let whole = fs::read(&file).unwrap();
    let text = br#""organizations": 1"#;
    let at = whole.windows(text.len()).position(|part| part == text).expect("the archive says its counts");
    let mut changed = whole.clone();
    changed[at + text.len() - 1] = b'2';
    fs::write(&file, changed).unwrap();
    let there = Config::in_folder(&elsewhere.path().join("data")).unwrap();
    let refused = restore(&there, &file, false, NOW).await.unwrap_err().to_string();
    assert!(refused.contains("does not hold what the archive says"), "{refused}");
    assert!(!there.key_file.exists());
}

store::on_both! {
    async fn a_rotation_seals_every_account_anew_and_the_old_keys_go(db: TestStore) {
        let here = Installation::new(db).await;
        for secret in ["one", "two", "three"] {
            here.connect(secret).await;
        }
        let first = KeyRing::open(&here.app.config.key_file).unwrap();
        let before = here.secrets().await;
        for _ in 0..2 {
            let done = rotate(&here.app).await.unwrap();
            assert_eq!((done.resumed, done.resealed), (false, 3));
            assert_eq!(here.secrets().await, before);
        }
        let now = KeyRing::open(&here.app.config.key_file).unwrap();
        assert!(!secrets::any_under_an_older_key(&here.app.store, &now).await.unwrap());
        assert_eq!(now.phone_key(), first.phone_key(), "who opted out must still be found");
        let lines = fs::read_to_string(&here.app.config.key_file).unwrap();
        assert_eq!(lines.lines().filter(|line| !line.starts_with('#')).count(), 2, "the newest and the first");
        assert!(!secrets::try_all(&here.app.store, &first).await.unwrap().unopened.is_empty());
    }

    async fn a_rotation_that_was_cut_off_is_ended_by_the_next_one(db: TestStore) {
        let here = Installation::new(db).await;
        for secret in ["one", "two", "three"] {
            here.connect(secret).await;
        }
        let before = here.secrets().await;
        // The new key is written and one account is sealed with it when the power fails.
        let ring = KeyRing::open(&here.app.config.key_file).unwrap().rotated();
        ring.replace(&here.app.config.key_file).unwrap();
        let account = here.app.store.sealed_secrets().await.unwrap().remove(1);
        let binding = seal_binding(account.organization, account.id);
        let plain = ring.open_sealed(&account.sealed, &binding).unwrap();
        here.app.store.reseal(account.id, &account.sealed, &ring.seal(&plain, &binding)).await.unwrap();
        assert_eq!(here.secrets().await, before, "every account opens in the middle of a rotation");

        let done = rotate(&here.app).await.unwrap();
        assert_eq!(done, Rotation { resumed: true, resealed: 2, newest: ring.newest().to_owned() });
        assert_eq!(here.secrets().await, before);
    }

    async fn a_rotation_waits_until_nothing_runs(db: TestStore) {
        let here = Installation::new(db).await;
        here.connect("one").await;
        let keys = fs::read_to_string(&here.app.config.key_file).unwrap();
        let work = here.app.engine.work();
        work.register("other machine", NOW, NOW.plus(15 * SECOND)).await.unwrap();
        let lock = if here.app.store.is_shared() { None } else { Some(here.app.lock_sending().unwrap()) };
        let refused = format!("{:#}", rotate(&here.app).await.unwrap_err());
        assert!(refused.contains("stop"), "{refused}");
        assert_eq!(fs::read_to_string(&here.app.config.key_file).unwrap(), keys);
        drop(lock);
        work.retire().await.unwrap();
        rotate(&here.app).await.unwrap();
    }

    async fn a_database_is_opened_only_with_its_own_keys(db: TestStore) {
        let here = Installation::new(db).await;
        let clock = Arc::new(ManualClock::at(NOW));
        let (own, file) = (here.app.config.clone(), here.app.config.key_file.clone());
        let keys = fs::read(&file).unwrap();
        // Nothing depends on the keys yet, so a new one is as good.
        fs::remove_file(&file).unwrap();
        App::open(own.clone(), clock.clone()).await.unwrap();
        fs::write(&file, &keys).unwrap();
        here.connect("one").await;
        here.connect("two").await;

        // A second machine: the same database, and no key file.
        let second = tempfile::tempdir().unwrap();
        fs::set_permissions(second.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let mut config = Config::in_folder(second.path()).unwrap();
        config.database = db.url.clone();
        let refused = |config: Config| {
            let clock = clock.clone();
            async move { format!("{:#}", App::open(config, clock).await.map(drop).unwrap_err()) }
        };
        let words = refused(config.clone()).await;
        assert!(words.contains("copy it from the machine that was set up first"), "{words}");
        assert!(!config.key_file.exists(), "no key is made up");
        // Another machine has a key file of its own.
        KeyRing::open(&config.key_file).unwrap();
        let words = refused(config.clone()).await;
        assert!(words.contains("2 of 2 accounts do not open"), "{words}");

        // A damaged account fails alone, and the pages on which it can be entered again open.
        let account = here.app.store.sealed_secrets().await.unwrap().remove(0);
        let damaged = account.sealed.replace(|c: char| c.is_ascii_uppercase(), "Q");
        here.app.store.reseal(account.id, &account.sealed, &damaged).await.unwrap();
        App::open(own, clock.clone()).await.unwrap();
        fs::write(&config.key_file, &keys).unwrap();
        App::open(config, clock.clone()).await.unwrap();
    }

    async fn the_doctor_finds_a_good_installation_good_and_says_what_is_wrong_with_a_bad_one(db: TestStore) {
        let here = Installation::new(db).await;
        here.connect("one").await;
        let config = &here.app.config;
        let clock = domain::time::WallClock;
        let report = doctor::examine(config, &clock).await;
        assert!(report.worst() < Level::Fail, "{report:?}");
        for about in ["settings", "data folder", "key file", "database", "sums", "accounts", "receipts"] {
            assert_eq!(level(&report, about), Some(Level::Ok), "{about}: {report:?}");
        }
        assert_eq!(level(&report, "workers"), Some(Level::Warn), "nothing sends here: {report:?}");
        let shared = here.app.store.is_shared().then_some(Level::Ok);
        for about in ["notifications", "row-level security"] {
            assert_eq!(level(&report, about), shared, "{about}: {report:?}");
        }

        let quick = doctor::look(config, &clock, store::Depth::Quick, &|_| {}).await;
        for about in ["test write", "database", "sums", "accounts"] {
            assert_eq!(level(&quick, about), Some(Level::Ok), "{about}: {quick:?}");
        }

        let keys = fs::read_to_string(&config.key_file).unwrap();
        fs::remove_file(&config.key_file).unwrap();
        let report = doctor::examine(config, &clock).await;
        assert_eq!(level(&report, "key file"), Some(Level::Fail), "{report:?}");
        assert!(!config.key_file.exists(), "a doctor creates nothing");
        KeyRing::generate().replace(&config.key_file).unwrap();
        let report = doctor::examine(config, &clock).await;
        assert_eq!(level(&report, "accounts"), Some(Level::Fail), "a foreign key opens nothing: {report:?}");
        fs::write(&config.key_file, keys).unwrap();
        fs::set_permissions(&config.data, fs::Permissions::from_mode(0o777)).unwrap();
        let report = doctor::examine(config, &clock).await;
        assert_eq!(level(&report, "data folder"), Some(Level::Fail), "{report:?}");
        fs::set_permissions(&config.data, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(doctor::examine(config, &clock).await.worst() < Level::Fail);
    }
}

#[tokio::test]
async fn the_doctor_notices_a_damaged_database() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    for batch in 0..20 {
        here.register(batch).await;
    }
    here.app.store.close().await;
    db.store.close().await;
    let file = db.folder().join("munadi.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 8_192] {
        *byte = 0xA5;
    }
    fs::write(&file, bytes).unwrap();
    let report = doctor::examine(&here.app.config, &domain::time::WallClock).await;
    assert_eq!(level(&report, "database"), Some(Level::Fail), "{report:?}");
}

/// The program as a process of its own, without the settings of whoever runs the tests.
fn munadi(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_munadi"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUNADI_") {
            command.env_remove(name);
        }
    }
    command.current_dir(data).arg("--data").arg(data).stdin(Stdio::null());
    command
}

fn terminate(child: &mut Child) {
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "it stops in good order");
}

/// Reads lines until one holds `words`; panics at the end of the stream.
fn read_until(from: impl Read, words: &str) -> String {
    let mut seen = Vec::new();
    for line in BufReader::new(from).lines() {
        let line = line.unwrap();
        if line.contains(words) {
            return line;
        }
        seen.push(line);
    }
    panic!("“{words}” was never said, but: {seen:?}");
}

#[tokio::test]
async fn a_worker_stops_on_a_signal_and_shares_no_sqlite_database() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    let mut worker = munadi(db.folder()).arg("work").stderr(Stdio::piped()).spawn().unwrap();
    read_until(worker.stderr.as_mut().unwrap(), "Munadi works");
    let workers = here.app.engine.work().workers().await.unwrap();
    assert!(workers.len() == 1 && workers[0].name.contains("work"), "{workers:?}");

    let second = munadi(db.folder()).arg("work").output().unwrap();
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && words.contains("SQLite serves one process"), "{words}");

    terminate(&mut worker);
    assert!(here.app.engine.work().workers().await.unwrap().is_empty(), "it left the list of workers");
}

#[tokio::test]
async fn workers_share_a_postgresql_database_and_refuse_to_start_without_its_keys() {
    let Some(db) = store::testing::postgres().await else { return };
    let here = Installation::new(&db).await;
    here.connect("one").await;
    let start = || {
        let mut command = munadi(db.folder());
        command.args(["work", "--database", &db.url]).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (mut one, mut two) = (start(), start());
    for worker in [&mut one, &mut two] {
        read_until(worker.stderr.as_mut().unwrap(), "Munadi works");
    }
    assert_eq!(here.app.engine.work().workers().await.unwrap().len(), 2);
    terminate(&mut one);
    terminate(&mut two);

    let empty = tempfile::tempdir().unwrap();
    let keyless = munadi(empty.path()).args(["work", "--database", &db.url]).output().unwrap();
    let words = String::from_utf8_lossy(&keyless.stderr).into_owned();
    assert!(!keyless.status.success() && words.contains("copy it from the machine"), "{words}");
    assert!(!empty.path().join("munadi.key").exists(), "no key is made up");
    KeyRing::open(&empty.path().join("munadi.key")).unwrap();
    let foreign = munadi(empty.path()).args(["work", "--database", &db.url]).output().unwrap();
    let words = String::from_utf8_lossy(&foreign.stderr).into_owned();
    assert!(!foreign.status.success() && words.contains("1 of 1 accounts do not open"), "{words}");
    db.remove().await;
}

#[tokio::test]
async fn the_doctor_ends_with_1_when_something_failed() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    here.app.store.close().await;
    let good = munadi(db.folder()).args(["doctor", "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert!(good.status.success(), "{said}");
    fs::remove_file(db.folder().join("munadi.key")).unwrap();
    let bad = munadi(db.folder()).args(["doctor", "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!((bad.status.code(), said["worst"].as_str()), (Some(1), Some("fail")), "{said}");
}

#[test]
fn the_stand_in_says_where_it_is_and_answers_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut sandbox = munadi(folder.path())
        .args(["sandbox", "--port", "0", "--json", "--any-campaign", "--faults", "lifelike"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = read_until(sandbox.stdout.as_mut().unwrap(), "aisensy_url");
    let said: Value = serde_json::from_str(&line).unwrap();
    let control = said["control"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (address, path) = control.split_once('/').unwrap();
    let mut line = TcpStream::connect(address).unwrap();
    write!(line, "GET /{path}/faults HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"latency_ms\":40"), "lifelike: {answer}");
    terminate(&mut sandbox);
    assert!(!folder.path().join("munadi.db").exists(), "a stand-in needs no database");
}

#[tokio::test]
async fn a_restored_database_is_brought_up_to_date_by_opening_it() {
    let db = store::testing::sqlite().await;
    let here = Installation::new(&db).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("one.tar");
    backup::write(&here.app, &file).await.unwrap();
    let there = Config::in_folder(&elsewhere.path().join("data")).unwrap();
    restore(&there, &file, false, NOW).await.unwrap();
    let store = Store::open(&there.database).await.unwrap();
    assert!(store.access().has_users().await.unwrap());
    store.close().await;
    let found = store::inspect(&there.database, store::Depth::Full).await.unwrap();
    assert_eq!((found.schema, found.broken), (found.known, vec![]));
}

store::on_both! {
    async fn new_keys_give_up_only_what_the_old_ones_opened_and_count_it(db: TestStore) {
        let here = Installation::new(db).await;
        let account = here.connect("first key").await;
        let config = here.app.config.clone();
        let refused = new_keys::ask(&config).await.unwrap_err().to_string();
        assert!(refused.contains("it is not lost") && refused.contains("rotate-key"), "{refused}");

        let old = here.app.phone_key.clone();
        let entry = |phone: &str| NewSuppression {
            phone_key: old.of(phone), phone: Phone::parse(phone, Country::INDIA).unwrap(), channel: None, category: None, reason: "asked".into(),
        };
        let (known, erased) = ("+919000000041", "+919000000042");
        here.org.suppress_all(vec![entry(known), entry(erased)], None, NOW).await.unwrap();
        here.org.forget_number(&Phone::parse(erased, Country::INDIA).unwrap(), &old, NOW).await.unwrap();

        // The file is lost: another machine's file lies there instead.
        let foreign = "0badc0de 00000000000000000000000000000000000000000000000000000000000000ff\n";
        fs::write(&config.key_file, foreign).unwrap();
        let refused = App::open(config.clone(), Arc::new(ManualClock::at(NOW))).await.err().unwrap().to_string();
        assert!(refused.contains("munadi new-keys"), "{refused}");
        assert_eq!(new_keys::ask(&config).await.unwrap(), [account], "asking changes nothing");
        assert_eq!(fs::read_to_string(&config.key_file).unwrap(), foreign);

        let loss = new_keys::accept(config.clone(), Arc::new(ManualClock::at(NOW))).await.unwrap();
        assert_eq!((loss.accounts, loss.numbers.anew, loss.numbers.opt_outs_lost, loss.numbers.agreements_lost), (1, 1, 1, 0));
        assert_eq!(fs::read_to_string(loss.old_file.unwrap()).unwrap(), foreign, "kept beside");
        assert_eq!(fs::metadata(&config.key_file).unwrap().permissions().mode() & 0o777, 0o600);

        let app = App::open(config, Arc::new(ManualClock::at(NOW))).await.unwrap();
        let org = app.store.org(Actor::command_line(here.organization));
        let found = org.integration(account).await.unwrap();
        assert_eq!((found.sealed.as_str(), found.secrets_set_by.as_str()), ("", "new keys"));
        let work = app.engine.work();
        let organization = here.organization;
        let suppressed = async |phone: &str| {
            let keys = vec![app.phone_key.of(phone)];
            work.audience_reader(organization).suppressed(Channel::Sms, Category::Utility, keys).await.unwrap().len()
        };
        assert_eq!((suppressed(known).await, suppressed(erased).await), (1, 0));
        app.store.close().await;
    }

    async fn new_keys_wait_until_nothing_else_runs(db: TestStore) {
        let here = Installation::new(db).await;
        here.connect("first key").await;
        let config = here.app.config.clone();
        fs::remove_file(&config.key_file).unwrap();
        let _running = match here.app.store.is_shared() {
            true => {
                here.app.engine.work().register("serve", NOW, NOW.plus(HOUR)).await.unwrap();
                None
            }
            false => Some(here.app.lock_sending().unwrap()),
        };
        let refused = new_keys::accept(config.clone(), Arc::new(ManualClock::at(NOW))).await.unwrap_err().to_string();
        assert!(refused.contains("stop"), "{refused}");
        assert!(!config.key_file.exists(), "nothing was written");
    }
}

#[tokio::test]
async fn what_the_program_writes_is_for_its_own_user_whatever_the_umask_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let database = elsewhere.path().join("other.db");
    let start = || {
        let mut child = munadi(folder.path())
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database",
                &format!("sqlite:{}", database.display()),
            ])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let line = read_until(child.stderr.as_mut().unwrap(), "Munadi listens");
        (child, line)
    };
    let open_to_others = || {
        let files = [folder.path(), elsewhere.path()].map(|path| fs::read_dir(path).unwrap());
        let files = files.into_iter().flatten().map(|entry| entry.unwrap());
        let modes =
            files.map(|entry| (entry.file_name(), entry.metadata().unwrap().permissions().mode() & 0o077));
        modes.filter(|(_, mode)| *mode != 0).collect::<Vec<_>>()
    };
    let (mut child, _) = start();
    let log = elsewhere.path().join("other.db-wal");
    assert!(log.exists() && database.exists(), "needs a database and its log");
    assert_eq!(open_to_others(), [], "made for this user alone");
    terminate(&mut child);
    // An earlier version left the folder like this.
    fs::create_dir_all(folder.path().join("imports")).unwrap();
    for path in [&database, &folder.path().join("imports")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (mut child, _) = start();
    assert_eq!(open_to_others(), [], "taken back");
    terminate(&mut child);
}

/// Only root can leave a file that the service cannot write. Elsewhere the test checks nothing.
#[tokio::test]
async fn what_root_leaves_in_the_data_folder_belongs_to_the_folder_s_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    chown(folder.path(), Some(12_345), Some(12_345)).unwrap();
    let mut child = munadi(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    read_until(child.stderr.as_mut().unwrap(), "Munadi listens");
    let made = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    let owners: Vec<_> = made.map(|entry| (entry.file_name(), entry.metadata().unwrap().uid())).collect();
    assert!(owners.len() >= 3, "{owners:?}");
    fs::create_dir_all(folder.path().join("imports/one")).unwrap();
    terminate(&mut child);
    let imports = fs::metadata(folder.path().join("imports/one")).unwrap();
    assert_eq!(imports.uid(), 12_345, "also what a command made before it ended");
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().uid(), 12_345, "{:?}", entry.file_name());
    }
}
