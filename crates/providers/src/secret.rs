//! A key or password that must not be seen.

use std::fmt;

use serde::Deserialize;

/// Text that no log, screen or `Debug` shows. There is no `Serialize`: whoever stores it seals it first, and says [`expose`](Secret::expose).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text, without the white space that comes along when it is pasted.
    pub fn new(text: &str) -> Secret {
        Secret(text.trim().to_owned())
    }

    /// The text itself, for the wire and for sealing.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, so that a person can tell two keys apart; fewer than twelve characters show none.
    pub fn hint(&self) -> String {
        let count = self.0.chars().count();
        if count < 12 { String::new() } else { self.0.chars().skip(count - 4).collect() }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_at_most_four_of_many_characters() {
        let key = Secret::new(" TEST-KEY-NOT-REAL\n");
        assert_eq!(format!("{key:?}"), "Secret(****)");
        assert_eq!(key.hint(), "REAL");
        assert_eq!(Secret::new("short").hint(), "");
        assert_eq!(key.expose(), "TEST-KEY-NOT-REAL");
    }
}
