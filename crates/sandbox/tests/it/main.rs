//! The sandbox against the vendor's document.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod campaign;
mod control;
mod faults;
mod help;
mod null;
mod project;
mod receipts;
