//! What one message costs, by category, from a day on. Estimates are made with it; actual costs come from the provider.

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::{Category, Channel, Tariff},
    money::Money,
    role::Permission,
    time::Millis,
};
use maud::{Markup, Render, html};
use serde::Deserialize;
use store::integrations::Price;

use crate::{
    app::App,
    http::{
        error::PageResult,
        extract::{Form, Member},
        notice::see_other_saying,
    },
    pages::{settings_page, unprocessable},
    ui::{
        button::Button,
        chip::{Chip, Tone},
        field::{Choice, Field},
        format::unit_price,
        head::{Card, Head},
        icons::Icon,
        table::{Column, Place, Row, Table},
    },
};
use providers::registry;

pub(super) const HREF: &str = "/settings/prices";
/// Channels that are charged by the message, each with what it is priced as. An SMS is service or promotional, or goes by the
/// Quick route, and is charged by the segment.
const CHANNELS: &[(Channel, &[Tariff])] = &[
    (Channel::WhatsappPersonal, &[Tariff::Utility, Tariff::Marketing, Tariff::Authentication]),
    (Channel::Sms, &[Tariff::Utility, Tariff::Marketing, Tariff::Quick]),
];
/// Above this a price is a slip of the decimal point.
const PRICE_MAX: Money = Money::rupees(100);

/// The words for a category on screens.
pub(super) fn category_title(category: Category) -> &'static str {
    match category {
        Category::Utility => "Utility",
        Category::Marketing => "Marketing",
        Category::Authentication => "Authentication",
    }
}

/// The words for what is priced on a channel: an SMS is service or promotional (providers/regulation-india.md §1.2).
fn title_on(channel: Channel, tariff: Tariff) -> &'static str {
    match (channel, tariff) {
        (Channel::Sms, Tariff::Utility) => "Service",
        (Channel::Sms, Tariff::Marketing) => "Promotional",
        (_, Tariff::Utility) => category_title(Category::Utility),
        (_, Tariff::Marketing) => category_title(Category::Marketing),
        (_, Tariff::Authentication) => category_title(Category::Authentication),
        (_, Tariff::Quick) => "Quick route",
    }
}

/// What is charged when nothing is set, and whose word that is: of the first vendor that serves the channel.
fn unset_price(channel: Channel, tariff: Tariff) -> (Money, String) {
    match registry::serving(channel).next() {
        Some(vendor) => {
            let words = format!("{}’s usual price; your account’s may differ", vendor.name());
            (vendor.list_price(tariff), words)
        }
        None => (Money(0), String::new()),
    }
}

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PriceForm {
    /// Channel and category, such as `sms/utility`.
    category: String,
    price: String,
    from: String,
}

#[derive(Default)]
struct Errors {
    category: Option<String>,
    price: Option<String>,
    from: Option<String>,
}

impl PriceForm {
    fn check(&self, member: &Member) -> Result<(Channel, Tariff, Money, Millis), Errors> {
        let category = CHANNELS
            .iter()
            .flat_map(|(channel, tariffs)| tariffs.iter().map(|tariff| (*channel, *tariff)))
            .find(|(channel, tariff)| word(*channel, *tariff) == self.category);
        let price = Money::parse(&self.price)
            .map_err(|_| "Rupees with up to four decimals, such as 0.145.".to_owned())
            .and_then(|price| match price {
                Money(..0) => Err("A price is not below zero.".to_owned()),
                price if price > PRICE_MAX => {
                    Err("More than ₹100 for one message. Check the decimal point.".to_owned())
                }
                price => Ok(price),
            });
        let from = member
            .organization
            .zone
            .parse_local(&format!("{}T00:00", self.from.trim()))
            .map_err(|_| "A day such as 2026-10-13.".to_owned());
        match (category, price, from) {
            (Some((channel, tariff)), Ok(price), Ok(from)) => Ok((channel, tariff, price, from)),
            (category, price, from) => Err(Errors {
                category: category.is_none().then(|| "Choose one of the categories.".to_owned()),
                price: price.err(),
                from: from.err(),
            }),
        }
    }
}

/// A channel and what is priced on it, in a form.
fn word(channel: Channel, tariff: Tariff) -> String {
    format!("{}/{}", channel.word(), tariff.word())
}

/// `GET /settings/prices`
pub async fn show(member: Member) -> PageResult {
    let today = member.organization.zone.local_form(member.now).chars().take(10).collect();
    let category = word(Channel::WhatsappPersonal, Tariff::Utility);
    let form = PriceForm { from: today, category, ..PriceForm::default() };
    Ok(page(&member, &form, &Errors::default()).await?.into_response())
}

