//! The four providers of calls as every vendor's stand-in is seen. They share one network of telephones, whose corner under `/sandbox` is
//! `/sandbox/voice`.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::{Config as Voice, exotel, knowlarity, kookoo, myoperator};
use crate::face::{Face, Flag, SampleAccount, SamplePost};
use crate::{Config, Sandbox, Shared};

/// A provider of calls: what differs from one to the next.
struct Caller {
    kind: &'static str,
    name: &'static str,
    addresses: &'static [(&'static str, &'static str)],
    routes: fn() -> Router<Arc<Shared>>,
    account: fn() -> SampleAccount,
    /// Puts the address of the account's callback where the provider's own pages hold it.
    enter: fn(&mut Voice, &str),
}

/// Exotel's stand-in.
pub const EXOTEL: &dyn Face = &Caller {
    kind: "exotel",
    name: "Exotel",
    addresses: &[
        ("exotel_url", "/exotel"),
        ("exotel_singapore_url", "/exotel"),
        ("exotel_calls_url", "/exotel-calls"),
        ("exotel_singapore_calls_url", "/exotel-calls"),
    ],
    routes: exotel::routes,
    account: || SampleAccount {
        settings: json!({ "sid": "udaan1", "exophone": "08000000000", "flow_id": "4711" }),
        secrets: vec![("api_key", exotel::KEY.to_owned()), ("api_token", exotel::TOKEN.to_owned())],
        signed_with: None,
    },
    enter: |voice, url| url.clone_into(&mut voice.exotel.flow_url),
};

/// KooKoo's stand-in. Each call brings its address along.
pub const OZONETEL: &dyn Face = &Caller {
    kind: "ozonetel",
    name: "KooKoo",
    addresses: &[("ozonetel_url", "/kookoo")],
    routes: kookoo::routes,
    account: || SampleAccount {
        settings: json!({ "caller_id": "0800000000" }),
        secrets: vec![("api_key", kookoo::KEY.to_owned())],
        signed_with: None,
    },
    enter: |_, _| {},
};

/// MyOperator's stand-in.
pub const MYOPERATOR: &dyn Face = &Caller {
    kind: "myoperator",
    name: "MyOperator",
    addresses: &[("myoperator_url", "/myoperator"), ("myoperator_search_url", "/myoperator-search")],
    routes: myoperator::routes,
    account: || SampleAccount {
        settings: json!({
            "company_id": "comp0001", "public_ivr_id": "ivr0001", "ask_node": "n-ask", "digit_node": "n-digit",
        }),
        secrets: vec![
            ("api_key", myoperator::KEY.to_owned()),
            ("secret_token", myoperator::TOKEN.to_owned()),
            ("search_token", myoperator::SEARCH_TOKEN.to_owned()),
        ],
        signed_with: None,
    },
    enter: |voice, url| {
        voice.myoperator.node_url = format!("{url}/step");
        voice.myoperator.hook_url = format!("{url}/status");
    },
};

/// Knowlarity's stand-in.
pub const KNOWLARITY: &dyn Face = &Caller {
    kind: "knowlarity",
    name: "Knowlarity",
    addresses: &[("knowlarity_url", "/knowlarity")],
    routes: knowlarity::routes,
    account: || SampleAccount {
        settings: json!({ "number": "+910000000099", "ivr_id": "1000000001" }),
        secrets: vec![
            ("api_key", knowlarity::KEY.to_owned()),
            ("account_key", knowlarity::ACCOUNT_KEY.to_owned()),
        ],
        signed_with: None,
    },
    enter: |voice, url| voice.knowlarity.hook_url = format!("{url}/status"),
};

impl Face for Caller {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn addresses(&self) -> &'static [(&'static str, &'static str)] {
        self.addresses
    }

    fn flags(&self) -> &'static [Flag] {
        &[]
    }

    fn set(&self, _config: &mut Config, flag: &str, _value: &str) -> Result<(), String> {
        Err(format!("no {flag}: the stand-in for {} has no flags", self.name))
    }

    fn unhindered(&self, config: &mut Config) {
        const PLENTY: i64 = 1_000_000_000_000;
        let voice = &mut config.voice;
        voice.dnd_endings.clear();
        voice.kookoo.keeps_hours = false;
        // Phones that live faster than the program are ahead of it.
        voice.knowlarity.refuses_late = false;
        for balance in [
            &mut voice.exotel.balance,
            &mut voice.kookoo.balance,
            &mut voice.myoperator.balance,
            &mut voice.knowlarity.balance,
        ] {
            *balance = PLENTY;
        }
        for lines in [
            &mut voice.exotel.lines,
            &mut voice.kookoo.lines,
            &mut voice.myoperator.lines,
            &mut voice.knowlarity.lines,
        ] {
            *lines = usize::MAX;
        }
    }

    fn routes(&self) -> Router<Arc<Shared>> {
        (self.routes)()
    }

    fn account(&self) -> SampleAccount {
        (self.account)()
    }

    /// One address: the account's own pages hold no more.
    fn post_to(&self, sandbox: &Sandbox, urls: &[String], _secret: &str) {
        if let Some(url) = urls.first() {
            sandbox.telephones().change(|voice| (self.enter)(voice, url));
        }
    }

    /// A report that names no call of ours: it is told by its number alone.
    fn delivered(&self, nth: usize, id: &str, digits: &str, _secret: &str) -> SamplePost {
        let body = json!({ "CallSid": format!("{id}{nth}"), "Status": "completed", "From": digits });
        SamplePost { body: body.to_string().into_bytes(), signature: None }
    }

    fn words(&self, sandbox: &Sandbox) -> String {
        let account = self.account();
        let settings = account.settings.as_object().into_iter().flatten();
        let settings: String =
            settings.map(|(key, value)| format!("  {key:<18} {}\n", value.as_str().unwrap_or(""))).collect();
        let secrets: String =
            account.secrets.iter().map(|(key, secret)| format!("  {key:<18} {secret}\n")).collect();
        format!(
            "A stand-in for {} places calls to phones that pick up after eight seconds and press 1.\n{settings}{secrets}\
             curl {}/sandbox/voice                     what phones do, and what goes wrong; PATCH changes it",
            self.name,
            sandbox.url()
        )
    }

    fn facts(&self, _sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}
