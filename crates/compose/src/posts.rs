//! Posts in groups: what somebody wants to post, everything that follows from it, and the one way to confirm it.

use domain::{
    checks::EarlierBroadcast,
    group::{PostLoad, PostPace},
    ids::{BroadcastId, IntegrationId, TemplateId},
    post::{GroupPost, PostMedia},
    post_checks::PostFinding,
    post_media::{MediaProblem, examine},
    sending_hours::SendingHours,
    template::{Content, Facts, Message, PostContent, ValueError},
    time::Millis,
    workshop::WorkshopStatus,
};
use providers::media;
use store::{
    Org, StoreError,
    groups::Group,
    plans::StepRun,
    posts::{Assignee, NewPosts},
    workshops::Workshop,
};

use crate::{Caller, Composer, Confirmed, Refusal, Timing};

/// Posts before they are confirmed: what is posted, in which groups, by whom, and when.
#[derive(Clone, Debug)]
pub struct PostDraft {
    /// The workshop of the posts.
    pub workshop: Workshop,
    /// The groups, in the order in which they are posted to.
    pub groups: Vec<Group>,
    /// The post, before values are put in.
    pub post: GroupPost,
    /// The title of the posts in lists; empty takes the first words of the post.
    pub title: String,
    /// The template that the post was made of; `None` where there is none.
    pub template_id: Option<TemplateId>,
    /// The account of the groups.
    pub account: Option<IntegrationId>,
    /// The member who posts by hand; `None` where an account posts.
    pub asked: Option<Assignee>,
    /// Whether the account cannot post at this moment.
    pub not_ready: bool,
    /// The pace of the account and its latest posts; `None` where a person posts.
    pub pace: Option<(PostPace, PostLoad)>,
    /// What is wrong with the post's file; `None` where nothing is, or nobody looked.
    pub media: Option<MediaProblem>,
    /// The shortest pause between two posts, in seconds; 0 leaves the pause to the account.
    pub gap_s: i64,
    /// When the posts begin, and until when they are of use.
    pub timing: Timing,
    /// The step of the workshop's plan that they are a run of; `None` where a person posts.
    pub run: Option<StepRun>,
}

/// Reviewed posts: the draft and everything that follows from it.
#[derive(Clone, Debug)]
pub struct PostReview {
    /// The draft that was reviewed.
    pub draft: PostDraft,
    /// The values that are put in, the same for every group; or the value that is missing.
    pub content: Result<Content, ValueError>,
    /// The findings, errors first.
    pub findings: Vec<PostFinding>,
    /// When each post is expected to begin, in order. Empty where nobody knows: a person posts, or the account is not
    /// ready.
    pub moments: Vec<Millis>,
}

impl Composer {
    /// How an account keeps its posts apart, and what it has posted and has to post before posts that begin at `start`;
    /// `None` for an account that cannot be opened or posts nowhere.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn post_pace(
        &self,
        caller: &Caller,
        account: IntegrationId,
        start: Millis,
    ) -> Result<Option<(PostPace, PostLoad)>, StoreError> {
        let integration = match caller.org.integration(account).await {
            Ok(integration) => integration,
            Err(StoreError::Missing) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(opened) = self.unseal(&integration) else { return Ok(None) };
        let Some(gateway) = opened.gateway() else { return Ok(None) };
        let book = caller.org.post_load(account, None, (start, caller.now)).await?;
        Ok(Some((gateway.pace(), book)))
    }

    /// Looks at the file of a post as its gateway would meet it; what is wrong with it. Asks a server that somebody named, unless the file is
    /// kept here: not for each look at a page.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn look_at_media(
        &self,
        org: &Org,
        post: &GroupPost,
    ) -> Result<Option<MediaProblem>, StoreError> {
        // An address that cannot be one is found without asking.
        match &post.media {
            Some(file) if post.problems().is_empty() => self.look_at_file(org, file).await,
            Some(_) | None => Ok(None),
        }
    }

    /// Looks at one file as a gateway would meet it, and returns what is wrong with it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn look_at_file(
        &self,
        org: &Org,
        file: &PostMedia,
    ) -> Result<Option<MediaProblem>, StoreError> {
        match file.own() {
            // A rehearsal has no files of its own, and judges none.
            Some(_) if self.http.stays_here() => Ok(None),
            Some(address) => Ok(examine(file.kind, &org.find_post_file(address).await?).err()),
            None => Ok(media::look(&self.http, file).await.err()),
        }
    }
}

