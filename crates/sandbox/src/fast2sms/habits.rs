//! Habits of Fast2SMS on which sources disagree, and what becomes of its messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::faults::Amount;

/// Settings of the stand-in that are no fault of the line (`providers/src/fast2sms/NOTES.md` §2.4–§2.5, §5–§8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// Share of refusals answered with HTTP 200 and `return` false.
    pub refusal_as_200: f64,
    /// How `message` is written in answers.
    pub message_as: MessageAs,
    /// `status_code` as a string instead of a number.
    pub code_as_text: bool,
    /// Where the block that `sms_details` asks for stands.
    pub details_in: DetailsIn,
    /// What numbers that are not valid do to the rest of their list (411).
    pub bad_numbers: BadNumbers,
    /// What numbers that were written to just before do to the rest of their list (995).
    pub repeats: BadNumbers,
    /// How long a number must be left alone, in milliseconds; 0 lets it be written to at any time.
    pub repeat_window_ms: u64,
    /// Bill Unicode texts by the tighter table, 70 / 133 / 199 / 265 / 331.
    pub tight_unicode: bool,
    /// Operators let `{#alphanumeric#}` be letters and digits only.
    pub strict_alphanumeric: bool,
    /// Delivery reports and the DLT Manager say `return` instead of `success`.
    pub return_key: bool,
    /// `mobile` in delivery reports as a string instead of a number.
    pub mobile_as_text: bool,
    /// `mobile` with the country code, in delivery reports and webhooks.
    pub mobile_with_country: bool,
    /// Questions about wallet, DLT Manager and delivery reports answered with a gateway's page.
    pub questions_fail: Amount,
    /// No `status_description` in delivery reports.
    pub no_description: bool,
    /// Webhooks call the number `recipient_id` instead of `mobile`.
    pub recipient_id: bool,
    /// `msgId` of the clevertap form is the sender's `udf1` instead of the request id.
    pub clevertap_udf: bool,
    /// Delivery reports say `Submitted` instead of `Pending`.
    pub submitted: bool,
    /// No `sms_count` in the wallet answer, as in older ones.
    pub no_sms_count: bool,
    /// What becomes of numbers with these endings; the longest ending that fits counts. The default
    /// is the rule in the head of [`crate::fast2sms`].
    pub endings: BTreeMap<String, Fate>,
    /// Kinds of the failures that `outcomes.failed` draws, and their weights; `failed` when empty.
    pub failures: BTreeMap<Fate, f64>,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            refusal_as_200: 0.0,
            message_as: MessageAs::Documented,
            code_as_text: false,
            details_in: DetailsIn::Top,
            bad_numbers: BadNumbers::RefuseAll,
            repeats: BadNumbers::RefuseAll,
            repeat_window_ms: 120_000,
            tight_unicode: false,
            strict_alphanumeric: false,
            return_key: false,
            mobile_as_text: false,
            mobile_with_country: false,
            questions_fail: Amount::NEVER,
            no_description: false,
            recipient_id: false,
            clevertap_udf: false,
            submitted: false,
            no_sms_count: false,
            endings: Fate::ENDINGS.iter().map(|(ending, fate)| ((*ending).to_owned(), *fate)).collect(),
            failures: BTreeMap::new(),
        }
    }
}

/// How `message` of an answer is written (§2.4, §2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageAs {
    /// A list on success, a text on refusal.
    #[default]
    Documented,
    /// A text in every answer.
    Text,
    /// A list in every answer.
    List,
}

/// Places of the cost block in an answer (§2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetailsIn {
    /// At the top of the answer.
    #[default]
    Top,
    /// Inside `sms_details`.
    SmsDetails,
    /// Inside `data`.
    Data,
    /// Nowhere, though it was asked for.
    Nowhere,
}

/// What a bad number does to its list (§12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadNumbers {
    /// The whole request is refused.
    #[default]
    RefuseAll,
    /// It is left out without a word, and the request is refused only if nothing is left.
    Drop,
}

/// What becomes of an accepted message (§7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The message is delivered.
    Delivered,
    /// The message ends as failed, and the charge stays.
    Failed,
    /// The message ends as undelivered, and the charge stays.
    Undelivered,
    /// The message ends as expired, and the charge stays.
    Expired,
    /// The operator's scrubbing refuses the message, and the charge stays.
    Rejected,
    /// The number stands on the vendor's own do-not-disturb list, and the charge is given back.
    Blocked,
    /// On the register of those who do not want promotion. Promotional texts end as `DND` and the
    /// charge comes back; service texts are delivered.
    Dnd,
    /// The message is handed to the operator, and nothing more is heard of it.
    Sent,
    /// The message waits with the vendor for ever.
    Pending,
    /// The message is reported as failed first, and as delivered afterwards.
    DeliveredAfterFailed,
}

impl Fate {
    /// The rule for the last four digits.
    const ENDINGS: [(&'static str, Fate); 9] = [
        ("9901", Fate::Failed),
        ("9902", Fate::Undelivered),
        ("9903", Fate::Expired),
        ("9904", Fate::Rejected),
        ("9905", Fate::Blocked),
        ("9906", Fate::Dnd),
        ("9907", Fate::Sent),
        ("9908", Fate::Pending),
        ("9909", Fate::DeliveredAfterFailed),
    ];

    /// The failure it stands for, in the small letters of a webhook.
    pub(super) fn failure(self) -> &'static str {
        match self {
            Fate::Undelivered => "undelivered",
            Fate::Expired => "expired",
            Fate::Rejected => "rejected",
            Fate::Blocked => "blocked",
            Fate::Dnd => "dnd",
            Fate::Failed | Fate::DeliveredAfterFailed | Fate::Delivered | Fate::Sent | Fate::Pending => {
                "failed"
            }
        }
    }
}

impl Habits {
    /// Fast2SMS on a usual day.
    pub(crate) fn lifelike() -> Habits {
        let failures =
            [(Fate::Undelivered, 6.0), (Fate::Expired, 2.0), (Fate::Blocked, 1.0), (Fate::Dnd, 1.0)];
        Habits { failures: failures.into(), ..Habits::default() }
    }
}
