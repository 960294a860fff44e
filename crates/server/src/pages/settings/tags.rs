//! Tags of workshops: added, changed, removed, and which one new workshops get.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    ids::{SequenceId, TagId},
    role::Permission,
    text::line,
    workshop::TagColour,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::{
    StoreError,
    sequences::{SequenceSummary, TagPlan},
    tags::{Tag, TagUse},
};

use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Path},
        notice::see_other_saying,
    },
    pages::{length_error, settings::sequences, settings_page, unprocessable, workshops::tag_chip},
    ui::{
        button::Button,
        chip::{Chip, Tone},
        dialog::Confirm,
        field::{Choice, Field},
        format::counted,
        head::{Card, Head},
        icons::Icon,
        shell::Crumb,
        table::{Column, Place, Row, Table},
    },
};

/// The page.
pub(crate) const HREF: &str = "/settings/tags";
/// Characters of a tag's word.
const NAME_CHARS_MAX: usize = 30;
/// Characters of what is said about a tag.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// What a form of a tag sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TagForm {
    name: String,
    colour: String,
    description: String,
    sequence: String,
}

impl TagForm {
    /// The description as it is kept.
    fn description(&self) -> String {
        line(&self.description).chars().take(DESCRIPTION_CHARS_MAX).collect()
    }

    /// The word and the colour, or what is wrong with the word. A colour that nobody knows is the first one.
    fn check(&self) -> Result<(String, TagColour), String> {
        let name = line(&self.name);
        match length_error(&name, NAME_CHARS_MAX, "A tag needs a word.") {
            Some(words) => Err(words),
            None => Ok((name, self.colour.parse().unwrap_or(TagColour::Violet))),
        }
    }
}

/// What a tag of that name that is there already is answered with.
fn taken(name: &str) -> String {
    format!("There is a tag “{name}” already.")
}

/// A new tag under a word; the words for what is wrong where it cannot be.
///
/// # Errors
/// When the store cannot be written.
pub(crate) async fn add_named(
    member: &Member,
    typed: &str,
    colour: TagColour,
) -> Result<Result<TagId, String>, StoreError> {
    let form = TagForm { name: typed.to_owned(), colour: colour.word().to_owned(), ..TagForm::default() };
    let (name, colour) = match form.check() {
        Ok(checked) => checked,
        Err(words) => return Ok(Err(words)),
    };
    match member.org.add_tag(&name, colour, member.now).await {
        Ok(id) => Ok(Ok(id)),
        Err(StoreError::Taken) => Ok(Err(taken(&name))),
        Err(error) => Err(error),
    }
}

/// `GET /settings/tags`
pub async fn list(member: Member) -> PageResult {
    Ok(list_page(&member, &TagForm::default(), None).await?.into_response())
}

/// `POST /settings/tags`
pub async fn add(State(app): State<App>, member: Member, Form(form): Form<TagForm>) -> PageResult {
    let colour = form.colour.parse().unwrap_or(TagColour::Violet);
    match add_named(&member, &form.name, colour).await? {
        Ok(id) => {
            keep(&member, id, &form).await?;
            Ok(see_other_saying(&app, HREF, &format!("Tag “{}” added.", line(&form.name))))
        }
        Err(words) => Ok(unprocessable(list_page(&member, &form, Some(words)).await?)),
    }
}

/// `GET /settings/tags/{tag}`
pub async fn edit(member: Member, Path(id): Path<TagId>) -> PageResult {
    let tag = found(&member, id).await?;
    let plans = member.org.tag_plans().await?;
    let plan = plans.iter().find(|plan| plan.tag == id);
    let form = TagForm {
        name: tag.name.clone(),
        colour: tag.colour.word().to_owned(),
        description: plan.map(|plan| plan.description.clone()).unwrap_or_default(),
        sequence: plan.and_then(|plan| plan.sequence).map(|id| id.to_string()).unwrap_or_default(),
    };
    let sequences = member.org.sequences(member.now).await?;
    Ok(edit_page(&member, &tag, &form, None, &sequences).into_response())
}

