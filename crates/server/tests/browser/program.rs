//! The real program as a child process, with its data in a folder that is deleted afterwards.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const START_LIMIT: Duration = Duration::from_secs(60);

/// A running `munadi` process, which is ended when this is dropped.
pub(crate) struct Program {
    /// The address of its pages, without a slash at the end.
    pub(crate) url: String,
    /// The link it printed: for set-up, or to sign in.
    pub(crate) link: String,
    _child: Child,
    _data: TempDir,
}

impl Program {
    /// `munadi serve` on an empty folder, with a stand-in as every provider.
    pub(crate) async fn serve(sandbox: &sandbox::Sandbox) -> Result<Program> {
        let campaigns = format!("{}/campaign/t1/api", sandbox.url());
        let project = format!("{}/project-apis/v1", sandbox.url());
        let sms = format!("{}/dev", sandbox.url());
        let urls =
            ["serve", "--aisensy-url", &campaigns, "--aisensy-project-url", &project, "--fast2sms-url", &sms];
        Program::start(&urls, "").await
    }

    /// Starts it with the stand-in for a mail server as well.
    pub(crate) async fn serve_with_mail(sandbox: &sandbox::Sandbox) -> Result<Program> {
        let urls: Vec<(String, String)> = sandbox
            .addresses()
            .into_iter()
            .map(|(key, url)| (format!("--{}", key.replace('_', "-")), url))
            .collect();
        let mut arguments = vec!["serve"];
        for (flag, url) in &urls {
            arguments.extend([flag.as_str(), url.as_str()]);
        }
        let mail = sandbox.mail_address();
        let settings = format!(
            "smtp_host = \"{}\"\nsmtp_port = {}\nsmtp_tls = \"none\"\nsmtp_from = \"Munadi <alerts@munadi.example>\"\n",
            mail.ip(),
            mail.port()
        );
        Program::start(&arguments, &settings).await
    }

    /// `munadi demo`: invented people, and stand-ins for every provider.
    pub(crate) async fn demo() -> Result<Program> {
        Program::start(&["demo"], "").await
    }

    /// Starts it with these arguments, and these settings in a file.
    async fn start(arguments: &[&str], settings: &str) -> Result<Program> {
        let data = tempfile::Builder::new().prefix("munadi-").tempdir()?;
        let file = data.path().join("munadi.toml");
        std::fs::write(&file, settings)?;
        let mut child = command(arguments, data.path())
            .arg("--config")
            .arg(&file)
            .spawn()
            .context("cannot start munadi")?;
        let stdout = child.stdout.take().context("munadi has no standard output")?;
        let link = tokio::time::timeout(START_LIMIT, printed_link(stdout))
            .await
            .context("munadi printed no link in time")??;
        let slash = link["http://".len()..].find('/').context("the link has no path")?;
        let url = link[.."http://".len() + slash].to_owned();
        Ok(Program { url, link, _child: child, _data: data })
    }
}

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_munadi"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MUNADI_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .arg("--data")
        .arg(data.join("data"))
        .args(["--listen", &format!("127.0.0.1:{}", free_port()), "--log", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A port that was free a moment ago. The link that the program prints names the port, so 0 cannot be asked for.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound address").port()
}

async fn printed_link(stdout: tokio::process::ChildStdout) -> Result<String> {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(link) = line.split_whitespace().find(|word| word.starts_with("http://")) {
            let link = link.to_owned();
            // A full pipe would stop the program.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(link);
        }
    }
    bail!("munadi ended before it printed a link")
}
