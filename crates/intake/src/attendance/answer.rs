//! What a cell under *Attended* says of somebody.

use super::stay::minutes;
use crate::read::{tidy, yes_or_no};

/// Whether somebody came, by their cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Came,
    Away,
    /// Nothing of coming: the cell is empty, or tells that they registered. Times in the row may tell it.
    Silent,
    /// Neither a yes nor a no. A person has to decide it.
    Unclear,
}

#[rustfmt::skip]
const CAME: &[&str] = &[
    "yes", "y", "yeah", "yep", "true", "1", "p", "✓", "✔", "✅", "☑", "👍", "checked", "checked in", "present", "was present",
    "attended", "attended live", "has attended", "joined", "joined late", "came", "came late", "late", "left early", "participated",
    "partial", "partially", "partially attended", "here", "there", "was there", "in meeting", "haan", "han", "haa", "ha", "ji", "ji haan", "हाँ",
    "हां", "हा", "जी", "जी हाँ", "जी हां", "उपस्थित", "हाज़िर", "हाजिर", "आए", "आया", "आई", "aaye", "aaya", "aayi",
];
#[rustfmt::skip]
const AWAY: &[&str] = &[
    "a", "ab", "abs", "absent", "was absent", "no show", "noshow", "missed", "unattended", "did not attend", "didnt attend", "did not join",
    "didnt join", "did not come", "didnt come", "never joined", "never came", "never attended", "yet to join", "cancelled", "canceled", "cancel",
    "declined", "rejected", "refunded", "withdrawn", "dropped out", "on leave", "excused", "अनुपस्थित", "गैरहाज़िर", "गैरहाजिर", "नहीं आए", "nahi aaye",
];
#[rustfmt::skip]
const SILENT: &[&str] = &[
    "registered", "registration", "enrolled", "booked", "invited", "approved", "accepted", "confirmed", "pending", "paid", "na", "n a",
    "nil", "none", "null", "blank", "पंजीकृत",
];

/// Reads the cell. `is_moment` says whether a text is a date: some lists write there when somebody joined.
pub(super) fn answer(cell: &str, is_moment: impl Fn(&str) -> bool) -> Answer {
    let text = tidy(cell, 80);
    let is = |words: &[&str]| words.contains(&text.as_str());
    if cell.trim().is_empty() || is(SILENT) {
        return Answer::Silent;
    }
    if is(CAME) {
        return Answer::Came;
    }
    if is(AWAY) {
        return Answer::Away;
    }
    if let Some(minutes) = minutes(cell) {
        return if minutes > 0 { Answer::Came } else { Answer::Away };
    }
    match yes_or_no(cell) {
        Some(false) => return Answer::Away,
        // "Yes, the second half". Other words of agreement, such as "subscribed", say nothing of coming.
        Some(true) if ["yes ", "हाँ ", "हां "].iter().any(|begin| text.starts_with(begin)) => {
            return Answer::Came;
        }
        Some(true) | None => {}
    }
    if is_clock(cell) || is_moment(cell) { Answer::Came } else { Answer::Unclear }
}

/// "7:05 PM".
fn is_clock(cell: &str) -> bool {
    let small = cell.trim().to_ascii_lowercase();
    let digits = small.strip_suffix("am").or(small.strip_suffix("pm")).unwrap_or_default().trim_end();
    digits.contains(':') && minutes(digits).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_a_time_or_minutes_say_that_somebody_came() {
        for (expected, cells) in [
            (
                Answer::Came,
                &[
                    "Yes",
                    "y",
                    "TRUE",
                    "1",
                    "Attended",
                    "joined",
                    "Present",
                    "P",
                    "✅",
                    "हाँ",
                    "45",
                    "45 min",
                    "1h 5m",
                    "00:45:00",
                    "7:05 PM",
                    "Yes, the second half",
                    "Left early",
                    "Joined late",
                    "a date",
                ][..],
            ),
            (
                Answer::Away,
                &[
                    "No",
                    "n",
                    "false",
                    "0",
                    "0 min",
                    "Absent",
                    "A",
                    "not attended",
                    "Did not attend",
                    "No-show",
                    "Cancelled",
                    "canceled",
                    "❌",
                    "नहीं",
                    "No, ill",
                    "00:00",
                ],
            ),
            (Answer::Silent, &["", "  ", "Registered", "approved", "N/A", "Accepted"]),
            (
                Answer::Unclear,
                &["maybe", "?", "Yes/No", "subscribed", "opt in", "will come", "x", "90000 00001", "50%"],
            ),
        ] {
            for cell in cells {
                assert_eq!(answer(cell, |text| text == "a date"), expected, "{cell}");
            }
        }
    }
}
