//! Short links on this server's own address: the code of a registrant's link, which openings count, and how they are counted.
//!
//! A code is 64 bits of an HMAC of the registrant's id, 11 letters and digits: an SMS has 30 characters for a link. The
//! code follows from the id, so every message carries the same one. The first plan that uses it stores it
//! ([`store::work::StretchSums`]), so that it can be looked up. The key is derived from the installation's first key
//! and never changes: a link in an old message has to work.

use axum::http::{HeaderMap, Method, header};
use domain::{ids::RegistrantId, time::SharedClock};
use std::collections::BTreeMap;
use store::work::{Links, Opened};
use tokio::sync::mpsc;

use crate::{seal::hmac_sha256, throttle::Throttle};

/// Characters of every code.
pub const CODE_CHARS: usize = 11;
/// The code of previews and tests: it leads to a page that says so.
pub const SAMPLE_CODE: &str = "preview0000";
const SIGNS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes the addresses of short links.
#[derive(Clone)]
pub struct ShortLinks {
    key: [u8; 32],
    base: String,
}

impl std::fmt::Debug for ShortLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShortLinks").field("base", &self.base).finish_non_exhaustive()
    }
}

impl ShortLinks {
    /// `base` is the address that people type, without a slash at its end.
    pub fn new(key: [u8; 32], base: &str) -> ShortLinks {
        ShortLinks { key, base: base.to_owned() }
    }

    /// The code of a registrant's own link.
    pub fn code(&self, registrant: RegistrantId) -> String {
        let mac = hmac_sha256(&self.key, &[b"join link", registrant.0.as_bytes()]);
        let mut rest = u64::from_be_bytes(*mac.first_chunk().expect("SHA-256 has 32 bytes"));
        let mut code = [0; CODE_CHARS];
        for place in code.iter_mut().rev() {
            *place = SIGNS[usize::try_from(rest % 62).expect("below 62")];
            rest /= 62;
        }
        code.iter().map(|sign| char::from(*sign)).collect()
    }

    /// The address of the link with that code.
    pub fn own(&self, code: &str) -> String {
        format!("{}/j/{code}", self.base)
    }

    /// The address of a named link.
    pub fn named(&self, name: &str) -> String {
        format!("{}/l/{name}", self.base)
    }
}

/// Codes and names that are none, per address and minute. Good ones are not counted: one address may be a whole mobile network.
const BAD_PER_MINUTE: u32 = 30;
/// Openings that wait to be counted. What comes beyond is led on and not counted.
const QUEUE_MAX: usize = 100_000;
/// Openings that are counted in one commit.
const BATCH_MAX: usize = 5_000;

/// The state of the two addresses behind short links.
#[derive(Debug)]
pub struct ShortLinkState {
    /// Makes the addresses of short links.
    pub links: ShortLinks,
    /// Limits requests with unknown codes and names, by network address.
    pub bad: Throttle,
    openings: mpsc::Sender<Opened>,
}

impl ShortLinkState {
    /// A door for these links, and the task that counts what goes through it: it ends with the door.
    pub fn new(links: ShortLinks, store: Links, clock: SharedClock) -> ShortLinkState {
        let (openings, opened) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(count_all(store, clock, opened));
        ShortLinkState { links, bad: Throttle::new(BAD_PER_MINUTE), openings }
    }

    /// Counts an opening behind the answer: nobody waits for a commit to get to a workshop.
    pub fn opened(&self, link: Opened) {
        if self.openings.try_send(link).is_err() {
            tracing::warn!("an opening of a short link could not be counted: too many wait");
        }
    }
}

/// Counts what was opened, all that came during one commit with the next.
async fn count_all(store: Links, clock: SharedClock, mut opened: mpsc::Receiver<Opened>) {
    let mut batch = Vec::new();
    while opened.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let mut counts: BTreeMap<Opened, i64> = BTreeMap::new();
        for link in batch.drain(..) {
            *counts.entry(link).or_default() += 1;
        }
        let counts: Vec<(Opened, i64)> = counts.into_iter().collect();
        if let Err(error) = store.count(&counts, clock.now()).await {
            tracing::error!("openings of {} short links could not be counted: {error}", counts.len());
        }
    }
}

/// Parts of the names of programs that open links without a person: previews of messengers, scanners of links, libraries.
const PROGRAMS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "preview",
    "facebookexternalhit",
    "facebookcatalog",
    "whatsapp",
    "telegram",
    "slack",
    "discord",
    "skype",
    "linkedin",
    "twitter",
    "pinterest",
    "embedly",
    "google-safety",
    "googleimageproxy",
    "google-read-aloud",
    "safebrowsing",
    "safelinks",
    "barracuda",
    "mimecast",
    "proofpoint",
    "virustotal",
    "urlscan",
    "scan",
    "monitor",
    "uptime",
    "curl/",
    "wget",
    "python",
    "go-http-client",
    "java/",
    "okhttp",
    "axios",
    "node-fetch",
    "headless",
    "libwww",
    "apache-httpclient",
    "postman",
];

/// Whether somebody opened the link, as far as a request tells: messengers and scanners look at links before people do.
pub fn is_a_person(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_ascii_lowercase()
    };
    let agent = text(header::USER_AGENT.as_str());
    let ahead = ["purpose", "sec-purpose", "x-moz", "x-purpose"].iter().any(|name| {
        let value = text(name);
        value.contains("prefetch") || value.contains("preview")
    });
    let mode = text("sec-fetch-mode");
    *method == Method::GET
        && !ahead
        && (mode.is_empty() || mode == "navigate")
        && !agent.is_empty()
        && !PROGRAMS.iter().any(|name| agent.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_short_the_same_every_time_and_another_for_everybody() {
        let links = ShortLinks::new([3; 32], "https://notify.example");
        let codes: std::collections::HashSet<String> =
            (0..10_000).map(|n| links.code(RegistrantId(uuid::Uuid::from_u128(n)))).collect();
        assert_eq!(codes.len(), 10_000);
        assert!(
            codes
                .iter()
                .all(|code| code.len() == CODE_CHARS && code.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
        let one = RegistrantId(uuid::Uuid::from_u128(7));
        assert_eq!(links.code(one), links.code(one));
        assert_ne!(links.code(one), ShortLinks::new([4; 32], "").code(one), "made under another key");
    }

    #[test]
    fn only_people_open_links() {
        let chrome = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";
        let asked = |method: &Method, pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            is_a_person(method, &headers)
        };
        let get = &Method::GET;
        assert!(asked(get, &[("user-agent", chrome)]));
        assert!(asked(get, &[("user-agent", chrome), ("sec-fetch-mode", "navigate")]));
        assert!(!asked(&Method::HEAD, &[("user-agent", chrome)]));
        assert!(!asked(get, &[]));
        assert!(!asked(get, &[("user-agent", chrome), ("sec-fetch-mode", "no-cors")]));
        assert!(!asked(get, &[("user-agent", chrome), ("sec-purpose", "prefetch;prerender")]));
        for program in [
            "WhatsApp/2.23.20.0 A",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "TelegramBot (like TwitterBot)",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "curl/8.5.0",
            "python-requests/2.32",
        ] {
            assert!(!asked(get, &[("user-agent", program)]), "{program}");
        }
    }
}
