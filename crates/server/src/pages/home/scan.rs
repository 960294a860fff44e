//! Looks at each person that a text would go to, as the planner will: whose value would be refused, and what all of them cost.

use std::collections::HashSet;

use domain::{
    channel::Category,
    checks::AudienceSummary,
    ids::{OrganizationId, WorkshopId},
    sms::{SmsTemplate, Tag, why_unicode},
    template::{Content, Facts, Message, ValueError},
};
use store::StoreError;

use crate::app::App;

/// People read at once.
const STRETCH: i64 = 2_000;
/// People that a page looks at; the rest is estimated from them.
pub(crate) const PAGE_MOST: i64 = 4_000;

/// Names that a finding gives as examples.
const NAMES_MAX: usize = 3;

/// People whose message would be refused for one and the same reason.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// What is wrong with it.
    pub(crate) words: String,
    /// How many people.
    pub(crate) n: i64,
    /// Some of them.
    pub(crate) names: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    /// People who would get it.
    pub(crate) reached: i64,
    /// What their messages are charged as, all together.
    pub(crate) units: i64,
    /// Fewest and most units of one message.
    pub(crate) least: i64,
    /// As above.
    pub(crate) most: i64,
    /// People whose value would be refused, by what is wrong with it.
    pub(crate) refused: Vec<Refused>,
    /// People whose text is Unicode, and the first character that made one so.
    pub(crate) unicode: i64,
    /// As above.
    pub(crate) because: Option<char>,
    /// What an operator may dislike, and in how many messages; they are sent all the same.
    pub(crate) doubts: Vec<(String, i64)>,
    /// Numbers that this channel cannot reach.
    pub(crate) out_of_reach: i64,
    /// People that were looked at, reached or not.
    pub(crate) looked_at: i64,
    /// These are all.
    pub(crate) whole: bool,
}

impl Scan {
    /// Reads the people in the order of the plan, as the planner reads them. A page stops at `most`, a decision never.
    pub(crate) async fn of(
        app: &App,
        organization: OrganizationId,
        workshop: WorkshopId,
        message: &Message,
        event: &Facts,
        most: Option<i64>,
    ) -> Result<Scan, StoreError> {
        let work = app.engine.work();
        let (channel, category) = (message.channel(), message.category());
        let suppresses = work.suppresses(organization).await?;
        let mut scan = Scan { least: i64::MAX, ..Scan::default() };
        let mut after = (String::new(), String::new());
        loop {
            let people = work.plan_page(workshop, &after, STRETCH).await?.people;
            let read = i64::try_from(people.len()).unwrap_or(STRETCH);
            scan.looked_at += read;
            let keys = || people.iter().filter(|p| !p.phone.is_empty()).map(|p| app.phone_key.of(&p.phone));
            let suppressed = if suppresses {
                work.suppressed(organization, channel.word(), category.word(), keys().collect()).await?
            } else {
                HashSet::new()
            };
            let consenting = match category {
                Category::Marketing => Some(
                    work.consenting(organization, channel.word(), category.word(), keys().collect()).await?,
                ),
                Category::Utility | Category::Authentication => None,
            };
            let mut facts = event.clone();
            for person in &people {
                let again = person.phone == after.0;
                after = (person.phone.clone(), person.identity.clone());
                if person.phone.is_empty() || again {
                    continue;
                }
                if !suppressed.is_empty() || consenting.is_some() {
                    let key = app.phone_key.of(&person.phone);
                    if suppressed.contains(&key) || consenting.as_ref().is_some_and(|all| !all.contains(&key))
                    {
                        continue;
                    }
                }
                if !channel.reaches(&person.phone) {
                    scan.out_of_reach += 1;
                    continue;
                }
                facts.name.clone_from(&person.name);
                facts.email.clone_from(&person.email);
                facts.phone.clone_from(&person.phone);
                scan.take(message, &facts);
            }
            scan.whole = read < STRETCH;
            if scan.whole || most.is_some_and(|most| scan.looked_at >= most) {
                break;
            }
        }
        scan.least = scan.least.min(scan.most);
        Ok(scan)
    }

    fn take(&mut self, message: &Message, facts: &Facts) {
        match message.fill(facts) {
            Ok(content) => {
                let units = message.segments(&content);
                self.reached += 1;
                self.units += units;
                self.least = self.least.min(units);
                self.most = self.most.max(units);
                if let Message::Sms(template) = message {
                    self.look_at(template, &content);
                }
            }
            Err(error) => {
                let words = in_general(&error);
                let at = self.refused.iter().position(|known| known.words == words).unwrap_or_else(|| {
                    self.refused.push(Refused { words, n: 0, names: Vec::new() });
                    self.refused.len() - 1
                });
                let refused = &mut self.refused[at];
                refused.n += 1;
                if refused.names.len() < NAMES_MAX && !facts.name.trim().is_empty() {
                    refused.names.push(facts.name.clone());
                }
            }
        }
    }

    fn look_at(&mut self, template: &SmsTemplate, content: &Content) {
        if let Some(c) = why_unicode(&template.text(content)) {
            self.unicode += 1;
            self.because.get_or_insert(c);
        }
        for (variable, value) in template.variables.iter().zip(&content.values) {
            let takes_links = matches!(variable.tag, Tag::Url | Tag::UrlOtt);
            let misplaced = !takes_links && (value.contains("://") || value.starts_with("www."));
            let doubt = if misplaced {
                Some("a link, where the text takes none")
            } else {
                variable.doubt(value, &template.limits)
            };
            if let Some(words) = doubt {
                let words = format!("“{}”: {words}", variable.label);
                match self.doubts.iter_mut().find(|(known, _)| *known == words) {
                    Some((_, n)) => *n += 1,
                    None => self.doubts.push((words, 1)),
                }
            }
        }
    }

    /// Corrects what counters tell about the people by what was seen of them.
    pub(crate) fn correct(&self, audience: &mut AudienceSummary) {
        let refused: i64 = self.refused.iter().map(|refused| refused.n).sum();
        audience.out_of(self.out_of_reach, refused);
        if self.whole {
            audience.reachable = self.reached;
        }
    }

    /// What everybody's messages are charged as: exact when all were seen, else in proportion.
    pub(crate) fn units_for(&self, reachable: i64) -> i64 {
        if self.whole || self.reached == 0 {
            return self.units;
        }
        let each = i128::from(self.units) * i128::from(reachable) / i128::from(self.reached);
        i64::try_from(each).unwrap_or(i64::MAX)
    }
}

/// What is wrong, without what differs from person to person.
fn in_general(error: &ValueError) -> String {
    match error {
        ValueError::TooLong { label, max, .. } => format!("“{label}” is longer than {max} characters"),
        ValueError::Empty(_) | ValueError::Unresolved(_) | ValueError::Kind { .. } => error.to_string(),
    }
}
