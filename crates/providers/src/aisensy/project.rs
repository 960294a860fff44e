//! Questions to AiSensy: about a campaign (NOTES.md §2.6), and with the second credential about the account (§3).

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    checks::Probe,
    money::Money,
    outcome::ProviderAnswer,
    receipt::{Event, ParsedReceipt, Proof},
};
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use super::{AisensyAccount, AisensySecrets, AisensySettings, answers};
use crate::{
    answer::{QueryError, fit, text_of},
    codes,
    http::{Answer, Endpoint, EndpointError, Http, NoResponse},
    lenient::{digits, id, instant, integer, is_something, text, yes_or_no},
    secret::Secret,
};

/// The second credential, complete.
#[derive(Clone, Debug)]
pub(super) struct Access {
    project: Endpoint,
    password: Secret,
}

impl Access {
    /// `None` without a password, or without a project's id in the settings or in the key.
    pub(super) fn new(
        settings: &AisensySettings,
        secrets: &AisensySecrets,
    ) -> Result<Option<Access>, EndpointError> {
        let Some(password) = secrets.project_password.clone().filter(|password| !password.is_empty()) else {
            return Ok(None);
        };
        let typed = Some(settings.project_id.trim().to_owned()).filter(|id| !id.is_empty());
        let Some(id) = typed.or_else(|| project_id_of(&secrets.api_key)) else { return Ok(None) };
        let project = Endpoint::parse(&settings.project_base_url)?.join(&["project", &id]);
        Ok(Some(Access { project, password }))
    }
}

/// The project that a campaign key names: member `id` of its JWT payload (§2.1, §3). Nothing is verified.
pub fn project_id_of(key: &Secret) -> Option<String> {
    let payload = key.expose().split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let id = id(serde_json::from_slice::<Value>(&bytes).ok()?.get("id"))?;
    (id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
}

/// What the project says about itself (§3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFacts {
    /// Name of the project.
    pub name: String,
    /// The status: `ACTIVE`, `PENDING`, `SUSPENDED`, `STOPPED` or `ARCHIVED`.
    pub status: String,
    /// The name of the plan that the project pays for.
    pub plan: String,
    /// The credit in the wallet, where it is told.
    pub credit: Option<Money>,
    /// The sending number, as digits.
    pub wa_number: String,
    /// The messaging tier in Meta's words, such as `TIER_2K`.
    pub tier: String,
    /// Unique people in 24 hours that the tier allows (§6); unlimited is `i64::MAX`.
    pub tier_limit: Option<i64>,
    /// Quality rating, such as `GREEN`.
    pub quality: String,
    /// The approval of the name that people see.
    pub display_name_status: String,
}

/// A template as the project lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFacts {
    /// Id of the template.
    pub id: String,
    /// Name of the template.
    pub name: String,
    /// The approval: `PENDING`, `APPROVED` or `REJECTED`.
    pub status: String,
    /// Category in Meta's words, such as `UTILITY`.
    pub category: String,
    /// The language, such as `en`.
    pub language: String,
    /// The text with `{{1}}`, `{{2}}` ….
    pub text: String,
    /// The kind of header: `TEXT`, `IMAGE`, `VIDEO`, `FILE` ….
    pub kind: String,
    /// The number of values that it wants.
    pub parameters: Option<usize>,
    /// Why Meta rejected it; empty when it did not.
    pub rejected_reason: String,
}

/// A campaign of the API, through which messages are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Its id, with which its audience is asked for.
    pub id: String,
    /// Its name, with which messages are sent.
    pub name: String,
    /// Its status: `LIVE`, `STOPPED` or `PAUSED`.
    pub status: String,
}

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries of the page.
    pub items: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<String>,
}

/// The state of the people that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudienceCategory {
    /// People whose message was handed to WhatsApp.
    Sent,
    /// People whose message arrived.
    Delivered,
    /// People who opened the message.
    Read,
    /// People whose message will not arrive.
    Failed,
    /// People who answered, and so have read the message.
    Replied,
    /// People who pressed a link, and so have read the message.
    Clicked,
}

impl AudienceCategory {
    fn word(self) -> &'static str {
        match self {
            AudienceCategory::Sent => "SENT",
            AudienceCategory::Delivered => "DELIVERED",
            AudienceCategory::Read => "READ",
            AudienceCategory::Failed => "FAILED",
            AudienceCategory::Replied => "REPLIED",
            AudienceCategory::Clicked => "CLICKED",
        }
    }
}

