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

/// Channels whose messages have a price, each with what it is priced as and the words for that.
fn priced() -> impl Iterator<Item = (Channel, &'static [(Tariff, &'static str)])> {
    Channel::sending()
        .map(|channel| (channel, channel.rules().tariffs))
        .filter(|(_, tariffs)| !tariffs.is_empty())
}

/// The words for what is priced on a channel.
fn title_on(channel: Channel, tariff: Tariff) -> &'static str {
    let named = channel.rules().tariffs.iter().find(|(one, _)| *one == tariff);
    named.map_or("Not priced on this channel", |(_, title)| title)
}

/// What is charged when nothing is set, and whose word that is: of the first vendor that serves the channel.
pub(in crate::pages) fn unset_price(channel: Channel, tariff: Tariff) -> (Money, String) {
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
        let category = priced()
            .flat_map(|(channel, tariffs)| tariffs.iter().map(move |(tariff, _)| (channel, *tariff)))
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
    for (channel, tariffs) in priced() {
        let prices = member.org.prices(channel).await?;
        now.push((channel, now_table(member, channel, tariffs, &prices)));
        all.extend(prices.iter().map(|price| all_row(member, channel, price, &prices)));
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

/// What is charged on a channel.
fn unit(channel: Channel) -> String {
    format!("{}, {}", channel.title(), channel.rules().charged)
}

fn now_table(member: &Member, channel: Channel, tariffs: &[(Tariff, &str)], prices: &[Price]) -> Table {
    let row = |(tariff, title): &(Tariff, &str)| {
        let set = prices.iter().find(|price| price.tariff == *tariff && price.from <= member.now);
        let (price, since) = match set {
            Some(set) => {
                (set.price, format!("Since {}", member.organization.zone.date(set.from, member.now)))
            }
            None => {
                let (price, whose) = unset_price(channel, *tariff);
                (price, whose)
            }
        };
        Row::new(vec![html! { b { (title) } }, html! { (unit_price(price.0)) }, html! { (since) }])
    };
    Table {
        caption: format!("Prices in force now, {}", channel.title()),
        columns: vec![
            Column::new("Category", Place::Title),
            Column::new("Price", Place::Number),
            Column::new("Set", Place::Line),
        ],
        rows: tariffs.iter().map(row).collect(),
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
    let choice = |channel: Channel, (tariff, title): &(Tariff, &str)| {
        let label = format!("{} · {title}", channel.title());
        Choice::new(word(channel, *tariff), label, &form.category)
    };
    let categories = priced()
        .flat_map(|(channel, tariffs)| tariffs.iter().map(move |tariff| choice(channel, tariff)))
        .collect();
    html! {
        form class="m-stack" method="post" action=(HREF) {
            (member.csrf())
            div class="m-row2" {
                (Field::select("category", "Category", categories).error(errors.category.clone()))
                (Field::text("price", "Price in rupees").value(&form.price).inputmode("decimal").placeholder("0.145").error(errors.price.clone()).required())
            }
            (Field::input("date", "from", "From").value(&form.from).help("From the start of that day in the organisation’s zone. A later date takes effect by itself.").error(errors.from.clone()).required())
            div class="m-acts" { (Button::primary("Set price").busy("Saving…")) }
        }
    }
}