/// `POST /settings/prices`
pub async fn set(State(app): State<App>, member: Member, Form(form): Form<PriceForm>) -> PageResult {
    match form.check(&member) {
        Ok((channel, tariff, price, from)) => {
            member.org.set_price(channel, tariff, from, price, member.now).await?;
            let of = format!("{} · {}", channel.title(), title_on(channel, tariff));
            let words = format!("{of}: {} from {}.", unit_price(price.0), form.from);
            Ok(see_other_saying(&app, HREF, &words))
        }
        Err(errors) => Ok(unprocessable(page(&member, &form, &errors).await?)),
    }
}

async fn page(member: &Member, form: &PriceForm, errors: &Errors) -> Result<Markup, store::StoreError> {
    let mut now = Vec::new();
    let mut all = Vec::new();
    for (channel, categories) in CHANNELS {
        let prices = member.org.prices(*channel).await?;
        now.push((*channel, now_table(member, *channel, categories, &prices)));
        all.extend(prices.iter().map(|price| all_row(member, *channel, price, &prices)));
    }
    let may = member.may(Permission::Manage);
    let body = html! {
        (Head::new("Prices").meta("Without GST. Estimates before sending are made with them; what was really charged comes from the provider.")
            .action(Button::link("What was charged", super::charges::HREF)))
        @for (channel, table) in now { (Card::new(format!("now-{}", channel.word()), unit(channel), table)) }
        @if may { (Card::new("set", "Set a price", set_form(member, form, errors)).padded()) }
        @if !all.is_empty() { (Card::new("all", "All prices that were set", all_table(all))) }
    };
    Ok(settings_page(member, "Prices", HREF, body).render())
}

/// What is charged by on a channel.
fn unit(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "SMS, each segment that is sent",
        _ => "WhatsApp Personal, each delivered message",
    }
}

fn now_table(member: &Member, channel: Channel, categories: &[Tariff], prices: &[Price]) -> Table {
    let row = |category: &Tariff| {
        let set = prices.iter().find(|price| price.tariff == *category && price.from <= member.now);
        let (price, since) = match set {
            Some(set) => {
                (set.price, format!("Since {}", member.organization.zone.date(set.from, member.now)))
            }
            None => {
                let (price, whose) = unset_price(channel, *category);
                (price, whose)
            }
        };
        Row::new(vec![
            html! { b { (title_on(channel, *category)) } },
            html! { (unit_price(price.0)) },
            html! { (since) },
        ])
    };
    Table {
        caption: format!("Prices in force now, {}", channel.title()),
        columns: vec![
            Column::new("Category", Place::Title),
            Column::new("Price", Place::Number),
            Column::new("Set", Place::Line),
        ],
        rows: categories.iter().map(row).collect(),
        empty: String::new(),
    }
}

/// One price that was set, among all of its channel.
fn all_row(member: &Member, channel: Channel, price: &Price, prices: &[Price]) -> Row {
    let latest = prices.iter().find(|other| other.tariff == price.tariff && other.from <= member.now);
    let chip = if price.from > member.now {
        Chip { tone: Tone::Rest, icon: Icon::Wait, word: "Upcoming".into() }
    } else if latest == Some(price) {
        Chip { tone: Tone::Done, icon: Icon::Ok, word: "In force".into() }
    } else {
        Chip { tone: Tone::Rest, icon: Icon::Cancel, word: "Replaced".into() }
    };
    Row::new(vec![
        html! { (channel.title()) " · " (title_on(channel, price.tariff)) },
        html! { (chip) },
        html! { (unit_price(price.price.0)) },
        html! { "From " (member.organization.zone.date(price.from, member.now)) },
    ])
}

fn all_table(rows: Vec<Row>) -> Table {
    Table {
        caption: "All prices that were set".into(),
        columns: vec![
            Column::new("Category", Place::Title),
            Column::new("State", Place::State),
            Column::new("Price", Place::Number),
            Column::new("From", Place::Line),
        ],
        rows,
        empty: String::new(),
    }
}

fn set_form(member: &Member, form: &PriceForm, errors: &Errors) -> Markup {
    let choice = |channel: Channel, category: Tariff| {
        let label = format!("{} · {}", channel.title(), title_on(channel, category));
        Choice::new(word(channel, category), label, &form.category)
    };
    let categories = CHANNELS
        .iter()
        .flat_map(|(channel, categories)| categories.iter().map(move |category| choice(*channel, *category)))
        .collect();
    html! {
        form class="m-stack" method="post" action=(HREF) {
            (member.csrf())
            div class="m-row2" {
                (Field::select("category", "Category", categories).error(errors.category.clone()))
                (Field::text("price", "Price in rupees").value(&form.price).inputmode("decimal").placeholder("0.145").error(errors.price.clone()).required())
            }
            (Field::input("date", "from", "From").value(&form.from).help("From the start of that day in the organisation’s zone. A day in the future is taken over by itself.").error(errors.from.clone()).required())
            div class="m-acts" { (Button::primary("Set price").busy("Saving…")) }
        }
    }
}
