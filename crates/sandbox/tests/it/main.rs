//! The sandbox against the vendors' documents.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod campaign;
mod control;
mod fast2sms;
mod faults;
mod help;
mod null;
mod project;
mod receipts;
mod voice;