/// Characters of the name that posts get from their text.
const TITLE_MAX: usize = 60;

impl PostReview {
    /// What the posts are called in lists: as somebody said, else by the first words that members read.
    pub fn name(&self) -> String {
        let none = Content::Group(PostContent::default());
        let post = self.draft.post.filled(self.content.as_ref().unwrap_or(&none));
        let typed = self.draft.title.trim();
        let question = post.poll.as_ref().map_or("", |poll| poll.question.as_str());
        let file = post.media.as_ref().map_or("", |media| media.name.as_str());
        let text = [typed, post.text.trim(), question.trim(), file].into_iter().find(|text| !text.is_empty());
        let line = text.unwrap_or("Post").lines().next().unwrap_or_default();
        let bare: String = line.chars().filter(|c| !matches!(c, '*' | '_' | '~' | '`')).collect();
        let bare = if typed.is_empty() { bare.trim() } else { typed };
        bare.chars().take(TITLE_MAX).collect()
    }
}

impl PostDraft {
    /// People in the chosen groups, as far as it is known.
    pub fn members(&self) -> Option<i64> {
        let known: Vec<i64> = self.groups.iter().filter_map(|group| group.members).collect();
        (!known.is_empty()).then(|| known.iter().sum())
    }

    /// Everything that follows from it, for whoever asks.
    pub fn review(self, caller: &Caller) -> PostReview {
        let zone = &caller.organization.zone;
        let facts = Facts {
            workshop_title: self.workshop.title.clone(),
            workshop_date: zone.long_date(self.workshop.starts_at),
            workshop_time: zone.plain_time(self.workshop.starts_at),
            workshop_join_link: self.workshop.join_link.clone(),
            variables: self.workshop.variables.clone(),
            organisation: caller.organization.name.clone(),
            ..Facts::default()
        };
        let content = self.post.fill(&facts);
        let mut findings = self.problems(caller);
        let missing = Message::from(self.post.clone()).missing_variables(&facts.variables);
        match &content {
            // The first value that is missing may be one that every workshop has.
            Err(error) if missing.is_empty() || !error.is_of(&missing) => {
                findings.push(PostFinding::Value(error.clone()));
            }
            Ok(_) | Err(_) => {}
        }
        if !missing.is_empty() {
            findings.push(PostFinding::VariablesMissing(missing));
        }
        findings.extend(self.warnings(caller));
        let moments = self.moments();
        let in_time = moments.iter().filter(|at| **at < self.timing.deadline).count();
        if self.pace.is_some() && !self.not_ready && in_time < self.groups.len() {
            findings.push(PostFinding::NotInTime { posted: in_time, of: self.groups.len() });
        }
        findings.sort_by_key(|finding| !finding.is_error());
        PostReview { draft: self, content, findings, moments }
    }

    /// What keeps it from being confirmed, but for values.
    fn problems(&self, caller: &Caller) -> Vec<PostFinding> {
        let mut found = Vec::new();
        if let Some((_, by)) = &caller.organization.stopped {
            found.push(PostFinding::SendingStopped { by: by.clone() });
        }
        if self.groups.is_empty() {
            found.push(PostFinding::NoGroup);
        }
        for group in self.groups.iter().filter(|group| !group.takes_posts()) {
            found.push(PostFinding::NoPlace(group.subject.clone()));
        }
        if self.groups.iter().any(|group| Some(group.account) != self.account) {
            found.push(PostFinding::SeveralAccounts);
        }
        if self.groups.iter().any(|group| group.by_hand) && self.asked.is_none() {
            found.push(PostFinding::NobodyAsked);
        }
        found.extend(self.post.problems().into_iter().map(PostFinding::Post));
        found.extend(self.media.clone().map(PostFinding::Media));
        if self.timing.unreadable {
            found.push(PostFinding::TimeUnreadable);
        } else if self.timing.deadline <= Millis(self.timing.start.0.max(caller.now.0)) {
            found.push(PostFinding::EndsBeforeStart);
        }
        found
    }

