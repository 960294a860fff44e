//! Words that files use: in titles, for whose a number is, for where a registration stands, for yes and no.

mod answers;
mod calendar;
mod own;
mod refusals;
mod status;
mod status_titles;
mod status_words;
mod titles;
mod whose;

pub use answers::{Agreed, agreed, yes_or_no};
pub use status::{StatusMeaning, status_key};

pub(crate) use answers::{remarks_against, tidy};
pub(crate) use own::line_against;

pub(super) use answers::{bare_answer, beside_name, is_plain_no, refuses};
pub(super) use calendar::{NAMED_OFFSETS, is_date_filler, month, plain_date_char};
pub(super) use own::{asks_whose, cell_against, is_self, lone_letters, word_against};
pub(super) use refusals::{agrees_and_refuses, allows, asks_leave, speaks_of_refusal};
pub(super) use status::{Known, caption, has_begun, known, names_staff};
pub(super) use status_titles::{
    YesMeans, asks_about_place, is_about_settlement, is_former, is_stage, names_an_amount, yes_means,
};
pub(super) use titles::{
    NumberKind, is_no_number, is_screen_name, is_title, names_contact, number_kind, plain,
};
pub(crate) use titles::{is_somebody_elses, title_score};
pub(super) use whose::{Whose, is_of_a_team, whose};
