//! People who must not be contacted: the list, finding, adding, lifting, exporting. A list is imported in `opted_out_import.rs`.

use axum::extract::State;
use domain::{
    channel::{Category, Channel},
    ids::SuppressionId,
    phone::Phone,
    role::Permission,
    text::line,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    audit::Exported,
    suppressions::{LiftResult, Lifted, Listed, NewSuppression, Suppression, SuppressionFilter},
};

use super::{
    csv::streamed,
    length_error, unprocessable,
    workshops::{form_value, ok},
};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Form, Member, Path, Query},
        notice::see_other_saying,
    },
    ui::{
        button::{Button, Size},
        dialog::Confirm,
        field::{Choice, Field},
        format::phone,
        head::{Card, Head},
        icons::Icon,
        pagination::{Pagination, Trail},
        shell::{Crumb, Section},
        table::{Column, Place, Row, Search, Table},
    },
};

pub(super) const HREF: &str = "/people/opted-out";
/// Entries of a page of the list.
const PAGE: usize = 50;
/// Entries read at once by an export.
const CHUNK: i64 = 1_000;
/// Longest reason.
pub(super) const REASON_CHARS_MAX: usize = 200;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    category: String,
    /// `lifted` for those that hold no longer.
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    back: String,
    #[serde(default)]
    phone: String,
}

impl ListQuery {
    fn filter(&self, app: &App, member: &Member, limit: i64) -> SuppressionFilter {
        let whole = Phone::parse(&self.q, member.organization.country).ok();
        SuppressionFilter {
            search: self.q.trim().to_owned(),
            phone_key: whole.map(|number| app.phone_key.of(number.as_str())),
            channel: self.channel.parse().ok(),
            category: self.category.parse().ok(),
            after: self.after.parse().ok(),
            limit,
        }
    }

    fn lifted(&self) -> bool {
        self.show == "lifted"
    }

    /// The address of the same list, with one part of it other than now.
    fn to(&self, part: &str, value: &str) -> String {
        let now = [
            ("q", self.q.as_str()),
            ("channel", &self.channel),
            ("category", &self.category),
            ("show", &self.show),
        ];
        let parts: Vec<String> = now
            .iter()
            .map(|(name, old)| (*name, if *name == part { value } else { old }))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", form_value(value)))
            .collect();
        if parts.is_empty() { HREF.to_owned() } else { format!("{HREF}?{}", parts.join("&")) }
    }
}

/// What the form of a new entry sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct EntryForm {
    #[serde(default)]
    phone: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    reason: String,
}

/// What is wrong with such a form, field by field.
#[derive(Clone, Debug, Default)]
struct EntryErrors {
    phone: Option<String>,
    channel: Option<String>,
    category: Option<String>,
    reason: Option<String>,
}

/// What the form of a lifting sends.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LiftForm {
    #[serde(default)]
    reason: String,
}

/// "everything", "SMS", "promotions on SMS".
pub(super) fn what_for(channel: Option<Channel>, category: Option<Category>) -> String {
    let what = match category {
        None => None,
        Some(Category::Marketing) => Some("promotions"),
        Some(Category::Utility) => Some("messages about a workshop"),
        Some(Category::Authentication) => Some("codes"),
    };
    match (what, channel) {
        (None, None) => "everything".to_owned(),
        (None, Some(channel)) => format!("everything on {}", channel.title()),
        (Some(what), None) => format!("{what} on every channel"),
        (Some(what), Some(channel)) => format!("{what} on {}", channel.title()),
    }
}

/// Why a reason cannot be taken.
pub(super) fn check_reason(reason: &str) -> Option<String> {
    length_error(reason, REASON_CHARS_MAX, "Write who asked for it and how, such as: asked on the phone.")
}

/// `GET /people/opted-out`
pub async fn list(State(app): State<App>, member: Member, Query(query): Query<ListQuery>) -> PageResult {
    let form = EntryForm { phone: query.phone.clone(), ..EntryForm::default() };
    Ok(ok(page(&app, &member, &query, &form, &EntryErrors::default()).await?))
}