/// Rows per page of an audience; 1000 is the most (§3).
const AUDIENCE_PAGE: usize = 1_000;
/// Templates and campaigns per page; 100 is the most (§3).
const LISTING_PAGE: usize = 100;
/// Pages of a listing that are read; nobody keeps two thousand.
const LISTING_PAGES_MAX: usize = 20;

/// What a look-up asks for, the least first, so that later readings only move forward.
const LOOKED_UP: [AudienceCategory; 4] =
    [AudienceCategory::Sent, AudienceCategory::Failed, AudienceCategory::Delivered, AudienceCategory::Read];
/// Pages of one category in one look-up; the engine looks again.
const AUDIENCE_PAGES_MAX: usize = 20;
/// People in one post of a look-up, so that it is no larger than what AiSensy posts.
const PEOPLE_PER_POST: usize = 100;

/// The topic of posts that a look-up makes. AiSensy sends none of it, and what it sends is signed.
pub(super) const LOOK_UP_TOPIC: &str = "munadi.audience";

const PASSWORD_HEADER: HeaderName = HeaderName::from_static("x-aisensy-project-api-pwd");

impl AisensyAccount {
    /// Asks about a campaign. Sends nothing and costs nothing (§2.6). Only a refusal that the table of answers takes
    /// for a bad key is one: the interface is not documented, so the provider's words are shown.
    pub async fn ask_campaign(&self, http: &Http, campaign: &str) -> Probe {
        let question = json!({ "apiKey": self.api_key.expose(), "campaignName": campaign }).to_string();
        match self.told(http.post(&self.details, question.into_bytes(), None).await) {
            Ok(body) => campaign_details(&body),
            Err(QueryError::Refused(said)) if answers::is_bad_key(&said) => Probe::KeyRefused(said.text),
            Err(QueryError::Refused(said)) => Probe::Refused(said.text),
            Err(QueryError::Silent(said)) => Probe::Silent(said.text),
            Err(QueryError::NotConnected) => Probe::Silent("Not connected".to_owned()),
        }
    }

    /// Balance, tier, quality and state.
    ///
    /// # Errors
    /// [`QueryError`], as with every question below.
    pub async fn project(&self, http: &Http) -> Result<ProjectFacts, QueryError> {
        let body = self.ask(http, &[], &[]).await?;
        let body =
            ["project", "data"].iter().filter_map(|at| body.get(at)).find(|v| v.is_object()).unwrap_or(&body);
        let tier = shown(&body["wa_messaging_tier"]);
        Ok(ProjectFacts {
            name: shown(&body["name"]),
            status: shown(&body["status"]),
            plan: shown(&body["active_plan"]),
            credit: integer(&body["credit"]).map(scaled),
            wa_number: shown(&body["wa_number"]),
            tier_limit: tier_limit(&tier),
            tier,
            quality: shown(&body["wa_quality_rating"]),
            display_name_status: shown(&body["wa_display_name_status"]),
        })
    }

    /// All templates of the project. Follows the cursor where the answer has one and counts where it has none (§3).
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn template_facts(&self, http: &Http) -> Result<Vec<TemplateFacts>, QueryError> {
        let path = &["wa_template", ""];
        self.listing(http, path, &["template", "templates", "data"], template, |one| one.id.clone()).await
    }

    /// Every page of a listing, each row once.
    async fn listing<T>(
        &self,
        http: &Http,
        path: &[&str],
        names: &[&str],
        read: fn(&Value) -> Option<T>,
        id_of: fn(&T) -> String,
    ) -> Result<Vec<T>, QueryError> {
        let (mut all, mut seen, mut after) = (Vec::new(), HashSet::new(), None::<String>);
        let (mut passed, limit) = (0_usize, LISTING_PAGE.to_string());
        for _ in 0..LISTING_PAGES_MAX {
            let skip = passed.to_string();
            let place = match &after {
                Some(after) => ("after", after.as_str()),
                None => ("skip", skip.as_str()),
            };
            let query = [("limit", limit.as_str()), place];
            let query = if passed == 0 { &query[..1] } else { &query[..] };
            let body = self.ask(http, path, query).await?;
            let rows = rows(&body, names);
            let known = all.len();
            all.extend(rows.iter().filter_map(read).filter(|row| seen.insert(id_of(row))));
            passed += rows.len();
            // How many there are in all, where the answer says so: its pages may be smaller than asked for.
            let count = integer(&body["count"]).or_else(|| integer(&body["total"]));
            after = next_cursor(&body);
            let complete = match count.and_then(|count| usize::try_from(count).ok()) {
                Some(count) => passed >= count,
                None => after.is_none() && rows.len() < LISTING_PAGE,
            };
            // A server that ignores both ways of paging repeats itself.
            if all.len() == known || complete {
                break;
            }
        }
        Ok(all)
    }

