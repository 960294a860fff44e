//! What a page watches, and how it is rendered: by the parts of the pages themselves, so that page and stream cannot
//! drift.

use domain::{
    ids::{BroadcastId, MessageRef, OrganizationId},
    time::{Millis, Zone},
};
use futures::{FutureExt, future::BoxFuture};
use store::{Org, StoreError};

use crate::{
    app::App,
    http::frame::Pulse,
    live::Watched,
    pages::{
        broadcast::{list, message::Story, recipients::Listing, recipients::Which, view::View},
        home::history,
    },
    ui::{attention::Length, fragment::Fragment},
};

/// What is watched besides the frame around every page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Nothing besides the frame.
    Frame,
    /// The matters that need somebody.
    Attention,
    /// A broadcast with the recipients on the page, and perhaps one message in the drawer.
    Broadcast(BroadcastId, Box<Which>),
    /// The page of one message: its broadcast and position.
    Message(BroadcastId, i64),
    /// A page of the list of broadcasts.
    Broadcasts(Box<list::Which>),
    /// The broadcasts of a workshop on the home page.
    History(Box<history::Which>),
}

impl What {
    /// How much of what needs somebody stands over that page.
    fn attention(&self) -> Length {
        match self {
            What::Attention | What::History(_) => Length::All,
            What::Frame | What::Broadcast(..) | What::Message(..) | What::Broadcasts(_) => Length::First,
        }
    }

    fn concerns(&self, changed: BroadcastId) -> bool {
        match self {
            What::Frame => false,
            What::Attention => true,
            What::Broadcast(id, _) | What::Message(id, _) => *id == changed,
            What::Broadcasts(_) | What::History(_) => true,
        }
    }
}

/// What a stream follows, and with whose rights.
#[derive(Clone)]
pub(super) struct Watch {
    /// The program's state.
    pub app: App,
    /// The store, bound to a member of the organisation.
    pub org: Org,
    /// What the stream follows besides the frame.
    pub what: What,
    /// The organisation's zone, in which times are shown.
    pub zone: Zone,
    /// Whether the reader may act.
    pub may_send: bool,
}

/// What a rendering depends on: readers with an equal one share it.
#[derive(Debug)]
#[expect(dead_code, reason = "read as text: two with the same text are the same")]
struct Key<'a> {
    organization: OrganizationId,
    what: &'a What,
    may_send: bool,
}

impl Watched for Watch {
    fn key(&self) -> String {
        let organization = self.org.actor().organization;
        format!("{:?}", Key { organization, what: &self.what, may_send: self.may_send })
    }

    fn concerns(&self, changed: BroadcastId) -> bool {
        self.what.concerns(changed)
    }

    fn render(&self) -> BoxFuture<'_, Result<Vec<Fragment>, String>> {
        self.parts().map(|parts| parts.map_err(|error| error.to_string())).boxed()
    }
}

impl Watch {
    /// All parts as they are now.
    pub(super) async fn parts(&self) -> Result<Vec<Fragment>, StoreError> {
        let now = self.app.clock.now();
        let mut parts = match &self.what {
            What::Frame | What::Attention => vec![],
            What::Broadcast(id, which) => self.broadcast(*id, which, now).await?,
            What::Message(id, position) => vec![self.message(*id, *position, now).await?],
            What::Broadcasts(which) => {
                list::Listing::load(&self.org, &self.zone, which, now).await?.fragments()
            }
            What::History(which) => {
                let mut parts = which.load(&self.org, &self.zone, now).await?.fragments();
                parts.extend(which.calls(&self.org, now).await?);
                parts
            }
        };
        let asks = self.asks().await?;
        parts.extend(Pulse::load(&self.app, &asks).await?.fragments(&self.zone, now, self.what.attention()));
        Ok(parts)
    }

    /// Who watches, in the organisation as it is now.
    async fn asks(&self) -> Result<compose::Caller, StoreError> {
        let organization = self.org.organization().await?;
        Ok(compose::Caller::new(self.org.clone(), organization, self.app.clock.now()))
    }

    async fn broadcast(
        &self,
        id: BroadcastId,
        which: &Which,
        now: Millis,
    ) -> Result<Vec<Fragment>, StoreError> {
        let view = View::load(&self.app, &self.org, id, &self.zone, self.may_send, now).await?;
        let listing = Listing::load_again(&self.org, &view, which).await?;
        let mut parts = view.fragments();
        parts.extend(listing.recipients(&view).fragments());
        if let Some(position) = which.message() {
            match self.message(id, position, now).await {
                Ok(story) => parts.push(story),
                Err(StoreError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(parts)
    }

    async fn message(&self, id: BroadcastId, position: i64, now: Millis) -> Result<Fragment, StoreError> {
        if position < 1 {
            return Err(StoreError::Missing);
        }
        let message = MessageRef { broadcast: id, position };
        let story = Story::load(&self.org, message, &self.zone, self.may_send, now).await?;
        Ok(Fragment::new(crate::ui::drawer::LIVE_ID, story.drawer()))
    }
}
