//! The provider is asked about the campaign before the first message of a broadcast.

use domain::{checks::Probe, ids::BroadcastId, outcome::ProviderAnswer, template::Message};
use tracing::warn;

use crate::{Engine, send::Ready};

impl Engine {
    /// Asks, and then lets the broadcast go or pauses it with the provider's words.
    pub(crate) async fn probe(&self, broadcast: BroadcastId, ready: &Ready) {
        let objection = match ready.account.probe(&self.http, &ready.template).await {
            // A provider that cannot be asked now will say at the first message what it thinks of it.
            Probe::Silent(_) => None,
            Probe::Refused(text) | Probe::KeyRefused(text) => {
                Some(ProviderAnswer::new("probe_refused", text))
            }
            Probe::Answered { live: false, .. } => {
                Some(ProviderAnswer::new("not_live", "The campaign is not live."))
            }
            Probe::Answered { live: true, parameters, media } => {
                objection(&ready.template, parameters, media)
            }
        };
        let now = self.clock.now();
        let written = match &objection {
            None => self.work.mark_probed(broadcast).await,
            Some(said) => self.work.pause(broadcast, said, now).await,
        };
        if let Err(error) = written {
            warn!(broadcast.id = %broadcast, "the answer to the question about {broadcast} could not be written: {error}");
        }
        self.tell([broadcast]);
    }
}

/// What in our template does not fit what the provider wants.
fn objection(message: &Message, parameters: Option<usize>, media: Option<bool>) -> Option<ProviderAnswer> {
    match message {
        Message::Whatsapp(template) => {
            let mapped = template.parameters.len();
            if let Some(wanted) = parameters.filter(|wanted| *wanted != mapped) {
                let text = format!("The campaign wants {wanted} values, the template maps {mapped}.");
                return Some(ProviderAnswer::new("params_differ", text));
            }
            (media == Some(true) && template.media.is_none()).then(|| {
                ProviderAnswer::new(
                    "no_media",
                    "The campaign wants a picture, video or document, and the template has none.",
                )
            })
        }
        Message::Sms(template) => {
            let mapped = template.variables.len();
            parameters.filter(|wanted| *wanted != mapped).map(|wanted| {
                let text = format!("The registered text wants {wanted} values, the template maps {mapped}.");
                ProviderAnswer::new("params_differ", text)
            })
        }
        // Nobody registers posts or scripts.
        Message::Group(_) | Message::Call(_) => None,
    }
}
