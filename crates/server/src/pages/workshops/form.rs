//! The form of a workshop: new, and edited.

use axum::{extract::State, response::IntoResponse};
use domain::{
    ids::{TagId, WorkshopId},
    text::line,
    time::{DAY, HOUR, MINUTE, Millis},
    variable::Variables,
    workshop::{TagColour, WorkshopStatus},
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    tags::Tag,
    workshops::{Workshop, WorkshopDraft},
};

use super::{super::unprocessable, crumbs, href};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    pages::{length_error, settings::tags, workshop::plan},
    ui::{
        button::Button,
        chip::Tone,
        field::{Choice, Field},
        format::{counted, span},
        head::{Card, Head},
        note::Note,
        shell::Section,
    },
};

/// Longest title: it is in every message and in the head of every page.
const TITLE_CHARS_MAX: usize = 120;

/// Longest join link; browsers take about this much.
const LINK_CHARS_MAX: usize = 2_000;

/// A workshop that lasts longer is asked about.
const LONG: i64 = 14 * HOUR;

/// Longest time from start to end, in milliseconds. More is a slip in the date.
const LENGTH_MAX: i64 = 31 * 24 * HOUR;

/// What the form of a workshop sends; times as `datetime-local` fields write them, in the organisation's zone.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WorkshopForm {
    #[serde(default)]
    title: String,
    #[serde(default)]
    starts: String,
    #[serde(default)]
    ends: String,
    #[serde(default)]
    join_link: String,
    #[serde(default)]
    tag: String,
    /// The word of a tag that is added with the workshop; it goes before the one that is chosen.
    #[serde(default)]
    new_tag: String,
    /// The workshop that a new one copies: its values go along.
    #[serde(default)]
    from: String,
    /// Of a new one: made with the form, so that the same form sent twice adds one workshop.
    #[serde(default)]
    id: String,
    /// Of one that is changed: what it was when the form was made ([`WorkshopForm::stands`]).
    #[serde(default)]
    was: String,
}

/// What is wrong with such a form, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct WorkshopErrors {
    title: Option<String>,
    starts: Option<String>,
    ends: Option<String>,
    join_link: Option<String>,
    tag: Option<String>,
    new_tag: Option<String>,
    /// Somebody else changed it since the form was made.
    changed: Option<String>,
}

impl WorkshopForm {
    fn of(workshop: &Workshop, member: &Member) -> WorkshopForm {
        let zone = &member.organization.zone;
        let form = WorkshopForm {
            title: workshop.title.clone(),
            starts: zone.local_form(workshop.starts_at),
            ends: zone.local_form(workshop.ends_at),
            join_link: workshop.join_link.clone(),
            tag: workshop.tag.as_ref().map_or(String::new(), |tag| tag.id.to_string()),
            ..WorkshopForm::default()
        };
        WorkshopForm { was: form.stands(), ..form }
    }

    /// Its values as one text, to see whether somebody changed them meanwhile.
    fn stands(&self) -> String {
        [&self.title, &self.starts, &self.ends, &self.join_link, &self.tag]
            .map(|value| value.as_str())
            .join("\n")
    }

    /// All that is wrong at once, or the workshop.
    fn check(&self, member: &Member, tags: &[Tag]) -> Result<WorkshopDraft, Box<WorkshopErrors>> {
        let zone = &member.organization.zone;
        let mut errors = WorkshopErrors::default();
        let title = line(&self.title);
        errors.title = length_error(&title, TITLE_CHARS_MAX, "A workshop needs a title.");
        let time = |text: &str| zone.parse_local(text).map_err(|_| "Enter a day and a time.".to_owned());
        let (starts, ends) = (time(&self.starts), time(&self.ends));
        if let (Ok(starts), Ok(ends)) = (&starts, &ends) {
            errors.ends = match ends.since(*starts) {
                ms if ms < MINUTE => Some("The end has to be after the start.".to_owned()),
                ms if ms > LENGTH_MAX => {
                    Some("The end is more than a month after the start. Check the day.".to_owned())
                }
                _ => None,
            };
        }
        let join_link = whole_link(self.join_link.trim());
        errors.join_link = link_error(&join_link);
        let tag = match self.tag.as_str() {
            "" => None,
            id => {
                let known = id.parse::<TagId>().ok().filter(|id| tags.iter().any(|tag| tag.id == *id));
                errors.tag = known.is_none().then(|| "This tag is gone. Choose another.".to_owned());
                known
            }
        };
        match (starts, ends) {
            (Ok(starts_at), Ok(ends_at)) if errors == WorkshopErrors::default() => {
                Ok(WorkshopDraft { title, starts_at, ends_at, join_link, tag })
            }
            (starts, ends) => {
                errors.starts = starts.err();
                errors.ends = ends.err().or(errors.ends);
                Err(Box::new(errors))
            }
        }
    }
}

