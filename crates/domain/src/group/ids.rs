//! The ids of groups and people on WhatsApp.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::phone::Phone;

/// The longest id of a group, in bytes. The older form has the creator's number, a dash and a time before `@g.us`.
pub const GROUP_ID_BYTES_MAX: usize = 64;

/// The ending of every group's id.
const OF_GROUPS: &str = "@g.us";

/// A group's id on WhatsApp, such as `120363000000000001@g.us`. It is the same for every account that is in the
/// group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid(String);

/// The text is not a group's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a group’s identity ends with @g.us, and digits stand before it")]
pub struct JidError;

impl Jid {
    /// The whole id, as gateways and the store use it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last six digits, by which a screen tells groups of the same name apart.
    pub fn last_six(&self) -> &str {
        let digits = self.digits();
        &digits[digits.len().saturating_sub(6)..]
    }

    /// What stands before `@g.us`: digits, in the older form with one dash.
    pub fn digits(&self) -> &str {
        self.0.strip_suffix(OF_GROUPS).unwrap_or(&self.0)
    }
}

impl FromStr for Jid {
    type Err = JidError;

    /// Reads both forms in use, `120363…@g.us` and `<creator>-<time>@g.us`, and the bare digits of the first form.
    fn from_str(text: &str) -> Result<Jid, JidError> {
        let text = text.trim();
        let bare = text.strip_suffix(OF_GROUPS).unwrap_or(text);
        let parts: Vec<&str> = bare.split('-').collect();
        let digits = |part: &&str| (5..=25).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let shaped = matches!(parts.len(), 1 | 2) && parts.iter().all(digits);
        // Bare digits could be a telephone number. A telephone number has at most 15 digits, a group's id more.
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

/// A person's hidden id on WhatsApp (LID). Its digits are not a telephone number. Groups name a member by it where
/// the member's number is not disclosed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lid(String);

impl Lid {
    /// Reads bare digits or `<digits>@lid`, and ignores the number of a device after the digits.
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

/// Shows the last three digits only. Nobody can be called by the id, and yet it names one person.
impl fmt::Debug for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lid(…{})", &self.0[self.0.len() - 3..])
    }
}

/// A person as a gateway names them. A gateway that gives both ids proves that they belong to one person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    /// The gateway gave the telephone number alone.
    Number(Phone),
    /// The gateway gave the hidden id alone: the number is not disclosed.
    Hidden(Lid),
    /// The gateway gave the telephone number and the hidden id.
    Both(Phone, Lid),
}

impl Person {
    /// The person that these ids name; `None` where both are absent.
    pub fn of(phone: Option<Phone>, lid: Option<Lid>) -> Option<Person> {
        match (phone, lid) {
            (Some(phone), Some(lid)) => Some(Person::Both(phone, lid)),
            (Some(phone), None) => Some(Person::Number(phone)),
            (None, Some(lid)) => Some(Person::Hidden(lid)),
            (None, None) => None,
        }
    }

    /// Reads one id in any form in use: `<digits>@s.whatsapp.net`, `<digits>@c.us`, `<digits>@lid`, or the bare
    /// digits of a number. The number of a device after the digits is ignored.
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

    /// Joins the ids of two mentions of one person. Where both give the same kind of id, the first counts.
    #[must_use]
    pub fn and(self, other: Option<Person>) -> Person {
        let Some(other) = other else { return self };
        let phone = self.phone().or(other.phone()).cloned();
        let lid = self.lid().or(other.lid()).cloned();
        Person::of(phone, lid).unwrap_or(self)
    }

    /// The telephone number, where it is disclosed.
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Person::Number(phone) | Person::Both(phone, _) => Some(phone),
            Person::Hidden(_) => None,
        }
    }

    /// The hidden id, where the gateway gave it.
    pub fn lid(&self) -> Option<&Lid> {
        match self {
            Person::Hidden(lid) | Person::Both(_, lid) => Some(lid),
            Person::Number(_) => None,
        }
    }
}

/// The invitation link of a group, such as `https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InviteLink(String);

impl InviteLink {
    const BEGINNING: &'static str = "https://chat.whatsapp.com/";

    /// Reads a link or its code alone. A code has 22 letters and digits today; 10 to 40 are accepted.
    pub fn parse(text: &str) -> Option<InviteLink> {
        let text = text.trim();
        let after = |beginning: &str| text.strip_prefix(beginning);
        let code = after(Self::BEGINNING).or_else(|| after("chat.whatsapp.com/")).unwrap_or(text);
        let code = code.split(['?', '#']).next()?.trim_end_matches('/').trim_start_matches("invite/");
        let shaped = (10..=40).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        shaped.then(|| InviteLink(format!("{}{code}", Self::BEGINNING)))
    }

    /// The whole link, beginning with `https://`.
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
