//! What was chosen and typed on the tab of groups. It comes in a form and not in the address, because a post may be
//! longer than an address can be.

use std::cmp::Reverse;

use domain::{
    group::PostPace,
    ids::{GroupId, TemplateId, UserId, WorkshopId},
    post::{GroupPost, MediaKind, Poll, PostMedia},
    post_media::MediaProblem,
};
use store::groups::Group;

use crate::pages::post_file;

/// The number of characters of a post that are read. It is more than any post may have, so that a text that is too
/// long is refused and not cut.
const TEXT_MAX: usize = 8_000;
/// The number of characters of every other field that are read.
const FIELD_MAX: usize = 1_000;
/// The largest number of groups that can be chosen.
const GROUPS_MAX: usize = 1_000;

/// The value of the button that has a file's address checked.
pub(super) const LOOK: &str = "look";

/// The value of the button that reads the groups from their gateways.
pub(super) const SYNC: &str = "sync";

/// The field with the place of the group that the preview shows. The buttons beside the preview send another place.
pub(super) const SHOWN: &str = "shown";

/// The order in which the groups are posted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// The order of the picker.
    #[default]
    Listed,
    /// The group with the most members first.
    Largest,
    /// The group with the fewest members first.
    Smallest,
}

impl Order {
    pub(super) const ALL: [Order; 3] = [Order::Listed, Order::Largest, Order::Smallest];

    pub(super) fn word(self) -> &'static str {
        match self {
            Order::Listed => "listed",
            Order::Largest => "largest",
            Order::Smallest => "smallest",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Order::Listed => "As listed",
            Order::Largest => "Largest group first",
            Order::Smallest => "Smallest group first",
        }
    }

    fn read(word: &str) -> Order {
        Order::ALL.into_iter().find(|order| order.word() == word).unwrap_or_default()
    }

    /// Sorts the groups. Groups with an unknown number of members come last.
    pub(super) fn sort(self, groups: &mut [Group]) {
        match self {
            Order::Listed => {}
            Order::Largest => groups.sort_by_key(|group| Reverse(group.members)),
            Order::Smallest => groups.sort_by_key(|group| (group.members.is_none(), group.members)),
        }
    }
}

/// The form of a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// A text.
    #[default]
    Text,
    /// A file with an optional caption.
    Media,
    /// A poll: a question with answers.
    Poll,
}

impl Form {
    pub(super) const ALL: [(Form, &'static str, &'static str); 3] =
        [(Form::Text, "text", "Text"), (Form::Media, "media", "Media"), (Form::Poll, "poll", "Poll")];

    pub(super) fn word(self) -> &'static str {
        Form::ALL.iter().find(|(form, ..)| *form == self).map_or("text", |(_, word, _)| word)
    }

    fn read(word: &str) -> Form {
        Form::ALL.iter().find(|(_, known, _)| *known == word).map_or(Form::Text, |(form, ..)| *form)
    }
}

/// What was chosen and typed. The ids may belong to anybody; they are looked up within the organisation.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) workshop: Option<WorkshopId>,
    /// The workshop for which the other fields were typed.
    pub(super) made_for: Option<WorkshopId>,
    /// The chosen groups; `None` before anybody chose, when those of the workshop are taken.
    pub(super) groups: Option<Vec<GroupId>>,
    /// The words that the picker searches for; empty lists all groups.
    pub(super) find: String,
    /// The button of the picker that was pressed: `all`, `none`, [`SYNC`], or empty.
    pub(super) pick: String,
    pub(super) asked: Option<UserId>,
    pub(super) title: String,
    /// The template that is chosen.
    pub(super) template: Option<TemplateId>,
    /// The template that filled the fields last. Another choice fills them again.
    pub(super) template_was: Option<TemplateId>,
    /// The group in which the post is tried first.
    pub(super) test_group: Option<GroupId>,
    /// Whether the file is checked now, which sends a request to the server that holds it.
    pub(super) looks: bool,
    pub(super) form: Form,
    pub(super) text: String,
    pub(super) media: (MediaKindWord, String, String),
    pub(super) question: String,
    pub(super) options: String,
    pub(super) several: bool,
    pub(super) mention_all: bool,
    pub(super) link_preview: bool,
    /// Why the file that was uploaded with the form was refused.
    pub(super) refused: Option<MediaProblem>,
    /// The shortest pause between posts, in seconds; 0 leaves the pause to the account.
    pub(super) gap_s: i64,
    pub(super) order: Order,
    /// Which of the chosen groups the preview is of, from 0.
    pub(super) shown: usize,
    pub(super) later: bool,
    pub(super) at: String,
    pub(super) until: String,
}

