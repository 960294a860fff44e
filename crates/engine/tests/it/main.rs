//! Promises of the engine, through its public surface, with real HTTP against the stand-in, on both stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod beyond_help;
mod bounded;
mod broadcasts;
mod ceiling;
mod chaos;
mod clock;
mod conflicts;
mod defects;
mod forget;
mod groups;
mod groups_pace;
mod groups_trouble;
mod ladders;
mod late_proof;
mod lost_workers;
mod moments;
mod one_number;
mod outage;
mod plans;
mod poison;
mod receipts;
mod receipts_by_id;
mod sequence_attendance;
mod sequence_audiences;
mod sequence_late;
mod sequence_simulation;
mod sequences;
mod several;
mod sms;
mod sms_questions;
mod world;
