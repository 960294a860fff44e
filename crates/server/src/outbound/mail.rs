//! Alerts by e-mail. The conversation with the mail server is held step by step, because the step at which it ends
//! decides what is proven. Before the text is begun nothing was sent; afterwards only the server's answer tells.

use std::{path::Path, time::Duration};

use anyhow::Context;
use domain::alert::AlertOutcome;
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};

use crate::config::{Smtp, SmtpTls};

/// Longest wait for one answer of the server.
const STEP: Duration = Duration::from_secs(10);
/// Longest time until the text is begun.
const BEFORE: Duration = Duration::from_secs(30);
/// Longest time from the first byte of the text to the server's answer.
const TEXT: Duration = Duration::from_secs(30);

/// Speaks with the installation's mail server.
#[derive(Clone)]
pub struct Mailer {
    smtp: Smtp,
    from: Mailbox,
    credentials: Option<Credentials>,
    hello: ClientId,
}

/// One e-mail to a member.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The member's name.
    pub name: &'a str,
    /// The member's e-mail address.
    pub address: &'a str,
    /// The subject line.
    pub subject: &'a str,
    /// The body as plain text.
    pub text: &'a str,
    /// The message id, which is the same in every try.
    pub id: &'a str,
}

impl Mailer {
    /// Speaks with that server.
    ///
    /// # Errors
    /// When the sender is no address or the password cannot be read.
    pub fn new(smtp: &Smtp) -> anyhow::Result<Mailer> {
        let from: Mailbox =
            smtp.from.parse().with_context(|| format!("smtp_from “{}” is no address", smtp.from))?;
        let credentials = match (&smtp.user, &smtp.password_file) {
            (Some(user), Some(file)) => Some(Credentials::new(user.clone(), password(file)?)),
            _ => None,
        };
        let hello = ClientId::Domain(from.email.domain().to_owned());
        Ok(Mailer { smtp: smtp.clone(), from, credentials, hello })
    }

    /// Sends one e-mail.
    pub async fn send(&self, letter: &Letter<'_>) -> AlertOutcome {
        let (to, bytes) = match self.write(letter) {
            Ok(written) => written,
            Err(error) => return AlertOutcome::Refused { said: format!("It cannot be written: {error}") },
        };
        let mut connection = match tokio::time::timeout(BEFORE, self.begin(to)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(ended)) => return ended,
            Err(_) => return not_now("The mail server did not answer in time"),
        };
        match tokio::time::timeout(TEXT, connection.message(&bytes)).await {
            Ok(Ok(_)) => {
                // It has the letter: how the conversation ends changes nothing.
                let _ = tokio::time::timeout(STEP, connection.quit()).await;
                AlertOutcome::Sent
            }
            Ok(Err(error)) if error.is_permanent() => AlertOutcome::Refused { said: words(&error) },
            Ok(Err(error)) if error.is_transient() => not_now(&words(&error)),
            Ok(Err(_)) | Err(_) => AlertOutcome::Unknown {
                said: "The mail server fell silent while it was given the text".to_owned(),
            },
        }
    }

    fn write(&self, letter: &Letter<'_>) -> anyhow::Result<(Address, Vec<u8>)> {
        let to = Mailbox::new(Some(letter.name.to_owned()), letter.address.parse()?);
        let address = to.email.clone();
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_owned())?;
        // Holidays' answers stay away (RFC 3834).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok((address, message.formatted()))
    }

    /// Everything before the text. Whatever ends it, nothing was sent.
    async fn begin(&self, to: Address) -> Result<AsyncSmtpConnection, AlertOutcome> {
        let Smtp { host, port, tls, .. } = &self.smtp;
        let not_yet = |error: Error| not_now(&words(&error));
        let secure = || TlsParameters::new_rustls(host.clone()).map_err(not_yet);
        let from_first_byte = if *tls == SmtpTls::Tls { Some(secure()?) } else { None };
        let server = (host.as_str(), *port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(STEP), &self.hello, from_first_byte, None);
        let mut connection = connecting.await.map_err(not_yet)?;
        if *tls == SmtpTls::Starttls {
            connection.starttls(secure()?, &self.hello).await.map_err(not_yet)?;
        }
        if let Some(credentials) = &self.credentials {
            let ways = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&ways, credentials).await.map_err(not_yet)?;
        }
        let sender = Mail::new(Some(self.from.email.clone()), vec![]);
        connection.command(sender).await.map_err(not_yet)?;
        connection.command(Rcpt::new(to, vec![])).await.map_err(|error| match error.is_permanent() {
            true => AlertOutcome::Refused { said: words(&error) },
            false => not_yet(error),
        })?;
        connection.command(Data).await.map_err(not_yet)?;
        Ok(connection)
    }
}

fn not_now(said: &str) -> AlertOutcome {
    AlertOutcome::NotNow { said: said.to_owned() }
}

/// What an error says without what the server wrote: that may hold an address.
fn words(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("The mail server answered {code}"),
        None if error.is_timeout() => "The mail server did not answer in time".to_owned(),
        None if error.is_tls() => "The connection to the mail server is not secure".to_owned(),
        None => "The mail server cannot be reached".to_owned(),
    }
}

fn password(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the mail server's password from {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
