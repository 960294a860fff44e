//! The binary, its pages, callbacks and commands.

pub mod assets;
pub mod ui;
