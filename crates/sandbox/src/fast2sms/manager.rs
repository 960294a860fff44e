//! Wallet and DLT Manager (`providers/src/fast2sms/NOTES.md` §4). Both cost nothing and send nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::account::{Account, Sender, Template};
use super::send_request::{self, Received};
use super::{rupees, send};
use crate::Shared;
use crate::exchange;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/dev/wallet", get(wallet).post(wallet)).route("/dev/dlt_manager", get(dlt_manager))
}

/// Why a question is not answered.
pub(super) enum Refused {
    Code(u16),
    /// The gateway has nobody behind it.
    Gateway,
}

impl Refused {
    pub(super) fn answer(&self, shared: &Shared) -> Response {
        match self {
            Refused::Code(code) => send::refuse(shared, *code),
            Refused::Gateway => exchange::bad_gateway(),
        }
    }
}

/// The account that asks, if it may.
pub(super) fn entitled(shared: &Shared, key: &str) -> Result<Account, Refused> {
    let fails = shared.faults.get().habits.fast2sms.questions_fail;
    if shared.faults.strikes(fails, "questions_fail", key, shared.ids.next()) {
        return Err(Refused::Gateway);
    }
    let account = shared.vendors.fast2sms.open(key).map_err(Refused::Code)?;
    match (account.address_allowed, account.enabled) {
        (false, _) => Err(Refused::Code(414)),
        (true, false) => Err(Refused::Code(415)),
        (true, true) => Ok(account),
    }
}

/// `success`, or `return` where that is set.
pub(super) fn well(shared: &Shared) -> &'static str {
    if shared.faults.get().habits.fast2sms.return_key { "return" } else { "success" }
}

async fn wallet(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response {
    let received = Received::read(request).await;
    let account = match entitled(&shared, &received.key) {
        Ok(account) => account,
        Err(refused) => return refused.answer(&shared),
    };
    let mut answer = json!({ "return": true, "wallet": rupees(account.wallet) });
    if !shared.faults.get().habits.fast2sms.no_sms_count {
        let price = shared.vendors.fast2sms.change(|config| config.dlt_price);
        answer["sms_count"] = json!(account.wallet / price.max(1));
    }
    exchange::json(200, &answer)
}

async fn dlt_manager(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response {
    let received = Received::read(request).await;
    let account = match entitled(&shared, &received.key) {
        Ok(account) => account,
        Err(refused) => return refused.answer(&shared),
    };
    let with_templates = match send_request::text(&received.members, "type").as_str() {
        "sender" => false,
        "template" => true,
        _ => {
            let message = "type must be sender or template";
            return exchange::json(400, &json!({ well(&shared): false, "message": message }));
        }
    };
    let senders: Vec<Value> =
        account.senders.iter().map(|sender| describe(&account, sender, with_templates)).collect();
    exchange::json(200, &json!({ well(&shared): true, "data": senders }))
}

fn describe(account: &Account, sender: &Sender, with_templates: bool) -> Value {
    let mut shown = json!({
        "sender_id": sender.sender_id, "entity_id": account.entity_id, "entity_name": account.entity_name,
    });
    if with_templates {
        let managed = sender.templates.iter().filter(|one| one.in_manager);
        let template = |one: &Template| json!({ "template_id": one.template_id, "message_id": one.message_id, "message": one.text });
        shown["templates"] = managed.map(template).collect();
    }
    shown
}
