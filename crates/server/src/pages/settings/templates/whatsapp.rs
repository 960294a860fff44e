//! Templates of WhatsApp Personal: what a campaign of the provider says.

use std::collections::BTreeSet;

use domain::{
    channel::{Category, Channel},
    template::{Message, Part, Source},
    text::lines,
    whatsapp::{Media, Parameter, UrlButton, WhatsappTemplate},
};
use maud::html;

use super::{
    super::prices::category_title,
    account::vendor_names,
    check::asked_field,
    form::{Form, LABEL_CHARS_MAX, VALUES_MAX, numbered, too_long},
    kind::{Around, Beside, FormCard, Kind, Say, Words},
    offer::Found,
    page::tall,
};
use crate::{
    pages::length_error,
    ui::{
        button::Button,
        field::{Choice, Field},
        icons::Icon,
    },
};

/// The templates of WhatsApp Personal.
pub(super) struct Whatsapp;

/// Longest campaign name.
const CAMPAIGN_CHARS_MAX: usize = 200;
/// Meta's limits of a template's parts.
const BODY_CHARS_MAX: usize = 1_024;
const HEADER_CHARS_MAX: usize = 60;
const FOOTER_CHARS_MAX: usize = 60;
const URL_CHARS_MAX: usize = 2_000;

const WORDS: Words = Words {
    channel: Channel::WhatsappPersonal,
    home: "/settings/templates",
    fill: "/settings/templates/import",
    fill_from: "Import from",
    import: "",
    list: "Templates",
    about: "What WhatsApp Personal says. The text is approved by Meta; here it is mapped and previewed.",
    new: "Add template",
    edit: "Edit template",
    view: "Template",
    empty_title: "Tell Munadi what your campaigns say",
    empty_text: || {
        format!(
            "A template names an API campaign of {}, holds its approved text for the preview, and says where each value comes from.",
            vendor_names(Channel::WhatsappPersonal)
        )
    },
    name_taken: "Another template has this name. Choose one of its own.",
    removal: "It goes out of the lists.",
    no_values: "The text has no {{1}}, so there is nothing to fill in.",
    place_inside: "A placeholder cannot stand inside a value.",
    name_example: "Reminder, one hour before",
    text_field: "body",
    takes_marks: false,
    extra_column: "Language",
    buttons: 3,
    asked_about: "campaign",
};

impl Kind for Whatsapp {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn kept(&self, text: &str) -> String {
        lines(text)
    }

    fn places(&self, text: &str) -> usize {
        template(text).placeholders()
    }

    fn sign(&self, _message: &Message, n: usize) -> String {
        format!("{{{{{n}}}}}")
    }