    /// The project's API campaigns, on every page.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn campaigns(&self, http: &Http) -> Result<Vec<Campaign>, QueryError> {
        let path = &["campaign", "api"];
        self.listing(http, path, &["campaign", "campaigns", "data"], campaign, |one| one.id.clone()).await
    }

    /// One page of the people of a campaign, as receipts: the way to learn what became of messages without webhooks
    /// (§3). Readings carry number and campaign, no id.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn audience(
        &self,
        http: &Http,
        campaign: &Campaign,
        category: AudienceCategory,
        after: Option<&str>,
    ) -> Result<Page<ParsedReceipt>, QueryError> {
        let body = self.audience_body(http, campaign, category, after).await?;
        let rows = rows(&body, &["data"]);
        let items: Vec<ParsedReceipt> =
            rows.iter().filter_map(|row| reading(row, category, campaign)).collect();
        let next = next_cursor(&body).filter(|next| !rows.is_empty() && Some(next.as_str()) != after);
        Ok(Page { items, next })
    }

    async fn audience_body(
        &self,
        http: &Http,
        campaign: &Campaign,
        category: AudienceCategory,
        after: Option<&str>,
    ) -> Result<Value, QueryError> {
        let limit = AUDIENCE_PAGE.to_string();
        let query =
            [("category", category.word()), ("limit", limit.as_str()), ("after", after.unwrap_or_default())];
        let query = if after.is_some() { &query[..] } else { &query[..2] };
        self.ask(http, &["campaign", "audience", &campaign.id], query).await
    }

    /// What became of the people of a campaign, by its name: posts of our own making for [`read`](super::read). A
    /// campaign that the project does not list has nobody.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn ask_audience(&self, http: &Http, campaign: &str) -> Result<Vec<String>, QueryError> {
        let campaigns = self.campaigns(http).await?;
        let Some(campaign) = campaigns.into_iter().find(|one| one.name == campaign) else {
            return Ok(Vec::new());
        };
        let mut posts = Vec::new();
        for category in LOOKED_UP {
            let (mut after, mut pages) = (None, 0);
            while pages < AUDIENCE_PAGES_MAX {
                let body = self.audience_body(http, &campaign, category, after.as_deref()).await?;
                let people = rows(&body, &["data"]);
                posts.extend(people.chunks(PEOPLE_PER_POST).map(|part| told_post(&campaign, category, part)));
                let next =
                    next_cursor(&body).filter(|next| !people.is_empty() && Some(next) != after.as_ref());
                if next.is_none() {
                    break;
                }
                (after, pages) = (next, pages + 1);
            }
        }
        Ok(posts)
    }

    pub(super) async fn ask(
        &self,
        http: &Http,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Value, QueryError> {
        let access = self.project.as_ref().ok_or(QueryError::NotConnected)?;
        let endpoint = if path.is_empty() { access.project.clone() } else { access.project.join(path) };
        self.told(http.get(&endpoint, query, Some((PASSWORD_HEADER, &access.password))).await)
    }

    /// The body of a good answer. 4xx, and a good status with a bad word, are refusals; the rest is silence.
    fn told(&self, ended: Result<Answer, NoResponse>) -> Result<Value, QueryError> {
        let answer = ended?;
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(|_| answer.whole);
        let words = body.as_ref().and_then(text_of).unwrap_or("").to_owned();
        let password = self.project.as_ref().map(|access| &access.password);
        let secrets: Vec<&Secret> = [Some(&self.api_key), password].into_iter().flatten().collect();
        let code = format!("http_{}", answer.status);
        let said = |code: &str| answers::said(code, answer.status, &words, &secrets);
        match (answer.status, body) {
            (200..=299, Some(body)) if is_refusal(&body) => Err(QueryError::Refused(said(&code))),
            // A list may stand alone (§12).
            (200..=299, Some(body)) if body.is_object() || body.is_array() => Ok(body),
            (408 | 429, _) => Err(QueryError::Silent(said(&code))),
            (400..=499, _) => Err(QueryError::Refused(said(&code))),
            _ => Err(QueryError::Silent(said(codes::UNREADABLE))),
        }
    }
}

