//! What the documents of AiSensy leave open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Habits of AiSensy on which sources disagree (`providers/src/aisensy/NOTES.md` §2.4–§2.6, §4).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// `success` as a boolean instead of the string `"true"`.
    pub boolean_success: bool,
    /// No `submitted_message_id` in the answer.
    pub no_id: bool,
    /// Share of refusals answered with HTTP 200 and `success` false.
    pub refusal_as_200: f64,
    /// Which members carry the text of a refusal.
    pub error_shape: ErrorShape,
    /// Where the campaign-details answer has `requestBody`.
    pub request_body_in: RequestBodyIn,
    /// How receipts write instants.
    pub epoch: Epoch,
    /// Whether `contact.campaign.*` receipts are posted, too.
    pub campaign_topics: bool,
    /// Write `sha256=` before the signature.
    pub signature_prefix: bool,
    /// Write failure codes as numbers instead of strings.
    pub numeric_codes: bool,
    /// Codes of failures and their weights, where the outcomes name none; 131026 when this is empty as well.
    pub codes: BTreeMap<String, f64>,
}

/// Shapes of a refusal (`providers/src/aisensy/NOTES.md` §2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `message`, `name`, `errorCode`, `errorMessage`, `aisTraceId`.
    #[default]
    Full,
    /// `message` and nothing else.
    Message,
    /// `errorMessage` with `name` and `errorCode`.
    ErrorMessage,
    /// `error` and nothing else.
    Error,
    /// One of the above, drawn for each refusal.
    Mixed,
}

/// Places of `requestBody` in the campaign-details answer (`providers/src/aisensy/NOTES.md` §2.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestBodyIn {
    /// At the top of the answer.
    #[default]
    Top,
    /// Inside `data`.
    Data,
    /// Inside `campaign`.
    Campaign,
}

/// How an instant in milliseconds is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Epoch {
    /// `created_at` as a string, the message's own instants as numbers, as captured.
    #[default]
    AsCaptured,
    /// As captured, with `created_at` as ISO 8601 text, which a captured envelope had as well (§12).
    Iso,
    /// All instants as strings.
    String,
    /// All instants as numbers.
    Number,
}

impl Habits {
    /// AiSensy on a usual day.
    pub(crate) fn lifelike() -> Habits {
        let codes = [("131026", 6.0), ("131049", 3.0), ("131050", 1.0)];
        Habits { codes: codes.map(|(code, weight)| (code.to_owned(), weight)).into(), ..Habits::default() }
    }
}
