//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// Fewest characters of a password (NIST SP 800-63B §3.1.1.2 asks for 8; a password is the only factor here).
pub const CHARS_MIN: usize = 10;
/// Most bytes of a password: room for a sentence, no room for a burden.
pub const BYTES_MAX: usize = 256;
/// Hashes at the same moment. Bounds memory (19 MiB each) and leaves processors for sending.
const AT_ONCE: usize = 2;

/// The cost of a password's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The memory that one hash takes, in KiB.
    pub memory_kib: u32,
    /// The number of passes over that memory.
    pub passes: u32,
}

impl Default for Cost {
    /// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane.
    fn default() -> Cost {
        Cost { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// Makes and checks argon2id texts.
#[derive(Clone, Debug)]
pub struct Passwords {
    argon: Argon2<'static>,
    /// Stands in for a user who does not exist or has no password, so that the answer takes as long.
    dummy: Arc<str>,
    turns: Arc<Semaphore>,
}

/// Why a password was refused. Its `Display` is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The password has fewer than [`CHARS_MIN`] characters.
    #[error("A password needs at least {CHARS_MIN} characters. Several words are easy to remember.")]
    Short,
    /// The password has more than [`BYTES_MAX`] bytes.
    #[error("A password may have at most {BYTES_MAX} characters.")]
    Long,
    /// The password is one character repeated, or the e-mail address.
    #[error("This password would be guessed first. Several words are easy to remember and hard to guess.")]
    Obvious,
}

/// Checks a new password for the user with that address.
pub fn check_new(password: &str, email: &str) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    let lower = password.to_lowercase();
    let first = lower.chars().next();
    let one_character = lower.chars().all(|c| Some(c) == first);
    if chars < CHARS_MIN {
        Err(PasswordError::Short)
    } else if password.len() > BYTES_MAX {
        Err(PasswordError::Long)
    } else if one_character || lower == email.to_lowercase() || "12345678901234567890".contains(&lower) {
        Err(PasswordError::Obvious)
    } else {
        Ok(())
    }
}

impl Passwords {
    /// With the given cost for new hashes; old ones carry their own.
    pub fn new(cost: Cost) -> Passwords {
        let params =
            Params::new(cost.memory_kib, cost.passes, 1, None).expect("the costs are within argon2's limits");
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash(&argon, &hex::encode(crate::seal::random_bytes::<16>()));
        Passwords { argon, dummy: dummy.into(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The argon2id text of a new password.
    pub async fn hash(&self, password: &str) -> String {
        let (argon, password) = (self.argon.clone(), password.to_owned());
        self.in_turn(move || hash(&argon, &password)).await
    }

    /// Whether the password fits. Without a text it takes as long and says no.
    pub async fn verify(&self, password: &str, text: Option<&str>) -> bool {
        let known = text.is_some();
        let text = text.unwrap_or(&self.dummy).to_owned();
        let (argon, password) = (self.argon.clone(), password.to_owned());
        let fits = self
            .in_turn(move || {
                PasswordHash::new(&text)
                    .is_ok_and(|parsed| argon.verify_password(password.as_bytes(), &parsed).is_ok())
            })
            .await;
        fits && known
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

fn hash(argon: &Argon2<'_>, password: &str) -> String {
    argon.hash_password(password.as_bytes()).expect("length and parameters were checked").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessable_password_is_refused_with_a_reason() {
        for (password, expected) in [
            ("short", Err(PasswordError::Short)),
            ("aaaaaaaaaaaa", Err(PasswordError::Obvious)),
            ("1234567890", Err(PasswordError::Obvious)),
            ("Asha@Example.com", Err(PasswordError::Obvious)),
            ("four plain words here", Ok(())),
            ("दस अक्षर से लंबा", Ok(())),
        ] {
            assert_eq!(check_new(password, "asha@example.com"), expected, "{password}");
        }
        assert_eq!(check_new(&"ab".repeat(200), "a@example.com"), Err(PasswordError::Long));
    }

    #[tokio::test]
    async fn a_password_fits_its_own_text_and_no_other() {
        let passwords = Passwords::new(Cost { memory_kib: 8, passes: 1 });
        let text = passwords.hash("four plain words").await;
        assert!(text.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{text}");
        assert!(passwords.verify("four plain words", Some(&text)).await);
        assert!(!passwords.verify("four plain word", Some(&text)).await);
        assert!(!passwords.verify("four plain words", None).await);
        assert!(!passwords.verify("four plain words", Some("not a hash")).await);
    }
}
