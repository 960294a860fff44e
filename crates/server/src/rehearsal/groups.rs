//! The groups of the sample organisation: an account at the stand-in of a gateway, two groups of today's workshop with
//! their members, and a post on its way.

use anyhow::{Context, bail};
use domain::{
    channel::Channel,
    group::Jid,
    ids::{BroadcastId, GroupId, IntegrationId, WorkshopId},
    pace::Pace,
    post::GroupPost,
    template::Message,
    time::Millis,
};
use providers::{QueryError, Vendor};
use serde_json::Value;
use store::posts::NewPosts;

use super::{Stage, connect_to, stood_in_for};
use crate::app::App;

/// Groups of the account that belong to the workshop.
const CHOSEN: usize = 2;
/// What the post is called, and its template.
const NAME: &str = "Starting time and link";
/// What is posted.
const TEXT: &str = "*{workshop_title}* starts at {start_time}.\n\nJoin here: {join_link}";

/// Connects the account that a gateway's stand-in has linked, with these settings besides its own, and reads its groups. `linked_at` is when
/// its first day of use begins.
pub async fn link_account(
    app: &App,
    stage: &Stage,
    vendor: &dyn Vendor,
    settings: &Value,
    linked_at: Millis,
) -> anyhow::Result<IntegrationId> {
    let (now, org) = (app.clock.now(), &stage.org);
    let pace = Pace { per_second: 100, per_day: 0 };
    let account = connect_to(app, org, vendor, settings, ("Front desk phone", pace), now).await?;
    let integration = org.integration(account).await?;
    let opened = app.accounts.open_integration(&integration).map_err(anyhow::Error::msg)?;
    let gateway = opened.gateway().context("no gateway is stood in for")?;
    org.accept_risk(account, now).await?;
    let session = gateway.session(&app.out, now).await.map_err(silent)?;
    org.saw_account(account, &session.state, session.phone.as_ref(), linked_at).await?;
    let listed = gateway.groups(&app.out).await.map_err(silent)?;
    org.sync_groups(account, &listed, now).await?;
    Ok(account)
}

fn silent(error: QueryError) -> anyhow::Error {
    anyhow::anyhow!("the stand-in did not answer: {}", error.words())
}

/// Links the account, and posts to its groups at `starts_at`.
pub(super) async fn furnish_groups(
    app: &App,
    stage: &Stage,
    workshop: WorkshopId,
    (starts_at, deadline): (Millis, Millis),
) -> anyhow::Result<()> {
    let (now, org) = (app.clock.now(), &stage.org);
    let vendor = stood_in_for(Channel::WhatsappGroup)?;
    let account = link_account(app, stage, vendor, &Value::Null, now).await?;
    let integration = org.integration(account).await?;
    let opened = app.accounts.open_integration(&integration).map_err(anyhow::Error::msg)?;
    let gateway = opened.gateway().context("no gateway is stood in for")?;
    let groups = org.groups().await?;
    let ours =
        groups.iter().filter(|group| group.account == account && group.takes_posts() && !group.announce);
    let chosen: Vec<GroupId> = ours.clone().take(CHOSEN).map(|group| group.id).collect();
    if chosen.len() < CHOSEN {
        bail!("the stand-in has {} groups, {CHOSEN} are needed", chosen.len());
    }
    org.set_workshop_groups(workshop, &chosen, now).await?;
    for group in ours.take(CHOSEN) {
        let jid: Jid = group.jid.parse()?;
        let members = gateway.members(&app.out, &jid).await.map_err(silent)?;
        org.sync_members(group.id, &members, &app.phone_key, now).await?;
    }
    let event = org.audience_reader().event(workshop).await?;
    let post = GroupPost::of_text(TEXT);
    let template = Message::Group(post.clone()).to_json();
    let template_id = org.add_template(Channel::WhatsappGroup, NAME, &template, now).await?;
    let new = NewPosts {
        account,
        workshop,
        title: NAME.to_owned(),
        template_id: Some(template_id),
        template,
        content: serde_json::to_string(&post.fill(&event)?)?,
        groups: chosen,
        asked: None,
        starts_at,
        deadline,
        hours: domain::sending_hours::SendingHours::any(),
        gap_s: 0,
        again: 0,
        run: None,
    };
    org.confirm_posts(BroadcastId::new(now), &new, now).await?;
    Ok(())
}
