//! Settings → Sequences: what is sent around a workshop, step by step; the tags that carry it, and the workshops that follow it.

mod choices;
mod edit;
mod ladder_form;
mod ladders;
mod part;
mod starter_mix;
mod starter_moved;
mod starter_sms;
mod starters;
mod step_form;
mod steps;
pub(crate) mod words;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{channel::Channel, ids::SequenceId, role::Permission, sequence::Step, text::line};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    sequences::{SequenceDraft, SequenceSummary},
};

pub(crate) use self::{edit::name_of, words::audience};
pub use self::{
    edit::{ask_removal, remove, save, show},
    ladders::{
        add as add_ladder, edit as edit_ladder, new as new_ladder, remove as remove_ladder,
        update as update_ladder,
    },
    steps::{
        add as add_step, edit as edit_step, new as new_step, remove as remove_step, update as update_step,
    },
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::{length_error, settings_page, unprocessable},
    ui::{
        button::Button,
        field::{Checkbox, Choice, Field},
        format::{counted, grouped},
        head::{Card, Head},
        icons::Icon,
        shell::Crumb,
        table::{Column, Place, Row, Table, name},
    },
};

/// The page.
pub(crate) const HREF: &str = "/settings/sequences";
/// Characters of a sequence's name.
const NAME_CHARS_MAX: usize = 60;
/// Characters of what is said about it.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// The address of a sequence.
pub(crate) fn href(id: SequenceId) -> String {
    format!("{HREF}/{id}")
}

/// What the form of a sequence sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SequenceForm {
    name: String,
    description: String,
    /// The word of the starter that a new sequence copies; empty for an empty one.
    starter: String,
    /// The channels of a starter on several channels, each where it is ticked.
    on_group: Option<String>,
    on_personal: Option<String>,
    on_sms: Option<String>,
    on_ivr: Option<String>,
    /// The version of the sequence that the form showed.
    version: i64,
}

/// What is wrong in the form of a new sequence.
#[derive(Default)]
struct Wrong {
    name: Option<String>,
    channels: Option<&'static str>,
}

impl SequenceForm {
    fn name(&self) -> Result<String, String> {
        let name = line(&self.name);
        match length_error(&name, NAME_CHARS_MAX, "A sequence needs a name.") {
            Some(words) => Err(words),
            None => Ok(name),
        }
    }

    fn is_on(&self, channel: Channel) -> bool {
        match channel {
            Channel::WhatsappGroup => self.on_group.is_some(),
            Channel::WhatsappPersonal => self.on_personal.is_some(),
            Channel::Sms => self.on_sms.is_some(),
            Channel::IvrCall => self.on_ivr.is_some(),
        }
    }

    /// The ticked channels.
    fn channels(&self) -> Vec<Channel> {
        Channel::sending().filter(|channel| self.is_on(*channel)).collect()
    }

    fn description(&self) -> String {
        line(&self.description).chars().take(DESCRIPTION_CHARS_MAX).collect()
    }
}

fn taken(name: &str) -> String {
    format!("There is a sequence “{name}” already.")
}

/// `GET /settings/sequences`
pub async fn list(member: Member) -> PageResult {
    Ok(list_page(&member, &SequenceForm::default(), Wrong::default()).await?.into_response())
}

/// `POST /settings/sequences`: a new one, empty or as a copy of a starter.
pub async fn add(State(app): State<App>, member: Member, Form(form): Form<SequenceForm>) -> PageResult {
    let name = match form.name() {
        Ok(name) => name,
        Err(words) => return Ok(wrong(&member, &form, of_name(words)).await?),
    };
    let Some(steps) = copied(&member, &form).await? else {
        let no_channel = Wrong { channels: Some("Choose a channel at least."), ..Wrong::default() };
        return Ok(wrong(&member, &form, no_channel).await?);
    };
    let draft = SequenceDraft { name: name.clone(), description: form.description(), steps };
    match member.org.add_sequence(&draft, member.now).await {
        Ok(id) => {
            let words = match draft.steps.len() {
                0 => "Sequence added. Add its first step.".to_owned(),
                n => format!(
                    "Sequence added with {}. Look at each, and at its template.{}",
                    counted(n, "step", "steps"),
                    left_out(&form)
                ),
            };
            Ok(see_other_saying(&app, &href(id), &words))
        }
        Err(StoreError::Taken) => Ok(wrong(&member, &form, of_name(taken(&name))).await?),
        Err(error) => Err(error.into()),
    }
}

/// The steps of the chosen starter; none for an empty sequence. `None` where a starter on several channels is to be on none.
async fn copied(member: &Member, form: &SequenceForm) -> Result<Option<Vec<Step>>, StoreError> {
    if let Some(mix) = starter_mix::named(&form.starter) {
        return match &form.channels()[..] {
            [] => Ok(None),
            on => mix.steps(member, on).await.map(Some),
        };
    }
    match starters::named(&form.starter) {
        Some((starter, channel)) => starter.steps(member, channel).await.map(Some),
        None => Ok(Some(Vec::new())),
    }
}

