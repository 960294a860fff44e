//! The card of today's workshop: how it stands, what goes out next, the one next thing to do.

use domain::{
    broadcast::BroadcastStatus,
    message::MessageState,
    role::Permission,
    sequence::RowState,
    time::{Millis, Zone},
    workshop::WorkshopStatus,
};
use store::{
    broadcasts::{Broadcast, BroadcastFilter, KeyBroadcasts},
    plans::{PlanRow, WorkshopPlan},
    workshops::{Today as Found, Workshop},
};

use super::{compose::Compose, paths};
use crate::{
    http::{error::Problem, extract::Member},
    pages::{
        groups,
        settings::{sequences::name_of, templates},
        workshop::plan,
    },
    ui::{
        button::Button,
        chip::{Tag, TagColour},
        format::{counted, relative, span},
        progress::Steps,
        today::Today,
    },
};

/// Registrations of today are counted up to this.
const COUNTED_MAX: i64 = 1_000;
/// Broadcasts among which the next one is looked for.
const BROADCASTS_MAX: i64 = 20;

/// The first workshop of the organisation's day that is not over; where all are over, the first.
pub(super) async fn find(member: &Member) -> Result<Option<Found>, Problem> {
    let day = member.organization.zone.day(member.now);
    Ok(member.org.today(day, member.now).await?)
}

/// What is in place before the workshop's people can be told.
pub(super) struct Ready {
    /// What messages of the open tab need: an account, or groups.
    pub(super) way: Way,
    /// Whether that is there.
    pub(super) has_way: bool,
    /// Whether there is a template.
    pub(super) template: bool,
}

/// What prevents a workshop from reaching its people on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// An account at a provider.
    Account,
    /// A group that is posted to.
    Group,
}

impl Way {
    fn step(self) -> &'static str {
        match self {
            Way::Account => "account",
            Way::Group => "group",
        }
    }
}

/// Why a workshop has the card.
#[derive(Clone, Copy, Debug)]
enum Why {
    /// The first one of today, and how many more there are.
    Today(i64),
    /// Nothing is today: the next one.
    Next,
    /// It was chosen in the composer.
    Chosen,
}

/// The card of the chosen workshop, else of today's first, else of the next one; none where nothing is to come.
pub(super) async fn first_card(
    member: &Member,
    chosen: Option<&Workshop>,
    found: Option<&Found>,
    coming: &[Workshop],
    ready: &Ready,
) -> Result<Option<Today>, Problem> {
    match (chosen, found, coming.first()) {
        (Some(chosen), ..) => card(member, chosen, Why::Chosen, ready).await.map(Some),
        (None, Some(found), _) => card(member, &found.first, Why::Today(found.more), ready).await.map(Some),
        (None, None, Some(next)) => card(member, next, Why::Next, ready).await.map(Some),
        (None, None, None) => Ok(None),
    }
}

/// The card of `workshop`.
async fn card(member: &Member, workshop: &Workshop, why: Why, ready: &Ready) -> Result<Today, Problem> {
    let zone = &member.organization.zone;
    let (day, _) = zone.day(member.now);
    let lately = member.org.registered_since(workshop.id, day, COUNTED_MAX + 1).await?;
    let filter = BroadcastFilter {
        workshop: Some(workshop.id),
        by_keys: KeyBroadcasts::LeftOut,
        ..BroadcastFilter::default()
    };
    let broadcasts = member.org.broadcasts(&filter, BROADCASTS_MAX).await?;
    let next = next_due(&broadcasts);
    let planned = Planned::load(member, workshop).await?;
    let (todo, action) = to_do(member, workshop, ready, &broadcasts, &planned);
    let (countdown_label, countdown) = countdown(workshop, member.now);
    Ok(Today {
        eyebrow: match why {
            Why::Today(_) => "Today’s workshop",
            Why::Next => "Next workshop",
            Why::Chosen => "Chosen workshop",
        }
        .to_owned(),
        more: match why {
            Why::Today(n) if n > 0 => Some((format!("+{n} more today"), paths::WORKSHOPS.to_owned())),
            Why::Today(_) | Why::Next | Why::Chosen => None,
        },
        title: workshop.title.clone(),
        href: paths::workshop(workshop.id),
        when: vec![zone.date(workshop.starts_at, member.now), hours(zone, workshop)],
        tag: workshop
            .tag
            .as_ref()
            .map(|tag| Tag { name: tag.name.clone(), colour: TagColour::named(tag.colour.word()) }),
        countdown_label,
        countdown,
        starts_at_ms: (workshop.starts_at > member.now).then_some(workshop.starts_at.0),
        registrations: workshop.registrants,
        today: lately.min(COUNTED_MAX),
        today_more: lately > COUNTED_MAX,
        setup: Steps { steps: steps(workshop, ready, &planned) },
        next: first_of(member, next, &planned),
        steps: planned.steps,
        todo,
        action,
    })
}

