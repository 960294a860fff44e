//! An account of a provider of calls, as every account is seen.

use domain::{
    channel::Channel, checks::Probe, outcome::Outcome, receipt::Event, sending_hours::OpenHours,
    template::Message,
};

use super::{Hook, Voice};
use crate::{
    account::{
        Account, BoxFuture, Call, Capabilities, NotGenuine, Post, Received, Reply, Status, wrong_channel,
    },
    http::Http,
};

/// A provider's account of calls. What is special about calls is done by [`Account::voice`].
#[derive(Debug)]
pub struct Caller<V>(pub V);

impl<V: Voice> Account for Caller<V> {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn channel(&self) -> Channel {
        Channel::IvrCall
    }

    fn can(&self) -> Capabilities {
        let abilities = self.0.abilities();
        Capabilities {
            takes_receipts: true,
            looks_up: abilities.looks_up,
            lists_templates: false,
            echoes: abilities.echoes,
        }
    }

    fn voice(&self) -> Option<&dyn Voice> {
        Some(&self.0)
    }

    fn hours(&self) -> Option<OpenHours> {
        Some(self.0.hours())
    }

    /// Templates of other channels never leave; a script is placed by [`Voice::place`].
    fn send<'a>(&'a self, _http: &'a Http, _call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Outcome::Misconfigured(wrong_channel(self)) })
    }

    fn probe<'a>(&'a self, _http: &'a Http, _message: &'a Message) -> BoxFuture<'a, Probe> {
        Box::pin(async { Probe::Refused(wrong_channel(self).text) })
    }

    fn status<'a>(&'a self, http: &'a Http, about: &'a str) -> BoxFuture<'a, Status> {
        self.0.status(http, about)
    }

    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine> {
        let header = |name: &str| (post.header)(name).unwrap_or_default();
        let (kind, authorization) = (header("content-type"), header("authorization"));
        let hook =
            Hook { path: "", query: "", content_type: &kind, authorization: &authorization, body: post.raw };
        let taken = self.0.hear(&hook)?;
        Ok(Received { dedupe_key: taken.dedupe_key, reply: Reply::Stored })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        let hook = Hook { path: "", query: "", content_type: "", authorization: "", body: raw };
        hook.key("", &[])
    }

    /// News of calls are told by [`Voice::hear`]: one of them alone may mislead.
    fn read(&self, _raw: &[u8]) -> Vec<Event> {
        vec![Event::Other]
    }
}
