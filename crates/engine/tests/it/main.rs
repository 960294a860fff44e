//! Promises of the engine, through its public surface, with real HTTP against the stand-in, on both stores.

mod broadcasts;
mod chaos;
mod lost_workers;
mod receipts;
mod world;
