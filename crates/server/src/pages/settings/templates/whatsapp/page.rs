//! The page of one template.

use domain::{channel::Category, ids::TemplateId, role::Permission, template::Facts};
use maud::{Markup, html};
use providers::registry;
use store::{StoreError, integrations::Integration};

use super::{
    super::{
        super::prices::category_title,
        HREF,
        account::serving,
        sample::{People, facts, people, preview_for},
        values::{Errors, Value, sources, tall},
    },
    CHANNEL,
    check::check_card,
    form::{BODY_CHARS_MAX, FOOTER_CHARS_MAX, HEADER_CHARS_MAX, Press, TemplateForm, preview, value},
    href, sub_page,
};
use crate::{
    http::extract::Member,
    ui::{
        button::Button,
        chip::Tone,
        dialog::Confirm,
        field::{Choice, Field},
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        preview::{Bubble, Phone, Preview},
    },
};

/// What the pages of a template show besides what was typed.
pub(super) struct Around {
    /// Of the template, once it is stored.
    id: Option<TemplateId>,
    pub(super) errors: Errors,
    /// What the provider said about the campaign.
    pub(super) told: Option<Note>,
    people: Option<People>,
    /// Those that can be asked about a campaign.
    pub(super) accounts: Vec<Integration>,
}

impl Around {
    pub(super) async fn load(member: &Member, id: Option<TemplateId>) -> Result<Around, StoreError> {
        let accounts = serving(member, CHANNEL).await?;
        Ok(Around { id, errors: Errors::new(), told: None, people: people(member).await?, accounts })
    }

    fn error(&self, name: &str) -> Option<String> {
        self.errors.get(name).cloned()
    }
}

/// What the provider says of the field that it alone wants.
fn campaign_help() -> &'static str {
    let fields = registry::serving(CHANNEL).flat_map(|vendor| vendor.template_fields());
    fields.into_iter().find(|field| field.key == "campaign").map_or("", |field| field.help)
}

pub(super) fn removal(member: &Member, name: &str, id: TemplateId) -> Confirm {
    Confirm {
        id: "remove".into(),
        title: format!("Remove {name}?"),
        body: html! { p { "It goes out of the lists. Broadcasts that were confirmed with it keep their copy." } },
        action: format!("{}/remove", href(id)),
        csrf: member.csrf().clone(),
        hidden: vec![],
        confirm: Button::danger("Remove template").busy("Removing…"),
        back: ("Keep it".into(), href(id)),
    }
}

pub(super) fn page(member: &Member, form: &TemplateForm, around: &Around) -> Markup {
    let may = member.may(Permission::Manage);
    let title = match around.id {
        Some(_) if may => "Edit template",
        Some(_) => "Template",
        None => "Add template",
    };
    let action = around.id.map_or_else(|| format!("{HREF}/new"), href);
    let (facts, who) = facts(member, &form.preview_as, around.people.as_ref());
    let mut head = Head::new(if form.name.is_empty() { title } else { &form.name });
    if let (Some(id), true) = (around.id, may) {
        head = head
            .action(Button::link("Duplicate", format!("{HREF}/new?from={id}")).icon(Icon::Copy))
            .action(Button::link("Remove", format!("{}/remove", href(id))).icon(Icon::Trash).opens("remove"));
    }
    let body = html! {
        (head)
        @if let Some(told) = &around.told { (told) }
        @if !around.errors.is_empty() && form.action == "save" {
            (Note::new(Tone::Fail, "Not saved yet.", format!("{} to mend below. What you typed is still here.", counted(around.errors.len(), "thing", "things"))))
        }
        form class="m-compose" method="post" action=(action) id="template" {
            (member.csrf())
            div class="m-stack" {
                (parts(form, around, &facts, &who, may))
            }
            div class="m-aside" {
                @if may { (preview_for(&form.preview_as, around.people.as_ref())) }
                (shown(member, form, &facts))
                @if may { (check_card(form, around)) }
            }
        }
        @if let (Some(id), true) = (around.id, may) { (removal(member, &form.name, id)) }
    };
    sub_page(member, title, body)
}

