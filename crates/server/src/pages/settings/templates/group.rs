//! Templates of WhatsApp Group: a post as the composer writes it, kept under a name. Everybody in a group reads the same, so its places
//! are words of the workshop and the organisation and need no mapping.

use domain::{
    channel::{Category, Channel},
    post::{CAPTION_MAX, GroupPost, MediaKind, PLACEHOLDERS, Poll, PostMedia, PostProblem, TEXT_MAX},
    template::Message,
    text::lines,
};
use maud::{Render, html};

use super::{
    REFUSED,
    form::Form,
    kind::{Around, Beside, FormCard, Kind, Say, Words},
    offer::Found,
    page::tall,
};
use crate::{
    pages::post_file::{self, FileFields},
    ui::{
        button::Button,
        field::{Choice, Field},
        icons::Icon,
    },
};

/// The templates of WhatsApp Group.
pub(super) struct Group;

/// Stands between two answers of a poll in its field.
const BETWEEN: char = ';';

const WORDS: Words = Words {
    channel: Channel::WhatsappGroup,
    home: "/settings/templates/group",
    fill: "",
    fill_from: "",
    import: "",
    list: "Templates of groups",
    about: "What WhatsApp Group says. Nobody approves it; everybody in a group reads the same.",
    new: "Add template",
    edit: "Edit template",
    view: "Template",
    empty_title: "Keep what you post again and again",
    empty_text: || {
        "A template holds a text, a file or a poll with values of the workshop, such as {start_time} and {join_link}.".to_owned()
    },
    name_taken: "Another template has this name. Choose one of its own.",
    removal: "It goes out of the lists.",
    no_values: "Values stand in the text as words between braces: {workshop_title}, {workshop_date}, {start_time}, {join_link}, {organisation}. They need no mapping.",
    place_inside: "A placeholder cannot stand inside a value.",
    name_example: "Link, one hour before",
    text_field: "text",
    takes_marks: true,
    extra_column: "Form",
    buttons: 0,
    asked_about: "",
};

impl Kind for Group {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn kept(&self, text: &str) -> String {
        lines(text)
    }

    /// Its places map themselves.
    fn places(&self, _text: &str) -> usize {
        0
    }

    fn sign(&self, message: &Message, n: usize) -> String {
        let places = message.places();
        let label = places.get(n.saturating_sub(1)).map_or("", |slot| &*slot.label);
        let known = PLACEHOLDERS.iter().find(|(_, known, _)| *known == label);
        known.map_or_else(|| label.to_owned(), |(word, ..)| format!("{{{word}}}"))
    }

