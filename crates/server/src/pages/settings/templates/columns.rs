//! Which column of an export of templates holds what. Providers and the operators' portals name them differently.

use domain::channel::Category;
use providers::registry::VENDORS;

use super::{offer::Found, sms::registered};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// The 19-digit id or, with some providers, the short one: the digits tell.
    Id,
    MessageId,
    Name,
    Text,
    Count,
    Sender,
    Entity,
    Category,
    Status,
}

/// Names of columns, in the order in which they are looked for. Only letters and digits count.
const NAMES: &[(Holds, &[&str])] = &[
    (Holds::MessageId, &["messageid", "msgid"]),
    (
        Holds::Id,
        &[
            "templateid",
            "dlttemplateid",
            "contenttemplateid",
            "dltcontentid",
            "contentid",
            "dltid",
            "templatedltid",
            "contenttemplateregistrationid",
            "dltcontenttemplateid",
            "templatecode",
        ],
    ),
    (Holds::Name, &["templatename", "contenttemplatename", "name", "title"]),
    (
        Holds::Text,
        &[
            "templatecontent",
            "content",
            "contenttemplate",
            "templatemessage",
            "message",
            "templatetext",
            "text",
            "template",
            "messagecontent",
            "smscontent",
            "templatebody",
            "contentmessage",
        ],
    ),
    (Holds::Count, &["variablecount", "variables", "noofvariables", "numberofvariables", "varcount"]),
    (Holds::Sender, &["header", "senderid", "headername", "sender", "cli", "headers", "headerid"]),
    (Holds::Entity, &["entityid", "peid", "principalentityid", "principalentity"]),
    (
        Holds::Category,
        &["category", "templatetype", "communicationtype", "messagetype", "type", "contenttype"],
    ),
    (Holds::Status, &["status", "templatestatus", "approvalstatus"]),
];

/// Reads the rows of a file, its header first.
///
/// # Errors
/// In words, when no column can be the text or none the id.
pub(super) fn templates_in(rows: &[Vec<String>], workbook: bool) -> Result<Vec<Found>, String> {
    // Portals put a title or two above the header.
    let header = rows.iter().take(10).position(|row| {
        let columns = columns(row);
        columns.contains(&Some(Holds::Text))
            && columns.iter().any(|one| matches!(one, Some(Holds::Id | Holds::MessageId)))
    });
    let Some(header) = header else {
        return Err("No columns for the template’s id and its text were found. Name them TEMPLATE_ID and TEMPLATE_CONTENT in the first row.".into());
    };
    let columns = columns(&rows[header]);
    Ok(rows[header + 1..].iter().map(|row| found(&columns, row, workbook)).collect())
}

fn columns(header: &[String]) -> Vec<Option<Holds>> {
    let mut taken = Vec::new();
    header
        .iter()
        .map(|title| {
            let plain: String =
                title.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
            // Some write their own name before it: `X Message Id`, `X Id`.
            let vendor = VENDORS.iter().find_map(|vendor| plain.strip_prefix(vendor.kind()));
            let plain = match vendor {
                Some("id" | "messageid") => "messageid",
                Some(rest) => rest,
                None => plain.as_str(),
            };
            let (holds, _) = NAMES.iter().find(|(_, names)| names.contains(&plain))?;
            let first = !taken.contains(holds);
            taken.push(*holds);
            first.then_some(*holds)
        })
        .collect()
}

fn found(columns: &[Option<Holds>], row: &[String], workbook: bool) -> Found {
    let cell = |holds: Holds| {
        let at = columns.iter().position(|one| *one == Some(holds));
        at.and_then(|at| row.get(at)).map_or("", String::as_str)
    };
    let mut wrong = Vec::new();
    let mut found =
        Found { name: cell(Holds::Name).to_owned(), text: registered(cell(Holds::Text)), ..Found::default() };
    // Excel's text cells begin with an apostrophe in some exports.
    let id = cell(Holds::Id).trim().trim_start_matches('\'');
    if workbook && id.len() == 19 && id.ends_with("00") {
        wrong.push(
            "The spreadsheet seems to have rounded the id: format its column as text and export again"
                .to_owned(),
        );
    } else if !id.is_empty() {
        match (id.parse(), id.parse()) {
            (Ok(template_id), _) => found.template_id = Some(template_id),
            (Err(_), Ok(message_id)) => found.message_id = Some(message_id),
            (Err(error), Err(_)) => wrong.push(error.to_string()),
        }
    }
    let message_id = cell(Holds::MessageId).trim().trim_start_matches('\'');
    match message_id.parse() {
        Ok(id) => found.message_id = Some(id),
        Err(_) if message_id.is_empty() => {}
        Err(error) => wrong.push(error.to_string()),
    }
    // Several headers of one text, or one with the operator's suffix, are no header to send with; the account's is
    // taken then.
    found.sender = cell(Holds::Sender).trim().parse().ok();
    found.entity_id = cell(Holds::Entity).trim().parse().ok();
    found.category = category(cell(Holds::Category));
    let places = domain::sms::tags_in(&found.text).len();
    match cell(Holds::Count).trim().parse::<usize>() {
        Ok(said) if said != places => {
            wrong.push(format!("The file says {said} values, and the text has places for {places}"));
        }
        _ => {}
    }
    let status = cell(Holds::Status).trim().to_lowercase();
    if !["", "approved", "active", "registered", "a", "whitelisted"].contains(&status.as_str()) {
        wrong.push(format!("Its status is “{status}”"));
    }
    found.wrong = wrong.join(". ");
    found
}

