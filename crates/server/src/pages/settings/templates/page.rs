//! The page of one template: its form, and beside it the message as one person would read it.

use domain::{
    role::Permission,
    template::{Facts, Message, Source},
};
use maud::{Markup, Render, html};
use store::{StoreError, plans::TemplateUses};

use super::{
    check::check_card,
    form::{Form, Value, shown, sources},
    kind::{Around, Beside, FormCard, Kind},
    own::Own,
    sample::{facts, preview_for},
};
use crate::{
    http::extract::Member,
    pages::{settings::sequences, settings_page, workshop::plan},
    ui::{
        button::Button,
        chip::Tone,
        dialog::Confirm,
        field::{Control, Field},
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        preview::{Bubble, Preview},
        shell::Crumb,
        writing::Writing,
    },
};

/// A page below the list.
pub(super) fn below(member: &Member, kind: &dyn Kind, title: &str, body: Markup) -> Markup {
    let words = kind.words();
    let mut page = settings_page(member, title, super::HREF, body);
    page.crumbs.insert(1, Crumb::to(words.list, words.home));
    page.render()
}

pub(super) fn removal(
    member: &Member,
    kind: &dyn Kind,
    name: &str,
    own: &str,
    uses: &TemplateUses,
) -> Confirm {
    Confirm {
        id: "remove".into(),
        title: format!("Remove {name}?"),
        body: html! {
            p { (kind.words().removal) " Broadcasts that were confirmed with it keep their copy." }
            @if !uses.is_empty() { (used(uses)) }
        },
        action: format!("{own}/remove"),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove template").busy("Removing…"),
        back: ("Keep it".into(), own.to_owned()),
    }
}

/// Names what sends the template, since its steps stop without it.
fn used(uses: &TemplateUses) -> Markup {
    html! {
        p { b { "Steps use it, and do not go without it. Choose another template for them first." } }
        @if !uses.sequences.is_empty() {
            p { (counted(uses.sequences.len(), "sequence has", "sequences have")) " it in a step:" }
            ul class="m-ul" { @for (id, name) in &uses.sequences { li { a class="m-link" href=(sequences::href(*id)) { (name) } } } }
        }
        @if !uses.workshops.is_empty() {
            p { (counted(uses.workshops.len(), "running plan has", "running plans have")) " it in a step to come:" }
            ul class="m-ul" { @for (id, title) in &uses.workshops { li { a class="m-link" href=(plan::href(*id)) { (title) } } } }
        }
    }
}

/// What the cards of the form are drawn from.
struct Drawn<'a> {
    kind: &'a dyn Kind,
    form: &'a Form,
    around: &'a Around,
    draft: &'a Message,
    facts: &'a Facts,
    who: &'a str,
    may: bool,
}

pub(super) async fn page(
    member: &Member,
    kind: &dyn Kind,
    form: &Form,
    around: &Around,
) -> Result<Markup, StoreError> {
    let (may, words) = (member.may(Permission::Manage), kind.words());
    let title = match around.id {
        Some(_) if may => words.edit,
        Some(_) => words.view,
        None => words.new,
    };
    let own = around.id.filter(|_| may).map(|id| kind.href(id));
    let action = around.id.map_or_else(|| format!("{}/new", words.home), |id| kind.href(id));
    let preview_as = form.get("preview_as");
    let (mut facts, who) = facts(member, preview_as, around.people.as_ref());
    let draft = around.complete(Own::of(kind, around.vendor).draft(kind, form));
    for name in draft.missing_variables(&facts.variables) {
        // Entered for each workshop: the preview has an example.
        let example = format!("https://example.in/{}", name.as_str());
        facts.variables.insert(name, example);
    }
    let price = member.org.price(kind.channel(), draft.tariff(), member.now).await?;
    let name = form.get("name");
    let mut head = Head::new(if name.is_empty() { title } else { name });
    if let (Some(id), Some(own)) = (around.id, &own) {
        head = head
            .action(Button::link("Duplicate", format!("{}/new?from={id}", words.home)).icon(Icon::Copy))
            .action(Button::link("Remove", format!("{own}/remove")).icon(Icon::Trash).opens("remove"));
    }
    let drawn = Drawn { kind, form, around, draft: &draft, facts: &facts, who: &who, may };
    let beside = Beside { form, around, draft: &draft, facts: &facts, who: &who, price };
    let uses = match around.id.filter(|_| may) {
        Some(id) => Some(member.org.template_uses(id, member.now).await?),
        None => None,
    };
    let wrong = around.errors.len();
    let body = html! {
        (head)
        @if let Some(told) = &around.told { (told) }
        @if wrong > 0 && form.get("do") == "save" {
            (Note::new(Tone::Fail, "Not saved yet.", format!("{} to mend below. What you typed is still here.", counted(wrong, "thing", "things"))))
        }
        form class="m-compose" method="post" action=(action) id="template" enctype=[kind.uploads().then_some("multipart/form-data")] {
            (member.csrf())
            div class="m-stack" { (kind.picture(&beside)) (drawn.cards()) }
            div class="m-aside" {
                @if may { (preview_for(preview_as, around.people.as_ref())) }
                (drawn.preview(member))
                (kind.beside(&beside))
                @if may && !words.asked_about.is_empty() { (check_card(kind, form, around)) }
            }
        }
        @if let (Some(own), Some(uses)) = (&own, &uses) { (removal(member, kind, name, own, uses)) }
    };
    Ok(below(member, kind, title, body))
}