/// The kind of a file. A picture is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MediaKindWord(pub(super) MediaKind);

impl Default for MediaKindWord {
    fn default() -> MediaKindWord {
        MediaKindWord(MediaKind::Image)
    }
}

impl Typed {
    /// Reads a query or a form. A value that cannot be read counts as absent.
    pub(super) fn read(pairs: &[(String, String)]) -> Typed {
        let mut typed = Typed::default();
        for (name, value) in pairs {
            let most = if matches!(name.as_str(), "text" | "options") { TEXT_MAX } else { FIELD_MAX };
            let value: String = value.chars().take(most).collect();
            match name.as_str() {
                "workshop" => typed.workshop = value.parse().ok(),
                "made-for" => typed.made_for = value.parse().ok(),
                // The form had the boxes of the groups, of which none may be ticked.
                "chosen" => _ = typed.groups.get_or_insert_default(),
                "group" => {
                    let groups = typed.groups.get_or_insert_default();
                    if let (Ok(id), true) = (value.parse(), groups.len() < GROUPS_MAX) {
                        groups.push(id);
                    }
                }
                "find" => typed.find = value,
                "pick" => typed.pick = value,
                "asked" => typed.asked = value.parse().ok(),
                "do" => typed.looks = value == LOOK,
                "title" => typed.title = value,
                "template" => typed.template = value.parse().ok(),
                "template-was" => typed.template_was = value.parse().ok(),
                "test-group" => typed.test_group = value.parse().ok(),
                "form" => typed.form = Form::read(&value),
                "text" => typed.text = value.replace("\r\n", "\n"),
                post_file::KIND => typed.media.0 = MediaKindWord(value.parse().unwrap_or(MediaKind::Image)),
                post_file::URL => typed.media.1 = value.trim().to_owned(),
                post_file::NAME => typed.media.2 = value.trim().to_owned(),
                "question" => typed.question = value,
                "options" => typed.options = value.replace("\r\n", "\n"),
                "several" => typed.several = true,
                "mention" => typed.mention_all = true,
                "link-preview" => typed.link_preview = true,
                "gap" => {
                    typed.gap_s = value.parse().ok().filter(|gap| PostPace::GAPS_S.contains(gap)).unwrap_or(0)
                }
                "order" => typed.order = Order::read(&value),
                SHOWN => typed.shown = value.parse().unwrap_or(0),
                "when" => typed.later = value == "later",
                "at" => typed.at = value,
                "until" => typed.until = value,
                _ => {}
            }
        }
        typed.forget_what_was_for_another();
        typed
    }

    /// Groups and times that were chosen for another workshop are dropped.
    fn forget_what_was_for_another(&mut self) {
        if self.made_for.is_some() && self.made_for != self.workshop {
            self.groups = None;
            self.at.clear();
            self.until.clear();
        }
    }

    /// Fills the fields from a template.
    pub(super) fn take(&mut self, post: GroupPost) {
        self.template_was = self.template;
        self.form = match (&post.poll, &post.media) {
            (Some(_), _) => Form::Poll,
            (None, Some(_)) => Form::Media,
            (None, None) => Form::Text,
        };
        self.text = post.text;
        let media = post.media.map(|media| (MediaKindWord(media.kind), media.url, media.name));
        self.media = media.unwrap_or_default();
        let poll = post.poll.map(|poll| (poll.question, poll.options.join("\n"), poll.several));
        (self.question, self.options, self.several) = poll.unwrap_or_default();
        (self.mention_all, self.link_preview) = (post.mention_all, post.link_preview);
    }

