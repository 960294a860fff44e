//! What one call to a provider proved. A value, never an error; silence is `Unknown`.

use crate::money::Money;

/// The provider's own words about an ending, fit for a screen: no key, no message text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderAnswer {
    /// Short code under which equal endings are grouped, such as `131026`, `http_402` or `no_answer`.
    pub code: String,
    /// The provider's text, or ours where it sent none.
    pub text: String,
}

impl ProviderAnswer {
    /// A code and a text.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> ProviderAnswer {
        ProviderAnswer { code: code.into(), text: text.into() }
    }
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it. It may still fail later, by receipt.
    Accepted {
        /// The provider's id of the message, when it gave one.
        provider_id: Option<String>,
        /// What the provider says it charged, when it does.
        cost: Option<Money>,
    },
    /// Refused for this recipient for good; the next one may well go.
    Refused(ProviderAnswer),
    /// This account cannot send now: money, plan, key, block. Nothing of this attempt went out.
    AccountStopped(ProviderAnswer),
    /// The broadcast is set up wrongly: template, parameters, campaign. Nothing of this attempt went out.
    Misconfigured(ProviderAnswer),
    /// Proven not accepted, may work later.
    NotNow {
        /// The provider's answer.
        said: ProviderAnswer,
        /// How long the provider asked us to wait, in milliseconds.
        wait_ms: Option<i64>,
        /// Whether the whole integration should slow down (429), not only this row.
        slow_down: bool,
        /// Whether one more try is all that makes sense: after the second it is failed.
        once: bool,
    },
    /// It may have gone out. A second call could tell a person twice.
    Unknown(ProviderAnswer),
}
