//! Importing a list of numbers that must not be contacted: the file, then a look at it, then the entries.
//!
//! Until it is committed, a list is an upload that is looked at (`kept_upload.rs`).

use std::path::PathBuf;

use axum::extract::{Multipart, State, multipart::MultipartRejection};
use domain::{
    channel::{Category, Channel},
    ids::ImportId,
    phone::Country,
    text::line,
};
use intake::{
    numbers::{ColumnShown, NUMBERS_MAX, Numbers, read_numbers},
    read::SheetError,
};
use maud::{Markup, Render, html};
use serde::{Deserialize, Serialize};
use store::suppressions::NewSuppression;

use super::{
    imports::upload::ACCEPT,
    kept_upload::{self, Came},
    opted_out::{HREF, all_or, categories, channels, check_reason, what_for},
    unprocessable,
    workshops::ok,
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path},
        notice::{see_other, see_other_saying},
    },
    ui::{
        bar::Key,
        button::Button,
        field::{Choice, Field},
        format::{counted, cut, grouped},
        head::{Card, Head},
        icons::Icon,
        recipient_summary::{RecipientSummary, SummaryPart},
        shell::{Crumb, Section},
        table::{Column, Place, Row, Table},
    },
};

/// Largest list, in bytes: about a million numbers.
pub const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries written in one transaction.
const ENTRIES_PER_TRANSACTION: usize = 20_000;

/// What was chosen for a list; kept beside its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Chosen {
    file_name: String,
    /// `all`, or the channel's word.
    channel: String,
    /// `all`, or the category's word.
    category: String,
    reason: String,
    /// The column of the numbers; `None` to guess it.
    column: Option<usize>,
}

impl Chosen {
    fn channel(&self) -> Option<Channel> {
        all_or(&self.channel).flatten()
    }

    fn category(&self) -> Option<Category> {
        all_or(&self.category).flatten()
    }
}

/// What the upload's form says, and what is wrong with it.
#[derive(Clone, Debug, Default)]
struct UploadForm {
    channel: String,
    category: String,
    reason: String,
    file_error: Option<String>,
    choice_error: Option<String>,
    reason_error: Option<String>,
}

/// What the form of a column sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ColumnForm {
    #[serde(default)]
    column: String,
}

/// The folder of lists.
const KIND: &str = "opted-out";

fn href(id: ImportId) -> String {
    format!("{HREF}/import/{id}")
}

/// `GET /people/opted-out/import`
pub async fn form(member: Member) -> PageResult {
    Ok(ok(upload_page(&member, &UploadForm::default())))
}

/// `POST /people/opted-out/import`: keeps the file and what was chosen for it.
pub async fn upload(
    State(app): State<App>,
    member: Member,
    multipart: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let Came { id, file, received } = kept_upload::take_in(&app, &member, KIND, multipart).await?;
    let mut form = UploadForm {
        channel: received.field("channel").to_owned(),
        category: received.field("category").to_owned(),
        reason: line(received.field("reason")),
        ..UploadForm::default()
    };
    let chosen = Chosen {
        file_name: received.file_name.clone().unwrap_or_default(),
        channel: form.channel.clone(),
        category: form.category.clone(),
        reason: form.reason.clone(),
        column: None,
    };
    if all_or::<Channel>(&form.channel).is_none() || all_or::<Category>(&form.category).is_none() {
        form.choice_error =
            Some("Choose a channel, or every one, and what they must not be sent.".to_owned());
    }
    form.reason_error = check_reason(&form.reason);
    form.file_error = match received.file_name {
        None => Some("Choose a file.".to_owned()),
        Some(_) => look(file.clone(), chosen.clone(), member.organization.country)
            .await?
            .err()
            .map(|error| error.to_string()),
    };
    if form.file_error.is_some() || form.choice_error.is_some() || form.reason_error.is_some() {
        kept_upload::discard(&file).await;
        return Ok(unprocessable(upload_page(&member, &form)));
    }
    kept_upload::keep(&file, &chosen).await?;
    Ok(see_other(&href(id)))
}

