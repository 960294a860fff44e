//! The audio library: the recordings that calls play. They are uploaded or recorded here, listened to, renamed and
//! removed.

pub mod sound;
mod upload;

use audio::Finding;
use axum::{
    extract::{Multipart, State, multipart::MultipartRejection},
    response::IntoResponse,
};
use domain::{call::Language, channel::Channel, ids::RecordingId, role::Permission, text::line};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    recordings::{AddedRecording, RECORDINGS_MAX, Recording, RecordingUse},
};

use self::upload::{Typed, Wrong, name_error};
use super::{templates, when};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::{settings_page, unprocessable},
    ui::{
        assets::{self, Asset},
        button::Button,
        chip::{Chip, State as Look, Tone},
        dialog::Confirm,
        field::{Choice, Field},
        format::{clock, counted, grouped},
        head::{Card, Fact, Head, Strip},
        icons::Icon,
        listen::{Listen, Recorder},
        note::Note,
        shell::Crumb,
        table::{Column, Place, Row, Table, name},
    },
};

pub use self::upload::UPLOAD_BYTES_MAX;

/// The address of the library's page.
pub(crate) const HREF: &str = "/settings/recordings";
/// The longest name of a recording, in characters.
const NAME_CHARS_MAX: usize = 60;
/// The file types that the browser offers.
const ACCEPT: &str = ".wav,.mp3,.m4a,.ogg,audio/wav,audio/mpeg,audio/mp4,audio/ogg";

/// The form with a recording's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NameForm {
    name: String,
}

/// The address of a recording's page.
pub(crate) fn href(id: RecordingId) -> String {
    format!("{HREF}/{id}")
}

/// The address at which a member listens to a recording.
pub(crate) fn sound_href(id: RecordingId) -> String {
    format!("{}/sound", href(id))
}

/// `GET /settings/recordings`
pub async fn list(member: Member) -> PageResult {
    Ok(list_page(&member, &Typed::default(), Wrong::default()).await?.into_response())
}

/// `POST /settings/recordings`: converts an upload for the telephone and keeps it.
pub async fn add(
    State(app): State<App>,
    member: Member,
    multipart: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let multipart = multipart
        .map_err(|_| Problem::bad_request("The upload has no recording in it. Choose the file again."))?;
    let (typed, made) = upload::receive(multipart).await?;
    let wrong = match made {
        Err(wrong) => wrong,
        Ok(new) => match member.org.add_recording(new, member.now).await {
            Ok(AddedRecording::As(id)) => {
                return Ok(see_other_saying(
                    &app,
                    &href(id),
                    &format!("“{}” is kept. Listen to it.", typed.name),
                ));
            }
            Ok(AddedRecording::Full) => Wrong {
                file: Some(format!(
                    "There are {RECORDINGS_MAX} recordings already. Remove some that nothing plays."
                )),
                ..Wrong::default()
            },
            Err(StoreError::Taken) => Wrong { name: Some(taken(&typed.name)), ..Wrong::default() },
            Err(error) => return Err(error.into()),
        },
    };
    Ok(unprocessable(list_page(&member, &typed, wrong).await?))
}

fn taken(name: &str) -> String {
    format!("There is a recording “{name}” already.")
}

/// `GET /settings/recordings/{recording}`
pub async fn show(member: Member, Path(id): Path<RecordingId>) -> PageResult {
    let recording = member.org.recording(id).await?;
    let form = NameForm { name: recording.name.clone() };
    Ok(one_page(&member, &recording, &form, None).await?.into_response())
}

/// `POST /settings/recordings/{recording}`: renames it.
pub async fn rename(
    State(app): State<App>,
    member: Member,
    Path(id): Path<RecordingId>,
    Form(form): Form<NameForm>,
) -> PageResult {
    let recording = member.org.recording(id).await?;
    let name = line(&form.name);
    let wrong = match name_error(&name) {
        Some(words) => words,
        None => match member.org.rename_recording(id, &name, member.now).await {
            Ok(()) => return Ok(see_other_saying(&app, &href(id), &format!("It is called “{name}” now."))),
            Err(StoreError::Taken) => taken(&name),
            Err(error) => return Err(error.into()),
        },
    };
    Ok(unprocessable(one_page(&member, &recording, &form, Some(wrong)).await?))
}

/// `GET /settings/recordings/{recording}/remove`
pub async fn ask_removal(member: Member, Path(id): Path<RecordingId>) -> PageResult {
    let recording = member.org.recording(id).await?;
    let used = member.org.recording_use(id).await?;
    let body = if used.is_none() {
        removal(&member, &recording).page()
    } else {
        html! { (Head::new("Remove recording")) (plays(&used)) }
    };
    Ok(below(&member, "Remove recording", body).into_response())
}

