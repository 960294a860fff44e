//! The provider is asked about the campaign before the first message of a broadcast.

use std::time::Duration;

use domain::{
    checks::Probe,
    ids::{BroadcastId, OrganizationId},
    outcome::ProviderAnswer,
    post::PostMedia,
    post_media::{MediaProblem, examine},
    template::Message,
};
use providers::{codes::FILE_UNFIT, media};
use tracing::warn;

use crate::{Engine, send::Ready};

/// A server that did not answer is asked once more, so long after.
const SECOND_LOOK: Duration = Duration::from_secs(1);

impl Engine {
    /// Asks, and then lets the broadcast go or pauses it with the provider's words.
    pub(crate) async fn probe(&self, broadcast: BroadcastId, ready: &Ready) {
        let objection = match &ready.template {
            // An account that is not ready stands in no post's way for good: its posts wait for it. Their file may.
            Message::Group(post) => match (&ready.own_file, &post.media) {
                (Some((organization, file)), _) => self.is_unfit(*organization, file).await,
                (None, Some(file)) => self.cannot_be_fetched(file).await,
                (None, None) => None,
            },
            Message::Whatsapp(_) | Message::Sms(_) | Message::Call(_) => self.objection(ready).await,
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

    /// What the provider has against what is to be sent.
    async fn objection(&self, ready: &Ready) -> Option<ProviderAnswer> {
        match ready.account.probe(&self.http, &ready.template).await {
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
        }
    }
}

impl Engine {
    /// Looks at the file of posts before the first of them: a gateway that cannot fetch it fails in every group, or leaves it unknown there.
    async fn cannot_be_fetched(&self, file: &PostMedia) -> Option<ProviderAnswer> {
        let mut found = media::look(&self.http, file).await.err()?;
        if matches!(found, MediaProblem::Unreachable(_) | MediaProblem::Refused(500..)) {
            tokio::time::sleep(SECOND_LOOK).await;
            found = media::look(&self.http, file).await.err()?;
        }
        Some(unfit(&found))
    }

    /// Looks at a file of posts that is kept here, without the network. A file that cannot be read now is left to the
    /// gateway.
    async fn is_unfit(&self, organization: OrganizationId, file: &PostMedia) -> Option<ProviderAnswer> {
        if self.http.stays_here() {
            return None;
        }
        let met = self.work.find_post_file(organization, file.own()?).await.ok()?;
        examine(file.kind, &met).err().as_ref().map(unfit)
    }
}

fn unfit(problem: &MediaProblem) -> ProviderAnswer {
    ProviderAnswer::new(FILE_UNFIT, format!("{problem}. {}", problem.help()))
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
