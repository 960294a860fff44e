//! `providers/src/aisensy/NOTES.md` §3.

use munadi_sandbox::aisensy::{DEFAULT_PASSWORD, DEFAULT_PROJECT};
use munadi_sandbox::faults::ReceiptMode;
use munadi_sandbox::{Faults, Sandbox};
use serde_json::{Value, json};

use crate::help::{client, get, message, number, send, start};

async fn ask(sandbox: &Sandbox, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = format!("{}/project-apis/v1/project/{DEFAULT_PROJECT}{path}", sandbox.url());
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = client().request(method, url).header("X-AiSensy-Project-API-Pwd", DEFAULT_PASSWORD);
    let request = body.iter().fold(request, |request, body| request.json(body));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_project_tells_its_wallet_as_a_scaled_integer() {
    let sandbox = start(Faults::default()).await;
    sandbox.aisensy().change(|config| config.projects[0].credit = 55_000_000);
    let (status, body) = ask(&sandbox, "GET", "", None).await;
    assert_eq!((status, &body["credit"], &body["status"]), (200, &json!(55_000_000), &json!("ACTIVE")));
    let url = format!("/project-apis/v1/project/{DEFAULT_PROJECT}");
    assert_eq!(get(&sandbox, &url).await["message"], "Invalid project API password");
}

#[tokio::test]
async fn sending_through_the_project_answers_without_an_id() {
    let sandbox = start(Faults::default()).await;
    let body = json!({
        "campaign_name": "seat_confirmed", "phone_number": "9000000001", "name": "Asha",
        "template_params": ["Asha", "Rust", "7 PM"],
    });
    let answer = ask(&sandbox, "POST", "/campaign/api/send", Some(body)).await;
    assert_eq!(answer, (200, json!({ "status": "success" })));
    assert_eq!(sandbox.world().count("9000000001"), 1);
}

#[tokio::test]
async fn templates_and_campaigns_can_be_listed_page_by_page() {
    let sandbox = start(Faults::default()).await;
    let (_, first) = ask(&sandbox, "GET", "/wa_template/?limit=3", None).await;
    assert_eq!(first["template"].as_array().unwrap().len(), 3);
    assert_eq!(first["template"][0]["total_parameters"], 4);
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let (_, second) = ask(&sandbox, "GET", &format!("/wa_template/?limit=3&after={after}"), None).await;
    assert_eq!(second["template"].as_array().unwrap().len(), 2);
    let (_, campaigns) = ask(&sandbox, "GET", "/campaign/api", None).await;
    assert_eq!((&campaigns["size"], &campaigns["count"]), (&json!(5), &json!(5)));
    assert_eq!(campaigns["campaign"][0]["status"], "LIVE");
}

#[tokio::test]
async fn a_campaign_made_twice_is_two_campaigns() {
    let sandbox = start(Faults::default()).await;
    let body = json!({ "template_name": "workshop_today", "campaign_name": "made_here" });
    for _ in 0..2 {
        assert_eq!(ask(&sandbox, "POST", "/campaign/api", Some(body.clone())).await.0, 200);
    }
    assert_eq!(ask(&sandbox, "GET", "/campaign/api", None).await.1["count"], 7);
    let mut body = message("+919000000001");
    body["campaignName"] = json!("made_here");
    body["templateParams"] = json!(["a", "b", "c"]);
    assert_eq!(send(&sandbox, &body).await.unwrap().0, 200);
}

#[tokio::test]
async fn the_audience_can_be_walked_with_cursors_and_holds_everybody_once() {
    let mut faults = Faults::default();
    faults.receipts.mode = ReceiptMode::Held;
    faults.outcomes.code_by_ending.insert("03".to_owned(), "131026".to_owned());
    let sandbox = start(faults).await;
    for n in 0..25 {
        send(&sandbox, &message(&number(n))).await.unwrap();
    }
    sandbox.flush_receipts().await;
    let (_, campaigns) = ask(&sandbox, "GET", "/campaign/api", None).await;
    let id = campaigns["campaign"][0]["id"].as_str().unwrap();
    let mut people = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/campaign/audience/{id}?category=DELIVERED&limit=10{after}");
        let (_, page) = ask(&sandbox, "GET", &path, None).await;
        assert_eq!(page["total"], 24);
        let rows = page["data"].as_array().unwrap();
        people.extend(rows.iter().map(|row| row["userNumber"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["paging"]["cursors"]["after"].as_str() else { break };
        after = format!("&after={cursor}");
    }
    let expected: Vec<String> =
        (0..25).filter(|n| *n != 3).map(|n| number(n).trim_start_matches('+').to_owned()).collect();
    assert_eq!(people, expected);
    let (_, failed) = ask(&sandbox, "GET", &format!("/campaign/audience/{id}?category=FAILED"), None).await;
    assert_eq!((&failed["total"], &failed["data"][0]["userNumber"]), (&json!(1), &json!("919000000003")));
    assert_eq!(failed["data"][0]["failurePayload"]["reason"], "Message undeliverable");
    let (_, totals) = ask(&sandbox, "POST", &format!("/campaign/analytics/{id}"), Some(json!({}))).await;
    assert_eq!(
        (&totals["sent"], &totals["delivered"], &totals["failed"]),
        (&json!(25), &json!(24), &json!(1))
    );
}

#[tokio::test]
async fn pages_can_be_walked_back_and_newest_first() {
    let sandbox = start(Faults::default()).await;
    for n in 0..5 {
        send(&sandbox, &message(&number(n))).await.unwrap();
    }
    let (_, campaigns) = ask(&sandbox, "GET", "/campaign/api", None).await;
    let id = campaigns["campaign"][0]["id"].as_str().unwrap().to_owned();
    let people = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().unwrap();
        rows.iter().map(|row| row["userNumber"].as_str().unwrap()[11..].to_owned()).collect()
    };
    let base = format!("/campaign/audience/{id}?limit=2&sort=desc");
    let (_, first) = ask(&sandbox, "GET", &base, None).await;
    assert_eq!(people(&first), ["4", "3"]);
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let (_, second) = ask(&sandbox, "GET", &format!("{base}&after={after}"), None).await;
    assert_eq!(people(&second), ["2", "1"]);
    let before = second["paging"]["cursors"]["before"].as_str().unwrap();
    let (_, back) = ask(&sandbox, "GET", &format!("{base}&before={before}"), None).await;
    assert_eq!(people(&back), ["4", "3"]);
}

#[tokio::test]
async fn one_message_is_shown_as_it_stands_by_the_id_of_its_call() {
    let sandbox = start(Faults::default()).await;
    let (_, sent) = send(&sandbox, &message(&number(1))).await.unwrap();
    let id = sent["submitted_message_id"].as_str().unwrap().to_owned();
    sandbox.flush_receipts().await;
    let ask = |id: String| {
        let url = format!("{}/project-apis/v1/project/{DEFAULT_PROJECT}/messages/{id}", sandbox.url());
        client().get(url).header("X-AiSensy-Project-API-Pwd", DEFAULT_PASSWORD).send()
    };
    let shown: Value = ask(id.clone()).await.unwrap().json().await.unwrap();
    assert_eq!(shown["message"]["submitted_message_id"], id.as_str());
    assert!(["SENT", "DELIVERED", "READ"].contains(&shown["message"]["status"].as_str().unwrap()), "{shown}");
    assert_eq!(ask("another".into()).await.unwrap().status().as_u16(), 404);
}
