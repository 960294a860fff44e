//! Looks at each person that a text would go to, as the planner will: whose value would be refused, and what all of them cost.

use std::collections::HashSet;

use domain::{
    channel::Category,
    checks::AudienceSummary,
    template::{Facts, Message, ValueError},
};
use store::workshops::Workshop;

use super::asked::Wait;
use crate::{
    app::App,
    http::{error::Problem, extract::Member},
};

/// People read at once.
const STRETCH: i64 = 2_000;
/// People that a page looks at; the rest is estimated from them.
const PAGE_MOST: i64 = 4_000;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    /// People who would get it.
    pub(super) reached: i64,
    /// What their messages are charged as, all together.
    pub(super) units: i64,
    /// Fewest and most units of one message.
    pub(super) least: i64,
    /// As above.
    pub(super) most: i64,
    /// People whose value would be refused, by what is wrong with it.
    pub(super) refused: Vec<(String, i64)>,
    /// Numbers that this channel cannot reach.
    pub(super) out_of_reach: i64,
    /// Everybody was looked at.
    pub(super) whole: bool,
}

impl Scan {
    /// Reads the people in the order of the plan. A page stops early, a decision never.
    pub(super) async fn of(
        app: &App,
        member: &Member,
        workshop: &Workshop,
        message: &Message,
        event: &Facts,
        wait: Wait,
    ) -> Result<Scan, Problem> {
        let work = app.engine.work();
        let (channel, category) = (message.channel(), message.category());
        let organization = member.organization.id;
        let suppresses = work.suppresses(organization).await?;
        let mut scan = Scan { least: i64::MAX, ..Scan::default() };
        let (mut after, mut looked_at) = ((String::new(), String::new()), 0);
        loop {
            let people = work.plan_page(workshop.id, &after, STRETCH).await?.people;
            let read = i64::try_from(people.len()).unwrap_or(STRETCH);
            looked_at += read;
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
            if scan.whole || (wait == Wait::Page && looked_at >= PAGE_MOST) {
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
            }
            Err(error) => {
                let words = in_general(&error);
                match self.refused.iter_mut().find(|(known, _)| *known == words) {
                    Some((_, n)) => *n += 1,
                    None => self.refused.push((words, 1)),
                }
            }
        }
    }

    /// Corrects what counters tell about the people by what was seen of them.
    pub(super) fn correct(&self, audience: &mut AudienceSummary) {
        let refused: i64 = self.refused.iter().map(|(_, n)| n).sum();
        audience.out_of(self.out_of_reach, refused);
        if self.whole {
            audience.reachable = self.reached;
        }
    }

    /// What everybody's messages are charged as: exact when all were seen, else in proportion.
    pub(super) fn units_for(&self, reachable: i64) -> i64 {
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
