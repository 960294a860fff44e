//! The `munadi` program.
fn main() {}
