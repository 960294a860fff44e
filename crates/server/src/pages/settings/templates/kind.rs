//! What is special about a channel's templates: its words, its fields, its checks. Everything else is the same for every channel.

use std::{convert::Infallible, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{
    channel::{Category, Channel},
    ids::TemplateId,
    money::Money,
    post::PostMedia,
    template::{Facts, Message, Source},
};
use maud::{Markup, html};
use providers::{Account, Vendor, registry};
use store::{StoreError, integrations::Integration, recordings::Recording, templates::Template};

use super::{
    account::serving,
    call::Call,
    form::{Errors, Form},
    group::Group,
    offer::Found,
    sample::{People, people},
    sms::Sms,
    whatsapp::Whatsapp,
};
use crate::{
    app::App,
    http::extract::Member,
    ui::{field::Field, note::Note},
};

/// Every kind of templates; the first is where Templates leads in the menu.
pub(super) const KINDS: &[&dyn Kind] = &[&Whatsapp, &Sms, &Group, &Call];

/// How a kind of templates is called, and where its pages are.
pub(super) struct Words {
    pub(super) channel: Channel,
    /// Address of the list; pages of a template are below it.
    pub(super) home: &'static str,
    /// Address of the page that asks an account for its templates; empty where none keeps any.
    pub(super) fill: &'static str,
    /// The title of that page, before the vendor's name.
    pub(super) fill_from: &'static str,
    /// Address of the page that reads them from a file; empty where no file is read.
    pub(super) import: &'static str,
    pub(super) list: &'static str,
    pub(super) about: &'static str,
    pub(super) new: &'static str,
    pub(super) edit: &'static str,
    pub(super) view: &'static str,
    pub(super) empty_title: &'static str,
    pub(super) empty_text: fn() -> String,
    pub(super) name_taken: &'static str,
    pub(super) removal: &'static str,
    /// In the place of values when the text has none.
    pub(super) no_values: &'static str,
    /// What is wrong with a value that holds a place for a value.
    pub(super) place_inside: &'static str,
    pub(super) name_example: &'static str,
    /// Name of the field with the text.
    pub(super) text_field: &'static str,
    /// Whether that text is written here and takes WhatsApp's marks; a registered text is copied as it stands.
    pub(super) takes_marks: bool,
    /// A column of the list that only these templates have.
    pub(super) extra_column: &'static str,
    /// Buttons with an address that the form has room for.
    pub(super) buttons: usize,
    /// The field that the provider can be asked about; empty where it is asked about nothing.
    pub(super) asked_about: &'static str,
}

/// A card of the form: its fields in lines of one or two, and what stands below them.
pub(super) struct FormCard {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) lines: Vec<Vec<Field>>,
    pub(super) below: Markup,
}

/// What stands beside the form besides the preview.
pub(super) struct Beside<'a> {
    pub(super) form: &'a Form,
    pub(super) around: &'a Around,
    pub(super) draft: &'a Message,
    pub(super) facts: &'a Facts,
    pub(super) who: &'a str,
    /// The organisation's own price of one message or segment.
    pub(super) price: Option<Money>,
}

/// Takes what is wrong with a field, if anything is.
pub(super) type Say<'a> = &'a mut dyn FnMut(&str, Option<String>);

