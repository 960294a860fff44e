//! Whether providers of calls can reach this program, and whether they told what became of the calls of the last day.

use domain::time::{DAY, Millis};
use store::{StoreError, work::Work};

use super::Report;
use crate::{config::Config, ui::format::counted};

pub(super) async fn calls(
    work: &Work,
    config: &Config,
    now: Millis,
    report: &mut Report,
) -> Result<(), StoreError> {
    const ABOUT: &str = "calls";
    let (accounts, placed, silent) = work.calls_lately(now.plus(-DAY), now).await?;
    // Most installations have none.
    if accounts == 0 {
        return Ok(());
    }
    let words = format!(
        "{}, {} within a day",
        counted(accounts, "account", "accounts"),
        counted(placed, "call", "calls")
    );
    let local = ["http://127.", "http://localhost", "http://[::1]"];
    let is_local = local.iter().any(|start| config.public_url.starts_with(start));
    if is_local && config.providers.local().is_empty() {
        let found = format!("{words}; providers cannot reach {} to ask what to say", config.public_url);
        report.fail(
            ABOUT,
            found,
            "set --public-url to the address under which the internet reaches this program",
        );
    } else if silent > 0 {
        let found = format!("{words}; of {} nothing was told", counted(silent, "call", "calls"));
        report.warn(ABOUT, found, "see that the account’s callback address is entered at the provider");
    } else {
        report.ok(ABOUT, words);
    }
    Ok(())
}
