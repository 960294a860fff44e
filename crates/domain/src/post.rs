//! A post into a group: a text with WhatsApp's own formatting, a file by its address, or a poll. Everybody in a group
//! reads the same, so that its placeholders name the workshop and the organisation and no person.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    template::{Content, Facts, Part, PostContent, Source, ValueError},
    variable::VariableName,
};

/// Longest text of a post, in characters (docs/facts/groups.md §14).
pub const TEXT_MAX: usize = 4_000;
/// Longest caption under media, in characters.
pub const CAPTION_MAX: usize = 1_024;
/// Fewest and most answers of a poll that every gateway takes (docs/facts/groups.md §3).
pub const OPTIONS: std::ops::RangeInclusive<usize> = 2..=10;
/// Longest question of a poll, in characters.
pub const QUESTION_MAX: usize = 255;
/// Longest answer of a poll, in characters.
pub const OPTION_MAX: usize = 100;

/// The placeholders of a post: the word between braces, what it means, and where its value comes from. The last three
/// are the words of the former application.
pub const PLACEHOLDERS: &[(&str, &str, Source)] = &[
    ("workshop_title", "Workshop · Title", Source::WorkshopTitle),
    ("workshop_date", "Workshop · Date", Source::WorkshopDate),
    ("start_time", "Workshop · Start time", Source::WorkshopTime),
    ("join_link", "Workshop · Join link", Source::WorkshopJoinLink),
    ("organisation", "Organisation · Name", Source::OrganisationName),
    ("workshop_name", "Workshop · Title", Source::WorkshopTitle),
    ("date", "Workshop · Date", Source::WorkshopDate),
    ("time", "Workshop · Start time", Source::WorkshopTime),
];

crate::text_enum! {
    /// What kind of file a post shows.
    MediaKind, "kind of media" {
        /// A picture.
        Image = "image",
        /// A video.
        Video = "video",
        /// Any other file, such as a PDF.
        Document = "document",
    }
}

impl MediaKind {
    /// The word on screens.
    pub fn title(self) -> &'static str {
        match self {
            MediaKind::Image => "Picture",
            MediaKind::Video => "Video",
            MediaKind::Document => "Document",
        }
    }
}

/// A file at an address that WhatsApp's gateway fetches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMedia {
    /// The kind of the file.
    pub kind: MediaKind,
    /// Where it is fetched, `https://…`; of a file that is kept here the path alone, `/files/…`.
    pub url: String,
    /// What it is called in the group; of a document it is shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// Where files that are kept here are fetched, below the address of this program.
pub const OWN_FILES: &str = "/files/";
/// Hexadecimal digits of the unguessable part of such an address.
pub const OWN_FILE_DIGITS: usize = 40;

impl PostMedia {
    /// The unguessable part of its address, of a file that is kept here: `/files/{address}/{name}`. `None` for one that lies elsewhere.
    pub fn own(&self) -> Option<&str> {
        let (address, name) = self.url.strip_prefix(OWN_FILES)?.split_once('/')?;
        let digits = address.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let plain =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        (address.len() == OWN_FILE_DIGITS && digits && plain).then_some(address)
    }
}

/// A question with answers to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// The question; may hold placeholders.
    pub question: String,
    /// The answers, as they are.
    pub options: Vec<String>,
    /// Whether more than one may be chosen.
    #[serde(default)]
    pub several: bool,
}

/// What is posted, before values are put in. It is stored as the template of the channel and frozen into a broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPost {
    /// The text, or the caption where there is media. Empty in a poll.
    #[serde(default)]
    pub text: String,
    /// The file that the post shows; `None` for a text or a poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<PostMedia>,
    /// The poll; a post with one has neither text nor file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// Whether everybody's phone rings, muted groups too.
    #[serde(default)]
    pub mention_all: bool,
    /// Whether the gateway fetches the page behind the first link and shows it.
    #[serde(default)]
    pub link_preview: bool,
    /// What only the gateway that posts it knows, under the keys of its template fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A post as it is posted: every value is in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledPost {
    /// The text, or the caption; empty in a poll.
    pub text: String,
    /// The file that the post shows; `None` for a text or a poll.
    pub media: Option<PostMedia>,
    /// The poll; `None` for a text or a file.
    pub poll: Option<Poll>,
    /// Whether everybody's phone rings, muted groups too.
    pub mention_all: bool,
    /// Whether the page behind the first link is shown.
    pub link_preview: bool,
}

