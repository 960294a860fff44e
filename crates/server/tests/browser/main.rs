//! The product as people meet it: in a browser, on a laptop and on a phone.

mod harness;
mod harness_itself;
mod path;
mod program;
mod review;
