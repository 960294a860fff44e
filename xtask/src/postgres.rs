//! A private PostgreSQL: its own folder, its own port on the loopback address, gone afterwards.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;

use crate::machine::{PostgresPrograms, in_path};
use crate::run::{Interrupts, ends_within, pid, shown};
use crate::scratch::Scratch;

/// Somebody else may take the free port before PostgreSQL does.
const STARTS_MAX: usize = 5;

/// Generous, because a fresh machine may be compiling at the same time.
const START_LIMIT: Duration = Duration::from_secs(60);

const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Each test has a database of its own and a small pool in it.
const CONNECTIONS_MAX: u32 = 200;

/// A running server. Dropping it stops it; its data goes with the [`Scratch`] it was started in.
pub(crate) struct Postgres {
    child: Child,
    port: u16,
}

impl Postgres {
    /// Creates a cluster in `scratch` and waits until it answers.
    pub(crate) fn start(
        programs: &PostgresPrograms,
        scratch: &Scratch,
        interrupts: &Interrupts,
    ) -> anyhow::Result<Postgres> {
        let home = scratch.folder("postgres")?;
        let user = User::for_server()?;
        user.own(&home)?;
        let data = home.join("data");

        let mut initdb = user.command(&programs.folder.join("initdb"));
        initdb.current_dir(&home).arg("--pgdata").arg(&data);
        initdb.args(["--username=postgres", "--auth-host=trust", "--auth-local=reject", "--no-sync"]);
        initdb.args([
            "--encoding=UTF8",
            if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=en_US.UTF-8" },
        ]);
        let output =
            initdb.stdin(Stdio::null()).output().with_context(|| format!("cannot run {}", shown(&initdb)))?;
        if !output.status.success() {
            bail!("`{}` failed:\n{}", shown(&initdb), String::from_utf8_lossy(&output.stderr));
        }

        let log = scratch.path().join("postgres.log");
        for _ in 0..STARTS_MAX {
            interrupts.check()?;
            let port = free_port()?;
            let mut server = user.command(&programs.folder.join("postgres"));
            server.current_dir(&home).arg("-D").arg(&data).arg("-p").arg(port.to_string());
            for setting in [
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                // Tests kill processes, this server aside, and no machine: what the operating system has is kept.
                "fsync=off",
                "full_page_writes=off",
                &format!("max_connections={CONNECTIONS_MAX}"),
            ] {
                server.arg("-c").arg(setting);
            }
            server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
            // Ctrl-C at the terminal must reach the tests first and the database last.
            server.process_group(0);
            let child = server.spawn().with_context(|| format!("cannot run {}", shown(&server)))?;
            let mut postgres = Postgres { child, port };
            if postgres.answers(programs, interrupts)? {
                return Ok(postgres);
            }
        }
        bail!("PostgreSQL does not start; it says:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// What tests read from `TEST_POSTGRES_URL`: a superuser, so that each test can create its own database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The address of a new, empty database.
    pub(crate) fn fresh(&self, programs: &PostgresPrograms, name: &str) -> anyhow::Result<String> {
        let mut create = Command::new(programs.folder.join("createdb"));
        create
            .args(["--host=127.0.0.1", "--username=postgres", "--port"])
            .arg(self.port.to_string())
            .arg(name);
        let status = create.status().with_context(|| format!("cannot run {}", shown(&create)))?;
        if !status.success() {
            bail!("`{}` failed", shown(&create));
        }
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
    }

    /// Stops the server and waits until it is gone.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.end()
    }

    /// False when the server ended instead.
    fn answers(&mut self, programs: &PostgresPrograms, interrupts: &Interrupts) -> anyhow::Result<bool> {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            interrupts.check()?;
            let mut ask = Command::new(programs.folder.join("pg_isready"));
            ask.args(["--quiet", "--host=127.0.0.1", "--port"]).arg(self.port.to_string());
            let ready = ask.status().with_context(|| format!("cannot run {}", shown(&ask)))?.success();
            // Looked at after the answer: another server on that port would have answered for a dead one.
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            if ready {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("PostgreSQL did not answer within {} s", START_LIMIT.as_secs())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        // SIGINT is the fast shutdown: open connections are closed, data is written.
        rustix::process::kill_process(pid(&self.child), Signal::INT).context("cannot stop PostgreSQL")?;
        if !ends_within(&mut self.child, STOP_LIMIT)? {
            // SIGQUIT is the immediate one, and also ends the server's own children, which SIGKILL would not.
            rustix::process::kill_process(pid(&self.child), Signal::QUIT)
                .context("cannot stop PostgreSQL")?;
            self.child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("xtask: {error:#} (process {})", self.child.id());
        }
    }
}

/// Whose server it is. PostgreSQL refuses to run as root.
enum User {
    Me,
    Other { uid: u32, gid: u32 },
}

impl User {
    fn for_server() -> anyhow::Result<User> {
        if !rustix::process::geteuid().is_root() {
            return Ok(User::Me);
        }
        if in_path("setpriv").is_none() {
            bail!("PostgreSQL refuses to run as root, and there is no setpriv to become somebody else");
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(User::Other { uid: id("-u", name)?, gid: id("-g", name)? }))
            .context("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`")
    }

    fn own(&self, folder: &Path) -> anyhow::Result<()> {
        if let User::Other { uid, gid } = self {
            std::os::unix::fs::chown(folder, Some(*uid), Some(*gid))
                .with_context(|| format!("cannot hand over {}", folder.display()))?;
        }
        Ok(())
    }

    /// `program`, as this user; where the system can, it also ends when we are killed outright.
    fn command(&self, program: &Path) -> Command {
        if in_path("setpriv").is_none() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        if let User::Other { uid, gid } = self {
            command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into()]);
        }
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command
    }
}

/// `id -u name`; none if there is no such user.
fn id(option: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([option, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A port that nobody listens on at this moment.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
