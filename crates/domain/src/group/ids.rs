//! What groups and people are called on WhatsApp.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::phone::Phone;

/// Longest identity of a group, in bytes: the older form has the maker's number, a dash and a time before the `@g.us`.
pub const GROUP_ID_BYTES_MAX: usize = 64;

/// What stands behind a group's digits.
const OF_GROUPS: &str = "@g.us";

/// A group's identity on WhatsApp, such as `120363000000000001@g.us`: the same for every account that is in the group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid(String);

/// Why a text is no group's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a group’s identity ends with @g.us, and digits stand before it")]
pub struct JidError;

impl Jid {
    /// The whole identity: for gateways and the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last six digits, by which groups of one name are told apart.
    pub fn last_six(&self) -> &str {
        let digits = self.digits();
        &digits[digits.len().saturating_sub(6)..]
    }

    /// What stands before `@g.us`; digits, and one dash in the older form.
    pub fn digits(&self) -> &str {
        self.0.strip_suffix(OF_GROUPS).unwrap_or(&self.0)
    }
}

impl FromStr for Jid {
    type Err = JidError;

    /// Takes both forms that are live, `120363…@g.us` and `<maker>-<time>@g.us`, and the bare digits of the first.
    fn from_str(text: &str) -> Result<Jid, JidError> {
        let text = text.trim();
        let bare = text.strip_suffix(OF_GROUPS).unwrap_or(text);
        let parts: Vec<&str> = bare.split('-').collect();
        let digits = |part: &&str| (5..=25).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let shaped = matches!(parts.len(), 1 | 2) && parts.iter().all(digits);
        // Bare digits alone could be somebody's number; those of a group are longer than any.
        let whole = text.ends_with(OF_GROUPS) || (parts.len() == 1 && bare.len() > 15);
        if shaped && whole { Ok(Jid(format!("{bare}{OF_GROUPS}"))) } else { Err(JidError) }
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Jid {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Jid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Jid, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A person's hidden id on WhatsApp (LID): digits that are no number. Groups carry it where a member's number is not disclosed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lid(String);

impl Lid {
    /// Reads the digits, or `<digits>@lid`, with or without the mark of a device.
    pub fn parse(text: &str) -> Option<Lid> {
        let text = text.trim();
        let user =
            text.split_once('@').map_or(Some(text), |(user, server)| (server == "lid").then_some(user))?;
        let digits = user.split([':', '.', '_']).next()?;
        let shaped = (5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        shaped.then(|| Lid(digits.to_owned()))
    }

    /// The digits, as the store keeps them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Nobody is found by it, and yet it names one person.
impl fmt::Debug for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lid(…{})", &self.0[self.0.len() - 3..])
    }
}

/// A person as a gateway names them: by number, by hidden id, or by both, which is how the two are known to belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    /// By number alone.
    Number(Phone),
    /// By hidden id alone: the number is not disclosed.
    Hidden(Lid),
    /// By both.
    Both(Phone, Lid),
}

impl Person {
    /// The person that these ids name; `None` without either.
    pub fn of(phone: Option<Phone>, lid: Option<Lid>) -> Option<Person> {
        match (phone, lid) {
            (Some(phone), Some(lid)) => Some(Person::Both(phone, lid)),
            (Some(phone), None) => Some(Person::Number(phone)),
            (None, Some(lid)) => Some(Person::Hidden(lid)),
            (None, None) => None,
        }
    }

    /// Reads one id in any of the forms in use: `<digits>@s.whatsapp.net`, `<digits>@c.us`, `<digits>@lid`, with or without the mark
    /// of a device, or bare digits of a number.
    pub fn parse(text: &str) -> Option<Person> {
        let text = text.trim();
        let (user, server) = text.split_once('@').unwrap_or((text, "c.us"));
        match server {
            "lid" => Lid::parse(text).map(Person::Hidden),
            "c.us" | "s.whatsapp.net" => {
                let digits = user.split([':', '.', '_']).next()?.trim_start_matches('+');
                Phone::from_stored(&format!("+{digits}")).ok().map(Person::Number)
            }
            _ => None,
        }
    }

    /// What both say of one person, taken together.
    #[must_use]
    pub fn and(self, other: Option<Person>) -> Person {
        let Some(other) = other else { return self };
        let phone = self.phone().or(other.phone()).cloned();
        let lid = self.lid().or(other.lid()).cloned();
        Person::of(phone, lid).unwrap_or(self)
    }

    /// The number, where it is disclosed.
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Person::Number(phone) | Person::Both(phone, _) => Some(phone),
            Person::Hidden(_) => None,
        }
    }

