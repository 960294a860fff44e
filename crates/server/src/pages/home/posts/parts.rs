//! The parts of the composer for posts: who, what and when, and the post as a member sees it.

use domain::{
    broadcast::Audience,
    channel::Channel,
    group::{PostPace, days_of_use, slot},
    ids::{GroupId, WorkshopId},
    post::{CAPTION_MAX, PLACEHOLDERS, PostMedia, TEXT_MAX},
    post_checks::PostFinding,
    role::Permission,
    template::{Content, Message},
    time::{DAY, SECOND},
};
use maud::{Markup, Render, html};
use store::{groups::Group, membership::GroupCoverage};

use super::{
    super::Choices,
    Composing, FORM,
    confirm::TEST,
    moment,
    typed::{Form, LOOK, Order, SHOWN, SYNC, Typed},
};
use crate::{
    http::extract::Member,
    pages::{
        groups::{last_six, of_workshop},
        members,
        post_file::{self, FileFields},
        settings::templates::new_page,
        workshop::variables,
    },
    ui::{
        bar::{Bar, Key},
        button::{Button, Weight},
        chip::State,
        composer::ComposerPart,
        field::{Checkbox, Choice, Field, Segmented, Shown},
        format::{counted, grouped, phone, relative, span},
        head::Fact,
        icons::Icon,
        preview::{Bubble, Part, Preview, Step, Stepper},
        writing::Writing,
    },
};

/// The parts *Who*, *What* and *When*.
pub(super) fn all(
    member: &Member,
    choices: &Choices,
    composing: &Composing,
    listed: &Listed<'_>,
) -> Vec<ComposerPart> {
    let part = |title: &str, body| ComposerPart { title: title.to_owned(), summary: None, open: true, body };
    vec![
        part("Who", who(member, choices, composing, listed)),
        part("What", what(member, composing)),
        part("When", when(member, composing)),
    ]
}

/// The card with the account that posts, or with the fact that a person posts.
pub(super) fn account(member: &Member, composing: &Composing) -> Markup {
    let Some((integration, linked)) = &composing.account else { return by_hand(composing) };
    let number = linked.as_ref().map_or(String::new(), |linked| phone(&linked.phone));
    let ready = linked.as_ref().is_some_and(|linked| linked.posts(member.now));
    let own = composing.groups.iter().filter(|group| group.account == integration.id && !group.is_community);
    html! {
        section class="m-card m-byhand" aria-label="Account" {
            (Icon::Group)
            div {
                p class="m-card__title" { (integration.name) " " (if ready { State::Ready } else { State::Setup }) }
                p class="m-sub" { (number) " · " (counted(i64::try_from(own.count()).unwrap_or(i64::MAX), "group", "groups")) " · posts one at a time, with pauses: our caution" }
            }
            (Button::link("Configure", "/settings/accounts").icon(Icon::Settings))
        }
    }
}

/// The card for posts by hand: nothing is linked, and a person posts.
fn by_hand(composing: &Composing) -> Markup {
    let groups = i64::try_from(composing.groups.len()).unwrap_or(i64::MAX);
    html! {
        section class="m-card m-byhand" aria-label="By hand" {
            (Icon::Group)
            div {
                p class="m-card__title" { "Posted by hand" }
                p class="m-sub" { "A person is asked when a post is due. Nothing is linked to WhatsApp, and nothing is proven beyond “handed over”." }
            }
            span class="m-sub m-nowrap" { (counted(groups, "group", "groups")) }
        }
    }
}

/// The chosen groups after the button that was pressed: `all` adds the listed groups, `none` clears the choice.
pub(super) fn picked(typed: &Typed, groups: &[Group], chosen: Vec<GroupId>) -> Vec<GroupId> {
    let shown = |group: &&Group| is_listed(group, &typed.find);
    match typed.pick.as_str() {
        "all" => {
            let more = groups.iter().filter(shown).filter(|group| group.takes_posts());
            more.map(|group| group.id).chain(chosen.iter().copied()).collect()
        }
        "none" => vec![],
        _ => chosen,
    }
}