    /// When each post is expected to begin.
    fn moments(&self) -> Vec<Millis> {
        match &self.pace {
            Some((pace, book)) if !self.not_ready && !self.timing.unreadable => {
                let book = PostLoad { gap_s: self.gap_s, ..book.clone() };
                book.moments(pace, self.groups.len(), self.timing.start)
            }
            Some(_) | None => Vec::new(),
        }
    }

    fn warnings(&self, caller: &Caller) -> Vec<PostFinding> {
        let mut found = Vec::new();
        let over = matches!(self.workshop.status, WorkshopStatus::Cancelled | WorkshopStatus::Completed);
        if over || self.workshop.ends_at <= caller.now {
            found.push(PostFinding::WorkshopOver);
        } else if self.timing.start > self.workshop.starts_at {
            found.push(PostFinding::AfterStart);
        }
        if caller.organization.quiet_hours.covers(&caller.organization.zone, self.timing.start) {
            found.push(PostFinding::QuietHours);
        }
        let name = |at: usize| self.groups[at].subject.trim().to_lowercase();
        let twice = (0..self.groups.len()).find(|at| (0..*at).any(|before| name(before) == name(*at)));
        if let Some(at) = twice {
            found.push(PostFinding::SameName(self.groups[at].subject.clone()));
        }
        if self.not_ready {
            found.push(PostFinding::NotReady);
        }
        if self.post.mention_all {
            found.push(PostFinding::MentionsAll);
        }
        found
    }
}

impl PostReview {
    /// When the last post is expected to begin; `None` where nobody knows, or where some would begin too late to be
    /// posted at all.
    pub fn done_at(&self) -> Option<Millis> {
        let all = self.moments.len() == self.draft.groups.len();
        self.moments.last().copied().filter(|_| all)
    }

    /// Whether nothing stands in the way.
    pub fn may_send(&self) -> bool {
        !self.findings.iter().any(PostFinding::is_error)
    }

    /// The groups that have the same post of this workshop already, or are getting it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sent_before(&self, caller: &Caller) -> Result<Option<EarlierBroadcast>, StoreError> {
        let Ok(content) = &self.content else { return Ok(None) };
        let draft = &self.draft;
        let template = serde_json::to_value(&draft.post).unwrap_or_default();
        let content = serde_json::to_string(content).unwrap_or_default();
        let groups = draft.groups.iter().map(|group| group.id);
        let before = caller.org.posted_before(draft.workshop.id, &template, &content, groups).await?;
        Ok(before.map(|before| EarlierBroadcast {
            title: before.title,
            by: before.by,
            at: before.at,
            n: before.n,
        }))
    }

    /// Makes the broadcast; every group has its row from here on. A second confirmation with the same id makes no
    /// second one. So many groups get it `again`, as the question said.
    ///
    /// # Errors
    /// A [`Refusal`]; then nothing was made.
    pub async fn confirm(&self, caller: &Caller, id: BroadcastId, again: i64) -> Result<Confirmed, Refusal> {
        let draft = &self.draft;
        let (Ok(content), Some(account), true) = (&self.content, draft.account, self.may_send()) else {
            return Err(Refusal::Blocked);
        };
        let new = NewPosts {
            account,
            workshop: draft.workshop.id,
            title: self.name(),
            template_id: draft.template_id,
            template: serde_json::to_value(&draft.post).unwrap_or_default(),
            content: serde_json::to_string(content).unwrap_or_default(),
            groups: draft.groups.iter().map(|group| group.id).collect(),
            asked: draft.asked.clone(),
            starts_at: draft.timing.start,
            deadline: draft.timing.deadline,
            hours: SendingHours::any(),
            gap_s: draft.gap_s,
            run: draft.run.clone(),
            again,
        };
        let id = match caller.org.confirm_posts(id, &new, caller.now).await {
            // Somebody posted it meanwhile, or nobody said that it is posted again.
            Err(StoreError::Taken) => match self.sent_before(caller).await? {
                Some(earlier) => return Err(Refusal::SentBefore(earlier)),
                None => return Err(Refusal::ToldMeanwhile),
            },
            made => made?,
        };
        Ok(Confirmed { id, people: i64::try_from(draft.groups.len()).unwrap_or(i64::MAX) })
    }
}
