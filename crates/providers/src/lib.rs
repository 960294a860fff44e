//! Adapters to the services that carry messages: a folder for each vendor, and a line in the [`registry`].
//!
//! An adapter turns a message into a call and the call's ending into an [`Outcome`](domain::outcome::Outcome). It asks nothing of
//! the store, decides nothing about retries, and never makes a call a second time.

pub mod account;
pub mod aisensy;
pub mod answer;
pub mod baileys_gateway;
pub mod codes;
pub mod evolution;
pub mod exotel;
pub mod fast2sms;
pub mod field;
pub mod form;
pub mod gateway;
pub mod http;
pub mod knowlarity;
mod lenient;
pub mod linked;
pub mod media;
pub mod myoperator;
pub mod ozonetel;
mod post;
pub mod registry;
pub mod secret;
pub mod vendor;
pub mod voice;
pub mod waha;

pub use account::{Account, AccountStanding, Call, Status, StatusPollKey};
pub use answer::QueryError;
pub use codes::{Meaning, NextAction, UNRECOGNISED, meaning, pauses_broadcast};
pub use gateway::Gateway;
pub use http::{Http, HttpSettings};
pub use secret::Secret;
pub use vendor::{Secrets, Urls, Vendor};
pub use voice::Voice;