/// " Left out: SMS, IVR.", for a starter on several channels.
fn left_out(form: &SequenceForm) -> String {
    if starter_mix::named(&form.starter).is_none() {
        return String::new();
    }
    let out: Vec<&str> =
        Channel::sending().filter(|channel| !form.is_on(*channel)).map(Channel::short_title).collect();
    match out.is_empty() {
        true => String::new(),
        false => format!(" Left out: {}. Add steps or rungs on them when you need them.", out.join(", ")),
    }
}

fn of_name(words: String) -> Wrong {
    Wrong { name: Some(words), ..Wrong::default() }
}

async fn wrong(member: &Member, form: &SequenceForm, wrong: Wrong) -> Result<Response, StoreError> {
    Ok(unprocessable(list_page(member, form, wrong).await?))
}

/// The channels that a starter on several channels is to use: at first those that are connected, or all where none is.
async fn channel_ticks(
    member: &Member,
    form: &SequenceForm,
    error: Option<&str>,
) -> Result<Markup, StoreError> {
    let connected = starter_mix::connected(member).await?;
    let untouched = form.starter.is_empty() && form.channels().is_empty();
    let is_ticked = |channel: Channel| match untouched {
        true => connected.is_empty() || connected.contains(&channel),
        false => form.is_on(channel),
    };
    let tick = |channel: Channel| {
        let tick = Checkbox::new(format!("on_{}", channel.word()), channel.title(), is_ticked(channel));
        if connected.contains(&channel) { tick } else { tick.help("Not connected yet.") }
    };
    Ok(html! {
        fieldset class="m-fieldset" {
            legend class="m-label" { "Channels of a starter on several channels" }
            @for channel in Channel::sending() { (tick(channel)) }
            @if let Some(words) = error { p class="m-error" { (words) } }
            @else { p class="m-hint" { "It leaves out a channel that is not ticked. Other starters name their channel." } }
        }
    })
}

async fn list_page(member: &Member, form: &SequenceForm, wrong: Wrong) -> Result<Markup, StoreError> {
    let sequences = member.org.sequences(member.now).await?;
    let may = member.may(Permission::Manage);
    let table = Table {
        caption: "Sequences".into(),
        columns: vec![
            Column::new("Sequence", Place::Title),
            Column::new("Steps", Place::Number),
            Column::new("Channels", Place::Line),
            Column::new("Workshops", Place::Number),
            Column::new("Tags", Place::Wide),
        ],
        rows: sequences.iter().map(row).collect(),
        empty: "There is no sequence yet. A sequence is everything that is sent around a workshop, step by step; each workshop runs it with its own times.".into(),
    };
    let starters = std::iter::once(Choice::new("", "Nothing: an empty sequence", &form.starter))
        .chain(starter_mix::ALL.iter().map(|mix| Choice::new(mix.word, mix.title, &form.starter)))
        .chain(starters::choices().map(|(word, title)| Choice::new(word, title, &form.starter)))
        .collect();
    let ticks = channel_ticks(member, form, wrong.channels).await?;
    let body = html! {
        (Head::new("Sequences").meta("What is sent around a workshop: when, on which channel, to whom, and until when it is of use."))
        (Card::new("sequences", "Sequences", table))
        @if may {
            (Card::new("add", "Add a sequence", html! {
                form class="m-stack" method="post" action=(HREF) {
                    (member.csrf())
                    div class="m-two" {
                        (Field::text("name", "Name").value(&form.name).placeholder("Masterclass, evening").at_most(60).error(wrong.name).required())
                        (Field::select("starter", "Begin with", starters).help("A starter brings its steps and their texts as templates. Approve WhatsApp texts with your provider, and register SMS texts, before you run it."))
                    }
                    (ticks)
                    (Field::text("description", "What it is for").value(&form.description).at_most(200))
                    div class="m-acts" { (Button::primary("Add sequence").icon(Icon::Plus)) }
                }
            }).padded())
        }
    };
    Ok(settings_page(member, "Sequences", HREF, body).render())
}

fn row(of: &SequenceSummary) -> Row {
    let sequence = &of.sequence;
    let mut channels: Vec<&str> = Vec::new();
    for step in &sequence.steps {
        let title = step.channel.short_title();
        if !channels.contains(&title) {
            channels.push(title);
        }
    }
    Row::new(vec![
        name(&href(sequence.id), &sequence.name, &sequence.description),
        html! { (grouped(i64::try_from(sequence.steps.len()).unwrap_or(i64::MAX))) },
        html! { (channels.join(", ")) },
        html! { (grouped(of.workshops)) },
        html! { (counted(of.tags, "tag", "tags")) },
    ])
}

/// A page below the list.
fn below(member: &Member, crumbs: Vec<Crumb>, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs = vec![Crumb::to("Settings", "/settings"), Crumb::to("Sequences", HREF)];
    page.crumbs.extend(crumbs);
    page.crumbs.push(Crumb::here(title));
    page.render()
}
