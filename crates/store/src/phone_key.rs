//! A keyed hash of a number, so that a suppression survives the erasure of the number itself.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Makes the `phone_key` of a number. A plain hash of ten digits could be guessed in seconds (docs/facts/india.md §5).
#[derive(Clone)]
pub struct PhoneKey(Hmac<Sha256>);

impl std::fmt::Debug for PhoneKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneKey(…)")
    }
}

impl PhoneKey {
    /// From 32 secret bytes that are kept outside the database.
    pub fn new(secret: &[u8; 32]) -> PhoneKey {
        PhoneKey(Hmac::new_from_slice(secret).expect("HMAC takes a key of any length"))
    }

    /// The key of a number in E.164 form: 32 hex digits.
    pub fn of(&self, phone: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(phone.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}