    fn categories(&self) -> &'static [Category] {
        &[Category::Utility]
    }

    fn category(&self, _category: Category) -> &'static str {
        "For everybody in the group"
    }

    fn blank(&self, _around: &Around) -> Form {
        Form::default()
    }

    fn fields(&self, message: &Message) -> Vec<(String, String)> {
        let Message::Group(post) = message else { return Vec::new() };
        let media = post.media.as_ref();
        let poll = post.poll.as_ref();
        let yes = |said: bool| if said { "yes" } else { "" };
        [
            ("text", post.text.clone()),
            (post_file::KIND, media.map_or(String::new(), |media| media.kind.word().to_owned())),
            (post_file::URL, media.map_or(String::new(), |media| media.url.clone())),
            (post_file::NAME, media.map_or(String::new(), |media| media.name.clone())),
            ("question", poll.map_or(String::new(), |poll| poll.question.clone())),
            ("answers", poll.map_or(String::new(), |poll| poll.options.join("; "))),
            ("several", yes(poll.is_some_and(|poll| poll.several)).to_owned()),
            ("mention", yes(post.mention_all).to_owned()),
            ("link_preview", yes(post.link_preview).to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn draft(&self, form: &Form) -> Message {
        let text = |name: &str| form.get(name).to_owned();
        let yes = |name: &str| form.get(name) == "yes";
        let answers = form.get("answers").split(BETWEEN).map(str::trim).filter(|answer| !answer.is_empty());
        let poll = Poll {
            question: text("question"),
            options: answers.map(str::to_owned).collect(),
            several: yes("several"),
        };
        let media = file(form);
        let asks = !poll.question.is_empty() || !poll.options.is_empty();
        Message::Group(GroupPost {
            text: if asks { String::new() } else { text("text") },
            media: (!media.url.is_empty() && !asks).then_some(media),
            poll: asks.then_some(poll),
            mention_all: yes("mention"),
            link_preview: yes("link_preview"),
            ..GroupPost::default()
        })
    }

    fn check(&self, form: &Form, say: Say<'_>) {
        let Message::Group(post) = self.draft(form) else { return };
        let asks = post.poll.is_some();
        if asks && !form.get("text").trim().is_empty() {
            say("text", Some("A poll has no text beside it: take one of the two away.".to_owned()));
        }
        for problem in post.problems() {
            let field = match &problem {
                PostProblem::Unknown(_) if asks => "question",
                PostProblem::Empty | PostProblem::TooLong { .. } | PostProblem::Unknown(_) => "text",
                PostProblem::MediaAddress => post_file::URL,
                PostProblem::Question => "question",
                PostProblem::Options(_) | PostProblem::Option(_) => "answers",
            };
            say(field, Some(format!("{problem}.")));
        }
    }

    fn cards(&self, form: &Form, around: &Around, may: bool) -> [Vec<FormCard>; 2] {
        let yes_no = |name: &str, label: &str, help: &str| {
            let current = form.get(name);
            Field::select(
                name,
                label,
                vec![Choice::new("", "No", current), Choice::new("yes", "Yes", current)],
            )
            .help(help)
        };
        let update = Button::new("Update preview").icon(Icon::Retry).submit("do", "update").unchecked();
        let card = |id, title, lines| FormCard { id, title, lines, below: html! {} };
        let text = FormCard {
            below: html! { @if may { div class="m-acts" { (update) } } },
            ..card(
                "text-card",
                "Text",
                vec![
                    vec![Field::text("name", "Name").placeholder(WORDS.name_example).required()],
                    vec![
                        tall("text", "Text")
                            .help(format!("*bold*, _italic_, ~struck out~, - list. At most {TEXT_MAX} characters, {CAPTION_MAX} under a file.")),
                    ],
                    vec![
                        yes_no("mention", "Mention everybody", "Every phone rings, in muted groups too."),
                        yes_no("link_preview", "Show a link preview", "The gateway fetches the page behind the first link."),
                    ],
                ],
            )
        };
        let problem = |name: &str| around.errors.get(name).cloned();
        let refused = problem(REFUSED);
        let fields = FileFields {
            file: &file(form),
            refused: refused.is_some(),
            problem: refused.or_else(|| problem(post_file::URL)),
            may,
            below: html! { p class="m-hint" { "Without a file the text is posted alone." } },
        };
        let media = FormCard { below: fields.render(), ..card("media-card", "File", vec![]) };
        let poll = card(
            "poll-card",
            "Poll",
            vec![
                vec![
                    Field::text("question", "Question")
                        .at_most(255)
                        .help("With a question it is a poll: without text and file."),
                ],
                vec![
                    Field::text("answers", "Answers")
                        .placeholder("Laptop; Phone")
                        .help("Two to ten, with ; between them."),
                    yes_no("several", "More than one may be chosen", ""),
                ],
            ],
        );
        [vec![text], vec![media, poll]]
    }

    fn file<'m>(&self, message: &'m Message) -> Option<(&'static str, &'m PostMedia)> {
        let Message::Group(post) = message else { return None };
        Some((post_file::URL, post.media.as_ref()?))
    }

    fn uploads(&self) -> bool {
        true
    }

    fn beside(&self, _page: &Beside<'_>) -> maud::Markup {
        html! {}
    }

    fn problems(&self, message: &Message) -> Vec<String> {
        let Message::Group(post) = message else { return Vec::new() };
        post.problems().iter().map(ToString::to_string).collect()
    }

    fn listed(&self, message: &Message) -> (String, String) {
        let Message::Group(post) = message else { return Default::default() };
        let first = post.poll.as_ref().map_or(post.text.as_str(), |poll| poll.question.as_str());
        let form = match (&post.poll, &post.media) {
            (Some(_), _) => "Poll",
            (None, Some(media)) => media.kind.title(),
            (None, None) => "Text",
        };
        (first.lines().next().unwrap_or_default().to_owned(), form.to_owned())
    }

    fn sender(&self, _message: &Message, _organisation: &str) -> (String, &'static str) {
        ("A group".to_owned(), "WhatsApp group")
    }

    fn known_by(&self, name: &str, _message: &Message) -> Vec<String> {
        vec![name.to_owned()]
    }

    /// None is found elsewhere: no gateway keeps templates.
    fn unfit(&self, _found: &Found) -> Option<String> {
        Some("Not for groups".into())
    }
}

/// The file that the form names; its address may be empty.
fn file(form: &Form) -> PostMedia {
    PostMedia {
        kind: form.get(post_file::KIND).parse().unwrap_or(MediaKind::Image),
        url: form.get(post_file::URL).to_owned(),
        name: form.get(post_file::NAME).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Form::read(&Group, &pairs)
    }

    #[test]
    fn a_form_makes_its_post_and_back() {
        for pairs in [
            &[("name", "Link"), ("text", "*Today* {start_time}\nJoin {join_link}"), ("mention", "yes")][..],
            &[
                ("name", "Picture"),
                ("text", "Tonight"),
                ("media-kind", "document"),
                ("media-url", "https://a.example/x.pdf"),
            ],
            &[
                ("name", "Poll"),
                ("question", "Laptop or phone?"),
                ("answers", "Laptop; Phone"),
                ("several", "yes"),
            ],
        ] {
            let message = form(pairs).check(&Group).unwrap();
            assert_eq!(Form::of(&Group, pairs[0].1, &message).check(&Group).unwrap(), message);
        }
    }

    #[test]
    fn what_cannot_be_posted_is_said_beside_its_field() {
        let wrong = |pairs: &[(&str, &str)]| -> Vec<String> {
            form(pairs).check(&Group).unwrap_err().into_keys().collect()
        };
        assert_eq!(wrong(&[("name", "A"), ("text", "Hi {first_name}")]), ["text"]);
        assert_eq!(wrong(&[("text", "Hi"), ("media-url", "http://plain.example/x")]), ["media-url", "name"]);
        assert_eq!(wrong(&[("name", "A"), ("question", "Which?"), ("answers", "One")]), ["answers"]);
        assert_eq!(
            wrong(&[("name", "A"), ("text", "Hi"), ("question", "Which?"), ("answers", "One; Two")]),
            ["text"]
        );
    }
}
