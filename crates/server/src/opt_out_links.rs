//! Links by which people stop messages: `/o/{token}`, one per message.
//!
//! A token is the message's own reference (broadcast and position), followed by a truncated HMAC of it, in base64url:
//! 40 characters. Nothing is stored per message: a million links cost a million hashes and no row. The token holds no
//! number; the message's row says what it means. Encryption would hide nothing more, and double the length of an SMS
//! link. 80 bits of the HMAC are far beyond guessing over a network. The key is derived from the installation's first
//! key and never changes, because a link in an old message has to work.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ids::{BroadcastId, MessageRef, OrganizationId};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{seal::hmac_sha256, throttle::Throttle};

/// Bytes of the reference: a UUID and a position.
const REFERENCE_BYTES: usize = 20;
/// Bytes of the HMAC that go along.
const MAC_BYTES: usize = 10;
/// Characters of every token.
pub const TOKEN_CHARS: usize = (REFERENCE_BYTES + MAC_BYTES) / 3 * 4;

/// Makes and reads such links.
#[derive(Clone)]
pub struct OptOutLinks {
    key: [u8; 32],
    base: String,
}

impl std::fmt::Debug for OptOutLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OptOutLinks").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a link means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The addressee of that message.
    Message(MessageRef),
    /// Nobody: the link of a preview or of a test message of that organisation.
    Sample(OrganizationId),
}

impl OptOutLinks {
    /// `base` is the address that people type, without a slash at its end.
    pub fn new(key: [u8; 32], base: &str) -> OptOutLinks {
        OptOutLinks { key, base: base.to_owned() }
    }

    /// The link of a message.
    pub fn link(&self, message: MessageRef) -> String {
        format!("{}/o/{}", self.base, self.token(message.broadcast.0, message.position))
    }

    /// A link of the same length for previews and test messages, which stops nothing.
    pub fn sample(&self, organization: OrganizationId) -> String {
        format!("{}/o/{}", self.base, self.token(organization.0, 0))
    }

    /// What a token means; `None` when it is not one of ours.
    pub fn read(&self, token: &str) -> Option<Meant> {
        if token.len() != TOKEN_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (reference, mac) = bytes.split_first_chunk::<REFERENCE_BYTES>()?;
        if !bool::from(self.mac(reference).as_slice().ct_eq(mac)) {
            return None;
        }
        let (id, position) = reference.split_first_chunk::<16>()?;
        let id = Uuid::from_bytes(*id);
        let position = u32::from_be_bytes(position.try_into().ok()?);
        Some(match position {
            0 => Meant::Sample(OrganizationId(id)),
            n => Meant::Message(MessageRef { broadcast: BroadcastId(id), position: i64::from(n) }),
        })
    }

    fn token(&self, id: Uuid, position: i64) -> String {
        let mut bytes = [0; REFERENCE_BYTES + MAC_BYTES];
        bytes[..16].copy_from_slice(id.as_bytes());
        // A broadcast has fewer recipients than India has people.
        bytes[16..REFERENCE_BYTES].copy_from_slice(&u32::try_from(position).unwrap_or(0).to_be_bytes());
        let mac = self.mac(&bytes[..REFERENCE_BYTES]);
        bytes[REFERENCE_BYTES..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn mac(&self, reference: &[u8]) -> [u8; MAC_BYTES] {
        let whole = hmac_sha256(&self.key, &[b"opt-out link", reference]);
        *whole.first_chunk().expect("SHA-256 has 32 bytes")
    }
}

/// Tokens that are none, per address and minute. Good ones are not counted by address: one address may be a whole mobile network.
const BAD_PER_MINUTE: u32 = 20;
/// Requests with one token per minute.
const ONE_PER_MINUTE: u32 = 40;

/// The state of the page behind opt-out links.
#[derive(Debug)]
pub struct OptOutPageState {
    /// Makes and reads the links.
    pub links: OptOutLinks,
    /// Limits requests with wrong tokens, by network address.
    pub bad: Throttle,
    /// Limits requests with genuine tokens, by token.
    pub good: Throttle,
}

impl OptOutPageState {
    /// A door for these links.
    pub fn new(links: OptOutLinks) -> OptOutPageState {
        OptOutPageState { links, bad: Throttle::new(BAD_PER_MINUTE), good: Throttle::new(ONE_PER_MINUTE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> OptOutLinks {
        OptOutLinks::new([3; 32], "https://notify.example")
    }

    fn token(link: &str) -> &str {
        link.strip_prefix("https://notify.example/o/").unwrap()
    }

    #[test]
    fn a_link_means_its_message_and_no_other() {
        let message = MessageRef { broadcast: BroadcastId(Uuid::from_u128(7)), position: 123_456 };
        let link = links().link(message);
        assert_eq!(token(&link).len(), TOKEN_CHARS);
        assert_eq!(links().read(token(&link)), Some(Meant::Message(message)));
        let organization = OrganizationId(Uuid::from_u128(9));
        assert_eq!(links().read(token(&links().sample(organization))), Some(Meant::Sample(organization)));
        assert_eq!(OptOutLinks::new([4; 32], "").read(token(&link)), None, "made under another key");
    }

    #[test]
    fn a_changed_token_means_nothing() {
        let link = links().link(MessageRef { broadcast: BroadcastId(Uuid::from_u128(7)), position: 1 });
        let good = token(&link);
        for at in 0..good.len() {
            let mut changed = good.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(links().read(std::str::from_utf8(&changed).unwrap()), None, "at {at}");
        }
        for text in ["", "abc", &good[1..], &format!("{good}A"), &"0".repeat(TOKEN_CHARS), "ह"] {
            assert_eq!(links().read(text), None, "{text}");
        }
    }
}
