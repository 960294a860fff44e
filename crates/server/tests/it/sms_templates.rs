//! Templates of SMS: the registered text is kept, ids are told apart, and what cannot be sent is named.

use axum::http::StatusCode;
use domain::{
    channel::{Category, Channel},
    ids::IntegrationId,
    pace::Pace,
    sms::{SmsRoute, SmsTemplate, Tag},
    template::Source,
};
use munadi::accounts::seal_binding;
use providers::Secrets;
use sandbox::{Sandbox, fast2sms};
use store::{Actor, Org, integrations::NewIntegration, on_both, templates::Template, testing::TestStore};

use crate::world::{People, World};

const NEW: &str = "/settings/templates/sms/new";
const LIST: &str = "/settings/templates/sms";
const IMPORT: &str = "/settings/templates/sms/import";
const TAKE: &str = "/settings/templates/sms/import/take";
const FILL: &str = "/settings/templates/sms/fill";

const GOOD: &[(&str, &str)] = &[
    ("do", "save"),
    ("name", "Workshop today"),
    ("route", "dlt"),
    ("category", "utility"),
    ("message_id", "111111"),
    ("text", "Hi {#var#}, {#var#} starts at {#var#}.\r\n-Example Academy "),
    ("label_1", "first name"),
    ("source_1", "registrant_first_name"),
    ("fallback_1", "there"),
    ("source_2", "workshop_title"),
    ("source_3", "fixed"),
    ("fixed_3", "seven"),
];

/// The fields with one changed.
fn but<'a>(fields: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut changed: Vec<_> = fields.iter().copied().filter(|(other, _)| *other != name).collect();
    changed.push((name, value));
    changed
}

async fn set_up(db: &TestStore) -> (World, People) {
    let world = World::new(db).await;
    let people = world.people().await;
    (world, people)
}

/// A program with an account at the stand-in.
async fn with_vendor(db: &TestStore) -> (World, People, Sandbox) {
    let vendor = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let world =
        World::with(db, |config| config.providers.set("fast2sms_url", &format!("{}/dev", vendor.url())))
            .await;
    let people = world.people().await;
    let now = world.clock_now();
    let id = IntegrationId::new(now);
    let org = org(&world, &people);
    let secrets = Secrets::default().with("api_key", fast2sms::DEFAULT_KEY);
    let binding = seal_binding(people.first, id);
    let new = NewIntegration {
        id,
        kind: "fast2sms".to_owned(),
        name: "Texts".to_owned(),
        settings: serde_json::json!({}),
        sealed: world.app.keys.seal(&secrets.to_json(), &binding),
        hints: secrets.hints(),
        callback_key: world.app.keys.callback_key(id),
        pace: Pace { per_second: 10, per_day: 10_000 },
    };
    org.add_integration(new, now).await.unwrap();
    (world, people, vendor)
}

fn org(world: &World, people: &People) -> Org {
    world.app.store.org(Actor::command_line(people.first))
}

async fn stored(world: &World, people: &People) -> Vec<(Template, SmsTemplate)> {
    let all = org(world, people).templates(Channel::Sms).await.unwrap();
    all.into_iter()
        .map(|one| {
            let body = serde_json::from_value(one.body.clone()).unwrap();
            (one, body)
        })
        .collect()
}