/// A problem that prevents posting in any group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostProblem {
    /// There is no text, no media and no poll.
    Empty,
    /// The text is longer than a post takes.
    TooLong {
        /// The longest text that is allowed, in characters.
        max: usize,
        /// The length of the text, in characters.
        len: usize,
    },
    /// A placeholder that no value belongs to.
    Unknown(String),
    /// The file's address is not one that a gateway can fetch.
    MediaAddress,
    /// A poll without a question, or with one that is too long.
    Question,
    /// A poll with too few answers or too many.
    Options(usize),
    /// An answer that is empty, too long, or there twice.
    Option(String),
}

impl fmt::Display for PostProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostProblem::Empty => f.write_str("Write what is to be posted"),
            PostProblem::TooLong { max, len } => {
                write!(f, "The text has {len} characters; {max} is the most")
            }
            PostProblem::Unknown(name) => write!(f, "“{{{name}}}” is no value of a workshop"),
            PostProblem::MediaAddress => f.write_str("The file needs an address that begins with https://"),
            PostProblem::Question => {
                write!(f, "The poll needs a question of at most {QUESTION_MAX} characters")
            }
            PostProblem::Options(n) => {
                write!(f, "The poll has {n} answers; {} to {} are possible", OPTIONS.start(), OPTIONS.end())
            }
            PostProblem::Option(answer) if answer.is_empty() => f.write_str("An answer of the poll is empty"),
            PostProblem::Option(answer) => {
                write!(f, "The answer “{answer}” is there twice, or has more than {OPTION_MAX} characters")
            }
        }
    }
}

impl GroupPost {
    /// A post of text alone.
    pub fn of_text(text: impl Into<String>) -> GroupPost {
        GroupPost { text: text.into(), ..GroupPost::default() }
    }

    /// The texts that may hold placeholders, in the order in which values are put in.
    fn texts(&self) -> impl Iterator<Item = &str> {
        [Some(self.text.as_str()), self.poll.as_ref().map(|poll| poll.question.as_str())]
            .into_iter()
            .flatten()
    }

    /// Its placeholders in order, each with what it means; those that mean nothing are left out.
    pub fn places(&self) -> Vec<(Cow<'static, str>, Cow<'static, Source>)> {
        let known = |piece: Piece<'_>| match piece {
            Piece::Place { place: Place::Known(label, source), .. } => {
                Some((Cow::Borrowed(label), Cow::Borrowed(source)))
            }
            Piece::Place { place: Place::Variable(name), .. } => {
                Some((Cow::Owned(name.to_string()), Cow::Owned(Source::Variable(name))))
            }
            Piece::Text(_) | Piece::Unknown(_) => None,
        };
        self.texts().flat_map(pieces).filter_map(known).collect()
    }

    /// Puts the values of workshop and organisation in.
    ///
    /// # Errors
    /// A value that is empty.
    pub fn fill(&self, facts: &Facts) -> Result<Content, ValueError> {
        Ok(Content::Group(PostContent { values: self.each(facts).into_iter().collect::<Result<_, _>>()? }))
    }

    /// Each value by itself.
    pub(crate) fn each(&self, facts: &Facts) -> Vec<Result<String, ValueError>> {
        let value = |(label, source): (Cow<'static, str>, Cow<'static, Source>)| {
            let value = facts.value(&source).trim();
            if value.is_empty() { Err(ValueError::Empty(label.into_owned())) } else { Ok(value.to_owned()) }
        };
        self.places().into_iter().map(value).collect()
    }

    /// What is posted, with these values. A place without a value stays as it is written.
    pub fn filled(&self, content: &Content) -> FilledPost {
        let mut values = content.values().iter();
        let text = put_in(&self.text, &mut values);
        let poll = self.poll.as_ref().map(|poll| Poll {
            question: put_in(&poll.question, &mut values),
            options: poll.options.clone(),
            several: poll.several,
        });
        FilledPost {
            text,
            media: self.media.clone(),
            poll,
            mention_all: self.mention_all,
            link_preview: self.link_preview,
        }
    }

    /// The text, or the poll's question and answers, in pieces, so that a screen can mark the values.
    pub fn preview(&self, content: &Content) -> Vec<Part> {
        let mut values = content.values().iter();
        let mut parts = Vec::new();
        for text in self.texts() {
            parts.extend(pieces(text).map(|piece| match piece {
                Piece::Text(part) => Part::Fixed(part.to_owned()),
                Piece::Unknown(name) => Part::Fixed(format!("{{{name}}}")),
                Piece::Place { written, .. } => match values.next() {
                    Some(value) => Part::Filled(value.clone()),
                    None => Part::Fixed(written.to_owned()),
                },
            }));
        }
        for option in self.poll.iter().flat_map(|poll| &poll.options) {
            parts.push(Part::Fixed(format!("\n○ {option}")));
        }
        parts
    }

    /// Everything that stands in the way of posting, at once.
    pub fn problems(&self) -> Vec<PostProblem> {
        let mut problems = Vec::new();
        if self.text.trim().is_empty() && self.media.is_none() && self.poll.is_none() {
            problems.push(PostProblem::Empty);
        }
        let (len, max) =
            (self.text.chars().count(), if self.media.is_some() { CAPTION_MAX } else { TEXT_MAX });
        if len > max {
            problems.push(PostProblem::TooLong { max, len });
        }
        for piece in self.texts().flat_map(pieces) {
            if let Piece::Unknown(name) = piece {
                problems.push(PostProblem::Unknown(name.to_owned()));
            }
        }
        if self.media.as_ref().is_some_and(|media| media.own().is_none() && !is_address(&media.url)) {
            problems.push(PostProblem::MediaAddress);
        }
        if let Some(poll) = &self.poll {
            problems.extend(poll.problems());
        }
        problems
    }
}

