//! A running program with two organisations, and browsers that keep cookies and fill in forms.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use domain::{
    call::Language,
    channel::Channel,
    ids::{ImportId, IntegrationId, OrganizationId, TemplateId, UserId},
    link::LinkName,
    pace::Pace,
    phone::{Country, Phone},
    quiet_hours::QuietHours,
    role::Role,
    time::{DAY, ManualClock, Millis, Zone},
    workshop::TagColour,
};
use futures::StreamExt;
use munadi::{
    accounts::seal_binding,
    app::{App, SESSION_LIFE},
    config::Config,
    http::{auth::Token, cookies::Jar},
    password::Cost,
    router,
    seal::KeyRing,
};
use providers::{Secrets, Urls};
use serde_json::json;
use store::{
    Actor, NewOrganization, NewUser, User,
    consents::NewConsent,
    integrations::NewIntegration,
    recordings::{AddedRecording, NewRecording},
    registrants::{NewRegistrant, RegistrantFilter},
    suppressions::{NewSuppression, SuppressionFilter},
    testing::TestStore,
    workshops::WorkshopDraft,
};
use tower::ServiceExt;

/// The password of everybody in tests.
pub(crate) const PASSWORD: &str = "four plain words here";
/// The name of the first organisation, which its pages show.
pub(crate) const FIRST: &str = "Udaan Academy";
/// The name of the second organisation.
pub(crate) const SECOND: &str = "Nirmaan Skills";

/// A running program.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
}

/// Two organisations and their people.
pub(crate) struct People {
    pub(crate) first: OrganizationId,
    pub(crate) second: OrganizationId,
    pub(crate) host: User,
    pub(crate) admin: User,
    pub(crate) manager: User,
    pub(crate) agent: User,
    pub(crate) viewer: User,
    pub(crate) stranger: User,
    /// A viewer whom tests may change.
    pub(crate) target: User,
    /// An open invitation of the first organisation.
    pub(crate) invitation: domain::ids::AccessLinkId,
    pub(crate) invitation_token: Token,
    /// An account of the first organisation.
    pub(crate) integration: IntegrationId,
    /// A template of the first organisation.
    pub(crate) template: TemplateId,
    /// Ids of records of the first organisation, by the names that routes give them.
    pub(crate) records: Vec<(&'static str, String)>,
}

/// Secrets of the account; nothing may ever show them.
pub(crate) const API_KEY: &str = "TEST-API-KEY-NOT-REAL-9f2c";
/// The secret of the account's webhook; nothing may ever show it.
pub(crate) const WEBHOOK_SECRET: &str = "test-shared-secret";

impl World {
    /// A program that nobody has set up yet.
    pub(crate) async fn new(db: &TestStore) -> World {
        World::with(db, |_| {}).await
    }

    pub(crate) async fn with(db: &TestStore, change: impl FnOnce(&mut Config)) -> World {
        let mut config = Config::in_folder(db.folder()).unwrap();
        config.public_url = "https://notify.example".to_owned();
        config.password_cost = Cost { memory_kib: 8, passes: 1 };
        // Nothing answers at this address, so a test never leaves this machine.
        config.providers = Urls::all_at("http://127.0.0.1:9/nobody");
        change(&mut config);
        let clock = Arc::new(ManualClock::at(Millis(20_000 * DAY)));
        let app = App::new(db.store.clone(), clock.clone(), config, KeyRing::generate()).unwrap();
        let router = router::build(&app);
        World { app, clock, router }
    }

    /// Adds further routes to the program.
    pub(crate) fn add_routes(&mut self, more: Vec<router::Route>) {
        let mut routes = router::table();
        routes.extend(more);
        self.router = router::build_from(&self.app, routes);
    }

    pub(crate) async fn user(&self, name: &str, super_admin: bool) -> User {
        let email = format!("{}@udaan.example", name.to_lowercase());
        let hash = self.app.passwords.hash(PASSWORD).await;
        let new =
            NewUser { email: email.clone(), name: name.to_owned(), password_hash: Some(hash), super_admin };
        let access = self.app.store.access();
        access.create_user(&new, self.clock_now()).await.unwrap();
        access.user_by_email(&email).await.unwrap().unwrap().0
    }