fn hours(zone: &Zone, workshop: &Workshop) -> String {
    format!("{} – {}", zone.time(workshop.starts_at), zone.time(workshop.ends_at))
}

/// The plan of the workshop on the card.
struct Planned {
    /// Whether the organisation has any sequence.
    has_sequences: bool,
    /// Whether a sequence runs for the workshop.
    runs: bool,
    /// The moment and the name of the next step; `None` without one.
    next: Option<(Millis, String)>,
    /// The number of steps that went out, and of all steps that were not removed.
    steps: Option<(usize, usize)>,
}

impl Planned {
    async fn load(member: &Member, workshop: &Workshop) -> Result<Planned, Problem> {
        let plan = member.org.plan_of(workshop.id).await?;
        let has_sequences = plan.is_some() || !member.org.sequences(member.now).await?.is_empty();
        let to_come = |row: &&PlanRow| row.state == RowState::Planned && row.due.is_some();
        let mut next = None;
        if let Some(plan) = &plan
            && let Some(row) = plan.rows.iter().find(to_come)
            && let (Some(due), Some(step)) = (row.due, plan.step(&row.key))
        {
            let template = member.org.template(step.template).await.ok();
            let name = name_of(step, template.as_ref());
            next = Some((due, format!("{name}, {}", step.channel.short_title())));
        }
        let count = |plan: &WorkshopPlan| {
            let out = plan.rows.iter().filter(|row| row.state == RowState::Broadcast).count();
            let all = plan.rows.iter().filter(|row| row.state != RowState::Cancelled).count();
            (out, all)
        };
        let steps = plan.as_ref().map(count).filter(|(_, all)| *all > 0);
        Ok(Planned { has_sequences, runs: steps.is_some(), next, steps })
    }
}

/// What goes out first, a broadcast or a step, and when.
fn first_of(member: &Member, next: Option<&Broadcast>, planned: &Planned) -> Option<(String, String)> {
    let at = |at: Millis| {
        if at > member.now { member.organization.zone.moment(at, member.now) } else { "Now".to_owned() }
    };
    let step =
        planned.next.as_ref().filter(|(due, _)| next.is_none_or(|broadcast| *due < broadcast.starts_at));
    match (step, next) {
        (Some((due, name)), _) => Some((at(*due), name.clone())),
        (None, Some(broadcast)) => Some((
            at(broadcast.starts_at),
            format!("{}, {}", broadcast.title, broadcast.channel.short_title()),
        )),
        (None, None) => None,
    }
}

fn steps(workshop: &Workshop, ready: &Ready, planned: &Planned) -> Vec<(String, bool)> {
    let sequence = planned.has_sequences.then_some(("sequence", planned.runs));
    [
        ("tag", workshop.tag.is_some()),
        ("registrants", workshop.registrants > 0),
        ("join link", !workshop.join_link.trim().is_empty()),
        (ready.way.step(), ready.has_way),
        ("template", ready.template),
    ]
    .into_iter()
    .chain(sequence)
    .map(|(name, done)| (name.to_owned(), done))
    .collect()
}

/// What is going out, or goes out first.
fn next_due(broadcasts: &[Broadcast]) -> Option<&Broadcast> {
    broadcasts
        .iter()
        .filter(|broadcast| match broadcast.status {
            BroadcastStatus::Planning | BroadcastStatus::Scheduled | BroadcastStatus::InProgress => true,
            BroadcastStatus::Paused | BroadcastStatus::Completed | BroadcastStatus::Cancelled => false,
        })
        .min_by_key(|broadcast| broadcast.starts_at)
}