/// `POST /settings/recordings/{recording}/remove`: refused while a script or an unfinished broadcast plays it.
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<RecordingId>) -> PageResult {
    let recording = member.org.recording(id).await?;
    match member.org.remove_recording(id, member.now).await? {
        None => Ok(see_other_saying(&app, HREF, &format!("“{}” is removed.", recording.name))),
        Some(used) => {
            let body = html! { (Head::new("Remove recording")) (plays(&used)) };
            Ok(unprocessable(below(&member, "Remove recording", body)))
        }
    }
}

fn removal(member: &Member, recording: &Recording) -> Confirm {
    Confirm {
        id: "remove".to_owned(),
        title: format!("Remove “{}”?", recording.name),
        body: html! { p { "Nothing plays it. Its sound is deleted and cannot be brought back." } },
        action: format!("{}/remove", href(recording.id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove recording"),
        back: ("Keep it".to_owned(), href(recording.id)),
    }
}

/// The note that names the scripts and broadcasts that play a recording. While they do, it cannot be removed.
fn plays(used: &RecordingUse) -> Markup {
    let broadcasts = match used.broadcasts {
        0 => String::new(),
        n => format!(
            "{} not over.",
            counted(n, "call broadcast that plays it is", "call broadcasts that play it are")
        ),
    };
    let list = html! {
        @for (at, (id, name)) in used.templates.iter().enumerate() {
            @if at > 0 { ", " }
            a class="m-link" href=(templates::page_of(Channel::IvrCall, Some(*id))) { (name) }
        }
    };
    Note::new(Tone::Rest, "It stays while something plays it.", broadcasts)
        .action(html! { @if !used.templates.is_empty() { span { "Scripts: " (list) } } })
        .render()
}

async fn list_page(member: &Member, typed: &Typed, wrong: Wrong) -> Result<Markup, StoreError> {
    let recordings = member.org.recordings().await?;
    let may = member.may(Permission::Manage);
    let table = Table {
        caption: "Recordings".into(),
        columns: vec![
            Column::new("Recording", Place::Title),
            Column::new("State", Place::State),
            Column::new("Length", Place::Number),
            Column::new("Listen", Place::Line),
        ],
        rows: recordings.iter().map(|one| row(member, one)).collect(),
        empty: "There is no recording yet. Without one, a call is spoken by the provider’s voice, with each person’s name and time. A recording says the same to everybody, in a voice that people know.".into(),
    };
    let body = html! {
        (Head::new("Recordings").meta("What calls play in the place of a spoken text."))
        (Card::new("recordings", "Recordings", table).aside(html! { span class="m-hint" { (grouped(recordings.len().try_into().unwrap_or(i64::MAX))) " of " (grouped(RECORDINGS_MAX)) } }))
        @if may { (add_card(member, typed, wrong)) script src=(assets::path(Asset::Recorder)) defer {} }
    };
    Ok(settings_page(member, "Recordings", HREF, body).render())
}

fn add_card(member: &Member, typed: &Typed, wrong: Wrong) -> Card {
    let language = if typed.language.is_empty() { Language::English.word() } else { typed.language.as_str() };
    let languages = Language::ALL.iter().map(|one| Choice::new(one.word(), one.title(), language)).collect();
    let help = format!(
        "WAV, MP3, M4A or Ogg Vorbis, at most {} seconds and {} MB. It is made as loud as a voice on the telephone.",
        audio::LONGEST_S,
        audio::BYTES_MAX / 1_048_576
    );
    Card::new("add", "Add a recording", html! {
        // The token is the first field: it is checked before the file is read.
        form class="m-stack" method="post" action=(HREF) enctype="multipart/form-data" {
            (member.csrf())
            div class="m-two" {
                (Field::text("name", "Name").value(&typed.name).placeholder("Reminder, Meera’s voice").at_most(60).error(wrong.name).required())
                (Field::select("language", "Language", languages))
            }
            (Field::file("file", "File", ACCEPT).help(help).error(wrong.file).required())
            (Recorder { field: "file", longest_s: audio::LONGEST_S })
            div class="m-acts" { (Button::primary("Keep recording").icon(Icon::Upload).busy("Converting…")) }
        }
    })
    .padded()
}

fn row(member: &Member, recording: &Recording) -> Row {
    let note = format!(
        "{} · {} by {}",
        recording.language.title(),
        when(member, recording.created_at),
        recording.created_by
    );
    Row::new(vec![
        name(&href(recording.id), &recording.name, &note),
        chip(&findings(recording)).render(),
        html! { (clock(recording.length_ms)) },
        Listen { name: recording.name.clone(), src: sound_href(recording.id) }.render(),
    ])
}

/// The findings about a recording's sound, as far as this version can read them.
fn findings(recording: &Recording) -> Vec<Finding> {
    serde_json::from_value(recording.findings.clone()).unwrap_or_default()
}

fn chip(findings: &[Finding]) -> Chip {
    match findings {
        [] => Look::Ready.chip(),
        _ => Chip { tone: Tone::Act, icon: Icon::Warning, word: "Listen to it".into() },
    }
}

/// A finding in words: the fact, and what to do about it.
fn words(finding: Finding) -> (String, &'static str) {
    match finding {
        Finding::SilenceFirst(ms) => (
            format!("{} of silence before the first word.", seconds(ms)),
            "People hang up when nobody speaks. Cut it off, or record again.",
        ),
        Finding::SilenceLast(ms) => (
            format!("{} of silence after the last word.", seconds(ms)),
            "It is paid for, and the question comes late. Cut it off, or record again.",
        ),
        Finding::Soft => (
            "It was recorded very softly.".to_owned(),
            "What was behind the voice is louder now as well. Speak closer to the microphone.",
        ),
        Finding::Clipped => (
            "It was recorded too loudly.".to_owned(),
            "The loudest parts are cut and crackle. Speak a little further away from the microphone.",
        ),
    }
}

/// As in `2.5 seconds`.
fn seconds(ms: i64) -> String {
    format!("{}.{} seconds", ms / 1_000, ms % 1_000 / 100)
}

/// A measure with one decimal and a real minus sign, as in `−23.1`.
fn tenths(hundredths: i64) -> String {
    let sign = if hundredths <= -5 { "−" } else { "" };
    let tenths = (hundredths.abs() + 5) / 10;
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

async fn one_page(
    member: &Member,
    recording: &Recording,
    form: &NameForm,
    error: Option<String>,
) -> Result<Markup, StoreError> {
    let (may, used) = (member.may(Permission::Manage), member.org.recording_use(recording.id).await?);
    let found = findings(recording);
    let louder = match recording.gain {
        gain if gain >= 5 => format!("{} dB louder now", tenths(gain)),
        gain if gain <= -5 => format!("{} dB softer now", tenths(-gain)),
        _ => "unchanged".to_owned(),
    };
    let mut head = Head::new(&recording.name)
        .chip(chip(&found))
        .meta(recording.language.title())
        .meta(html! { "Added " (when(member, recording.created_at)) " by " (recording.created_by) });
    if may && used.is_none() {
        let to = format!("{}/remove", href(recording.id));
        head = head.action(Button::link("Remove", to).icon(Icon::Trash).opens("remove"));
    }
    let body = html! {
        (head)
        @for finding in &found { @let (title, text) = words(*finding); (Note::new(Tone::Act, title, text)) }
        (Strip(vec![
            Fact::figure("Length", clock(recording.length_ms), ""),
            Fact::figure("Loudness", tenths(recording.loudness), "LUFS").note(louder),
            Fact::figure("Played by", grouped(used.templates.len().try_into().unwrap_or(i64::MAX)), if used.templates.len() == 1 { "script" } else { "scripts" }),
        ]))
        (Card::new("listen", "Listen", html! {
            div class="m-stack" {
                (Listen { name: recording.name.clone(), src: sound_href(recording.id) })
                p class="m-hint" { "As a telephone plays it: one channel, 8 kHz." }
            }
        }).padded())
        @if !used.is_none() { (plays(&used)) }
        @if may {
            (Card::new("rename", "Name", html! {
                form class="m-stack" method="post" action=(href(recording.id)) {
                    (member.csrf())
                    (Field::text("name", "Name").value(&form.name).at_most(60).error(error).required())
                    div class="m-acts" { (Button::link("Back", HREF)) (Button::primary("Save name")) }
                }
            }).padded())
            @if used.is_none() { (removal(member, recording)) }
        }
    };
    Ok(below(member, &recording.name, body))
}

fn below(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs = vec![Crumb::to("Settings", "/settings"), Crumb::to("Recordings", HREF), Crumb::here(title)];
    page.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_said_to_a_tenth() {
        assert_eq!(
            (tenths(-2_314).as_str(), tenths(-2_316).as_str(), tenths(710).as_str()),
            ("−23.1", "−23.2", "7.1")
        );
        assert_eq!((tenths(-3).as_str(), tenths(0).as_str()), ("0.0", "0.0"));
        assert_eq!(seconds(2_540), "2.5 seconds");
    }
}