/// The templates of one channel.
pub(super) trait Kind: Sync {
    fn words(&self) -> &'static Words;
    /// A text as it is kept.
    fn kept(&self, text: &str) -> String;
    /// Places for values in a text.
    fn places(&self, text: &str) -> usize;
    /// Place `n` as the text has it.
    fn sign(&self, message: &Message, n: usize) -> String;
    /// What may stand at place `n`.
    fn rule(&self, _message: &Message, _n: usize) -> Option<String> {
        None
    }
    /// What an operator may dislike about a value that is sent all the same.
    fn value_warning(&self, _message: &Message, _n: usize, _value: &str) -> Option<&'static str> {
        None
    }
    /// Categories that can be chosen.
    fn categories(&self) -> &'static [Category];
    /// A category in the words of the channel.
    fn category(&self, category: Category) -> &'static str;
    /// Looks up what the form names of what the page knows besides.
    fn look_up(&self, _form: &mut Form, _around: &Around) {}
    /// A picture of it, above the form.
    fn picture(&self, _page: &Beside<'_>) -> Markup {
        html! {}
    }
    /// The form of a new template.
    fn blank(&self, around: &Around) -> Form;
    /// The fields of a template, without its name and its values.
    fn fields(&self, message: &Message) -> Vec<(String, String)>;
    /// The template as far as the form can be read.
    fn draft(&self, form: &Form) -> Message;
    /// Says what is wrong with the form, without name, values and buttons.
    fn check(&self, form: &Form, say: Say<'_>);
    /// Cards before the values, and after them.
    fn cards(&self, form: &Form, around: &Around, may: bool) -> [Vec<FormCard>; 2];
    /// What stands beside the form.
    fn beside(&self, page: &Beside<'_>) -> Markup;
    /// What stands in the way of sending, whoever gets it, in words.
    fn problems(&self, _message: &Message) -> Vec<String> {
        Vec::new()
    }
    /// The file that it shows, which is looked at when it is kept, and the field of its address.
    fn file<'m>(&self, _message: &'m Message) -> Option<(&'static str, &'m PostMedia)> {
        None
    }
    /// Whether its form takes a file of a post.
    fn uploads(&self) -> bool {
        false
    }
    /// The line under its name in the list, and the cell of its own column.
    fn listed(&self, message: &Message) -> (String, String);
    /// The sender as people see it, with a quiet word.
    fn sender(&self, message: &Message, organisation: &str) -> (String, &'static str);
    /// By what a template is known again, also under another name here.
    fn known_by(&self, name: &str, message: &Message) -> Vec<String>;
    /// Why a template that was found elsewhere cannot be taken.
    fn unfit(&self, found: &Found) -> Option<String>;
    /// Where each value of a text comes from, as far as it can be told.
    fn guess(&self, text: &str) -> Vec<Option<(&'static str, Source)>> {
        vec![None; self.places(text)]
    }
}

/// The kind that the address of a page is about.
pub struct Of(pub(super) &'static dyn Kind);

impl<S: Send + Sync> FromRequestParts<S> for Of {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Of, Infallible> {
        let path = parts.uri.path();
        let below =
            |home: &str| path.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // The address of the first is above all the others.
        Ok(Of(*KINDS.iter().rev().find(|kind| below(kind.words().home)).unwrap_or(&KINDS[0])))
    }
}

impl dyn Kind + '_ {
    pub(super) fn channel(&self) -> Channel {
        self.words().channel
    }

    pub(super) fn href(&self, id: TemplateId) -> String {
        format!("{}/{id}", self.words().home)
    }

    /// A stored template; `None` when another version wrote it and this cannot read it.
    pub(super) fn message(&self, template: &Template) -> Option<Message> {
        Message::from_json(self.channel(), &template.body).ok()
    }
}

/// What the pages of templates show besides what was typed.
pub(super) struct Around {
    /// Of the template, once it is stored.
    pub(super) id: Option<TemplateId>,
    pub(super) errors: Errors,
    /// What is to be said first.
    pub(super) told: Option<Note>,
    pub(super) people: Option<People>,
    /// The accounts of the channel.
    pub(super) accounts: Vec<Integration>,
    /// The first of them: what it adds stands where a template names nothing.
    pub(super) account: Option<Arc<dyn Account>>,
    pub(super) vendor: Option<&'static dyn Vendor>,
    /// Templates of other channels that a key of a call may send: channel, template and its name.
    pub(super) messages: Vec<(Channel, TemplateId, String)>,
    /// Recordings that a call may play.
    pub(super) recordings: Vec<Recording>,
    /// In which language a new one begins; empty where nobody said.
    pub(super) language: String,
}

impl Around {
    pub(super) async fn load(
        app: &App,
        member: &Member,
        kind: &dyn Kind,
        id: Option<TemplateId>,
    ) -> Result<Around, StoreError> {
        let accounts = serving(member, kind.channel()).await?;
        let first = accounts.first();
        let vendor = first.and_then(|one| registry::vendor(&one.kind));
        let (mut messages, mut recordings) = (Vec::new(), Vec::new());
        if kind.channel() == Channel::IvrCall {
            for channel in Channel::to_people().filter(|channel| *channel != Channel::IvrCall) {
                let templates = member.org.templates(channel).await?;
                messages.extend(templates.into_iter().map(|one| (channel, one.id, one.name)));
            }
            recordings = member.org.recordings().await?;
        }
        Ok(Around {
            id,
            errors: Errors::new(),
            told: None,
            people: people(member).await?,
            account: first.and_then(|one| app.accounts.open_integration(one).ok()).map(Arc::from),
            vendor: vendor.or(registry::serving(kind.channel()).next()),
            accounts,
            messages,
            recordings,
            language: String::new(),
        })
    }

    /// A template with what the account adds where it names nothing.
    pub(super) fn complete(&self, message: Message) -> Message {
        match &self.account {
            Some(account) => account.complete(message),
            None => message,
        }
    }
}
