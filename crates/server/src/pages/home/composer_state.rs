//! The composer's page as one request sees it: what was chosen, the review of it, and the person of the preview.

use ::compose::{Draft, PeopleOffers, PreviewedPerson, Review, Wait, proposed_after};
use domain::{
    broadcast::BroadcastStatus,
    channel::Channel,
    ids::{BroadcastId, WorkshopId},
    role::Permission,
};
use store::{StoreError, broadcasts::Broadcast};

use super::{
    calls::Calls,
    choices::{Choices, Opened},
    compose::Compose,
    people, timing, vendor,
};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
    ui::words::findings::{self, About, Words},
};

/// Everything that is known about the broadcast that would be sent.
pub(super) struct ComposerState {
    pub(super) state: Compose,
    pub(super) review: Review,
    /// Whom the chooser offers, with how many they are.
    pub(super) offers: PeopleOffers,
    pub(super) at_error: Option<String>,
    pub(super) until_error: Option<String>,
    pub(super) shown: Option<PreviewedPerson>,
    /// Of a script: what it takes to show it.
    pub(super) calls: Option<Calls>,
    /// What became of a pasted list.
    pub(super) pick: people::Picked,
}

impl ComposerState {
    /// `None` while workshop, template or account is missing.
    pub(super) async fn load(
        app: &App,
        member: &Member,
        state: &Compose,
        choices: &Choices,
        opened: Option<&Opened>,
        wait: Wait,
    ) -> Result<Option<ComposerState>, Problem> {
        let (Some(workshop), Some(at), Some(account), Some(opened)) =
            (&choices.workshop, choices.template, choices.account(), opened)
        else {
            return Ok(None);
        };
        let (template, message) = &choices.templates[at];
        let mut message = message.clone();
        state.apply(&mut message);
        let calls = Calls::load(member, &message, opened.account.as_deref().ok()).await?;
        let typed = timing::read(member, state, workshop, template);
        let replaces = replaced(member, state, workshop.id).await?;
        let (audience, pick) = people::chosen(member, state, workshop, &template.purpose).await?;
        let after = state.after.unwrap_or_else(|| {
            let own = opened.account.as_ref().ok().and_then(|account| account.hours());
            let kind = (message.channel(), message.category());
            proposed_after(member, kind, own, &typed.timing, workshop.starts_at)
        });
        let draft = Draft {
            workshop: workshop.clone(),
            audience,
            template: template.clone(),
            message,
            account: account.clone(),
            timing: typed.timing,
            after,
            replaces,
            wait_out_quiet: state.wait_out_quiet.unwrap_or_else(|| {
                // An account with hours of its own waits for those.
                let own = opened.account.as_ref().is_ok_and(|account| account.hours().is_some());
                !own && timing::waits_out_quiet(member, &typed.timing, typed.timing.start, workshop)
            }),
            after_end: false,
            run: None,
            keys_of: None,
        };
        let mut review = app.composer.review(member, draft, opened, wait).await?;
        let shown = review.preview(state.person).await?;
        let offers = review.offers(member).await?;
        let (at_error, until_error) = (typed.at_error, typed.until_error);
        Ok(Some(ComposerState {
            state: state.clone(),
            review,
            offers,
            at_error,
            until_error,
            shown,
            calls,
            pick,
        }))
    }

    /// The findings in words, errors first.
    pub(super) fn words(&self, member: &Member) -> Vec<Words> {
        let kind = super::parts::kind(&self.review.draft.message);
        let about = About {
            zone: &member.organization.zone,
            now: member.now,
            provider: vendor::name(self.state.channel, Some(&self.review.draft.account)),
            account: &self.review.draft.account.name,
            kind: &kind,
        };
        self.review.findings.iter().map(|finding| findings::finding(finding, &about)).collect()
    }

    /// The first reason why it may not be sent, in words.
    pub(super) fn obstacle(&self, member: &Member) -> Option<String> {
        if self.review.may_send() {
            return None;
        }
        let Words { title, why } = self.words(member).into_iter().next()?;
        Some(format!("{title}. {why}"))
    }
}

/// The broadcast that is written anew, as long as it stands still and belongs to this workshop.
async fn replaced(
    member: &Member,
    state: &Compose,
    workshop: WorkshopId,
) -> Result<Option<BroadcastId>, Problem> {
    let Some(id) = state.replaces else { return Ok(None) };
    let stands = match member.org.broadcast(id).await {
        Ok(broadcast) => broadcast.workshop == workshop && broadcast.status == BroadcastStatus::Paused,
        Err(StoreError::Missing) => false,
        Err(error) => return Err(error.into()),
    };
    Ok(stands.then_some(id))
}

/// The broadcasts of this workshop on this channel, newest first.
pub(super) async fn history(
    member: &Member,
    workshop: Option<WorkshopId>,
    channel: Channel,
) -> Result<Vec<Broadcast>, Problem> {
    Ok(super::history::load(&member.org, workshop, channel).await?)
}

/// Whether this person may send, for buttons.
pub(super) fn sends(member: &Member) -> bool {
    member.may(Permission::Send)
}
