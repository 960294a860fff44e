//! Where a program's own notices end: a mail server and a receiver of webhooks, both on the loopback address. They keep
//! what they got, and can be slow, refuse, or fall silent at the worst moment.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    Shared,
    control::{merge, say, value},
    stop_of,
};

/// Largest e-mail read, in bytes.
const MAIL_BYTES_MAX: usize = 1 << 20;
/// E-mails and posts that are kept; further ones push out the oldest.
const KEPT_MAX: usize = 10_000;

/// What goes wrong with notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InboxHabits {
    /// The mail server waits so long before each answer, in milliseconds.
    pub mail_slow_ms: u64,
    /// The mail server answers each recipient with this code; 0 for taking them.
    pub mail_refuse: u16,
    /// The mail server keeps an e-mail and cuts the line instead of saying so.
    pub mail_drop_after_data: bool,
    /// The receiver of posts answers with this status; 0 for 204.
    pub hook_status: u16,
    /// The receiver keeps a post and says nothing for so long, in milliseconds.
    pub hook_silent_ms: u64,
}

/// An e-mail as the stand-in accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The subject, decoded as people read it.
    pub subject: String,
    /// The text, decoded as people read it.
    pub text: String,
    /// When it came, in UTC milliseconds.
    pub at: i64,
}

/// A post to the organisation's webhook, as the stand-in accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// The headers that begin with `webhook-`.
    pub headers: Vec<(String, String)>,
    /// Body of the post.
    pub body: String,
    /// When it came, in UTC milliseconds.
    pub at: i64,
}

impl Hook {
    /// A header by its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What was taken, and what goes wrong.
#[derive(Debug, Default)]
pub struct Inbox {
    mails: Mutex<Vec<Mail>>,
    hooks: Mutex<Vec<Hook>>,
    habits: Mutex<InboxHabits>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbox {
    /// The e-mails, in the order in which they came.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.mails).clone()
    }

    /// The posts, in the order in which they came.
    pub fn hooks(&self) -> Vec<Hook> {
        lock(&self.hooks).clone()
    }

    /// What goes wrong.
    pub fn habits(&self) -> InboxHabits {
        lock(&self.habits).clone()
    }

    /// Changes what goes wrong.
    pub fn set_habits(&self, habits: InboxHabits) {
        *lock(&self.habits) = habits;
    }

    pub(crate) fn reset(&self) {
        lock(&self.mails).clear();
        lock(&self.hooks).clear();
    }
}

fn keep<T>(list: &Mutex<Vec<T>>, one: T) {
    let mut list = lock(list);
    if list.len() >= KEPT_MAX {
        list.remove(0);
    }
    list.push(one);
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/hook", post(take_hook))
        .route("/sandbox/hooks", get(hooks))
        .route("/sandbox/mails", get(mails))
        .route("/sandbox/inbox", get(habits).patch(patch_habits))
}

async fn take_hook(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let kept = headers.iter().filter(|(name, _)| name.as_str().starts_with("webhook-"));
    let headers =
        kept.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let habits = shared.inbox.habits();
    let refused = !matches!(habits.hook_status, 0 | 200..=299);
    if !refused {
        let body = String::from_utf8_lossy(&body).into_owned();
        keep(&shared.inbox.hooks, Hook { headers: headers.collect(), body, at: shared.now() });
    }
    if habits.hook_silent_ms > 0 {
        shared.stopped_within(Duration::from_millis(habits.hook_silent_ms)).await;
    }
    StatusCode::from_u16(habits.hook_status).unwrap_or(StatusCode::NO_CONTENT).into_response()
}

async fn hooks(State(shared): State<Arc<Shared>>) -> Response {
    say(Ok(json!({ "hooks": shared.inbox.hooks() })))
}

async fn mails(State(shared): State<Arc<Shared>>) -> Response {
    say(Ok(json!({ "mails": shared.inbox.mails() })))
}

async fn habits(State(shared): State<Arc<Shared>>) -> Response {
    say(value(shared.inbox.habits()))
}

async fn patch_habits(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    say(merge(&shared.inbox.habits(), &body).and_then(|habits| {
        shared.inbox.set_habits(habits);
        value(shared.inbox.habits())
    }))
}

/// Listens for e-mails on a port of the loopback address; 0 takes a free one.
pub(crate) async fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Takes e-mails until the sandbox is stopped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut stopped = shared.stop.subscribe();
    loop {
        tokio::select! {
            () = stop_of(&mut stopped) => return,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let shared = shared.clone();
                    tokio::spawn(async move {
                        let mut stopped = shared.stop.subscribe();
                        tokio::select! {
                            () = stop_of(&mut stopped) => {}
                            // A client that goes away is the usual end of a conversation.
                            _ = converse(stream, &shared) => {}
                        }
                    });
                }
            }
        }
    }
}

async fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut from, mut to) = (String::new(), Vec::new());
    answer(&mut stream, shared, "220 sandbox ready").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let words = match verb.as_str() {
            "EHLO" => "250-sandbox\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250 SMTPUTF8".to_owned(),
            "HELO" | "NOOP" => "250 sandbox".to_owned(),
            "RSET" => {
                (from, to) = (String::new(), Vec::new());
                "250 forgotten".to_owned()
            }
            "AUTH" => "235 welcome".to_owned(),
            "MAIL" => {
                from = address(line);
                "250 go on".to_owned()
            }
            "RCPT" => match shared.inbox.habits().mail_refuse {
                0 => {
                    to.push(address(line));
                    "250 go on".to_owned()
                }
                code => format!("{code} not here"),
            },
            "DATA" if to.is_empty() => "503 to whom".to_owned(),
            "DATA" => {
                answer(&mut stream, shared, "354 end with a dot").await?;
                let data = data(&mut stream).await?;
                let mail = read(std::mem::take(&mut from), std::mem::take(&mut to), &data, shared.now());
                keep(&shared.inbox.mails, mail);
                if shared.inbox.habits().mail_drop_after_data {
                    return Ok(());
                }
                "250 taken".to_owned()
            }
            "QUIT" => {
                answer(&mut stream, shared, "221 bye").await?;
                return Ok(());
            }
            _ => "502 not here".to_owned(),
        };
        answer(&mut stream, shared, &words).await?;
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, shared: &Shared, words: &str) -> io::Result<()> {
    let slow = shared.inbox.habits().mail_slow_ms;
    if slow > 0 {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await
}

/// What stands in angle brackets.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}

/// The text of an e-mail up to the line with a dot, dots undone.
async fn data(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 || data.len() > MAIL_BYTES_MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.trim_end() == "." {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn read(from: String, to: Vec<String>, data: &str, at: i64) -> Mail {
    let (head, body) = data.split_once("\r\n\r\n").unwrap_or((data, ""));
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value.trim())
    };
    let text = match header("Content-Transfer-Encoding").to_ascii_lowercase().as_str() {
        "quoted-printable" => quoted_printable(body),
        "base64" => {
            let packed: String = body.split_whitespace().collect();
            String::from_utf8_lossy(&STANDARD.decode(packed).unwrap_or_default()).into_owned()
        }
        _ => body.to_owned(),
    };
    Mail { from, to, subject: words(header("Subject")), text, at }
}

/// A header whose encoded words (RFC 2047) are read; spaces between two of them are none.
fn words(header: &str) -> String {
    let (mut out, mut was_encoded) = (String::new(), false);
    for part in header.split(' ') {
        let encoded = part.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?="));
        let read = encoded.and_then(|packed| STANDARD.decode(packed).ok());
        if !(out.is_empty() || was_encoded && read.is_some()) {
            out.push(' ');
        }
        was_encoded = read.is_some();
        match read {
            Some(bytes) => out.push_str(&String::from_utf8_lossy(&bytes)),
            None => out.push_str(part),
        }
    }
    out
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let (mut out, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'=') {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_is_read_as_its_reader_would() {
        let data = "Subject: =?utf-8?b?4oK5NzA=?= =?utf-8?b?4oCm?= left\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                    Top up =E2=82=B970 =\r\nnow.\r\n";
        let mail = read("a@example.com".into(), vec!["b@example.com".into()], data, 0);
        assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("₹70… left", "Top up ₹70 now.\r\n"));
    }
}
