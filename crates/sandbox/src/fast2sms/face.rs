//! Fast2SMS's stand-in as every vendor's is seen.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::{
    Account, DEFAULT_ACCOUNT, DEFAULT_ENTITY, DEFAULT_KEY, DEFAULT_SENDER, PER_RUPEE, Route, Webhook,
    WebhookTemplate, control, dlr, manager, parse_rupees, rupees, send,
};
use crate::{
    Config, Sandbox, Shared, exchange,
    face::{Face, Flag, SampleAccount, SamplePost},
};

/// Fast2SMS's stand-in.
pub struct Fast2sms;

/// Fast2SMS's stand-in.
pub const FACE: Fast2sms = Fast2sms;

const PATH: &str = "/dev";

/// More than any rehearsal spends.
const ENDLESS: i64 = 10_000_000 * PER_RUPEE;

const FLAGS: &[Flag] = &[
    Flag {
        name: "sms-webhook",
        value: "URL",
        about: "Where Fast2SMS's delivery reports go: the callback address that Munadi shows for the account",
        requires: "",
    },
    Flag {
        name: "sms-report",
        value: "custom|clevertap",
        about: "Shape of those reports: custom (Fast2SMS's own, the usual) or clevertap",
        requires: "sms-webhook",
    },
    Flag {
        name: "sms-wallet",
        value: "RUPEES",
        about: "What is in Fast2SMS's wallet, in rupees [default: 10000]",
        requires: "",
    },
    Flag {
        name: "sms-price",
        value: "RUPEES",
        about: "Price of an SMS segment on Fast2SMS's DLT routes, in rupees [default: 0.20]",
        requires: "",
    },
];

fn first(sandbox: &Sandbox) -> Account {
    sandbox.fast2sms().get().accounts.first().cloned().unwrap_or_default()
}

impl Face for Fast2sms {
    fn kind(&self) -> &'static str {
        "fast2sms"
    }

    fn addresses(&self) -> &'static [(&'static str, &'static str)] {
        &[("fast2sms_url", PATH)]
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn set(&self, config: &mut Config, flag: &str, value: &str) -> Result<(), String> {
        let amount = || {
            let words = "an amount in rupees such as 1250.50, with at most four places";
            parse_rupees(value).ok_or_else(|| words.to_owned())
        };
        let account = config.vendors.fast2sms.accounts.first_mut();
        match flag {
            "sms-webhook" => {
                account.into_iter().for_each(|account| account.webhooks.push(Webhook::to(value)))
            }
            "sms-report" => {
                let template = match value {
                    "custom" => WebhookTemplate::Custom,
                    "clevertap" => WebhookTemplate::Clevertap,
                    _ => return Err("custom or clevertap".to_owned()),
                };
                let webhooks = account.into_iter().flat_map(|account| &mut account.webhooks);
                webhooks.for_each(|webhook| webhook.template = template);
            }
            "sms-wallet" => {
                let amount = amount()?;
                account.into_iter().for_each(|account| account.wallet = amount);
            }
            _ => config.vendors.fast2sms.dlt_price = amount()?,
        }
        Ok(())
    }

    fn unhindered(&self, config: &mut Config) {
        config.faults.habits.fast2sms.repeat_window_ms = 0;
        for account in &mut config.vendors.fast2sms.accounts {
            account.wallet = ENDLESS;
        }
    }

    fn take_anything(&self, config: &mut Config) {
        self.unhindered(config);
        for account in &mut config.vendors.fast2sms.accounts {
            account.any_template = true;
            account.refused_words.clear();
        }
    }

    fn allow_links(&self, config: &mut Config, beginning: &str) {
        for account in &mut config.vendors.fast2sms.accounts {
            account.allowed_links.insert(beginning.to_owned());
        }
    }

    fn routes(&self) -> Router<Arc<Shared>> {
        let vendor = send::routes().merge(manager::routes()).merge(dlr::routes());
        exchange::in_json(
            vendor,
            |status, text| json!({ "return": false, "status_code": status, "message": text }),
        )
        .merge(control::routes())
    }

    fn account(&self) -> SampleAccount {
        SampleAccount {
            settings: json!({
                "default_sender": DEFAULT_SENDER, "entity_id": DEFAULT_ENTITY, "default_route": "dlt",
                "numbers_per_request": 100,
            }),
            secrets: vec![("api_key", DEFAULT_KEY.to_owned())],
            signed_with: None,
        }
    }

    fn post_to(&self, sandbox: &Sandbox, urls: &[String], _secret: &str) {
        let webhooks = urls.iter().map(|url| Webhook::to(url)).collect();
        sandbox.fast2sms().set_webhooks(DEFAULT_ACCOUNT, webhooks);
    }

    fn delivered(&self, _nth: usize, id: &str, digits: &str, _secret: &str) -> SamplePost {
        let mobile = digits.strip_prefix("91").unwrap_or(digits);
        let body = format!(
            r#"{{"request_id":"{id}","mobile":"{mobile}","status":"Delivered","delivery_timestamp":"1767240000","amount_debited":"0.2000"}}"#
        );
        SamplePost { body: body.into_bytes(), signature: None }
    }

    fn pays_for(&self, sandbox: &Sandbox) -> Option<i64> {
        let fast2sms = sandbox.fast2sms();
        Some(fast2sms.wallet(DEFAULT_ACCOUNT)? / fast2sms.get().price(Route::Dlt).max(1))
    }

    fn set_pays_for(&self, sandbox: &Sandbox, messages: i64) {
        let fast2sms = sandbox.fast2sms();
        fast2sms.set_wallet(DEFAULT_ACCOUNT, messages.saturating_mul(fast2sms.get().price(Route::Dlt)));
    }

    fn words(&self, sandbox: &Sandbox) -> String {
        let (base, account) = (sandbox.url(), first(sandbox));
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
            "A stand-in for Fast2SMS listens on {base}{PATH}.\n  \
             Authorization key  {key}\n  \
             Entity             {entity}\n  \
             Wallet             {wallet} rupees\n\
             Headers, message ids and templates:\n{templates}\
             {reports}\n  \
             curl {base}/sandbox/fast2sms/ledger           what was charged and given back\n  \
             curl {base}/sandbox/fast2sms                  accounts and prices; PATCH changes them",
            key = account.keys.first().map(|key| key.key.as_str()).unwrap_or_default(),
            entity = account.entity_id,
            wallet = rupees(account.wallet),
            templates = templates.concat(),
        )
    }

    fn facts(&self, sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
        let account = first(sandbox);
        vec![
            ("fast2sms_key", json!(account.keys.first().map(|key| &key.key))),
            ("fast2sms_account", json!(account.id)),
            ("fast2sms_sender", json!(account.senders.first().map(|sender| &sender.sender_id))),
            ("fast2sms_entity", json!(account.entity_id)),
        ]
    }
}
