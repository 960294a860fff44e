//! `munadi send --groups`: posts in the groups of a workshop, through the same review and the same engine as the page's.

use anyhow::bail;
use compose::{Caller, PostDraft, PostReview, Refusal, Timing};
use domain::{
    channel::Channel,
    group::Jid,
    ids::BroadcastId,
    post::GroupPost,
    template::Message,
    time::{MINUTE, SECOND},
};
use store::{Org, groups::Group, templates::Template, workshops::Workshop};

use super::{
    AlreadyReported,
    pick::one,
    say,
    send::{SendCommand, tell, watch},
};
use crate::{
    app::App,
    ui::{
        format::{counted, relative, span},
        words::posts,
    },
};

/// What is posted in which groups, as it was typed.
pub(super) struct Typed<'a> {
    /// The names of groups, or the last digits of their ids; empty for all groups of the workshop.
    pub(super) groups: &'a str,
    /// The text of the post; `None` where a template is named.
    pub(super) text: Option<&'a str>,
    /// The name of the template; `None` where a text is given.
    pub(super) template: Option<&'a str>,
    /// Seconds that the posts keep apart at least; 0 leaves it to the account.
    pub(super) gap_s: i64,
}

/// Posts. Exit codes as of `munadi send`.
pub(super) async fn send(
    app: &App,
    caller: Caller,
    workshop: Workshop,
    command: &SendCommand,
    typed: &Typed<'_>,
) -> anyhow::Result<u8> {
    let now = app.clock.now();
    let groups = pick_groups(&caller.org, &workshop, typed.groups).await?;
    if let Some(group) = groups.iter().find(|group| group.by_hand) {
        bail!(
            "nothing was posted: “{}” was named by hand; a person posts to it, and is asked on the page of the workshop’s groups",
            group.subject
        );
    }
    let (post, template) = what(&caller.org, typed).await?;
    let mut draft = draft(app, &caller, (workshop, groups), (post, template), command.within_minutes).await?;
    if let Some((pace, _)) =
        draft.pace.as_ref().filter(|(pace, _)| typed.gap_s > 0 && !pace.is_lengthened_by(typed.gap_s))
    {
        bail!(
            "nothing was posted: the account waits {} to {} s between two posts by itself; say a longer --gap, or none",
            pace.gap_from_s,
            pace.gap_until_s
        );
    }
    draft.gap_s = typed.gap_s;
    let review = draft.review(&caller);
    let before = review.sent_before(&caller).await?;
    let refusal = match review.findings.iter().find(|finding| finding.is_error()).map(posts::words) {
        Some((title, why)) => Some(format!("nothing was posted: {title}. {why}")),
        None if before.is_some() && !command.again => before.as_ref().map(|earlier| {
            format!(
                "nothing was posted: {} confirmed “{}” {}, and {} the same post; say --again to post it again",
                earlier.by,
                earlier.title,
                relative(earlier.at.0, now.0),
                counted(earlier.n, "group has", "groups have")
            )
        }),
        None if !command.yes => Some("nothing was posted; say --yes to post".to_owned()),
        None => None,
    };
    tell_review(&review, command.json, refusal.as_deref())?;
    if let Some(words) = refusal {
        return Err(AlreadyReported(words).into());
    }
    let again = before.map_or(0, |earlier| earlier.n);
    let id = match review.confirm(&caller, BroadcastId::new(now), again).await {
        Ok(confirmed) => confirmed.id,
        Err(Refusal::SentBefore(_)) => {
            bail!("nothing was posted: somebody posted the same just now; look at it, and post again")
        }
        Err(Refusal::Store(store::StoreError::Stale)) => {
            bail!("nothing was posted: a group is gone since it was looked at")
        }
        Err(refusal) => return Err(refusal.into()),
    };
    // A server that runs on the same database posts as well; alone, this process does it.
    let sending = app.start_sending("send").await.ok();
    app.engine.wake(id);
    let broadcast = watch(app, &caller.org, id, command).await;
    if let Some(sending) = sending {
        sending.stop().await;
    }
    tell(&broadcast?, "groups", command.json)
}