/// Service and promotional in the words of the portals (docs/facts/india.md §1.2): service explicit is promotional.
fn category(word: &str) -> Option<Category> {
    let word = word.to_lowercase();
    if word.contains("promo") || word.contains("explicit") {
        Some(Category::Marketing)
    } else if word.contains("service") || word.contains("transactional") {
        Some(Category::Utility)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_are_found_under_the_names_of_each_portal() {
        for header in [
            ["TEMPLATE_ID", "TEMPLATE_NAME", "TEMPLATE_CONTENT", "VARIABLE_COUNT"],
            ["DLT Template Id", "Template Name", "Content", "No. of Variables"],
            ["Content Template ID", "Name", "Template Message", "Variables"],
        ] {
            let read = templates_in(
                &rows(&[&["Report"], &header, &["1100000000000000001", "A", "Hi {#var#} ", "1"]]),
                true,
            )
            .unwrap();
            assert_eq!(read.len(), 1, "{header:?}");
            assert_eq!(read[0].template_id.as_ref().unwrap().as_str(), "1100000000000000001");
            assert_eq!(
                (read[0].name.as_str(), read[0].text.as_str(), read[0].wrong.as_str()),
                ("A", "Hi {#var#} ", "")
            );
        }
        assert!(templates_in(&rows(&[&["Name", "Phone"], &["A", "B"]]), false).is_err());
    }

    #[test]
    fn what_cannot_be_right_is_said() {
        let one = |id: &str, count: &str, status: &str| {
            let table = rows(&[
                &["TEMPLATE_ID", "TEMPLATE_CONTENT", "VARIABLE_COUNT", "STATUS", "Type"],
                &[id, "Hi {#var#}", count, status, "Service Explicit"],
            ]);
            templates_in(&table, true).unwrap().remove(0)
        };
        assert_eq!(one("111111", "1", "Approved").message_id.unwrap().as_str(), "111111");
        assert_eq!(one("111111", "1", "Approved").category, Some(Category::Marketing));
        assert!(one("1100000000000000000", "1", "").wrong.contains("rounded"));
        assert!(one("1.1E+18", "1", "").wrong.contains("digits only"));
        assert!(one("111111", "2", "").wrong.contains("2 values"));
        assert!(one("111111", "1", "Rejected").wrong.contains("rejected"));
    }

    #[test]
    fn the_first_of_two_columns_of_one_meaning_counts() {
        let table = rows(&[
            &["Template Id", "Content", "Message", "Header", "Sender Id"],
            &["111111", "The registered text", "A remark", "WRKSHP", "OTHERS"],
        ]);
        let one = templates_in(&table, false).unwrap().remove(0);
        assert_eq!(one.text, "The registered text");
        assert_eq!(one.sender.unwrap().as_str(), "WRKSHP");
    }

    #[test]
    fn a_header_that_cannot_be_sent_with_is_left_to_the_account() {
        for (written, expected) in [
            ("WRKSHP", Some("WRKSHP")),
            (" WRKSHP ", Some("WRKSHP")),
            ("WRKSHP,OTHERS", None),
            ("WRKSHP-S", None),
            ("", None),
        ] {
            let table = rows(&[&["Template Id", "Content", "Header"], &["111111", "Starts today", written]]);
            let one = templates_in(&table, false).unwrap().remove(0);
            assert_eq!(one.sender.as_ref().map(|sender| sender.as_str()), expected, "{written}");
            assert_eq!(one.wrong, "", "{written}");
        }
    }

    #[test]
    fn only_a_spreadsheet_rounds_ids() {
        let table = rows(&[&["Template Id", "Content"], &["1100000000000000000", "Starts today"]]);
        assert!(templates_in(&table, true).unwrap()[0].wrong.contains("rounded"));
        let plain = &templates_in(&table, false).unwrap()[0];
        assert_eq!(
            (plain.template_id.as_ref().unwrap().as_str(), plain.wrong.as_str()),
            ("1100000000000000000", "")
        );
    }

    #[test]
    fn both_ids_of_a_row_are_kept_apart() {
        let table = rows(&[
            &["Message Id", "DLT Template Id", "Entity Id", "Content"],
            &["111111", "1100000000000000001", "1100000000000000002", "Starts today"],
        ]);
        let one = templates_in(&table, true).unwrap().remove(0);
        assert_eq!(one.message_id.unwrap().as_str(), "111111");
        assert_eq!(one.template_id.unwrap().as_str(), "1100000000000000001");
        assert_eq!(one.entity_id.unwrap().as_str(), "1100000000000000002");
    }

    #[test]
    fn a_short_row_lacks_what_it_does_not_have_and_the_header_stands_near_the_top() {
        let table = rows(&[&["Template Id", "Content", "Status"], &["111111"]]);
        let one = templates_in(&table, false).unwrap().remove(0);
        assert_eq!((one.text.as_str(), one.wrong.as_str()), ("", ""));
        let title: &[&str] = &["Report"];
        let header: &[&str] = &["Template Id", "Content"];
        let under = |titles: usize| {
            let all: Vec<&[&str]> = std::iter::repeat_n(title, titles).chain([header]).collect();
            templates_in(&rows(&all), false)
        };
        assert!(under(9).unwrap().is_empty());
        assert!(under(10).is_err(), "who looks further takes a text for a header");
    }

    #[test]
    fn the_words_of_the_portals_are_service_or_promotional() {
        // docs/facts/india.md §1.2: service explicit has been folded into promotional.
        for (word, expected) in [
            ("Service Implicit", Some(Category::Utility)),
            ("SERVICE", Some(Category::Utility)),
            ("Transactional", Some(Category::Utility)),
            ("Service Explicit", Some(Category::Marketing)),
            ("Promotional", Some(Category::Marketing)),
            ("Government", None),
            ("", None),
        ] {
            assert_eq!(category(word), expected, "{word}");
        }
    }
}
