//! HTTP: the table of routes, who may use them, what guards them.

pub mod assets;
pub mod auth;
pub mod cookies;
pub mod csrf;
pub mod error;
pub mod extract;
pub mod gate;
pub mod headers;
pub mod notice;
pub mod router;
pub mod throttle;
