//! `munadi sandbox`: the stand-ins for the vendors as a program, for a rehearsal without a bill.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;
use domain::time::{Clock, WallClock};
use sandbox::{Faults, Sandbox, Webhook, aisensy};
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
    /// Where receipts go: the callback address that Munadi shows for the account
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// The shared secret that receipts are signed with
    #[arg(long, value_name = "SECRET", requires = "webhook", default_value = "")]
    webhook_secret: String,
    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Stands in until SIGTERM or SIGINT.
pub async fn run(command: SandboxCommand) -> anyhow::Result<()> {
    let config = config(&command)?;
    let project = config.aisensy.projects.first().cloned().unwrap_or_default();
    // Receipts and instants in answers are of the present day, or nothing would fit what was sent just now.
    let sandbox = Sandbox::start_with_clock(config, Arc::new(|| WallClock.now().0)).await?;
    let stopping = CancellationToken::new();
    stop_on_signal(stopping.clone())?;
    say(if command.json {
        addresses(&sandbox.url(), &project).to_string()
    } else {
        words(&sandbox.url(), &project, command.webhook.is_some())
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
        ..sandbox::Config::default()
    })
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

fn addresses(base: &str, project: &aisensy::Project) -> serde_json::Value {
    json!({
        "control": format!("{base}/sandbox"),
        "aisensy_url": campaign_url(base),
        "aisensy_project_url": project_url(base),
        "api_key": project.keys.first().map(|key| &key.key),
        "project": project.id,
        "project_password": project.password,
        "campaigns": project.campaigns.iter().map(|campaign| &campaign.name).collect::<Vec<_>>(),
    })
}

fn words(base: &str, project: &aisensy::Project, has_webhook: bool) -> String {
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
         munadi serve --aisensy-url {campaign_url} --aisensy-project-url {project_url}\n\n\
         Connect an account under Settings, Integrations:\n  \
         API key            {key}\n  \
         Project            {id}\n  \
         Project password   {password}\n  \
         Campaigns          {campaigns}\n\n\
         {receipts}\n\n\
         Look and change (no password; this machine only):\n  \
         curl {base}/sandbox/world                     what every phone got\n  \
         curl {base}/sandbox/receipts                  what became of the receipts\n  \
         curl {base}/sandbox/faults                    what goes wrong; PUT or PATCH changes it\n  \
         curl -X POST {base}/sandbox/receipts/flush    let everything happen now\n  \
         curl -X POST {base}/sandbox/reset             forget phones and receipts",
        campaign_url = campaign_url(base),
        project_url = project_url(base),
        id = project.id,
        password = project.password,
        campaigns = campaigns.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
