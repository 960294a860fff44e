//! Live screens: who watches what, and the stream that carries the changes.

pub mod feed;
pub mod sse;

pub use feed::Live;