fn is_refusal(body: &Value) -> bool {
    body.get("success").and_then(yes_or_no) == Some(false) || body.get("error").is_some_and(is_something)
}

/// `requestBody` may sit at the top, under `data`, or under `campaign` (§2.6); so may the campaign.
fn campaign_details(body: &Value) -> Probe {
    let places = [body, &body["data"], &body["campaign"], &body["data"]["campaign"]];
    let request = places.iter().find_map(|at| at.get("requestBody").filter(|request| request.is_object()));
    let status = [&body["campaign"], &body["data"]["campaign"], &body["data"]]
        .iter()
        .find_map(|at| at["status"].as_str())
        // Without a word about it the campaign at least exists; a send would say the rest.
        .unwrap_or("LIVE");
    Probe::Answered {
        live: status.trim().eq_ignore_ascii_case("LIVE"),
        parameters: request.and_then(|request| request["templateParams"].as_array()).map(Vec::len),
        media: request.map(|request| request.get("media").is_some_and(is_something)),
    }
}

/// `credit` is scaled by 100 000 (§3), ours by 10 000; what is less than our smallest unit is left out.
fn scaled(credit: i64) -> Money {
    Money(credit.div_euclid(10))
}

/// People in 24 hours: `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`. Meta's former `TIER_1` … `TIER_4` are no numbers.
fn tier_limit(tier: &str) -> Option<i64> {
    let tier = tier.to_ascii_uppercase();
    if tier.contains("UNLIMITED") {
        return Some(i64::MAX);
    }
    let from = tier.find(|c: char| c.is_ascii_digit())?;
    let end = tier[from..].find(|c: char| !c.is_ascii_digit()).map_or(tier.len(), |end| from + end);
    let number: i64 = tier[from..end].parse().ok()?;
    match &tier[end..] {
        "K" => number.checked_mul(1_000),
        "" if number >= 50 => Some(number),
        _ => None,
    }
}

fn rows<'b>(body: &'b Value, names: &[&str]) -> &'b [Value] {
    let named = names.iter().find_map(|name| body.get(name)?.as_array());
    named.or_else(|| body.as_array()).map_or(&[], Vec::as_slice)
}

fn next_cursor(body: &Value) -> Option<String> {
    text(&body["paging"]["cursors"]["after"])
}

/// A short text for a screen; empty when there is none.
fn shown(value: &Value) -> String {
    text(value).map(|text| text.chars().take(200).collect()).unwrap_or_default()
}

fn template(row: &Value) -> Option<TemplateFacts> {
    Some(TemplateFacts {
        id: id(row.get("id").or_else(|| row.get("_id")))?,
        name: shown(&row["name"]),
        status: shown(&row["status"]),
        category: category(&shown(&row["category"])),
        language: shown(&row["language"]),
        // Templates have 1024 characters at most; an absurd one must not fill a page.
        text: text(&row["text"]).map(|text| body_of(&text).chars().take(2_000).collect()).unwrap_or_default(),
        kind: shown(&row["type"]),
        parameters: integer(&row["total_parameters"]).and_then(|n| usize::try_from(n).ok()),
        rejected_reason: shown(&row["rejected_reason"]),
    })
}

/// Meta's word for a category that the list calls by a former one (§12).
fn category(word: &str) -> String {
    match word.to_ascii_uppercase().as_str() {
        "TRANSACTIONAL" => "UTILITY".to_owned(),
        "OTP" => "AUTHENTICATION".to_owned(),
        _ => word.to_owned(),
    }
}

