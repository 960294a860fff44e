//! A connected account of any vendor: what can be done with it. A vendor's folder implements it.

use std::{fmt, pin::Pin};

use domain::{
    channel::Channel,
    checks::Probe,
    ids::MessageSpan,
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    receipt::Event,
    sending_hours::OpenHours,
    sms::{DltTemplateId, EntityId, MessageId, SenderId},
    template::{Content, Message},
    time::Millis,
};
use serde::{Deserialize, Serialize};

use crate::{answer::QueryError, codes, gateway::Gateway, http::Http, voice::Voice};

/// A call under way. Its box is nothing beside an HTTP call.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An opened account.
pub trait Account: Send + Sync + fmt::Debug {
    /// Word of its vendor.
    fn kind(&self) -> &'static str;

    /// The channel that it serves.
    fn channel(&self) -> Channel;

    /// What it can do as it is set up.
    fn can(&self) -> Capabilities;

    /// What else can be done with it where it is a phone that a gateway holds: link it, list its groups, post to them.
    fn gateway(&self) -> Option<&dyn Gateway> {
        None
    }

    /// What else can be done with it where it places calls.
    fn voice(&self) -> Option<&dyn Voice> {
        None
    }

    /// The account's own hours, in the organisation's zone; `None` for any hour.
    fn hours(&self) -> Option<OpenHours> {
        None
    }

    /// A template with what this account adds where it names nothing.
    fn complete(&self, message: Message) -> Message {
        message
    }

    /// How many messages may share one call of this broadcast; their content has to be the same.
    fn batch(&self, _message: &Message) -> usize {
        1
    }

    /// Makes one call. Always ends: the client has a total time limit.
    fn send<'a>(&'a self, http: &'a Http, call: &'a Call<'a>) -> BoxFuture<'a, Outcome>;

    /// Whether this refusal of several messages may be the fault of one of them: the others deserve calls of their own.
    fn blames_one(&self, said: &ProviderAnswer) -> bool {
        said.code == codes::INVALID_NUMBER
    }

    /// Asks the vendor about what a broadcast would send, without sending. Free of charge.
    fn probe<'a>(&'a self, http: &'a Http, message: &'a Message) -> BoxFuture<'a, Probe>;

    /// Asks the vendor about the account, and about what [`Vendor::question`](crate::Vendor::question) names, where
    /// `about` is not empty. Sends nothing and costs nothing.
    fn status<'a>(&'a self, http: &'a Http, about: &'a str) -> BoxFuture<'a, Status>;

    /// The templates that the vendor has of this account: a text each, as it was approved or registered.
    fn templates<'a>(&'a self, _http: &'a Http) -> BoxFuture<'a, Result<VendorTemplates, QueryError>> {
        Box::pin(async { Err(QueryError::NotConnected) })
    }

    /// Proves a post to our callback, and makes the key under which it is stored once, however often it comes. Posts
    /// about calls go to [`Voice::hear`]. Nothing in the post is believed before its proof.
    ///
    /// # Errors
    /// When it is not proven to be the vendor's.
    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine>;

    /// The key under which a body that [`look_up`](Account::poll_status) brought is stored once.
    fn dedupe_key(&self, raw: &[u8]) -> String;

    /// What a stored post says. Never fails: what cannot be read is [`Event::Other`].
    fn read(&self, raw: &[u8]) -> Vec<Event>;

    /// The key by which the messages of a call can be asked about later; `None` where they cannot.
    fn status_poll_key(&self, _message: &Message, _provider_id: Option<&str>) -> Option<StatusPollKey> {
        None
    }

    /// The key by which a single message can be asked about, from the id that its call was answered with, where
    /// [`look_up_key`](Account::status_poll_key) asks about many messages at once. `None` where it cannot be asked about
    /// alone.
    fn message_key(&self, _provider_id: &str) -> Option<String> {
        None
    }

    /// Asks what became of messages, for accounts whose posts do not reach us. What comes back is stored and read like
    /// posts.
    fn poll_status<'a>(
        &'a self,
        _http: &'a Http,
        _key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, QueryError>> {
        Box::pin(async { Err(QueryError::NotConnected) })
    }
}

/// What an account can do as it is set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Posts about messages are taken: they can be told from forgeries, or their address is the proof.
    pub takes_receipts: bool,
    /// It can be asked what became of messages.
    pub looks_up: bool,
    /// It can be asked which templates there are.
    pub lists_templates: bool,
    /// What we send along with a message ([`Call::span`]) comes back in what is told of it.
    pub echoes: bool,
}

/// One call, ready to go: one message, or several that share their content where the account takes that
/// ([`Account::batch`]).
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The frozen template of the broadcast.
    pub template: &'a Message,
    /// The values of this call.
    pub content: &'a Content,
    /// The numbers that it goes to, in E.164 form. There is at least one, and only one unless [`Account::batch`] allows
    /// more.
    pub to: &'a [&'a str],
    /// The messages of this call, sent along where the provider echoes what it gets; `None` for a test message.
    pub span: Option<MessageSpan>,
    /// What a telephone call needs besides; `None` where no call can be asked and told about.
    pub ring: Option<Ringing<'a>>,
    /// The present moment, for answers that name a date.
    pub now: Millis,
}

/// What a telephone call needs besides its message. It is asked for and told about under [`Call::span`].
#[derive(Clone, Copy, Debug)]
pub struct Ringing<'a> {
    /// The address of the account's callback.
    pub callback: &'a str,
    /// Which attempt it is, from 1.
    pub attempt: i64,
    /// After this moment no phone may begin to ring.
    pub until: Millis,
}

