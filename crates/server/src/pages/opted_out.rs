//! People who must not be contacted: the list, adding, taking away.

use axum::extract::State;
use domain::{
    channel::{Category, Channel},
    ids::SuppressionId,
    phone::Phone,
    role::Permission,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    suppressions::{Lift, NewSuppression, Suppression, SuppressionFilter},
};

use super::{
    unprocessable,
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
        field::{Choice, Field},
        format::phone,
        head::{Card, Head},
        pagination::Pagination,
        shell::{Crumb, Section},
        table::{Column, Place, Row, Search, Table},
    },
};

const HREF: &str = "/people/opted-out";
/// Entries of a page of the list.
const PAGE: usize = 50;
/// Longest reason.
const REASON_CHARS_MAX: usize = 200;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    phone: String,
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

/// `GET /people/opted-out`
pub async fn list(member: Member, Query(query): Query<ListQuery>) -> PageResult {
    let form = EntryForm { phone: query.phone.clone(), ..EntryForm::default() };
    Ok(ok(page(&member, &query, &form, &EntryErrors::default()).await?))
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
    let reason = form.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    errors.reason = match reason.chars().count() {
        0 => Some("Write who asked for it and how, such as: asked on the phone.".to_owned()),
        n if n > REASON_CHARS_MAX => {
            Some(format!("{n} of {REASON_CHARS_MAX} characters. Shorten the reason."))
        }
        _ => None,
    };
    let (Ok(number), Some(channel), Some(category), None) = (number, channel, category, &errors.reason)
    else {
        return Ok(unprocessable(page(&member, &ListQuery::default(), &form, &errors).await?));
    };
    let phone_key = app.phone_key.of(number.as_str());
    let words = format!("{} opted out of {}.", phone(number.as_str()), what_for(channel, category));
    let entry = NewSuppression { phone: number, phone_key, channel, category, reason };
    match member.org.suppress(entry, member.now).await {
        Ok(()) => Ok(see_other_saying(&app, HREF, &words)),
        Err(StoreError::Taken) => {
            errors.phone = Some("This number has that entry already.".to_owned());
            Ok(unprocessable(page(&member, &ListQuery::default(), &form, &errors).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// Outside `None`: no such word. Inside `None`: all of them.
fn all_or<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
    if word == "all" { Some(None) } else { word.parse().ok().map(Some) }
}

/// `POST /people/opted-out/{entry}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<SuppressionId>) -> PageResult {
    if member.org.unsuppress(id, "", member.now).await? == Lift::NeedsReason {
        return Err(Problem::bad_request("They asked for it themselves. State why it is lifted."));
    }
    Ok(see_other_saying(&app, HREF, "Taken away. This person may be contacted again."))
}

async fn page(
    member: &Member,
    query: &ListQuery,
    form: &EntryForm,
    errors: &EntryErrors,
) -> Result<Markup, Problem> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut entries = member
        .org
        .suppressions(&SuppressionFilter {
            search: query.q.clone(),
            after: query.after.parse().ok(),
            limit,
            ..SuppressionFilter::default()
        })
        .await?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let total = member.org.suppression_count().await?;
    let search = Search { action: HREF.into(), label: "Number".into(), value: query.q.clone(), keep: vec![] };
    let body = html! {
        (Head::new("Opted out").meta(html! { "Nobody on this list is sent what their entry names. It is checked again right before each message." }))
        div class="m-split m-split--list" {
            section class="m-card m-people" aria-labelledby="entries-title" {
                header class="m-card__head m-people__head" { h2 class="m-card__title" id="entries-title" { "Entries" } (search) }
                (entries_table(member, query, &entries))
                (pagination(query, &entries, more, total))
            }
            @if member.may(Permission::Manage) { (add_card(member, form, errors)) }
        }
    };
    let mut page = member.page(Section::People, "Opted out", body);
    page.crumbs = vec![Crumb::to("People", "/people"), Crumb::here("Opted out")];
    Ok(page.render())
}

fn pagination(query: &ListQuery, entries: &[Suppression], more: bool, total: i64) -> Pagination {
    let first = query.from.max(0);
    let shown = i64::try_from(entries.len()).unwrap_or(0);
    let here = format!("{HREF}?q={}", form_value(&query.q));
    Pagination {
        first: first + 1,
        last: if shown == 0 { 0 } else { first + shown },
        total: query.q.is_empty().then_some(total),
        previous: (first > 0).then(|| here.clone()),
        next: entries
            .last()
            .filter(|_| more)
            .map(|last| format!("{here}&after={}&from={}", last.id, first + shown)),
    }
}

fn entries_table(member: &Member, query: &ListQuery, entries: &[Suppression]) -> Table {
    let zone = &member.organization.zone;
    let may = member.may(Permission::Manage);
    let row = |entry: &Suppression| {
        let number = entry.phone.as_deref().map_or("Erased".to_owned(), phone);
        Row::new(vec![
            html! { b { (number) } span class="m-sub" { (entry.reason) } },
            html! { (what_for(entry.channel, entry.category)) },
            html! { (zone.date(entry.created_at, member.now)) span class="m-sub" { @if entry.created_by.is_empty() { "by themselves" } @else { "by " (entry.created_by) } } },
            html! { @if may {
                form method="post" action={ (HREF) "/" (entry.id) "/remove" } {
                    (member.csrf())
                    (Button { size: Size::Small, ..Button::new("Take away") }.spoken(format!("Take away the entry of {number}")))
                }
            } },
        ])
    };
    let empty = match query.q.as_str() {
        "" => "Nobody opted out yet.".to_owned(),
        q => format!("No entry has a number with “{q}” in it."),
    };
    Table {
        caption: "People who opted out".into(),
        columns: vec![
            Column::new("Number", Place::Title),
            Column::new("From", Place::Line),
            Column::new("Entered", Place::Line),
            Column::new("Actions", Place::Actions),
        ],
        rows: entries.iter().map(row).collect(),
        empty,
    }
}

fn add_card(member: &Member, form: &EntryForm, errors: &EntryErrors) -> Card {
    let channels = std::iter::once(Choice::new("all", "Every channel", &form.channel))
        .chain(Channel::ALL.iter().map(|channel| Choice::new(channel.word(), channel.title(), &form.channel)))
        .collect();
    let categories = vec![
        Choice::new("all", "Everything", &form.category),
        Choice::new(Category::Marketing.word(), "Promotions only", &form.category),
    ];
    Card::new(
        "add",
        "Add a number",
        html! {
            form class="m-stack" method="post" action=(HREF) {
                (member.csrf())
                (Field::phone("phone", "Phone").value(&form.phone).autocomplete("off").error(errors.phone.clone()).required())
                (Field::select("channel", "Channel", channels).error(errors.channel.clone()))
                (Field::select("category", "Not to be sent", categories).error(errors.category.clone()))
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
