//! Promises of composing, through the public surface, on both stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

// The package is munadi-compose; elsewhere the workspace gives it the short name.
extern crate munadi_compose as compose;

mod audiences;
mod counting;
