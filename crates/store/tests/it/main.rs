//! The store's promises, on both databases. One file per table.

#![expect(clippy::unwrap_used, reason = "a test may stop at the line that fails")]

// The package is munadi-store; elsewhere the workspace gives it the short name.
extern crate munadi_store as store;

#[macro_use]
mod on_both;

mod addressees;
mod attendance;
mod backup;
mod changes;
mod consents;
mod copying;
mod corrections;
mod erasure;
mod figures;
mod full_disk;
mod imports;
mod linked;
mod people;
mod plans;
mod pooler;
mod post_files;
mod posts;
mod proofs;
mod reached;
mod readers;
mod recordings;
mod registrants;
mod search;
mod seen;
mod sequences;
mod several;
mod suppressions;
mod tenancy;
mod undo;
mod upgrade;
mod workshops;
