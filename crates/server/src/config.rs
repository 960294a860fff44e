//! What must be known before the database opens, and no more. Flag, then `MUNADI_…`, then file, then default.

mod outgoing;
mod public_url;

use std::{
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use anyhow::{Context, bail};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use domain::time::SECOND;
use providers::{Urls, http::CALLS_AT_ONCE, registry};
use serde::{Deserialize, de::DeserializeOwned};
use store::DatabaseAddress;

use public_url::checked_url;

pub use outgoing::{Outgoing, OutgoingFlags, Smtp, SmtpTls};

use crate::password::Cost;

/// The line of [`DEFAULT_FILE`] in whose place the addresses of providers stand.
const ADDRESSES: &str = "#{addresses}\n";
/// The commented file, without the addresses of providers.
const DEFAULT_FILE: &str = include_str!("default.toml");
/// Read when there is no `--config`, if it is there.
const FILE: &str = "munadi.toml";

/// More calls under way at once would be more than a person can look after when a crash leaves them all in doubt.
const CALLS_AT_ONCE_MAX: usize = 1_024;

/// The commented file that `munadi config` prints.
pub fn default_file() -> String {
    let lines =
        registry::base_urls().map(|url| format!("# {}.\n#{} = \"{}\"\n", url.about, url.key, url.default));
    DEFAULT_FILE.replace(ADDRESSES, &lines.collect::<String>())
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// Settings as flags, and as environment variables.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Settings file [default: munadi.toml, if there is one]
    #[arg(long, env = "MUNADI_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "MUNADI_LISTEN", global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// The address that people type [default: http:// and where it listens]
    #[arg(long, env = "MUNADI_PUBLIC_URL", global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Folder of database, keys and imports [default: ./munadi-data]
    #[arg(long, env = "MUNADI_DATA", global = true, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// sqlite:FILE or postgres://… [default: munadi.db in the data folder]
    // Not shown in --help with its value: it may hold a password.
    #[arg(long, env = "MUNADI_DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// The same PostgreSQL database without the pooler that stands before it, for hearing what other processes change
    #[arg(
        long,
        env = "MUNADI_DATABASE_DIRECT_URL",
        global = true,
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_direct: Option<String>,
    /// Whether a pooler stands before PostgreSQL that hands out connections by transaction [default: found out]
    #[arg(long, env = "MUNADI_DATABASE_POOLER", global = true, value_name = "true|false")]
    pub database_pooler: Option<bool>,
    /// Whether PostgreSQL keeps prepared statements [default: unless there is a pooler]
    #[arg(long, env = "MUNADI_DATABASE_PREPARES", global = true, value_name = "true|false")]
    pub database_prepares: Option<bool>,
    /// File with the sealing keys [default: munadi.key in the data folder]
    #[arg(long, env = "MUNADI_KEY_FILE", global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Whether a reverse proxy says in X-Forwarded-For who calls [default: false]
    #[arg(long, env = "MUNADI_BEHIND_PROXY", global = true, value_name = "true|false")]
    pub behind_proxy: Option<bool>,
    /// Where providers are.
    #[command(flatten)]
    pub providers: ProviderFlags,
    /// How alerts leave the installation.
    #[command(flatten)]
    pub outgoing: OutgoingFlags,
    /// Seconds after which a silent process is given up and its calls become unknown [default: 15]
    #[arg(long, env = "MUNADI_LEASE_SECONDS", global = true, value_name = "SECONDS")]
    pub lease_seconds: Option<i64>,
    /// Calls to providers that one process has under way at once, 1 to 1024 [default: 384]
    #[arg(long, env = "MUNADI_CALLS_AT_ONCE", global = true, value_name = "CALLS")]
    pub calls_at_once: Option<usize>,
    /// What is logged [default: info]
    #[arg(long, env = "MUNADI_LOG", global = true, value_name = "LEVEL")]
    pub log: Option<String>,
    /// How log lines look [default: text]
    #[arg(long, env = "MUNADI_LOG_FORMAT", global = true, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Addresses of providers as flags and environment variables: those that the registry of vendors names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderFlags(Vec<(&'static str, String)>);

/// Key, flag and environment variable of each address. Kept for the life of the program, as clap wants names.
static PROVIDER_NAMES: LazyLock<Vec<(&'static str, String, String)>> = LazyLock::new(|| {
    let names = |key: &str| (key.replace('_', "-"), format!("MUNADI_{}", key.to_uppercase()));
    let all = registry::base_urls().map(|url| {
        let (flag, variable) = names(url.key);
        (url.key, flag, variable)
    });
    all.collect()
});

impl Args for ProviderFlags {
    fn augment_args(mut command: Command) -> Command {
        for (url, (key, flag, variable)) in registry::base_urls().zip(PROVIDER_NAMES.iter()) {
            let arg =
                Arg::new(*key).long(flag.as_str()).env(variable.as_str()).global(true).value_name("URL");
            command = command.arg(arg.help(url.about));
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        ProviderFlags::augment_args(command)
    }
}

impl FromArgMatches for ProviderFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = registry::base_urls()
            .filter_map(|url| Some((url.key, matches.get_one::<String>(url.key)?.clone())));
        Ok(ProviderFlags(typed.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = ProviderFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The settings of a file: what has a name here, and the addresses of providers.
#[derive(Clone, Debug, Default)]
struct SettingsFile {
    named: File,
    providers: Urls,
}

impl SettingsFile {
    fn parse(text: &str) -> anyhow::Result<SettingsFile> {
        let table: toml::Table = parse(text)?;
        let mut providers = Urls::default();
        for url in registry::base_urls() {
            match table.get(url.key) {
                None => {}
                Some(toml::Value::String(address)) => providers.set(url.key, address),
                Some(_) => bail!("{} is an address in quotation marks", url.key),
            }
        }
        // What is read is taken out line by line, so that an error still names its line.
        let is_read = |line: &str| {
            let name = line.split_once('=').map(|(name, _)| name.trim().trim_matches('"'));
            name.is_some_and(|name| registry::base_url(name).is_some())
        };
        let rest: Vec<&str> = text.lines().map(|line| if is_read(line) { "" } else { line }).collect();
        Ok(SettingsFile { named: parse(&rest.join("\n"))?, providers })
    }
}

/// Settings in a file that have a name of their own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    public_url: Option<String>,
    data: Option<PathBuf>,
    database: Option<String>,
    database_direct: Option<String>,
    database_pooler: Option<bool>,
    database_prepares: Option<bool>,
    key_file: Option<PathBuf>,
    behind_proxy: Option<bool>,
    lease_seconds: Option<i64>,
    calls_at_once: Option<usize>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    smtp_host: Option<String>,
    smtp_port: Option<u16>,
    smtp_tls: Option<SmtpTls>,
    smtp_user: Option<String>,
    smtp_password_file: Option<PathBuf>,
    smtp_from: Option<String>,
    #[serde(default)]
    webhook_hosts: Vec<String>,
}

/// The settings in force.
#[derive(Clone)]
pub struct Config {
    /// The address and port on which the program listens.
    pub listen: SocketAddr,
    /// The address that people type, without a slash at its end.
    pub public_url: String,
    /// Whether that address was set. Otherwise it is a guess, which a command beside a server must not show.
    pub public_url_is_set: bool,
    /// Folder of database, keys and imports.
    pub data: PathBuf,
    /// `sqlite:FILE` or `postgres://…`. May hold a password.
    pub database: String,
    /// The address of the same database past a pooler; `None` for no pooler. May hold a password.
    pub database_direct: Option<String>,
    /// Whether a pooler stands before PostgreSQL; `None` where the program finds out.
    pub database_pooler: Option<bool>,
    /// Whether statements are prepared by name; `None` prepares them unless there is a pooler.
    pub database_prepares: Option<bool>,
    /// File with the sealing keys.
    pub key_file: PathBuf,
    /// Whether the address in `X-Forwarded-For` counts as that of the caller.
    pub behind_proxy: bool,
    /// The addresses of the vendors' interfaces.
    pub providers: Urls,
    /// How alerts leave the installation.
    pub outgoing: Outgoing,
    /// The time without a heartbeat after which a process is given up, in milliseconds.
    pub lease_ms: i64,
    /// The most calls under way at once, which is also the most that one crash can leave unknown.
    pub calls_at_once: usize,
    /// What is logged, as a filter of `tracing`.
    pub log: String,
    /// The form of the log's lines.
    pub log_format: LogFormat,
    /// Whether the people of this installation are invented. It is not a setting: `munadi demo` sets it.
    pub demonstrates: bool,
    /// The address at which a rehearsal takes callbacks, on this machine alone. Its own program sets it: no setting.
    pub rehearses_at: Option<String>,
    /// The cost of a password's hash. It is not a setting: only tests make it cheaper.
    pub password_cost: Cost,
}

impl Config {
    /// Puts flags, environment, file and defaults together.
    pub fn load(flags: &Flags) -> anyhow::Result<Config> {
        let file = match &flags.config {
            Some(path) => read(path)?,
            None if Path::new(FILE).exists() => read(Path::new(FILE))?,
            None => SettingsFile::default(),
        };
        Config::from_parts(flags.clone(), file)
    }

    /// The defaults with everything in one folder; what tests start from.
    pub fn in_folder(data: &Path) -> anyhow::Result<Config> {
        Config::from_parts(Flags { data: Some(data.to_owned()), ..Flags::default() }, SettingsFile::default())
    }

    fn from_parts(flags: Flags, file: SettingsFile) -> anyhow::Result<Config> {
        let SettingsFile { named: file, mut providers } = file;
        for (key, url) in &flags.providers.0 {
            providers.set(key, url);
        }
        let listen = flags.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let set_url = flags.public_url.or(file.public_url);
        let public_url_is_set = set_url.is_some();
        let public_url = set_url.unwrap_or_else(|| format!("http://{listen}"));
        let data = flags.data.or(file.data).unwrap_or_else(|| PathBuf::from("munadi-data"));
        let database = flags
            .database
            .or(file.database)
            .unwrap_or_else(|| format!("sqlite:{}", data.join("munadi.db").display()));
        let lease_seconds = flags.lease_seconds.or(file.lease_seconds).unwrap_or(15);
        if !(1..=600).contains(&lease_seconds) {
            bail!("lease_seconds is {lease_seconds}; it has to lie between 1 and 600");
        }
        let calls_at_once = flags.calls_at_once.or(file.calls_at_once).unwrap_or(CALLS_AT_ONCE);
        if !(1..=CALLS_AT_ONCE_MAX).contains(&calls_at_once) {
            bail!("calls_at_once is {calls_at_once}; it has to lie between 1 and {CALLS_AT_ONCE_MAX}");
        }
        let said = OutgoingFlags {
            smtp_host: file.smtp_host,
            smtp_port: file.smtp_port,
            smtp_tls: file.smtp_tls,
            smtp_user: file.smtp_user,
            smtp_password_file: file.smtp_password_file,
            smtp_from: file.smtp_from,
            webhook_hosts: file.webhook_hosts,
        };
        Ok(Config {
            outgoing: flags.outgoing.over(said).checked()?,
            listen,
            calls_at_once,
            providers,
            lease_ms: lease_seconds * SECOND,
            public_url: checked_url(&public_url)?,
            public_url_is_set,
            database,
            database_direct: flags.database_direct.or(file.database_direct),
            database_pooler: flags.database_pooler.or(file.database_pooler),
            database_prepares: flags.database_prepares.or(file.database_prepares),
            key_file: flags.key_file.or(file.key_file).unwrap_or_else(|| data.join("munadi.key")),
            data,
            behind_proxy: flags.behind_proxy.or(file.behind_proxy).unwrap_or(false),
            log: flags.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
            demonstrates: false,
            rehearses_at: None,
            password_cost: Cost::default(),
        })
    }

    /// The file of a SQLite database.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = self.database.strip_prefix("sqlite:")?;
        Some(PathBuf::from(path.trim_start_matches("//")))
    }

    /// Creates the data folder for this user alone.
    pub fn create_data_folder(&self) -> anyhow::Result<()> {
        let what = || format!("cannot create the data folder {}", self.data.display());
        if !self.data.exists() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.data).with_context(what)?;
        }
        let mode = std::fs::metadata(&self.data).with_context(what)?.permissions().mode();
        if mode & 0o022 != 0 {
            bail!("others may write to the data folder {0}; run: chmod 700 {0}", self.data.display());
        }
        Ok(())
    }

    /// The database as the store opens it.
    pub fn database_address(&self) -> DatabaseAddress {
        let (url, direct) = (self.database.clone(), self.database_direct.clone());
        let (is_pooled, prepares) = (self.database_pooler, self.database_prepares);
        DatabaseAddress { url, direct, is_pooled, prepares, is_scratch: false }
    }

    /// Whether people reach the program over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// A whole address for a path of ours.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}

fn read(path: &Path) -> anyhow::Result<SettingsFile> {
    let what = || format!("cannot use the settings {}", path.display());
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings {}", path.display()))?;
    let file = SettingsFile::parse(&text).with_context(what)?;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o002 != 0 {
        bail!("{}: every user may change them; run: chmod o-w {}", what(), path.display());
    }
    let holds_password = [&file.named.database, &file.named.database_direct]
        .into_iter()
        .flatten()
        .any(|url| has_password(url));
    if mode & 0o004 != 0 && holds_password {
        bail!(
            "{}: they hold the database's password, and every user may read them; run: chmod o-r {}",
            what(),
            path.display()
        );
    }
    Ok(file)
}

/// Reads the settings. An error names the line and what was expected, and never what stands there: it may be a password.
fn parse<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let said = error.message();
        let words = match said.rsplit_once(", expected ") {
            _ if said.starts_with("unknown field") || said.starts_with("duplicate key") => said.to_owned(),
            Some((_, expected)) => format!("expected {expected}"),
            None => "it is not NAME = VALUE with texts in quotation marks".to_owned(),
        };
        anyhow::anyhow!("line {line}: {words}")
    })
}

