//! §1–§3: how a request may be written, and what an acceptance says.

use munadi_sandbox::fast2sms::{DEFAULT_KEY, DetailsIn, MessageAs, Route};
use serde_json::{Value, json};

use super::help::{dlt, get, manual, post, quick, read, send, sent, start, start_with};
use crate::help::client;

#[tokio::test]
async fn an_accepted_request_has_one_id_for_all_its_numbers() {
    let sandbox = start(Default::default()).await;
    let (status, answer) = send(&sandbox, &dlt("9000000001,9000000002")).await;
    assert_eq!((status, &answer["return"]), (200, &json!(true)));
    assert_eq!(answer["message"], json!(["SMS sent successfully."]));
    let id = answer["request_id"].as_str().unwrap();
    assert_eq!(id.len(), 15);
    assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{id}");
    for phone in ["+919000000001", "+919000000002"] {
        let got = sandbox.world().of_phone(phone);
        assert_eq!((got.len(), &*got[0].id, got[0].vendor, got[0].answered), (1, id, "fast2sms", true));
        assert_eq!(&*got[0].text, "Hi Asha, Rust for Beginners starts at 7 PM. -Example Academy");
        assert_eq!(&*got[0].campaign, "111111");
    }
    assert_ne!(sent(&sandbox, &dlt("9000000003")).await, id);
}

#[tokio::test]
async fn json_form_and_multipart_say_the_same() {
    let sandbox = start(Default::default()).await;
    let url = format!("{}/dev/bulkV2", sandbox.url());
    let pairs = |number: &str| -> Vec<(String, String)> {
        let body = manual(number);
        let members = body.as_object().unwrap();
        members.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let post = || client().post(&url).header("authorization", DEFAULT_KEY);
    let mut parts = reqwest::multipart::Form::new();
    for (name, value) in pairs("9000000003") {
        parts = parts.text(name, value);
    }
    for request in [
        post().json(&manual("9000000001")),
        post().form(&pairs("9000000002,9000000004")),
        post().multipart(parts),
        client().get(&url).query(&pairs("9000000005")).query(&[("authorization", DEFAULT_KEY)]),
    ] {
        let (status, answer) = read(request).await.unwrap();
        assert_eq!((status, &answer["return"]), (200, &json!(true)), "{answer}");
    }
    for last in 1..=5 {
        let got = sandbox.world().of_phone(&format!("900000000{last}"));
        assert_eq!(got.len(), 1, "for number {last}");
        assert_eq!(&*got[0].text, "Hi Asha, Rust for Beginners starts at 7 PM today. -Example Academy");
    }
}

#[tokio::test]
async fn the_key_stands_bare_in_the_header_or_in_the_query() {
    let sandbox = start(Default::default()).await;
    let url = format!("{}/dev/bulkV2", sandbox.url());
    let in_query = client().post(format!("{url}?authorization={DEFAULT_KEY}")).json(&dlt("9000000001"));
    assert_eq!(read(in_query).await.unwrap().0, 200);
    let bearer = format!("Bearer {DEFAULT_KEY}");
    let (status, answer) = post(&sandbox, "/dev/bulkV2", &bearer, &dlt("9000000002")).await;
    let expected = json!({
        "return": false, "status_code": 412, "message": "Invalid Authentication, Check Authorization Key",
    });
    assert_eq!((status, answer), (401, expected));
    let none = client().post(&url).json(&dlt("9000000002"));
    assert_eq!(read(none).await.unwrap().0, 401);
}

#[tokio::test]
async fn paths_are_case_sensitive_and_the_old_one_is_retired() {
    let sandbox = start(Default::default()).await;
    for path in ["/dev/bulkv2", "/dev/BulkV2", "/bulkV2", "/dev/Wallet"] {
        assert_eq!(post(&sandbox, path, DEFAULT_KEY, &dlt("9000000001")).await.0, 404, "for {path}");
    }
    let (status, answer) = post(&sandbox, "/dev/bulk", DEFAULT_KEY, &dlt("9000000001")).await;
    assert_eq!((status, &answer["status_code"]), (400, &json!(990)));
    assert!(sandbox.world().is_empty());
}

#[tokio::test]
async fn every_route_takes_what_its_fields_say() {
    let sandbox = start(Default::default()).await;
    sent(&sandbox, &dlt("9000000001")).await;
    sent(&sandbox, &manual("9000000002")).await;
    let mut hindi = quick("नमस्ते, आज 7 बजे", "9000000003");
    hindi["language"] = json!("unicode");
    sent(&sandbox, &hindi).await;
    let otp = json!({ "route": "otp", "variables_values": "5599", "numbers": "9000000004" });
    let id = sent(&sandbox, &otp).await;
    assert!(id.starts_with('O'), "{id}");
    assert_eq!(&*sandbox.world().of_phone("9000000004")[0].text, "Your OTP: 5599");
    assert_eq!(sandbox.fast2sms().request(&id).unwrap().parts[0].route, Route::Otp);
    let trailing = json!({
        "route": "dlt", "sender_id": "WRKSHP", "message": 111111, "variables_values": "A|B|C|",
        "numbers": 9_000_000_005_u64,
    });
    sent(&sandbox, &trailing).await;
    assert_eq!(&*sandbox.world().of_phone("9000000005")[0].text, "Hi A, B starts at C. -Example Academy");
}

#[tokio::test]
async fn what_it_cost_is_told_when_asked_for_wherever_it_is_put() {
    // 60 characters, one segment of ₹0.20, two numbers.
    let wanted = json!({
        "character_count": 60, "sms_count": 1, "sms_language": "english",
        "per_sms_rate": "0.2000", "amount_debited": "0.4000",
    });
    for (place, pointer) in [(DetailsIn::SmsDetails, "/sms_details"), (DetailsIn::Data, "/data")] {
        let sandbox = start_with(|habits| habits.details_in = place).await;
        let answer = send(&sandbox, &dlt("9000000001,9000000002")).await.1;
        assert_eq!(answer.pointer(pointer), Some(&wanted), "for {place:?}");
    }
    let sandbox = start(Default::default()).await;
    let answer = send(&sandbox, &dlt("9000000001,9000000002")).await.1;
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&answer[name], value, "for {name}");
    }
    let silent = send(&sandbox, &manual("9000000003")).await.1;
    let members: Vec<&String> = silent.as_object().unwrap().keys().collect();
    assert_eq!(members, ["return", "request_id", "message"]);
}

