//! Registrations, moves, edits, cancellations, outages and sends by hand are drawn from a seed around each workshop.
//! Nobody gets a step twice, nobody gets it after it is of use, and everybody who should get it has it or a reason.
//!
//! Many workshops live at the same time in one database. A look of the scheduler, which is most of the work, covers
//! all of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    broadcast::Audience,
    checks::CheckId,
    ids::{BroadcastId, PlanRowId, RegistrantId, SequenceId, WorkshopId},
    message::MessageState,
    sequence::{Anchor, LateRule, OwnWhyNot, RowState, Step, Timing, WhyNot},
    time::{HOUR, MINUTE, Millis},
    workshop::RegistrantStatus,
};
use store::{
    broadcasts::BroadcastFilter,
    messages::MessageFilter,
    on_both,
    plans::{PlanChoice, PlanRow, WorkshopPlan},
    registrants::RegistrantFilter,
    sequences::SequenceDraft,
    workshops::WorkshopDraft,
};

use crate::{sequences::step, world::World};

/// Seeds of the ordinary run; `MUNADI_SEEDS` asks for more.
const SEEDS: u64 = 200;
/// The number of these seeds that run on PostgreSQL, where each takes longer.
const SEEDS_ON_POSTGRES: u64 = 40;
/// Workshops that live at the same time.
const SEEDS_TOGETHER: u64 = 40;
/// Whoever comes late is told within this time: everything is looked at every ten minutes at least.
const SOON_MS: i64 = 16 * MINUTE;
/// Moments lie on a grid of so many minutes, so that workshops share them.
const GRID: u64 = 5;

/// Pseudo-random numbers, which the same seed repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        // The constants are those of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn minutes(&mut self, from: u64, to: u64) -> i64 {
        i64::try_from(from + self.below(to - from)).unwrap() * MINUTE
    }

    /// Minutes on the grid.
    fn on_grid(&mut self, from: u64, to: u64) -> i64 {
        i64::try_from(from + GRID * self.below((to - from) / GRID)).unwrap() * MINUTE
    }
}

/// A person, as the simulation knows them.
struct Person {
    id: RegistrantId,
    phone: String,
    registered_at: Millis,
    gone: bool,
}

struct Story {
    seed: u64,
    chance: Chance,
    workshop: WorkshopId,
    /// When something happens to the workshop next.
    next: Millis,
    people: Vec<Person>,
    steps: Vec<Step>,
    sequence: SequenceId,
    version: i64,
    starts_at: Millis,
    cancelled: bool,
    /// Whether a moment of the plan came to lie elsewhere.
    moved: bool,
}

impl Story {
    async fn begin(world: &mut World, seed: u64, template: domain::ids::TemplateId) -> Story {
        let mut chance = Chance(seed ^ 0x9e37_79b9_7f4a_7c15);
        // For some workshops the first steps are past when the plan is run.
        let starts_at = world.now().plus(chance.on_grid(90, 390));
        let workshop = world.org.add_workshop(&workshop_at(starts_at), world.now()).await.unwrap();
        world.workshop = workshop;
        let mut steps: Vec<Step> = [(4, "reminder"), (2, "reminder"), (1, "link")]
            .map(|(hours, purpose)| {
                step(template, &format!("h{hours}"), purpose, Anchor::Start, Timing::before(hours * 60))
            })
            .to_vec();
        steps.push(step(template, "five", "link", Anchor::Start, Timing::before(5)));
        if chance.below(2) == 0 {
            steps.push(step(template, "welcome", "welcome", Anchor::Registration, Timing::after(2)));
        }
        steps.push(step(template, "thanks", "thanks", Anchor::End, Timing::after(30)));
        for step in &mut steps {
            step.late = [LateRule::Skip, LateRule::NewestOnly, LateRule::Always]
                [usize::try_from(chance.below(3)).unwrap()];
        }
        let draft =
            SequenceDraft { name: format!("Seed {seed}"), description: String::new(), steps: steps.clone() };
        let sequence = world.org.add_sequence(&draft, world.now()).await.unwrap();
        let next = world.now().plus(chance.minutes(5, 45));
        let mut story = Story {
            seed,
            chance,
            workshop,
            next,
            people: vec![],
            steps,
            sequence,
            version: 1,
            starts_at,
            cancelled: false,
            moved: false,
        };
        for _ in 0..story.chance.below(4) {
            story.register(world).await;
        }
        world.org.write_plan(workshop, sequence, 1, &PlanChoice::default(), world.now()).await.unwrap();
        story
    }

    async fn register(&mut self, world: &World) {
        let phone = format!("9{:04}{:05}", self.seed % 10_000, self.people.len());
        world.register(&[(phone.as_str(), "Somebody Test")]).await;
        let list = RegistrantFilter { limit: 100, ..RegistrantFilter::default() };
        let all = world.org.registrants(world.workshop, &list).await.unwrap();
        let phone = format!("+91{phone}");
        let id = all.iter().find(|one| one.phone == phone).unwrap().id;
        self.people.push(Person { id, phone, registered_at: world.now(), gone: false });
    }