/// Whether an address of a database has a password in it.
fn has_password(url: &str) -> bool {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    login.is_some_and(|login| login.contains(':')) || url.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name of `File`. A name that is missing here cannot be printed, and what is not printed is noticed.
    const NAMES: [&str; 20] = [
        "listen",
        "public_url",
        "data",
        "database",
        "database_direct",
        "database_pooler",
        "database_prepares",
        "key_file",
        "behind_proxy",
        "lease_seconds",
        "calls_at_once",
        "log",
        "log_format",
        "smtp_host",
        "smtp_port",
        "smtp_tls",
        "smtp_user",
        "smtp_password_file",
        "smtp_from",
        "webhook_hosts",
    ];

    #[test]
    fn every_address_of_a_vendor_is_a_flag_a_variable_and_a_name_in_the_file() {
        let command = ProviderFlags::augment_args(Command::new("munadi"));
        for url in registry::base_urls() {
            let flag = format!("--{}", url.key.replace('_', "-"));
            let line = ["munadi", &flag, "http://127.0.0.1:9/flag"];
            let matches = command.clone().try_get_matches_from(line).unwrap();
            let flags =
                Flags { providers: ProviderFlags::from_arg_matches(&matches).unwrap(), ..Flags::default() };
            let text = format!("{} = \"http://127.0.0.1:9/file/\"", url.key);
            let config = Config::from_parts(Flags::default(), SettingsFile::parse(&text).unwrap()).unwrap();
            assert_eq!(config.providers.get(url.key), "http://127.0.0.1:9/file");
            let config = Config::from_parts(flags, SettingsFile::parse(&text).unwrap()).unwrap();
            assert_eq!(config.providers.get(url.key), "http://127.0.0.1:9/flag", "a flag beats the file");
        }
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let file = SettingsFile::parse("listen = \"127.0.0.1:9000\"\ndata = \"/srv/munadi\"").unwrap();
        let flags = Flags { public_url: Some("https://Notify.Example/".into()), ..Flags::default() };
        let config = Config::from_parts(flags, file).unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.public_url, "https://notify.example");
        assert_eq!(config.database, "sqlite:/srv/munadi/munadi.db");
        assert!(config.is_https());
    }

    #[test]
    fn an_unknown_name_in_the_file_stops_the_start() {
        let error = SettingsFile::parse("listn = \"127.0.0.1:9000\"").unwrap_err().to_string();
        assert!(error.contains("listn"), "{error}");
    }

    #[test]
    fn a_broken_line_is_named_and_not_shown() {
        for broken in [
            "database = postgres://munadi:s3cret@db/munadi",
            "database = \"postgres://munadi:s3cret@db/munadi",
            "behind_proxy = \"postgres://munadi:s3cret@db/munadi\"",
            "listen = \"postgres://munadi:s3cret@db/munadi\"",
            "log_format = \"s3cret\"",
            "database \"postgres://munadi:s3cret@db/munadi\"",
        ] {
            let text = format!("# A comment\n{broken}\n");
            let words = format!("{:#}", SettingsFile::parse(&text).expect_err("it is broken"));
            assert!(words.starts_with("line 2: "), "{words}");
            assert!(!words.contains("s3cret"), "{words}");
        }
    }

    #[test]
    fn settings_with_a_password_are_for_their_owner_and_nobody_changes_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("munadi.toml");
        let told = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read(&path).map(|_| ()).map_err(|error| error.to_string())
        };
        let secret = "database = \"postgres://munadi:s3cret@db/munadi\"";
        assert!(told(secret, 0o644).unwrap_err().contains("chmod o-r"));
        assert_eq!(told(secret, 0o640), Ok(()));
        assert_eq!(told("listen = \"127.0.0.1:9000\"", 0o644), Ok(()));
        assert!(told("listen = \"127.0.0.1:9000\"", 0o646).unwrap_err().contains("chmod o-w"));
    }

    #[test]
    fn the_printed_file_says_the_defaults() {
        let file = default_file();
        let lines: Vec<&str> = file
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' '))
            .collect();
        let said = SettingsFile::parse(&lines.join("\n")).unwrap();
        // A name that is missing in the file would be missing in what the program says of its settings.
        let named = |file: &str| file.split_once(" = ").map(|(name, _)| name.to_owned());
        let names: Vec<String> = lines.iter().filter_map(|line| named(line)).collect();
        for name in NAMES.iter().copied().chain(registry::base_urls().map(|url| url.key)) {
            assert!(names.iter().any(|known| known == name), "{name} is not in the printed file");
        }
        assert_eq!(names.len(), NAMES.len() + registry::base_urls().count(), "{names:?}");
        assert_eq!(said.providers, Urls::default(), "the vendors' own addresses");
        let said = Config::from_parts(Flags::default(), said).unwrap();
        let default = Config::from_parts(Flags::default(), SettingsFile::default()).unwrap();
        assert_eq!(
            (said.listen, said.public_url, said.data),
            (default.listen, default.public_url, default.data)
        );
        assert_eq!(
            (said.database, said.key_file, said.log),
            (default.database, default.key_file, default.log)
        );
        // A setting that the program finds out has no value to be printed, so the file shows an example.
        assert_eq!(said.database_pooler, Some(true));
        assert!(default.database_pooler.is_none() && default.database_prepares.is_none());
        assert!(SettingsFile::parse(&default_file()).is_ok());
    }

    #[test]
    fn calls_at_once_are_what_a_person_can_look_after() {
        let with = |calls| {
            Config::from_parts(
                Flags { calls_at_once: Some(calls), ..Flags::default() },
                SettingsFile::default(),
            )
        };
        assert_eq!(with(1_024).unwrap().calls_at_once, 1_024);
        for wrong in [0, 1_025] {
            let words = with(wrong).err().unwrap().to_string();
            assert!(words.contains("between 1 and 1024"), "{words}");
        }
    }
}
