//! SMS in India: what a text costs in segments, the ids that must not be confused, templates with typed variables
//! (docs/facts/india.md §1).

mod ids;
mod near_misses;
mod segments;
mod tags;
mod template;

pub use ids::{DltTemplateId, EntityId, IdError, MessageId, SenderId};
pub use near_misses::{has_adjacent_places, near_misses};
pub use segments::{Alphabet, Segments, segments, why_unicode};
pub use tags::{Tag, ValueLimits, link_in};
pub use template::{SmsProblem, SmsRoute, SmsTemplate, Variable, tags_in};
