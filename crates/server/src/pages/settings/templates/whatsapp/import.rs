//! Bringing templates over from the provider of an account: shown first, then taken.

use std::collections::{BTreeMap, BTreeSet};

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::Category,
    template::Source,
    text::{line, lines},
    whatsapp::{Parameter, WhatsappTemplate},
};
use maud::{Markup, html};
use providers::account::Registered;
use store::{StoreError, integrations::Integration, templates::Template};

use super::{
    super::{
        super::prices::category_title,
        HREF,
        account::{
            Asked, account_choice, chosen, listing, nowhere, serving, that_list, unread, vendor_names,
        },
        values::{NAME_CHARS_MAX, VALUES_MAX},
    },
    CHANNEL, body_of,
    form::{BODY_CHARS_MAX, CAMPAIGN_CHARS_MAX, placeholders},
    sub_page,
};
use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member, Query},
        notice::see_other_saying,
    },
    pages::unprocessable,
    ui::{
        button::Button,
        chip::{Chip, Tone},
        field::{Checkbox, Choice, Field},
        format::counted,
        head::{Card, Head},
        icons::Icon,
        note::Note,
        table::{Column, Place, Row, Table},
    },
};

/// What is missing where no account can be asked.
const NOWHERE: &str =
    "Connect an account that can list its templates. Some need a further credential for that: see its keys.";
/// Templates that one import takes.
const IMPORT_MAX: usize = 200;

/// A template of the provider beside what we have.
struct Offer {
    facts: Registered,
    category: Option<Category>,
    /// Why it cannot be taken; `None` when it can.
    obstacle: Option<&'static str>,
}

/// What the provider has.
struct Offers {
    account: Integration,
    templates: Vec<Offer>,
    /// Live API campaigns; a template's own is not told, so a person chooses.
    campaigns: Vec<String>,
}

/// `GET /settings/templates/import`
pub async fn show(State(app): State<App>, member: Member, Query(asked): Query<Asked>) -> PageResult {
    let accounts = accounts(&app, &member).await?;
    let body = match chosen(&accounts, &asked.account) {
        None => nowhere(NOWHERE),
        Some(account) => match offers(&app, &member, account).await? {
            Ok(offers) => offered(&member, &accounts, &offers, &BTreeMap::new(), &BTreeMap::new()),
            Err(words) => unread(&action(), &accounts, account, &words),
        },
    };
    Ok(page(&member, body).into_response())
}

