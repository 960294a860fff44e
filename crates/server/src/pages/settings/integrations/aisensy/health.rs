//! What the last test of an account of AiSensy proved, and how that looks.

use domain::{checks::Probe, time::Millis};
use maud::html;
use providers::aisensy::{NotTold, ProjectFacts};
use serde::{Deserialize, Serialize};
use store::integrations::Integration;

use super::super::{Fact, chip, ended};
use crate::{
    http::extract::Member,
    ui::{
        chip::{Chip, State as Look, Tone},
        format::{counted, grouped, phone, rupees},
        icons::Icon,
        note::Note,
    },
};

/// What the last test of an account proved; kept as its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// When; `None` before the first test.
    pub tested_at: Option<Millis>,
    /// By whom.
    pub tested_by: String,
    /// The campaign that was asked about; empty when none was.
    pub campaign: String,
    /// What came back about it.
    pub verdict: Verdict,
    /// The provider's words, or why it could not be asked.
    pub words: String,
    /// Values that the campaign wants.
    pub parameters: Option<usize>,
    /// It was made with header media.
    pub media: Option<bool>,
    /// What the project says of itself, with project credentials.
    pub project: Option<ProjectHealth>,
    /// Why it said nothing.
    pub project_words: String,
}

/// What came back about the campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was asked.
    #[default]
    NotAsked,
    /// It exists and is live.
    Live,
    /// It exists and is not live.
    NotLive,
    /// The provider refused the question.
    Refused,
    /// The provider could not be reached, or could not be understood.
    Silent,
}

/// Facts of the project (providers/aisensy.md §3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectHealth {
    /// Its name.
    pub name: String,
    /// `ACTIVE` and others.
    pub status: String,
    /// The plan.
    pub plan: String,
    /// The wallet, in 1/10,000 rupee.
    pub credit: Option<i64>,
    /// The sending number, as AiSensy writes it.
    pub number: String,
    /// Messaging tier in Meta's words.
    pub tier: String,
    /// People in 24 hours; unlimited is `i64::MAX`.
    pub tier_limit: Option<i64>,
    /// Quality in Meta's words.
    pub quality: String,
}

impl From<ProjectFacts> for ProjectHealth {
    fn from(facts: ProjectFacts) -> ProjectHealth {
        ProjectHealth {
            name: facts.name,
            status: facts.status,
            plan: facts.plan,
            credit: facts.credit.map(|credit| credit.0),
            number: facts.wa_number,
            tier: facts.tier,
            tier_limit: facts.tier_limit,
            quality: facts.quality,
        }
    }
}

impl Health {
    /// What is kept with an account; a health that an older version wrote reads as untested.
    pub fn of(integration: &Integration) -> Health {
        serde_json::from_value(integration.health.clone()).unwrap_or_default()
    }

    /// Of what came back when it was asked.
    pub(super) fn from_answers(
        campaign: String,
        probe: Option<Probe>,
        project: Option<Result<ProjectFacts, NotTold>>,
        member: &Member,
    ) -> Health {
        let mut health = Health {
            tested_at: Some(member.now),
            tested_by: member.user.name.clone(),
            campaign,
            ..Health::default()
        };
        match probe {
            None => {}
            Some(Probe::Answered { live, parameters, media }) => {
                health.verdict = if live { Verdict::Live } else { Verdict::NotLive };
                health.parameters = parameters;
                health.media = media;
            }
            Some(Probe::Refused(words)) => {
                health.verdict = Verdict::Refused;
                health.words = words;
            }
            Some(Probe::Silent(words)) => {
                health.verdict = Verdict::Silent;
                health.words = words;
            }
        }
        match project {
            None => {
                health.project_words = "No project password is stored: balance and tier are not known.".into()
            }
            Some(Ok(facts)) => health.project = Some(facts.into()),
            Some(Err(not_told)) => health.project_words = not_told_words(&not_told),
        }
        health
    }

    /// The state of the account as a chip, as far as a test tells.
    pub(super) fn chip(&self) -> Chip {
        if self.tested_at.is_none() {
            return chip(Tone::Act, Icon::Test, "Not tested");
        }
        let project = self.project.as_ref();
        if project.is_some_and(|project| !project.is_active()) {
            return chip(Tone::Fail, Icon::Error, "Project not active");
        }
        match self.verdict {
            Verdict::Refused => chip(Tone::Fail, Icon::Error, "Refused"),
            Verdict::Silent => chip(Tone::Act, Icon::Warning, "No answer"),
            Verdict::NotLive => chip(Tone::Act, Icon::Warning, "Campaign not live"),
            Verdict::NotAsked if project.is_none() => chip(Tone::Act, Icon::Warning, "Not proven"),
            Verdict::NotAsked | Verdict::Live
                if project.and_then(|project| project.credit).is_some_and(|credit| credit <= 0) =>
            {
                Look::LowBalance.chip()
            }
            Verdict::NotAsked | Verdict::Live => Look::Ready.chip(),
        }
    }