/// The file of a list of this organisation, and what was chosen for it.
async fn open(app: &App, member: &Member, id: ImportId) -> Result<(PathBuf, Chosen), Problem> {
    kept_upload::open(app, member, KIND, id).await
}

/// Reads the whole list, on a thread of its own.
async fn look(file: PathBuf, chosen: Chosen, home: Country) -> Result<Result<Numbers, SheetError>, Problem> {
    kept_upload::read_apart(move || read_numbers(&file, &chosen.file_name, chosen.column, home)).await
}

/// `GET /people/opted-out/import/{list}`: what would be entered, and what cannot be read.
pub async fn show(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let (file, chosen) = open(&app, &member, id).await?;
    let look = match look(file, chosen.clone(), member.organization.country).await? {
        Ok(look) => look,
        Err(error) => {
            let form = UploadForm { file_error: Some(error.to_string()), ..UploadForm::default() };
            return Ok(unprocessable(upload_page(&member, &form)));
        }
    };
    let keys = look.numbers.iter().map(|phone| app.phone_key.of(phone.as_str())).collect();
    let known = member.org.suppressed_already(keys, chosen.channel(), chosen.category()).await?;
    Ok(ok(list_page(&member, id, &chosen, &look, usize::try_from(known).unwrap_or(0))))
}

/// `POST /people/opted-out/import/{list}`: another column holds the numbers.
pub async fn choose(
    State(app): State<App>,
    member: Member,
    Path(id): Path<ImportId>,
    Form(form): Form<ColumnForm>,
) -> PageResult {
    let (file, chosen) = open(&app, &member, id).await?;
    kept_upload::keep(&file, &Chosen { column: form.column.parse().ok(), ..chosen }).await?;
    Ok(see_other(&href(id)))
}

/// `POST /people/opted-out/import/{list}/commit`. Done twice it enters nobody twice.
pub async fn commit(State(app): State<App>, member: Member, Path(id): Path<ImportId>) -> PageResult {
    let (file, chosen) = open(&app, &member, id).await?;
    let look = look(file.clone(), chosen.clone(), member.organization.country).await?;
    let look = look.map_err(|error| Problem::bad_request(error.to_string()))?;
    let total = look.numbers.len() as u64;
    let reason = format!("{} (list {})", chosen.reason, chosen.file_name);
    let mut new = 0;
    let mut numbers = look.numbers.into_iter();
    loop {
        let entries: Vec<NewSuppression> = numbers
            .by_ref()
            .take(ENTRIES_PER_TRANSACTION)
            .map(|phone| NewSuppression {
                phone_key: app.phone_key.of(phone.as_str()),
                phone,
                channel: chosen.channel(),
                category: chosen.category(),
                reason: reason.clone(),
            })
            .collect();
        if entries.is_empty() {
            break;
        }
        new += member.org.suppress_all(entries, Some(id), member.now).await?;
    }
    kept_upload::discard(&file).await;
    let known = match total - new {
        0 => String::new(),
        known => format!(" {} on the list already.", counted(known, "number was", "numbers were")),
    };
    let words = format!("{} entered.{known}", counted(new, "number", "numbers"));
    Ok(see_other_saying(&app, HREF, &words))
}

fn page(member: &Member, body: Markup) -> Markup {
    let mut page = member.page(Section::People, "Import a list", body);
    page.crumbs =
        vec![Crumb::to("People", "/people"), Crumb::to("Opted out", HREF), Crumb::here("Import a list")];
    page.render()
}

fn upload_page(member: &Member, form: &UploadForm) -> Markup {
    let card = Card::new(
        "upload",
        "File",
        html! {
            // The token comes first: the gate looks for it in the first bytes, so that no file is read whole.
            form class="m-stack" method="post" action={ (HREF) "/import" } enctype="multipart/form-data" {
                (member.csrf())
                (Field::file("file", "File", ACCEPT)
                    .help("CSV, TSV or Excel (.xlsx), up to 16 MB. Nothing is entered before you have seen what was read.")
                    .error(form.file_error.clone()).required())
                div class="m-two" {
                    (Field::select("channel", "Channel", channels(&form.channel)).error(form.choice_error.clone()))
                    (Field::select("category", "Not to be sent", categories(&form.category)))
                }
                (Field::text("reason", "Reason").value(&form.reason).placeholder("Opt-outs of our previous provider").error(form.reason_error.clone()).required())
                div { (Button::primary("Upload").icon(Icon::Upload).busy("Uploading…")) }
            }
        },
    );
    let body = html! {
        (Head::new("Import a list of numbers").meta(html! { "Every number in it is entered as opted out." }))
        (card.padded())
    };
    page(member, body)
}