#[tokio::test]
async fn message_is_a_list_or_a_text_and_codes_are_numbers_or_texts() {
    let sandbox = start_with(|habits| {
        habits.message_as = MessageAs::Text;
        habits.code_as_text = true;
        habits.refusal_as_200 = 1.0;
    })
    .await;
    let yes = send(&sandbox, &dlt("9000000001")).await.1;
    assert_eq!(yes["message"], "SMS sent successfully.");
    let (status, no) = send(&sandbox, &dlt("")).await;
    assert_eq!((status, &no["return"], &no["status_code"]), (200, &json!(false), &json!("405")));
    sandbox.faults().change(|faults| faults.habits.fast2sms.message_as = MessageAs::List);
    let no = send(&sandbox, &dlt("")).await.1;
    assert!(no["message"].as_array().is_some_and(|list| list.len() == 1));
}

/// A call to `custom` with these entries.
async fn custom(sandbox: &munadi_sandbox::Sandbox, entries: Value) -> (u16, Value) {
    let body = json!({ "route": "dlt", "requests": entries });
    post(sandbox, "/dev/custom", DEFAULT_KEY, &body).await
}

#[tokio::test]
async fn custom_sends_each_entry_its_own_text_and_takes_all_or_nothing() {
    let sandbox = start(Default::default()).await;
    let entry = |name: &str, numbers: &str| {
        json!({
            "sender_id": "WRKSHP", "message": "111111", "variables_values": format!("{name}|Rust|7 PM"),
            "flash": 0, "numbers": numbers, "udf1": name,
        })
    };
    let (status, answer) =
        custom(&sandbox, json!([entry("Asha", "9000000001"), entry("Ravi", "9000000002")])).await;
    assert_eq!((status, &answer["return"]), (200, &json!(true)));
    assert_eq!(
        &*sandbox.world().of_phone("9000000002")[0].text,
        "Hi Ravi, Rust starts at 7 PM. -Example Academy"
    );
    let request = sandbox.fast2sms().request(answer["request_id"].as_str().unwrap()).unwrap();
    assert_eq!((request.parts.len(), &*request.parts[1].udf[0]), (2, "Ravi"));
    assert_eq!(sandbox.fast2sms().ledger().charged, 2 * 2_000);
    let one_bad = json!([entry("Asha", "9000000003"), entry("Ravi", "123")]);
    assert_eq!(custom(&sandbox, one_bad).await.1["status_code"], 411);
    let same = json!([entry("Asha", "9000000003"), entry("Ravi", "9000000003")]);
    assert_eq!(custom(&sandbox, same).await.1["status_code"], 995);
    assert_eq!(custom(&sandbox, json!([])).await.1["status_code"], 401);
    assert_eq!((sandbox.world().len(), sandbox.fast2sms().ledger().charged), (2, 4_000));
}

#[tokio::test]
async fn a_get_of_an_unknown_report_is_no_report() {
    let sandbox = start(Default::default()).await;
    let (status, answer) = get(&sandbox, "/dev/dlr/abc0123456789xy").await;
    assert_eq!((status, &answer["success"]), (400, &json!(false)));
}
