//! Templates: what a channel says, and where each value comes from. What is the same for every channel stands here; a channel's own
//! form, page and way of bringing templates over beside it.

mod account;
mod sample;
pub mod sms;
mod values;
pub mod whatsapp;

use domain::{channel::Channel, ids::TemplateId};
use serde::{Deserialize, Serialize};
use store::{StoreError, templates::Template};

use self::values::copy_name;
use crate::{
    http::extract::Member,
    ui::{
        icons::Icon,
        tabs::{Tab, Tabs},
    },
};

/// The list of the first channel, which is where Templates leads in the menu.
const HREF: &str = "/settings/templates";

/// The page on which a template of a channel is mended; of all of them when it is none that is known.
pub(crate) fn page_of(channel: Channel, id: Option<TemplateId>) -> String {
    match (channel, id) {
        (Channel::Sms, Some(id)) => sms::href(id),
        (Channel::Sms, None) => sms::HREF.to_owned(),
        (Channel::WhatsappPersonal | Channel::WhatsappGroup | Channel::IvrCall, Some(id)) => {
            whatsapp::href(id)
        }
        (Channel::WhatsappPersonal | Channel::WhatsappGroup | Channel::IvrCall, None) => HREF.to_owned(),
    }
}

/// The two channels that have templates of their own, as tabs.
fn tabs(current: Channel) -> Tabs {
    let tab = |channel: Channel, icon, href: &str| Tab {
        icon,
        long: channel.title().into(),
        short: channel.short_title().into(),
        href: href.into(),
        current: channel == current,
        state: None,
    };
    let tabs =
        vec![tab(Channel::WhatsappPersonal, Icon::Personal, HREF), tab(Channel::Sms, Icon::Sms, sms::HREF)];
    Tabs { label: "Channel", tabs }
}

/// What a link to a new template may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    from: String,
}

/// A template of that channel; another channel's is not there.
async fn of_channel(member: &Member, channel: Channel, id: TemplateId) -> Result<Template, StoreError> {
    let template = member.org.template(id).await?;
    if template.channel == channel { Ok(template) } else { Err(StoreError::Missing) }
}

/// Adds a template, or changes the one of that id. [`StoreError::Taken`] when another of the channel has the name.
async fn save(
    member: &Member,
    channel: Channel,
    id: Option<TemplateId>,
    name: &str,
    template: &impl Serialize,
) -> Result<TemplateId, StoreError> {
    let body = serde_json::to_value(template).expect("a template is plain JSON");
    match id {
        Some(id) => member.org.update_template(id, name, &body, member.now).await.map(|()| id),
        None => member.org.add_template(channel, name, &body, member.now).await,
    }
}
