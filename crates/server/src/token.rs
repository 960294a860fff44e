//! Tokens of sessions and links: random, shown once, kept as a hash.

use sha2::{Digest, Sha256};

use crate::seal::random_bytes;

/// A secret that lets its holder in: 256 random bits. The store only ever sees its hash.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one.
    #[expect(clippy::new_without_default, reason = "a default value would not suggest that each one differs")]
    pub fn new() -> Token {
        Token(hex::encode(random_bytes::<32>()))
    }

    /// Reads one from a cookie or a path; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Token> {
        let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Token(text.to_owned()))
    }

    /// What its holder gets.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What the store keeps: its SHA-256. A fast hash is enough, because nobody can guess 256 bits.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The page to go to after signing in. Only a path of this program is accepted; anything else leads to the home page.
pub fn safe_next(next: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            // Browsers read a backslash as a slash, and drop tabs and line ends.
            && !path.contains(['\\', ':'])
            && path.chars().all(|c| c.is_ascii_graphic())
    };
    next.filter(ours).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_never_a_way_out() {
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "",
            "/a\r\nSet-Cookie: a=b",
        ] {
            assert_eq!(safe_next(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(safe_next(Some("/workshops/1?tab=sms")), "/workshops/1?tab=sms");
        assert_eq!(safe_next(None), "/");
    }

    #[test]
    fn a_token_is_only_what_we_make() {
        let token = Token::new();
        assert_eq!(Token::parse(token.text()).unwrap().hash(), token.hash());
        assert_ne!(token.hash(), token.text());
        for bad in ["", "abc", &"g".repeat(64)] {
            assert!(Token::parse(bad).is_none());
        }
    }
}