/// `POST /settings/tags/{tag}`
pub async fn update(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TagId>,
    Form(form): Form<TagForm>,
) -> PageResult {
    let tag = found(&member, id).await?;
    let sequences = member.org.sequences(member.now).await?;
    let wrong = |words: String| -> Response {
        unprocessable(edit_page(&member, &tag, &form, Some(words), &sequences))
    };
    let (name, colour) = match form.check() {
        Ok(checked) => checked,
        Err(words) => return Ok(wrong(words)),
    };
    match member.org.edit_tag(id, &name, colour, member.now).await {
        Ok(()) => {
            keep(&member, id, &form).await?;
            Ok(see_other_saying(&app, HREF, &format!("Tag “{name}” saved.")))
        }
        Err(StoreError::Taken) => Ok(wrong(taken(&name))),
        Err(error) => Err(error.into()),
    }
}

/// Keeps what the tag is and which sequence its workshops are offered. One that is gone meanwhile is none.
async fn keep(member: &Member, id: TagId, form: &TagForm) -> Result<(), StoreError> {
    member.org.describe_tag(id, &form.description(), member.now).await?;
    let chosen = form.sequence.parse::<SequenceId>().ok();
    if member.org.tag_sequence(id).await? == chosen {
        return Ok(());
    }
    match member.org.set_tag_sequence(id, chosen, member.now).await {
        Err(StoreError::Missing) => Ok(()),
        other => other,
    }
}

/// `POST /settings/tags/{tag}/default`
pub async fn make_default(State(app): State<App>, member: Member, Path(id): Path<TagId>) -> PageResult {
    let tag = found(&member, id).await?;
    member.org.set_default_tag(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, &format!("New workshops get “{}”.", tag.name)))
}

/// `GET /settings/tags/{tag}/remove`
pub async fn ask_removal(member: Member, Path(id): Path<TagId>) -> PageResult {
    let all = member.org.tags_in_use().await?;
    let of = all.into_iter().find(|one| one.tag.id == id).ok_or(StoreError::Missing)?;
    let with = match of.workshops {
        0 => "No workshop has it.".to_owned(),
        1 => "1 workshop has it and loses it.".to_owned(),
        n => format!("{} have it and lose it.", counted(n, "workshop", "workshops")),
    };
    let ask = Confirm {
        id: "remove".to_owned(),
        title: format!("Remove tag “{}”?", of.tag.name),
        body: html! { p { (with) " Nothing that was sent changes." } },
        action: format!("{}/remove", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove tag"),
        back: ("Back".to_owned(), HREF.to_owned()),
    };
    Ok(below(&member, "Remove tag", ask.page()).into_response())
}

/// `POST /settings/tags/{tag}/remove`
pub async fn remove(State(app): State<App>, member: Member, Path(id): Path<TagId>) -> PageResult {
    member.org.remove_tag(id, member.now).await?;
    Ok(see_other_saying(&app, HREF, "Tag removed."))
}

fn href(id: TagId) -> String {
    format!("{HREF}/{id}")
}

async fn found(member: &Member, id: TagId) -> Result<Tag, StoreError> {
    member.org.tags().await?.into_iter().find(|tag| tag.id == id).ok_or(StoreError::Missing)
}

/// Word, colour, what it is, and its sequence.
fn fields(form: &TagForm, error: Option<String>, sequences: &[SequenceSummary]) -> Markup {
    let carried = std::iter::once(Choice::new("", "None", &form.sequence)).chain(
        sequences
            .iter()
            .map(|one| Choice::new(one.sequence.id.to_string(), &one.sequence.name, &form.sequence)),
    );
    let carried: Vec<Choice> = carried.collect();
    let colour = if form.colour.is_empty() { TagColour::Violet.word() } else { form.colour.as_str() };
    let colours = TagColour::ALL.iter().map(|one| Choice::new(one.word(), title(*one), colour)).collect();
    html! {
        div class="m-two" {
            (Field::text("name", "Tag").value(&form.name).help("A word or two, such as Masterclass.").at_most(30).error(error).required())
            (Field::select("colour", "Colour", colours))
        }
        div class="m-two" {
            (Field::text("description", "What workshops with it are").value(&form.description).placeholder("Two evenings, paid").help("For those who choose it. You can leave it empty.").at_most(200))
            (Field::select("sequence", "Sequence", carried).help("Its workshops are offered this sequence; nothing runs by itself."))
        }
    }
}

fn title(colour: TagColour) -> &'static str {
    match colour {
        TagColour::Violet => "Violet",
        TagColour::Blue => "Blue",
        TagColour::Teal => "Teal",
        TagColour::Green => "Green",
        TagColour::Lime => "Lime",
        TagColour::Amber => "Amber",
        TagColour::Rose => "Rose",
        TagColour::Grey => "Grey",
    }
}

