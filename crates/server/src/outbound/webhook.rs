//! Alerts posted to an address of the organisation's, signed as Standard Webhooks has it: whoever receives one can tell that it is ours and
//! that nobody changed it, and knows a repeated one by its id.

use axum::http::{HeaderName, HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{alert::AlertOutcome, ids::OrganizationId, time::Millis};
use hmac::{Hmac, KeyInit, Mac};
use providers::{
    Http,
    http::{Endpoint, NoResponse},
};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::seal::KeyRing;

/// Before a secret, as Standard Webhooks writes it.
const PREFIX: &str = "whsec_";

/// Signs what is posted for one organisation.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The `nth` secret of an organisation.
    pub fn of(keys: &KeyRing, organization: OrganizationId, nth: i64) -> Secret {
        Secret(keys.webhook_secret(organization, nth))
    }

    /// In the form in which a receiver gets it to check signatures.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// The signature of a post.
    pub fn signature(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// An alert as it is posted to the organisation's webhook.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// The alert's id; a repeated post has the same.
    pub id: &'a str,
    /// The organisation's name.
    pub organisation: &'a str,
    /// The key of the matter. Equal matters have equal keys.
    pub matter: &'a str,
    /// The alert in one sentence.
    pub title: &'a str,
    /// The facts behind the sentence.
    pub why: &'a str,
    /// The number of people, messages or posts that it concerns.
    pub n: i64,
    /// Whether the alert goes out at any hour of the day.
    pub urgent: bool,
    /// The address of the page that shows the matter.
    pub url: &'a str,
    /// When the matter was first seen.
    pub at: Millis,
}

impl Post<'_> {
    fn body(&self) -> Value {
        json!({
            "type": "attention",
            "id": self.id,
            "timestamp": self.at.0,
            // What chat programs show of a post.
            "text": format!("{}: {} {} {}", self.organisation, self.title, self.why, self.url),
            "data": {
                "organisation": self.organisation,
                "matter": self.matter,
                "title": self.title,
                "why": self.why,
                "count": self.n,
                "urgent": self.urgent,
                "url": self.url,
            },
        })
    }
}

/// Posts an alert.
pub async fn send(http: &Http, to: &str, secret: &Secret, post: &Post<'_>, now: Millis) -> AlertOutcome {
    let Ok(endpoint) = Endpoint::parse_target(to) else {
        return AlertOutcome::Refused { said: "The address is none that can be called".to_owned() };
    };
    let body = post.body().to_string().into_bytes();
    let seconds = now.0 / 1_000;
    let signed = [
        ("webhook-id", post.id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", secret.signature(post.id, seconds, &body)),
    ];
    let headers = signed.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
    });
    match http.post_with(&endpoint, body, headers.collect()).await {
        Ok(answer) => ended(answer.status),
        Err(NoResponse::Never(why)) => AlertOutcome::Refused { said: why.to_owned() },
        Err(NoResponse::Before(_)) => {
            AlertOutcome::NotNow { said: "The address cannot be reached".to_owned() }
        }
        Err(NoResponse::After(_)) => {
            AlertOutcome::Unknown { said: "It fell silent after it was given the alert".to_owned() }
        }
    }
}

/// What an answer proves.
fn ended(status: u16) -> AlertOutcome {
    let said = format!("It answered {status}");
    match status {
        200..=299 => AlertOutcome::Sent,
        // Nobody is there any more, or it is somewhere else: we follow nobody.
        300..=399 | 404 | 410 => AlertOutcome::Refused { said },
        _ => AlertOutcome::NotNow { said },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_may_change_is_tried_again_and_one_that_will_not_is_not() {
        assert_eq!(ended(204), AlertOutcome::Sent);
        for again in [400, 401, 408, 429, 500, 503] {
            assert!(matches!(ended(again), AlertOutcome::NotNow { .. }), "{again}");
        }
        for never in [301, 404, 410] {
            assert!(matches!(ended(never), AlertOutcome::Refused { .. }), "{never}");
        }
    }

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // The example is that of the specification's own libraries: secret, id, time and body.
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).unwrap();
        mac.update(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        let example = STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(example, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        // Our signature is made in the same way from our own secret.
        let secret = Secret([7; 32]);
        let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        mac.update(b"a.5.{}");
        assert_eq!(
            secret.signature("a", 5, b"{}"),
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        );
    }
}
