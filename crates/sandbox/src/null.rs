//! A vendor that accepts everything and remembers nothing, for measuring the sender's own speed.
//!
//! Hand-written HTTP/1.1 with keep-alive: it must cost so little that a benchmark on the same
//! machine measures the sender and not the stand-in. It understands what HTTP clients send to an
//! API (a `Content-Length` body), not all of HTTP.
//!
//! What it answers is decided by the path: `…/bulkV2` and `…/wallet` as an SMS vendor does,
//! anything else as a vendor of WhatsApp templates.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::faults::mix;
use crate::rupees::rupees;
use crate::stop_of;

/// Bytes of a request that are kept while waiting for its end; a larger one ends the connection.
const REQUEST_BYTES_MAX: usize = 1 << 20;
const READ_BYTES: usize = 2 * 1024;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 80\r\n\r\n\
    {\"success\":\"true\",\"submitted_message_id\":\"00000000-0000-4000-8000-000000000000\"}";
const ID_AT: usize = ANSWER.len() - 38;
const WALLET: &[u8] = br#"{"return":true,"wallet":"10000000.0000","sms_count":40000000}"#;
/// What an SMS costs for each number, whatever its length, in 1/10,000 rupee; the answer names it as the rate.
const SMS_PRICE: i64 = 2_500;

/// A running null vendor. Dropping it ends it.
#[derive(Debug)]
pub struct Null {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// Starts a null vendor on a free port of the loopback address.
///
/// # Errors
/// If no port can be bound.
pub async fn start() -> io::Result<Null> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let requests = Arc::new(AtomicU64::new(0));
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, requests.clone(), stopped));
    Ok(Null { address, requests, stop, accepting })
}

impl Null {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests answered so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Closes the port and all connections, and says how many requests were answered.
    pub async fn stop(mut self) -> u64 {
        self.stop.send_replace(true);
        if let Err(error) = (&mut self.accepting).await {
            tracing::warn!(%error, "the null vendor ended badly");
        }
        self.requests()
    }
}

impl Drop for Null {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

async fn accept(listener: TcpListener, requests: Arc<AtomicU64>, mut stopped: watch::Receiver<bool>) {
    let for_connections = stopped.clone();
    loop {
        tokio::select! {
            () = stop_of(&mut stopped) => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream, requests.clone(), for_connections.clone()));
                }
                // Out of descriptors: the others must end first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            },
        }
    }
}

async fn serve(stream: TcpStream, requests: Arc<AtomicU64>, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = stop_of(&mut stopped) => {}
        // A client that goes away is the usual end of a connection.
        _ = converse(stream, &requests) => {}
    }
}

async fn converse(mut stream: TcpStream, requests: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::with_capacity(READ_BYTES);
    let mut output = Vec::with_capacity(4 * ANSWER.len());
    while stream.read_buf(&mut input).await? > 0 {
        let mut start = 0;
        while let Some(length) = request_length(&input[start..]) {
            let request = &input[start..start + length];
            start += length;
            push_answer(&mut output, request, requests.fetch_add(1, Ordering::Relaxed));
        }
        input.drain(..start);
        if input.len() > REQUEST_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        stream.write_all(&output).await?;
        output.clear();
    }
    Ok(())
}

/// Length of the first whole request in `bytes`, if it has arrived.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let total = head.saturating_add(content_length(&bytes[..head]));
    (bytes.len() >= total).then_some(total)
}

fn content_length(head: &[u8]) -> usize {
    head.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let (name, value) = line.split_at_checked(15)?;
            name.eq_ignore_ascii_case(b"content-length:").then_some(value)
        })
        .find_map(|value| std::str::from_utf8(value).ok()?.trim().parse().ok())
        .unwrap_or(0)
}

fn push_answer(output: &mut Vec<u8>, request: &[u8], nth: u64) {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    if contains(line, b"/bulkV2") {
        push_sms(output, request, nth);
    } else if contains(line, b"/wallet") {
        push_json(output, &[WALLET]);
    } else {
        push_campaign(output, nth);
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    position(bytes, what).is_some()
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Accepts a list of numbers, with an id of its own and what it costs.
fn push_sms(output: &mut Vec<u8>, request: &[u8], nth: u64) {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // Thirteen letters hold all of a number of 64 bits, and mixing never makes two alike.
    let mut bits = mix(nth);
    let id = [(); 15].map(|()| {
        let letter = LETTERS[(bits % 36) as usize];
        bits /= 36;
        letter
    });
    let total = rupees(SMS_PRICE.saturating_mul(numbers(request)));
    let members: [&[u8]; 5] = [
        br#"{"return":true,"request_id":""#,
        &id,
        br#"","message":["SMS sent successfully."],"sms_count":1,"per_sms_rate":"0.2500","amount_debited":""#,
        total.as_bytes(),
        br#""}"#,
    ];
    push_json(output, &members);
}

/// How many numbers the list in a JSON body has; one if there is no such list.
fn numbers(request: &[u8]) -> i64 {
    const MEMBER: &[u8] = b"\"numbers\"";
    let Some(at) = position(request, MEMBER) else { return 1 };
    let mut list = request[at + MEMBER.len()..].split(|byte| *byte == b'"').skip(1);
    let list = list.next().unwrap_or_default();
    1 + list.iter().map(|byte| i64::from(*byte == b',')).sum::<i64>()
}

fn push_json(output: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
    write!(output, "{head}: {length}\r\n\r\n").expect("writing to memory cannot fail");
    for part in parts {
        output.extend_from_slice(part);
    }
}

fn push_campaign(output: &mut Vec<u8>, nth: u64) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let start = output.len();
    output.extend_from_slice(ANSWER);
    let id = &mut output[start + ID_AT..start + ID_AT + 36];
    let mut bits = (u128::from(mix(nth)) << 64) | u128::from(nth);
    for (at, byte) in id.iter_mut().enumerate() {
        // The hyphens, the version and the variant of a UUID stay.
        if !matches!(at, 8 | 13 | 14 | 18 | 19 | 23) {
            *byte = HEX[(bits & 15) as usize];
            bits >>= 4;
        }
    }
}