/// A link as people copy it: an address that begins with its host gets its `https://`.
pub(crate) fn whole_link(typed: &str) -> String {
    let host = typed.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host =
        host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    if is_host { format!("https://{typed}") } else { typed.to_owned() }
}

/// What is wrong with a link, in words; nothing is wrong with none.
pub(crate) fn link_error(link: &str) -> Option<String> {
    if link.is_empty() {
        return None;
    }
    let web = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    let host = web.and_then(|rest| rest.split(['/', '?', '#']).next()).filter(|host| !host.is_empty());
    let Some(host) = host.filter(|_| !link.contains(char::is_whitespace)) else {
        return Some("A link begins with https:// and has no spaces.".to_owned());
    };
    // What `line` leaves out cannot be seen: a zero byte, or a mark that turns the end of a link around.
    if line(link) != link || link.contains('\\') {
        return Some(
            "This link has signs in it that cannot be seen or that no link has. Type it again.".to_owned(),
        );
    }
    if host.contains('@') {
        return Some("A name before an @ hides where a link leads. Leave it out.".to_owned());
    }
    (link.len() > LINK_CHARS_MAX)
        .then(|| format!("{} of {LINK_CHARS_MAX} characters. Use a shorter link.", link.len()))
}

/// The query of the page for a new workshop.
#[derive(Debug, Default, Deserialize)]
pub struct NewQuery {
    /// The id of the workshop that is copied.
    #[serde(default)]
    from: String,
}

/// The form of a copy: the workshop a week later, or as many weeks later as it takes to lie ahead.
fn copied(member: &Member, workshop: &Workshop) -> WorkshopForm {
    let zone = &member.organization.zone;
    let (_, tomorrow) = zone.day(member.now);
    let minute = zone.minute_of_day(workshop.starts_at);
    // By the calendar: the same clock time, also where the clocks change between the two.
    let week_later = |at: Millis| zone.next_at_minute(at.plus(7 * DAY - 3 * HOUR), minute);
    let mut starts = week_later(workshop.starts_at);
    if starts < tomorrow {
        let weeks = tomorrow.since(starts) / (7 * DAY);
        starts = zone.next_at_minute(starts.plus(weeks * 7 * DAY - 3 * HOUR), minute);
    }
    while starts < tomorrow {
        starts = week_later(starts);
    }
    let lasts = workshop.ends_at.since(workshop.starts_at);
    WorkshopForm {
        title: workshop.title.clone(),
        starts: zone.local_form(starts),
        ends: zone.local_form(starts.plus(lasts)),
        join_link: workshop.join_link.clone(),
        tag: workshop.tag.as_ref().map_or(String::new(), |tag| tag.id.to_string()),
        from: workshop.id.to_string(),
        id: WorkshopId::new(member.now).to_string(),
        ..WorkshopForm::default()
    }
}

/// The values that a new workshop begins with: those of the one that it copies.
async fn first_values(member: &Member, form: &WorkshopForm) -> Result<Variables, StoreError> {
    let Ok(from) = form.from.parse::<WorkshopId>() else { return Ok(Variables::new()) };
    Ok(member.org.workshop(from).await?.variables)
}

/// `GET /workshops/new`: tomorrow evening, two hours, the default tag; or as a copy.
pub async fn new(member: Member, Query(query): Query<NewQuery>) -> PageResult {
    let tags = member.org.tags().await?;
    if let Ok(from) = query.from.parse::<WorkshopId>() {
        let form = copied(&member, &member.org.workshop(from).await?);
        return Ok(form_page(&member, None, &form, &WorkshopErrors::default(), &tags).into_response());
    }
    let zone = &member.organization.zone;
    let (_, tomorrow) = zone.day(member.now);
    let starts = zone.next_at_minute(tomorrow, 19 * 60);
    let form = WorkshopForm {
        starts: zone.local_form(starts),
        ends: zone.local_form(starts.plus(2 * HOUR)),
        tag: tags.iter().find(|tag| tag.is_default).map_or(String::new(), |tag| tag.id.to_string()),
        id: WorkshopId::new(member.now).to_string(),
        ..WorkshopForm::default()
    };
    Ok(form_page(&member, None, &form, &WorkshopErrors::default(), &tags).into_response())
}

