//! HTTP: who calls, what they sent, what guards the routes.

pub mod assets;
pub mod attention;
pub mod caller;
pub mod cookies;
pub mod csrf;
pub mod error;
pub mod extract;
pub mod frame;
pub mod gate;
pub mod headers;
pub mod notice;
pub mod rule;
pub mod top_up;

pub use crate::{throttle, token as auth};