impl Poll {
    fn problems(&self) -> Vec<PostProblem> {
        let mut problems = Vec::new();
        let len = self.question.chars().count();
        if self.question.trim().is_empty() || len > QUESTION_MAX {
            problems.push(PostProblem::Question);
        }
        if !OPTIONS.contains(&self.options.len()) {
            problems.push(PostProblem::Options(self.options.len()));
        }
        for (at, option) in self.options.iter().enumerate() {
            let bad = option.trim().is_empty() || option.chars().count() > OPTION_MAX;
            if bad || self.options[..at].contains(option) {
                problems.push(PostProblem::Option(option.clone()));
            }
        }
        problems
    }
}

/// Whether a gateway can be asked to fetch it.
fn is_address(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        host.contains('.') && !url.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}

/// A stretch of a text that is posted.
enum Piece<'t> {
    Text(&'t str),
    /// A placeholder that has a value.
    Place {
        written: &'t str,
        place: Place,
    },
    /// What looks like a placeholder and means nothing in a text that is the same for everybody.
    Unknown(&'t str),
}

/// The source of a placeholder's value.
enum Place {
    /// A value that every workshop has: its label, and its source.
    Known(&'static str, &'static Source),
    /// A value that was entered for this workshop.
    Variable(VariableName),
}

/// Longest word between braces that is taken for a placeholder.
const NAME_MAX: usize = 40;

/// Splits a text at its `{name}`; one pass. Digits are letters of a name; other braces are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (start, end) = match first_name(rest) {
            Some(found) => found,
            None => return Some(Piece::Text(std::mem::take(&mut rest))),
        };
        if start > 0 {
            let (part, after) = rest.split_at(start);
            rest = after;
            return Some(Piece::Text(part));
        }
        let (written, after) = rest.split_at(end);
        rest = after;
        let name = &written[1..written.len() - 1];
        let known = PLACEHOLDERS.iter().find(|(word, ..)| word.eq_ignore_ascii_case(name));
        let known = known.map(|(_, label, source)| Place::Known(label, source));
        let place = known.or_else(|| VariableName::parse(name).ok().map(Place::Variable));
        Some(place.map_or(Piece::Unknown(name), |place| Piece::Place { written, place }))
    })
}

/// Where the first whole `{name}` begins and ends.
fn first_name(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(start) = text[from..].find('{').map(|at| from + at) {
        let inside = &text[start + 1..];
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let len = inside.find(|c| !is_letter(c)).unwrap_or(inside.len());
        if (1..=NAME_MAX).contains(&len) && inside[len..].starts_with('}') {
            return Some((start, start + len + 2));
        }
        from = start + 1;
    }
    None
}