/// The text without the buttons behind it: ` | [Pay Now,https://pay.example/{{2}}]`, ` | [quick reply]` (§12).
fn body_of(text: &str) -> &str {
    let mut body = text;
    while let Some((before, button)) = body.rsplit_once('|') {
        let button = button.trim();
        if !(button.starts_with('[') && button.ends_with(']')) {
            break;
        }
        body = before.trim_end();
    }
    body
}

fn campaign(row: &Value) -> Option<Campaign> {
    let id = id(row.get("id").or_else(|| row.get("_id")))?;
    let name = text(&row["name"]).or_else(|| text(&row["campaign_name"]))?;
    Some(Campaign { id, name, status: shown(&row["status"]) })
}

/// The members that [`reading`] wants, and no name or other text of a person.
fn told_post(campaign: &Campaign, category: AudienceCategory, people: &[Value]) -> String {
    let wanted = ["userNumber", "sentAt", "deliveredAt", "readAt", "failedAt", "failurePayload"];
    let people: Vec<Value> = people
        .iter()
        .map(|row| {
            let members =
                wanted.iter().filter_map(|name| Some(((*name).to_owned(), row.get(*name)?.clone())));
            Value::Object(members.collect())
        })
        .collect();
    json!({ "topic": LOOK_UP_TOPIC, "category": category.word(), "campaign": campaign.name, "data": people })
        .to_string()
}

/// What a post of [`ask_audience`](AisensyAccount::ask_audience) says.
pub(super) fn read_told(post: &Value) -> Vec<Event> {
    let word = post["category"].as_str().unwrap_or("");
    let Some(category) = LOOKED_UP.into_iter().find(|category| category.word() == word) else {
        return vec![Event::Other];
    };
    let campaign = Campaign { id: String::new(), name: shown(&post["campaign"]), status: String::new() };
    rows(post, &["data"])
        .iter()
        .filter_map(|row| reading(row, category, &campaign))
        .map(Event::Receipt)
        .collect()
}

fn reading(row: &Value, category: AudienceCategory, campaign: &Campaign) -> Option<ParsedReceipt> {
    let (proof, at) = match category {
        AudienceCategory::Sent => (Proof::Sent, "sentAt"),
        AudienceCategory::Delivered => (Proof::Delivered, "deliveredAt"),
        AudienceCategory::Read | AudienceCategory::Replied | AudienceCategory::Clicked => {
            (Proof::Read, "readAt")
        }
        AudienceCategory::Failed => (Proof::Failed(why(&row["failurePayload"])), "failedAt"),
    };
    Some(ParsedReceipt {
        provider_id: None,
        network_id: None,
        digits: Some(digits(&row["userNumber"])?),
        user_id: None,
        campaign: Some(campaign.name.clone()),
        udf: None,
        proof,
        at: instant(&row[at]),
        cost: None,
    })
}

fn why(payload: &Value) -> ProviderAnswer {
    let code = id(payload.get("code")).unwrap_or_else(|| "failed".to_owned());
    let reason = text(&payload["reason"]).unwrap_or_else(|| "Failed without a reason".to_owned());
    ProviderAnswer::new(code, fit(&reason, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_read_as_a_number_of_people() {
        for (tier, expected) in [
            ("TIER_250", Some(250)),
            ("TIER_2K", Some(2_000)),
            ("tier_10k", Some(10_000)),
            ("TIER_100K", Some(100_000)),
            ("TIER_UNLIMITED", Some(i64::MAX)),
            ("TIER_1", None),
            ("TIER_NOT_SET", None),
            ("", None),
        ] {
            assert_eq!(tier_limit(tier), expected, "for {tier}");
        }
    }

    #[test]
    fn the_wallet_is_scaled_without_a_float() {
        assert_eq!(scaled(55_000_000), Money::rupees(550));
        assert_eq!(scaled(9), Money(0));
        assert_eq!(scaled(-1), Money(-1), "a debt is not rounded away");
    }

    #[test]
    fn the_key_may_name_its_project() {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"id":"000000000000000000000ccc","name":"Test"}"#);
        assert_eq!(
            project_id_of(&Secret::new(&format!("h.{payload}.s"))).as_deref(),
            Some("000000000000000000000ccc")
        );
        for opaque in ["", "TEST.KEY.NOT-REAL", "abcdef0123456789", "a..b"] {
            assert_eq!(project_id_of(&Secret::new(opaque)), None);
        }
    }
}
