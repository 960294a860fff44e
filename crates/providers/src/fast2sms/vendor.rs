//! What Fast2SMS is, and its account as every vendor's is seen.

use domain::{
    channel::{Channel, Tariff},
    checks::Probe,
    money::Money,
    outcome::{Outcome, ProviderAnswer},
    receipt::Event,
    sending_hours::OpenHours,
    sms::{EntityId, MessageId, SenderId, ValueLimits},
    template::Message,
    text::grouped,
};
use serde_json::Value;

use super::{
    Fast2smsAccount, Fast2smsSecrets, Fast2smsSettings, NUMBER_BLOCKED, NUMBER_NOT_ALLOWED,
    NUMBERS_PER_REQUEST_MAX, NUMBERS_REFUSED, RegisteredSender, SAME_NUMBER, Wallet, dedupe_key,
    meanings::MEANINGS, read,
};
use crate::{
    account::{
        Account, AccountStanding, BoxFuture, Call, Capabilities, NotGenuine, Post, Received, Status,
        StatusPollKey, VendorTemplate, VendorTemplates, wrong_channel,
    },
    answer::QueryError,
    codes,
    field::{Field, FieldDisplay, FieldKind, PLAIN, SECRET, TEXT, id_of},
    http::Http,
    vendor::{
        About, BaseUrl, CallbackProof, CallbackSpec, Colour, Introduction, OpenError, Secrets, SetUpStep,
        Urls, Vendor, settings_of,
    },
};

/// Fast2SMS.
pub struct Fast2sms;

/// Fast2SMS.
pub const FAST2SMS: Fast2sms = Fast2sms;

const KIND: &str = "fast2sms";
const URL: &str = "fast2sms_url";
const API_KEY: &str = "api_key";

const BASE_URLS: &[BaseUrl] = &[BaseUrl {
    key: URL,
    default: super::BASE,
    about: "Base address of Fast2SMS's interface; clones of it have their own",
    listed: false,
}];

const INTRODUCTION: Introduction = Introduction {
    letters: "F2",
    colour: Colour::Blue,
    invitation: "Connect a Fast2SMS account, and registered texts go to everybody’s phone, smartphone or not.",
    about: "SMS to Indian mobile numbers. You need an account at Fast2SMS with a first recharge of ₹100.",
    example: "Udaan SMS",
    test: "Asks Fast2SMS for the wallet: that proves the key. It sends nothing and costs nothing.",
};

/// Lengths of values that an account may set, in characters.
const fn length(
    key: &'static str,
    at: &'static str,
    default: usize,
    label: &'static str,
    help: &'static str,
) -> Field {
    Field {
        key,
        at,
        label,
        kind: FieldKind::Number { min: 1, max: ValueLimits::MOST as i64, default: default as i64 },
        help,
        shown: FieldDisplay { around: "Up to {} characters", ..PLAIN },
        ..TEXT
    }
}

const USUAL: ValueLimits = ValueLimits::USUAL;

