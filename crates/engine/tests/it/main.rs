//! Promises of the engine, through its public surface, with real HTTP against the stand-in, on both stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod broadcasts;
mod chaos;
mod lost_workers;
mod receipts;
mod several;
mod sms;
mod world;