    pub(crate) async fn people(&self) -> People {
        let access = self.app.store.access();
        let now = self.clock_now();
        let host = self.user("Host", true).await;
        let organisation = |name: &str| NewOrganization {
            name: name.to_owned(),
            zone: Zone::india(),
            country: Country::INDIA,
            quiet_hours: QuietHours::default(),
        };
        let first = access.create_organization(&organisation(FIRST), &host, now).await.unwrap();
        let second = access.create_organization(&organisation(SECOND), &host, now).await.unwrap();
        let member = async |name: &str, organisation, role| {
            let user = self.user(name, false).await;
            access.put_member(organisation, user.id, role, now).await.unwrap();
            user
        };
        let token = Token::new();
        let org = self.app.store.org(Actor::command_line(first));
        let invitation = org
            .invite("new@udaan.example", Role::Agent, &token.hash(), now.plus(7 * DAY), now)
            .await
            .unwrap();
        People {
            first,
            second,
            admin: member("Admin", first, Role::Admin).await,
            manager: member("Manager", first, Role::Manager).await,
            agent: member("Agent", first, Role::Agent).await,
            viewer: member("Viewer", first, Role::Viewer).await,
            stranger: member("Stranger", second, Role::Admin).await,
            target: member("Target", first, Role::Viewer).await,
            integration: self.integration(first, "Udaan main", Some(WEBHOOK_SECRET)).await,
            template: org
                .add_template(Channel::WhatsappPersonal, "Reminder", &reminder(), now)
                .await
                .unwrap(),
            host,
            invitation,
            invitation_token: token,
            records: records(&self.app, first, now).await,
        }
    }

    /// Connects an account.
    pub(crate) async fn integration(
        &self,
        organisation: OrganizationId,
        name: &str,
        webhook_secret: Option<&str>,
    ) -> IntegrationId {
        let id = IntegrationId::new(self.clock_now());
        let secrets = Secrets::default().with("api_key", API_KEY);
        let secrets = secrets.with("webhook_secret", webhook_secret.unwrap_or_default());
        let new = NewIntegration {
            id,
            kind: "aisensy".to_owned(),
            name: name.to_owned(),
            settings: json!({}),
            sealed: self.app.keys.seal(&secrets.to_json(), &seal_binding(organisation, id)),
            hints: json!({ "api_key": "9f2c", "webhook_secret": webhook_secret.map(|_| "cret") }),
            callback_key: self.app.keys.callback_key(id),
            pace: Pace { per_second: 10, per_day: 0 },
        };
        let org = self.app.store.org(Actor::command_line(organisation));
        org.add_integration(new, self.clock_now()).await.unwrap();
        id
    }

    pub(crate) fn clock_now(&self) -> Millis {
        self.app.clock.now()
    }

    /// The program's face, for what no browser does.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), extra: HeaderMap::new() }
    }

    /// A browser in which this person has just signed in; a super_admin is in the first organisation of the fixture.
    pub(crate) async fn signed_in(&self, user: &User) -> Browser<'_> {
        let token = Token::new();
        self.app
            .store
            .access()
            .start_session(user, &token.hash(), SESSION_LIFE, self.clock_now())
            .await
            .unwrap();
        let mut browser = self.browser();
        browser.cookies.insert(Jar::Session.name(&self.app.config).to_owned(), token.text().to_owned());
        browser
    }

    pub(crate) async fn role_of(&self, organisation: OrganizationId, user: UserId) -> Option<Role> {
        let org = self.app.store.org(Actor::command_line(organisation));
        let members = org.members().await.unwrap();
        members.into_iter().find(|member| member.user == user).map(|member| member.role)
    }
}

/// A template with one value.
fn reminder() -> serde_json::Value {
    json!({
        "campaign": "workshop_reminder_1h", "category": "utility", "language": "en", "body": "Hi {{1}}.",
        "parameters": [{ "label": "first name", "source": { "from": "registrant_first_name" }, "fallback": "there" }],
    })
}