/// No rate is published; five a second is careful (NOTES.md §10).
const SETTINGS: &[Field] = &[
    Field {
        key: API_KEY,
        label: "API key",
        help: "At Fast2SMS under Dev API. Stored sealed, never shown again.",
        missing: "Paste the API key.",
        shown: FieldDisplay { on_card: true, ..PLAIN },
        ..SECRET
    },
    Field {
        key: "sender",
        at: "default_sender",
        label: "Default header",
        kind: FieldKind::Id { read: id_of::<SenderId>, digits: false },
        help: "The sender id that people see, 3 to 6 letters, as registered. Used when a template has none.",
        placeholder: "WRKSHP",
        shown: FieldDisplay { label: "Header", empty: "Each template’s own", on_card: true, ..PLAIN },
        ..TEXT
    },
    Field {
        key: "entity_id",
        label: "Entity id",
        kind: FieldKind::Id { read: id_of::<EntityId>, digits: true },
        help: "Your business on the DLT register, 19 digits. Used when a template has none.",
        shown: FieldDisplay { empty: "Each template’s own", ..PLAIN },
        ..TEXT
    },
    Field {
        key: "route",
        at: "default_route",
        label: "Default route",
        kind: FieldKind::Choice {
            options: &[("dlt", "DLT, by message id"), ("dlt_manual", "DLT, by text"), ("quick", "Quick")],
            wrong: "Choose one of the routes.",
        },
        help: "How new templates go. Quick needs no registration, comes from a random number and costs ₹5 each.",
        missing: "Choose one of the routes.",
        ..TEXT
    },
    Field {
        key: "numbers_per_request",
        label: "Numbers per request",
        kind: FieldKind::Number { min: 1, max: NUMBERS_PER_REQUEST_MAX as i64, default: 100 },
        help: "When the text is the same for all. With fewer, a lost answer leaves fewer people unknown.",
        missing: "A whole number from 1 to 1,000.",
        shown: FieldDisplay {
            around: "Up to {}",
            note: "A text with personal values goes to one number each",
            ..PLAIN
        },
        ..TEXT
    },
    Field {
        key: "per_second",
        label: "Requests per second",
        kind: FieldKind::Rate { max: 100, default: 5 },
        help: "Fast2SMS publishes no limit. 5 is careful.",
        ..TEXT
    },
    Field {
        key: "per_day",
        label: "Messages per day",
        kind: FieldKind::Ceiling { counts: "messages" },
        help: "Your own ceiling. Empty means none.",
        ..TEXT
    },
    Field {
        key: "hours",
        label: "Sends",
        kind: FieldKind::Hours,
        help: "Promotion also keeps to 10:00 AM to 9:00 PM in India and to your quiet hours, whatever stands here.",
        shown: FieldDisplay {
            label: "Hours",
            empty: "Any",
            note: "Promotion from 10:00 AM to 9:00 PM, outside your quiet hours",
            ..PLAIN
        },
        ..TEXT
    },
    length(
        "text_chars",
        "limits.text",
        USUAL.text,
        "Longest value",
        "In characters, where the text has {#var#}. Operators differ: your DLT portal says. Who would get a longer one is named and left out.",
    ),
    length(
        "alphanumeric_chars",
        "limits.alphanumeric",
        USUAL.alphanumeric,
        "Longest alphanumeric value",
        "In characters, where the text has {#alphanumeric#}.",
    ),
    length(
        "link_chars",
        "limits.link",
        USUAL.link,
        "Longest link",
        "In characters, where the text has {#url#} or {#urlott#}.",
    ),
];

const TEMPLATE_FIELDS: &[Field] = &[Field {
    key: "message_id",
    label: "Message id",
    kind: FieldKind::Id { read: id_of::<MessageId>, digits: true },
    help: "The short number of the template in Fast2SMS’s DLT Manager, not the 19-digit id.",
    placeholder: "111111",
    ..TEXT
}];

const STEPS: &[SetUpStep] = &[
    SetUpStep { title: "Recharge once", text: "The interface opens after a first recharge of ₹100." },
    SetUpStep {
        title: "Register header and texts",
        text: "In the DLT Manager. Templates here are filled from it.",
    },
    SetUpStep { title: "Copy the key", text: "At Fast2SMS under Dev API." },
];

/// Nothing is signed (NOTES.md §6).
const CALLBACK: CallbackSpec = CallbackSpec {
    proof: CallbackProof::Address,
    takes_query: true,
    tells_cost: true,
    about: &[
        "Receipts say what became of an SMS, and what it cost.",
        "Without a webhook Munadi asks Fast2SMS by itself, again and again for a day after sending. With one, receipts come at once.",
    ],
    enter: "Enter it at Fast2SMS where webhooks are made. Fast2SMS signs nothing: this address is the secret, so show it to nobody.",
    choose: &[
        ("Service", "SMS", ""),
        ("Template", "Custom", "Leave its members as they are"),
        ("Method", "POST", ""),
        ("Content type", "JSON", ""),
        ("Event", "All delivery events", ""),
    ],
    topics: &[],
};