on_both! {
    async fn a_campaign_is_asked_about_through_an_account_that_knows_campaigns(db: TestStore) {
        // There is one account of AiSensy, and “Texts” of Fast2SMS, so there is nothing to choose from.
        let (world, people, _vendor) = with_vendor(db).await;
        let page = world.signed_in(&people.manager).await.get("/settings/templates/new").await;
        assert!(page.body.contains("Check with AiSensy"), "{}", page.status);
        assert!(!page.body.contains(">Texts<"), "an account for SMS is offered");
    }

    async fn a_registered_text_is_kept_character_by_character(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let answer = manager.post(NEW, GOOD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let all = stored(&world, &people).await;
        let (template, body) = &all[0];
        assert_eq!(body.text, "Hi {#var#}, {#var#} starts at {#var#}.\n-Example Academy ");
        assert_eq!(body.route, SmsRoute::Dlt);
        assert_eq!(body.category, Category::Utility);
        assert_eq!(body.message_id.as_ref().unwrap().as_str(), "111111");
        assert_eq!(body.variables[0].source, Source::RegistrantFirstName);
        assert_eq!(body.variables[2].source, Source::Fixed("seven".into()));
        assert!(body.variables.iter().all(|one| one.tag == Tag::Var));
        let shown = manager.get(&format!("{LIST}/{}", template.id)).await;
        assert!(shown.body.contains("\n-Example Academy </textarea>"), "the space at the end is in the field");
        assert!(shown.body.contains("1 space that is easily lost"), "{}", shown.body);
        let changed = manager.post(&format!("{LIST}/{}", template.id), &but(GOOD, "name", "Other")).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER);
        assert_eq!(stored(&world, &people).await[0].1, *body);
    }

    async fn the_three_ids_are_told_apart_at_their_fields(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let nineteen = "1100000000000000001";
        for (name, typed, words) in [
            ("message_id", nineteen, "This is the 19-digit DLT content-template id."),
            ("message_id", "", "This way of sending needs it."),
            ("template_id", "111111", "The DLT content-template id has 19 digits; this has 6."),
            ("template_id", "1.1E+18", "A spreadsheet may have rounded it"),
            ("entity_id", "12", "The entity id has 19 digits; this has 2."),
            ("sender", "WRKSHP-S", "3 to 6 letters"),
            ("text", "   ", "Paste the registered text."),
            ("source_2", "", "Choose where this value comes from."),
            ("fixed_3", "{#var#}", "A place for a value cannot stand inside a value."),
            ("category", "authentication", "Choose Service or Promotional."),
        ] {
            let answer = manager.post(NEW, &but(GOOD, name, typed)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={typed}");
            let place = format!(r#"id="{name}-error""#);
            let error = answer.body.split(&place).nth(1).unwrap_or_else(|| panic!("no error at {name}={typed}"));
            assert!(error.split("</p>").next().unwrap().contains(words), "{name}={typed}");
        }
        assert!(stored(&world, &people).await.is_empty());
        let manual = but(&but(GOOD, "route", "dlt_manual"), "message_id", "");
        let answer = manager.post(NEW, &manual).await;
        assert!(answer.body.contains(r#"id="template_id-error""#), "dlt_manual needs the register's id");
        let answer = manager.post(NEW, &but(&manual, "template_id", nineteen)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    async fn a_check_shows_the_values_the_length_and_what_is_missing_without_saving(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let fields = but(GOOD, "do", "check");
        let answer = manager.post(NEW, &fields).await;
        assert_eq!(answer.status, StatusCode::OK);
        for words in [
            "Place 3: any text without a link, 30 characters at most.",
            "For Ananya: Rust for Beginners",
            "GSM-7",
            "1 SMS",
            "₹0.25",
            "The sender id is missing.",
            "No account to send through.",
        ] {
            assert!(answer.body.contains(words), "{words} in {}", answer.body);
        }
        let answer = manager.post(NEW, &but(&fields, "text", "नमस्ते {#numeric#}")).await;
        for words in ["Unicode", "because of “न” (U+0928) in the text", "digits only", "They would be left out."] {
            assert!(answer.body.contains(words), "{words} in {}", answer.body);
        }
        assert!(stored(&world, &people).await.is_empty());
    }

    async fn a_template_of_sms_is_listed_copied_and_removed_apart_from_whatsapp(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        assert!(manager.get(LIST).await.body.contains("Keep the texts that you registered"));
        manager.post(NEW, GOOD).await;
        let twice = manager.post(NEW, GOOD).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(twice.body.contains("Another SMS template has this name."));
        let id = stored(&world, &people).await[0].0.id;
        let list = manager.get(LIST).await.body;
        assert!(list.contains("Workshop today") && list.contains("1 thing missing"), "{list}");
        assert!(!manager.get("/settings/templates").await.body.contains("Workshop today"));
        let copy = manager.get(&format!("{NEW}?from={id}")).await.body;
        assert!(copy.contains(r#"value="Workshop today copy""#), "{copy}");
        let other_channel = manager.get(&format!("{LIST}/{}", people.template)).await;
        assert_eq!(other_channel.status, StatusCode::NOT_FOUND);
        assert_eq!(manager.get(&format!("/settings/templates/{id}")).await.status, StatusCode::NOT_FOUND);
        assert!(manager.get(&format!("{LIST}/{id}/remove")).await.body.contains("Remove Workshop today?"));
        let answer = manager.post(&format!("{LIST}/{id}/remove"), &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(stored(&world, &people).await.is_empty());
    }

    async fn the_accounts_dlt_manager_fills_the_list(db: TestStore) {
        let (world, people, _vendor) = with_vendor(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let shown = manager.get(FILL).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.body.contains("6 new templates of 6"), "{}", shown.body);
        let ticks = [("take-111111", "on"), ("take-111114", "on")];
        let answer = manager.post(FILL, &ticks).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("Choose whether they are Service or Promotional."), "{}", answer.body);
        let answer = manager.post(FILL, &but(&ticks, "category", "utility")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let all = stored(&world, &people).await;
        assert_eq!(all.len(), 2);
        let of = |id: &str| {
            let found = all.iter().find(|(_, one)| one.message_id.as_ref().is_some_and(|own| own.as_str() == id));
            found.unwrap_or_else(|| panic!("no {id}"))
        };
        let (template, body) = of("111111");
        assert_eq!(template.name, "Hi …, … starts at …. -Example Academy");
        assert_eq!(body.text, "Hi {#var#}, {#var#} starts at {#var#}. -Example Academy");
        assert_eq!(body.sender.as_ref().unwrap().as_str(), fast2sms::DEFAULT_SENDER);
        assert_eq!(body.entity_id.as_ref().unwrap().as_str(), fast2sms::DEFAULT_ENTITY);
        assert_eq!(body.template_id.as_ref().unwrap().as_str(), "1100000000000000001");
        assert_eq!(body.variables[0].source, Source::RegistrantFirstName);
        assert_eq!(body.variables[1].source, Source::Fixed(String::new()), "nothing else is guessed");
        assert_eq!(of("111114").1.variables[0].source, Source::RegistrantFirstName, "after नमस्ते");
        let list = manager.get(LIST).await.body;
        assert!(list.contains("Map values"), "{list}");
        let again = manager.get(FILL).await.body;
        assert!(again.contains("4 new templates of 6") && again.contains("Here already"), "{again}");
        let answer = manager.post(FILL, &but(&ticks, "category", "utility")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "known ones are not taken twice");
        assert_eq!(stored(&world, &people).await.len(), 2);
    }

    async fn without_an_account_there_is_nothing_to_fill_from(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        assert!(manager.get(FILL).await.body.contains("No account can be asked."));
        assert_eq!(manager.post(FILL, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn a_file_is_shown_first_and_then_taken(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let file = "TEMPLATE_ID,TEMPLATE_NAME,TEMPLATE_CONTENT,VARIABLE_COUNT,Category\r\n\
            1100000000000000001,Today,\"Hello {#var#}, it starts at {#var#}. \",2,Service Implicit\r\n\
            111112,Short,Starts today,0,\r\n\
            1.1E+18,Rounded,Starts soon,0,Service\r\n\
            1100000000000000004,Counted,Hi {#var#},3,Service\r\n";
        let shown = manager.upload(IMPORT, &[], "templates.csv", file.as_bytes()).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        for words in ["2 new templates of 4", "digits only", "The file says 3 values", "Nothing is stored yet."] {
            assert!(shown.body.contains(words), "{words} in {}", shown.body);
        }
        assert!(stored(&world, &people).await.is_empty(), "looking stores nothing");
        let carried = carried(&shown.body);
        let fields = [("found", carried.as_str()), ("take-1100000000000000001", "on"), ("take-111112", "on")];
        let answer = manager.post(TAKE, &fields).await;
        assert!(answer.body.contains("Choose whether they are Service or Promotional."), "{}", answer.body);
        let answer = manager.post(TAKE, &but(&fields, "category", "marketing")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let all = stored(&world, &people).await;
        assert_eq!(all.iter().map(|(one, _)| one.name.as_str()).collect::<Vec<_>>(), ["Short", "Today"]);
        assert_eq!((all[0].1.route, all[0].1.category), (SmsRoute::Dlt, Category::Marketing));
        assert_eq!((all[1].1.route, all[1].1.category), (SmsRoute::DltManual, Category::Utility), "as the file says");
        assert_eq!(all[1].1.text, "Hello {#var#}, it starts at {#var#}. ", "the space at the end is registered");
        assert_eq!(all[1].1.variables[0].source, Source::RegistrantFirstName);
        let again = manager.upload(IMPORT, &[], "templates.csv", file.as_bytes()).await;
        assert!(again.body.contains("0 new templates of 4") && again.body.contains("as Today"), "{}", again.body);
    }

    async fn a_file_without_templates_is_refused_in_words(db: TestStore) {
        let (world, people) = set_up(db).await;
        let mut manager = world.signed_in(&people.manager).await;
        let answer = manager.upload(IMPORT, &[], "people.csv", b"Name,Phone\nAnanya,9000000001\n").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("TEMPLATE_CONTENT"), "{}", answer.body);
        for found in ["", "[", "[{}]", r#"[{"message_id":"x"}]"#] {
            let answer = manager.post(TAKE, &[("found", found), ("take-", "on"), ("category", "utility")]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{found}");
        }
        assert!(stored(&world, &people).await.is_empty());
    }
}

/// The fields that a page of an import carries to the next.
fn carried(page: &str) -> String {
    let value = page.split(r#"name="found" value=""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
