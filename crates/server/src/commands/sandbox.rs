//! `munadi sandbox`: the stand-ins for the vendors as a program, for a rehearsal without a bill.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, anyhow};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use domain::time::{Clock, WallClock};
use sandbox::{
    Faults, Sandbox,
    face::{Face, Flag},
    registry::FACES,
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{say, serve::stop_on_signal};

/// `munadi sandbox …`
#[derive(Args, Debug)]
pub struct SandboxCommand {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Port on 127.0.0.1 that takes e-mails; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    mail_port: u16,
    /// Seed of everything that is drawn; the same seed and the same calls bring the same faults
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What goes wrong: none, lifelike, or a JSON file as PUT /sandbox/faults takes it
    #[arg(long, default_value = "none", value_name = "none|lifelike|FILE")]
    faults: String,
    #[command(flatten)]
    vendors: VendorFlags,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,
}

/// What each stand-in may be set to: flag and value, in the order of the stand-ins.
#[derive(Clone, Debug, Default)]
struct VendorFlags(Vec<(&'static str, &'static str, String)>);

fn flags() -> impl Iterator<Item = (&'static dyn Face, &'static Flag)> {
    FACES.iter().copied().flat_map(|face| face.flags().iter().map(move |flag| (face, flag)))
}

impl Args for VendorFlags {
    fn augment_args(mut command: Command) -> Command {
        for (_, flag) in flags() {
            let mut arg = Arg::new(flag.name).long(flag.name).help(flag.about);
            arg = match flag.value {
                "" => arg.action(ArgAction::SetTrue),
                value => arg.value_name(value),
            };
            command = command.arg(if flag.requires.is_empty() { arg } else { arg.requires(flag.requires) });
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        VendorFlags::augment_args(command)
    }
}

impl FromArgMatches for VendorFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let set = flags().filter_map(|(face, flag)| match flag.value {
            "" => matches.get_flag(flag.name).then(|| (face.kind(), flag.name, String::new())),
            _ => Some((face.kind(), flag.name, matches.get_one::<String>(flag.name)?.clone())),
        });
        Ok(VendorFlags(set.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = VendorFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Stands in until SIGTERM or SIGINT.
pub async fn run(command: SandboxCommand) -> anyhow::Result<()> {
    let config = config(&command)?;
    // Receipts and instants in answers are of the present day, or nothing would fit what was sent just now.
    let sandbox = Sandbox::start_with_clock(config, Arc::new(|| WallClock.now().0)).await?;
    let stopping = CancellationToken::new();
    stop_on_signal(stopping.clone())?;
    say(if command.json { addresses(&sandbox).to_string() } else { words(&sandbox) })?;
    stopping.cancelled().await;
    sandbox.stop().await;
    Ok(())
}

fn config(command: &SandboxCommand) -> anyhow::Result<sandbox::Config> {
    let mut config = sandbox::Config {
        port: command.port,
        mail_port: command.mail_port,
        seed: command.seed,
        epoch_ms: WallClock.now().0,
        faults: faults(&command.faults)?,
        ..sandbox::Config::default()
    };
    for (kind, flag, value) in &command.vendors.0 {
        let face = FACES.iter().find(|face| face.kind() == *kind).context("a stand-in is gone")?;
        face.set(&mut config, flag, value).map_err(|words| anyhow!("--{flag} is {words}"))?;
    }
    Ok(config)
}

fn faults(named: &str) -> anyhow::Result<Faults> {
    match named {
        "none" => Ok(Faults::default()),
        "lifelike" => Ok(Faults::lifelike()),
        file => {
            let path = PathBuf::from(file);
            let text = std::fs::read_to_string(&path).with_context(|| {
                format!("--faults is none, lifelike or a file; cannot read {}", path.display())
            })?;
            serde_json::from_str(&text)
                .with_context(|| format!("cannot use the faults in {}", path.display()))
        }
    }
}

fn addresses(sandbox: &Sandbox) -> Value {
    let mut all = Map::from_iter([("control".to_owned(), json!(format!("{}/sandbox", sandbox.url())))]);
    all.insert("smtp".to_owned(), json!(sandbox.mail_address().to_string()));
    all.insert("webhook".to_owned(), json!(sandbox.hook_url()));
    all.extend(sandbox.addresses().into_iter().map(|(name, url)| (name.to_owned(), json!(url))));
    let facts = FACES.iter().flat_map(|face| face.facts(sandbox));
    all.extend(facts.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(all)
}

fn words(sandbox: &Sandbox) -> String {
    let base = sandbox.url();
    let flags: Vec<String> =
        sandbox.addresses().iter().map(|(name, url)| format!("--{} {url}", name.replace('_', "-"))).collect();
    let vendors: Vec<String> = FACES.iter().map(|face| face.words(sandbox)).collect();
    format!(
        "Stand-ins listen on {base}. Nothing that is sent to them reaches a phone.\n\n\
         Start Munadi against them:\n  munadi serve {flags}\n\n\
         Connect accounts under Settings, Integrations.\n\n\
         Alerts: e-mails are taken on {mail} (--smtp-host 127.0.0.1 --smtp-port {mail_port} --smtp-tls none --smtp-from alerts@example.com), \
         posts on {hook} (--webhook-host 127.0.0.1).\n\n\
         {vendors}\n\n\
         Look and change (no password; this machine only):\n  \
         curl {base}/sandbox/world                     what every phone got\n  \
         curl {base}/sandbox/mails                     e-mails that came\n  \
         curl {base}/sandbox/hooks                     posts that came to the webhook\n  \
         curl {base}/sandbox/inbox                     what goes wrong with these; PATCH changes it\n  \
         curl {base}/sandbox/receipts                  what became of the receipts\n  \
         curl {base}/sandbox/faults                    what goes wrong; PUT or PATCH changes it\n  \
         curl -X POST {base}/sandbox/receipts/flush    let everything happen now\n  \
         curl -X POST {base}/sandbox/reset             forget phones and receipts",
        mail = sandbox.mail_address(),
        mail_port = sandbox.mail_address().port(),
        hook = sandbox.hook_url(),
        flags = flags.join(" "),
        vendors = vendors.join("\n\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        command: SandboxCommand,
    }

    #[tokio::test]
    async fn stand_ins_are_set_by_their_own_flags_and_shown_with_their_addresses() {
        let line = |words: &[&str]| <Line as clap::Parser>::try_parse_from([&["sandbox"], words].concat());
        let command = line(&[
            "--port=0",
            "--sms-wallet",
            "1250.5",
            "--sms-price=0.25",
            "--sms-webhook=http://127.0.0.1:1/x",
            "--sms-report=clevertap",
        ]);
        let config = config(&command.unwrap().command).unwrap();
        assert_eq!(
            (config.vendors.fast2sms.accounts[0].wallet, config.vendors.fast2sms.dlt_price),
            (12_505_000, 2_500)
        );
        let template = config.vendors.fast2sms.accounts[0].webhooks[0].template;
        assert_eq!(template, sandbox::fast2sms::WebhookTemplate::Clevertap);
        let wrong = line(&["--sms-wallet", "1e3"]).unwrap().command;
        assert!(super::config(&wrong).unwrap_err().to_string().contains("amount in rupees"));
        let wrong = line(&["--sms-webhook=http://127.0.0.1:1/x", "--sms-report=xml"]).unwrap().command;
        assert!(super::config(&wrong).is_err());
        assert!(line(&["--sms-report=custom"]).is_err(), "of which reports?");
        let sandbox = Sandbox::start(config).await.unwrap();
        let (shown, base) = (words(&sandbox), sandbox.url());
        assert!(shown.contains(&format!("Fast2SMS listens on {base}/dev.")), "{shown}");
        assert!(shown.contains("WRKSHP 111111 Hi {#var#}"), "{shown}");
        let told = addresses(&sandbox);
        for url in providers::registry::base_urls() {
            assert!(told[url.key].as_str().is_some_and(|url| url.starts_with(&base)), "{}", url.key);
            assert!(shown.contains(&format!("--{} {base}", url.key.replace('_', "-"))), "{}", url.key);
        }
        sandbox.stop().await;
    }

    #[test]
    fn faults_are_a_word_or_a_file_and_a_misspelt_fault_is_named() {
        assert_eq!(faults("none").unwrap(), Faults::default());
        assert_eq!(faults("lifelike").unwrap(), Faults::lifelike());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("faults.json");
        std::fs::write(&file, r#"{"too_many": 0.1}"#).unwrap();
        assert_eq!(faults(file.to_str().unwrap()).unwrap().too_many, sandbox::Amount::Rate(0.1));
        std::fs::write(&file, r#"{"to_many": 0.1}"#).unwrap();
        assert!(format!("{:#}", faults(file.to_str().unwrap()).unwrap_err()).contains("to_many"));
        assert!(format!("{:#}", faults("lifelik").unwrap_err()).contains("none, lifelike or a file"));
    }
}