const ABOUT: About = About {
    kind: KIND,
    name: "Fast2SMS",
    introduction: INTRODUCTION,
    channels: &[Channel::Sms],
    base_urls: BASE_URLS,
    settings: SETTINGS,
    template_fields: TEMPLATE_FIELDS,
    lists_templates: true,
    steps: STEPS,
    callback: CALLBACK,
    meanings: MEANINGS,
    question: None,
    top_up: Some("https://www.fast2sms.com/dashboard"),
};

impl Vendor for Fast2sms {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn code_prefix(&self) -> &'static str {
        "f2s_"
    }

    /// Of one segment, before GST (NOTES.md §8).
    fn list_price(&self, tariff: Tariff) -> Money {
        match tariff {
            Tariff::Quick => Money::rupees(5),
            Tariff::Utility | Tariff::Marketing | Tariff::Authentication => Money(2_500),
        }
    }

    fn open(&self, settings: &Value, secrets: &Secrets, urls: &Urls) -> Result<Box<dyn Account>, OpenError> {
        let settings: Fast2smsSettings = settings_of(settings)?;
        let settings = Fast2smsSettings { base_url: urls.get(URL).to_owned(), ..settings };
        let api_key = secrets.required(API_KEY)?;
        Ok(Box::new(Fast2smsAccount::new(&settings, Fast2smsSecrets { api_key })?))
    }
}

impl Account for Fast2smsAccount {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn can(&self) -> Capabilities {
        Capabilities { takes_receipts: true, looks_up: true, lists_templates: true, echoes: true }
    }

    fn hours(&self) -> Option<OpenHours> {
        self.hours
    }

    fn complete(&self, message: Message) -> Message {
        match message {
            Message::Sms(template) => {
                Message::Sms(template.or_account(self.sender.as_ref(), self.entity.as_ref(), self.limits))
            }
            other => other,
        }
    }

    /// One when the text is personal (NOTES.md §2.2).
    fn batch(&self, message: &Message) -> usize {
        match message {
            Message::Sms(template) if !template.is_personal() => self.numbers_per_request,
            Message::Sms(_) | Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => 1,
        }
    }

    fn send<'a>(&'a self, http: &'a Http, call: &'a Call<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match call.template {
                Message::Sms(template) => self.send_all(http, template, call).await,
                Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => {
                    Outcome::Misconfigured(wrong_channel(self))
                }
            }
        })
    }

    fn blames_one(&self, said: &ProviderAnswer) -> bool {
        [NUMBERS_REFUSED, NUMBER_BLOCKED, NUMBER_NOT_ALLOWED, SAME_NUMBER, codes::INVALID_NUMBER]
            .contains(&said.code.as_str())
    }

    fn probe<'a>(&'a self, http: &'a Http, message: &'a Message) -> BoxFuture<'a, Probe> {
        Box::pin(async move {
            match message {
                Message::Sms(template) => self.ask_template(http, template).await,
                Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => {
                    Probe::Refused(wrong_channel(self).text)
                }
            }
        })
    }

    fn status<'a>(&'a self, http: &'a Http, _about: &'a str) -> BoxFuture<'a, Status> {
        Box::pin(async move { status(self.wallet(http).await) })
    }

    fn templates<'a>(&'a self, http: &'a Http) -> BoxFuture<'a, Result<VendorTemplates, QueryError>> {
        Box::pin(async move {
            let senders = self.registered(http).await?;
            Ok(VendorTemplates {
                templates: senders.into_iter().flat_map(registered).collect(),
                choices: vec![],
            })
        })
    }

    /// The unguessable address that led here is the proof.
    fn receive(&self, post: &Post<'_>) -> Result<Received, NotGenuine> {
        Ok(Received { dedupe_key: dedupe_key(post.raw) })
    }

    fn dedupe_key(&self, raw: &[u8]) -> String {
        dedupe_key(raw)
    }

    fn read(&self, raw: &[u8]) -> Vec<Event> {
        read(raw)
    }

    fn status_poll_key(&self, message: &Message, provider_id: Option<&str>) -> Option<StatusPollKey> {
        match message {
            Message::Sms(_) => Some(StatusPollKey::Call(provider_id?.to_owned())),
            Message::Whatsapp(_) | Message::Group(_) | Message::Call(_) => None,
        }
    }

    fn poll_status<'a>(
        &'a self,
        http: &'a Http,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, QueryError>> {
        Box::pin(async move { Ok(vec![self.dlr(http, key).await?]) })
    }
}