fn list_page(member: &Member, id: ImportId, chosen: &Chosen, look: &Numbers, known: usize) -> Markup {
    let n = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let new = look.numbers.len() - known.min(look.numbers.len());
    let part = |key, label: &str, count: usize, to: &str| SummaryPart {
        key,
        label: label.to_owned(),
        n: n(count),
        href: to.to_owned(),
    };
    let parts = vec![
        part(Key::Done, "To enter", new, "#enter"),
        part(Key::Unknown, "On the list already", known, HREF),
        part(Key::Expired, "Twice in the file", look.repeated, "#enter"),
        part(Key::Failed, "Cannot be read", look.bad, "#bad"),
    ];
    let current = look.column.map_or(String::new(), |column| column.to_string());
    let choice = |column: &ColumnShown| {
        let title = column.title.as_deref().unwrap_or("no title");
        let sample = column.sample.as_deref().unwrap_or("empty");
        let label = format!("{} · {} — {}", column.letters, cut(title, 30), cut(sample, 24));
        Choice::new(column.index.to_string(), label, &current)
    };
    let columns = look.columns.iter().map(choice);
    let columns = std::iter::once(Choice::new("", "Choose…", &current)).chain(columns).collect();
    let body = html! {
        (Head::new("Check the list").meta(html! { (chosen.file_name) }).meta(html! { "Opts out of " (what_for(chosen.channel(), chosen.category())) }))
        section class="m-card m-impsum" aria-label="Rows of the file" {
            (RecipientSummary { parts, reachable: n(new), aside: None, verb: "numbers are new", current: None })
        }
        (Card::new("enter", "Enter", html! {
            div class="m-stack" {
                form class="m-inline m-inline--end" method="post" action=(href(id)) {
                    (member.csrf())
                    (Field::select("column", "Column of the numbers", columns).autosubmit())
                    (Button::new("Read again").busy("Reading…"))
                }
                @if look.column.is_none() {
                    p class="m-error" { "No column looks like phone numbers. Choose it." }
                }
                @if look.cut { p class="m-error" { "Only the first " (grouped(NUMBERS_MAX)) " numbers are entered. Import the rest as a list of its own." } }
                p class="m-p" { "Reason of each entry: “" (chosen.reason) "”." }
                form class="m-inline" method="post" action={ (href(id)) "/commit" } {
                    (member.csrf())
                    (Button::primary(format!("Enter {}", counted(new, "number", "numbers"))).icon(Icon::Check).disabled(new == 0).busy("Entering…"))
                    (Button::link("Back", format!("{HREF}/import")))
                }
            }
        }).padded())
        @if look.bad > 0 { (bad_card(look, n(look.bad))) }
    };
    page(member, body)
}

fn bad_card(look: &Numbers, bad: i64) -> Card {
    let row = |(line, cell, says): &(u64, String, String)| {
        Row::new(vec![
            html! { "Row " (line) },
            html! { @if cell.is_empty() { "empty" } @else { (cut(cell, 40)) } },
            html! { (says) },
        ])
    };
    let title = match look.bad_rows.len() {
        shown if shown < look.bad => {
            format!("The first {shown} of {} that cannot be read", counted(bad, "row", "rows"))
        }
        _ => format!("{} that cannot be read", counted(bad, "row", "rows")),
    };
    Card::new(
        "bad",
        title,
        Table {
            caption: "Rows that cannot be read".into(),
            columns: vec![
                Column::new("Row", Place::Title),
                Column::new("In the file", Place::Line),
                Column::new("Problem", Place::Line),
            ],
            rows: look.bad_rows.iter().map(row).collect(),
            empty: String::new(),
        },
    )
}