    /// The hidden id, where it is told.
    pub fn lid(&self) -> Option<&Lid> {
        match self {
            Person::Hidden(lid) | Person::Both(_, lid) => Some(lid),
            Person::Number(_) => None,
        }
    }
}

/// The way into a group, such as `https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InviteLink(String);

impl InviteLink {
    const BEGINNING: &'static str = "https://chat.whatsapp.com/";

    /// Reads a link or its code: 22 letters and digits, some more or fewer.
    pub fn parse(text: &str) -> Option<InviteLink> {
        let text = text.trim();
        let after = |beginning: &str| text.strip_prefix(beginning);
        let code = after(Self::BEGINNING).or_else(|| after("chat.whatsapp.com/")).unwrap_or(text);
        let code = code.split(['?', '#']).next()?.trim_end_matches('/').trim_start_matches("invite/");
        let shaped = (10..=40).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        shaped.then(|| InviteLink(format!("{}{code}", Self::BEGINNING)))
    }

    /// The whole link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_groups_identity_has_two_forms_and_a_short_one() {
        for (text, whole, last) in [
            ("120363000000000001@g.us", "120363000000000001@g.us", "000001"),
            (" 919000000001-1600000123@g.us ", "919000000001-1600000123@g.us", "000123"),
            ("120363000000000001", "120363000000000001@g.us", "000001"),
        ] {
            let jid: Jid = text.parse().unwrap();
            assert_eq!((jid.as_str(), jid.last_six()), (whole, last), "{text}");
            assert_eq!(serde_json::from_str::<Jid>(&serde_json::to_string(&jid).unwrap()).unwrap(), jid);
        }
        for text in [
            "",
            "@g.us",
            "919000000001",
            "919000000001@c.us",
            "1203630000@newsletter",
            "a-b@g.us",
            "1@g.us",
            "१२३४५६@g.us",
        ] {
            assert_eq!(text.parse::<Jid>(), Err(JidError), "{text}");
        }
    }

    #[test]
    fn a_person_is_read_in_every_form_and_the_device_is_left_out() {
        let number = Phone::from_stored("+919000000001").unwrap();
        for text in [
            "919000000001@s.whatsapp.net",
            "919000000001:12@s.whatsapp.net",
            "919000000001.0:3@s.whatsapp.net",
            "919000000001@c.us",
            "919000000001",
            "+919000000001",
        ] {
            assert_eq!(Person::parse(text), Some(Person::Number(number.clone())), "{text}");
        }
        let lid = Lid::parse("100000000000001@lid").unwrap();
        assert_eq!(Person::parse("100000000000001:4@lid"), Some(Person::Hidden(lid.clone())));
        let both = Person::Hidden(lid.clone()).and(Person::parse("919000000001@c.us"));
        assert_eq!(both, Person::Both(number, lid.clone()));
        assert_eq!((both.phone().map(Phone::digits), both.lid()), (Some("919000000001"), Some(&lid)));
        for text in ["", "@lid", "120363000000000001@g.us", "status@broadcast", "abc@c.us", "1@c.us"] {
            assert_eq!(Person::parse(text), None, "{text}");
        }
        assert_eq!(format!("{lid:?}"), "Lid(…001)", "no whole id in a log");
    }

    #[test]
    fn an_invitation_is_read_with_or_without_its_address() {
        let link = "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv";
        for text in [
            link,
            "AbCdEfGhIjKlMnOpQrStUv",
            "chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv",
            &format!("{link}?mode=x"),
        ] {
            assert_eq!(InviteLink::parse(text).unwrap().as_str(), link, "{text}");
        }
        for text in ["", "https://evil.example/AbCdEfGhIjKlMnOpQrStUv", "short", "https://chat.whatsapp.com/"]
        {
            assert_eq!(InviteLink::parse(text), None, "{text}");
        }
    }
}