fn registered(sender: RegisteredSender) -> Vec<VendorTemplate> {
    let RegisteredSender { sender, entity_id, templates, .. } = sender;
    let own = |template: super::RegisteredTemplate| VendorTemplate {
        sender: Some(sender.clone()),
        entity_id: entity_id.clone(),
        template_id: template.template_id,
        message_id: template.message_id,
        text: template.text,
        ..VendorTemplate::default()
    };
    templates.into_iter().map(own).collect()
}

/// What the wallet, or its refusal, says of the account.
fn status(wallet: Result<Wallet, QueryError>) -> Status {
    let mut status = Status::default();
    let not_told = match wallet {
        Ok(wallet) => {
            status.balance = Some(wallet.balance);
            "Key and wallet answered".clone_into(&mut status.said);
            if let Some(n) = wallet.sms_count {
                status.balance_note = format!("Fast2SMS counts {} SMS with it", grouped(n));
            }
            status.standing = AccountStanding::Ready;
            if wallet.balance <= Money(0) {
                status.standing = AccountStanding::NoMoney;
                status.alert = (
                    "The wallet is empty.".to_owned(),
                    "Fast2SMS charges when it takes a message. Top up the wallet, then test again."
                        .to_owned(),
                );
            }
            return status;
        }
        Err(not_told) => not_told,
    };
    status.not_told("Fast2SMS", &not_told);
    let words = not_told.words();
    let words = words.trim().trim_end_matches('.');
    if status.standing == AccountStanding::Refused {
        let title = codes::meaning(&status.code).map_or("Fast2SMS refused", |meaning| meaning.title);
        title.clone_into(&mut status.said);
        let help = way_out(&status.code);
        status.alert = (format!("{title}."), format!("Fast2SMS says: {words}. {help}"));
    } else {
        "No usable answer".clone_into(&mut status.said);
        status.alert =
            ("Fast2SMS gave no usable answer.".to_owned(), format!("{words}. Test again in a while."));
    }
    status
}

/// What to do at a test, where nothing is to be resumed.
fn way_out(code: &str) -> &'static str {
    match code {
        "f2s_412" => "Copy the key from Fast2SMS under Dev API, and enter it again under Edit.",
        "f2s_413" => "Enable the key at Fast2SMS under Dev API, or enter a new one under Edit.",
        "f2s_414" => {
            "Fast2SMS takes calls of this key only from addresses on the key’s allow-list. Add the address from which this server calls out, or switch the list off at Fast2SMS. Whoever runs the server knows that address; it need not be the one of its web page."
        }
        "f2s_415" => "Ask Fast2SMS’s support why the account is disabled.",
        "f2s_999" => {
            "Fast2SMS opens its interface after a first recharge of ₹100. Recharge there, then test again."
        }
        _ => "Look at the account at Fast2SMS, then test again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_recharge_is_asked_for() {
        // NOTES.md §2.5, 999.
        let refused = status(Err(QueryError::Refused(ProviderAnswer::new("f2s_999", "Recharge first"))));
        assert!(refused.said.contains("recharge"), "{refused:?}");
        assert!(refused.alert.1.contains("₹100"), "{refused:?}");
    }
}