/// Neither the number nor what is said to it.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("to", &self.to.len()).field("now", &self.now).finish_non_exhaustive()
    }
}

/// What a provider knows messages by when it is asked about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusPollKey {
    /// The id that it gave to one call.
    Call(String),
    /// A name that all messages of the broadcast share.
    Broadcast(String),
}

/// What came to our callback.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// The body as it came; of a GET, its query.
    pub raw: &'a [u8],
    /// Looks a header up by its name in lower case.
    pub header: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

/// A post that is the vendor's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Under which it is stored once.
    pub dedupe_key: String,
}

/// An answer in the vendor's own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Of what kind it is.
    pub content_type: &'static str,
    /// The body as it is sent.
    pub bytes: Vec<u8>,
}

/// A post that is not proven to be the vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is missing or wrong")]
pub struct NotGenuine;

/// The vendor's answer about an account, as cards and pages show it. It is kept with the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Whether the account can send, by the vendor's answer.
    pub standing: AccountStanding,
    /// What was asked about besides the account; empty where nothing was.
    pub about: String,
    /// The vendor's answer in a few words.
    pub said: String,
    /// The code of a refusal or a silence; empty where the vendor answered.
    pub code: String,
    /// What stands in the way and what to do about it; both empty where nothing does.
    pub alert: (String, String),
    /// The credit in the wallet; `None` where the vendor does not tell it.
    pub balance: Option<Money>,
    /// What the credit lasts for, or why it is not known.
    pub balance_note: String,
    /// The people that may be written to in 24 hours; `i64::MAX` for no limit, `None` where it is not known.
    pub people_a_day: Option<i64>,
    /// The number that people see, as digits; empty where there is none.
    pub number: String,
    /// Further facts that the vendor told.
    pub facts: Vec<AccountFact>,
}

impl Status {
    /// Says why nothing more is known of the account.
    pub(crate) fn not_told(&mut self, vendor: &str, not_told: &QueryError) {
        let words = not_told.words();
        let words = words.trim().trim_end_matches('.');
        let (standing, code, said) = match not_told {
            QueryError::Refused(said) => {
                (AccountStanding::Refused, said.code.as_str(), format!("{vendor} refused: {words}."))
            }
            QueryError::Silent(said) => (
                AccountStanding::Silent,
                said.code.as_str(),
                format!("{vendor} gave no usable answer: {words}."),
            ),
            QueryError::NotConnected => (AccountStanding::Silent, "", format!("{words}.")),
        };
        self.standing = standing;
        code.clone_into(&mut self.code);
        words.clone_into(&mut self.balance_note);
        self.said = said;
    }
}

/// One thing that a vendor told about an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFact {
    /// The name of the fact: a noun, as a label.
    pub name: String,
    /// The value that the vendor told.
    pub value: String,
    /// A quiet word beside the value; may be empty.
    pub note: String,
}

impl AccountFact {
    /// A fact with a quiet word that may be empty; `None` when there is nothing to say.
    pub fn new(name: &str, value: &str, note: &str) -> Option<AccountFact> {
        let told = AccountFact { name: name.to_owned(), value: value.to_owned(), note: note.to_owned() };
        (!value.is_empty()).then_some(told)
    }
}

/// How an account stands, as far as its vendor tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStanding {
    /// Nothing was asked that proves anything.
    #[default]
    NotProven,
    /// It answered, and nothing stands in the way.
    Ready,
    /// It answered, and the wallet is empty.
    NoMoney,
    /// The thing that was asked about exists, and cannot be sent with as it is.
    NotLive,
    /// The account exists and is not active.
    NotActive,
    /// The vendor refused the question.
    Refused,
    /// The vendor could not be reached, or could not be understood.
    Silent,
}

/// The templates that a vendor has of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendorTemplates {
    /// The templates, as the vendor lists them.
    pub templates: Vec<VendorTemplate>,
    /// What can be chosen for a field that the vendor wants of a template, by its key; a field that is not here is
    /// typed.
    pub choices: Vec<(&'static str, Vec<String>)>,
}

/// A template as the vendor has it. A text that the vendor does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendorTemplate {
    /// The id by which the vendor knows it.
    pub id: String,
    /// Its name at the vendor.
    pub name: String,
    /// The text with its placeholders, character by character.
    pub text: String,
    /// The vendor's word for its approval, such as approved, pending or rejected.
    pub status: String,
    /// Why the vendor rejected it; empty where it did not.
    pub rejected_reason: String,
    /// Its category in the vendor's word.
    pub category: String,
    /// The language of the text, in the vendor's word.
    pub language: String,
    /// Whether it was made with a picture, video or document, whose address the vendor does not tell.
    pub has_media: bool,
    /// The number of values that it wants; `None` where the vendor does not tell it.
    pub parameters: Option<usize>,
    /// The SMS header that it is registered for.
    pub sender: Option<SenderId>,
    /// The id of the business at the register.
    pub entity_id: Option<EntityId>,
    /// The register's id of the text.
    pub template_id: Option<DltTemplateId>,
    /// The vendor's short number for it.
    pub message_id: Option<MessageId>,
}

/// The words of a broadcast whose template belongs to another channel than its account.
pub(crate) fn wrong_channel(account: &dyn Account) -> ProviderAnswer {
    let words =
        format!("The account sends on {}, the template is another channel’s", account.channel().title());
    ProviderAnswer::new(codes::NOT_SET_UP, words)
}