    /// Something happens, where its time has come.
    async fn live(&mut self, world: &mut World) -> bool {
        let now = world.now();
        let is_time = self.next <= now && now < self.starts_at && !self.cancelled;
        if is_time {
            world.workshop = self.workshop;
            self.something(world).await;
            self.next = now.plus(self.chance.minutes(5, 45));
        }
        is_time
    }

    async fn something(&mut self, world: &mut World) {
        let now = world.now();
        match self.chance.below(10) {
            0..=2 => {
                for _ in 0..=self.chance.below(3) {
                    self.register(world).await;
                }
            }
            3 | 4 => {
                let standing: Vec<usize> =
                    (0..self.people.len()).filter(|at| !self.people[*at].gone).collect();
                if let Some(at) = standing.first() {
                    let person = &mut self.people[*at];
                    person.gone = true;
                    let cancelled = RegistrantStatus::Cancelled;
                    world.org.set_registrant_status(self.workshop, person.id, cancelled, now).await.unwrap();
                }
            }
            5 | 6 => {
                let to = self.starts_at.plus(self.chance.on_grid(0, 120) - 60 * MINUTE);
                if to > now.plus(10 * MINUTE) {
                    world.org.edit_workshop(self.workshop, &workshop_at(to), now).await.unwrap();
                    self.starts_at = to;
                    self.moved = true;
                }
            }
            7 => {
                let by = self.chance.on_grid(0, 40) / MINUTE;
                self.steps[1].timing = Timing::before(100 + by);
                self.moved = true;
                let draft = SequenceDraft {
                    name: format!("Seed {}", self.seed),
                    description: String::new(),
                    steps: self.steps.clone(),
                };
                self.version =
                    world.org.change_sequence(self.sequence, self.version, &draft, now).await.unwrap();
                let revision = world.org.plan_of(self.workshop).await.unwrap().unwrap().revision;
                let choice = PlanChoice::default();
                world.org.follow(self.workshop, self.version, revision, &choice, now).await.unwrap();
            }
            8 => {
                let standing: Vec<RegistrantId> =
                    self.people.iter().filter(|one| !one.gone).map(|one| one.id).collect();
                if !standing.is_empty() {
                    let mut by_hand = world.reminder(&World::template());
                    by_hand.audience = Audience::Chosen(standing);
                    world.org.confirm_broadcast(by_hand, now).await.unwrap();
                }
            }
            _ => {
                if self.chance.below(6) == 0 {
                    world.org.cancel_workshop(self.workshop, now).await.unwrap();
                    self.cancelled = true;
                }
            }
        }
    }

    /// Compares everything that went out with the plan; how many came late, and were to be told all the same.
    async fn judge(&self, world: &World, outages: &[Millis]) -> usize {
        let seed = self.seed;
        let plan = world.org.plan_of(self.workshop).await.unwrap().expect("a plan");
        let filter = BroadcastFilter { workshop: Some(self.workshop), ..BroadcastFilter::default() };
        let made = world.org.broadcasts(&filter, 1_000).await.unwrap();
        let row_of: BTreeMap<BroadcastId, PlanRowId> =
            plan.rows.iter().flat_map(|row| row.broadcasts.iter().map(|made| (*made, row.id))).collect();
        let mut told: BTreeMap<PlanRowId, BTreeSet<String>> = BTreeMap::new();
        let mut seen: BTreeMap<PlanRowId, BTreeSet<String>> = BTreeMap::new();
        let mut by_hand: BTreeSet<String> = BTreeSet::new();
        for broadcast in &made {
            for message in
                world.org.messages(broadcast.id, &MessageFilter::default(), 0, 1_000).await.unwrap()
            {
                let Some(row) = row_of.get(&broadcast.id) else {
                    by_hand.insert(message.recipient);
                    continue;
                };
                if message.state == MessageState::Sent {
                    let at = message.started_at.expect("it was sent");
                    assert!(at <= broadcast.deadline, "seed {seed}: told after it was of use");
                    let first = told.entry(*row).or_default().insert(message.recipient.clone());
                    assert!(first, "seed {seed}: {} got a step twice", broadcast.title);
                }
                seen.entry(*row).or_default().insert(message.recipient);
            }
        }
        for row in &plan.rows {
            let to_come = row.state == RowState::Planned && row.due.is_some();
            assert!(!to_come, "seed {seed}: {} is neither run nor explained: {row:?}", row.key);
            let Some(first) = row.broadcasts.first().filter(|_| row.state == RowState::Broadcast) else {
                continue;
            };
            let confirmed =
                made.iter().find(|broadcast| broadcast.id == *first).expect("it is there").created_at;
            for person in self.people.iter().filter(|one| !one.gone && one.registered_at < confirmed) {
                let has_row = seen.get(&row.id).is_some_and(|all| all.contains(&person.phone));
                assert!(
                    has_row || by_hand.contains(&person.phone) || self.cancelled,
                    "seed {seed}: {} passed over {}",
                    row.key,
                    person.phone
                );
            }
        }
        let late = match self.moved || self.cancelled {
            true => vec![],
            false => self.late_ones(&plan, outages),
        };
        for (row, person) in &late {
            let has_row = seen.get(&row.id).is_some_and(|all| all.contains(&person.phone));
            assert!(
                has_row || by_hand.contains(&person.phone),
                "seed {seed}: {} passed over {}, who came at {:?}: {row:?}",
                row.key,
                person.phone,
                person.registered_at
            );
        }
        if self.cancelled {
            let open = plan.rows.iter().any(|row| row.state == RowState::Planned);
            assert!(!open, "seed {seed}: a cancelled workshop has steps to come");
        }
        late.len()
    }
}