/// Whether the picker lists a group when somebody searches for these words.
fn is_listed(group: &Group, find: &str) -> bool {
    let subject = group.subject.to_lowercase();
    find.to_lowercase().split_whitespace().all(|word| subject.contains(word) || group.jid.contains(word))
}

/// The groups in the picker: those that the search shows, each with whether it is chosen, and the chosen ones that it
/// hides.
pub(super) struct Listed<'a> {
    shown: Vec<(&'a Group, bool)>,
    hidden: Vec<GroupId>,
}

impl<'a> Listed<'a> {
    pub(super) fn of(composing: &'a Composing) -> Listed<'a> {
        let chosen = composing.chosen();
        let is_chosen = |group: &Group| chosen.contains(&group.id);
        let (shown, hidden): (Vec<&Group>, Vec<&Group>) =
            composing.groups.iter().partition(|group| is_listed(group, &composing.typed.find));
        // A community stands above its groups. Groups without a community come last.
        let community = |group: &Group| match (group.is_community, group.parent.is_empty()) {
            (true, _) => group.jid.clone(),
            (false, false) => group.parent.clone(),
            (false, true) => "~".to_owned(),
        };
        let mut shown = shown;
        shown.sort_by_key(|group| (community(group), !group.is_community));
        Listed {
            shown: shown.into_iter().map(|group| (group, is_chosen(group))).collect(),
            hidden: hidden.into_iter().filter(|group| is_chosen(group)).map(|group| group.id).collect(),
        }
    }

    pub(super) fn hidden(&self) -> impl Iterator<Item = GroupId> {
        self.hidden.iter().copied()
    }
}

fn who(member: &Member, choices: &Choices, composing: &Composing, listed: &Listed<'_>) -> Markup {
    let workshop = composing.review.draft.workshop.id;
    let current =
        composing.review.draft.asked.as_ref().map(|asked| asked.user.to_string()).unwrap_or_default();
    let posters = composing.posters.iter().map(|one| {
        let label = if one.user == member.user.id { format!("{} (you)", one.name) } else { one.name.clone() };
        Choice::new(one.user.to_string(), label, &current)
    });
    html! {
        div class="m-row2" {
            (super::super::parts::workshops(member, choices, workshop))
            @match &composing.account {
                Some((integration, _)) => (Shown { label: "Account", value: html! { (integration.name) } }),
                None => (Field::select("asked", "Who posts", posters.collect()).help("Gets the text, posts it in each group, and marks it.")),
            }
        }
        (picker(composing, listed))
        @if let Some(joined) = &composing.joined { (missing(member, workshop, joined)) }
        p class="m-hint" { a class="m-link" href=(of_workshop(workshop)) { "Name a group, or choose those of this workshop" } }
    }
}

/// The registrants who will not see the post because they are in no group of the workshop.
fn missing(member: &Member, workshop: WorkshopId, joined: &GroupCoverage) -> Markup {
    let n = joined.missing();
    let bar = Bar::thin(vec![
        (Key::Done, joined.here),
        (Key::Skipped, joined.left),
        (Key::Waiting, joined.never()),
    ]);
    html! {
        div class="m-inroom" {
            p class="m-inroom__head" {
                span { b { (grouped(joined.here)) } " of " (counted(joined.registrants, "registrant is", "registrants are")) " in a group of this workshop" }
                a class="m-link" href=(members::of_workshop(workshop)) { "Join rate " (joined.rate_percent()) "%" }
            }
            (bar)
            @if n > 0 {
                div class="m-inroom__foot" {
                    p class="m-p" { b { (grouped(n)) " missing" } " will not see this post" }
                    @if member.may(Permission::Send) {
                        (Button::link(format!("Send the invite link by WhatsApp Personal ({})", grouped(n)),
                            members::tell(workshop, Channel::WhatsappPersonal, &Audience::NoGroup)).icon(Icon::Personal).small())
                    }
                }
            }
        }
    }
}

fn picker(composing: &Composing, listed: &Listed<'_>) -> Markup {
    let (draft, find) = (&composing.review.draft, &composing.typed.find);
    let chosen = draft.groups.len();
    html! {
        div class="m-field" {
            span class="m-label" id="groups" { "Groups" }
            div class="m-pick" role="group" aria-labelledby="groups" {
                div class="m-pick__head" {
                    div class="m-search" { (Icon::Search) input class="mui-input" type="search" name="find" value=(find) aria-label="Search groups" autocomplete="off"; }
                    (quiet(format!("Select all ({} visible)", listed.shown.iter().filter(|(group, _)| group.takes_posts()).count()), "all"))
                    (quiet(format!("Clear ({chosen})"), "none").disabled(chosen == 0))
                    @if composing.groups.iter().any(|group| !group.by_hand) && composing.may_sync {
                        (quiet("Sync".to_owned(), SYNC).icon(Icon::Retry).busy("Reading…"))
                    }
                }
                ul class="m-pick__list" {
                    @for (group, chosen) in &listed.shown {
                        @if group.is_community { (heading(group)) } @else { (row(group, *chosen)) }
                    }
                    @if listed.shown.is_empty() { li class="m-pick__over" { "No group has these words" } }
                }
                p class="m-pick__foot" {
                    span { b { (chosen) " of " (composing.groups.iter().filter(|group| !group.is_community).count()) } " chosen" }
                    @if let Some(n) = draft.members() { span { b { (grouped(n)) } " members" } }
                }
            }
        }
    }
}

/// A button that sends the form with another choice of groups.
fn quiet(label: String, pick: &str) -> Button {
    Button { weight: Weight::Ghost, ..Button::new(label).submit("pick", pick).unchecked() }
}

/// A community as the heading above its groups: nobody can post to it.
fn heading(group: &Group) -> Markup {
    html! {
        li class="m-pick__over" {
            (Icon::Group) "Community: " (group.subject)
            span class="m-sub" { "The community itself is only a heading" }
        }
    }
}

fn row(group: &Group, chosen: bool) -> Markup {
    let off = !group.takes_posts();
    let id = format!("group-{}", group.id);
    html! {
        li.m-pick__row.is-off[off] {
            input type="checkbox" name="group" value=(group.id) id=(id) checked[chosen] disabled[off] data-autosubmit;
            label for=(id) {
                span class="m-pick__name" {
                    span class="m-cut" { (group.subject) }
                    @if let Some(digits) = last_six(group) { span class="m-jid" { (digits) } }
                }
                span class="m-pick__marks" {
                    @if off { span class="m-gmark m-gmark--act" { (Icon::Warning) "Only admins may write, and this account is not one" } }
                    @else if !group.by_hand {
                        @if group.is_admin { span class="m-gmark" { (Icon::Key) "You are admin" } }
                        span class="m-gmark" { @if group.announce { "Announce" } @else { "All may write" } }
                    }
                    @if group.by_hand { span class="m-gmark" { (Icon::Person) "By hand" } }
                    @if !group.invite_link.is_empty() { span class="m-gmark" { (Icon::Open) "Has an invite link" } }
                }
            }
            span class="m-pick__n" {
                @match group.members { Some(n) => { (grouped(n)) }, None => "–" }
                span class="m-sub" { " members" }
            }
        }
    }
}

/// The field that fills the others from a template, or a link where there is no template.
fn template(composing: &Composing) -> Markup {
    let typed = &composing.typed;
    if composing.templates.is_empty() {
        return html! { p class="m-hint" { a class="m-link m-tap" href=(new_page(Channel::WhatsappGroup)) { "Keep a post as a template" } } };
    }
    let current = typed.template.map(|id| id.to_string()).unwrap_or_default();
    let mut choices = vec![Choice::new("", "None", &current)];
    choices
        .extend(composing.templates.iter().map(|one| Choice::new(one.id.to_string(), &one.name, &current)));
    html! {
        (Field::select("template", "Template", choices).help("Choosing one fills in what it says.").autosubmit())
        input type="hidden" name="template-was" value=(current);
    }
}

/// The button that posts in one group first. Only an account can do that, so posts by hand have none.
fn trial(composing: &Composing) -> Markup {
    let Some((integration, _)) = &composing.account else { return html! {} };
    let current = composing.typed.test_group.map(|id| id.to_string()).unwrap_or_default();
    let own = composing.groups.iter().filter(|group| group.account == integration.id && group.takes_posts());
    let choices: Vec<Choice> =
        own.map(|group| Choice::new(group.id.to_string(), &group.subject, &current)).collect();
    html! {
        div class="m-row2" {
            (Field::select("test-group", "Try it in one group", choices).help("Its members read it at once; it counts as a post."))
            div class="m-field" { (Button::new("Send test").icon(Icon::Test).formaction(TEST).busy("Confirming…")) }
        }
    }
}

fn what(member: &Member, composing: &Composing) -> Markup {
    let typed = &composing.typed;
    let missing = composing.review.findings.iter().find_map(|finding| match finding {
        PostFinding::VariablesMissing(names) => Some(names.as_slice()),
        _ => None,
    });
    let forms =
        Form::ALL.iter().map(|(_, word, title)| Choice::new(*word, *title, typed.form.word())).collect();
    html! {
        (template(composing))
        div class="m-row2" {
            (Field::text("title", "Name, for your lists").value(&typed.title).placeholder("The first words of the post").at_most(60))
            div class="m-field" {
                p class="m-label" { "Form" }
                (Segmented { name: "form".to_owned(), legend: "Form of the post".to_owned(), choices: forms, autosubmit: true })
            }
        }
        @match typed.form {
            Form::Text => (text(typed, "Text", TEXT_MAX)),
            Form::Media => { (file(composing)) (text(typed, "Caption", CAPTION_MAX)) }
            Form::Poll => (poll(typed)),
        }
        // The file stays in the form while another form of post is chosen.
        @if typed.form != Form::Media {
            @let (kind, url, name) = &typed.media;
            @for (field, value) in [(post_file::KIND, kind.0.word()), (post_file::URL, url), (post_file::NAME, name)] {
                @if !url.is_empty() { input type="hidden" name=(field) value=(value); }
            }
        }
        @if let Some(names) = missing.filter(|_| member.may(Permission::Manage)) {
            (variables::asking(names))
            div class="m-acts" { (Button::new("Save for this workshop").submit("do", super::SAVE_VALUES).unchecked()) }
        }
        div class="m-ticks" {
            (Checkbox::new("mention", "Mention everybody", typed.mention_all).help("Every phone rings, in muted groups too. Not more than once a day."))
            (Checkbox::new("link-preview", "Show a link preview", typed.link_preview).help("Whoever posts by hand sees it before they send."))
        }
        (trial(composing))
    }
}

/// The fields of its file, and what was found wrong with it.
fn file(composing: &Composing) -> Markup {
    let (typed, draft) = (&composing.typed, &composing.review.draft);
    let (kind, url, name) = &typed.media;
    let file = PostMedia { kind: kind.0, url: url.clone(), name: name.clone() };
    let wrong = draft.media.as_ref();
    let fits = typed.looks && wrong.is_none() && !file.url.is_empty() && draft.post.problems().is_empty();
    let below = html! {
        div class="m-acts" {
            (Button::new("Check the file").icon(Icon::Test).submit("do", LOOK).unchecked().busy("Looking…"))
            @if fits { p class="m-hint" role="status" { (Icon::Check) " It can be fetched, and is of its kind and size. It is looked at again before it is posted." } }
        }
    };
    let problem = wrong.map(|problem| format!("{problem}. {}", problem.help()));
    FileFields { file: &file, problem, refused: typed.refused.is_some(), may: true, below }.render()
}

fn text(typed: &Typed, label: &str, max: usize) -> Markup {
    let names =
        PLACEHOLDERS.iter().take(5).map(|(word, ..)| format!("{{{word}}}")).collect::<Vec<_>>().join(" ");
    html! {
        (Writing(Field::area("text", label, &typed.text)
            .help(format!("*bold*, _italic_, ~struck out~, - list. Values: {names}. {} of {}.", grouped(count(&typed.text)), grouped(i64::try_from(max).unwrap_or(0))))
            .autosubmit()))
        @for (name, value) in [("question", &typed.question), ("options", &typed.options)] {
            input type="hidden" name=(name) value=(value);
        }
    }
}

fn count(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn poll(typed: &Typed) -> Markup {
    html! {
        (Field::text("question", "Question").value(&typed.question).at_most(255).autosubmit())
        (Field::area("options", "Answers, one a line", &typed.options).help("Two to ten, no two alike.").autosubmit())
        (Checkbox::new("several", "More than one may be chosen", typed.several))
        input type="hidden" name="text" value=(typed.text);
    }
}

fn when(member: &Member, composing: &Composing) -> Markup {
    let (typed, draft, zone) = (&composing.typed, &composing.review.draft, &member.organization.zone);
    let current = if typed.later { "later" } else { "now" };
    let choices = vec![Choice::new("now", "Now", current), Choice::new("later", "Later", current)];
    let at = match &composing.at_error {
        Some(_) => typed.at.clone(),
        None => zone.local_form(draft.timing.start),
    };
    let until = match &composing.until_error {
        Some(_) => typed.until.clone(),
        None => zone.local_form(draft.timing.deadline),
    };
    let starts = match typed.later {
        true => relative(draft.timing.start.0, member.now.0),
        false => "as soon as you confirm".to_owned(),
    };
    html! {
        div class="m-when" {
            (Segmented { name: "when".to_owned(), legend: "When to post".to_owned(), choices, autosubmit: true })
            @if typed.later {
                (Field::datetime("at", "Day and time").hide_label().value(at).error(composing.at_error.clone()).autosubmit())
            }
            p class="m-hint" { "Due " (starts) ". What is not marked as posted by the last useful moment expires." }
        }
        div class="m-row2" {
            @if let Some((pace, _)) = &draft.pace { (gap(pace, typed.gap_s)) }
            (Field::select("order", "Order", Order::ALL.iter().map(|order| Choice::new(order.word(), order.title(), typed.order.word())).collect()).autosubmit())
        }
        @if let Some(takes) = takes(member, composing) { (takes) }
        div class="m-row2" {
            (Field::datetime("until", "Not posted after").value(until).error(composing.until_error.clone()).autosubmit())
            (Shown { label: "Workshop starts", value: html! { (moment(member, draft.workshop.starts_at)) } })
        }
    }
}

/// The pause between posts: the account's own, or a longer one. Shorter pauses than the account's own are not
/// offered.
fn gap(pace: &PostPace, gap_s: i64) -> Field {
    let current = if gap_s > 0 { gap_s.to_string() } else { String::new() };
    let own = format!("Random, {} to {} s", pace.gap_from_s, pace.gap_until_s);
    let longer = PostPace::GAPS_S.into_iter().filter(|gap| pace.is_lengthened_by(*gap) || *gap == gap_s);
    let mut choices = vec![Choice::new("", own, &current)];
    choices.extend(
        longer.map(|gap| Choice::new(gap.to_string(), format!("At least {}", span(gap * SECOND)), &current)),
    );
    Field::select("gap", "Gap between groups", choices).autosubmit()
}

/// How long the posts take, and how many posts the account then has in 24 hours; `None` where that is not known.
fn takes(member: &Member, composing: &Composing) -> Option<Markup> {
    let review = &composing.review;
    let (pace, book) = review.draft.pace.as_ref()?;
    let (first, last) = (*review.moments.first()?, review.done_at()?);
    let groups = i64::try_from(review.draft.groups.len()).unwrap_or(i64::MAX);
    let per_day = pace.per_day(days_of_use(book.linked_at, last));
    let since = slot(last.plus(-DAY));
    let lately: i64 = book.spent.range(since..).map(|(_, n)| n).sum();
    let ahead = i64::try_from(book.ahead).unwrap_or(0);
    let gaps = match days_of_use(book.linked_at, first) < PostPace::WARM_UP.len() {
        true => "longer pauses while the account is new".to_owned(),
        false => format!("pauses of {} to {} s", pace.gap_from_s, pace.gap_until_s),
    };
    let gaps = match review.draft.gap_s {
        0 => gaps,
        gap => format!("{gaps}, {} at least", span(gap * SECOND)),
    };
    let in_a_day = format!("{} of {}", grouped(lately + ahead + groups), grouped(per_day));
    let facts = [
        Fact::new("Posts", grouped(groups)).note("one in each group"),
        Fact::new("Takes", span(last.since(first))).note(gaps),
        Fact::new("Done by", moment(member, last)).note("an estimate"),
        Fact::new("Posts in 24 hours then", in_a_day).note("our caution"),
    ];
    Some(html! { dl class="m-facts m-takes" { @for fact in &facts { (fact) } } })
}

/// The post as a member of one of the chosen groups sees it; one group after the other can be looked at.
pub(super) fn preview(member: &Member, composing: &Composing) -> Preview {
    let draft = &composing.review.draft;
    let (shown, last) = (composing.shown(), draft.groups.len().saturating_sub(1));
    let group = draft.groups.get(shown);
    let members = group.and_then(|group| group.members).map(|n| counted(n, "member", "members"));
    let message = Message::Group(draft.post.clone());
    let bubble = match &composing.review.content {
        Ok(content) => written(member, composing, &message, content),
        Err(error) => {
            let text = vec![Part::Wrong(error.to_string())];
            Bubble::of(&message, text, member.organization.zone.time(draft.timing.start))
        }
    };
    let empty = draft.post.text.is_empty() && draft.post.media.is_none() && draft.post.poll.is_none();
    let step = |to: usize| Step::Press { form: FORM, name: SHOWN, value: to.to_string() };
    let stepper = group.filter(|_| last > 0).map(|group| Stepper {
        name: group.subject.clone(),
        detail: last_six(group).into_iter().chain(members.clone()).collect::<Vec<_>>().join(" · "),
        of: "group",
        position: i64::try_from(shown + 1).unwrap_or(i64::MAX),
        total: i64::try_from(draft.groups.len()).unwrap_or(i64::MAX),
        previous: shown.checked_sub(1).map(step),
        next: (shown < last).then(|| step(shown + 1)),
    });
    Preview {
        stepper,
        medium: domain::channel::Medium::WhatsApp,
        sender: group.map_or_else(|| "A group".to_owned(), |group| group.subject.clone()),
        sender_note: members.unwrap_or_else(|| "WhatsApp group".to_owned()),
        foot: if group.is_some_and(|group| group.announce) { "Only admins can send messages" } else { "" },
        bubble: (!empty).then_some(bubble),
    }
}

fn written(member: &Member, composing: &Composing, message: &Message, content: &Content) -> Bubble {
    let draft = &composing.review.draft;
    let at = member.organization.zone.time(draft.timing.start);
    let linked = composing.account.as_ref().and_then(|(account, linked)| Some((account, linked.as_ref()?)));
    let by = linked.map(|(account, linked)| (account.name.clone(), phone(&linked.phone)));
    let text = message.preview(content).into_iter().map(Part::from).collect();
    Bubble { by, ..Bubble::of(message, text, at) }
}
