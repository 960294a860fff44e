//! The result of an import, in words and as JSON. It says what the page says.

use domain::ids::ImportId;
use intake::{Summary, importer::wrongs};
use serde_json::{Value, json};
use store::{Org, workshops::Workshop};

use super::{ALL_TAKEN, BAD_ROWS_SAID, ImportCommand, Top, WORDS_SAID, nobody_has_a_number};
use crate::{
    commands::say,
    ui::{format::counted, words::again as words},
};

/// What came of it.
pub(super) struct Told<'a> {
    pub(super) id: ImportId,
    pub(super) workshop: &'a Workshop,
    pub(super) top: &'a Top,
    pub(super) summary: &'a Summary,
    /// About dates that can be read in two ways.
    pub(super) dates: Option<String>,
    /// Registrations made whose number another one of the workshop has: a number gets each message once.
    pub(super) same_number: i64,
    pub(super) page: String,
    pub(super) code: u8,
    /// Nothing was to be written.
    pub(super) dry_run: bool,
}

impl Told<'_> {
    pub(super) fn json(&self, command: &ImportCommand) -> anyhow::Result<Value> {
        let (top, summary) = (self.top, self.summary);
        let columns: serde_json::Map<String, Value> =
            top.columns.iter().map(|(field, titles)| (field.word().to_owned(), json!(titles))).collect();
        let not_used: Vec<Value> =
            top.not_used.iter().map(|column| json!({ "column": column.title, "why": column.why })).collect();
        let mut guessed: serde_json::Map<String, Value> = serde_json::Map::new();
        for (field, title) in &top.guessed {
            let titles = guessed.entry(field.word()).or_insert_with(|| json!([]));
            if let Some(titles) = titles.as_array_mut() {
                titles.push(json!(title));
            }
        }
        Ok(json!({
            "import": self.id.to_string(), "workshop": self.workshop.id.to_string(), "dry_run": command.dry_run,
            "refused": top.refused, "columns": columns, "columns_not_used": not_used,
            "columns_guessed": guessed, "lines_left_out": top.lines_left_out, "statuses_not_met": top.statuses_not_met,
            "hidden_sheets_with_people": top.hidden_sheets, "sheet": top.sheet,
            "sheets_not_read": top.sheets_not_read, "hidden_columns": top.hidden_columns,
            "formulas_without_value": top.formulas_without_value, "nobody_has_a_number": nobody_has_a_number(summary),
            "dates": self.dates, "same_number": self.same_number, "rows_left_out": summary.rows_left_out(), "exit_code": self.code,
            "counts": serde_json::to_value(summary)?,
        }))
    }

    pub(super) async fn words(&self, org: &Org, command: &ImportCommand) -> anyhow::Result<()> {
        let (top, summary) = (self.top, self.summary);
        let refused = !top.refused.is_empty();
        let Summary { ready, already, bad, new, .. } = summary;
        let rows = counted(summary.rows, "row", "rows");
        for line in top.says() {
            say(line)?;
        }
        if refused || command.dry_run {
            say(format_args!(
                "{rows}: {ready} ready for “{}”, {already} registered already, {bad} cannot be read.",
                self.workshop.title
            ))?;
        } else {
            say(format_args!(
                "{rows}: {new} registered for “{}”, {already} were already, {bad} could not be read.",
                self.workshop.title
            ))?;
        }
        for line in self.about_rows() {
            say(line)?;
        }
        for row in org.import_rows(self.id, 0, BAD_ROWS_SAID).await? {
            let says: Vec<String> = wrongs(&row).into_iter().map(|wrong| wrong.says).collect();
            say(format_args!("  row {}: {}", row.line, says.join(" ")))?;
        }
        if refused {
            say("Refused: nobody was registered.")?;
            for reason in &top.refused {
                say(format_args!("  {reason}"))?;
            }
            return say(format_args!("Or answer on {}", self.page));
        }
        match (command.dry_run, self.code) {
            (true, _) => say(format_args!("Nobody was registered. Correct rows and import on {}", self.page)),
            (false, ALL_TAKEN) => Ok(()),
            (false, _) => say(format_args!(
                "Correct what was left out in the file and import it again (nobody is added twice), or see {}",
                self.page
            )),
        }
    }

    /// In what the file differs from what is registered, and what becomes of it.
    fn about_differences(&self) -> Vec<String> {
        let again = &self.summary.again;
        let is_done = self.is_done();
        let mut says: Vec<String> = again
            .met()
            .map(|(kind, group)| {
                let option = if group.take { "leave" } else { "take" };
                let word = kind.word().replace('_', "-");
                match is_done && group.take {
                    true => format!("{}.", words::done(kind, group.done)),
                    false => format!(
                        "{}: {} (--{option} {word} for the other way).",
                        words::met(kind, group.people),
                        words::effect(kind, group.take)
                    ),
                }
            })
            .collect();
        if !says.is_empty() {
            says.push(format!(
                "{} as before.",
                counted(again.unchanged, "registration is", "registrations are")
            ));
        }
        says
    }

    /// Whether somebody was registered, or something taken over.
    fn is_done(&self) -> bool {
        self.top.refused.is_empty() && !self.dry_run
    }

    /// What became of rows, and what was met besides people.
    fn about_rows(&self) -> Vec<String> {
        let summary = self.summary;
        let rows = |n: u64| counted(n, "row", "rows");
        let mut says = Vec::new();
        if !summary.statuses.is_empty() {
            let words = summary.statuses.iter().take(WORDS_SAID).map(|word| {
                let meaning =
                    word.meaning.map_or("not known".to_owned(), |meaning| meaning.title().to_lowercase());
                format!("{} = {meaning} ({})", word.word, word.rows)
            });
            says.push(format!("Statuses: {}.", words.collect::<Vec<_>>().join(" · ")));
        }
        let mut count = |n: u64, what: String| {
            if n > 0 {
                says.push(what);
            }
        };
        count(summary.left_out, format!("{} left out: their status gives no place.", rows(summary.left_out)));
        count(
            summary.without_place,
            format!(
                "{} registered as cancelled or refunded: they are told nothing.",
                rows(summary.without_place)
            ),
        );
        for line in self.about_differences() {
            count(1, line);
        }
        count(summary.without_phone, format!("{} without a phone number.", rows(summary.without_phone)));
        count(
            summary.landlines,
            format!(
                "{} a landline: no WhatsApp and no SMS reaches it.",
                counted(summary.landlines, "person has", "people have")
            ),
        );
        count(
            summary.warned,
            format!(
                "{} taken without something that could not be read, such as a name or a time.",
                rows(summary.warned)
            ),
        );
        count(
            summary.agreed,
            format!("{} agreed to promotions.", counted(summary.agreed, "person", "people")),
        );
        count(
            summary.opting_out,
            format!(
                "{} no messages; entered as opted out.",
                counted(summary.opting_out, "person wants", "people want")
            ),
        );
        count(
            summary.hidden_rows,
            format!(
                "{} hidden in the sheet left out; take them with --hidden-rows.",
                rows(summary.hidden_rows)
            ),
        );
        count(
            summary.no_people,
            format!(
                "{} no people: titles again, totals, notes.",
                counted(summary.no_people, "row is", "rows are")
            ),
        );
        count(
            summary.other_table,
            format!(
                "{} of another table (from row {}) left out.",
                rows(summary.other_table),
                summary.other_table_line.unwrap_or_default()
            ),
        );
        if self.same_number > 0 {
            says.push(format!(
                "{} the number of another one of this workshop: a number gets each message once.",
                counted(self.same_number, "registration has", "registrations have")
            ));
        }
        says.extend(self.dates.clone());
        if nobody_has_a_number(summary) {
            says.push("Nobody in this file has a phone number: no message would reach them.".to_owned());
        }
        says
    }
}
