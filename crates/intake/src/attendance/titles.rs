//! What the columns of attendance reports are called, and which of their parts are about people.
//!
//! Collected from reports that people publish with the programs that read them: Zoom's of meetings and of webinars, those of Microsoft Teams
//! (several parts in one file) and Google Meet, and lists that people keep by hand.

/// What a column of an attendance report holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Whether the person came.
    Attended,
    Name,
    FirstName,
    LastName,
    Email,
    Phone,
    Joined,
    Left,
    /// The first of several times, or the last. The person need not have been there all the time between.
    FirstJoined,
    LastLeft,
    Minutes,
    Role,
    /// A fact of the meeting itself, such as its topic or number.
    OfMeeting,
}

/// Titles in lower case, without what stands in brackets.
const TITLES: &[(Column, &[&str])] = &[
    (Column::Attended, &["attended", "attendance", "attendance status", "present", "was present", "joined"]),
    (
        Column::Name,
        &[
            "name",
            "user name",
            "username",
            "full name",
            "participant",
            "participant name",
            "display name",
            "attendee",
            "attendee name",
            "नाम",
        ],
    ),
    (Column::FirstName, &["first name", "firstname", "given name"]),
    (Column::LastName, &["last name", "lastname", "surname", "family name"]),
    (
        Column::Email,
        &[
            "email",
            "e mail",
            "user email",
            "email address",
            "e mail address",
            "attendee email",
            "registrant email",
            "ईमेल",
        ],
    ),
    (
        Column::Phone,
        &[
            "phone",
            "phone number",
            "mobile",
            "mobile number",
            "whatsapp",
            "whatsapp number",
            "contact number",
            "मोबाइल",
        ],
    ),
    (
        Column::Joined,
        &["join time", "joined at", "time joined", "entry time", "joining time", "join", "time in"],
    ),
    (
        Column::Left,
        &["leave time", "left at", "time exited", "exit time", "leaving time", "leave", "time out"],
    ),
    (Column::FirstJoined, &["first join", "first join time", "first seen"]),
    (Column::LastLeft, &["last leave", "last leave time", "last seen"]),
    (
        Column::Minutes,
        &[
            "duration",
            "total duration",
            "time in session",
            "in meeting duration",
            "minutes",
            "minutes attended",
            "time attended",
            "attendance duration",
            "attended minutes",
            "time in meeting",
        ],
    ),
    (Column::Role, &["role", "participant role"]),
    (Column::OfMeeting, &["topic", "meeting id", "webinar id", "participants", "meeting title"]),
];

/// What a title says; `None` where it is none of ours.
pub(super) fn column(title: &str) -> Option<Column> {
    let plain = plain(title);
    TITLES.iter().find(|(_, titles)| titles.contains(&plain.as_str())).map(|(column, _)| *column)
}

/// Lower case, single spaces, without signs and without what stands in brackets.
fn plain(title: &str) -> String {
    let outside = title.split(['(', '[']).next().unwrap_or_default();
    let spaced: String =
        outside.chars().flat_map(char::to_lowercase).map(|c| if is_part(c) { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Letters, digits, and the vowel signs of Indian scripts, which are neither.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{900}'..='\u{DFF}' | '\u{200C}' | '\u{200D}')
}

/// A section of an attendance report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The people who attended.
    People,
    /// The hosts, who are not registrants.
    Hosts,
    /// The same people once more, each time they came and went.
    Again,
    /// Something other than people.
    Other,
}

/// What the title of a part says; `None` where the text is no such title.
pub(super) fn part(text: &str) -> Option<Part> {
    let plain = plain(text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' '));
    Some(match plain.as_str() {
        "host details" | "panelist details" | "hosts" | "panelists" | "alternative host details" => {
            Part::Hosts
        }
        "attendee details" | "attendees" | "participants" | "other attended" | "registrant details" => {
            Part::People
        }
        "in meeting activities" => Part::Again,
        "attendee report" | "summary" | "report" | "meeting report" | "attendance report" => Part::Other,
        _ => return None,
    })
}

/// Whether a role is one of those who hold a meeting.
pub(super) fn holds(role: &str) -> bool {
    matches!(
        plain(role).as_str(),
        "organizer"
            | "organiser"
            | "co organizer"
            | "co organiser"
            | "presenter"
            | "host"
            | "co host"
            | "panelist"
            | "speaker"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_known_in_any_case_and_with_what_stands_behind_them() {
        for (title, expected) in [
            ("Name (Original Name)", Some(Column::Name)),
            ("User Name (Original Name)", Some(Column::Name)),
            ("Duration (Minutes)", Some(Column::Minutes)),
            ("Time in Session (minutes)", Some(Column::Minutes)),
            ("In-Meeting Duration", Some(Column::Minutes)),
            ("FIRST JOIN", Some(Column::FirstJoined)),
            ("E-mail", Some(Column::Email)),
            ("Participant ID (UPN)", None),
            ("Recording Consent", None),
            ("मोबाइल", Some(Column::Phone)),
        ] {
            assert_eq!(column(title), expected, "{title}");
        }
        assert_eq!(part("2. Participants"), Some(Part::People));
        assert_eq!(part("3. In-Meeting Activities"), Some(Part::Again));
        assert_eq!(part("Panelist Details"), Some(Part::Hosts));
        assert_eq!(part("Asha Rao"), None);
    }
}
