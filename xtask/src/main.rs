//! `cargo xtask test`: what CI runs.
fn main() {}
