//! *Person mode*: what one person gets of a workshop's plan, what they got, and why not.

use std::collections::BTreeSet;

use ::compose::{StepPreview, ahead, keeps_late};
use domain::{
    channel::Channel,
    checks::CheckId,
    ids::{BroadcastId, RegistrantId},
    message::MessageState,
    reason::Reason,
    sequence::{Anchor, LateRule, Presence, RowState, StepAudience, WhyNot, rungs_of},
    time::Millis,
    workshop::RegistrantStatus,
};
use maud::{Markup, html};
use providers::codes;
use store::{
    broadcasts::Broadcast,
    consents::Consent,
    membership::{GroupMembership, PostProof},
    plans::{PlanRow, WorkshopPlan},
    reached::RegistrantMessage as Told,
    registrants::Registrant,
    suppressions::Suppression,
    workshops::Workshop,
};

use super::{
    href,
    view::{Around, PAST_AT_RUN, own_turn, step_name},
    words,
};
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
    pages::{broadcast::state_chip, person_reach::barred_by, workshop::registrant},
    ui::{
        button::Button,
        chip::{Chip, Tone},
        format::phone,
        head::{Card, Fact, Strip},
        icons::Icon,
        plan::{Fill, Plan, PlanStep, StepMark},
        table::{Column, Place, Row, Table, name},
        words::{reasons, steps},
    },
};

/// Nobody was left to be told at its moment.
const NOBODY_LEFT: WhyNot = WhyNot::Check(CheckId::Recipients);
/// What a step is for one person.
struct Line<'a> {
    preview: Option<&'a StepPreview>,
    row: &'a PlanRow,
    /// Their message, where there is one.
    message: Option<&'a Told>,
    /// Whether they get it, with the reason where they do not.
    gets: Gets,
    at: Option<Millis>,
}

/// Whether somebody gets a step.
enum Gets {
    /// The person has a message of the step, or was left out for a reason.
    Told,
    /// It was posted in a group of theirs; the words say what is known of that. The state is what a gateway reported of
    /// their phone, [`MessageState::Sent`] where nothing was.
    Posted(MessageState, String),
    /// The person gets the step; the words say what it depends on.
    Comes(String),
    /// The person does not get the step, for this reason.
    Not(String),
}

fn not(words: &str) -> Gets {
    Gets::Not(words.to_owned())
}

/// What is known of the person beside the plan.
struct About<'a> {
    member: &'a Member,
    plan: &'a WorkshopPlan,
    around: &'a Around,
    person: &'a Registrant,
    /// Their messages of this workshop.
    told: Vec<Told>,
    /// The broadcasts of these, and of the plan's posts.
    broadcasts: Vec<Broadcast>,
    opt_outs: Vec<Suppression>,
    consents: Vec<Consent>,
    /// Whether the members of the workshop's groups are known.
    members_known: bool,
    /// The groups of the workshop that they are or were in.
    groups: Vec<GroupMembership>,
    /// What gateways reported of their phone and the workshop's posts.
    proofs: Vec<PostProof>,
}

