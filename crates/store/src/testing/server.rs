//! A PostgreSQL server of a test's own, to be stopped and started again: made with the programs of the one that tests share.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, Stdio},
};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// How long it is away, in seconds.
const AWAY_S: u32 = 2;

/// A server with an empty database.
pub struct OwnServer {
    /// The address of its database.
    pub url: String,
    programs: PathBuf,
    folder: TempDir,
}

impl OwnServer {
    /// Makes one and starts it. `None`, said aloud, where `TEST_POSTGRES_URL` names none on this machine.
    pub async fn start() -> Option<OwnServer> {
        let Ok(shared) = std::env::var("TEST_POSTGRES_URL") else {
            tracing::warn!(
                "skipped on a server of its own: TEST_POSTGRES_URL is not set (cargo xtask test sets it)"
            );
            return None;
        };
        let mut admin = PgConnection::connect(&shared).await.expect("the test server answers");
        let asked = sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
        let programs: String =
            asked.fetch_one(&mut admin).await.expect("a test's server tells where its programs are");
        let programs = PathBuf::from(programs);
        if !programs.join("pg_ctl").is_file() {
            tracing::warn!(
                "skipped on a server of its own: the programs of TEST_POSTGRES_URL are on another machine"
            );
            return None;
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.local_addr())
            .expect("a free port")
            .port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some((user, group)) = somebody_else() {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))
                .expect("a folder is handed over");
        }
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let server = OwnServer { url, programs, folder };
        server.run(
            "initdb",
            "--username=postgres --auth-host=trust --auth-local=reject --no-sync --encoding=UTF8",
        );
        let settings =
            format!("port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n");
        fs::write(server.data().join("postgresql.auto.conf"), settings).expect("settings are written");
        server.run("pg_ctl", "start --wait --silent --log=log");
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command of the shell that stops it at once, as a crash does, and starts it a little later.
    pub fn restart(&self) -> String {
        let stop = self.command("pg_ctl", "stop --mode=immediate --wait --silent");
        let start = self.command("pg_ctl", "start --wait --silent --log=log");
        format!("{stop} && sleep {AWAY_S} && {start}")
    }

    /// A program of the server with its data, as who may run it.
    fn command(&self, program: &str, words: &str) -> String {
        let (folder, data) = (self.folder.path().display(), self.data());
        let (program, data) = (self.programs.join(program), data.display());
        // It refuses to run as root.
        let becomes = somebody_else().map_or_else(String::new, |(user, group)| {
            format!("setpriv --reuid={user} --regid={group} --clear-groups -- ")
        });
        format!("cd '{folder}' && {becomes}'{}' --pgdata='{data}' {words}", program.display())
    }

    fn run(&self, program: &str, words: &str) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &self.command(program, words)]);
        let status = shell.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("there is a shell");
        assert!(status.success(), "{program} {words}: {status}");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &self.command("pg_ctl", "stop --mode=immediate --wait --silent")]);
        // It may be stopped.
        let _ = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// User and group to become, where this one is root.
fn somebody_else() -> Option<(u32, u32)> {
    let id = |words: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(words).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    ["postgres", "nobody"].into_iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
}
