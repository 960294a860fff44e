//! `munadi new-keys`: a start when the key file is lost for good. What only the old keys could open is given up, and named.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use domain::{
    ids::IntegrationId,
    time::{Millis, SharedClock, WallClock},
};
use store::{PhoneKey, Store, lost_keys::Rehashed};

use super::{rotate_key::alone, say};
use crate::{app::App, config::Config, seal::KeyRing, secrets};

/// Beside accounts whose secrets were given up.
const BY: &str = "new keys";

/// `munadi new-keys …`
#[derive(Args, Debug)]
pub struct NewKeysCommand {
    /// Give up what only the old keys open; without it, this is only told
    #[arg(long)]
    accept_loss: bool,
}

/// What a start with new keys gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Accounts whose secrets have to be entered again.
    pub accounts: u64,
    /// What became of the keyed hashes of telephone numbers.
    pub numbers: Rehashed,
    /// Where the old key file lies now; `None` when there was none.
    pub old_file: Option<PathBuf>,
}

/// Runs it while nothing else runs.
pub async fn run(config: Config, command: NewKeysCommand) -> anyhow::Result<()> {
    if !command.accept_loss {
        let lost = ask(&config).await?;
        bail!(
            "look for the key file {} on the machine that was set up first, and in every backup, before you give it up. \
             With new keys, the secrets of {} accounts have to be entered again; opt-outs whose number was erased hold no longer; \
             links to stop messages in what was sent, and in what still waits, lead nowhere. If it is lost for good, run: \
             munadi new-keys --accept-loss",
            config.key_file.display(),
            lost.len()
        );
    }
    let loss = accept(config.clone(), Arc::new(WallClock)).await?;
    tell(&config, &loss)
}

/// Accounts that would have to be set up again; changes nothing.
pub async fn ask(config: &Config) -> anyhow::Result<Vec<IntegrationId>> {
    config.create_data_folder()?;
    let store = Store::open(config.database_address()).await.context("cannot open the database")?;
    let lost = unopened(&store, config).await;
    store.close().await;
    lost
}

/// Gives the old keys up.
pub async fn accept(config: Config, clock: SharedClock) -> anyhow::Result<Loss> {
    let lost = ask(&config).await?;
    let store = Store::open(config.database_address()).await.context("cannot open the database")?;
    let ring = KeyRing::generate();
    let app = App::new(store, clock, config, ring.clone())?;
    let done = start_anew(&app, &ring, lost).await;
    app.store.close().await;
    done
}

/// Accounts that do not open. Refused where the key file is the right one.
async fn unopened(store: &Store, config: &Config) -> anyhow::Result<Vec<IntegrationId>> {
    let all: Vec<IntegrationId> = store
        .sealed_secrets()
        .await?
        .into_iter()
        .filter(|account| !account.sealed.is_empty())
        .map(|account| account.id)
        .collect();
    // One that cannot be read may still be the right one: rights and damage are for a person to look at first.
    let keys = KeyRing::exists(&config.key_file)
        .then(|| KeyRing::open(&config.key_file))
        .transpose()
        .context("if the file is damaged for good, move it aside and run the command again")?;
    let Some(keys) = keys else {
        if !store.depends_on_keys().await? {
            bail!("nothing in this database depends on keys; start it, and it makes some");
        }
        return Ok(all);
    };
    let opened = secrets::try_all(store, &keys).await?;
    if opened.accounts > opened.unopened.len() || all.is_empty() {
        bail!(
            "the key file {} opens {} of {} accounts: it is not lost. For a new sealing key run: munadi rotate-key",
            config.key_file.display(),
            opened.accounts - opened.unopened.len(),
            opened.accounts
        );
    }
    Ok(all)
}

/// Puts the old key file aside, writes a new one, and makes the database fit it. Secrets go last: after a crash in the middle they are
/// sealed under keys that the file does not hold, as before, and the command may be run again.
async fn start_anew(app: &App, ring: &KeyRing, lost: Vec<IntegrationId>) -> anyhow::Result<Loss> {
    let _alone = alone(app).await?;
    let now = app.clock.now();
    let old_file = put_aside(&app.config.key_file, now)?;
    ring.replace(&app.config.key_file)?;
    let numbers = app.store.rehash_numbers(&PhoneKey::new(&ring.phone_key())).await?;
    let accounts = app.store.forget_secrets(&lost, BY, now).await?;
    Ok(Loss { accounts, numbers, old_file })
}

/// It may open an old backup one day, so it is never deleted.
fn put_aside(file: &std::path::Path, now: Millis) -> anyhow::Result<Option<PathBuf>> {
    if !file.exists() {
        return Ok(None);
    }
    let aside = file.with_extension(format!("key.given-up-{}", now.0));
    std::fs::rename(file, &aside).with_context(|| format!("cannot move {}", file.display()))?;
    Ok(Some(aside))
}

fn tell(config: &Config, loss: &Loss) -> anyhow::Result<()> {
    let Loss { accounts, numbers, old_file } = loss;
    say(format_args!("New keys: {}", config.key_file.display()))?;
    if let Some(old) = old_file {
        say(format_args!("The file that opened nothing is kept as {}", old.display()))?;
    }
    say(format_args!(
        "Accounts whose secrets have to be entered again: {accounts}. Their cards under Settings, Integrations lead to the form."
    ))?;
    say(format_args!(
        "Opt-outs and agreements found under the new key: {}, because their numbers are known.",
        numbers.anew
    ))?;
    say(format_args!(
        "Not found any more, because their numbers were erased: {} opt-outs, {} agreements. Who opted out and registers again is told again.",
        numbers.opt_outs_lost, numbers.agreements_lost
    ))?;
    say(
        "Links to stop messages lead nowhere in what was sent. Messages that wait carry them too: cancel those broadcasts and confirm them \
         again. Callback addresses and sign-ins stay as they were; forms that were open in browsers must be opened again.",
    )?;
    say("Make a backup now, with the new keys in it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_is_kept_beside_the_new_one() {
        let folder = std::env::temp_dir()
            .join(format!("munadi-new-keys-{}", hex::encode(crate::seal::random_bytes::<8>())));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("munadi.key");
        assert_eq!(put_aside(&file, Millis(7)).expect("nothing to do"), None);
        std::fs::write(&file, "old").expect("writes");
        let aside = put_aside(&file, Millis(7)).expect("moves").expect("there was one");
        assert_eq!(std::fs::read_to_string(&aside).expect("reads"), "old");
        assert!(!file.exists());
        std::fs::remove_dir_all(&folder).expect("removes");
    }
}