/// `POST /workshops/new`
pub async fn create(State(app): State<App>, member: Member, Form(form): Form<WorkshopForm>) -> PageResult {
    let tags = member.org.tags().await?;
    match form.check(&member, &tags) {
        Ok(mut draft) => {
            if let Err(words) = set_new_tag(&member, &form, &tags, &mut draft).await? {
                let errors = WorkshopErrors { new_tag: Some(words), ..WorkshopErrors::default() };
                return Ok(unprocessable(form_page(&member, None, &form, &errors, &tags)));
            }
            let id = form.id.parse().unwrap_or_else(|_| WorkshopId::new(member.now));
            let values = first_values(&member, &form).await?;
            let id = member.org.add_workshop_once(id, &draft, &values, member.now).await?;
            let words = format!("Workshop added. Import its registrants next.{}", long(&draft));
            Ok(see_other_saying(&app, &href(id), &words))
        }
        Err(errors) => Ok(unprocessable(form_page(&member, None, &form, &errors, &tags))),
    }
}

/// `GET /workshops/{workshop}/edit`
pub async fn edit(member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    let workshop = open(&member, id).await?;
    let tags = member.org.tags().await?;
    let form = WorkshopForm::of(&workshop, &member);
    Ok(form_page(&member, Some(&workshop), &form, &WorkshopErrors::default(), &tags).into_response())
}

/// `POST /workshops/{workshop}/edit`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<WorkshopId>,
    Form(form): Form<WorkshopForm>,
) -> PageResult {
    let workshop = open(&member, id).await?;
    let tags = member.org.tags().await?;
    let now_stands = WorkshopForm::of(&workshop, &member).was;
    if !form.was.is_empty() && form.was.replace("\r\n", "\n") != now_stands {
        let errors = WorkshopErrors {
            changed: Some(format!(
                "It is now “{}”, {}. Save again to put what stands here in its place.",
                workshop.title,
                member.organization.zone.long_date(workshop.starts_at)
            )),
            ..WorkshopErrors::default()
        };
        let form = WorkshopForm { was: now_stands, ..form };
        return Ok(unprocessable(form_page(&member, Some(&workshop), &form, &errors, &tags)));
    }
    match form.check(&member, &tags) {
        Ok(mut draft) => {
            if let Err(words) = set_new_tag(&member, &form, &tags, &mut draft).await? {
                let errors = WorkshopErrors { new_tag: Some(words), ..WorkshopErrors::default() };
                return Ok(unprocessable(form_page(&member, Some(&workshop), &form, &errors, &tags)));
            }
            let moves = (draft.starts_at, draft.ends_at) != (workshop.starts_at, workshop.ends_at);
            if moves && plan::steps_to_come(&member, id).await? > 0 {
                // What new times change of the plan is shown before they hold.
                let typed = plan::move_to_href(id, &form.starts, &form.ends);
                (draft.starts_at, draft.ends_at) = (workshop.starts_at, workshop.ends_at);
                member.org.edit_workshop(id, &draft, member.now).await?;
                return Ok(see_other_saying(
                    &app,
                    &typed,
                    "Saved but for the time: look at what it changes.",
                ));
            }
            let stopped = member.org.edit_workshop(id, &draft, member.now).await?;
            let words = match stopped {
                0 => "Workshop saved.".to_owned(),
                n => format!(
                    "Workshop saved. {} with the old time stopped.",
                    counted(n, "broadcast", "broadcasts")
                ),
            };
            let words = words + &old_time(&member, id).await? + &long(&draft);
            Ok(see_other_saying(&app, &href(id), &words))
        }
        Err(errors) => Ok(unprocessable(form_page(&member, Some(&workshop), &form, &errors, &tags))),
    }
}

/// A word about those who know a time that does not hold any more.
pub(in crate::pages) async fn old_time(member: &Member, id: WorkshopId) -> Result<String, StoreError> {
    let old = member.org.told_old_time(id).await?;
    Ok(old.map_or(String::new(), |old| {
        format!(" {} told the old time.", counted(old.people, "person was", "people were"))
    }))
}

/// A word about a workshop that lasts longer than people listen: the day of its end may be a slip.
fn long(draft: &WorkshopDraft) -> String {
    match draft.ends_at.since(draft.starts_at) {
        ms if ms > LONG => format!(" It lasts {}: check the day of its end.", span(ms)),
        _ => String::new(),
    }
}

/// Gives the workshop the tag whose word was typed: one that is there, or a new one.
async fn set_new_tag(
    member: &Member,
    form: &WorkshopForm,
    tags: &[Tag],
    draft: &mut WorkshopDraft,
) -> Result<Result<(), String>, StoreError> {
    let typed = line(&form.new_tag);
    if typed.is_empty() {
        return Ok(Ok(()));
    }
    if let Some(known) = tags.iter().find(|tag| tag.is_called(&typed)) {
        draft.tag = Some(known.id);
        return Ok(Ok(()));
    }
    // The next colour, so that tags can be told apart.
    let colour = TagColour::ALL.get(tags.len() % TagColour::ALL.len()).copied().unwrap_or(TagColour::Violet);
    Ok(tags::add_named(member, &typed, colour).await?.map(|id| draft.tag = Some(id)))
}

