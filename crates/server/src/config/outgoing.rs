//! How alerts leave the installation: the mail server, and which hosts of the own network may be posted to.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde::Deserialize;

/// How the connection to the mail server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte, usually port 465.
    #[default]
    Tls,
    /// Begun in the open and turned to TLS before anything is said, usually port 587.
    Starttls,
    /// None: for a mail server on this machine.
    None,
}

impl SmtpTls {
    fn usual_port(self) -> u16 {
        match self {
            SmtpTls::Tls => 465,
            SmtpTls::Starttls => 587,
            SmtpTls::None => 25,
        }
    }
}

/// The settings as flags and environment variables.
#[derive(Args, Clone, Debug, Default)]
pub struct OutgoingFlags {
    /// Mail server that alerts go out by [default: none]
    #[arg(long, env = "MUNADI_SMTP_HOST", global = true, value_name = "HOST")]
    pub smtp_host: Option<String>,
    /// Its port [default: 465, with starttls 587, with none 25]
    #[arg(long, env = "MUNADI_SMTP_PORT", global = true, value_name = "PORT")]
    pub smtp_port: Option<u16>,
    /// How the connection to it is kept from others [default: tls]
    #[arg(long, env = "MUNADI_SMTP_TLS", global = true, value_name = "tls|starttls|none")]
    pub smtp_tls: Option<SmtpTls>,
    /// User at the mail server
    #[arg(long, env = "MUNADI_SMTP_USER", global = true, value_name = "USER")]
    pub smtp_user: Option<String>,
    /// File with the password at the mail server
    #[arg(long, env = "MUNADI_SMTP_PASSWORD_FILE", global = true, value_name = "FILE")]
    pub smtp_password_file: Option<PathBuf>,
    /// Sender of alerts, such as "Munadi <alerts@example.com>"
    #[arg(long, env = "MUNADI_SMTP_FROM", global = true, value_name = "ADDRESS")]
    pub smtp_from: Option<String>,
    /// Host inside the own network to which alerts may be posted; may be given several times
    #[arg(
        long = "webhook-host",
        env = "MUNADI_WEBHOOK_HOSTS",
        global = true,
        value_name = "HOST",
        value_delimiter = ','
    )]
    pub webhook_hosts: Vec<String>,
}

/// The mail server through which alerts go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// The host name or address of the server.
    pub host: String,
    /// The port of the server.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// The user name; `None` where the server asks for none.
    pub user: Option<String>,
    /// The file with the password; `None` where the server asks for none.
    pub password_file: Option<PathBuf>,
    /// The address from which alerts are sent.
    pub from: String,
}

/// Everything that lets alerts out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The mail server; `None` where there is none.
    pub smtp: Option<Smtp>,
    /// Hosts of the own network to which alerts may be posted, in lower case.
    pub webhook_hosts: Vec<String>,
}

impl OutgoingFlags {
    /// Flags beat what `file` holds.
    pub(super) fn over(self, file: OutgoingFlags) -> OutgoingFlags {
        OutgoingFlags {
            smtp_host: self.smtp_host.or(file.smtp_host),
            smtp_port: self.smtp_port.or(file.smtp_port),
            smtp_tls: self.smtp_tls.or(file.smtp_tls),
            smtp_user: self.smtp_user.or(file.smtp_user),
            smtp_password_file: self.smtp_password_file.or(file.smtp_password_file),
            smtp_from: self.smtp_from.or(file.smtp_from),
            webhook_hosts: if self.webhook_hosts.is_empty() {
                file.webhook_hosts
            } else {
                self.webhook_hosts
            },
        }
    }

    /// The settings, checked together.
    pub(super) fn checked(self) -> anyhow::Result<Outgoing> {
        let webhook_hosts =
            self.webhook_hosts.iter().map(|host| host.trim().to_lowercase()).filter(|host| !host.is_empty());
        let webhook_hosts = webhook_hosts.collect();
        let Some(host) = self.smtp_host else { return Ok(Outgoing { smtp: None, webhook_hosts }) };
        let tls = self.smtp_tls.unwrap_or_default();
        let Some(from) = self.smtp_from else {
            bail!("smtp_host is set and smtp_from is not: a mail server wants to know who writes");
        };
        if self.smtp_user.is_some() != self.smtp_password_file.is_some() {
            bail!("smtp_user and smtp_password_file belong together: set both or none");
        }
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if tls == SmtpTls::None && self.smtp_user.is_some() && !is_here {
            bail!("smtp_tls is none, and {host} is another machine: the password could be read on the way");
        }
        let smtp = Smtp {
            port: self.smtp_port.unwrap_or(tls.usual_port()),
            host,
            tls,
            user: self.smtp_user,
            password_file: self.smtp_password_file,
            from,
        };
        Ok(Outgoing { smtp: Some(smtp), webhook_hosts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> OutgoingFlags {
        OutgoingFlags {
            smtp_host: Some("mail.example".into()),
            smtp_from: Some("alerts@example.com".into()),
            ..OutgoingFlags::default()
        }
    }

    #[test]
    fn a_mail_server_is_reached_by_tls_on_the_usual_port_unless_somebody_says_otherwise() {
        let smtp = flags().checked().unwrap().smtp.unwrap();
        assert_eq!((smtp.port, smtp.tls), (465, SmtpTls::Tls));
        let starttls = OutgoingFlags { smtp_tls: Some(SmtpTls::Starttls), ..flags() };
        assert_eq!(starttls.checked().unwrap().smtp.unwrap().port, 587);
        assert_eq!(OutgoingFlags::default().checked().unwrap(), Outgoing::default());
    }

    #[test]
    fn a_password_never_crosses_the_network_in_the_open() {
        let open = OutgoingFlags {
            smtp_tls: Some(SmtpTls::None),
            smtp_user: Some("munadi".into()),
            smtp_password_file: Some("password".into()),
            ..flags()
        };
        let words = open.clone().checked().unwrap_err().to_string();
        assert!(words.contains("read on the way"), "{words}");
        let here = OutgoingFlags { smtp_host: Some("127.0.0.1".into()), ..open };
        assert!(here.checked().is_ok());
        let no_password = OutgoingFlags { smtp_user: Some("munadi".into()), ..flags() };
        assert!(no_password.checked().is_err());
        assert!(OutgoingFlags { smtp_from: None, ..flags() }.checked().is_err());
    }
}