impl Story {
    /// Who came while a step was of use to them, with some time left in which nothing newer was due and no outage
    /// began.
    fn late_ones<'a>(&'a self, plan: &'a WorkshopPlan, outages: &[Millis]) -> Vec<(&'a PlanRow, &'a Person)> {
        let mut late = Vec::new();
        for row in &plan.rows {
            let (Some(due), Some(step)) = (row.due, self.steps.iter().find(|step| step.key == row.key))
            else {
                continue;
            };
            let from = match (row.state, row.why) {
                (RowState::Broadcast, _) | (RowState::Skipped, WhyNot::Check(CheckId::Recipients)) => due,
                (RowState::Skipped, WhyNot::Own(OwnWhyNot::PastAtRun)) => plan.run_at,
                _ => continue,
            };
            for person in self.people.iter().filter(|one| !one.gone && one.registered_at > from) {
                let (came, left) = (person.registered_at, person.registered_at.plus(SOON_MS));
                let newer = plan.rows.iter().filter_map(|other| other.due).any(|at| due < at && at <= left);
                let told = match step.late {
                    LateRule::Skip => false,
                    LateRule::NewestOnly => !newer,
                    LateRule::Always => true,
                };
                let outage = outages.iter().any(|at| came <= *at && *at <= left);
                if told && !outage && left < row.until {
                    late.push((row, person));
                }
            }
        }
        late
    }
}

fn workshop_at(starts_at: Millis) -> WorkshopDraft {
    WorkshopDraft {
        title: "Rust for Beginners".into(),
        starts_at,
        ends_at: starts_at.plus(HOUR),
        join_link: "https://meet.example/rust".into(),
        tag: None,
    }
}

/// Runs the workshops of these seeds at the same time; returns how often something happened, and how many came late
/// who were to be told.
async fn live(world: &mut World, seeds: std::ops::RangeInclusive<u64>) -> (usize, usize) {
    let template = world.stored_template("any").await;
    let mut chance = Chance(*seeds.start());
    let (mut stories, mut happened, mut outages) = (Vec::new(), 0, Vec::new());
    for seed in seeds {
        stories.push(Story::begin(world, seed, template).await);
    }
    while stories.iter().any(|story| world.now() < story.starts_at.plus(2 * HOUR)) {
        let next = world.now().plus(chance.on_grid(5, 15));
        world.run_until(next).await;
        for story in &mut stories {
            happened += usize::from(story.live(world).await);
        }
        if chance.below(12) == 0 {
            // Nothing runs for a while.
            let outage = chance.minutes(1, 90);
            outages.push(world.now());
            world.clock.advance(outage);
            world.beat().await;
        }
    }
    // An outage may have lasted beyond the end.
    world.run_until(world.now()).await;
    let mut late = 0;
    for story in &stories {
        late += story.judge(world, &outages).await;
    }
    (happened, late)
}

on_both! {
    async fn whatever_happens_around_a_workshop_each_step_runs_once_in_time_or_says_why(db: TestStore) {
        let asked = std::env::var("MUNADI_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
        let is_shared = db.store.is_shared();
        let seeds = asked.unwrap_or(if is_shared { SEEDS_ON_POSTGRES } else { SEEDS });
        let (mut happened, mut late, mut told) = (0, 0, 0);
        for first in (1..=seeds).step_by(usize::try_from(SEEDS_TOGETHER).unwrap()) {
            let fresh = match is_shared {
                true => store::testing::postgres().await.unwrap(),
                false => store::testing::sqlite().await,
            };
            let mut world = World::new(&fresh).await;
            let (more, came) = live(&mut world, first..=seeds.min(first + SEEDS_TOGETHER - 1)).await;
            (happened, late) = (happened + more, late + came);
            told += world.sandbox.world().len();
            drop(world);
            fresh.remove().await;
        }
        assert!(happened > 100, "needs something that happens");
        assert!(told > 100, "needs people who were told");
        assert!(late > 0, "needs people who came late");
    }
}