impl<'a> About<'a> {
    async fn load(
        app: &App,
        member: &'a Member,
        plan: &'a WorkshopPlan,
        around: &'a Around,
        person: &'a Registrant,
    ) -> Result<About<'a>, Problem> {
        let org = &member.org;
        let told = org.told_people(plan.workshop, &[(person.id, person.phone.clone())]).await?;
        let is_post = |row: &&PlanRow| {
            around.preview(row).is_some_and(|preview| preview.step.channel == Channel::WhatsappGroup)
        };
        let posts = plan.rows.iter().filter(is_post).flat_map(|row| row.broadcasts.iter().copied());
        let ids: BTreeSet<BroadcastId> = told.iter().map(|one| one.message.broadcast).chain(posts).collect();
        let mut broadcasts = Vec::with_capacity(ids.len());
        for id in ids {
            broadcasts.push(org.broadcast(id).await?);
        }
        Ok(About {
            member,
            plan,
            around,
            person,
            told,
            broadcasts,
            opt_outs: org.suppressions_of(&person.phone, &app.phone_key).await?,
            consents: org.consents_of(&person.phone, &app.phone_key).await?,
            members_known: org.members_known(plan.workshop).await?,
            groups: org.workshop_groups_of(plan.workshop, &person.phone).await?,
            proofs: org.posts_proven(plan.workshop, &person.phone).await?,
        })
    }

    fn line(&self, row: &'a PlanRow) -> Line<'_> {
        let preview = self.around.preview(row);
        let message = self.told.iter().find(|one| row.broadcasts.contains(&one.message.broadcast));
        let gets = match (message, preview) {
            (Some(_), _) => Gets::Told,
            (None, Some(preview)) => self.gets(row, preview),
            (None, None) => Gets::Not(words::why(row.why, &row.why_text)),
        };
        let own = preview.map(|preview| own_turn(preview, self.person, &self.plan.zone));
        let due = row.due.or(own);
        let at = match (message, &gets) {
            (Some(told), _) => Some(self.moment(told, due)),
            // Whoever came after the step gets it when they came.
            (None, Gets::Comes(_)) if row.state != RowState::Planned => due.max(Some(self.person.came_at())),
            (None, _) => due,
        };
        Line { preview, row, message, gets, at }
    }

    /// The moment of a message: when it came to its state, or when it is to go.
    fn moment(&self, told: &Told, due: Option<Millis>) -> Millis {
        match told.state {
            MessageState::Waiting | MessageState::InFlight => {
                let of = self.broadcasts.iter().find(|one| one.id == told.message.broadcast);
                of.map(|broadcast| broadcast.starts_at).or(due).unwrap_or(told.changed_at)
            }
            _ => told.changed_at,
        }
    }

    /// Whether they get a step of which they have no message.
    fn gets(&self, row: &PlanRow, preview: &StepPreview) -> Gets {
        let (now, run_at, person) = (self.member.now, self.plan.run_at, self.person);
        if preview.step.channel == Channel::WhatsappGroup {
            return self.post(row, preview);
        }
        match person.status {
            RegistrantStatus::Registered => {}
            RegistrantStatus::Cancelled => return not("They cancelled their registration"),
            RegistrantStatus::Refunded => return not("They got their money back"),
        }
        if let Some(mark) = person.mark {
            return not(reasons::excluded(mark).title);
        }
        // Since when whoever registered came later; nothing where the step is still to go.
        let late_since = match row.state {
            RowState::Planned => None,
            RowState::Broadcast if row.until > now => Some(row.due),
            RowState::Skipped if row.until > now && row.why == PAST_AT_RUN && person.came_at() > run_at => {
                Some(Some(run_at))
            }
            // At its moment nobody was left to be told: it is for those who came since.
            RowState::Skipped if row.until > now && row.why == NOBODY_LEFT => Some(row.due),
            RowState::Broadcast => {
                return not("They registered after it was of use, or were not among its people");
            }
            RowState::Cancelled => return Gets::Not(words::cancelled(self.member, row)),
            RowState::Skipped | RowState::Missed => {
                let reason = words::why(row.why, &row.why_text);
                return if reason.is_empty() {
                    not("Its last useful moment passed")
                } else {
                    Gets::Not(reason)
                };
            }
        };
        let late = late_since.map(|since| late(since, preview, person));
        if let Some(Gets::Not(words)) = late {
            return Gets::Not(words);
        }
        if let Some(words) = stands_in_its_way(row, preview).or_else(|| self.barred(preview)) {
            return Gets::Not(words);
        }
        late.unwrap_or_else(|| self.to_come(row, preview))
    }

    /// What keeps every message of this kind from them, in words.
    fn barred(&self, preview: &StepPreview) -> Option<String> {
        let (number, wishes) =
            ((&*self.person.phone, &*self.person.phone_typed), (&*self.opt_outs, &*self.consents));
        let barred = barred_by(number, wishes, preview.step.channel, preview.category?)?;
        let words = reasons::excluded(barred);
        Some(format!("{}. {}", words.title, words.note.trim_end_matches('.')))
    }

    /// What becomes of a step that is still to go.
    fn to_come(&self, row: &PlanRow, preview: &StepPreview) -> Gets {
        if preview.step.anchor == Anchor::Registration {
            if self.person.came_at() < self.plan.run_at {
                return not(
                    "They were registered before the sequence was run, and nobody said that it concerns them",
                );
            }
            if own_turn(preview, self.person, &self.plan.zone) >= row.until {
                let until = words::at(self.member, row.until);
                return Gets::Not(format!(
                    "Its last useful moment, {until}, passes before its time for them comes"
                ));
            }
        }
        match self.proven(row, preview) {
            Some(Some(proof)) => Gets::Not(format!(
                "The ladder reached them: {}, {}",
                proof.channel.title(),
                proof.state.title().to_lowercase()
            )),
            Some(None) => {
                Gets::Comes("unless something proves before that the ladder reached them".to_owned())
            }
            None => depends(self.person, &self.told, preview),
        }
    }

    /// What proves to a rung that they were reached before; `None` for a step that asks for no proof.
    fn proven(&self, row: &PlanRow, preview: &StepPreview) -> Option<Option<&Told>> {
        let (plan, step) = (self.plan, &preview.step);
        let proof = plan.computed(self.member.now).people(&plan.steps, step, row.id).unproven?;
        let rungs = rungs_of(&plan.steps, &proof.ladder);
        let of_plan =
            |told: &Told| plan.rows.iter().find(|row| row.broadcasts.contains(&told.message.broadcast));
        let by_hand = |told: &Told| {
            let of = self.broadcasts.iter().find(|one| one.id == told.message.broadcast);
            told.purpose == step.purpose() && of.is_some_and(|broadcast| broadcast.starts_at >= proof.since)
        };
        let arrived = |told: &&Told| {
            told.left_out.is_none() && matches!(told.state, MessageState::Delivered | MessageState::Read)
        };
        let proves = |told: &&Told| match of_plan(told) {
            Some(row) => rungs.iter().any(|rung| rung.key == row.key),
            None => by_hand(told),
        };
        Some(self.told.iter().filter(arrived).find(proves))
    }

    /// Whether they see a step that is posted in the workshop's groups.
    fn post(&self, row: &PlanRow, preview: &StepPreview) -> Gets {
        match row.state {
            RowState::Planned => match stands_in_its_way(row, preview) {
                Some(words) => Gets::Not(words),
                None => self.post_to_come(),
            },
            RowState::Broadcast => {
                let of_row = |one: &&Broadcast| row.broadcasts.contains(&one.id);
                let all: Vec<&Broadcast> = self.broadcasts.iter().filter(of_row).collect();
                let went = |one: &&&Broadcast| WENT.iter().any(|state| one.in_state(*state) > 0);
                let proven = || self.proven_post(row);
                match all.iter().filter(went).map(|one| one.starts_at).max() {
                    Some(at) => proven().unwrap_or_else(|| self.posted(at)),
                    None if all.iter().any(|one| one.finished_at.is_none()) => self.post_to_come(),
                    None => not("No post of it went out"),
                }
            }
            RowState::Cancelled => Gets::Not(words::cancelled(self.member, row)),
            RowState::Skipped | RowState::Missed => Gets::Not(words::why(row.why, &row.why_text)),
        }
    }

    /// What their phone did with the posts of a step; `None` where no gateway reported anything of it.
    fn proven_post(&self, row: &PlanRow) -> Option<Gets> {
        let own = || self.proofs.iter().filter(|proof| row.broadcasts.contains(&proof.broadcast));
        let at = |moment: Millis| words::at(self.member, moment);
        if let Some(read) = own().filter_map(|proof| proof.read_at).min() {
            return Some(Gets::Posted(MessageState::Read, format!("opened on their phone, {}", at(read))));
        }
        let delivered = own().filter_map(|proof| proof.delivered_at).min()?;
        let words = format!("their phone has it since {}", at(delivered));
        Some(Gets::Posted(MessageState::Delivered, words))
    }

    fn post_to_come(&self) -> Gets {
        match (self.groups.iter().find(|one| one.left_at.is_none()), self.members_known) {
            (Some(inside), _) => Gets::Comes(format!("as a member of “{}”", inside.group)),
            (None, true) if self.groups.is_empty() => not("They are in none of the workshop’s groups"),
            (None, true) => not("They left the workshop’s groups"),
            (None, false) => Gets::Comes(
                "if they are in one of the workshop’s groups: its members are not known".to_owned(),
            ),
        }
    }

    /// What a post at that moment was for them.
    fn posted(&self, at: Millis) -> Gets {
        if self.person.came_at() > at {
            return not("It was posted before they registered");
        }
        let inside = |one: &&GroupMembership| {
            one.joined_at.is_none_or(|joined| joined <= at) && one.left_at.is_none_or(|left| left > at)
        };
        match (self.groups.iter().find(inside), self.members_known) {
            (Some(group), _) => Gets::Posted(MessageState::Sent, format!("as a member of “{}”", group.group)),
            (None, true) if self.groups.is_empty() => not("They are in none of the workshop’s groups"),
            (None, true) => not("They were in none of the workshop’s groups then"),
            (None, false) => Gets::Posted(
                MessageState::Sent,
                "if they were in one of the workshop’s groups: its members are not known".to_owned(),
            ),
        }
    }
}