async fn list_page(member: &Member, form: &TagForm, error: Option<String>) -> Result<Markup, StoreError> {
    let tags = member.org.tags_in_use().await?;
    let (plans, sequences) = (member.org.tag_plans().await?, member.org.sequences(member.now).await?);
    let may = member.may(Permission::Manage);
    let table = Table {
        caption: "Tags".into(),
        columns: vec![
            Column::new("Tag", Place::Title),
            Column::new("Sequence", Place::Line),
            Column::new("Workshops", Place::Number),
            Column::new("New workshops", Place::State),
            Column::new("Actions", Place::Actions),
        ],
        rows: tags.iter().map(|one| row(member, may, one, plans.iter().find(|plan| plan.tag == one.tag.id), &sequences)).collect(),
        empty: "There is no tag yet. With tags, workshops of one kind are found together, and their people are chosen together.".into(),
    };
    let body = html! {
        (Head::new("Tags").meta("A word and a colour on workshops of one kind."))
        (Card::new("tags", "Tags", table))
        @if may {
            (Card::new("add", "Add a tag", html! {
                form class="m-stack" method="post" action=(HREF) {
                    (member.csrf())
                    (fields(form, error, &sequences))
                    div class="m-acts" { (Button::primary("Add tag").icon(Icon::Plus)) }
                }
            }).padded())
        }
    };
    Ok(settings_page(member, "Tags", HREF, body).render())
}

fn row(
    member: &Member,
    may: bool,
    of: &TagUse,
    plan: Option<&TagPlan>,
    sequences: &[SequenceSummary],
) -> Row {
    let TagUse { tag, workshops } = of;
    let about = plan.map_or("", |plan| plan.description.as_str());
    let carried = plan.and_then(|plan| plan.sequence);
    let carried = sequences.iter().find(|one| Some(one.sequence.id) == carried);
    let default = Chip { tone: Tone::Done, icon: Icon::Ok, word: "Get this tag".into() };
    Row::new(vec![
        html! { (tag_chip(tag)) @if !about.is_empty() { span class="m-sub" { (about) } } },
        html! {
            @match carried {
                Some(one) => a class="m-link" href=(sequences::href(one.sequence.id)) { (one.sequence.name) },
                None => "–",
            }
        },
        html! {
            @if *workshops == 0 { "0" } @else { a class="m-link m-num" href={ "/workshops?when=all&tag=" (tag.id) } { (crate::ui::format::grouped(*workshops)) } }
        },
        html! {
            @if tag.is_default { (default) }
            @else if may {
                form method="post" action={ (href(tag.id)) "/default" } {
                    (member.csrf())
                    (Button::new("Give to new ones").spoken(format!("Give “{}” to new workshops", tag.name)).small())
                }
            }
        },
        html! {
            @if may {
                div class="m-rowacts" {
                    (Button::link("Edit", href(tag.id)).spoken(format!("Edit tag “{}”", tag.name)).small())
                    (Button::link("Remove", format!("{}/remove", href(tag.id))).spoken(format!("Remove tag “{}”", tag.name)).small())
                }
            }
        },
    ])
}

fn edit_page(
    member: &Member,
    tag: &Tag,
    form: &TagForm,
    error: Option<String>,
    sequences: &[SequenceSummary],
) -> Markup {
    let body = html! {
        (Head::new(format!("Tag “{}”", tag.name)))
        (Card::new("edit", "Tag", html! {
            form class="m-stack" method="post" action=(href(tag.id)) {
                (member.csrf())
                (fields(form, error, sequences))
                div class="m-acts" {
                    (Button::link("Back", HREF))
                    (Button::primary("Save tag"))
                }
            }
        }).padded())
    };
    below(member, &tag.name, body)
}

fn below(member: &Member, title: &str, body: Markup) -> Markup {
    let mut page = settings_page(member, title, HREF, body);
    page.crumbs = vec![Crumb::to("Settings", "/settings"), Crumb::to("Tags", HREF), Crumb::here(title)];
    page.render()
}
