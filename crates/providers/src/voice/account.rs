//! An account of a provider of calls, as every account is seen.

use domain::{
    call::CallRef,
    channel::Channel,
    checks::Probe,
    ids::MessageRef,
    outcome::{Outcome, ProviderAnswer},
    receipt::Event,
    sending_hours::OpenHours,
    template::{Content, Message},
};

use super::{CallbackRequest, Callee, Dial, NO_HEADERS, Voice};
use crate::{
    account::{
        Account, AccountStanding, BoxFuture, Call, Capabilities, NotGenuine, Post, Received, Ringing, Status,
        wrong_channel,
    },
    codes,
    http::Http,
};

/// A provider's account of calls. [`Account::voice`] does what only calls need.
#[derive(Debug)]
pub struct VoiceAccount<V>(pub V);

impl<V: Voice> Account for VoiceAccount<V> {
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

    /// Templates of other channels never leave.
    fn send<'a>(&'a self, http: &'a Http, call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (Message::Call(script), Content::Call(_), [to]) = (call.template, call.content, call.to)
            else {
                return Outcome::Misconfigured(wrong_channel(self));
            };
            let (Some(span), Some(ring)) = (call.span, call.ring) else {
                let words = "Nobody could be asked what the call says";
                return Outcome::Misconfigured(ProviderAnswer::new(codes::NOT_SET_UP, words));
            };
            let message = MessageRef { broadcast: span.broadcast, position: span.first };
            let call_ref = CallRef { message, attempt: ring.attempt };
            let calls = [Callee { call: call_ref, to, said: &script.said(call.content) }];
            let Ringing { callback, until, .. } = ring;
            self.0.place(http, &Dial { script, calls: &calls, callback, now: call.now, until }).await
        })
    }

    /// Scripts are not registered: what stands in the way is the account. Places no call and costs nothing.
    fn probe<'a>(&'a self, http: &'a Http, message: &'a Message) -> BoxFuture<'a, Probe> {
        Box::pin(async move {
            let Message::Call(_) = message else { return Probe::Refused(wrong_channel(self).text) };
            let status = self.0.status(http, "").await;
            match status.standing {
                AccountStanding::Refused => Probe::KeyRefused(status.said),
                AccountStanding::NotActive | AccountStanding::NotLive => Probe::Refused(status.said),
                AccountStanding::Silent => Probe::Silent(status.said),
                // Where the provider tells the balance, it is compared with the cost.
                AccountStanding::NotProven | AccountStanding::Ready | AccountStanding::NoMoney => {
                    Probe::Answered { live: true, parameters: None, media: None }
                }
            }
        })
    }

    fn status<'a>(&'a self, http: &'a Http, about: &'a str) -> BoxFuture<'a, Status> {
        self.0.status(http, about)
    }

    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine> {
        let kind = (post.header)("content-type").unwrap_or_default();
        let hook = CallbackRequest {
            path: "",
            query: "",
            content_type: &kind,
            header: post.header,
            proven: false,
            body: post.raw,
        };
        let taken = self.0.hear(&hook)?;
        Ok(Received { dedupe_key: taken.dedupe_key })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        let hook = CallbackRequest {
            path: "",
            query: "",
            content_type: "",
            header: NO_HEADERS,
            proven: false,
            body: raw,
        };
        hook.key("", &[])
    }

    /// News of calls are told by [`Voice::hear`]: one of them alone may mislead.
    fn read(&self, _raw: &[u8]) -> Vec<Event> {
        vec![Event::Other]
    }
}
