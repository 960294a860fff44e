//! The flow of a call: what it asks for, speaks and waits for.

use serde_json::Value;

use super::{Plan, account, zero};
use crate::voice::talk::Talk;
use crate::voice::told::{self, indian};

/// Gather, Passthru, Greeting (§4).
pub(super) async fn flow(talk: &mut Talk, plan: &Plan) {
    let base = account(&talk.shared).flow_url;
    let Some(call) = talk.call() else { return };
    let usual = |now: i64| -> Vec<(String, String)> {
        [
            ("CallSid", call.id.clone()),
            ("CallFrom", zero(call.phone)),
            ("CallTo", plan.caller.clone()),
            ("Direction", "outbound-dial".to_owned()),
            ("Created", indian(call.placed_at)),
            ("DialCallDuration", "0".to_owned()),
            ("StartTime", indian(call.placed_at)),
            ("EndTime", "1970-01-01 05:30:00".to_owned()),
            ("flow_id", "4711".to_owned()),
            ("From", zero(call.phone)),
            ("To", plan.caller.clone()),
            ("CurrentTime", indian(now)),
            ("ForwardedFrom", "null".to_owned()),
            ("CustomField", plan.custom.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    };
    let ask = |talk: &Talk, step: &str, extra: &[(String, String)]| {
        let mut query = usual(talk.shared.now());
        query.extend_from_slice(extra);
        let url = format!("{}/{step}?{}", base.trim_end_matches('/'), told::query(&query));
        talk.client().get(url).header("Exotel-Version", "1.0")
    };
    let request = ask(talk, "prompt", &[]);
    let Some(prompt) = talk.ask(request).await.and_then(|answer| answer.json()) else { return };
    let key = gather(talk, &prompt).await;
    // Passthru comes after a person who hung up too: the flow goes on without them for a moment.
    let kind = if talk.is_there() { "call-attempt" } else { "client-hangup" };
    let digits = [
        ("digits".to_owned(), key.map_or_else(|| "\"\"".to_owned(), |key| format!("\"{key}\""))),
        ("CallType".to_owned(), kind.to_owned()),
    ];
    let lost = talk.shared.telephones.get().chaos.lose_keys;
    if !talk.shared.faults.chance().hits(lost, "lose_keys", &call.id, 0) {
        let request = ask(talk, "digit", &digits);
        let noted = talk.ask(request).await;
        if !noted.is_some_and(|answer| matches!(answer.status, 200 | 302)) {
            return;
        }
    }
    if !talk.is_there() {
        return;
    }
    let request = ask(talk, "closing", &[]);
    if let Some(closing) = talk.ask(request).await
        && closing.status == 200
        && closing.kind == "text/plain"
    {
        talk.speak(&closing.body).await;
    }
}

/// Speaks the prompt or plays its recording, which is heard as its address; waits for a digit, and asks again as it was told.
async fn gather(talk: &mut Talk, prompt: &Value) -> Option<char> {
    let text = |name: &str| {
        let prompt = &prompt[name];
        prompt["text"].as_str().or(prompt["audio_url"].as_str()).unwrap_or("").to_owned()
    };
    let wait_s = prompt["input_timeout"].as_i64().unwrap_or(5);
    let rounds = prompt["repeat_menu"].as_i64().unwrap_or(0);
    let (mut said, again) = (text("gather_prompt"), text("repeat_gather_prompt"));
    for _ in 0..=rounds {
        if !talk.speak(&said).await {
            return None;
        }
        if let Some(key) = talk.key(wait_s).await {
            return Some(key);
        }
        if !again.is_empty() {
            said.clone_from(&again);
        }
    }
    None
}
