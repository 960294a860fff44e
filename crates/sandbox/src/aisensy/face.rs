//! AiSensy's stand-in as every vendor's is seen.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::{DEFAULT_KEY, DEFAULT_PASSWORD, DEFAULT_PROJECT, Project, campaign, control, project, receipt};
use crate::{
    Config, Sandbox, Shared, exchange,
    face::{Face, Flag, SampleAccount, SamplePost},
    receipts::{Webhook, signature},
    world,
};

/// AiSensy's stand-in.
pub struct Aisensy;

/// AiSensy's stand-in.
pub const FACE: Aisensy = Aisensy;

const CAMPAIGN: &str = "/campaign/t1/api";
const PROJECT: &str = "/project-apis/v1";

const FLAGS: &[Flag] = &[
    Flag {
        name: "any-campaign",
        value: "",
        about: "Accept every campaign name with any number of values",
        requires: "",
    },
    Flag {
        name: "webhook",
        value: "URL",
        about: "Where AiSensy's receipts go: the callback address that Munadi shows for the account",
        requires: "",
    },
    Flag {
        name: "webhook-secret",
        value: "SECRET",
        about: "The shared secret that receipts are signed with",
        requires: "webhook",
    },
];

fn first(sandbox: &Sandbox) -> Project {
    sandbox.aisensy().get().projects.first().cloned().unwrap_or_default()
}

impl Face for Aisensy {
    fn kind(&self) -> &'static str {
        "aisensy"
    }

    fn addresses(&self) -> &'static [(&'static str, &'static str)] {
        &[("aisensy_url", CAMPAIGN), ("aisensy_project_url", PROJECT)]
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn set(&self, config: &mut Config, flag: &str, value: &str) -> Result<(), String> {
        match flag {
            "any-campaign" => config.vendors.aisensy.any_campaign = true,
            "webhook" => config.webhooks.push(Webhook { url: value.to_owned(), secret: String::new() }),
            _ => config.webhooks.iter_mut().for_each(|webhook| value.clone_into(&mut webhook.secret)),
        }
        Ok(())
    }

    fn unhindered(&self, config: &mut Config) {
        config.vendors.aisensy.any_campaign = true;
    }

    fn routes(&self) -> Router<Arc<Shared>> {
        let vendor = campaign::routes().merge(project::routes());
        exchange::in_json(vendor, |status, text| {
            json!({ "message": text, "name": format!("ERR{status}"), "errorCode": status, "errorMessage": text })
        })
        .merge(control::routes())
    }

    fn account(&self) -> SampleAccount {
        SampleAccount {
            settings: json!({ "project_id": DEFAULT_PROJECT, "source": "munadi" }),
            secrets: vec![
                ("api_key", DEFAULT_KEY.to_owned()),
                ("project_password", DEFAULT_PASSWORD.to_owned()),
            ],
            signed_with: Some("webhook_secret"),
        }
    }

    fn post_to(&self, sandbox: &Sandbox, urls: &[String], secret: &str) {
        let webhook = |url: &String| Webhook { url: url.clone(), secret: secret.to_owned() };
        sandbox.set_webhooks(urls.iter().map(webhook).collect());
    }

    fn delivered(&self, nth: usize, id: &str, digits: &str, secret: &str) -> SamplePost {
        let body = format!(
            r#"{{"id":"ntf_{nth}","created_at":"1767240000000","topic":"message.status.updated","delivery_attempt":"1","data":{{"message":{{"id":"m{nth}","messageId":"wamid.T{nth}","submitted_message_id":"{id}","phone_number":"{digits}","status":"DELIVERED"}}}}}}"#
        );
        let signed = signature(secret, body.as_bytes());
        SamplePost { body: body.into_bytes(), signature: Some(("x-aisensy-signature", signed)) }
    }

    fn words(&self, sandbox: &Sandbox) -> String {
        let (base, project) = (sandbox.url(), first(sandbox));
        let campaigns: Vec<String> = project
            .campaigns
            .iter()
            .map(|campaign| {
                let media = if campaign.media { " and a file" } else { "" };
                format!("{} ({} values{media})", campaign.name, campaign.parameters)
            })
            .collect();
        let receipts = if sandbox.has_webhooks() {
            "Receipts are posted to the webhook.".to_owned()
        } else {
            format!(
                "Receipts go nowhere yet. Give the callback address that Munadi shows for the account:\n  \
                 curl -X PUT {base}/sandbox/webhook -d '{{\"url\":\"…\",\"secret\":\"…\"}}'"
            )
        };
        format!(
            "A stand-in for AiSensy listens on {base}.\n  \
             API key            {key}\n  \
             Project            {id}\n  \
             Project password   {password}\n  \
             Campaigns          {campaigns}\n\
             {receipts}",
            key = project.keys.first().map(|key| key.key.as_str()).unwrap_or_default(),
            id = project.id,
            password = project.password,
            campaigns = campaigns.join(", "),
        )
    }

    fn facts(&self, sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
        let project = first(sandbox);
        let campaigns: Vec<&String> = project.campaigns.iter().map(|campaign| &campaign.name).collect();
        vec![
            ("api_key", json!(project.keys.first().map(|key| &key.key))),
            ("project", json!(project.id)),
            ("project_password", json!(project.password)),
            ("campaigns", json!(campaigns)),
        ]
    }
}

impl Sandbox {
    /// A person writes to the business, which reaches it by webhook. False if `phone` is none.
    pub fn write_in(&self, project: &str, phone: &str, text: &str) -> bool {
        let phone = world::digits(phone);
        if let Some(phone) = phone {
            receipt::inbound(&self.shared, project, phone, text);
        }
        phone.is_some()
    }
}
