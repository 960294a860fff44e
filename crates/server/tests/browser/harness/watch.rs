//! What goes on behind a page: whether it is loading, and what went wrong that nobody would see.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::Value;
use tokio::sync::watch;

use super::devtools::lock;

/// Filled by the events of one page.
pub(crate) struct Watch {
    main_frame: String,
    loading: watch::Sender<bool>,
    problems: Mutex<Vec<String>>,
    /// Method and address of the requests on their way, by Chromium's id.
    requests: Mutex<HashMap<String, String>>,
}

impl Watch {
    pub(crate) fn new(main_frame: &str) -> Watch {
        Watch {
            main_frame: main_frame.to_owned(),
            loading: watch::Sender::new(false),
            problems: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    pub(crate) fn loading(&self) -> &watch::Sender<bool> {
        &self.loading
    }

    /// The problems seen so far.
    pub(crate) fn problems(&self) -> Vec<String> {
        lock(&self.problems).clone()
    }

    /// Forgets the problems that contain `text`; how many there were.
    pub(crate) fn forget(&self, text: &str) -> usize {
        let mut problems = lock(&self.problems);
        let before = problems.len();
        problems.retain(|problem| !problem.contains(text));
        before - problems.len()
    }

    pub(crate) fn note(&self, method: &str, event: &Value) {
        match method {
            "Page.frameStartedLoading" if self.is_main(event) => {
                self.loading.send_replace(true);
            }
            "Page.frameStoppedLoading" if self.is_main(event) => {
                self.loading.send_replace(false);
            }
            "Page.javascriptDialogOpening" => {
                self.problem(format!("dialog: {} “{}”", word(&event["type"]), word(&event["message"])));
            }
            "Runtime.consoleAPICalled" if matches!(word(&event["type"]), "error" | "warning" | "assert") => {
                let said: Vec<String> = event["args"].as_array().into_iter().flatten().map(said).collect();
                self.problem(format!("console {}: {}", word(&event["type"]), said.join(" ")));
            }
            "Runtime.exceptionThrown" => {
                self.problem(format!("exception: {}", exception(&event["exceptionDetails"])));
            }
            // What a request has to say is told below, with its address.
            "Log.entryAdded" if event["entry"]["source"] != "network" => self.log_entry(&event["entry"]),
            "Network.requestWillBeSent" => {
                let request = &event["request"];
                let shown = format!("{} {}", word(&request["method"]), word(&request["url"]));
                lock(&self.requests).insert(word(&event["requestId"]).to_owned(), shown);
            }
            "Network.responseReceived" => {
                let status = event["response"]["status"].as_i64().unwrap_or_default();
                if status >= 400 {
                    self.problem(format!("answer {status}: {}", self.request(event)));
                }
            }
            "Network.loadingFailed" => {
                // Leaving a page cuts what it still loads, its live stream above all.
                let cut = event["canceled"] == true || event["errorText"] == "net::ERR_ABORTED";
                if !cut {
                    let blocked = event["blockedReason"].as_str().map(|why| format!(", blocked: {why}"));
                    self.problem(format!(
                        "request failed: {}: {}{}",
                        self.request(event),
                        word(&event["errorText"]),
                        blocked.unwrap_or_default()
                    ));
                }
                lock(&self.requests).remove(word(&event["requestId"]));
            }
            "Network.loadingFinished" => {
                lock(&self.requests).remove(word(&event["requestId"]));
            }
            _ => {}
        }
    }

    fn log_entry(&self, entry: &Value) {
        if matches!(word(&entry["level"]), "error" | "warning") {
            // Violations of the content security policy come this way, with the source `security`.
            let text =
                format!("{} {}: {}", word(&entry["source"]), word(&entry["level"]), word(&entry["text"]));
            self.problem(text);
        }
    }

    fn problem(&self, text: String) {
        lock(&self.problems).push(text);
    }

    fn request(&self, event: &Value) -> String {
        let known = lock(&self.requests).get(word(&event["requestId"])).cloned();
        known.unwrap_or_else(|| word(&event["response"]["url"]).to_owned())
    }

    fn is_main(&self, event: &Value) -> bool {
        event["frameId"] == self.main_frame.as_str()
    }
}

/// The message of an exception, as the console would show it.
pub(crate) fn exception(details: &Value) -> String {
    let thrown = &details["exception"];
    match (thrown["description"].as_str(), &thrown["value"]) {
        (Some(description), _) => description.to_owned(),
        (None, Value::Null) => word(&details["text"]).to_owned(),
        (None, value) => format!("{} {value}", word(&details["text"])),
    }
}

fn said(argument: &Value) -> String {
    match (&argument["value"], argument["description"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (_, Some(description)) => description.to_owned(),
        (value, None) => value.to_string(),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
