//! Templates out of a file, as Fast2SMS and the operators' portals export them: shown first, then taken.

use std::{collections::BTreeMap, io::Cursor};

use axum::{
    extract::{Multipart, State, multipart::MultipartRejection},
    response::IntoResponse,
};
use engine::import::{Kind, Sheet};
use maud::{Markup, html};
use store::StoreError;

use super::{
    CHANNEL, HREF, below,
    columns::templates_in,
    fill::taken_words,
    many,
    offer::{Found, Offer, Standing, choice, compared, take},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{
        button::Button,
        chip::Tone,
        field::Field,
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
    },
};

/// Most bytes of a file, and of the form that takes what was found in it.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Rows of a file that are looked at; no business has as many templates.
const ROWS_MAX: usize = 500;

/// `GET /settings/templates/sms/import`
pub async fn form(member: Member) -> PageResult {
    Ok(upload_page(&member, None).into_response())
}

/// `POST /settings/templates/sms/import`: shows what is in a file. Nothing is stored.
pub async fn look(member: Member, multipart: Result<Multipart, MultipartRejection>) -> PageResult {
    let missing = || Problem::bad_request("The upload has no file in it. Choose the file again.");
    let mut multipart = multipart.map_err(|_| missing())?;
    let mut file = None;
    while let Some(field) = multipart.next_field().await.map_err(|_| missing())? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(|_| {
                Problem::bad_request(
                    "The upload broke off, or the file has more than 4 MB. Nothing was stored.",
                )
            })?;
            file = (!name.trim().is_empty()).then_some((name, bytes));
        }
    }
    let Some((name, bytes)) = file else {
        return Ok(unprocessable(upload_page(&member, Some("Choose a file."))));
    };
    let read = tokio::task::spawn_blocking(move || read(&name, bytes.to_vec())).await;
    let found = match read.unwrap_or_else(|_| Err("The file could not be read.".into())) {
        Ok(found) => found,
        Err(words) => return Ok(unprocessable(upload_page(&member, Some(&words)))),
    };
    let offers = offers(&member, found).await?;
    Ok(offered(&member, &offers, &BTreeMap::new(), None).into_response())
}

/// `POST /settings/templates/sms/import/take`: takes what is ticked. What was found comes back in the form, and is judged again.
pub async fn commit(
    State(app): State<App>,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let typed: BTreeMap<String, String> = pairs.into_iter().collect();
    let found = typed.get("found").and_then(|json| serde_json::from_str::<Vec<Found>>(json).ok());
    let Some(found) = found else {
        let words = "What was found in the file did not come back. Upload it again.";
        return Ok(unprocessable(upload_page(&member, Some(words))));
    };
    let offers = offers(&member, found.into_iter().take(ROWS_MAX).map(Found::plain).collect()).await?;
    match take(&member, &offers, &typed).await? {
        Ok(taken) => Ok(see_other_saying(&app, HREF, &taken_words(taken))),
        Err(words) => Ok(unprocessable(offered(&member, &offers, &typed, Some(&words)))),
    }
}

fn read(name: &str, bytes: Vec<u8>) -> Result<Vec<Found>, String> {
    let mut sheet = Sheet::from_source(Cursor::new(bytes), name).map_err(|error| error.to_string())?;
    let workbook = matches!(sheet.kind(), Kind::Xlsx { .. });
    let rows = sheet.cells(ROWS_MAX).map_err(|error| error.to_string())?;
    templates_in(&rows, workbook)
}

async fn offers(member: &Member, found: Vec<Found>) -> Result<Vec<Offer>, StoreError> {
    Ok(compared(found, &member.org.templates(CHANNEL).await?))
}

/* ---------- The pages ---------- */

fn upload_page(member: &Member, error: Option<&str>) -> Markup {
    let upload = html! {
        // The token comes first: the gate looks for it in the first bytes, so that no file is read whole.
        form class="m-stack" method="post" action={ (HREF) "/import" } enctype="multipart/form-data" {
            (member.csrf())
            (Field::file("file", "File", ".csv,.tsv,.txt,.xlsx")
                .help("CSV or Excel (.xlsx), up to 4 MB, with the columns TEMPLATE_ID and TEMPLATE_CONTENT; TEMPLATE_NAME and VARIABLE_COUNT if it has them. Other portals’ names are known too.")
                .error(error.map(str::to_owned)).required())
            div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Show templates").icon(Icon::Upload).busy("Reading…")) }
        }
    };
    let body = html! {
        (Head::new("Import templates").meta("An export of Fast2SMS or of the portal where the texts are registered. Nothing is stored before you have seen it."))
        (Card::new("upload", "File", upload).padded())
    };
    below(member, "Import", body)
}

fn offered(
    member: &Member,
    offers: &[Offer],
    typed: &BTreeMap<String, String>,
    wrong: Option<&str>,
) -> Markup {
    let (table, category) = choice(offers, typed, wrong.is_none());
    let new: Vec<&Found> =
        offers.iter().filter(|one| one.standing == Standing::New).map(|one| &one.found).collect();
    let carried = serde_json::to_string(&new).expect("templates are plain JSON");
    let body = html! {
        (Head::new("Import templates").meta("Nothing is stored yet."))
        @if let Some(words) = wrong { (Note::new(Tone::Fail, "Nothing was added.", words)) }
        form method="post" action={ (HREF) "/import/take" } class="m-stack" {
            (member.csrf())
            input type="hidden" name="found" value=(carried);
            (Card::new("offers", format!("{} of {}", counted(many(new.len()), "new template", "new templates"), offers.len()), table))
            @if new.is_empty() { div class="m-acts" { (Button::link("Choose another file", format!("{HREF}/import"))) } }
            @else {
                (category)
                div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Add ticked templates").icon(Icon::Download).busy("Adding…")) }
            }
        }
    };
    below(member, "Import", body)
}
