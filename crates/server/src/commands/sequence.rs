//! `munadi sequence`: sequences from the command line, each as a file that can be kept, copied and read.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::{
    channel::Channel,
    sequence::{Step, check_steps},
    time::{Millis, WallClock},
};
use serde_json::{Map, Value, json};
use store::{Actor, Org, StoreError, sequences::Sequence, sequences::SequenceDraft};

use super::{
    pick::{one, pick_organisation},
    say,
};
use crate::{
    app::App,
    config::Config,
    ui::{format::counted, words::steps},
};

/// `munadi sequence …`
#[derive(Args, Debug)]
pub struct SequenceCommand {
    #[command(subcommand)]
    what: What,
    /// The organisation's name, when there are several
    #[arg(long, global = true)]
    organisation: Option<String>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List every sequence, with its steps and how many workshops follow it
    List,
    /// Print a sequence as the file that `save` takes
    Show {
        /// Its name, or the beginning of it
        name: String,
    },
    /// Add a sequence, or change the one of that name, from a JSON file: `{"description": …, "steps": [{"key": "day",
    /// "channel": "personal", "template": "Reminder", "anchor": "start", "timing": {"offset": {"days": -1, "minutes":
    /// 0}}, "purpose": "reminder"}]}`. Templates and accounts stand there by name. Steps that name one ladder are its
    /// rungs: `"rung": {"ladder": "reach", "per_person": 10000, "in_all": 2000000}`, amounts in 1/10,000 rupee
    Save {
        /// Its whole name
        name: String,
        /// The file
        file: PathBuf,
    },
    /// Take a sequence out of the lists; refused while a workshop to come follows it
    Remove {
        /// Its name, or the beginning of it
        name: String,
    },
    /// Say which sequence the workshops with a tag are offered
    Tag {
        /// The tag's name
        tag: String,
        /// The sequence's name, or the beginning of it; left out, the tag carries none
        name: Option<String>,
    },
}

/// Runs the command. An error ends it, in words for whoever typed it.
pub async fn run(config: Config, command: SequenceCommand) -> anyhow::Result<()> {
    let app = App::open_existing(config, Arc::new(WallClock)).await?;
    let done = obey(&app, command).await;
    app.store.close().await;
    done
}

async fn obey(app: &App, command: SequenceCommand) -> anyhow::Result<()> {
    let organisation = pick_organisation(app, command.organisation.as_deref()).await?;
    let org = app.store.org(Actor::command_line(organisation.id));
    let now = app.clock.now();
    match command.what {
        What::List => list(&org, now).await,
        What::Show { name } => {
            say(serde_json::to_string_pretty(&as_file(&org, &named(&org, &name).await?).await?)?)
        }
        What::Save { name, file } => {
            let text =
                fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let version = save(&org, &name, &text, now).await?;
            say(format_args!(
                "“{name}” is saved as version {version}. Plans follow it when somebody lets them: munadi plan --follow"
            ))
        }
        What::Remove { name } => {
            let sequence = named(&org, &name).await?;
            match org.remove_sequence(sequence.id, now).await {
                Err(StoreError::Stale) => {
                    bail!("a workshop to come follows “{}”; cancel its plan first", sequence.name)
                }
                removed => removed?,
            }
            say(format_args!("“{}” is removed.", sequence.name))
        }
        What::Tag { tag, name } => {
            let tag = one(org.tags().await?, Some(&tag), "tag", |tag| &tag.name)?;
            let sequence = match name {
                Some(name) => Some(named(&org, &name).await?),
                None => None,
            };
            org.set_tag_sequence(tag.id, sequence.as_ref().map(|sequence| sequence.id), now).await?;
            match sequence {
                Some(sequence) => {
                    say(format_args!("Workshops with “{}” are offered “{}”.", tag.name, sequence.name))
                }
                None => say(format_args!("Workshops with “{}” are offered no sequence.", tag.name)),
            }
        }
    }
}

/// The sequence of that name, or the only one that begins so.
pub(super) async fn named(org: &Org, name: &str) -> anyhow::Result<Sequence> {
    let all = org.sequences(Millis::MAX).await?.into_iter().map(|summary| summary.sequence).collect();
    one(all, Some(name), "sequence", |sequence: &Sequence| &sequence.name)
}