/// Records of an organisation, one of each kind.
async fn records(app: &App, organisation: OrganizationId, now: Millis) -> Vec<(&'static str, String)> {
    let org = app.store.org(Actor::command_line(organisation));
    let draft = WorkshopDraft {
        title: "Excel".to_owned(),
        starts_at: now.plus(DAY),
        ends_at: now.plus(2 * DAY),
        join_link: String::new(),
        tag: None,
    };
    let workshop = org.add_workshop(&draft, now).await.unwrap();
    let phone = Phone::parse("90000 00001", Country::INDIA).unwrap();
    let person = NewRegistrant {
        phone: Some(phone.clone()),
        phone_typed: "90000 00001".into(),
        ..NewRegistrant::default()
    };
    org.add_registrant(workshop, person, now).await.unwrap();
    let filter = RegistrantFilter { limit: 1, ..RegistrantFilter::default() };
    let registrant = org.registrants(workshop, &filter).await.unwrap()[0].id;
    let lead = org.lead_by_phone(phone.as_str()).await.unwrap();
    let import = ImportId::new(now);
    org.add_import(import, workshop, "people.csv", "imports/none", now).await.unwrap();
    let entry = NewSuppression {
        phone_key: "key".into(),
        phone,
        channel: None,
        category: None,
        reason: "asked".into(),
    };
    org.suppress(entry.clone(), now).await.unwrap();
    let agreed = NewConsent {
        phone_key: app.phone_key.of("+919000000001"),
        phone: entry.phone.clone(),
        channel: None,
        given_at: now,
        source: "form".into(),
        wording: "Send me offers".into(),
        note: String::new(),
    };
    org.record_consent(agreed, now).await.unwrap();
    let story = org.story(lead, &app.phone_key).await.unwrap();
    let entry = org.suppressions(&SuppressionFilter { limit: 1, ..Default::default() }).await.unwrap()[0].id;
    let name = LinkName::parse("first", &organisation.to_string()[30..]).unwrap();
    let link = org.add_named_link(&name, "https://meet.example/x", now).await.unwrap().unwrap();
    let (sequence, step, row) = planned(&org, workshop, now).await;
    let recording = NewRecording {
        name: "Known to all".into(),
        language: Language::English,
        sha256: "00".into(),
        address: organisation.to_string(),
        length_ms: 1_000,
        loudness: 0,
        gain: 0,
        findings: json!([]),
        wav: vec![0; 44],
    };
    let AddedRecording::As(recording) = org.add_recording(recording, now).await.unwrap() else {
        panic!("there is room")
    };
    vec![
        ("{recording}", recording.to_string()),
        ("{sequence}", sequence),
        ("{step}", step),
        ("{ladder}", "known-ladder".to_owned()),
        ("{row}", row),
        ("{link}", link.to_string()),
        ("{workshop}", workshop.to_string()),
        ("{registrant}", registrant.to_string()),
        ("{person}", lead.to_string()),
        ("{digits}", "919000000001".to_owned()),
        ("{import}", import.to_string()),
        ("{entry}", entry.to_string()),
        ("{consent}", story.consents[0].id.to_string()),
        ("{tag}", org.add_tag("Known to all", TagColour::Violet, now).await.unwrap().to_string()),
    ]
}

