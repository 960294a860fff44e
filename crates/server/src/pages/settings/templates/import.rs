//! Templates out of a file, as providers and the operators' portals export them: shown first, then taken.

use std::{collections::BTreeMap, io::Cursor};

use axum::{
    extract::{Multipart, State, multipart::MultipartRejection},
    response::IntoResponse,
};
use intake::read::{Kind as FileKind, Sheet};
use maud::{Markup, html};

use super::{
    columns::templates_in,
    fill::taken_words,
    form::Errors,
    kind::{Kind, Of},
    offer::{ChoiceForm, Found, Offers},
    page::below,
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
        field::Field,
        head::{Card, Head},
        icons::Icon,
    },
};

/// Most bytes of a file, and of the form that takes what was found in it.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Rows of a file that are looked at; no business has as many templates.
const ROWS_MAX: usize = 500;

/// `GET /settings/templates/sms/import`
pub async fn form(member: Member, Of(kind): Of) -> PageResult {
    Ok(upload_page(&member, kind, None).into_response())
}

/// `POST /settings/templates/sms/import`: shows what is in a file. Nothing is stored.
pub async fn look(
    member: Member,
    Of(kind): Of,
    multipart: Result<Multipart, MultipartRejection>,
) -> PageResult {
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
        return Ok(unprocessable(upload_page(&member, kind, Some("Choose a file."))));
    };
    let read = tokio::task::spawn_blocking(move || read(&name, bytes.to_vec())).await;
    let found = match read.unwrap_or_else(|_| Err("The file could not be read.".into())) {
        Ok(found) => found,
        Err(words) => return Ok(unprocessable(upload_page(&member, kind, Some(&words)))),
    };
    let offers = Offers::found(&member, kind, plain(kind, found)).await?;
    Ok(offered(&member, kind, &offers, &BTreeMap::new(), &Errors::new()).into_response())
}

/// `POST /settings/templates/sms/import/take`: takes what is ticked. What was found comes back in the form, and is judged again.
pub async fn commit(
    State(app): State<App>,
    member: Member,
    Of(kind): Of,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let typed: BTreeMap<String, String> = pairs.into_iter().collect();
    let found = typed.get("found").and_then(|json| serde_json::from_str::<Vec<Found>>(json).ok());
    let Some(found) = found else {
        let words = "What was found in the file did not come back. Upload it again.";
        return Ok(unprocessable(upload_page(&member, kind, Some(words))));
    };
    let offers = Offers::found(&member, kind, plain(kind, found)).await?;
    match offers.take(&member, &typed).await? {
        Ok(taken) => Ok(see_other_saying(&app, kind.words().home, &taken_words(taken))),
        Err(errors) => Ok(unprocessable(offered(&member, kind, &offers, &typed, &errors))),
    }
}

fn read(name: &str, bytes: Vec<u8>) -> Result<Vec<Found>, String> {
    let mut sheet = Sheet::from_source(Cursor::new(bytes), name).map_err(|error| error.to_string())?;
    let workbook = matches!(sheet.kind(), FileKind::Xlsx { .. });
    let rows = sheet.numbered_cells(ROWS_MAX).map_err(|error| error.to_string())?;
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    templates_in(&rows, workbook)
}

/// A category that the channel has, and a text that a database keeps.
fn plain(kind: &dyn Kind, found: Vec<Found>) -> Vec<Found> {
    let one = |found: Found| Found {
        category: found.category.filter(|one| kind.categories().contains(one)),
        text: kind.kept(&found.text),
        ..found
    };
    found.into_iter().take(ROWS_MAX).map(one).collect()
}

/* ---------- The pages ---------- */

fn upload_page(member: &Member, kind: &dyn Kind, error: Option<&str>) -> Markup {
    let upload = html! {
        // The token comes first: the gate looks for it in the first bytes, so that no file is read whole.
        form class="m-stack" method="post" action=(kind.words().import) enctype="multipart/form-data" {
            (member.csrf())
            (Field::file("file", "File", ".csv,.tsv,.txt,.xlsx")
                .help("CSV or Excel (.xlsx), up to 4 MB, with the columns TEMPLATE_ID and TEMPLATE_CONTENT; TEMPLATE_NAME and VARIABLE_COUNT if it has them. Other portals’ names are known too.")
                .error(error.map(str::to_owned)).required())
            div class="m-acts" { (Button::link("Cancel", kind.words().home)) (Button::primary("Show templates").icon(Icon::Upload).busy("Reading…")) }
        }
    };
    let body = html! {
        (Head::new("Import templates").meta("An export of your provider or of the portal where the texts are registered. Nothing is stored before you have seen it."))
        (Card::new("upload", "File", upload).padded())
    };
    below(member, kind, "Import", body)
}