async fn list(org: &Org, now: Millis) -> anyhow::Result<()> {
    let all = org.sequences(now).await?;
    if all.is_empty() {
        return say("There is no sequence yet. Write one in a file: munadi sequence save --help");
    }
    for summary in all {
        let sequence = &summary.sequence;
        say(format_args!(
            "{} · version {} · {} · followed by {} · carried by {}",
            sequence.name,
            sequence.version,
            counted(sequence.steps.len(), "step", "steps"),
            counted(summary.workshops, "workshop", "workshops"),
            counted(summary.tags, "tag", "tags")
        ))?;
        for step in &sequence.steps {
            let label = if step.label.is_empty() { step.key.as_str() } else { &step.label };
            say(format_args!(
                "  {label} · {} · {} · for {}",
                step.channel.title(),
                steps::when(step),
                step.purpose
            ))?;
        }
    }
    Ok(())
}

/// The file of a sequence, with templates and accounts by name.
async fn as_file(org: &Org, sequence: &Sequence) -> anyhow::Result<Value> {
    let accounts = org.integrations().await?;
    let mut steps = Vec::with_capacity(sequence.steps.len());
    for step in &sequence.steps {
        let mut value = serde_json::to_value(step)?;
        match org.template(step.template).await {
            Ok(template) => value["template"] = json!(template.name),
            // Its id stays: the file says what the sequence holds.
            Err(StoreError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(account) = accounts.iter().find(|account| Some(account.id) == step.account) {
            value["account"] = json!(account.name);
        }
        steps.push(value);
    }
    Ok(json!({ "description": sequence.description, "steps": steps }))
}

/// Words that a step of a file may have.
const STEP_WORDS: &[&str] = &[
    "key",
    "label",
    "channel",
    "template",
    "account",
    "anchor",
    "timing",
    "purpose",
    "until",
    "audience",
    "late",
    "wait_out_quiet",
    "rung",
];

/// Adds the sequence of a file, or changes the one of that name; its version.
///
/// # Errors
/// When the file cannot be read, names a template, account or word that is not there, or its steps make no sequence.
pub async fn save(org: &Org, name: &str, text: &str, now: Millis) -> anyhow::Result<i64> {
    let name = domain::text::line(name);
    if name.is_empty() {
        bail!("a sequence needs a name");
    }
    let file: Map<String, Value> = serde_json::from_str(text).context("the file is no JSON object")?;
    known(file.keys(), &["description", "steps"])?;
    let description = file.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(Value::Array(listed)) = file.get("steps") else { bail!("the file has no list “steps”") };
    let mut steps = Vec::with_capacity(listed.len());
    for (at, value) in listed.iter().enumerate() {
        let step = read_step(org, value).await.with_context(|| format!("step {} of the file", at + 1))?;
        steps.push(step);
    }
    check_steps(&steps).map_err(|(at, error)| anyhow::anyhow!("step {} of the file: {error}", at + 1))?;
    let draft = SequenceDraft { name: name.clone(), description, steps };
    let there = org.sequences(Millis::MAX).await?.into_iter().find(|summary| summary.sequence.name == name);
    Ok(match there {
        Some(there) => org.change_sequence(there.sequence.id, there.sequence.version, &draft, now).await?,
        None => {
            org.add_sequence(&draft, now).await?;
            1
        }
    })
}

fn known<'a>(words: impl IntoIterator<Item = &'a String>, may: &[&str]) -> anyhow::Result<()> {
    match words.into_iter().find(|word| !may.contains(&word.as_str())) {
        Some(word) => bail!("“{word}” is no word of a sequence; there are {}", may.join(", ")),
        None => Ok(()),
    }
}

async fn read_step(org: &Org, value: &Value) -> anyhow::Result<Step> {
    let mut object = value.as_object().context("a step is a JSON object")?.clone();
    known(object.keys(), STEP_WORDS)?;
    let word = object.get("channel").and_then(Value::as_str).context("“channel” is missing")?;
    let channel: Channel = word.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let name = object.get("template").and_then(Value::as_str).context("“template” is missing")?;
    let templates = org.templates(channel).await?;
    let by_id = templates.iter().find(|template| template.id.to_string() == name);
    let template = match by_id {
        Some(template) => template.id,
        None => one(templates, Some(name), &format!("template of {}", channel.title()), |of| &of.name)?.id,
    };
    object.insert("template".to_owned(), json!(template));
    if let Some(name) = object.get("account").and_then(Value::as_str) {
        let accounts = org.integrations().await?;
        let by_id = accounts.iter().find(|account| account.id.to_string() == name);
        let account = match by_id {
            Some(account) => account.id,
            None => one(accounts, Some(name), "account", |of| &of.name)?.id,
        };
        object.insert("account".to_owned(), json!(account));
    }
    Ok(serde_json::from_value(Value::Object(object))?)
}
