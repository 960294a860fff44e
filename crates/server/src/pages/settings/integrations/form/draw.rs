//! The fields of an account's form, in the order in which somebody fills them.

use maud::{Markup, html};
use providers::field::{self, FieldKind, FormValues};
use serde_json::Value;
use store::integrations::Integration;

use super::{super::NAME_CHARS_MAX, AccountForm};
use crate::{
    http::extract::Member,
    pages::settings::vendor_field,
    ui::{
        field::{Checkbox, Choice, Field},
        icons::Icon,
    },
};

impl AccountForm<'_> {
    /// The name, the secrets, what else tells the account from others; and behind a fold what begins with a careful value.
    pub(super) fn fields(&self, member: &Member, with_secrets: bool, stored: Option<&Integration>) -> Markup {
        let name = Field::text("name", "Name")
            .value(self.typed.typed("name"))
            .placeholder(self.vendor.introduction().example)
            .error(self.error("name"))
            .required()
            .at_most(u32::try_from(NAME_CHARS_MAX).unwrap_or(u32::MAX));
        let fields = self.vendor.settings().iter().filter(|field| with_secrets || !field.is_secret());
        let (limits, mut own): (Vec<&field::Field>, Vec<&field::Field>) =
            fields.partition(|field| is_limit(field));
        own.sort_by_key(|field| !field.is_secret());
        let wrong =
            limits.iter().any(|field| self.wrong.iter().any(|wrong| wrong.field.starts_with(field.key)));
        html! {
            (name)
            (self.rows(member, own, stored))
            @if !limits.is_empty() {
                details class="m-fold" open[wrong] {
                    summary class="m-fold__head" { "Pace, hours and limits" (Icon::Down) }
                    p class="m-hint" { "These begin with careful values. They can be changed at any time." }
                    (self.rows(member, limits, stored))
                }
            }
        }
    }

    /// Fields one below the other: two of the short ones in a row, secrets alone.
    fn rows(&self, member: &Member, fields: Vec<&field::Field>, stored: Option<&Integration>) -> Markup {
        let mut rows: Vec<Vec<Field>> = Vec::new();
        let mut open = false;
        for field in fields {
            let drawn = self.draw(member, field, stored);
            let short = !field.is_secret() && drawn.len() == 1;
            match rows.last_mut() {
                Some(row) if open && short => {
                    row.extend(drawn);
                    open = false;
                }
                _ => {
                    rows.push(drawn);
                    open = short;
                }
            }
        }
        html! {
            @for row in rows {
                @if row.len() == 1 && self.is_secret(&row[0].name) {
                    (row[0])
                    @if let Some(tick) = self.forget(&row[0].name, stored) { (tick) }
                } @else { div class="m-row2" { @for field in row { (field) } } }
            }
        }
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.vendor.settings().iter().any(|field| field.key == name && field.is_secret())
    }

    /// A tick that takes a stored secret out, where the account can do without it.
    pub(super) fn forget(&self, name: &str, stored: Option<&Integration>) -> Option<Checkbox> {
        let field = self.vendor.settings().iter().find(|field| field.key == name)?;
        let set = stored.is_some_and(|one| one.hints.get(name).is_some_and(Value::is_string));
        let what = if field.shown.label.is_empty() { field.label } else { field.shown.label };
        (set && field.missing.is_empty()).then(|| {
            Checkbox::new(drop_name(field), format!("Forget the stored {}", what.to_lowercase()), false)
        })
    }

    pub(super) fn draw(
        &self,
        member: &Member,
        field: &field::Field,
        stored: Option<&Integration>,
    ) -> Vec<Field> {
        let value = |name: &str| self.typed.typed(name).to_owned();
        match field.kind {
            FieldKind::Secret => vec![
                Field::password(field.key, field.label)
                    .autocomplete("off")
                    .error(self.error(field.key))
                    .help(format!("{}{}", keeps(stored, field.key), field.help)),
            ],
            FieldKind::Hours => {
                let zone = member.organization.zone.name();
                let about = format!("Hours in which this account may send, in {zone}. Empty means any.");
                let time = |name: String, word: &str, help: String| {
                    Field::input("time", name.as_str(), format!("{} {word}", field.label))
                        .value(value(&name))
                        .error(self.error(&name))
                        .help(help)
                };
                let [from, until] = [format!("{}_from", field.key), format!("{}_until", field.key)];
                vec![time(from, "from", about), time(until, "until", field.help.to_owned())]
            }
            FieldKind::Base { url } => {
                let typed = self.typed.typed(field.key);
                let listed = self.urls.listed(url).into_iter().map(|url| Choice::new(url, url, typed));
                let listed = Field::select(field.key, field.label, listed.collect());
                vec![listed.error(self.error(field.key)).help(field.help)]
            }
            _ => vec![vendor_field::draw(field, self.typed.typed(field.key), self.error(field.key))],
        }
    }
}

/// How fast, when and how much: an account sends without anybody thinking about it.
fn is_limit(field: &field::Field) -> bool {
    matches!(
        field.kind,
        FieldKind::Number { .. } | FieldKind::Rate { .. } | FieldKind::Ceiling { .. } | FieldKind::Hours
    )
}

/// The name of the tick that takes a secret out.
pub(super) fn drop_name(field: &field::Field) -> String {
    format!("drop_{}", field.key)
}

/// What an empty field of a stored secret means.
fn keeps(stored: Option<&Integration>, key: &str) -> String {
    match stored.and_then(|one| one.hints.get(key)?.as_str()) {
        None => String::new(),
        Some("") => "Empty keeps the one that is stored. ".to_owned(),
        Some(hint) => format!("Empty keeps the one that ends in {hint}. "),
    }
}
