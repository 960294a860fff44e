//! `munadi sandbox`: the stand-ins for the vendors as a program, for a rehearsal without a bill.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;
use domain::time::{Clock, WallClock};
use sandbox::{Faults, Sandbox, Webhook, aisensy, fast2sms};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{say, serve::stop_on_signal};

/// `munadi sandbox …`
#[derive(Args, Debug)]
pub struct SandboxCommand {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// Seed of everything that is drawn; the same seed and the same calls bring the same faults
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What goes wrong: none, lifelike, or a JSON file as PUT /sandbox/faults takes it
    #[arg(long, default_value = "none", value_name = "none|lifelike|FILE")]
    faults: String,
    /// Accept every campaign name with any number of values
    #[arg(long)]
    any_campaign: bool,
    /// Where AiSensy's receipts go: the callback address that Munadi shows for the account
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// The shared secret that receipts are signed with
    #[arg(long, value_name = "SECRET", requires = "webhook", default_value = "")]
    webhook_secret: String,
    /// Where Fast2SMS's delivery reports go: the callback address that Munadi shows for the account
    #[arg(long, value_name = "URL")]
    sms_webhook: Option<String>,
    /// Shape of those reports: custom (Fast2SMS's own) or clevertap
    #[arg(long, value_name = "custom|clevertap", requires = "sms_webhook", default_value = "custom", value_parser = sms_report)]
    sms_report: fast2sms::WebhookTemplate,
    /// What is in Fast2SMS's wallet, in rupees
    #[arg(long, value_name = "RUPEES", default_value = "10000", value_parser = rupees)]
    sms_wallet: i64,
    /// Price of an SMS segment on Fast2SMS's DLT routes, in rupees
    #[arg(long, value_name = "RUPEES", default_value = "0.20", value_parser = rupees)]
    sms_price: i64,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Stands in until SIGTERM or SIGINT.
pub async fn run(command: SandboxCommand) -> anyhow::Result<()> {
    let config = config(&command)?;
    let project = config.aisensy.projects.first().cloned().unwrap_or_default();
    let account = config.fast2sms.accounts.first().cloned().unwrap_or_default();
    // Receipts and instants in answers are of the present day, or nothing would fit what was sent just now.
    let sandbox = Sandbox::start_with_clock(config, Arc::new(|| WallClock.now().0)).await?;
    let stopping = CancellationToken::new();
    stop_on_signal(stopping.clone())?;
    say(if command.json {
        addresses(&sandbox.url(), &project, &account).to_string()
    } else {
        words(&sandbox.url(), &project, command.webhook.is_some(), &account)
    })?;
    stopping.cancelled().await;
    sandbox.stop().await;
    Ok(())
}

fn config(command: &SandboxCommand) -> anyhow::Result<sandbox::Config> {
    let webhooks = command
        .webhook
        .iter()
        .map(|url| Webhook { url: url.clone(), secret: command.webhook_secret.clone() });
    Ok(sandbox::Config {
        port: command.port,
        seed: command.seed,
        epoch_ms: WallClock.now().0,
        faults: faults(&command.faults)?,
        webhooks: webhooks.collect(),
        aisensy: aisensy::Config { any_campaign: command.any_campaign, ..aisensy::Config::default() },
        fast2sms: fast2sms_config(command),
        ..sandbox::Config::default()
    })
}

fn fast2sms_config(command: &SandboxCommand) -> fast2sms::Config {
    let webhook = command
        .sms_webhook
        .iter()
        .map(|url| fast2sms::Webhook { template: command.sms_report, ..fast2sms::Webhook::to(url) });
    let account = fast2sms::Account {
        wallet: command.sms_wallet,
        webhooks: webhook.collect(),
        ..fast2sms::Account::default()
    };
    fast2sms::Config { accounts: vec![account], dlt_price: command.sms_price, ..fast2sms::Config::default() }
}

fn rupees(text: &str) -> Result<i64, &'static str> {
    fast2sms::parse_rupees(text).ok_or("an amount in rupees such as 1250.50, with at most four places")
}

fn sms_report(text: &str) -> Result<fast2sms::WebhookTemplate, &'static str> {
    match text {
        "custom" => Ok(fast2sms::WebhookTemplate::Custom),
        "clevertap" => Ok(fast2sms::WebhookTemplate::Clevertap),
        _ => Err("custom or clevertap"),
    }
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

fn campaign_url(base: &str) -> String {
    format!("{base}/campaign/t1/api")
}

fn project_url(base: &str) -> String {
    format!("{base}/project-apis/v1")
}

fn fast2sms_url(base: &str) -> String {
    format!("{base}/dev")
}

fn addresses(base: &str, project: &aisensy::Project, account: &fast2sms::Account) -> serde_json::Value {
    let sender = account.senders.first();
    json!({
        "control": format!("{base}/sandbox"),
        "aisensy_url": campaign_url(base),
        "aisensy_project_url": project_url(base),
        "api_key": project.keys.first().map(|key| &key.key),
        "project": project.id,
        "project_password": project.password,
        "campaigns": project.campaigns.iter().map(|campaign| &campaign.name).collect::<Vec<_>>(),
        "fast2sms_url": fast2sms_url(base),
        "fast2sms_key": account.keys.first().map(|key| &key.key),
        "fast2sms_account": account.id,
        "fast2sms_sender": sender.map(|sender| &sender.sender_id),
        "fast2sms_entity": account.entity_id,
    })
}

