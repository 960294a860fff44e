//! What can be chosen on the page (workshops, templates, accounts), and what is.

use domain::{
    channel::Category, ids::WorkshopId, sending_hours::AfterHours, template::Message, time::MINUTE,
    told::Purpose, workshop::WorkshopStatus,
};
use store::{
    StoreError,
    integrations::Integration,
    templates::Template,
    workshops::{Workshop, WorkshopFilter, WorkshopWhen},
};

use super::{compose::Compose, vendor};
use crate::http::{error::Problem, extract::Member};

pub(super) use ::compose::Opened;

/// Workshops to choose from, ahead and over.
const COMING_MAX: i64 = 50;
const PAST_MAX: i64 = 10;

/// Whether ids that are not there are an error, or left for what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    /// A link may be old: another choice is offered.
    MayBeOld,
    /// Something is about to be sent: nothing else than what was named will do.
    MustBeThere,
}

/// What can be chosen, and what is.
pub(super) struct Choices {
    pub(super) coming: Vec<Workshop>,
    pub(super) past: Vec<Workshop>,
    pub(super) workshop: Option<Workshop>,
    pub(super) templates: Vec<(Template, Message)>,
    pub(super) template: Option<usize>,
    pub(super) accounts: Vec<Integration>,
    pub(super) account: Option<usize>,
    /// What a link wanted a template for, where none is for it.
    pub(super) no_template_for: Option<Purpose>,
    /// What a link named that is not there.
    pub(super) gone: Vec<&'static str>,
}

impl Choices {
    /// Reads what there is, and writes what was taken into `state`.
    pub(super) async fn load(
        member: &Member,
        state: &mut Compose,
        ids: Ids,
        first: Option<WorkshopId>,
    ) -> Result<Choices, Problem> {
        let org = &member.org;
        let mut gone = Vec::new();
        let list = |when, limit| WorkshopFilter { when, limit, ..WorkshopFilter::default() };
        let coming = org.workshops(&list(WorkshopWhen::Upcoming(member.now), COMING_MAX)).await?;
        let past = org.workshops(&list(WorkshopWhen::Past(member.now), PAST_MAX)).await?;
        let mut workshop = None;
        if let Some(id) = state.workshop {
            workshop = found(org.workshop(id).await, ids)?;
            if workshop.is_none() {
                gone.push("workshop");
            }
        }
        let offered = first.or_else(|| {
            let live = coming.iter().find(|workshop| workshop.status != WorkshopStatus::Cancelled);
            live.or(coming.first()).or(past.first()).map(|workshop| workshop.id)
        });
        if workshop.is_none()
            && let Some(id) = offered
        {
            workshop = coming.iter().chain(&past).find(|workshop| workshop.id == id).cloned();
        }
        let templates = org.templates(state.channel).await?;
        let templates: Vec<(Template, Message)> = templates
            .into_iter()
            .filter_map(|template| {
                let read = Message::from_json(template.channel, &template.body).ok()?;
                Some((template, read))
            })
            .collect();
        let named = state.template.map(|id| templates.iter().position(|(template, _)| template.id == id));
        let template = chosen(named, ids, "template", &mut gone)?
            .or_else(|| offered_first(member, state, workshop.as_ref(), &templates));
        let is_for = |purpose: &Purpose| template.is_some_and(|at| templates[at].0.purpose == *purpose);
        let no_template_for =
            state.purpose.clone().filter(|purpose| !templates.is_empty() && !is_for(purpose));
        let channel = state.channel;
        let accounts: Vec<Integration> = org
            .integrations()
            .await?
            .into_iter()
            .filter(|account| vendor::serves(&account.kind, channel))
            .collect();
        let named = state.account.map(|id| accounts.iter().position(|account| account.id == id));
        let account = chosen(named, ids, "account", &mut gone)?.or((!accounts.is_empty()).then_some(0));
        state.workshop = workshop.as_ref().map(|workshop| workshop.id);
        if named.flatten().is_none() {
            state.account = None;
        }
        let taken = template.map(|at| templates[at].0.id);
        if taken != state.template {
            state.template = taken;
            state.values.clear();
        }
        Ok(Choices { coming, past, workshop, templates, template, accounts, account, no_template_for, gone })
    }