fn parts(form: &TemplateForm, around: &Around, facts: &Facts, who: &str, may: bool) -> Markup {
    let categories = Category::ALL
        .iter()
        .map(|one| Choice::new(one.word(), category_title(*one), &form.category))
        .collect();
    let campaign = html! {
        div class="m-stack" {
            (Field::text("name", "Name").value(&form.name).placeholder("Reminder, one hour before").error(around.error("name")).required().disabled(!may))
            (Field::text("campaign", "Campaign name").value(&form.campaign).placeholder("workshop_reminder_1h").error(around.error("campaign")).required().disabled(!may)
                .help(campaign_help()))
            div class="m-row2" {
                (Field::select("category", "Category", categories).error(around.error("category")).disabled(!may).help("As Meta approved it. It decides the price and the hours."))
                (Field::text("language", "Language").value(&form.language).placeholder("en").error(around.error("language")).required().disabled(!may).help("A code such as en, hi or en_US."))
            }
        }
    };
    let text = html! {
        div class="m-stack" {
            (Field::text("header", "Header").value(&form.header).error(around.error("header")).disabled(!may).at_most(u32::try_from(HEADER_CHARS_MAX).unwrap_or(u32::MAX)))
            (tall(Field::area("body", "Text", &form.body)).error(around.error("body")).required().disabled(!may)
                .at_most(u32::try_from(BODY_CHARS_MAX).unwrap_or(u32::MAX))
                .help("The approved text with {{1}}, {{2}} … It is shown in previews; the provider sends its own copy."))
            (Field::text("footer", "Footer").value(&form.footer).error(around.error("footer")).disabled(!may).at_most(u32::try_from(FOOTER_CHARS_MAX).unwrap_or(u32::MAX)))
            @if may { div class="m-acts" { (Button::new("Update values and preview").icon(Icon::Retry).submit("do", "update").unchecked()) } }
        }
    };
    let media = html! {
        div class="m-row2" {
            (Field::input("url", "media_url", "Address").value(&form.media_url).placeholder("https://").error(around.error("media_url")).disabled(!may)
                .help("Only when the campaign was made with a picture, video or document."))
            (Field::text("media_filename", "File name").value(&form.media_filename).error(around.error("media_filename")).disabled(!may)
                .help("Shown for documents. Empty takes the end of the address."))
        }
    };
    html! {
        (Card::new("campaign-card", "Campaign", campaign).padded())
        (Card::new("text-card", "Text", text).padded())
        (Card::new("values-card", "Values", values(form, around, facts, who, may)).padded())
        (Card::new("media-card", "Media", media).padded())
        (Card::new("buttons-card", "Buttons", buttons(form, around, may)).padded())
        @if may { div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Save template").submit("do", "save").unchecked().busy("Saving…").shortcut("mod+s")) } }
    }
}

fn values(form: &TemplateForm, around: &Around, facts: &Facts, who: &str, may: bool) -> Markup {
    if form.values.is_empty() {
        return html! { p class="m-p" { "The text has no {{1}}, so there is nothing to fill in." } };
    }
    let draft = form.draft();
    let becomes = |at: usize| draft.parameters.get(at).map(|parameter| value(parameter, facts));
    html! {
        div class="m-stack" {
            @for (at, row) in form.values.iter().enumerate() {
                (value_row(at + 1, row, around, may, becomes(at).map(|shown| match shown {
                    Ok(text) => format!("For {who}: {text}"),
                    Err(_) => format!("For {who} it is empty: they would be left out."),
                })))
            }
        }
    }
}

fn value_row(n: usize, row: &Value, around: &Around, may: bool, becomes: Option<String>) -> Markup {
    let label = format!("label_{n}");
    let (source, fixed, fallback) = (format!("source_{n}"), format!("fixed_{n}"), format!("fallback_{n}"));
    html! {
        div class="m-value" role="group" aria-label={ "Value " (n) } {
            p class="m-hint" { code class="m-ph" { "{{" (n) "}}" } @if let Some(words) = &becomes { (words) } }
            div class="m-row2" {
                (Field::text(&label, "Meaning").value(&row.label).placeholder("first name").error(around.error(&label)).disabled(!may))
                (Field::select_grouped(&source, "Comes from", sources(&row.source, "Choose…")).error(around.error(&source)).disabled(!may).autosubmit())
            }
            div class="m-row2" {
                @if row.source == "fixed" || around.errors.contains_key(&fixed) {
                    (Field::text(&fixed, "Text for everybody").value(&row.fixed).error(around.error(&fixed)).disabled(!may))
                }
                (Field::text(&fallback, "When it is empty, say").value(&row.fallback).placeholder("there").error(around.error(&fallback)).disabled(!may)
                    .help("Empty leaves the person out."))
            }
        }
    }
}

fn buttons(form: &TemplateForm, around: &Around, may: bool) -> Markup {
    html! {
        div class="m-stack" {
            p class="m-p" { "Buttons whose address ends in a value, such as a join link. Leave the words empty for none." }
            @for (at, press) in form.buttons.iter().enumerate() { (button_row(at + 1, press, around, may)) }
        }
    }
}

fn button_row(n: usize, press: &Press, around: &Around, may: bool) -> Markup {
    let (label, source, fixed) =
        (format!("button_label_{n}"), format!("button_source_{n}"), format!("button_fixed_{n}"));
    html! {
        div class="m-row2" {
            (Field::text(&label, format!("Words on button {n}")).value(&press.label).error(around.error(&label)).disabled(!may))
            (Field::select_grouped(&source, "Its address ends in", sources(&press.source, "Nothing: it is fixed")).error(around.error(&source)).disabled(!may).autosubmit())
        }
        @if press.source == "fixed" || around.errors.contains_key(&fixed) {
            (Field::text(&fixed, "End of the address").value(&press.fixed).error(around.error(&fixed)).disabled(!may))
        }
    }
}

fn shown(member: &Member, form: &TemplateForm, facts: &Facts) -> Preview {
    let template = form.draft();
    let header = crate::ui::preview::Part::Fixed(template.header.clone());
    let bubble = Bubble {
        title: if template.header.is_empty() { vec![] } else { vec![header] },
        text: preview(&template, facts),
        footer: template.footer.clone(),
        at: member.organization.zone.time(member.now),
        media: template.media.as_ref().map(|media| media.filename.clone()),
        buttons: template.buttons.iter().map(|button| button.label.clone()).collect(),
        ticks: true,
    };
    Preview {
        stepper: None,
        phone: Phone::WhatsApp,
        sender: member.organization.name.clone(),
        sender_note: "Business account".into(),
        bubble: (!template.body.is_empty()).then_some(bubble),
    }
}
