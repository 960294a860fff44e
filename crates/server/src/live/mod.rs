//! Live screens: what is watched, who watches it, and the stream that carries the changes.

pub mod feed;
pub mod fragment;
pub mod sse;
pub mod watched;

pub use feed::Live;
