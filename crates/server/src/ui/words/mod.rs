//! What screens and the command line say about findings, events and reasons. Nothing else makes these words, and nothing recognises a thing
//! by them.

pub mod again;
pub mod calls;
pub mod events;
pub mod findings;
pub mod matters;
pub mod posts;
pub mod reasons;
pub mod rehearsals;
pub mod steps;
