//! What every vendor's stand-in can be asked, whoever the vendor is: where it answers, an account that it knows, and
//! where it posts. A program that rehearses needs no more; tests of one vendor reach into its own folder.

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

use crate::{Config, Sandbox, Shared, network::Network};

/// A vendor's stand-in.
pub trait Face: Sync {
    /// The vendor's word.
    fn kind(&self) -> &'static str;

    /// Names of the addresses that a program is configured with, and the path of each here.
    fn addresses(&self) -> &'static [(&'static str, &'static str)];

    /// What whoever starts it by hand may set.
    fn flags(&self) -> &'static [Flag];

    /// Sets one of them.
    ///
    /// # Errors
    /// What the value should be instead.
    fn set(&self, config: &mut Config, flag: &str, value: &str) -> Result<(), String>;

    /// Takes out of the way what would end or refuse a long rehearsal by itself: an empty wallet, a campaign that is
    /// not known, a number that was written to lately.
    fn unhindered(&self, config: &mut Config);

    /// Takes whatever an account of somebody else would send: texts, campaigns and headers that are not known here.
    fn take_anything(&self, config: &mut Config) {
        self.unhindered(config);
    }

    /// Lets links that begin so through, where the vendor lets only known ones through.
    fn allow_links(&self, _config: &mut Config, _beginning: &str) {}

    /// Its HTTP face, and its own corner under `/sandbox`.
    fn routes(&self) -> Router<Arc<Shared>>;

    /// An account that it knows from the start.
    fn account(&self) -> SampleAccount;

    /// Lets what becomes of that account's messages be posted to these addresses, signed with `secret` where the vendor
    /// signs.
    fn post_to(&self, sandbox: &Sandbox, urls: &[String], secret: &str);

    /// A post about one delivered message, with its headers: of `nth` message, with this id, to these digits.
    fn delivered(&self, nth: usize, id: &str, digits: &str, secret: &str) -> SamplePost;

    /// How many usual messages its account's wallet still pays for; `None` where it has no wallet that pays for each.
    fn pays_for(&self, _sandbox: &Sandbox) -> Option<i64> {
        None
    }

    /// Fills or empties that wallet so that it pays for so many.
    fn set_pays_for(&self, _sandbox: &Sandbox, _messages: i64) {}

    /// The groups that a gateway's accounts are in; `None` where it is no gateway.
    fn network<'a>(&self, _sandbox: &'a Sandbox) -> Option<&'a Network> {
        None
    }

    /// A post that a member's phone got a message of a group, with its headers; `None` where the vendor tells of no
    /// members. Of the `nth` such post, the message with this id in the group, and the member with these digits.
    fn on_a_phone(
        &self,
        _nth: usize,
        _message: (&str, &str),
        _digits: u64,
        _secret: &str,
    ) -> Option<SamplePost> {
        None
    }

    /// How to reach it and what it holds, for whoever starts it by hand.
    fn words(&self, sandbox: &Sandbox) -> String;

    /// How to reach it and what it holds, for a program. The names are those of no other vendor.
    fn facts(&self, sandbox: &Sandbox) -> Vec<(&'static str, Value)>;
}

/// A flag of the command that starts a stand-in by hand.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The name of the flag, without the dashes.
    pub name: &'static str,
    /// The name of the flag's value; empty for a switch.
    pub value: &'static str,
    /// What the flag does, in words for the help.
    pub about: &'static str,
    /// Another flag without which this one means nothing; empty for none.
    pub requires: &'static str,
}

/// An account that a stand-in knows, as a program would keep it.
#[derive(Clone, Debug)]
pub struct SampleAccount {
    /// The settings that are not secrets.
    pub settings: Value,
    /// The secrets by their names. A secret that posts are signed with is chosen by whoever sets it up.
    pub secrets: Vec<(&'static str, String)>,
    /// The name of the secret that posts are signed with; `None` where they are not signed.
    pub signed_with: Option<&'static str>,
}

/// A post as the vendor would send it.
#[derive(Clone, Debug)]
pub struct SamplePost {
    /// Body of the post.
    pub body: Vec<u8>,
    /// The header with the post's signature; `None` where posts are not signed.
    pub signature: Option<(&'static str, String)>,
}