    /// The result about the campaign, and a quiet word.
    pub(super) fn said(&self) -> (String, String) {
        let about = format!("Campaign “{}”", self.campaign);
        match self.verdict {
            Verdict::NotAsked => ("No campaign was asked about".into(), String::new()),
            Verdict::Live => (self.shape(), about),
            Verdict::NotLive => ("The campaign is not live".into(), about),
            Verdict::Refused => (format!("AiSensy refused: {}", self.words), about),
            Verdict::Silent => (format!("No usable answer: {}", self.words), about),
        }
    }

    /// `Live, 3 values, no media`.
    fn shape(&self) -> String {
        let values = match self.parameters {
            Some(0) => ", no values".to_owned(),
            Some(n) => format!(", {}", counted(n, "value", "values")),
            None => String::new(),
        };
        let media = match self.media {
            Some(true) => ", with media",
            Some(false) => ", no media",
            None => "",
        };
        format!("Live{values}{media}")
    }

    /// What a test found in the way, and what to do; only the first.
    pub(super) fn alert(&self) -> Option<Note> {
        let project = self.project.as_ref();
        if let Some(project) = project.filter(|project| !project.is_active()) {
            let text = format!("AiSensy says the project is {}.", project.status.to_lowercase());
            return Some(Note::new(Tone::Fail, "", text));
        }
        match self.verdict {
            Verdict::Refused => Some(Note::new(
                Tone::Fail,
                "The last test was refused.",
                format!(
                    "AiSensy says: {} A wrong key and a wrong campaign name can look alike here.",
                    ended(&self.words)
                ),
            )),
            Verdict::NotLive => Some(Note::new(
                Tone::Act,
                "The campaign is not live.",
                format!("Set “{}” live in AiSensy, under Campaigns, then test again.", self.campaign),
            )),
            Verdict::Silent | Verdict::Live | Verdict::NotAsked => None,
        }
    }
}

impl ProjectHealth {
    /// A status that is not told is not held against the project.
    fn is_active(&self) -> bool {
        self.status.is_empty() || self.status.eq_ignore_ascii_case("active")
    }

    pub(super) fn rows(&self) -> Vec<Fact> {
        let credit = self.credit.map(|credit| ("Wallet", rupees(credit), None));
        let tier = (!self.tier.is_empty()).then(|| {
            let people = match self.tier_limit {
                Some(i64::MAX) => Some("Unlimited people in 24 hours".to_owned()),
                Some(limit) => Some(format!("{} people in 24 hours", grouped(limit))),
                None => None,
            };
            ("Tier", self.tier.clone(), people)
        });
        let told = |name, value: &String| (!value.is_empty()).then(|| (name, value.clone(), None));
        let number = (!self.number.is_empty()).then(|| ("Number", shown_number(&self.number), None));
        [
            credit,
            tier,
            told("Quality", &self.quality),
            number,
            told("Plan", &self.plan),
            told("Project", &self.name),
        ]
        .into_iter()
        .flatten()
        .map(|(name, value, more)| (name.to_owned(), html! { (value) }, more))
        .collect()
    }
}

/// AiSensy writes numbers as digits without a plus.
fn shown_number(number: &str) -> String {
    let bare = number.trim_start_matches('+');
    if bare.bytes().all(|b| b.is_ascii_digit()) { phone(&format!("+{bare}")) } else { number.to_owned() }
}
/// Why a question about the project was not answered, for people.
pub(in super::super::super) fn not_told_words(not_told: &NotTold) -> String {
    match not_told {
        NotTold::NotConnected => "No project password is stored.".into(),
        NotTold::Refused(said) => format!("AiSensy refused: {}", ended(&said.text)),
        NotTold::Silent(said) => format!("AiSensy gave no usable answer: {}", ended(&said.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_health_that_cannot_be_read_is_an_untested_one() {
        let health: Health = serde_json::from_value(serde_json::json!({})).unwrap();
        assert_eq!(health, Health::default());
        assert_eq!(shown_number("919000000001"), "+91 90000 00001");
    }
}