    pub(super) fn account(&self) -> Option<&Integration> {
        self.accounts.get(self.account?)
    }
}

/// The template that is offered before somebody chose one: the first about the workshop itself that may go now. Promotion has hours, and
/// goes to those alone who agreed to it. Where templates have a usual time, the one that is [`fitting`]; where a link says what for, one for
/// that, and none where there is none: a text for something else would say the wrong thing.
fn offered_first(
    member: &Member,
    state: &Compose,
    workshop: Option<&Workshop>,
    templates: &[(Template, Message)],
) -> Option<usize> {
    let goes = |message: &Message| {
        let hours = ::compose::hours(
            member,
            (message.channel(), message.category()),
            state.wait_out_quiet.unwrap_or(false),
            state.after.unwrap_or(AfterHours::USUAL),
            None,
        );
        hours.closed_until(member.now).is_none()
    };
    let serves =
        |(_, message): &(Template, Message)| goes(message) && message.category() != Category::Marketing;
    if let Some(purpose) = &state.purpose {
        let wanted = |one: &(Template, Message)| one.0.purpose == *purpose;
        let going = templates.iter().position(|one| wanted(one) && serves(one));
        return going.or_else(|| templates.iter().position(wanted));
    }
    let left = workshop.map_or(0, |workshop| workshop.starts_at.since(member.now)) / MINUTE;
    let leads =
        templates.iter().enumerate().filter(|(_, one)| left > 0 && one.0.lead_minutes > 0 && serves(one));
    let usual = fitting(leads.map(|(at, one)| (at, one.0.lead_minutes)), left);
    let timeless = || templates.iter().position(|one| one.0.lead_minutes == 0 && serves(one));
    if let Some(at) = usual.or_else(timeless) {
        return Some(at);
    }
    let any = || templates.iter().position(|(_, message)| goes(message));
    templates.iter().position(serves).or_else(any).or((!templates.is_empty()).then_some(0))
}

/// Of places with their usual minutes before the start, the one to send when `left` are left: whose moment came last, for its text is true
/// still. A moment counts as come a quarter of its time early; before any has come, none fits.
fn fitting(leads: impl Iterator<Item = (usize, i64)>, left: i64) -> Option<usize> {
    leads.filter(|(_, lead)| lead + lead / 4 >= left).min_by_key(|(_, lead)| *lead).map(|(at, _)| at)
}

fn found<T>(found: Result<T, StoreError>, ids: Ids) -> Result<Option<T>, Problem> {
    match (found, ids) {
        (Ok(found), _) => Ok(Some(found)),
        (Err(StoreError::Missing), Ids::MayBeOld) => Ok(None),
        (Err(error), _) => Err(error.into()),
    }
}

fn chosen(
    named: Option<Option<usize>>,
    ids: Ids,
    what: &'static str,
    gone: &mut Vec<&'static str>,
) -> Result<Option<usize>, Problem> {
    match (named, ids) {
        (Some(Some(at)), _) => Ok(Some(at)),
        (Some(None), Ids::MustBeThere) => Err(Problem::not_found()),
        (Some(None), Ids::MayBeOld) => {
            gone.push(what);
            Ok(None)
        }
        (None, _) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_template_is_offered_when_its_moment_has_come_and_not_hours_before() {
        // The three templates go out one hour, one day and eight hours before the start, in minutes.
        let leads = || [(0, 60), (1, 1_440), (2, 480)].into_iter();
        for (left, expected) in [(1_500, 1), (900, 1), (500, 2), (260, 2), (100, 2), (70, 0), (60, 0), (5, 0)]
        {
            assert_eq!(fitting(leads(), left), Some(expected), "{left} minutes before");
        }
        assert_eq!(fitting(leads(), 5_000), None, "what is about tomorrow does not go days before");
        assert_eq!(fitting([].into_iter(), 60), None);
    }
}
