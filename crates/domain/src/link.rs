//! Names of short links that people know: `udaan-zoom` in `https://notify.example/l/udaan-zoom`.

/// The name of a short link, unique on the host: small letters of ASCII, digits and hyphens, the organisation's own beginning first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkName(String);

/// Why a text is no name of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkNameError {
    /// Nothing was typed that a name can be made of.
    #[error("Type a name of letters and digits, such as “zoom” or “cohort-7”.")]
    Empty,
    /// A sign that an address cannot carry without being rewritten.
    #[error("Use the letters a to z, digits and hyphens only.")]
    Signs,
    /// It is too long to be typed from a poster.
    #[error("{0} characters. Choose a name of at most {NAME_MAX}.")]
    Long(usize),
}

/// Longest name that is typed, in characters.
pub const NAME_MAX: usize = 30;
/// Longest beginning that is made of an organisation's name, in characters.
const BEGINNING_MAX: usize = 16;

impl LinkName {
    /// The name that somebody typed, behind the beginning of an organisation. Case does not matter, and spaces become hyphens.
    ///
    /// # Errors
    /// When nothing is left, it is too long, or holds other signs.
    pub fn parse(beginning: &str, typed: &str) -> Result<LinkName, LinkNameError> {
        let typed = typed.trim().to_lowercase().replace([' ', '_'], "-");
        let typed = typed.trim_matches('-');
        match typed.chars().count() {
            0 => Err(LinkNameError::Empty),
            n if n > NAME_MAX => Err(LinkNameError::Long(n)),
            _ if !typed.bytes().all(is_plain) => Err(LinkNameError::Signs),
            _ => Ok(LinkName(format!("{beginning}-{typed}"))),
        }
    }

    /// The beginning of an organisation's links: its name as far as an address carries it.
    pub fn beginning_of(organisation: &str) -> String {
        let mut beginning = String::new();
        for c in organisation.to_lowercase().chars() {
            match c {
                'a'..='z' | '0'..='9' => beginning.push(c),
                _ if beginning.is_empty() || beginning.ends_with('-') => {}
                _ => beginning.push('-'),
            }
        }
        beginning.truncate(BEGINNING_MAX);
        let beginning = beginning.trim_matches('-');
        if beginning.is_empty() { "links".to_owned() } else { beginning.to_owned() }
    }

    /// The name in an address; `None` for what is no name, so that nothing is looked up for it.
    pub fn from_address(text: &str) -> Option<LinkName> {
        let fits = (3..=BEGINNING_MAX + 1 + NAME_MAX).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then(|| LinkName(text.to_owned()))
    }

    /// As the store holds it.
    pub fn stored(name: String) -> LinkName {
        LinkName(name)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_can_be_typed_from_a_poster() {
        let name = |typed: &str| LinkName::parse("udaan", typed).map(|name| name.as_str().to_owned());
        assert_eq!(name(" Zoom "), Ok("udaan-zoom".to_owned()));
        assert_eq!(name("Cohort 7"), Ok("udaan-cohort-7".to_owned()));
        assert_eq!(name("--"), Err(LinkNameError::Empty));
        assert_eq!(name("a/b"), Err(LinkNameError::Signs));
        assert_eq!(name("ज़ूम"), Err(LinkNameError::Signs));
        assert_eq!(name("zo\u{202e}om"), Err(LinkNameError::Signs));
        assert_eq!(name(&"a".repeat(31)), Err(LinkNameError::Long(31)));
    }

    #[test]
    fn every_organisation_has_a_beginning_that_an_address_carries() {
        for (name, beginning) in [
            ("Udaan Academy", "udaan-academy"),
            ("  R&D — Skills!  ", "r-d-skills"),
            ("उड़ान", "links"),
            ("A very long organisation name", "a-very-long-orga"),
        ] {
            assert_eq!(LinkName::beginning_of(name), beginning, "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_never_looked_up() {
        for text in ["", "ab", "../x", "A-b", "a b", "a%2fb", &"a".repeat(60)] {
            assert_eq!(LinkName::from_address(text), None, "{text}");
        }
        assert!(LinkName::from_address("udaan-zoom").is_some());
    }
}