impl Drawn<'_> {
    fn error(&self, name: &str) -> Option<String> {
        self.around.errors.get(name).cloned()
    }

    /// A field with what was typed into it and what is wrong with that.
    fn field(&self, field: Field) -> Field {
        let (value, error) = (self.form.get(&field.name).to_owned(), self.error(&field.name));
        field.value(value).error(error).disabled(!self.may)
    }

    /// A field on a line of its own, with the bar of marks where it holds such a text.
    fn line(&self, field: Field) -> Markup {
        let words = self.kind.words();
        let takes_marks = words.takes_marks && field.name == words.text_field;
        let field = self.field(field);
        if takes_marks { Writing(field).render() } else { field.render() }
    }

    fn cards(&self) -> Markup {
        let [before, after] = self.kind.cards(self.form, self.around, self.may);
        html! {
            @for card in before { (self.card(card)) }
            @if let Some(card) = Own::of(self.kind, self.around.vendor).card() { (self.card(card)) }
            (Card::new("values-card", "Values", self.values()).padded())
            @for card in after { (self.card(card)) }
            @if self.kind.words().buttons > 0 { (Card::new("buttons-card", "Buttons", self.buttons()).padded()) }
            @if self.may { div class="m-acts" { (Button::link("Cancel", self.kind.words().home)) (Button::primary("Save template").submit("do", "save").unchecked().busy("Saving…").shortcut("mod+s")) } }
        }
    }

    fn card(&self, card: FormCard) -> Card {
        let body = html! {
            div class="m-stack" {
                @for line in card.lines {
                    @if line.len() == 1 { @for field in line { (self.line(field)) } }
                    @else { div class="m-row2" { @for field in line { (self.field(field)) } } }
                }
                (card.below)
            }
        };
        Card::new(card.id, card.title, body).padded()
    }

    fn values(&self) -> Markup {
        let count = self.form.values(self.kind);
        let each = self.draft.each(self.facts);
        let becomes = |n: usize| {
            let who = self.who;
            Some(match each.get(n - 1)? {
                Ok(text) => match self.kind.value_warning(self.draft, n, text) {
                    Some(doubt) => format!("For {who}: {text}. It {doubt}."),
                    None => format!("For {who}: {text}"),
                },
                Err(error) => format!("For {who}: {error}. They would be left out."),
            })
        };
        html! {
            @if count == 0 { p class="m-p" { (self.kind.words().no_values) } }
            @else { div class="m-stack" { @for n in 1..=count { (self.value(n, becomes(n))) } } }
        }
    }

    fn value(&self, n: usize, becomes: Option<String>) -> Markup {
        let Value { source: chosen, .. } = self.form.value(n);
        let [label, source, fixed, fallback] =
            ["label", "source", "fixed", "fallback"].map(|name| format!("{name}_{n}"));
        html! {
            div class="m-value" role="group" aria-label={ "Value " (n) } {
                div {
                    p class="m-hint" { code class="m-ph" { (self.kind.sign(self.draft, n)) } (self.kind.rule(self.draft, n).unwrap_or_default()) }
                    @if let Some(words) = &becomes { p class="m-hint" { (words) } }
                }
                div class="m-row2" {
                    (self.field(Field::text(&label, "Meaning").placeholder("first name")))
                    (self.field(Field::select_grouped(&source, "Comes from", sources(chosen, "Choose…")).autosubmit()))
                }
                div class="m-row2" {
                    @if let Some(field) = self.beside_source(chosen, &fixed, "Text for everybody") { (field) }
                    (self.field(Field::text(&fallback, "When it is empty, say").placeholder("there").help("Empty leaves the person out.")))
                }
            }
        }
    }

    /// What is typed beside a source: a fixed text, or the name of a value that each workshop is asked for.
    fn beside_source(&self, chosen: &str, fixed: &str, text: &str) -> Option<Field> {
        let field = match chosen {
            Source::VARIABLE => Field::text(fixed, "Its name")
                .placeholder("zoom_link")
                .help("Each workshop is asked for it before a message goes out."),
            "fixed" => Field::text(fixed, text),
            _ if self.around.errors.contains_key(fixed) => Field::text(fixed, text),
            _ => return None,
        };
        Some(self.field(field))
    }

    fn buttons(&self) -> Markup {
        html! {
            div class="m-stack" {
                p class="m-p" { "Buttons whose address ends in a value, such as a join link. Leave the words empty for none." }
                @for n in 1..=self.kind.words().buttons { (self.button(n)) }
            }
        }
    }

    fn button(&self, n: usize) -> Markup {
        let Value { source: chosen, .. } = self.form.button(n);
        let [label, source, fixed] = ["label", "source", "fixed"].map(|name| format!("button_{name}_{n}"));
        html! {
            div class="m-row2" {
                (self.field(Field::text(&label, format!("Words on button {n}"))))
                (self.field(Field::select_grouped(&source, "Its address ends in", sources(chosen, "Nothing: it is fixed")).autosubmit()))
            }
            @if let Some(field) = self.beside_source(chosen, &fixed, "End of the address") { (field) }
        }
    }

    fn preview(&self, member: &Member) -> Preview {
        let (sender, note) = self.kind.sender(self.draft, &member.organization.name);
        let text = shown(self.kind, self.draft, self.facts);
        let at = member.organization.zone.time(member.now);
        let empty = self.form.get(self.kind.words().text_field).is_empty();
        Preview {
            stepper: None,
            medium: self.kind.channel().rules().medium,
            sender,
            sender_note: note.to_owned(),
            foot: "",
            bubble: (!empty).then(|| Bubble::of(self.draft, text, at)),
        }
    }
}

/// A field for a longer text.
pub(super) fn tall(name: &str, label: &str) -> Field {
    let mut field = Field::area(name, label, "");
    if let Control::Area { rows, .. } = &mut field.control {
        *rows = 8;
    }
    field
}
