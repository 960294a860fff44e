//! A PgBouncer in transaction mode before the test server: the one that this machine has.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use super::fresh;

/// Connections to the server that all clients share. They are fewer than one process opens, and more than one, so that
/// two transactions in a row mostly run on different ones.
const POOL_SIZE: u32 = 4;
/// It starts within milliseconds; a loaded machine takes longer.
const START_LIMIT: Duration = Duration::from_secs(20);
/// From here on it keeps statements that its clients prepared by name, over all its connections.
const KEEPS_STATEMENTS: (u32, u32) = (1, 21);

/// A pooler with a fresh database behind it.
pub struct Pooled {
    /// The database through the pooler.
    pub url: String,
    /// The address of the same database without the pooler.
    pub direct: String,
    /// Whether this pooler keeps prepared statements.
    pub keeps_statements: bool,
    pooler: Child,
    server: String,
    database: String,
    // Holds the pooler's settings as long as it runs.
    _folder: TempDir,
}

impl Pooled {
    /// A fresh database on the server that `TEST_POSTGRES_URL` names, behind a pooler. `None`, said aloud, when either is missing.
    pub async fn start() -> Option<Pooled> {
        let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
            tracing::warn!(
                "skipped behind a pooler: TEST_POSTGRES_URL is not set (cargo xtask test sets it)"
            );
            return None;
        };
        let Some((program, version)) = program() else {
            tracing::warn!("skipped behind a pooler: there is no pgbouncer (cargo xtask test installs it)");
            return None;
        };
        let database = fresh::empty_postgres(&server).await;
        let options: PgConnectOptions = server.parse().expect("the server's address is read");
        let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let keeps_statements = version >= KEEPS_STATEMENTS;
        let (pooler, own_port) = started(&program, &folder, host, port, user, keeps_statements);
        Some(Pooled {
            url: format!("postgres://{user}@127.0.0.1:{own_port}/{database}"),
            direct: format!("postgres://{user}@{host}:{port}/{database}"),
            keeps_statements,
            pooler,
            server,
            database,
            _folder: folder,
        })
    }

    /// Ends the pooler and takes the database away.
    pub async fn remove(mut self) {
        self.end();
        fresh::drop_postgres(&self.server, &self.database).await;
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.pooler.kill();
        let _ = self.pooler.wait();
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.end();
    }
}

/// PgBouncer and its version: what `MUNADI_TEST_PGBOUNCER` names, else what is in PATH or where Debian puts it.
fn program() -> Option<(PathBuf, (u32, u32))> {
    let named = std::env::var_os("MUNADI_TEST_PGBOUNCER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = named.into_iter().chain(
        std::env::split_paths(&path).chain(["/usr/sbin".into()]).map(|folder| folder.join("pgbouncer")),
    );
    found.filter(|program| program.is_file()).find_map(|program| {
        let output = Command::new(&program).arg("--version").output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = said.split_whitespace().nth(1)?.split('.');
        Some((program, (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?)))
    })
}

fn started(
    program: &std::path::Path,
    folder: &TempDir,
    host: &str,
    port: u16,
    user: &str,
    keeps_statements: bool,
) -> (Child, u16) {
    let settings = folder.path().join("pgbouncer.ini");
    let log = folder.path().join("log");
    // Somebody else may take the free port first.
    for _ in 0..5 {
        let own_port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.local_addr())
            .expect("a free port")
            .port();
        let statements = if keeps_statements { "max_prepared_statements = 200\n" } else { "" };
        let text = format!(
            "[databases]\n* = host={host} port={port} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own_port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {POOL_SIZE}\nmax_client_conn = 500\n{statements}"
        );
        fs::write(&settings, text).expect("settings are written");
        let mut command = Command::new(program);
        // It refuses to run as root.
        if let Some(user) = somebody_else() {
            command.args(["-u", user]);
        }
        let log = File::create(&log).expect("a log");
        command.arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().expect("pgbouncer starts");
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline && child.try_wait().expect("its own child").is_none() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, own_port)).is_ok() {
                return (child, own_port);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    panic!("pgbouncer does not start: {}", fs::read_to_string(&log).unwrap_or_default());
}

/// A user to become, where this one is root.
fn somebody_else() -> Option<&'static str> {
    let is_root =
        Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let known =
        |name: &&str| Command::new("id").arg(name).output().is_ok_and(|output| output.status.success());
    if is_root { ["postgres", "nobody"].into_iter().find(known) } else { None }
}