/// States of a post that went out, or may have.
const WENT: [MessageState; 4] =
    [MessageState::Sent, MessageState::Delivered, MessageState::Read, MessageState::Unknown];

/// What keeps a step from everybody, as the plan's own page says it.
fn stands_in_its_way(row: &PlanRow, preview: &StepPreview) -> Option<String> {
    let found = match row.state {
        RowState::Planned => Some(ahead(row, Some(preview))),
        // What its own run met is over, and nobody looks at it for a page: what stopped the last try for those who came
        // later counts.
        _ => keeps_late(row),
    };
    found.filter(|(why, _)| why.needs_somebody()).map(|(why, said)| words::why(why, said))
}

pub(super) async fn page(
    app: &App,
    member: &Member,
    workshop: &Workshop,
    plan: &WorkshopPlan,
    who: RegistrantId,
) -> Result<Markup, Problem> {
    let person = member.org.registrant(workshop.id, who).await?;
    let around = Around::load(app, member, workshop, plan).await?;
    let about = About::load(app, member, plan, &around, &person).await?;
    let lines: Vec<Line<'_>> = plan.rows.iter().map(|row| about.line(row)).collect();
    let comes = lines.iter().filter(|line| matches!(line.gets, Gets::Comes(_))).count();
    let got = lines.iter().filter(|line| matches!(line.gets, Gets::Told | Gets::Posted(..))).count();
    let not = lines.len() - comes - got;
    let shown = if person.name.is_empty() { "No name" } else { &person.name };
    Ok(html! {
        (Strip(vec![
            Fact::new("Person", html! { a class="m-link" href=(registrant::href(workshop.id, person.id)) { (shown) } }).note(phone(&person.phone)),
            Fact::figure("Have a message", got.to_string(), "").note("also where it did not arrive"),
            Fact::figure("Still come", comes.to_string(), "").note("as things stand"),
            Fact::figure("Do not come", not.to_string(), "").note("each with its reason"),
            Fact::new("Registered", html! { (words::at(member, person.registered_at)) }),
        ]))
        (axis(member, workshop, shown, &lines).axis_card(&format!("What does {shown} get?"), "Each mark leads to its reason below."))
        (Card::new("person-plan", format!("What {shown} gets"), table(member, &lines)).aside(html! { (Button::link("Everyone", href(workshop.id)).small()) }))
    })
}