    /// The post that the fields describe.
    pub(super) fn post(&self) -> GroupPost {
        let text = if self.form == Form::Poll { String::new() } else { self.text.trim_end().to_owned() };
        let (kind, url, name) = &self.media;
        let media = PostMedia { kind: kind.0, url: url.clone(), name: name.clone() };
        let lines = self.options.lines().map(str::trim).filter(|line| !line.is_empty());
        let poll = Poll {
            question: self.question.trim().to_owned(),
            options: lines.map(str::to_owned).collect(),
            several: self.several,
        };
        GroupPost {
            text,
            media: (self.form == Form::Media).then_some(media),
            poll: (self.form == Form::Poll).then_some(poll),
            mention_all: self.mention_all,
            link_preview: self.link_preview,
            ..GroupPost::default()
        }
    }

    /// The fields as names and values that a form carries along, with the groups that are chosen now.
    pub(super) fn pairs(&self, groups: &[GroupId]) -> Vec<(String, String)> {
        let mut pairs = vec![("chosen".to_owned(), String::new())];
        let mut say = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
        let workshop = self.workshop.map(|id| id.to_string()).unwrap_or_default();
        say("workshop", &workshop);
        say("made-for", &workshop);
        for group in groups {
            say("group", &group.to_string());
        }
        if let Some(asked) = self.asked {
            say("asked", &asked.to_string());
        }
        say("title", &self.title);
        for (name, template) in [("template", self.template), ("template-was", self.template_was)] {
            if let Some(template) = template {
                say(name, &template.to_string());
            }
        }
        say("form", self.form.word());
        say("text", &self.text);
        say(post_file::KIND, self.media.0.0.word());
        say(post_file::URL, &self.media.1);
        say(post_file::NAME, &self.media.2);
        say("question", &self.question);
        say("options", &self.options);
        for (name, ticked) in
            [("several", self.several), ("mention", self.mention_all), ("link-preview", self.link_preview)]
        {
            if ticked {
                say(name, "on");
            }
        }
        if self.gap_s > 0 {
            say("gap", &self.gap_s.to_string());
        }
        say("order", self.order.word());
        say("when", if self.later { "later" } else { "now" });
        say("at", &self.at);
        say("until", &self.until);
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Millis;

    fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_a_form_carries_along_is_read_back() {
        let (workshop, group) = (WorkshopId::new(Millis(1)).to_string(), GroupId::new(Millis(1)));
        let typed = Typed::read(&pairs(&[
            ("workshop", &workshop),
            ("group", &group.to_string()),
            ("form", "poll"),
            ("question", "Laptop or phone?"),
            ("options", "Laptop\r\n\r\n Phone \r\n"),
            ("mention", "on"),
            ("gap", "120"),
            ("order", "largest"),
            ("when", "later"),
            ("at", "2026-10-13T18:00"),
        ]));
        let again = Typed::read(&typed.pairs(&[group]));
        assert_eq!(again.post(), typed.post());
        assert_eq!(again.groups, Some(vec![group]));
        let poll = typed.post().poll.unwrap();
        assert_eq!(poll.options, ["Laptop", "Phone"]);
        assert!(typed.post().mention_all && typed.later);
        assert_eq!((again.gap_s, again.order), (120, Order::Largest));
        assert_eq!(Typed::read(&pairs(&[("gap", "7"), ("order", "no")])).gap_s, 0);
    }

    #[test]
    fn groups_of_another_workshop_are_not_taken_over() {
        let (old, new) = (WorkshopId::new(Millis(1)).to_string(), WorkshopId::new(Millis(2)).to_string());
        let group = GroupId::new(Millis(1)).to_string();
        let read = |made_for: &str| {
            Typed::read(&pairs(&[
                ("workshop", &new),
                ("made-for", made_for),
                ("group", &group),
                ("text", "Hi"),
            ]))
        };
        assert_eq!(read(&old).groups, None);
        assert_eq!(read(&old).text, "Hi", "what was written stays");
        assert_eq!(read(&new).groups.unwrap().len(), 1);
    }

    #[test]
    fn no_box_ticked_is_no_group_and_not_those_of_the_workshop() {
        assert_eq!(Typed::read(&pairs(&[("chosen", "")])).groups, Some(vec![]));
        assert_eq!(Typed::read(&[]).groups, None);
    }
}