/// Runs a sequence for a workshop: returns the sequence, its step, and the step's row in the plan. The step was due
/// long before the sequence was run, and goes to nobody.
async fn planned(
    org: &store::Org,
    workshop: domain::ids::WorkshopId,
    now: Millis,
) -> (String, String, String) {
    use domain::sequence::{Anchor, LateRule, Step, StepAudience, StepKey, Timing, Until};
    let step = Step {
        key: StepKey::stored("late-thanks".into()),
        label: String::new(),
        channel: Channel::WhatsappPersonal,
        template: TemplateId::NIL,
        account: None,
        anchor: Anchor::Start,
        timing: Timing::Offset { days: -300, minutes: 0 },
        purpose: "thanks".into(),
        until: Until::NextOfPurpose,
        audience: StepAudience::default(),
        late: LateRule::Skip,
        wait_out_quiet: false,
        rung: None,
    };
    let draft = store::sequences::SequenceDraft {
        name: "Known to all".into(),
        description: String::new(),
        steps: vec![
            Step {
                key: StepKey::stored("known-ladder-1".into()),
                rung: Some(domain::sequence::Rung {
                    ladder: StepKey::stored("known-ladder".into()),
                    caps: domain::sequence::CostCaps::default(),
                }),
                timing: Timing::Offset { days: -301, minutes: 0 },
                ..step.clone()
            },
            step,
        ],
    };
    let sequence = org.add_sequence(&draft, now).await.unwrap();
    org.write_plan(workshop, sequence, 1, &store::plans::PlanChoice::default(), now).await.unwrap();
    let row = org.plan_of(workshop).await.unwrap().unwrap().rows.pop().expect("two steps").id;
    (sequence.to_string(), "late-thanks".to_owned(), row.to_string())
}

/// Keeps cookies, as browsers do.
pub(crate) struct Browser<'w> {
    world: &'w World,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) extra: HeaderMap,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The token in the page's forms.
    pub(crate) fn csrf(&self) -> Option<String> {
        let (_, rest) = self.body.split_once(r#"name="csrf" value=""#)?;
        rest.split_once('"').map(|(token, _)| token.to_owned())
    }
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// Loads a page for its token, then posts the fields.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token_for(path).await;
        let mut fields = fields.to_vec();
        fields.push(("csrf", &token));
        self.post_as_is(path, &fields).await
    }

    /// Posts the fields and nothing else.
    pub(crate) async fn post_as_is(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", path, Some(encoded(fields))).await
    }

    /// Posts that body as it is, as a program would.
    pub(crate) async fn post_body(&mut self, path: &str, kind: &str, body: &str) -> Answer {
        self.deliver("POST", path, Some((kind, Body::from(body.to_owned())))).await
    }

    /// A token that fits this browser, from the page itself where nobody can sign in yet.
    async fn token_for(&mut self, path: &str) -> String {
        for page in ["/account", "/sign-in", path] {
            if let Some(token) = self.get(page).await.csrf() {
                return token;
            }
        }
        panic!("neither the sign-in page nor {path} has a form")
    }

    /// A token that fits this browser.
    pub(crate) async fn token(&mut self) -> String {
        let page = self.get("/account").await;
        if let Some(token) = page.csrf() {
            return token;
        }
        self.get("/sign-in").await.csrf().expect("the sign-in page has a form")
    }

    /// Uploads a file with its form, the token first, as browsers send it.
    pub(crate) async fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        file: &[u8],
    ) -> Answer {
        let token = self.token().await;
        let mut body = Vec::new();
        for (field, value) in [("csrf", token.as_str())].iter().chain(fields) {
            body.extend(
                format!("--part\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        let head = format!(
            "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--part--\r\n");
        self.deliver("POST", path, Some(("multipart/form-data; boundary=part", body.into()))).await
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, form: Option<String>) -> Answer {
        let body = form.map(|form| ("application/x-www-form-urlencoded", Body::from(form)));
        self.deliver(method, path, body).await
    }

    /// Opens a page whose answer does not end.
    pub(crate) async fn open(&mut self, path: &str) -> axum::body::BodyDataStream {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::get(path).header(header::COOKIE, cookies.join("; ")).body(Body::empty());
        self.world.router.clone().oneshot(request.unwrap()).await.unwrap().into_body().into_data_stream()
    }

    async fn deliver(&mut self, method: &str, path: &str, body: Option<(&str, Body)>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.extra {
            request = request.header(name, value);
        }
        let body = match body {
            Some((kind, body)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                body
            }
            None => Body::empty(),
        };
        let response = self.world.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let (pair, rest) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let streams = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let bytes = if streams {
            // A live stream does not end, so its first event is the answer.
            body.into_data_stream().next().await.unwrap().unwrap()
        } else {
            axum::body::to_bytes(body, usize::MAX).await.unwrap()
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Signs in with a password.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    pub(crate) async fn is_signed_in(&mut self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}