/// Whoever came after a step was due.
fn late(since: Option<Millis>, preview: &StepPreview, person: &Registrant) -> Gets {
    let came_later = since.is_none_or(|since| person.came_at() > since);
    match preview.step.late {
        LateRule::Skip => not("Who registers after it was due gets nothing of it"),
        LateRule::NewestOnly | LateRule::Always if came_later => {
            Gets::Comes("as somebody who registered later, if nothing newer is due".to_owned())
        }
        LateRule::NewestOnly | LateRule::Always => not("They were not among its people"),
    }
}

/// What the audience of a step makes of them, as far as it is known now.
fn depends(person: &Registrant, told: &[Told], preview: &StepPreview) -> Gets {
    let step = &preview.step;
    let comes = |words: &str| Gets::Comes(words.to_owned());
    let purpose = step.purpose();
    let told_this = told.iter().any(|one| one.left_out.is_none() && one.purpose == purpose);
    match &step.audience {
        StepAudience::Everyone => comes("everyone gets it"),
        StepAudience::NotTold if told_this => comes("if nobody tells them the same by hand before"),
        StepAudience::NotTold => comes("they were not told this yet"),
        StepAudience::NotReached(channel) => {
            comes(&format!("if nothing proves that {} reached them", channel.title()))
        }
        StepAudience::RegisteredLate => comes("if they registered after the step before"),
        StepAudience::InNoGroup => comes("if they are in no group of the workshop then"),
        StepAudience::Attendance(Presence::Attended) => comes("if the report says that they attended"),
        StepAudience::Attendance(Presence::LeftEarly) => comes("if the report says that they left early"),
        StepAudience::Attendance(Presence::Absent) => comes("if the report says that they were not there"),
        StepAudience::Opened(true) => comes("if they open their own link"),
        StepAudience::Opened(false) => comes("if they do not open their own link"),
        StepAudience::Source(source) if person.came_from == *source => comes("they came by its source"),
        StepAudience::Source(_) => not("They came by another source"),
        StepAudience::Tag(_) => comes("if they are registered for another workshop with its tag"),
    }
}

fn fill(gets: &Gets) -> Fill {
    match gets {
        Gets::Told | Gets::Posted(..) => Fill::Done,
        Gets::Comes(_) => Fill::Planned,
        Gets::Not(_) => Fill::Skipped,
    }
}