/// A broadcast that stands still while people wait in it.
fn standing(broadcasts: &[Broadcast]) -> Option<(&Broadcast, i64)> {
    let waits = |broadcast: &Broadcast| broadcast.in_state(MessageState::Waiting);
    let paused = broadcasts.iter().filter(|broadcast| broadcast.status == BroadcastStatus::Paused);
    paused.map(|broadcast| (broadcast, waits(broadcast))).find(|(_, waiting)| *waiting > 0)
}

/// What went out last, and when: nothing more is planned, and something was.
fn last_out(broadcasts: &[Broadcast]) -> Option<&Broadcast> {
    let went_out = broadcasts.iter().filter(|broadcast| broadcast.status == BroadcastStatus::Completed);
    went_out.max_by_key(|broadcast| broadcast.starts_at)
}

fn to_do(
    member: &Member,
    workshop: &Workshop,
    ready: &Ready,
    broadcasts: &[Broadcast],
    planned: &Planned,
) -> (Option<String>, Option<Button>) {
    let say = |words: &str, permission, button: Button| {
        (Some(words.to_owned()), member.may(permission).then_some(button))
    };
    if workshop.status == WorkshopStatus::Cancelled {
        return (Some("This workshop was cancelled".to_owned()), None);
    }
    // What stands still comes before whatever else could be done.
    if let Some((paused, waiting)) = standing(broadcasts) {
        let words = format!("Paused: {}", counted(waiting, "message waits", "messages wait"));
        return (Some(words), Some(Button::link("Open the broadcast", paths::broadcast(paused.id))));
    }
    if workshop.registrants == 0 {
        let to = paths::import(workshop.id);
        return say(
            "Nobody has registered yet",
            Permission::AddRegistrants,
            Button::link("Import registrants", to),
        );
    }
    if workshop.join_link.trim().is_empty() {
        let to = paths::edit_workshop(workshop.id);
        return say("It has no join link", Permission::Manage, Button::link("Enter join link", to));
    }
    match ready.way {
        _ if ready.has_way => {}
        Way::Account => {
            let button = Button::link("Connect an account", paths::INTEGRATIONS);
            return say("No account is connected", Permission::Integrations, button);
        }
        Way::Group => {
            let button = Button::link("Name a group", groups::of_workshop(workshop.id));
            return say("It has no group yet", Permission::Manage, button);
        }
    }
    if !ready.template {
        return say(
            "There is no template yet",
            Permission::Manage,
            Button::link("Add a template", templates::new_page(Compose::default().channel)),
        );
    }
    match next_due(broadcasts) {
        Some(broadcast) => (None, Some(Button::link("Watch the broadcast", paths::broadcast(broadcast.id)))),
        None if planned.runs => (None, Some(Button::link("Open the plan", plan::href(workshop.id)))),
        None if planned.has_sequences && workshop.starts_at > member.now => say(
            "Its sequence does not run yet",
            Permission::Send,
            Button::link("Run Sequence", plan::href(workshop.id)),
        ),
        None if workshop.starts_at > member.now => {
            let state = Compose { workshop: Some(workshop.id), ..Compose::default() };
            let to = format!("{}#compose", state.href("/"));
            match last_out(broadcasts) {
                Some(last) => {
                    let ago = relative(last.starts_at.0, member.now.0);
                    let words = format!("“{}” went out {ago}; nothing more is planned", last.title);
                    say(&words, Permission::Send, Button::link("Write another", to))
                }
                None => {
                    say("Nothing is planned for it", Permission::Send, Button::link("Write the reminder", to))
                }
            }
        }
        None => (None, None),
    }
}

/// What the figure means, and the figure with its units.
fn countdown(workshop: &Workshop, now: Millis) -> (String, Vec<(String, String)>) {
    let (label, ms) = if workshop.starts_at > now {
        ("Starts in", workshop.starts_at.since(now))
    } else if workshop.ends_at > now {
        ("Running for", now.since(workshop.starts_at))
    } else {
        ("Ended for", now.since(workshop.ends_at))
    };
    let words = span(ms);
    let words: Vec<&str> = words.split(' ').collect();
    let figures =
        words.chunks(2).map(|pair| (pair[0].to_owned(), pair.get(1).copied().unwrap_or("").to_owned()));
    (label.to_owned(), figures.collect())
}
