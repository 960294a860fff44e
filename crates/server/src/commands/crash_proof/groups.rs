//! The proof for posts in groups: groups in the place of people, one account at one gateway's stand-in, one post under way at a time.

use anyhow::Context;
use domain::{
    ids::{BroadcastId, GroupId},
    post::GroupPost,
    template::Message,
    time::{DAY, HOUR, Millis},
};
use sandbox::{
    Sandbox,
    face::Face,
    network::{Group, Network},
    registry::face,
    samples::ACCOUNT,
};
use serde_json::json;
use store::posts::NewPosts;

use crate::{
    app::App,
    rehearsal::{Stage, link_account},
};

/// The size of the proof with groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// The number of groups.
    pub(crate) groups: u64,
    /// The number of members of each group, besides the account.
    pub(crate) members: u64,
}

impl Size {
    /// Enough groups for so many kills.
    pub(super) fn for_kills(kills: u64) -> Size {
        Size { groups: kills * GROUPS_PER_KILL + GROUPS_LEAST, members: MEMBERS }
    }
}

/// The number of a member of the `nth` group, counted from 1.
pub(crate) fn member(nth: u64, member: u64) -> u64 {
    919_100_000_000 + nth * 1_000 + member
}

/// Groups per kill: more than one life posts to before it is killed, at one post a second.
const GROUPS_PER_KILL: u64 = 4;
/// Groups besides.
const GROUPS_LEAST: u64 = 6;
/// Members of each group besides the account.
const MEMBERS: u64 = 2;
/// The account is no new one: nothing of the proof is about warm-up.
const LINKED_BEFORE_MS: i64 = 60 * DAY;

/// The stand-in's groups.
pub(crate) fn network<'a>(sandbox: &'a Sandbox, kind: &str) -> anyhow::Result<&'a Network> {
    let gateway: &dyn Face = face(kind).with_context(|| format!("nobody stands in for {kind}"))?;
    gateway.network(sandbox).with_context(|| format!("{kind} is no gateway"))
}

/// Fills the stand-in with groups, links the account, and posts to all of them.
pub(crate) async fn confirm(
    app: &App,
    stage: &Stage,
    sandbox: &Sandbox,
    (kind, size): (&str, Size),
    workshop: domain::ids::WorkshopId,
    now: Millis,
) -> anyhow::Result<BroadcastId> {
    let groups = (0..size.groups).map(|n| {
        let members = (1..=size.members).map(|nth| member(n, nth));
        let jid = format!("{}@g.us", 120_363_100_000_000_000 + n);
        Group::of(&jid, &format!("Group {n}"), std::iter::once(ACCOUNT).chain(members))
    });
    network(sandbox, kind)?.set_groups(groups.collect());
    let vendor = providers::registry::vendor(kind).with_context(|| format!("there is no vendor {kind}"))?;
    let unhurried =
        json!({ "gap_from_s": 0, "gap_until_s": 0, "per_hour": 1_000_000, "per_day_max": 1_000_000 });
    let account = link_account(app, stage, vendor, &unhurried, now.plus(-LINKED_BEFORE_MS)).await?;
    let post = GroupPost::of_text("Proof");
    let mut groups = stage.org.groups().await?;
    groups.sort_by(|one, other| one.jid.cmp(&other.jid));
    let groups: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
    stage.org.set_workshop_groups(workshop, &groups, now).await?;
    let new = NewPosts {
        account,
        workshop,
        title: "Proof".to_owned(),
        template_id: None,
        template: Message::Group(post.clone()).to_json(),
        content: serde_json::to_string(&post.fill(&domain::template::Facts::default())?)?,
        groups,
        asked: None,
        starts_at: now,
        deadline: now.plus(20 * HOUR),
        hours: domain::sending_hours::SendingHours::any(),
        gap_s: 0,
        again: 0,
        run: None,
    };
    Ok(stage.org.confirm_posts(BroadcastId::new(now), &new, now).await?)
}
