//! What only the vendor wants of a template: fields of its description that the channel's own form does not have. They are kept beside
//! the template's parts and reach the vendor as they were typed.

use domain::template::Message;
use maud::html;
use providers::{
    Vendor,
    field::{Field as VendorField, FormValues},
};
use serde_json::Value;

use super::{
    form::{Errors, Form},
    kind::{FormCard, Kind},
};
use crate::pages::settings::vendor_field;

impl FormValues for Form {
    fn typed(&self, name: &str) -> &str {
        self.get(name)
    }
}

/// The fields of a vendor that the form of a channel does not have by itself.
pub(super) struct Own {
    vendor: &'static str,
    fields: Vec<&'static VendorField>,
}

impl Own {
    pub(super) fn of(kind: &dyn Kind, vendor: Option<&'static dyn Vendor>) -> Own {
        let all = vendor.map_or(&[][..], Vendor::template_fields);
        Own::among(kind, vendor.map_or("", Vendor::name), all)
    }

    fn among(kind: &dyn Kind, vendor: &'static str, all: &'static [VendorField]) -> Own {
        let known = kind.fields(&kind.draft(&Form::default()));
        let known = |field: &&VendorField| known.iter().any(|(name, _)| name == field.key);
        Own { vendor, fields: all.iter().filter(|field| !known(field)).collect() }
    }

    /// The form of a stored template.
    pub(super) fn form(&self, kind: &dyn Kind, name: &str, message: &Message) -> Form {
        let mut form = Form::of(kind, name, message);
        let extra = Value::Object(message.extra().clone());
        for (name, value) in self.fields.iter().flat_map(|field| field.filled(&extra)) {
            form.set(&name, &value);
        }
        form
    }

    /// The template that a form makes. What cannot be read is left out.
    pub(super) fn draft(&self, kind: &dyn Kind, form: &Form) -> Message {
        let mut message = kind.draft(form);
        for field in &self.fields {
            if let Ok(value) = field.read(form) {
                field.store(message.extra_mut(), value);
            }
        }
        message
    }

    /// The template that a form makes, or all that is wrong at once. Of `stored`, what no field knows is kept.
    pub(super) fn check(
        &self,
        kind: &dyn Kind,
        form: &Form,
        stored: Option<&Message>,
    ) -> Result<Message, Errors> {
        let mut errors = form.check(kind).err().unwrap_or_default();
        for wrong in self.fields.iter().filter_map(|field| field.read(form).err()).flatten() {
            errors.insert(wrong.field, wrong.words);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut message = self.draft(kind, form);
        for (key, value) in stored.into_iter().flat_map(Message::extra) {
            let typed = self.fields.iter().any(|field| field.key == key || field.at == key);
            if !typed {
                message.extra_mut().entry(key).or_insert_with(|| value.clone());
            }
        }
        Ok(message)
    }

    /// The card of the fields; none where there are none.
    pub(super) fn card(&self) -> Option<FormCard> {
        let lines: Vec<_> =
            self.fields.iter().map(|field| vec![vendor_field::draw(field, "", None)]).collect();
        (!lines.is_empty()).then(|| FormCard { id: "own-card", title: self.vendor, lines, below: html! {} })
    }
}

#[cfg(test)]
mod tests {
    use providers::field::{FieldKind, TEXT};
    use serde_json::json;

    use super::{super::sms::Sms, *};

    const OWN: &[VendorField] = &[
        VendorField { key: "message_id", label: "Message id", ..TEXT },
        VendorField {
            key: "flow",
            label: "Flow",
            missing: "Type the flow’s name.",
            kind: FieldKind::Text { max: 5, default: "" },
            ..TEXT
        },
    ];

    #[test]
    fn a_field_that_only_a_vendor_knows_is_drawn_read_kept_and_filled_in_again() {
        let own = Own::among(&Sms, "Made-up", OWN);
        let card = own.card().expect("a card of its own");
        let names: Vec<_> = card.lines.iter().flatten().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["flow"], "the message id stands in the form of every SMS");
        let mut form = Form::default();
        for (name, value) in
            [("name", "Reminder"), ("route", "quick"), ("category", "utility"), ("text", "Today 7 PM")]
        {
            form.set(name, value);
        }
        let missing = own.check(&Sms, &form, None).expect_err("the flow is missing");
        assert_eq!(missing["flow"], "Type the flow’s name.");
        form.set("flow", "too long a name");
        assert!(own.check(&Sms, &form, None).expect_err("too long").contains_key("flow"));
        form.set("flow", "f-12");
        let mut stored = kept(&Sms, "quick");
        stored.extra_mut().insert("flow".into(), json!("old"));
        stored.extra_mut().insert("of_another_version".into(), json!([1, 2]));
        let message = own.check(&Sms, &form, Some(&stored)).expect("complete");
        assert_eq!(message.extra()["flow"], "f-12");
        assert_eq!(message.extra()["of_another_version"], json!([1, 2]), "what no field knows stays");
        let again = Message::from_json(message.channel(), &message.to_json()).expect("readable");
        assert_eq!(again, message, "it is stored and frozen whole");
        assert_eq!(own.form(&Sms, "Reminder", &again).get("flow"), "f-12");
    }

    fn kept(kind: &dyn Kind, route: &str) -> Message {
        let mut form = Form::default();
        form.set("route", route);
        kind.draft(&form)
    }
}