/// A workshop that can still be changed.
pub(in crate::pages) async fn open(member: &Member, id: WorkshopId) -> Result<Workshop, Problem> {
    let workshop = member.org.workshop(id).await?;
    if workshop.status == WorkshopStatus::Cancelled {
        return Err(store::StoreError::Stale.into());
    }
    Ok(workshop)
}

fn form_page(
    member: &Member,
    workshop: Option<&Workshop>,
    form: &WorkshopForm,
    errors: &WorkshopErrors,
    tags: &[Tag],
) -> Markup {
    let (title, action, back) = match workshop {
        None => ("New workshop", "/workshops/new".to_owned(), "/workshops".to_owned()),
        Some(workshop) => ("Edit workshop", format!("{}/edit", href(workshop.id)), href(workshop.id)),
    };
    let zone = &member.organization.zone;
    let tag_choices = std::iter::once(Choice::new("", "No tag", &form.tag))
        .chain(tags.iter().map(|tag| Choice::new(tag.id.to_string(), tag.name.clone(), &form.tag)))
        .collect();
    let body = html! {
        (Head::new(title))
        @if let Some(words) = &errors.changed { (Note::new(Tone::Act, "Somebody changed this workshop meanwhile.", words.clone())) }
        (Card::new("workshop", "Workshop", html! {
            form class="m-stack" method="post" action=(action) {
                (member.csrf())
                @if workshop.is_some() { input type="hidden" name="was" value=(form.was); } @else { input type="hidden" name="id" value=(form.id); input type="hidden" name="from" value=(form.from); }
                @if !form.from.is_empty() { p class="m-p" { "A copy: its link, tag and values go along; people, groups and messages do not." } }
                (Field::text("title", "Title").value(&form.title).help("Shown in messages.").at_most(120).error(errors.title.clone()).required())
                div class="m-two" {
                    (Field::datetime("starts", "Starts").value(&form.starts).help(format!("In {}.", zone.name())).error(errors.starts.clone()).required())
                    (Field::datetime("ends", "Ends").value(&form.ends).error(errors.ends.clone()).required())
                }
                (Field::text("join_link", "Join link").inputmode("url").value(&form.join_link).placeholder("https://").help("You can add it later.").error(errors.join_link.clone()))
                @if tags.is_empty() {
                    (Field::text("new_tag", "Tag").value(&form.new_tag).help("A word for workshops of this kind, such as Masterclass. You can leave it empty.").at_most(30).error(errors.new_tag.clone()))
                } @else {
                    div class="m-two" {
                        (Field::select("tag", "Tag", tag_choices).error(errors.tag.clone()))
                        (Field::text("new_tag", "Or a new tag").value(&form.new_tag).at_most(30).error(errors.new_tag.clone()))
                    }
                }
                div class="m-acts" {
                    (Button::link("Back", back))
                    (Button::primary(if workshop.is_some() { "Save workshop" } else { "Add workshop" }).busy("Saving…"))
                }
            }
        }).padded())
    };
    let mut page = member.page(Section::Workshops, title, body);
    page.crumbs = crumbs(workshop, title);
    page.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_without_its_beginning_is_completed() {
        assert_eq!(whole_link("meet.example/abc-def"), "https://meet.example/abc-def");
        for as_typed in
            ["", "https://meet.example", "javascript:alert(1)", "soon", "a b.c", "mail@meet.example"]
        {
            assert_eq!(whole_link(as_typed), as_typed);
        }
    }

    #[test]
    fn a_join_link_is_a_web_address_or_nothing() {
        for good in ["", "https://meet.example/a?b=1", "http://meet.example"] {
            assert_eq!(link_error(good), None, "{good}");
        }
        for bad in ["meet.example", "javascript:alert(1)", "https://", "https:///x", "https://a b"] {
            assert!(link_error(bad).is_some(), "{bad}");
        }
        assert_eq!(link_error("https://meet.example/@room?to=a@b.example"), None);
        for misleading in [
            "https://meet.example@evil.example/x",
            "https://meet.example\\@evil.example",
            "https://evil.example/\u{202E}moc.elpmaxe",
            "https://meet.example/\0x",
            "https://meet\u{200B}.example",
        ] {
            assert!(link_error(misleading).is_some(), "{misleading:?}");
        }
        assert!(link_error(&format!("https://{}", "a".repeat(3_000))).is_some());
    }
}
