//! Words that files use: in titles, for whose a number is, for where a registration stands, for yes and no.

mod answers;
mod status;
mod titles;
mod whose;

pub use answers::{Agreed, agreed, yes_or_no};
pub use status::{StatusMeaning, status_key};

pub(super) use answers::{is_plain_no, refuses};
pub(super) use status::{Known, known};
pub(super) use titles::{
    NumberKind, YesMeans, is_no_number, is_somebody_elses, is_stage, is_title, number_kind, plain,
    title_score, yes_means,
};
pub(super) use whose::{Whose, whose};