/// The posts as they would be confirmed.
async fn draft(
    app: &App,
    caller: &Caller,
    (workshop, groups): (Workshop, Vec<Group>),
    (post, template): (GroupPost, Option<Template>),
    within_minutes: i64,
) -> anyhow::Result<PostDraft> {
    let now = caller.now;
    let account = groups.first().map(|group| group.account);
    let linked = match account {
        Some(account) => caller.org.linked_account(account).await?,
        None => None,
    };
    let pace = match account {
        Some(account) => app.composer.post_pace(caller, account, now).await?,
        None => None,
    };
    let media = app.composer.look_at_media(&caller.org, &post).await?;
    let deadline = now.plus(within_minutes.max(1) * MINUTE);
    Ok(PostDraft {
        workshop,
        account,
        groups,
        post,
        title: String::new(),
        template_id: template.map(|template| template.id),
        asked: None,
        not_ready: linked.is_none_or(|linked| !linked.posts(now)),
        pace,
        media,
        gap_s: 0,
        timing: Timing { start: now, deadline, unreadable: false },
        run: None,
    })
}

/// The workshop's groups, or those of them that are named.
async fn pick_groups(org: &Org, workshop: &Workshop, names: &str) -> anyhow::Result<Vec<Group>> {
    let own = org.workshop_groups(workshop.id).await?;
    let mut all = org.groups().await?;
    all.retain(|group| own.contains(&group.id) && group.gone_at.is_none());
    if all.is_empty() {
        bail!("no group belongs to “{}”; choose them on its page first", workshop.title);
    }
    // A group's own name may have a comma in it.
    let whole = names.trim();
    let begins = |group: &&Group| group.subject.to_lowercase().starts_with(&whole.to_lowercase());
    let names: Vec<&str> = match !whole.is_empty() && all.iter().filter(begins).count() == 1 {
        true => vec![whole],
        false => names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
    };
    if names.is_empty() {
        return Ok(all);
    }
    let mut picked: Vec<Group> = Vec::new();
    for name in names {
        let ends = |group: &Group| group.jid.parse::<Jid>().is_ok_and(|jid| jid.digits().ends_with(name));
        let by_digits = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_digit());
        let found = match all.iter().find(|group| by_digits && ends(group)) {
            Some(group) => group.clone(),
            None => one(all.clone(), Some(name), "group", |group| &group.subject)?,
        };
        if !picked.contains(&found) {
            picked.push(found);
        }
    }
    Ok(picked)
}

/// The text, or the template of that name.
async fn what(org: &Org, typed: &Typed<'_>) -> anyhow::Result<(GroupPost, Option<Template>)> {
    if let Some(text) = typed.text {
        return Ok((GroupPost::of_text(text), None));
    }
    let all = org.templates(Channel::WhatsappGroup).await?;
    let template = one(all, typed.template, "template for groups", |template| &template.name)?;
    match Message::from_json(Channel::WhatsappGroup, &template.body)? {
        Message::Group(post) => Ok((post, Some(template))),
        Message::Whatsapp(_) | Message::Sms(_) | Message::Call(_) => {
            bail!("“{}” is no template for groups", template.name)
        }
    }
}

/// How many groups and members it would reach, and what somebody should know.
fn tell_review(review: &PostReview, json: bool, refusal: Option<&str>) -> anyhow::Result<()> {
    let (groups, members) = (review.draft.groups.len(), review.draft.members());
    if json {
        let checks: Vec<serde_json::Value> = review
            .findings
            .iter()
            .map(|finding| {
                let (title, why) = posts::words(finding);
                let severity = if finding.is_error() { "error" } else { "warning" };
                serde_json::json!({ "severity": severity, "title": title, "why": why })
            })
            .collect();
        return say(serde_json::json!({
            "groups": groups, "members": members, "gap_s": review.draft.gap_s, "done_at_ms": review.done_at().map(|at| at.0), "may_send": review.may_send(), "checks": checks,
            "refused": refusal, "exit_code": refusal.map(|_| 1),
        }));
    }
    let members = members.map(|n| format!(" with {}", counted(n, "member", "members"))).unwrap_or_default();
    say(format_args!(
        "“{}” would be posted in {}{members}.",
        review.name(),
        counted(groups, "group", "groups")
    ))?;
    if review.draft.gap_s > 0 {
        say(format_args!("Two posts keep at least {} apart.", span(review.draft.gap_s * SECOND)))?;
    }
    if let Some(done) = review.done_at() {
        let took = span(done.since(review.draft.timing.start));
        say(format_args!("The last group would be posted to after {took}, an estimate."))?;
    }
    for finding in &review.findings {
        let (title, why) = posts::words(finding);
        let grade = if finding.is_error() { "Error" } else { "Warning" };
        say(format_args!("{grade}: {title}. {why}"))?;
    }
    Ok(())
}
