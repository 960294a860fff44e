//! The body of a send call (NOTES.md §2.1).

use std::collections::BTreeMap;

use domain::template::WhatsappContent;
use serde::{Serialize, Serializer, ser::SerializeSeq};
use serde_json::{Map, Value};

use super::AisensyAccount;
use crate::wire::WhatsappWire;

/// Whether a number goes out as `+91…` or as `91…`; AiSensy takes both and recommends the first (§2.2).
const WITH_PLUS: bool = true;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    api_key: &'a str,
    campaign_name: &'a str,
    destination: &'a str,
    user_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source: &'a str,
    template_params: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Media<'a>>,
    #[serde(skip_serializing_if = "Buttons::is_empty")]
    buttons: Buttons<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    carousel_cards: &'a [Value],
    #[serde(skip_serializing_if = "Map::is_empty")]
    location: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params_fallback_value: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    default_country_code: &'a str,
}

#[derive(Serialize)]
struct Media<'a> {
    url: &'a str,
    filename: &'a str,
}

/// The buttons that take a value, each with its place among all buttons, in Meta's shape.
struct Buttons<'a> {
    wire: &'a WhatsappWire,
    values: &'a [String],
}

impl Buttons<'_> {
    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

#[derive(Serialize)]
struct Button<'a> {
    r#type: &'static str,
    sub_type: &'static str,
    index: usize,
    parameters: [ButtonText<'a>; 1],
}

#[derive(Serialize)]
struct ButtonText<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl Serialize for Buttons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let taking =
            self.wire.template.buttons.iter().enumerate().filter(|(_, button)| button.value.is_some());
        let mut seq = serializer.serialize_seq(None)?;
        for ((index, _), text) in taking.zip(self.values) {
            let parameters = [ButtonText { r#type: "text", text }];
            seq.serialize_element(&Button { r#type: "button", sub_type: "url", index, parameters })?;
        }
        seq.end()
    }
}

/// Written once into one buffer; a usual body has about 400 bytes.
pub(super) fn body(
    account: &AisensyAccount,
    wire: &WhatsappWire,
    content: &WhatsappContent,
    to: &str,
) -> Vec<u8> {
    let template = &wire.template;
    let body = Body {
        api_key: account.api_key.expose(),
        campaign_name: &template.campaign,
        destination: if WITH_PLUS { to } else { to.trim_start_matches('+') },
        user_name: &content.name,
        source: &account.source,
        template_params: &content.values,
        media: template.media.as_ref().map(|media| Media { url: &media.url, filename: &media.filename }),
        buttons: Buttons { wire, values: &content.buttons },
        carousel_cards: &wire.carousel_cards,
        location: &wire.location,
        attributes: &wire.attributes,
        params_fallback_value: &wire.params_fallback,
        tags: &wire.tags,
        default_country_code: &account.country,
    };
    let mut bytes = Vec::with_capacity(512 + account.api_key.expose().len());
    serde_json::to_writer(&mut bytes, &body).expect("text and maps with text keys are always JSON");
    bytes
}
