//! Plans, claims, paces, sends and records.

pub mod import;
