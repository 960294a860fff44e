//! Cookies: the session's, the one of a visitor who is not signed in, the theme's, a notice's, and that of a known
//! device.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::config::Config;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jar {
    /// Holds the token of a session.
    Session,
    /// Holds random bits of a visitor, to which forms outside a session are bound.
    OutsidePage,
    /// Holds a sentence that is shown once.
    Notice,
    /// Proves that somebody has signed in with this browser before.
    Device,
}

impl Jar {
    /// The cookie's name. With TLS the prefix `__Host-` keeps other hosts of the domain from setting it (RFC 6265bis §4.1.3.2).
    pub fn name(self, config: &Config) -> &'static str {
        match (self, config.is_https()) {
            (Jar::Session, true) => "__Host-munadi",
            (Jar::Session, false) => "munadi",
            (Jar::OutsidePage, true) => "__Host-munadi-door",
            (Jar::OutsidePage, false) => "munadi-door",
            (Jar::Notice, true) => "__Host-munadi-notice",
            (Jar::Notice, false) => "munadi-notice",
            (Jar::Device, true) => "__Host-munadi-device",
            (Jar::Device, false) => "munadi-device",
        }
    }

    /// `Set-Cookie` with a value, for `seconds` (until the browser closes when `None`).
    pub fn set(self, config: &Config, value: &str, seconds: Option<i64>) -> HeaderValue {
        let secure = if config.is_https() { "; Secure" } else { "" };
        let age = seconds.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(config));
        HeaderValue::from_str(&text).expect("values are hex or base64")
    }

    /// `Set-Cookie` that takes it away.
    pub fn clear(self, config: &Config) -> HeaderValue {
        self.set(config, "", Some(0))
    }

    /// Its value in a request.
    pub fn read<'h>(self, config: &Config, headers: &'h HeaderMap) -> Option<&'h str> {
        value(headers, self.name(config))
    }
}

/// The value of a cookie.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