/// How to reach the stand-in for Fast2SMS, and what its account holds.
fn sms_words(base: &str, account: &fast2sms::Account) -> String {
    let key = account.keys.first().map(|key| key.key.as_str()).unwrap_or_default();
    let templates: Vec<String> = account
        .senders
        .iter()
        .flat_map(|sender| sender.templates.iter().map(move |template| (sender, template)))
        .filter(|(_, template)| template.in_manager)
        .map(|(sender, template)| {
            let kind = if template.promotional { " (promotional)" } else { "" };
            format!("  {} {} {}{kind}\n", sender.sender_id, template.message_id, template.text)
        })
        .collect();
    let reports = if account.webhooks.is_empty() {
        format!(
            "Delivery reports are posted nowhere yet, but can be asked for. Give the callback address:\n  \
             curl -X PUT {base}/sandbox/fast2sms/accounts/{id}/webhooks -d '[{{\"url\":\"…\"}}]'",
            id = account.id,
        )
    } else {
        "Delivery reports are posted to the SMS webhook.".to_owned()
    };
    format!(
        "A stand-in for Fast2SMS listens on {url}.\n  \
         Authorization key  {key}\n  \
         Entity             {entity}\n  \
         Wallet             {wallet} rupees\n\
         Headers, message ids and templates:\n{templates}\
         {reports}\n  \
         curl {base}/sandbox/fast2sms/ledger           what was charged and given back\n  \
         curl {base}/sandbox/fast2sms                  accounts and prices; PATCH changes them",
        url = fast2sms_url(base),
        entity = account.entity_id,
        wallet = fast2sms::rupees(account.wallet),
        templates = templates.concat(),
    )
}

fn words(base: &str, project: &aisensy::Project, has_webhook: bool, account: &fast2sms::Account) -> String {
    let campaigns: Vec<String> = project
        .campaigns
        .iter()
        .map(|campaign| {
            let media = if campaign.media { " and a file" } else { "" };
            format!("{} ({} values{media})", campaign.name, campaign.parameters)
        })
        .collect();
    let key = project.keys.first().map(|key| key.key.as_str()).unwrap_or_default();
    let receipts = if has_webhook {
        "Receipts are posted to the webhook.".to_owned()
    } else {
        format!(
            "Receipts go nowhere yet. Give the callback address that Munadi shows for the account:\n  \
             curl -X PUT {base}/sandbox/webhook -d '{{\"url\":\"…\",\"secret\":\"…\"}}'"
        )
    };
    format!(
        "A stand-in for AiSensy listens on {base}. Nothing that is sent to it reaches a phone.\n\n\
         Start Munadi against it:\n  \
         munadi serve --aisensy-url {campaign_url} --aisensy-project-url {project_url} --fast2sms-url {sms_url}\n\n\
         Connect an account under Settings, Integrations:\n  \
         API key            {key}\n  \
         Project            {id}\n  \
         Project password   {password}\n  \
         Campaigns          {campaigns}\n\n\
         {receipts}\n\n\
         {sms}\n\n\
         Look and change (no password; this machine only):\n  \
         curl {base}/sandbox/world                     what every phone got\n  \
         curl {base}/sandbox/receipts                  what became of the receipts\n  \
         curl {base}/sandbox/faults                    what goes wrong; PUT or PATCH changes it\n  \
         curl -X POST {base}/sandbox/receipts/flush    let everything happen now\n  \
         curl -X POST {base}/sandbox/reset             forget phones and receipts",
        campaign_url = campaign_url(base),
        project_url = project_url(base),
        sms_url = fast2sms_url(base),
        id = project.id,
        password = project.password,
        campaigns = campaigns.join(", "),
        sms = sms_words(base, account),
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

    #[test]
    fn the_sms_account_is_set_by_exact_amounts_and_shown_with_its_address() {
        let line = |words: &[&str]| <Line as clap::Parser>::try_parse_from([&["sandbox"], words].concat());
        let command = line(&[
            "--sms-wallet",
            "1250.5",
            "--sms-price=0.25",
            "--sms-webhook=http://127.0.0.1:1/x",
            "--sms-report=clevertap",
        ]);
        let config = fast2sms_config(&command.unwrap().command);
        assert_eq!((config.accounts[0].wallet, config.dlt_price), (12_505_000, 2_500));
        assert_eq!(config.accounts[0].webhooks[0].template, fast2sms::WebhookTemplate::Clevertap);
        assert!(line(&["--sms-wallet", "1e3"]).is_err());
        assert!(line(&["--sms-webhook=http://127.0.0.1:1/x", "--sms-report=xml"]).is_err());
        let shown =
            words("http://127.0.0.1:8090", &aisensy::Project::default(), true, &fast2sms::Account::default());
        assert!(shown.contains("Fast2SMS listens on http://127.0.0.1:8090/dev."), "{shown}");
        assert!(shown.contains("WRKSHP 111111 Hi {#var#}"), "{shown}");
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
