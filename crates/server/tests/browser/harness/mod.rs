//! A real browser for tests: what a person sees, clicks and types, and what goes wrong behind their back.
//!
//! ```ignore
//! #[tokio::test]
//! async fn a_manager_signs_in() -> anyhow::Result<()> {
//!     let Some(browser) = Browser::start().await? else { return Ok(()) }; // says that it was skipped
//!     let page = browser.page(Width::Phone, Theme::Dark).await?;
//!     page.goto(&url).await?;
//!     page.fill("E-mail", "asha@example.org").await?;
//!     page.fill("Password", "…").await?;
//!     page.click("Sign in").await?;
//!     page.wait_text("Workshop notification").await?;
//!     page.assert_accessible().await?;
//!     page.assert_quiet().await
//! }
//! ```
//!
//! Things are found by the name that a screen reader says, as Chromium computes it: what cannot be found by
//! its name cannot be used by everyone. Each action waits, within a bound, until its target is there, visible and not
//! covered; an error tells where in the test it happened, and what was on the page instead.

mod devtools;
mod page;
mod target;
mod watch;

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use self::devtools::Devtools;
pub(crate) use self::page::{Page, Theme, Width};
pub(crate) use self::target::{Target, button, link, tab, text};

const START_LIMIT: Duration = Duration::from_secs(60);
const END_LIMIT: Duration = Duration::from_secs(10);

/// What `cargo xtask test` puts into the environment.
struct Tools {
    chromium: PathBuf,
    axe: PathBuf,
}

impl Tools {
    /// None when neither is set; half of them is a mistake and not a wish to skip.
    fn from_environment() -> Result<Option<Tools>> {
        match (path_in("MUNADI_TEST_CHROMIUM"), path_in("MUNADI_TEST_AXE")) {
            (Some(chromium), Some(axe)) => Ok(Some(Tools { chromium, axe })),
            (None, None) => Ok(None),
            _ => bail!("set both MUNADI_TEST_CHROMIUM and MUNADI_TEST_AXE, or run `cargo xtask test`"),
        }
    }
}

fn path_in(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| *value != OsString::new()).map(PathBuf::from)
}

/// A Chromium with a profile of its own. Dropping it ends it and deletes the profile.
///
/// It resolves no name but `localhost`: a page that asks for anything outside this machine gets an error, which
/// [`Page::assert_quiet`] reports.
pub(crate) struct Browser {
    child: Child,
    profile: Option<TempDir>,
    devtools: Devtools,
    axe: String,
}

impl Browser {
    /// Starts Chromium. None, said once on standard error, when this is a plain `cargo test` without the tools.
    pub(crate) async fn start() -> Result<Option<Browser>> {
        let Some(tools) = Tools::from_environment()? else {
            static SAID: Once = Once::new();
            // Not `eprintln!`: the test harness would hide it, as the test passes.
            SAID.call_once(|| {
                let _ = writeln!(
                    std::io::stderr(),
                    "browser tests SKIPPED: MUNADI_TEST_CHROMIUM and MUNADI_TEST_AXE are not set; run `cargo xtask test`"
                );
            });
            return Ok(None);
        };
        let axe = std::fs::read_to_string(&tools.axe)
            .with_context(|| format!("cannot read axe at {}", tools.axe.display()))?;
        let profile = tempfile::Builder::new().prefix("browser-").tempdir()?;
        let mut child = chromium(&tools.chromium, profile.path())
            .spawn()
            .with_context(|| format!("cannot start {}", tools.chromium.display()))?;
        let stderr = child.stderr.take().context("Chromium has no standard error")?;
        let url = tokio::time::timeout(START_LIMIT, devtools_url(stderr))
            .await
            .context("Chromium did not start in time")??;
        let devtools = Devtools::connect(&url).await?;
        Ok(Some(Browser { child, profile: Some(profile), devtools, axe }))
    }

    /// Opens an empty page with cookies of its own: two pages are two people.
    pub(crate) async fn page(&self, width: Width, theme: Theme) -> Result<Page> {
        let context = self.devtools.call(None, "Target.createBrowserContext", json!({})).await?;
        let target = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = self.devtools.call(None, "Target.createTarget", target).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.devtools.call(None, "Target.attachToTarget", attach).await?;
        let session = session["sessionId"].as_str().context("Chromium gave no session")?.to_owned();
        Page::open(self.devtools.clone(), session, self.axe.clone(), width, theme).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its helpers end when it does, but a moment later, and write until then.
        let _ = self.child.start_kill();
        let deadline = std::time::Instant::now() + END_LIMIT;
        while matches!(self.child.try_wait(), Ok(None)) && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if let Some(profile) = self.profile.take() {
            while profile.path().exists() && std::time::Instant::now() < deadline {
                if std::fs::remove_dir_all(profile.path()).is_err() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
}

fn chromium(program: &Path, profile: &Path) -> Command {
    let mut command = Command::new(program);
    command.args([
        "--headless=new",
        // CI runs as root in a container, where Chromium's own sandbox cannot start.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        // Containers give /dev/shm 64 MB.
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-sync",
        "--disable-breakpad",
        "--disable-renderer-backgrounding",
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-features=Translate,MediaRouter,OptimizationHints",
        "--metrics-recording-only",
        "--password-store=basic",
        "--use-mock-keychain",
        "--hide-scrollbars",
        "--mute-audio",
        "--lang=en-IN",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        "--no-proxy-server",
        "--remote-debugging-port=0",
    ]);
    let mut user_data = OsString::from("--user-data-dir=");
    user_data.push(profile.join("data"));
    command.arg(user_data).arg("about:blank");
    // Certificates, caches and fonts go into the profile, not into the home of whoever runs the tests.
    command.env("HOME", profile).env("TMPDIR", profile);
    for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Reads what Chromium says until it names its address; what it says later is read and dropped, as a full
/// pipe would stop it.
async fn devtools_url(stderr: tokio::process::ChildStderr) -> Result<String> {
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = line.strip_prefix("DevTools listening on ") {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(url.to_owned());
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("Chromium ended at its start. It says:\n{said}")
}
