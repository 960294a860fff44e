//! The body of a send call (NOTES.md §2.1).

use std::collections::BTreeMap;

use domain::{template::WhatsappContent, whatsapp::WhatsappTemplate};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq};
use serde_json::{Map, Value};

use super::AisensyAccount;

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
    template: &'a WhatsappTemplate,
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
        let taking = self.template.buttons.iter().enumerate().filter(|(_, button)| button.value.is_some());
        let mut seq = serializer.serialize_seq(None)?;
        for ((index, _), text) in taking.zip(self.values) {
            let parameters = [ButtonText { r#type: "text", text }];
            seq.serialize_element(&Button { r#type: "button", sub_type: "url", index, parameters })?;
        }
        seq.end()
    }
}

/// What the API takes beyond a template of WhatsApp (§2.1). All of it may stand in the frozen template; empty members are not sent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Extra {
    /// Tags of the project; it ignores those that it does not know.
    tags: Vec<String>,
    /// Attributes of the contact; their keys must exist in the project.
    attributes: BTreeMap<String, String>,
    /// Cards of a carousel template.
    carousel_cards: Vec<Value>,
    /// Place of a location template.
    location: Map<String, Value>,
    /// Values for `$Name` parameters that the contact does not have.
    params_fallback: BTreeMap<String, String>,
}

/// Written once into one buffer; a usual body has about 400 bytes.
///
/// # Errors
/// When what stands in the template beyond WhatsApp's own parts is not what the API takes.
pub(super) fn body(
    account: &AisensyAccount,
    template: &WhatsappTemplate,
    content: &WhatsappContent,
    to: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let extra = Extra::deserialize(&template.extra)?;
    let body = Body {
        api_key: account.api_key.expose(),
        campaign_name: &template.campaign,
        destination: if WITH_PLUS { to } else { to.trim_start_matches('+') },
        user_name: &content.name,
        source: &account.source,
        template_params: &content.values,
        media: template.media.as_ref().map(|media| Media { url: &media.url, filename: &media.filename }),
        buttons: Buttons { template, values: &content.buttons },
        carousel_cards: &extra.carousel_cards,
        location: &extra.location,
        attributes: &extra.attributes,
        params_fallback_value: &extra.params_fallback,
        tags: &extra.tags,
        default_country_code: &account.country,
    };
    let mut bytes = Vec::with_capacity(512 + account.api_key.expose().len());
    serde_json::to_writer(&mut bytes, &body)?;
    Ok(bytes)
}
