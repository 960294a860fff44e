//! The product as people meet it: in a browser, on a laptop and on a phone.

mod calls;
mod every_page;
mod groups;
mod harness;
mod harness_itself;
mod matters;
mod path;
mod program;
mod review;
mod sequences;
mod sms;
mod typing;
mod walk;
mod without_script;
