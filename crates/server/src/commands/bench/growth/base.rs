//! What is there already: people, workshops, and messages that the product itself sent them.

use std::time::Instant;

use domain::{
    channel::Category,
    ids::{BroadcastId, ImportId, WorkshopId},
    phone::Phone,
    time::HOUR,
};
use engine::Sender;
use store::suppressions::NewSuppression;

use super::{
    super::{
        Board, seconds,
        sends::{ADMIN, whatsapp},
    },
    Growth,
};
use crate::{
    app::App,
    rehearsal::{Stage, settled},
};

/// One person in so many opted out.
const OPTED_OUT: usize = 20;
/// People of the workshop whose chooser counts them.
pub(super) const CHOSEN: usize = 20_000;

pub(super) struct Base {
    pub(super) stage: Stage,
    /// The workshop whose people get the measured broadcasts.
    pub(super) large: WorkshopId,
    /// A broadcast that went to everybody of that workshop.
    pub(super) broadcast: BroadcastId,
    /// The number of one person among them.
    pub(super) somebody: usize,
    /// The last digits of that person's telephone number.
    pub(super) somebodys_ending: String,
    /// That whole telephone number without its sign.
    pub(super) somebodys_digits: String,
    /// A workshop of usual size.
    pub(super) usual: WorkshopId,
    /// A workshop of [`CHOSEN`] people who were told once.
    pub(super) chosen: WorkshopId,
    /// The first digits of that telephone number, without those of the country.
    pub(super) somebodys_beginning: String,
    /// People of an import that is taken back meanwhile.
    pub(super) taken_back: usize,
    /// People that there are before such an import.
    people: usize,
}

impl Base {
    /// An import of people whom nobody knew, into a workshop of their own.
    pub(super) async fn import(&self, app: &App) -> anyhow::Result<ImportId> {
        let (org, now) = (&self.stage.org, app.clock.now());
        let workshop =
            self.stage.workshop("Taken back", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
        let id = ImportId::new(now);
        org.add_import(id, workshop, "people.csv", "bench.csv", now).await?;
        org.import_checked(id, &serde_json::Value::Null, &serde_json::Value::Null).await?;
        org.import_committing(id, now).await?;
        let people: Vec<_> = settled(self.people, self.taken_back).collect();
        for chunk in people.chunks(20_000) {
            org.add_registrants(workshop, id, chunk.to_vec(), now).await?;
        }
        org.import_committed(id, &serde_json::Value::Null, now).await?;
        index(app).await?;
        Ok(id)
    }
}

pub(super) async fn make(app: &App, growth: &Growth, board: &mut Board) -> anyhow::Result<Base> {
    let pace = domain::pace::Pace { per_second: 1_000_000, per_day: 0 };
    let stage = Stage::set_up(app, "Bench", "Bench", ADMIN, pace).await?;
    let now = app.clock.now();
    let workshops = growth.base_workshops.max(1);
    let each = growth.base_people.div_ceil(workshops);
    let rounds = growth.base_messages.div_ceil(growth.base_people.max(1));
    let start = Instant::now();
    let mut ids = vec![];
    for at in 0..workshops {
        let id = stage
            .workshop(&format!("Workshop {at}"), now.plus(20 * HOUR), "https://meet.example/x", now)
            .await?;
        stage.register(id, settled(at * each, each), now).await?;
        ids.push(id);
    }
    let people = workshops * each;
    board.note("growth: people registered", people as f64 / seconds(start), "rows/s", None)?;
    let start = Instant::now();
    index(app).await?;
    board.note("growth: what was left of their index", seconds(start), "s", None)?;
    let start = Instant::now();
    for _ in 0..rounds {
        for id in &ids {
            sent(app, &stage, *id).await?;
        }
    }
    board.note("growth: messages of the base", (people * rounds) as f64 / seconds(start), "/s", None)?;
    opt_out(app, &stage, people).await?;
    let large = stage.workshop("Going out", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
    // Half of them came before.
    let from = people.saturating_sub(growth.going_out / 2);
    stage.register(large, settled(from, growth.going_out), now).await?;
    index(app).await?;
    let broadcast = sent(app, &stage, large).await?;
    let chosen = stage.workshop("Chosen", now.plus(20 * HOUR), "https://meet.example/x", now).await?;
    stage.register(chosen, settled(0, CHOSEN), now).await?;
    index(app).await?;
    sent(app, &stage, chosen).await?;
    let somebody = from + growth.going_out / 3;
    let number = settled(somebody, 1).find_map(|person| person.phone).map(|phone| phone.as_str().to_owned());
    let number = number.unwrap_or_default();
    let somebodys_beginning = number.chars().skip(3).take(5).collect();
    let somebodys_ending = number.chars().rev().take(5).collect::<Vec<_>>().into_iter().rev().collect();
    let somebodys_digits = number.trim_start_matches('+').to_owned();
    let usual = ids.first().copied().unwrap_or(large);
    let taken_back = growth.going_out / 5;
    let people = people.max(from + growth.going_out);
    Ok(Base {
        stage,
        large,
        broadcast,
        somebody,
        somebodys_ending,
        somebodys_digits,
        usual,
        chosen,
        somebodys_beginning,
        taken_back,
        people,
    })
}

/// Makes the index of people, which an import leaves to the engine's loop, in steps as large as those of a quiet house.
async fn index(app: &App) -> anyhow::Result<()> {
    while app.engine.work().index_people(20_000).await?.more {}
    Ok(())
}

/// Plans and sends to everybody of a workshop, by the engine's own turns.
async fn sent(app: &App, stage: &Stage, workshop: WorkshopId) -> anyhow::Result<BroadcastId> {
    let now = app.clock.now();
    let id = stage.confirm(workshop, "Base", &whatsapp(), now, now.plus(19 * HOUR), now).await?;
    app.engine.plan().await?;
    Sender::new(app.engine.clone(), 1).turn_until_idle().await?;
    app.engine.settle().await?;
    Ok(id)
}

/// Promotions only: those who opted out are sent the measured reminders all the same.
async fn opt_out(app: &App, stage: &Stage, people: usize) -> anyhow::Result<()> {
    let phones = (0..people).step_by(OPTED_OUT).filter_map(|at| settled(at, 1).next()?.phone);
    let entry = |phone: Phone| NewSuppression {
        phone_key: app.phone_key.of(phone.as_str()),
        phone,
        channel: None,
        category: Some(Category::Marketing),
        reason: "asked on the phone".to_owned(),
    };
    stage.org.suppress_all(phones.map(entry).collect(), None, app.clock.now()).await?;
    Ok(())
}
