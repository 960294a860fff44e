//! Whether what needs a person gets out of the program.

use domain::time::{DAY, Millis};
use store::{StoreError, work::Work};

use super::Report;
use crate::{config::Config, outbound::Outbound};

/// Alerts of this time are looked at.
const LOOK_BACK_MS: i64 = DAY;

pub(super) async fn ways_out(
    config: &Config,
    work: &Work,
    now: Millis,
    report: &mut Report,
) -> Result<(), StoreError> {
    const ABOUT: &str = "alerts";
    if let Err(error) = Outbound::new(&config.outgoing) {
        report.fail(
            ABOUT,
            format!("{error:#}"),
            "put it right in the settings; see smtp_host and webhook_hosts",
        );
        return Ok(());
    }
    let mail = match &config.outgoing.smtp {
        Some(smtp) => format!("e-mail goes out by {}:{}", smtp.host, smtp.port),
        None => "no mail server is set".to_owned(),
    };
    let told = work.organizations_to_alert().await?.len();
    let odd = work.alert_failures(now.plus(-LOOK_BACK_MS)).await?;
    if odd.failed + odd.unknown > 0 {
        report.warn(
            ABOUT,
            format!(
                "{mail}; of the last day {} could not be sent and {} may have gone out",
                odd.failed, odd.unknown
            ),
            "see Settings, Alerts, Sent lately; test each way there",
        );
    } else if told == 0 {
        report.warn(
            ABOUT,
            format!("{mail}; nobody is told what needs a person"),
            "choose members under Settings, Alerts",
        );
    } else {
        report.ok(ABOUT, mail);
    }
    Ok(())
}
