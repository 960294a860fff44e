//! What reach ladders would do: the expected numbers from what their channels reached lately, and the worst case.

use domain::{
    channel::Channel,
    money::Money,
    sequence::{PlanTarget, RowState, RungForecast, Step, StepKey, forecast_rungs, ladders},
};
use store::{StoreError, plans::PlanRow, workshops::Workshop};

use super::preview::{RungPreview, StepPreview};
use crate::{Caller, Composer};

/// The price of one message of a rung: the cost of all its messages divided by the people, rounded up.
fn each(preview: &StepPreview) -> Money {
    match (preview.cost, preview.people) {
        (Some(cost), Some(people)) if people > 0 => Money((cost.0 + people - 1) / people),
        _ => Money(0),
    }
}

impl Composer {
    /// Adds the forecast to the preview of each rung that is still to come. The people are those of the first such
    /// rung that goes to people; a rung of posts has no people of its own.
    pub(super) async fn foresee_ladders(
        &self,
        caller: &Caller,
        workshop: &Workshop,
        steps: &[Step],
        rows: &[PlanRow],
        previews: &mut [StepPreview],
    ) -> Result<(), StoreError> {
        let ladders = ladders(steps);
        if ladders.is_empty() {
            return Ok(());
        }
        let shares = caller.org.reached_shares().await?;
        for ladder in ladders {
            let spent = caller.org.ladder_spent(workshop.id, &ladder).await?;
            let own = to_come(&ladder, rows, previews);
            let Some(caps) = own.first().and_then(|at| Some(previews[*at].step.rung.as_ref()?.caps)) else {
                continue;
            };
            let people = own.iter().find_map(|at| people(&previews[*at])).unwrap_or(0);
            let share = |channel: Channel| shares.get(&channel).copied();
            let outlooks: Vec<RungForecast> = own
                .iter()
                .map(|at| RungForecast {
                    price: each(&previews[*at]),
                    share: share(previews[*at].step.channel),
                })
                .collect();
            for (at, expected) in own.iter().zip(forecast_rungs(people, caps, spent, &outlooks)) {
                let known = share(previews[*at].step.channel).is_some();
                previews[*at].rung = Some(RungPreview { expected, known });
            }
        }
        Ok(())
    }
}

/// The indices of the ladder's rungs that are still to come.
fn to_come(ladder: &StepKey, rows: &[PlanRow], previews: &[StepPreview]) -> Vec<usize> {
    let is_own = |preview: &StepPreview| {
        let row = rows.iter().find(|row| row.key == preview.step.key);
        let ran = row.is_some_and(|row| row.state != RowState::Planned);
        let own = preview.step.rung.as_ref().is_some_and(|rung| rung.ladder == *ladder);
        own && !ran && preview.people.is_some()
    };
    (0..previews.len()).filter(|at| is_own(&previews[*at])).collect()
}

/// The number of people to whom a rung would go now; `None` for posts.
fn people(preview: &StepPreview) -> Option<i64> {
    let to_people = PlanTarget::of(preview.step.channel) == PlanTarget::Registrants;
    preview.people.filter(|_| to_people)
}
