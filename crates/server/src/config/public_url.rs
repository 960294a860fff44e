//! The address that people type.

use anyhow::bail;

use super::Config;

impl Config {
    /// Where providers reach callbacks: at the address that people type, or where a rehearsal listens.
    pub fn callbacks_at(&self) -> &str {
        self.rehearses_at.as_deref().unwrap_or(&self.public_url)
    }
}

/// An address that is a host alone, in lower case and without a slash at its end.
pub(super) fn checked_url(url: &str) -> anyhow::Result<String> {
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
        bail!("the public URL “{url}” is not http(s)://HOST or http(s)://HOST:PORT");
    }
    Ok(url.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_only_a_host() {
        for bad in ["notify.example", "ftp://a", "https://", "https://a/b", "https://u@a"] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
    }
}