/// `POST /settings/templates/import`: takes the ticked ones, all or none.
pub async fn take(
    State(app): State<App>,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> PageResult {
    let typed: BTreeMap<String, String> = pairs.into_iter().collect();
    let accounts = accounts(&app, &member).await?;
    let account = typed.get("account").map(String::as_str).unwrap_or_default();
    let Some(account) = chosen(&accounts, account) else {
        return Ok(unprocessable(page(&member, nowhere(NOWHERE))));
    };
    let offers = match offers(&app, &member, account).await? {
        Ok(offers) => offers,
        Err(words) => return Ok(unprocessable(page(&member, unread(&action(), &accounts, account, &words)))),
    };
    let ticked: Vec<&Offer> = offers
        .templates
        .iter()
        .filter(|offer| offer.obstacle.is_none() && typed.contains_key(&format!("take-{}", offer.facts.id)))
        .take(IMPORT_MAX)
        .collect();
    let campaign =
        |offer: &Offer| line(typed.get(&format!("campaign-{}", offer.facts.id)).map_or("", String::as_str));
    let mut errors = BTreeMap::new();
    for offer in &ticked {
        let campaign = campaign(offer);
        if campaign.is_empty() || campaign.chars().count() > CAMPAIGN_CHARS_MAX {
            errors.insert(offer.facts.id.clone(), "Choose the campaign that sends it.".to_owned());
        }
    }
    if ticked.is_empty() {
        errors.insert(String::new(), "Tick at least one template.".to_owned());
    }
    if !errors.is_empty() {
        return Ok(unprocessable(page(&member, offered(&member, &accounts, &offers, &typed, &errors))));
    }
    let mut taken = 0_i64;
    for offer in ticked {
        let body = serde_json::to_value(template(offer, campaign(offer))).expect("a template is plain JSON");
        match member.org.add_template(CHANNEL, &own_name(&offer.facts), &body, member.now).await {
            Ok(_) => taken += 1,
            // Somebody else took it meanwhile, or two of them share a name.
            Err(StoreError::Taken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let words = format!(
        "{} imported. Say next where each value comes from.",
        counted(taken, "template", "templates")
    );
    Ok(see_other_saying(&app, HREF, &words))
}

fn action() -> String {
    format!("{HREF}/import")
}

async fn accounts(app: &App, member: &Member) -> Result<Vec<Integration>, StoreError> {
    Ok(that_list(app, serving(member, CHANNEL).await?))
}

/// Asks the account's vendor; its refusal is told in words.
async fn offers(
    app: &App,
    member: &Member,
    account: &Integration,
) -> Result<Result<Offers, String>, StoreError> {
    let known = member.org.templates(CHANNEL).await?;
    let names: BTreeSet<String> = known.iter().map(|one| one.name.clone()).collect();
    let texts = known_texts(&known);
    Ok(listing(app, account).await.map(|listing| Offers {
        account: account.clone(),
        templates: listing.templates.into_iter().map(|facts| offer(facts, &names, &texts)).collect(),
        campaigns: listing
            .choices
            .into_iter()
            .find(|(key, _)| *key == "campaign")
            .map(|(_, names)| names)
            .unwrap_or_default(),
    }))
}

fn known_texts(known: &[Template]) -> BTreeSet<String> {
    known.iter().filter_map(|one| body_of(one).map(|body| body.body)).collect()
}

fn offer(facts: Registered, names: &BTreeSet<String>, texts: &BTreeSet<String>) -> Offer {
    let category: Option<Category> = facts.category.to_ascii_lowercase().parse().ok();
    let text = lines(&facts.text);
    let obstacle = if names.contains(&own_name(&facts)) || texts.contains(&text) {
        Some("Here already")
    } else if !facts.status.eq_ignore_ascii_case("approved") {
        Some("Not approved")
    } else if category.is_none() {
        Some("Category unknown")
    } else if text.is_empty()
        || text.chars().count() > BODY_CHARS_MAX
        || placeholders(&text).count > VALUES_MAX
    {
        Some("Text cannot be read")
    } else {
        None
    };
    Offer { facts, category, obstacle }
}

fn own_name(facts: &Registered) -> String {
    line(&facts.name).chars().take(NAME_CHARS_MAX).collect()
}

/// Nothing is guessed: until somebody says where a value comes from, it is empty, and nobody is sent an empty value.
fn template(offer: &Offer, campaign: String) -> WhatsappTemplate {
    let body = lines(&offer.facts.text);
    let count = placeholders(&body).count.max(offer.facts.parameters.unwrap_or(0)).min(VALUES_MAX);
    let parameter = |n: usize| Parameter {
        label: format!("value {n}"),
        source: Source::Fixed(String::new()),
        fallback: String::new(),
    };
    WhatsappTemplate {
        campaign,
        category: offer.category.unwrap_or(Category::Marketing),
        language: if offer.facts.language.is_empty() { "en".into() } else { line(&offer.facts.language) },
        header: String::new(),
        parameters: (1..=count).map(parameter).collect(),
        body,
        footer: String::new(),
        media: None,
        buttons: vec![],
    }
}

/* ---------- The page ---------- */

fn page(member: &Member, body: Markup) -> Markup {
    let body = html! {
        (Head::new(format!("Import from {}", vendor_names(CHANNEL))).meta("Shows what the account’s provider has; nothing is changed there."))
        (body)
    };
    sub_page(member, "Import", body)
}

fn offered(
    member: &Member,
    accounts: &[Integration],
    offers: &Offers,
    typed: &BTreeMap<String, String>,
    errors: &BTreeMap<String, String>,
) -> Markup {
    let possible = offers.templates.iter().filter(|offer| offer.obstacle.is_none()).count();
    let table = Table {
        caption: "Templates of the project".into(),
        columns: vec![
            Column::new("Template", Place::Title),
            Column::new("State", Place::State),
            Column::new("Text", Place::Line),
            Column::new("Campaign", Place::Line),
        ],
        rows: offers.templates.iter().map(|offer| row(offer, offers, typed, errors)).collect(),
        empty: "The project has no templates.".into(),
    };
    html! {
        (account_choice(&action(), accounts, &offers.account))
        @if let Some(words) = errors.get("") { (Note::new(Tone::Fail, "Nothing was imported.", words)) }
        @else if !errors.is_empty() { (Note::new(Tone::Fail, "Nothing was imported.", "Choose a campaign for each ticked template.")) }
        form method="post" action=(action()) class="m-stack" {
            (member.csrf())
            input type="hidden" name="account" value=(offers.account.id);
            (Card::new("offers", format!("{} of {}", counted(possible, "new template", "new templates"), offers.templates.len()), table))
            @if possible > 0 { div class="m-acts" { (Button::link("Cancel", HREF)) (Button::primary("Import ticked templates").icon(Icon::Download).busy("Importing…")) } }
        }
    }
}

fn row(
    offer: &Offer,
    offers: &Offers,
    typed: &BTreeMap<String, String>,
    errors: &BTreeMap<String, String>,
) -> Row {
    let facts = &offer.facts;
    let (take, campaign) = (format!("take-{}", facts.id), format!("campaign-{}", facts.id));
    let title = html! {
        @if offer.obstacle.is_none() {
            (Checkbox { id: take.clone(), ..Checkbox::new(&take, own_name(facts), typed.contains_key(&take)) })
        } @else { b { (own_name(facts)) } }
        span class="m-sub" { @match offer.category { Some(one) => (category_title(one)), None => (facts.category) } " · " (facts.language) }
    };
    let state = match offer.obstacle {
        None => Chip { tone: Tone::Run, icon: Icon::Plus, word: "New".into() },
        Some("Here already") => Chip { tone: Tone::Done, icon: Icon::Check, word: "Here already".into() },
        Some(words) => Chip { tone: Tone::Act, icon: Icon::Warning, word: words.into() },
    };
    let why = if facts.rejected_reason.is_empty() { None } else { Some(&facts.rejected_reason) };
    let field = |current: &str| match offers.campaigns.is_empty() {
        true => Field::text(&campaign, "Campaign").value(current),
        false => {
            let mut options = vec![Choice::new("", "Choose…", current)];
            options.extend(offers.campaigns.iter().map(|one| Choice::new(one, one, current)));
            Field::select(&campaign, "Campaign", options)
        }
    };
    let same = offers.campaigns.iter().find(|one| **one == facts.name).map_or("", String::as_str);
    let current = typed.get(&campaign).map_or(same, String::as_str);
    Row::new(vec![
        title,
        html! { (state) },
        html! { (facts.text.chars().take(160).collect::<String>()) @if let Some(why) = why { span class="m-sub" { (why) } }
        @if facts.has_media && offer.obstacle.is_none() { span class="m-sub" { "Has a picture, video or document: type its address after the import" } } },
        html! { @if offer.obstacle.is_none() { (field(current).error(errors.get(&facts.id).cloned()).bare()) } },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str, status: &str, text: &str) -> Registered {
        Registered {
            id: "1".into(),
            name: name.into(),
            status: status.into(),
            category: "UTILITY".into(),
            language: "en".into(),
            text: text.into(),
            parameters: Some(2),
            ..Registered::default()
        }
    }

    #[test]
    fn known_and_unapproved_templates_are_not_offered() {
        let names = BTreeSet::from(["reminder".to_owned()]);
        let of = |name: &str, status: &str, text: &str| {
            offer(facts(name, status, text), &names, &BTreeSet::new()).obstacle
        };
        assert_eq!(of("reminder", "APPROVED", "Hi {{1}}"), Some("Here already"));
        assert_eq!(of("other", "REJECTED", "Hi {{1}}"), Some("Not approved"));
        assert_eq!(of("other", "APPROVED", "Hi {{999}}"), Some("Text cannot be read"));
        assert_eq!(of("other", "APPROVED", "Hi {{1}} {{2}}"), None);
    }

    #[test]
    fn no_source_of_a_value_is_guessed() {
        let offer = offer(facts("a", "APPROVED", "Hi {{1}} {{2}}"), &BTreeSet::new(), &BTreeSet::new());
        let template = template(&offer, "campaign".into());
        assert_eq!(template.parameters.len(), 2);
        assert!(template.fill(&domain::template::Facts::default()).is_err());
    }
}
