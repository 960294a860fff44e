//! Chooses the account through which a step sends.

use domain::{
    channel::Channel,
    ids::WorkshopId,
    sequence::{OwnWhyNot, Step, WhyNot},
};
use providers::registry;
use store::{StoreError, integrations::Integration};

use super::Obstacle;
use crate::Caller;

/// The account of a step: the one that the step names, else the workshop's, else the channel's default, else the only
/// account of its channel that nobody stopped. Where several are left and none was chosen, the obstacle names them.
pub(super) async fn of(
    caller: &Caller,
    workshop: WorkshopId,
    step: &Step,
) -> Result<Result<Integration, Obstacle>, StoreError> {
    let mut all = caller.org.integrations().await?;
    all.retain(|account| serves(account, step.channel));
    if all.is_empty() {
        return Ok(Err(Obstacle::own(OwnWhyNot::NoAccount)));
    }
    let chosen = match step.account {
        Some(named) => Some(named),
        None => caller.org.workshop_accounts(workshop).await?.get(&step.channel).copied(),
    };
    let named = match chosen {
        Some(chosen) => Some(chosen),
        None => caller.org.channel_defaults().await?.get(&step.channel).copied(),
    };
    let place = named.and_then(|named| all.iter().position(|account| account.id == named));
    if let Some(at) = place {
        return Ok(Ok(all.swap_remove(at)));
    }
    if chosen.is_some() {
        // The chosen account does not exist any more. Another account is not what somebody chose.
        return Ok(Err(Obstacle::own(OwnWhyNot::NoAccount)));
    }
    Ok(only(all))
}

/// The only account, or the only one that nobody stopped. Otherwise an obstacle that names all of them.
fn only(mut all: Vec<Integration>) -> Result<Integration, Obstacle> {
    if all.len() > 1 {
        let going: Vec<usize> = (0..all.len()).filter(|at| all[*at].stopped_at.is_none()).collect();
        if let [at] = going[..] {
            return Ok(all.swap_remove(at));
        }
    }
    match <[Integration; 1]>::try_from(all) {
        Ok([one]) => Ok(one),
        Err(several) => {
            let names: Vec<String> = several.iter().map(|account| format!("“{}”", account.name)).collect();
            Err(Obstacle { why: WhyNot::Own(OwnWhyNot::WhichAccount), words: names.join(" or ") })
        }
    }
}

fn serves(account: &Integration, channel: Channel) -> bool {
    registry::serving(channel).any(|vendor| vendor.kind() == account.kind)
}