fn chip(line: &Line<'_>) -> Chip {
    match (&line.gets, line.message) {
        (Gets::Comes(_), None) => Chip { tone: Tone::Run, icon: Icon::Wait, word: "Gets it".into() },
        (_, Some(_)) => Chip { tone: Tone::Done, icon: Icon::Ok, word: "Told".into() },
        (Gets::Posted(MessageState::Sent, _), None) => {
            Chip { tone: Tone::Done, icon: Icon::Ok, word: "Posted".into() }
        }
        (Gets::Posted(state, _), None) => {
            Chip { tone: Tone::Done, icon: Icon::Ok, word: state.title().to_owned() }
        }
        (Gets::Told | Gets::Not(_), None) => {
            Chip { tone: Tone::Rest, icon: Icon::Skip, word: "Does not".into() }
        }
    }
}

/// Why they get it or not, in a few words; what became of their message, where there is one.
fn reason(line: &Line<'_>) -> String {
    match (&line.gets, line.message) {
        (_, Some(told)) => told_why(told),
        (Gets::Posted(_, words) | Gets::Comes(words) | Gets::Not(words), None) => words.clone(),
        (Gets::Told, None) => String::new(),
    }
}

/// The person's steps on the axis. A step after each registration stands at this person's own moment.
fn axis<'a>(member: &'a Member, workshop: &Workshop, who: &str, lines: &[Line<'_>]) -> Plan<'a> {
    let step = |line: &Line<'_>| {
        let channel = line.preview.map_or(Channel::WhatsappPersonal, |preview| preview.step.channel);
        let chip = chip(line);
        PlanStep {
            id: step_id(line.row),
            due: line.at,
            until: line.row.until,
            when: line.at.map_or_else(String::new, |at| words::at(member, at)),
            offset: String::new(),
            mark: StepMark { channel, fill: fill(&line.gets) },
            name: line.preview.map_or_else(|| line.row.key.to_string(), step_name),
            href: None,
            count: match line.message {
                Some(told) => state_chip(told.state).word().to_owned(),
                None => chip.word.clone(),
            },
            chip,
            whom: (who.to_owned(), reason(line)),
            cost: (String::new(), String::new()),
            acts: html! {},
        }
    };
    Plan {
        zone: &member.organization.zone,
        starts: workshop.starts_at,
        ends: workshop.ends_at,
        now: member.now,
        quiet: member.organization.quiet_hours,
        promotes: vec![],
        steps: lines.iter().map(step).collect(),
        foot: String::new(),
        aside: html! {},
    }
}

fn step_id(row: &PlanRow) -> String {
    format!("step-{}", row.key)
}

fn table(member: &Member, lines: &[Line<'_>]) -> Table {
    let row = |line: &Line<'_>| {
        let channel = line.preview.map_or(Channel::WhatsappPersonal, |preview| preview.step.channel);
        let fill = fill(&line.gets);
        let called = line.preview.map_or_else(|| line.row.key.to_string(), step_name);
        let when = line.preview.map(|preview| steps::when(&preview.step)).unwrap_or_default();
        Row::new(vec![
            html! {
                div class="m-what" id=(step_id(line.row)) {
                    (StepMark { channel, fill })
                    span {
                        @match line.message {
                            Some(told) => (name(&format!("/broadcasts/{}/messages/{}", told.message.broadcast, told.message.position), &called, channel.title())),
                            None => { span class="m-rowname" { (called) } span class="m-sub" { (channel.title()) } }
                        }
                    }
                }
            },
            html! {
                @match line.message {
                    Some(told) => (state_chip(told.state)),
                    None => (chip(line)),
                }
            },
            html! { @match line.at { Some(at) => (words::at(member, at)), None => "–" } span class="m-sub" { (when) } },
            html! { (reason(line)) },
        ])
    };
    Table {
        caption: "Every step for this person".into(),
        columns: vec![
            Column::new("What", Place::Title),
            Column::new("State", Place::State),
            Column::new("When", Place::Line),
            Column::new("Why", Place::Line),
        ],
        rows: lines.iter().map(row).collect(),
        empty: "There is no step.".into(),
    }
}

/// Why a message stands where it does; empty where it is in order.
fn told_why(told: &Told) -> String {
    match &told.reason {
        Reason::Excluded(skip) => reasons::excluded(*skip).title.to_owned(),
        Reason::Ours(own) => reasons::own(*own).title.to_owned(),
        Reason::Provider(code) => codes::meaning(code)
            .map_or_else(|| format!("The provider says {code}"), |known| known.title.to_owned()),
        Reason::None => String::new(),
    }
}
