//! A server that answers what a test tells it, byte for byte, and keeps what it heard.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What to do with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// These bytes, connection kept.
    Raw(String),
    /// Reads the request, then closes without a word.
    Close,
    /// These bytes, then close.
    Part(String),
    /// Reads the request, then says nothing until the client goes.
    Stall,
}

/// A whole answer.
pub(crate) fn answer(status: u16, body: &str) -> Reply {
    with_headers(status, "", body)
}

/// A whole answer with more headers, each ended by `\r\n`.
pub(crate) fn with_headers(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) struct Server {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers the requests in turn, whatever the connection; the last reply is repeated.
    pub(crate) async fn start(replies: Vec<Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, replies.clone(), log.clone()));
            }
        });
        Server { url, heard, task }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, replies: Vec<Reply>, log: Arc<Mutex<Vec<Heard>>>) {
    while let Some(request) = request(&mut stream).await {
        let index = {
            let mut log = log.lock().unwrap();
            log.push(request);
            log.len() - 1
        };
        match replies[index.min(replies.len() - 1)].clone() {
            Reply::Raw(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Reply::Part(text) => {
                // The client may have gone already when it has read enough.
                let _ = stream.write_all(text.as_bytes()).await;
                return;
            }
            Reply::Close => return,
            Reply::Stall => {
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&part[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(Heard { head: head.to_owned(), body: body.to_owned() });
            }
        }
    }
}