    fn categories(&self) -> &'static [Category] {
        Category::ALL
    }

    fn category(&self, category: Category) -> &'static str {
        category_title(category)
    }

    fn blank(&self, _around: &Around) -> Form {
        let mut form = Form::default();
        form.set("category", Category::Utility.word());
        form.set("language", "en");
        form
    }

    fn fields(&self, message: &Message) -> Vec<(String, String)> {
        let Message::Whatsapp(template) = message else { return Vec::new() };
        let media = template.media.as_ref();
        let mut fields: Vec<(String, String)> = [
            ("campaign", template.campaign.as_str()),
            ("category", template.category.word()),
            ("language", &template.language),
            ("header", &template.header),
            ("body", &template.body),
            ("footer", &template.footer),
            ("media_url", media.map_or("", |media| &media.url)),
            ("media_filename", media.map_or("", |media| &media.filename)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (n, button) in (1..).zip(&template.buttons) {
            let source = button.value.as_ref();
            fields.extend([
                (format!("button_label_{n}"), button.label.clone()),
                (format!("button_source_{n}"), source.map_or("", Source::word).to_owned()),
                (format!("button_fixed_{n}"), source.map_or("", Source::typed).to_owned()),
            ]);
        }
        fields
    }

    fn draft(&self, form: &Form) -> Message {
        let text = |name: &str| form.get(name).to_owned();
        let parameter = |n: usize| {
            let value = form.value(n);
            Parameter { label: value.label(n), source: value.source(), fallback: value.fallback.to_owned() }
        };
        let button = |n: usize| {
            let button = form.button(n);
            let value = (!button.source.is_empty()).then(|| button.source());
            (!button.label.is_empty()).then(|| UrlButton { label: button.label.to_owned(), value })
        };
        let media = Media { url: text("media_url"), filename: filename(form) };
        Message::Whatsapp(WhatsappTemplate {
            campaign: text("campaign"),
            category: form.get("category").parse().unwrap_or(Category::Utility),
            language: text("language"),
            header: text("header"),
            footer: text("footer"),
            parameters: (1..=form.values(self)).map(parameter).collect(),
            media: (!media.url.is_empty()).then_some(media),
            buttons: (1..=WORDS.buttons).filter_map(button).collect(),
            ..template(form.get("body"))
        })
    }

    fn check(&self, form: &Form, say: Say<'_>) {
        let typed = |name: &str| form.get(name);
        say("campaign", length_error(typed("campaign"), CAMPAIGN_CHARS_MAX, "Type the campaign’s name."));
        let known = typed("category").parse::<Category>().is_ok();
        say("category", (!known).then(|| "Choose one of the categories.".into()));
        say("language", (!is_language(typed("language"))).then(|| "A code such as en, hi or en_US.".into()));
        say("header", part_error(typed("header"), HEADER_CHARS_MAX));
        say("footer", part_error(typed("footer"), FOOTER_CHARS_MAX));
        say("body", body_error(typed("body")));
        say("media_url", url_error(typed("media_url")));
        let long = typed("media_filename").chars().count() > LABEL_CHARS_MAX;
        say("media_filename", long.then(|| format!("At most {LABEL_CHARS_MAX} characters. Shorten it.")));
    }

    fn cards(&self, form: &Form, around: &Around, may: bool) -> [Vec<FormCard>; 2] {
        let categories = Category::ALL.iter();
        let categories = categories
            .map(|one| Choice::new(one.word(), category_title(*one), form.get("category")))
            .collect();
        let campaign = Field::text("campaign", "Campaign name").required();
        let campaign = match asked_field(around.vendor, "campaign") {
            Some(wanted) => campaign.placeholder(wanted.placeholder).help(wanted.help),
            None => campaign,
        };
        let most = |field: Field, max: usize| field.at_most(u32::try_from(max).unwrap_or(u32::MAX));
        let update =
            Button::new("Update values and preview").icon(Icon::Retry).submit("do", "update").unchecked();
        let card = |id, title, lines| FormCard { id, title, lines, below: html! {} };
        let named = card(
            "campaign-card",
            "Campaign",
            vec![
                vec![Field::text("name", "Name").placeholder(WORDS.name_example).required()],
                vec![campaign],
                vec![
                    Field::select("category", "Category", categories)
                        .help("As Meta approved it. It decides the price and the hours."),
                    Field::text("language", "Language")
                        .placeholder("en")
                        .required()
                        .help("A code such as en, hi or en_US."),
                ],
            ],
        );
        let text = FormCard {
            below: html! { @if may { div class="m-acts" { (update) } } },
            ..card("text-card", "Text", vec![
                vec![most(Field::text("header", "Header"), HEADER_CHARS_MAX)],
                vec![most(tall("body", "Text"), BODY_CHARS_MAX).required()
                    .help("The approved text with {{1}}, {{2}} … It is shown in previews; the provider sends its own copy.")],
                vec![most(Field::text("footer", "Footer"), FOOTER_CHARS_MAX)],
            ])
        };
        let media = card(
            "media-card",
            "Media",
            vec![vec![
                Field::input("url", "media_url", "Address")
                    .placeholder("https://")
                    .help("Only when the campaign was made with a picture, video or document."),
                Field::text("media_filename", "File name")
                    .help("Shown for documents. Empty takes the end of the address."),
            ]],
        );
        [vec![named, text], vec![media]]
    }

    fn beside(&self, _page: &Beside<'_>) -> maud::Markup {
        html! {}
    }

    fn listed(&self, message: &Message) -> (String, String) {
        let Message::Whatsapp(template) = message else { return Default::default() };
        (template.campaign.clone(), template.language.clone())
    }

    fn sender(&self, _message: &Message, organisation: &str) -> (String, &'static str) {
        (organisation.to_owned(), "Business account")
    }

    /// Its text and its name: the vendor tells no id that lasts.
    fn known_by(&self, name: &str, message: &Message) -> Vec<String> {
        let Message::Whatsapp(template) = message else { return Vec::new() };
        vec![name.to_owned(), template.body.clone()]
    }

    fn unfit(&self, found: &Found) -> Option<String> {
        let length = found.text.chars().count();
        let readable = (1..=BODY_CHARS_MAX).contains(&length) && self.places(&found.text) <= VALUES_MAX;
        match (found.category, readable) {
            (None, _) => Some("Category unknown".into()),
            (Some(_), false) => Some("Text cannot be read".into()),
            (Some(_), true) => None,
        }
    }
}

/// A template of this text and nothing else.
fn template(body: &str) -> WhatsappTemplate {
    WhatsappTemplate {
        campaign: String::new(),
        category: Category::Utility,
        language: String::new(),
        header: String::new(),
        body: body.to_owned(),
        footer: String::new(),
        parameters: vec![],
        media: None,
        buttons: vec![],
        extra: Default::default(),
    }
}

/// The name of the media as typed, or else the last part of its address.
fn filename(form: &Form) -> String {
    let typed = form.get("media_filename");
    if !typed.is_empty() {
        return typed.to_owned();
    }
    let path = form.get("media_url").split(['?', '#']).next().unwrap_or_default();
    let name = path.trim_start_matches("https://").split('/').skip(1).last().unwrap_or_default();
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

fn part_error(text: &str, max: usize) -> Option<String> {
    too_long(text, max)
        .or_else(|| text.contains("{{").then(|| "Placeholders are possible in the text only.".to_owned()))
}

fn is_language(code: &str) -> bool {
    let mut parts = code.split(['_', '-']);
    let letters = |part: &str, from: usize, to: usize| {
        (from..=to).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(|part| letters(part, 2, 3))
        && parts.all(|part| letters(part, 2, 4))
        && code.len() <= 10
}

fn url_error(url: &str) -> Option<String> {
    if url.is_empty() {
        return None;
    }
    let host =
        url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let fine = host.contains('.') && !host.contains('@') && !url.contains(char::is_whitespace);
    if !fine {
        return Some("A public address that begins with https:// and needs no login.".into());
    }
    too_long(url, URL_CHARS_MAX)
}

fn body_error(body: &str) -> Option<String> {
    let count = template(body).placeholders();
    let numbers: BTreeSet<String> = template(body)
        .preview(&numbered(count.min(VALUES_MAX)))
        .into_iter()
        .filter_map(|part| match part {
            Part::Filled(number) => Some(number),
            Part::Fixed(_) => None,
        })
        .collect();
    let missing = || (1..=count.min(VALUES_MAX)).find(|n| !numbers.contains(&n.to_string()));
    if let Some(error) = length_error(body, BODY_CHARS_MAX, "Paste the approved text of the template.") {
        return Some(error);
    }
    if count > VALUES_MAX {
        return Some(format!(
            "{{{{{count}}}}} is more than {VALUES_MAX} values. Number them from {{{{1}}}} on."
        ));
    }
    let n = missing()?;
    Some(format!("The text has {{{{{count}}}}} but no {{{{{n}}}}}. Number the values from {{{{1}}}} on."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_name_takes_the_end_of_its_address() {
        let named = |url: &str| {
            let mut form = Form::default();
            form.set("media_url", url);
            filename(&form)
        };
        assert_eq!(named("https://a.example/x/banner.png?v=1"), "banner.png");
        assert_eq!(named("https://a.example"), "file");
    }
}
