//! The binary, its pages, callbacks and commands.
