//! The real program on a disk that fills while it sends, receives and imports, and that has room again later.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    broadcast::BroadcastStatus,
    ids::{BroadcastId, WorkshopId},
    pace::Pace,
    time::{Clock, HOUR, WallClock},
};
use munadi::{
    app::App,
    commands::demo::{self, stand_in},
    config::Config,
    rehearsal::{Stage, crowd, templates},
};
use sandbox::Sandbox;
use serde_json::Value;
use store::messages::MessageFilter;

/// Enough for a start and some thousand messages.
const DISK: &str = "size=48m";
/// The number of people who are told.
const PEOPLE: usize = 3_000;
/// The people who are imported into another workshop meanwhile: more than fit into the space that a database keeps
/// for itself.
const IMPORTED: usize = 8_000;
/// Longest wait for anything here; a loaded machine needs some of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A small file system of the test's own; gone when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts the disk; `None`, with a line that says so, where mounting is not allowed.
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", DISK, "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            tracing::warn!(
                "skipped: mounting a small disk is not allowed here; the store's full_disk test fills the database instead"
            );
            return None;
        }
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Some(SmallDisk { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Fills the disk to the last byte.
    fn fill(&self) {
        let mut file = fs::File::create(self.ballast()).unwrap();
        for piece in [1 << 16, 1 << 10, 1] {
            let piece = vec![0; piece];
            while file.write_all(&piece).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A test that failed may still have files open there, so errors are ignored.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

/// The program, ended when dropped.
struct Program(Child);

impl Program {
    /// Asks it to end, as a service manager does, and waits.
    fn end_gently(&mut self) {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let started = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < PATIENCE, "a full disk keeps the program from ending");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(config: &Config) -> Program {
    Program(command(config).stderr(Stdio::null()).spawn().unwrap())
}

fn command(config: &Config) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_munadi"));
    command
        .args(["serve", "--log", "error", "--listen", &config.listen.to_string()])
        .arg("--data")
        .arg(&config.data)
        .args(
            config
                .providers
                .all()
                .into_iter()
                .flat_map(|(key, url)| [format!("--{}", key.replace('_', "-")), url.to_owned()]),
        )
        .env_remove("MUNADI_DATABASE_URL")
        .stdout(Stdio::null());
    command
}

/// The answer of `/healthz`; `None` while nothing listens.
fn health(config: &Config) -> Option<(u16, Value)> {
    let answer = ask(config, "GET /healthz HTTP/1.1", &[], "")?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n")?.1;
    Some((status, serde_json::from_str(&body[body.find('{')?..=body.rfind('}')?]).ok()?))
}

/// The status and body of the answer to a sign-in, posted as the form posts it.
fn sign_in(config: &Config) -> Option<(u16, String)> {
    let form = ask(config, "GET /sign-in HTTP/1.1", &[], "")?;
    let cookie =
        form.lines().find_map(|line| line.strip_prefix("set-cookie: "))?.split(';').next()?.to_owned();
    let (_, token) = form.split_once(r#"name="csrf" value=""#)?;
    let body = format!("csrf={}&email=meera%40example.com&password=wrong", token.split_once('"')?.0);
    let answer = ask(config, "POST /sign-in HTTP/1.1", &[("Cookie", &cookie)], &body)?;
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
}

/// One exchange on a connection of its own.
fn ask(config: &Config, line: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
    let (mut stream, mut answer) = (std::net::TcpStream::connect(config.listen).ok()?, String::new());
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "{line}\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .ok()?;
    std::io::Read::read_to_string(&mut stream, &mut answer).ok()?;
    Some(answer)
}

/// Asks again and again until `wanted` returns something.
async fn until<T>(what: &str, program: &mut Program, mut wanted: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = wanted().await {
            return found;
        }
        assert!(program.0.try_wait().unwrap().is_none(), "the program ended while it was waited for: {what}");
        assert!(started.elapsed() < PATIENCE, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A program on a small disk that sends to a crowd while receipts come back.
struct Sending {
    disk: SmallDisk,
    sandbox: Sandbox,
    config: Config,
    app: App,
    stage: Stage,
    elsewhere: WorkshopId,
    broadcast: BroadcastId,
    program: Program,
}

impl Sending {
    /// Returns once the first messages are out; `None` where mounting is not allowed.
    async fn begin() -> Option<Sending> {
        let disk = SmallDisk::mount()?;
        let mut stand = sandbox::Config::default();
        stand.vendors.aisensy.any_campaign = true;
        stand.faults.latency_ms = 10;
        stand.faults.receipts.retries = u32::MAX;
        stand.faults.receipts.suspend_after = 0;
        stand.faults.receipts.retry_after_ms = 1_000;
        let sandbox = Sandbox::start(stand).await.unwrap();
        let mut config = Config::in_folder(disk.path()).unwrap();
        config.listen.set_port(free_port());
        config.public_url = format!("http://{}", config.listen);
        config.providers = stand_in(&sandbox);
        let app = App::open(config.clone(), Arc::new(WallClock)).await.unwrap();
        let pace = Pace { per_second: 300, per_day: 0 };
        let stage =
            Stage::set_up(&app, "Example Academy", "Meera Test", "meera@example.com", pace).await.unwrap();
        let now = WallClock.now();
        let starts = now.plus(20 * HOUR);
        let workshop =
            stage.workshop("Rust for Beginners", starts, "https://meet.example/x", now).await.unwrap();
        let elsewhere =
            stage.workshop("Rust for Teams", starts, "https://meet.example/y", now).await.unwrap();
        stage.register(workshop, crowd(PEOPLE, now), now).await.unwrap();
        let message = templates().swap_remove(1).1.into();
        let broadcast = stage.confirm(workshop, "Reminder", &message, now, starts, now).await.unwrap();
        demo::post_back(&app, &sandbox).await.unwrap();
        let program = serve(&config);
        let mut this = Sending { disk, sandbox, config, app, stage, elsewhere, broadcast, program };
        let world = this.sandbox.world();
        until("the first messages", &mut this.program, async || (world.len() > PEOPLE / 10).then_some(()))
            .await;
        let (status, body) = health(&this.config).unwrap();
        assert_eq!((status, body["turns"]["state"].as_str()), (200, Some("ok")), "{body}");
        Some(this)
    }

    /// Fills the disk to its last byte and waits until the program says so.
    async fn fill(&mut self) {
        self.disk.fill();
        let body = until("word of the full disk", &mut self.program, async || {
            let (status, body) = health(&self.config)?;
            (status == 503 && body["writes"]["state"] == "full").then_some(body)
        })
        .await;
        assert!(body["words"].as_str().unwrap().contains("full") && body["since"].is_i64(), "{body}");
    }

    /// The disk has room again: everything continues by itself, and every phone got one message.
    async fn goes_on_to_the_end(&mut self) {
        until("health", &mut self.program, async || {
            health(&self.config).filter(|(status, _)| *status == 200)
        })
        .await;
        until("the end of the broadcast", &mut self.program, async || {
            let truth = self.stage.org.broadcast(self.broadcast).await.ok()?;
            (truth.status == BroadcastStatus::Completed).then_some(())
        })
        .await;
        let rows =
            self.stage.org.messages(self.broadcast, &MessageFilter::default(), 0, 100_000).await.unwrap();
        assert_eq!(rows.len(), PEOPLE);
        for row in &rows {
            assert_eq!(self.sandbox.world().count(&row.recipient), 1, "{} is {}", row.recipient, row.state);
        }
        assert_eq!(self.app.engine.work().differences().await.unwrap(), vec![]);
        assert!(self.sandbox.receipts().refused > 0, "receipts that cannot be kept are asked for again");
    }
}

/// Fills the disk for so long in the middle of a send, a flood of receipts and an import. Looks at what the program
/// does meanwhile, and counts what every phone got and what the import brought.
async fn filled_for(seconds: u64) {
    let Some(mut it) = Sending::begin().await else { return };
    it.fill().await;
    let full = Instant::now();
    let now = WallClock.now();
    let stopped = it.stage.register(it.elsewhere, crowd(IMPORTED, now), now).await.unwrap_err();
    assert!(format!("{stopped:#}").contains("full"), "{stopped:#}");
    // What was under way when the disk filled has arrived by now: calls take 10 ms.
    let sent = it.sandbox.world().len();
    while full.elapsed() < Duration::from_secs(seconds) {
        assert!(it.program.0.try_wait().unwrap().is_none(), "a full disk never ends the program");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(it.sandbox.world().len(), sent, "nothing is sent that cannot be recorded");
    assert_eq!(health(&it.config).unwrap().0, 503);
    let (status, answer) = sign_in(&it.config).expect("pages answer");
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("full"), "in words: {answer}");

    it.disk.make_room();
    until("health", &mut it.program, async || health(&it.config).filter(|(status, _)| *status == 200)).await;
    assert_eq!(sign_in(&it.config).unwrap().0, 401, "a wrong password is called wrong again");
    it.stage.register(it.elsewhere, crowd(IMPORTED, now), now).await.unwrap();
    let counts = it.stage.org.registrant_counts(it.elsewhere).await.unwrap();
    assert_eq!((counts.registered, counts.duplicate), (i64::try_from(IMPORTED).unwrap(), 0));
    it.goes_on_to_the_end().await;
}

/// Nobody makes room. The program ends when it is asked to, says why it does not start, and loses no message.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_good_keeps_no_program_from_ending_and_loses_nobody() {
    let Some(mut it) = Sending::begin().await else { return };
    it.fill().await;
    it.program.end_gently();
    let sent = it.sandbox.world().len();
    let again = Program(command(&it.config).stderr(Stdio::piped()).spawn().unwrap());
    let (mut again, started) = (again, Instant::now());
    let said = loop {
        if let Some(ended) = again.0.try_wait().unwrap() {
            assert!(!ended.success(), "a program that cannot start says so");
            let mut said = String::new();
            std::io::Read::read_to_string(again.0.stderr.as_mut().unwrap(), &mut said).unwrap();
            break said;
        }
        if let Some((status, body)) = health(&it.config) {
            assert_eq!(status, 503, "{body}");
            break body["words"].as_str().unwrap_or_default().to_owned();
        }
        assert!(started.elapsed() < PATIENCE, "neither starts nor says why");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(said.contains("full"), "{said}");
    assert_eq!(it.sandbox.world().len(), sent, "nothing is sent that cannot be recorded");
    drop(again);
    it.disk.make_room();
    it.program = serve(&it.config);
    it.goes_on_to_the_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_for_a_second_in_the_middle_of_a_send_costs_nothing() {
    filled_for(1).await;
}

/// The disk stays full long enough for whatever gives up after a minute. What has survived that survives for good.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes; cargo test -p munadi --test it full_disk -- --ignored"]
async fn a_disk_that_stays_full_never_ends_the_program_which_sends_nothing_until_there_is_room() {
    filled_for(75).await;
}
