//! What one message costs, by category, from a day on. Estimates are made with it; actual costs come from the provider.

use axum::{extract::State, response::IntoResponse};
use domain::{
    channel::{Category, Channel},
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
use providers::aisensy::list_price;

const HREF: &str = "/settings/prices";
const CHANNEL: Channel = Channel::WhatsappPersonal;
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

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PriceForm {
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
    fn check(&self, member: &Member) -> Result<(Category, Money, Millis), Errors> {
        let category: Result<Category, _> = self.category.parse();
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
            (Ok(category), Ok(price), Ok(from)) => Ok((category, price, from)),
            (category, price, from) => Err(Errors {
                category: category.is_err().then(|| "Choose one of the categories.".to_owned()),
                price: price.err(),
                from: from.err(),
            }),
        }
    }
}

/// `GET /settings/prices`
pub async fn show(member: Member) -> PageResult {
    let today = member.organization.zone.local_form(member.now).chars().take(10).collect();
    let form =
        PriceForm { from: today, category: Category::Utility.word().to_owned(), ..PriceForm::default() };
    Ok(page(&member, &form, &Errors::default()).await?.into_response())
}

/// `POST /settings/prices`
pub async fn set(State(app): State<App>, member: Member, Form(form): Form<PriceForm>) -> PageResult {
    match form.check(&member) {
        Ok((category, price, from)) => {
            member.org.set_price(CHANNEL, category, from, price, member.now).await?;
            let words = format!("{}: {} from {}.", category_title(category), unit_price(price.0), form.from);
            Ok(see_other_saying(&app, HREF, &words))
        }
        Err(errors) => Ok(unprocessable(page(&member, &form, &errors).await?)),
    }
}

async fn page(member: &Member, form: &PriceForm, errors: &Errors) -> Result<Markup, store::StoreError> {
    let prices = member.org.prices(CHANNEL).await?;
    let body = html! {
        (Head::new("Prices").meta("Of one delivered message, without GST. Estimates before sending are made with them; what was really charged comes from the provider."))
        (Card::new("now", "In force now", now_table(member, &prices)))
        @if member.may(Permission::Manage) { (Card::new("set", "Set a price", set_form(member, form, errors)).padded()) }
        @if !prices.is_empty() { (Card::new("all", "All prices that were set", all_table(member, &prices))) }
    };
    Ok(settings_page(member, "Prices", HREF, body).render())
}

fn now_table(member: &Member, prices: &[Price]) -> Table {
    let row = |category: &Category| {
        let set = prices.iter().find(|price| price.category == *category && price.from <= member.now);
        let (price, since) = match set {
            Some(set) => {
                (set.price, format!("Since {}", member.organization.zone.date(set.from, member.now)))
            }
            None => (list_price(*category), "AiSensy’s list price of January 2026".to_owned()),
        };
        Row::new(vec![
            html! { b { (category_title(*category)) } },
            html! { (unit_price(price.0)) },
            html! { (since) },
        ])
    };
    Table {
        caption: "Prices in force now".into(),
        columns: vec![
            Column::new("WhatsApp Personal", Place::Title),
            Column::new("Price", Place::Number),
            Column::new("Set", Place::Line),
        ],
        rows: Category::ALL.iter().map(row).collect(),
        empty: String::new(),
    }
}

fn all_table(member: &Member, prices: &[Price]) -> Table {
    let in_force = |price: &Price| {
        let latest = prices.iter().find(|other| other.category == price.category && other.from <= member.now);
        latest == Some(price)
    };
    let row = |price: &Price| {
        let chip = if price.from > member.now {
            Chip { tone: Tone::Rest, icon: Icon::Wait, word: "Upcoming".into() }
        } else if in_force(price) {
            Chip { tone: Tone::Done, icon: Icon::Ok, word: "In force".into() }
        } else {
            Chip { tone: Tone::Rest, icon: Icon::Cancel, word: "Replaced".into() }
        };
        Row::new(vec![
            html! { (category_title(price.category)) },
            html! { (chip) },
            html! { (unit_price(price.price.0)) },
            html! { "From " (member.organization.zone.date(price.from, member.now)) },
        ])
    };
    Table {
        caption: "All prices that were set".into(),
        columns: vec![
            Column::new("Category", Place::Title),
            Column::new("State", Place::State),
            Column::new("Price", Place::Number),
            Column::new("From", Place::Line),
        ],
        rows: prices.iter().map(row).collect(),
        empty: String::new(),
    }
}

fn set_form(member: &Member, form: &PriceForm, errors: &Errors) -> Markup {
    let categories = Category::ALL
        .iter()
        .map(|category| Choice::new(category.word(), category_title(*category), &form.category))
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