fn put_in<'v>(text: &str, values: &mut impl Iterator<Item = &'v String>) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(part) => out.push_str(part),
            Piece::Unknown(name) => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
            Piece::Place { written, .. } => out.push_str(values.next().map_or(written, String::as_str)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Message;

    fn facts() -> Facts {
        Facts {
            workshop_title: "Excel for Working Professionals".into(),
            workshop_date: "13 October 2026".into(),
            workshop_time: "7:00 PM".into(),
            workshop_join_link: "https://go.example/l/excel".into(),
            organisation: "Udaan Academy".into(),
            ..Facts::default()
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let post = GroupPost::of_text(text);
        let content = post.fill(&facts()).unwrap();
        assert_eq!(post.filled(&content).text, expected, "for {text:?}");
    }

    #[test]
    fn values_of_the_workshop_stand_where_they_were_named() {
        check("*Starting at {start_time} today*", "*Starting at 7:00 PM today*");
        check(
            "{workshop_title}\n{WORKSHOP_TITLE}",
            "Excel for Working Professionals\nExcel for Working Professionals",
        );
        check("{workshop_name}, {date}, {time}", "Excel for Working Professionals, 13 October 2026, 7:00 PM");
        check("Join: {join_link} – {organisation}", "Join: https://go.example/l/excel – Udaan Academy");
        check("{ } {} {not a name} {{start_time}}", "{ } {} {not a name} {7:00 PM}");
    }

    #[test]
    fn what_names_nothing_stands_in_the_way_instead_of_being_posted_as_it_is() {
        let post = GroupPost::of_text("Hello {first_name}, {phone}");
        let problems: Vec<String> = post.problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            ["“{first_name}” is no value of a workshop", "“{phone}” is no value of a workshop"]
        );
    }

    #[test]
    fn any_other_name_is_a_value_that_the_workshop_is_asked_for() {
        let post = Message::from(GroupPost::of_text("Watch {video_1} and {Video_2} at {time}"));
        let mut facts = facts();
        let names = |facts: &Facts| -> Vec<String> {
            post.missing_variables(&facts.variables).iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(&facts), ["{video_1}", "{video_2}"]);
        assert_eq!(post.fill(&facts), Err(ValueError::Empty("{video_1}".into())));
        for (name, value) in [("video_1", "https://v.example/1"), ("video_2", "https://v.example/2")] {
            facts.variables.insert(VariableName::parse(name).unwrap(), value.to_owned());
        }
        assert_eq!(names(&facts), [""; 0]);
        let Message::Group(written) = &post else { panic!("a post") };
        let filled = written.filled(&post.fill(&facts).unwrap());
        assert_eq!(filled.text, "Watch https://v.example/1 and https://v.example/2 at 7:00 PM");
    }

    #[test]
    fn an_empty_value_is_named_and_never_posted_as_nothing() {
        let post = GroupPost::of_text("Join here: {join_link}");
        let bare = Facts { workshop_join_link: " ".into(), ..facts() };
        assert_eq!(post.fill(&bare), Err(ValueError::Empty("Workshop · Join link".into())));
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_not_filled_in_again() {
        let sly = Facts { workshop_title: "{join_link}".into(), ..facts() };
        let post = GroupPost::of_text("{workshop_title}");
        let content = post.fill(&sly).unwrap();
        assert_eq!(post.filled(&content).text, "{join_link}");
    }

    #[test]
    fn a_poll_takes_two_to_ten_different_answers() {
        let poll = |options: &[&str]| GroupPost {
            poll: Some(Poll {
                question: "{workshop_title}: laptop or phone?".into(),
                options: options.iter().map(|option| (*option).to_owned()).collect(),
                several: false,
            }),
            ..GroupPost::default()
        };
        assert_eq!(poll(&["Laptop", "Phone"]).problems(), []);
        assert_eq!(poll(&["Laptop"]).problems(), [PostProblem::Options(1)]);
        assert_eq!(poll(&["a", "a"]).problems(), [PostProblem::Option("a".into())]);
        assert_eq!(poll(&["a", " "]).problems(), [PostProblem::Option(" ".into())]);
        let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
        assert_eq!(poll(&eleven).problems(), [PostProblem::Options(11)]);
        let post = poll(&["Laptop", "Phone"]);
        let filled = post.filled(&post.fill(&facts()).unwrap());
        assert_eq!(filled.poll.unwrap().question, "Excel for Working Professionals: laptop or phone?");
    }

    #[test]
    fn length_is_counted_in_characters_and_a_caption_is_shorter_than_a_text() {
        let text = "क".repeat(TEXT_MAX);
        assert_eq!(GroupPost::of_text(&text).problems(), []);
        let long = PostProblem::TooLong { max: TEXT_MAX, len: TEXT_MAX + 1 };
        assert_eq!(GroupPost::of_text(text.clone() + "क").problems(), [long]);
        let media = PostMedia {
            kind: MediaKind::Image,
            url: "https://media.example/excel.jpg".into(),
            name: String::new(),
        };
        let with = GroupPost { text, media: Some(media), ..GroupPost::default() };
        assert_eq!(with.problems(), [PostProblem::TooLong { max: CAPTION_MAX, len: TEXT_MAX }]);
    }

    #[test]
    fn media_needs_an_address_that_a_gateway_can_fetch() {
        for (url, good) in [
            ("https://media.example/a.jpg", true),
            ("http://media.example/a.jpg", false),
            ("https://localhost/a.jpg", false),
            ("https://media.example/a b.jpg", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_address(url), good, "{url:?}");
        }
    }

    #[test]
    fn what_is_stored_is_what_is_read() {
        let post = GroupPost { mention_all: true, ..GroupPost::of_text("Hello") };
        let json = serde_json::to_value(&post).unwrap();
        assert_eq!(serde_json::from_value::<GroupPost>(json).unwrap(), post);
    }
}
