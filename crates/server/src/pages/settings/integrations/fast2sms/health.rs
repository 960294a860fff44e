//! What the last test of an account of Fast2SMS proved, and how that looks.

use domain::time::Millis;
use providers::{aisensy::NotTold, codes, fast2sms::Wallet};
use serde::{Deserialize, Serialize};
use store::integrations::Integration;

use super::super::{chip, ended};
use crate::{
    http::extract::Member,
    ui::{
        chip::{Chip, State as Look, Tone},
        icons::Icon,
        note::Note,
    },
};

/// What the last test of an account proved; kept as its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmsHealth {
    /// When; `None` before the first test.
    pub tested_at: Option<Millis>,
    /// By whom.
    pub tested_by: String,
    /// The wallet, in 1/10,000 rupee; `None` when Fast2SMS did not tell.
    pub balance: Option<i64>,
    /// For how many SMS that lasts, where Fast2SMS says so.
    pub sms_count: Option<i64>,
    /// It answered, and refused.
    pub refused: bool,
    /// Why it did not tell, such as `f2s_412`; empty when it did.
    pub code: String,
    /// The same in its words.
    pub words: String,
}

impl SmsHealth {
    /// What is kept with an account; a health that an older version wrote reads as untested.
    pub fn of(integration: &Integration) -> SmsHealth {
        serde_json::from_value(integration.health.clone()).unwrap_or_default()
    }

    pub(super) fn from_answer(answer: Result<Wallet, NotTold>, member: &Member) -> SmsHealth {
        let tested = SmsHealth {
            tested_at: Some(member.now),
            tested_by: member.user.name.clone(),
            ..SmsHealth::default()
        };
        match answer {
            Ok(wallet) => {
                SmsHealth { balance: Some(wallet.balance.0), sms_count: wallet.sms_count, ..tested }
            }
            Err(NotTold::Refused(said)) => {
                SmsHealth { refused: true, code: said.code, words: said.text, ..tested }
            }
            Err(NotTold::Silent(said)) => SmsHealth { code: said.code, words: said.text, ..tested },
            Err(NotTold::NotConnected) => SmsHealth { words: "No key is stored".into(), ..tested },
        }
    }

    /// The state of the account as a chip, as far as a test tells.
    pub(super) fn chip(&self) -> Chip {
        match (self.tested_at, self.balance) {
            (None, _) => chip(Tone::Act, Icon::Test, "Not tested"),
            (_, Some(..=0)) => Look::LowBalance.chip(),
            (_, Some(_)) => Look::Ready.chip(),
            (_, None) if self.refused => chip(Tone::Fail, Icon::Error, "Refused"),
            (_, None) => chip(Tone::Act, Icon::Warning, "No answer"),
        }
    }

    /// What a test found in the way, and what to do.
    pub(super) fn alert(&self) -> Option<Note> {
        self.tested_at?;
        match self.balance {
            Some(..=0) => {
                let words = "Fast2SMS charges when it takes a message. Top up the wallet, then test again.";
                Some(Note::new(Tone::Fail, "The wallet is empty.", words))
            }
            Some(_) => None,
            None if self.refused => Some(Note::new(Tone::Fail, format!("{}.", self.title()), self.way_out())),
            None => {
                let words = format!("{} Test again in a while.", ended(&self.words));
                Some(Note::new(Tone::Act, "Fast2SMS gave no usable answer.", words))
            }
        }
    }

    /// `Key refused`.
    fn title(&self) -> String {
        codes::meaning(&self.code).map_or("Fast2SMS refused", |meaning| meaning.title).to_owned()
    }

    /// What Fast2SMS said, and what to do about it at a test, where nothing is to be resumed.
    fn way_out(&self) -> String {
        let help = match self.code.as_str() {
            "f2s_412" => "Copy the key from Fast2SMS under Dev API, and enter it again under Edit.",
            "f2s_413" => "Enable the key at Fast2SMS under Dev API, or enter a new one under Edit.",
            "f2s_414" => {
                "Fast2SMS takes calls of this key only from addresses on the key’s allow-list. Add the address from which this server calls out, or switch the list off at Fast2SMS. Whoever runs the server knows that address; it need not be the one of its web page."
            }
            "f2s_415" => "Ask Fast2SMS’s support why the account is disabled.",
            "f2s_999" => {
                "Fast2SMS opens its interface after a first recharge of ₹100. Recharge there, then test again."
            }
            _ => "Look at the account at Fast2SMS, then test again.",
        };
        format!("Fast2SMS says: {} {help}", ended(&self.words))
    }

    pub(super) fn said(&self) -> String {
        match self.balance {
            Some(_) => "Key and wallet answered".into(),
            None if self.refused => self.title(),
            None => "No usable answer".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_recharge_is_asked_for() {
        // providers/fast2sms.md §2.5, 999.
        let health = SmsHealth {
            tested_at: Some(Millis(1)),
            refused: true,
            code: "f2s_999".into(),
            words: "Recharge first".into(),
            ..SmsHealth::default()
        };
        assert!(health.title().contains("recharge"));
        assert!(health.way_out().contains("₹100"), "{}", health.way_out());
    }

    #[test]
    fn a_health_that_cannot_be_read_is_an_untested_one() {
        let health: SmsHealth = serde_json::from_value(serde_json::json!({"verdict": "live"})).unwrap();
        assert_eq!(health, SmsHealth::default());
    }
}