/// `POST /people/opted-out`
pub async fn add(State(app): State<App>, member: Member, Form(form): Form<EntryForm>) -> PageResult {
    let mut errors = EntryErrors::default();
    let number = Phone::parse(&form.phone, member.organization.country);
    errors.phone = number.as_ref().err().map(ToString::to_string);
    let channel = all_or::<Channel>(&form.channel);
    let category = all_or::<Category>(&form.category);
    errors.channel = channel.is_none().then(|| "Choose a channel, or every one.".to_owned());
    errors.category = category.is_none().then(|| "Choose what they must not be sent.".to_owned());
    let reason = line(&form.reason);
    errors.reason = check_reason(&reason);
    let (Ok(number), Some(channel), Some(category), None) = (number, channel, category, &errors.reason)
    else {
        return Ok(unprocessable(page(&app, &member, &ListQuery::default(), &form, &errors).await?));
    };
    let phone_key = app.phone_key.of(number.as_str());
    let words = format!("{} opted out of {}.", phone(number.as_str()), what_for(channel, category));
    let entry = NewSuppression { phone: number, phone_key, channel, category, reason };
    match member.org.suppress(entry, member.now).await {
        Ok(()) => Ok(see_other_saying(&app, HREF, &words)),
        Err(StoreError::Taken) => {
            errors.phone = Some("This number has that entry already.".to_owned());
            Ok(unprocessable(page(&app, &member, &ListQuery::default(), &form, &errors).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// Outside `None`: no such word. Inside `None`: all of them.
pub(super) fn all_or<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
    if word == "all" { Some(None) } else { word.parse().ok().map(Some) }
}

/// `GET /people/opted-out/{entry}/remove`: why it is lifted.
pub async fn ask_remove(member: Member, Path(id): Path<SuppressionId>) -> PageResult {
    let entry = member.org.suppression(id).await?;
    Ok(ok(remove_page(&member, &entry, "", None)))
}

/// `POST /people/opted-out/{entry}/remove`
pub async fn remove(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SuppressionId>,
    Form(form): Form<LiftForm>,
) -> PageResult {
    let entry = member.org.suppression(id).await?;
    let reason = line(&form.reason);
    if let Some(error) = check_reason(&reason).filter(|_| !reason.is_empty()) {
        return Ok(unprocessable(remove_page(&member, &entry, &reason, Some(error))));
    }
    match member.org.unsuppress(id, &reason, member.now).await? {
        LiftResult::Done => {
            let words = "Allowed again. This person may be contacted, as far as no other entry stands.";
            Ok(see_other_saying(&app, HREF, words))
        }
        LiftResult::NeedsReason => {
            let error =
                "They asked for it themselves. Write how they asked to be contacted again.".to_owned();
            Ok(unprocessable(remove_page(&member, &entry, "", Some(error))))
        }
    }
}

fn remove_page(member: &Member, entry: &Suppression, reason: &str, error: Option<String>) -> Markup {
    let number = number_of(entry);
    let own = entry.is_own();
    let mut field = Field::text("reason", "Why they may be contacted again")
        .value(reason)
        .placeholder(if own { "Asked on the phone to get messages again" } else { "Entered by mistake" })
        .error(error);
    if own {
        field = field.required();
    }
    let question = Confirm {
        id: "lift".into(),
        title: format!("Allow messages to {number} again?"),
        body: html! {
            div class="m-stack" {
                p class="m-p" { "It keeps them from " (what_for(entry.channel, entry.category)) ". “" (entry.reason) "”, " (entered(member, entry)) "." }
                @if own { p class="m-p" { "They asked for it themselves: what they had agreed to before does not come back with it." } }
                (field)
            }
        },
        action: format!("{HREF}/{}/remove", entry.id),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Allow again").busy("Allowing…"),
        back: ("Keep it".into(), HREF.into()),
    };
    let mut page = member.page(Section::People, "Allow again", question.page());
    page.crumbs =
        vec![Crumb::to("People", "/people"), Crumb::to("Opted out", HREF), Crumb::here("Allow again")];
    page.render()
}

fn number_of(entry: &Suppression) -> String {
    entry.phone.as_deref().map_or("Erased number".to_owned(), phone)
}

/// The number, and whose it is where that is known.
fn who(entry: &Suppression) -> Markup {
    html! {
        b { (number_of(entry)) }
        @if !entry.name.is_empty() { " " span { (entry.name) } }
        span class="m-sub" { (entry.reason) }
    }
}

/// "by Meera, Tue 13 Oct".
fn entered(member: &Member, entry: &Suppression) -> String {
    let day = member.organization.zone.date(entry.created_at, member.now);
    match (entry.created_by.as_str(), entry.source.as_str()) {
        ("", _) => format!("by themselves, {day}"),
        (name, "import") => format!("by {name} from a list, {day}"),
        (name, _) => format!("by {name}, {day}"),
    }
}

/// `GET /people/opted-out/export`: the entries of the page's filter, written while they are read. The export is in the
/// audit log.
pub async fn export(State(app): State<App>, member: Member, Query(query): Query<ListQuery>) -> PageResult {
    let filter = query.filter(&app, &member, CHUNK);
    let zone = member.organization.zone.clone();
    let titles = ["Phone", "Channel", "Category", "Reason", "Source", "Entered by", "Entered at"];
    member.org.note_export(Exported::OptedOut, !filter.is_empty(), member.now).await?;
    let org = member.org.scan_permit().await?;
    Ok(streamed("opted-out.csv", titles, org, filter, move |org, filter| {
        let zone = zone.clone();
        async move {
            let entries = org.suppressions(&filter).await?;
            let last = entries.last().map(|entry| entry.id);
            let next = (entries.len() as i64 == CHUNK).then_some(SuppressionFilter { after: last, ..filter });
            let cells = |entry: Suppression| {
                [
                    entry.phone.unwrap_or_default(),
                    entry.channel.map_or("every channel", Channel::title).to_owned(),
                    entry.category.map_or("everything", Category::word).to_owned(),
                    entry.reason,
                    entry.source,
                    entry.created_by,
                    zone.rfc3339(entry.created_at),
                ]
            };
            Ok((entries.into_iter().map(cells).collect(), next))
        }
    }))
}

async fn page(
    app: &App,
    member: &Member,
    query: &ListQuery,
    form: &EntryForm,
    errors: &EntryErrors,
) -> Result<Markup, Problem> {
    let filter = query.filter(app, member, i64::try_from(PAGE).unwrap_or(i64::MAX));
    let may = member.may(Permission::Manage);
    let list = if query.lifted() {
        let lifted = member.org.lifted_page(&filter).await?;
        html! {
            (lifted_table(member, query, &lifted))
            (pagination(query, &lifted, None))
        }
    } else {
        let entries = member.org.suppressions_page(&filter).await?;
        let total = match filter.is_empty() {
            true => Some(member.org.suppression_count().await?),
            false => None,
        };
        html! {
            (entries_table(member, query, &entries))
            (pagination(query, &entries, total))
        }
    };
    let keep = [("channel", &query.channel), ("category", &query.category), ("show", &query.show)];
    let keep = keep.iter().filter(|(_, value)| !value.is_empty());
    let search = Search {
        action: HREF.into(),
        label: "Name, number or e-mail".into(),
        value: query.q.clone(),
        keep: keep.map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect(),
    };
    let export = query.to("show", "").replacen(HREF, &format!("{HREF}/export"), 1);
    let mut head = Head::new("Opted out")
        .meta(html! { "These people get no messages of the kind shown. The list is checked again right before each message." });
    if may {
        head = head.action(Button { download: true, ..Button::link("Export", export).icon(Icon::Download) });
        head = head.action(Button::link("Import a list", format!("{HREF}/import")).icon(Icon::Upload));
    }
    let body = html! {
        (head)
        div class=(if may { "m-split m-split--list" } else { "m-stack" }) {
            section class="m-card m-people" aria-labelledby="entries-title" {
                header class="m-card__head m-people__head" { h2 class="m-card__title" id="entries-title" { "Entries" } (search) }
                (filters(query))
                (list)
            }
            @if may { (add_card(member, form, errors)) }
        }
    };
    let mut page = member.page(Section::People, "Opted out", body);
    page.crumbs = vec![Crumb::to("People", "/people"), Crumb::here("Opted out")];
    Ok(page.render())
}

/// Which entries: by what they stop, and those that hold no longer.
fn filters(query: &ListQuery) -> Markup {
    let marketing = Category::Marketing.word();
    let pill = |label: &str, current: bool, href: String| {
        html! { a class="m-pill" href=(href) aria-current=[current.then_some("true")] { (label) } }
    };
    html! {
        nav class="m-filters" aria-label="Filter by what is stopped" {
            (pill("Every channel", query.channel.is_empty(), query.to("channel", "")))
            @for channel in Channel::ALL {
                (pill(channel.title(), query.channel == channel.word(), query.to("channel", channel.word())))
            }
        }
        nav class="m-filters" aria-label="Filter by category and state" {
            (pill("Everything", query.category.is_empty(), query.to("category", "")))
            (pill("Stops promotions", query.category == marketing, query.to("category", marketing)))
            (pill("Stops reminders", query.category == "utility", query.to("category", "utility")))
            (pill("Allowed again", query.lifted(), query.to("show", if query.lifted() { "" } else { "lifted" })))
        }
    }
}

fn pagination<T>(query: &ListQuery, page: &Listed<T>, total: Option<i64>) -> Pagination {
    let shown = i64::try_from(page.rows.len()).unwrap_or(0);
    let next = page.next.map(|last| last.to_string());
    let trail = Trail::read(&query.after, query.from, &query.back);
    trail.foot(&query.to("show", &query.show), PAGE as i64, shown, next, total)
}

fn empty<T>(query: &ListQuery, page: &Listed<T>) -> String {
    if page.next.is_some() {
        return format!(
            "None of the entries looked at so far matches “{}”. “Next” looks at older ones.",
            query.q.trim()
        );
    }
    match (query.q.trim(), query.channel.is_empty() && query.category.is_empty(), query.lifted()) {
        ("", true, false) => "Nobody opted out yet.".to_owned(),
        ("", true, true) => "No entry was lifted yet.".to_owned(),
        ("", false, _) => "No entry stops that.".to_owned(),
        (q, _, _) => format!(
            "No entry matches “{q}”. Every word is looked for at the beginning of names and e-mail addresses; a number by its beginning or its last four digits. A number that was erased is found only by the whole of it."
        ),
    }
}

fn entries_table(member: &Member, query: &ListQuery, entries: &Listed<Suppression>) -> Table {
    let may = member.may(Permission::Manage);
    let row = |entry: &Suppression| {
        let number = number_of(entry);
        Row::new(vec![
            who(entry),
            html! { (what_for(entry.channel, entry.category)) },
            html! { (entered(member, entry)) },
            html! { @if may {
                (Button { size: Size::Small, ..Button::link("Allow again", format!("{HREF}/{}/remove", entry.id)) }.spoken(format!("Allow messages to {number} again")))
            } },
        ])
    };
    Table {
        caption: "People who opted out".into(),
        columns: vec![
            Column::new("Number", Place::Title),
            Column::new("From", Place::Line),
            Column::new("Entered", Place::Line),
            Column::new("Actions", Place::Actions),
        ],
        rows: entries.rows.iter().map(row).collect(),
        empty: empty(query, entries),
    }
}

fn lifted_table(member: &Member, query: &ListQuery, lifted: &Listed<Lifted>) -> Table {
    let zone = &member.organization.zone;
    let row = |lifted: &Lifted| {
        let entry = &lifted.entry;
        let by = if lifted.by.is_empty() { "themselves" } else { &lifted.by };
        Row::new(vec![
            who(entry),
            html! { (what_for(entry.channel, entry.category)) span class="m-sub" { (entered(member, entry)) } },
            html! {
                "by " (by) ", " (zone.date(lifted.at, member.now))
                @if !lifted.reason.is_empty() { span class="m-sub" { (lifted.reason) } }
            },
        ])
    };
    Table {
        caption: "Entries that were lifted".into(),
        columns: vec![
            Column::new("Number", Place::Title),
            Column::new("From", Place::Line),
            Column::new("Allowed again", Place::Line),
        ],
        rows: lifted.rows.iter().map(row).collect(),
        empty: empty(query, lifted),
    }
}

/// Choices of a channel, for forms of entries.
pub(super) fn channels(current: &str) -> Vec<Choice> {
    std::iter::once(Choice::new("all", "Every channel", current))
        .chain(Channel::ALL.iter().map(|channel| Choice::new(channel.word(), channel.title(), current)))
        .collect()
}

/// Choices of what an entry stops.
pub(super) fn categories(current: &str) -> Vec<Choice> {
    vec![
        Choice::new("all", "Everything", current),
        Choice::new(Category::Marketing.word(), "Promotions only", current),
    ]
}

fn add_card(member: &Member, form: &EntryForm, errors: &EntryErrors) -> Card {
    Card::new(
        "add",
        "Add a number",
        html! {
            form class="m-stack" method="post" action=(HREF) {
                (member.csrf())
                (Field::phone("phone", "Phone").value(&form.phone).autocomplete("off").error(errors.phone.clone()).required())
                (Field::select("channel", "Channel", channels(&form.channel)).error(errors.channel.clone()))
                (Field::select("category", "Not to be sent", categories(&form.category)).error(errors.category.clone()))
                (Field::text("reason", "Reason").value(&form.reason).placeholder("Asked on the phone").error(errors.reason.clone()).required())
                (Button::new("Add number").busy("Adding…"))
            }
        },
    )
    .padded()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_in_words_what_it_stops() {
        assert_eq!(what_for(None, None), "everything");
        assert_eq!(what_for(Some(Channel::Sms), None), "everything on SMS");
        assert_eq!(what_for(Some(Channel::Sms), Some(Category::Marketing)), "promotions on SMS");
        assert_eq!(all_or::<Channel>("all"), Some(None));
        assert_eq!(all_or::<Channel>("pigeon"), None);
    }
}