fn offered(
    member: &Member,
    kind: &dyn Kind,
    offers: &Offers<'_>,
    typed: &BTreeMap<String, String>,
    errors: &Errors,
) -> Markup {
    let import = kind.words().import;
    let choice = ChoiceForm {
        member,
        offers,
        action: format!("{import}/take"),
        hidden: ("found", offers.carried()),
        whence: String::new(),
        typed,
        errors,
        otherwise: Some(("Choose another file", import.to_owned())),
    };
    let body = html! { (Head::new("Import templates").meta("Nothing is stored yet.")) (choice.page()) };
    below(member, kind, "Import", body)
}

#[cfg(test)]
mod tests {
    use domain::channel::Category;
    use rust_xlsxwriter::{Workbook, XlsxError};

    use super::*;

    /// A cell as a person leaves it in a workbook.
    enum Cell {
        Text(&'static str),
        Number(f64),
        Empty,
    }
    use Cell::{Empty, Number, Text};

    fn workbook(rows: &[&[Cell]]) -> Vec<u8> {
        let make = || -> Result<Vec<u8>, XlsxError> {
            let mut book = Workbook::new();
            let sheet = book.add_worksheet();
            for (row, cells) in (0u32..).zip(rows) {
                for (column, cell) in (0u16..).zip(cells.iter()) {
                    match cell {
                        Text(text) => sheet.write_string(row, column, *text)?,
                        Number(number) => sheet.write_number(row, column, *number)?,
                        Empty => sheet,
                    };
                }
            }
            book.save_to_buffer()
        };
        make().unwrap()
    }

    const HEADER: &[Cell] =
        &[Text("TEMPLATE_ID"), Text("TEMPLATE_NAME"), Text("TEMPLATE_CONTENT"), Text("Category")];

    fn found(rows: &[&[Cell]]) -> Vec<Found> {
        read("templates.xlsx", workbook(rows)).unwrap()
    }

    #[test]
    fn a_workbook_gives_its_texts_character_by_character() {
        let text = "Hello {#var#},  it starts at {#var#}.\u{a0}नमस्ते \n-Example Academy ";
        let all = found(&[
            HEADER,
            &[Text("1100000000000000001"), Text("Today"), Text(text), Text("Service Implicit")],
        ]);
        assert_eq!(all.len(), 1);
        let one = &all[0];
        assert_eq!(
            one.text, text,
            "two spaces, a no-break space, a line and the space at the end are registered"
        );
        assert_eq!(one.template_id.as_ref().unwrap().as_str(), "1100000000000000001");
        assert_eq!(
            (one.name.as_str(), one.category, one.wrong.as_str()),
            ("Today", Some(Category::Utility), "")
        );
    }

    #[test]
    fn an_id_that_a_workbook_keeps_as_a_number_is_told_apart_from_one_that_is_whole() {
        // A number in a workbook keeps about 16 digits, so the 19 digits of a register's id are rounded before
        // anybody reads them.
        let all = found(&[
            HEADER,
            &[Number(1_107_165_000_000_123_456.0), Text("Rounded"), Text("Hi {#var#}"), Empty],
            &[Number(111_112.0), Text("Short"), Text("Starts today"), Empty],
            &[Text("'1100000000000000003"), Text("With an apostrophe"), Text("Starts soon"), Empty],
        ]);
        assert!(all[0].wrong.contains("rounded the id"), "{}", all[0].wrong);
        assert_eq!(all[0].template_id, None);
        // Fast2SMS's message ids are short.
        assert_eq!(all[1].message_id.as_ref().unwrap().as_str(), "111112");
        assert_eq!(all[2].template_id.as_ref().unwrap().as_str(), "1100000000000000003");
        assert_eq!((all[1].wrong.as_str(), all[2].wrong.as_str()), ("", ""));
    }

    #[test]
    fn titles_above_the_header_of_a_workbook_are_passed_over() {
        let all = found(&[
            &[Text("Example Academy")],
            &[Text("Approved templates"), Empty, Text("22 November 2026")],
            HEADER,
            &[Text("111111"), Text("Today"), Text("Starts today"), Text("Promotional")],
        ]);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].text.as_str(), all[0].category), ("Starts today", Some(Category::Marketing)));
    }

    #[test]
    fn no_more_than_the_rows_of_a_whole_business_are_looked_at() {
        let row: &[Cell] = &[Text("111111"), Text("Today"), Text("Starts today"), Empty];
        let rows: Vec<&[Cell]> = [HEADER].into_iter().chain((0..ROWS_MAX + 100).map(|_| row)).collect();
        let n = found(&rows).len();
        assert!((ROWS_MAX - 1..=ROWS_MAX).contains(&n), "{n} of {}", ROWS_MAX + 100);
    }

    #[test]
    fn what_is_no_workbook_or_holds_no_templates_is_refused_in_words() {
        let people = workbook(&[&[Text("Name"), Text("Phone")], &[Text("Asha"), Text("9000000001")]]);
        let words = read("people.xlsx", people).unwrap_err();
        assert!(words.contains("TEMPLATE_CONTENT"), "{words}");
        for bytes in [workbook(&[]), b"PK\x03\x04 and then nothing".to_vec(), Vec::new()] {
            assert!(!read("templates.xlsx", bytes).unwrap_err().is_empty());
        }
    }
}
