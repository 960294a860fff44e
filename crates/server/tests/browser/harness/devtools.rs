//! The wire to Chromium: one web socket on the loopback address, JSON both ways.
//!
//! <https://chromedevtools.github.io/devtools-protocol/> names the methods. The few that tests need do not
//! pay for a crate that compiles all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// No answer for this long means that the browser hangs, not that it is busy.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

type Answer = std::result::Result<Value, String>;
type Listener = Box<dyn Fn(&str, &Value) + Send>;

#[derive(Default)]
struct Shared {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    listeners: Mutex<HashMap<String, Listener>>,
}

/// A connection; clones share it.
#[derive(Clone)]
pub(crate) struct Devtools {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Message>,
    next_id: Arc<AtomicU64>,
}

impl Devtools {
    pub(crate) async fn connect(url: &str) -> Result<Devtools> {
        // A screenshot of a long page arrives as one message.
        let limits = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(limits), true)
            .await
            .with_context(|| format!("cannot connect to Chromium at {url}"))?;
        let (mut sink, mut stream) = socket.split();
        let (outgoing, mut queue) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        });
        let shared = Arc::new(Shared::default());
        let reader = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message
                    && let Ok(value) = serde_json::from_str(&text)
                {
                    reader.take(value);
                }
            }
            // Whoever still waits learns it from the sender being dropped.
            lock(&reader.waiting).clear();
        });
        Ok(Devtools { shared, outgoing, next_id: Arc::default() })
    }

    /// Calls `listener` with each event of a session, in order. An event that Chromium sent before an answer
    /// was heard before that answer is returned.
    pub(crate) fn listen(&self, session: &str, listener: impl Fn(&str, &Value) + Send + 'static) {
        lock(&self.shared.listeners).insert(session.to_owned(), Box::new(listener));
    }

    /// Calls a method and waits for its result.
    pub(crate) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let (sender, receiver) = oneshot::channel();
        let id = self.next_id();
        lock(&self.shared.waiting).insert(id, sender);
        self.send(id, session, method, params)?;
        let answer = tokio::time::timeout(ANSWER_LIMIT, receiver)
            .await
            .map_err(|_| anyhow!("Chromium does not answer {method}"))?
            .map_err(|_| anyhow!("Chromium ended during {method}"))?;
        answer.map_err(|problem| anyhow!("{method}: {problem}"))
    }

    /// Calls a method from within a listener, which cannot wait; its answer is dropped.
    pub(crate) fn call_and_forget(&self, session: &str, method: &str, params: Value) {
        // A closed connection shows itself to whoever waits for an answer.
        let _ = self.send(self.next_id(), Some(session), method, params);
    }

    fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn send(&self, id: u64, session: Option<&str>, method: &str, params: Value) -> Result<()> {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.outgoing
            .send(Message::text(message.to_string()))
            .map_err(|_| anyhow!("Chromium ended before {method}"))
    }
}

impl Shared {
    fn take(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let answer = match message.get("error") {
                Some(error) => Err(error["message"].as_str().unwrap_or("failed").to_owned()),
                None => Ok(message["result"].take()),
            };
            if let Some(sender) = lock(&self.waiting).remove(&id) {
                // The caller may have given up.
                let _ = sender.send(answer);
            }
        } else if let (Some(session), Some(method)) =
            (message["sessionId"].as_str(), message["method"].as_str())
            && let Some(listener) = lock(&self.listeners).get(session)
        {
            listener(method, &message["params"]);
        }
    }
}

/// A panic elsewhere leaves these maps whole: go on with them.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
