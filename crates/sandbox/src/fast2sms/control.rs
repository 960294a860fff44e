//! Fast2SMS under `/sandbox`: accounts, wallet, books and accepted requests.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, put};
use serde::Deserialize;
use serde_json::json;

use super::account::{Account, Webhook};
use super::{parse_rupees, rupees};
use crate::Shared;
use crate::control::{ControlResult, merge, missing, parse, say, value};

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/fast2sms", get(config).patch(patch_config))
        .route("/sandbox/fast2sms/ledger", get(ledger))
        .route("/sandbox/fast2sms/requests/{id}", get(request))
        .route("/sandbox/fast2sms/accounts/{id}", get(account).put(put_account).patch(patch_account))
        .route("/sandbox/fast2sms/accounts/{id}/ledger", get(ledger_of))
        .route("/sandbox/fast2sms/accounts/{id}/wallet", get(wallet).put(put_wallet))
        .route("/sandbox/fast2sms/accounts/{id}/webhooks", put(put_webhooks))
}

async fn config(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.vendors.fast2sms.get()))
}

async fn patch_config(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(shared.vendors.fast2sms.change(|config| {
        *config = merge(config, &body)?;
        value(config)
    }))
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.vendors.fast2sms.ledger()))
}

async fn ledger_of(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let known = shared.vendors.fast2sms.account(&id).ok_or_else(|| missing("account"));
    say(known.and_then(|_| value(shared.vendors.fast2sms.ledger_of(&id))))
}

async fn request(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    say(shared
        .vendors
        .fast2sms
        .request(&id)
        .ok_or_else(|| missing("request"))
        .and_then(|known| value(&*known)))
}

async fn account(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    say(with_account(&shared, &id, |account| value(account)))
}

fn with_account(
    shared: &Shared,
    id: &str,
    change: impl FnOnce(&mut Account) -> ControlResult,
) -> ControlResult {
    shared.vendors.fast2sms.change_account(id, change).unwrap_or_else(|| Err(missing("account")))
}

/// Makes or replaces an account; the id in the path counts.
async fn put_account(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    say(parse::<Account>(&body).and_then(|account| {
        let account = Account { id: id.clone(), ..account };
        let shown = value(&account);
        shared.vendors.fast2sms.change(|config| {
            config.accounts.retain(|one| one.id != id);
            config.accounts.push(account);
        });
        shown
    }))
}

async fn patch_account(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    say(with_account(&shared, &id, |account| {
        *account = merge(account, &body)?;
        value(account)
    }))
}

/// An amount in rupees, written as the vendor writes it.
#[derive(Deserialize)]
struct Amount {
    wallet: String,
}

async fn wallet(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    say(with_account(&shared, &id, |account| Ok(json!({ "wallet": rupees(account.wallet) }))))
}

async fn put_wallet(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    say(parse::<Amount>(&body).and_then(|amount| {
        let odd = || (400, "wallet is an amount in rupees such as 1250.5000".to_owned());
        let amount = parse_rupees(&amount.wallet).ok_or_else(odd)?;
        with_account(&shared, &id, |account| {
            account.wallet = amount;
            Ok(json!({ "wallet": rupees(amount) }))
        })
    }))
}

async fn put_webhooks(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    say(parse::<Vec<Webhook>>(&body).and_then(|webhooks| {
        with_account(&shared, &id, |account| {
            account.webhooks = webhooks;
            value(&account.webhooks)
        })
    }))
}
