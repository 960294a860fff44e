//! Registrants held against the members of a workshop's groups: who is there, who left, who never joined, and members
//! whom nobody knows. The members are read from the gateway whole or not at all, and followed by joins and leaves.

mod list;

use axum::extract::State;
use domain::{
    channel::Channel,
    group::Jid,
    ids::{GroupId, WorkshopId},
    role::Permission,
    time::{HOUR, Millis},
};
use maud::{Markup, Render, html};
use store::{
    StoreError,
    audit::Exported,
    groups::Group,
    membership::{GroupCoverage, GroupMembers, MemberCounts, MembershipFilter},
    workshops::Workshop,
};

use self::list::{ListQuery, PAGE, cells, people};
use super::{csv::streamed, groups, workshops::ok};
use crate::{
    app::App,
    http::{
        error::{PageResult, Problem},
        extract::{Member, Path, Query},
        notice::{see_other_failed, see_other_saying},
    },
    ui::{
        bar::{Bar, Key},
        button::Button,
        format::{counted, grouped, percent},
        head::{Card, Head},
        icons::Icon,
        shell::{Crumb, Section},
    },
};

/// People read at once by the file.
const CHUNK: i64 = 1_000;
/// A list of members is read by hand no sooner than this after the last time (docs/facts/groups.md §12, our caution).
const AGAIN_MS: i64 = HOUR;

/// The page of a workshop's members.
pub(crate) fn of_workshop(id: WorkshopId) -> String {
    format!("/workshops/{id}/members")
}

/// The composer for the people of an audience of the workshop, on that channel.
pub(crate) fn tell(id: WorkshopId, channel: Channel, audience: &domain::broadcast::Audience) -> String {
    format!("/?channel={channel}&workshop={id}&who={audience}#compose")
}

/// A heading and its figures. A figure has a key, a label, a count, and the list behind it.
type Figures<'a> = (String, Vec<(Key, &'a str, i64, MembershipFilter)>);

/// Everything that the page shows.
struct View<'a> {
    member: &'a Member,
    workshop: &'a Workshop,
    groups: Vec<(&'a Group, &'a GroupMembers)>,
    joined: GroupCoverage,
    known: MemberCounts,
    query: &'a ListQuery,
}

/// `GET /workshops/{workshop}/members`
pub async fn show(member: Member, Path(id): Path<WorkshopId>, Query(query): Query<ListQuery>) -> PageResult {
    let workshop = member.org.workshop(id).await?;
    let all = member.org.groups().await?;
    let by_group = member.org.members_by_group(id).await?;
    let find = |of: &GroupMembers| all.iter().find(|group| group.id == of.group);
    let view = View {
        member: &member,
        workshop: &workshop,
        groups: by_group.iter().filter_map(|of| Some((find(of)?, of))).collect(),
        joined: member.org.joined(id).await?,
        known: member.org.members_of(id).await?,
        query: &query,
    };
    Ok(ok(view.page().await?))
}

/// `POST /workshops/{workshop}/members/sync`: the whole list of each group, or nothing of it.
pub async fn sync(State(app): State<App>, member: Member, Path(id): Path<WorkshopId>) -> PageResult {
    member.org.workshop(id).await?;
    let chosen = member.org.workshop_groups(id).await?;
    let known = member.org.members_by_group(id).await?;
    let fresh = |group: GroupId| {
        let read = known.iter().find(|one| one.group == group).and_then(|one| one.synced_at);
        read.is_some_and(|at| member.now.since(at) < AGAIN_MS)
    };
    let (mut read, mut members, mut refused) = (0, 0, Vec::new());
    let all = member.org.groups().await?;
    let own =
        all.iter().filter(|group| chosen.contains(&group.id) && !group.by_hand && group.gone_at.is_none());
    let (later, now): (Vec<&Group>, Vec<&Group>) = own.partition(|group| fresh(group.id));
    for group in now {
        match read_one(&app, &member, group).await? {
            Ok(n) => (read, members) = (read + 1, members + n),
            Err(words) => refused.push(format!("“{}”: {words}", group.subject)),
        }
    }
    let href = of_workshop(id);
    if let Some(first) = refused.first() {
        let words = format!(
            "{} read; {} not, and nothing of it was changed. {first}",
            counted(read, "group was", "groups were"),
            counted(refused.len(), "was", "were")
        );
        return Ok(see_other_failed(&app, &href, &words));
    }
    let words = match (read, later.len()) {
        (0, 0) => "No group of this workshop is in a linked account.".to_owned(),
        (0, _) => {
            "Every list was read within the last hour. Joins and leaves since then are followed.".to_owned()
        }
        _ => format!(
            "{} with {} read.",
            counted(read, "group", "groups"),
            counted(members, "member", "members")
        ),
    };
    Ok(see_other_saying(&app, &href, &words))
}

/// Reads one group; what the gateway says instead, where it does not tell.
async fn read_one(app: &App, member: &Member, group: &Group) -> Result<Result<i64, String>, Problem> {
    let integration = member.org.integration(group.account).await?;
    let Ok(account) = app.accounts.open_integration(&integration) else {
        return Ok(Err("the account cannot be opened.".to_owned()));
    };
    let (Some(gateway), Ok(jid)) = (account.gateway(), group.jid.parse::<Jid>()) else {
        return Ok(Err("no gateway holds its account.".to_owned()));
    };
    let members = match gateway.members(&app.out, &jid).await {
        Ok(members) => members,
        Err(silence) => return Ok(Err(silence.words())),
    };
    match member.org.sync_members(group.id, &members, &app.phone_key, member.now).await {
        Ok(n) => Ok(Ok(n)),
        Err(StoreError::Stale) => Ok(Err("the gateway named nobody.".to_owned())),
        Err(StoreError::Missing) => Ok(Err("the group is gone.".to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// `GET /workshops/{workshop}/members.csv`: those of the same list as on the page.
pub async fn download(
    member: Member,
    Path(id): Path<WorkshopId>,
    Query(query): Query<ListQuery>,
) -> PageResult {
    member.org.workshop(id).await?;
    let which = query.which();
    let part = which != MembershipFilter::Missing || !query.q.is_empty();
    member.org.note_export(Exported::Members(id), part, member.now).await?;
    let zone = member.organization.zone.clone();
    let org = member.org.scan_permit().await?;
    let titles = ["Name", "Phone", "State", "Registered at", "Left at", "Group"];
    Ok(streamed("members.csv", titles, org, 0, move |org, skip: i64| {
        let (zone, q) = (zone.clone(), query.q.clone());
        async move {
            let rows = org.listed(id, which, &q, (skip, CHUNK)).await?;
            let n = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let next = (n == CHUNK).then_some(skip.saturating_add(n));
            Ok((rows.into_iter().map(|person| cells(person, which, &zone)).collect(), next))
        }
    }))
}

impl View<'_> {
    async fn page(&self) -> Result<Markup, Problem> {
        let (member, workshop) = (self.member, self.workshop);
        let skip = self.query.skip();
        let mut rows =
            member.org.listed(workshop.id, self.query.which(), &self.query.q, (skip, PAGE + 1)).await?;
        let more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
        let known = self.synced_at().is_some();
        let body = html! {
            (self.head())
            @if known {
                div class="m-split" { (self.registrants()) (self.members()) }
            }
            (self.by_group())
            @if known {
                (people(self, &rows, more))
                p class="m-hint m-under" {
                    "Matched by the whole number. A hidden number is a member whose number WhatsApp does not show to this account; it is never counted as missing or as joined."
                    @if self.known.hidden > 0 {
                        " With all " (grouped(self.known.hidden)) " the join rate would be "
                        (percent((self.joined.here + self.known.hidden).min(self.joined.registrants), self.joined.registrants)) "."
                    }
                }
            }
        };
        let mut page = member.page(Section::Workshops, "Registrants and members", body);
        page.crumbs = vec![
            Crumb::to(Section::Workshops.word(), "/workshops"),
            Crumb::to(&workshop.title, format!("/workshops/{}", workshop.id)),
            Crumb::here("Members"),
        ];
        Ok(page.render())
    }

    /// When the oldest of the lists was read; `None` where none was.
    fn synced_at(&self) -> Option<Millis> {
        self.groups.iter().filter_map(|(_, of)| of.synced_at).min()
    }

    fn head(&self) -> Head {
        let (member, workshop, zone) = (self.member, self.workshop, &self.member.organization.zone);
        let mut head = Head::new("Registrants and members")
            .meta(html! { a class="m-plain" href={ "/workshops/" (workshop.id) } { (workshop.title) } })
            .meta(zone.moment(workshop.starts_at, member.now))
            .meta(html! { a class="m-plain" href=(groups::of_workshop(workshop.id)) { (counted(self.groups.len(), "group", "groups")) } });
        match self.synced_at() {
            Some(at) => {
                head = head.meta(format!("Members synced {}, followed live", zone.moment(at, member.now)))
            }
            None => head = head.meta("Members not read yet"),
        }
        let may = member.may(Permission::Manage);
        if may && self.synced_at().is_some() {
            let to = self.query.file(workshop.id);
            head = head.action(Button { download: true, ..Button::link("Export", to).icon(Icon::Download) });
        }
        if may && self.groups.iter().any(|(group, _)| !group.by_hand) {
            head = head.action(Button::new("Sync members").icon(Icon::Retry).form(SYNC).busy("Reading…"));
        }
        let missing = self.joined.missing();
        if self.synced_at().is_some() && missing > 0 && member.may(Permission::Send) {
            let to = tell(workshop.id, Channel::WhatsappPersonal, &domain::broadcast::Audience::NoGroup);
            let words = format!("Send the invite link by WhatsApp Personal ({})", grouped(missing));
            head = head.action(Button::primary_link(words, to).icon(Icon::Personal));
        }
        head
    }

    fn registrants(&self) -> Markup {
        let of = &self.joined;
        let rate = format!("{}%", of.rate_percent());
        let parts = vec![(Key::Done, of.here), (Key::Skipped, of.left), (Key::Waiting, of.never())];
        let cells = [
            ("There".to_owned(), vec![(Key::Done, "In a group", of.here, MembershipFilter::Here)]),
            (
                format!("Missing, {}", grouped(of.missing())),
                vec![
                    (Key::Skipped, "Left", of.left, MembershipFilter::Left),
                    (Key::Waiting, "Never joined", of.never(), MembershipFilter::Never),
                ],
            ),
        ];
        let aside = html! { "Join rate " b { (rate) } };
        self.strip("registrants", (of.registrants, "registrant", "registrants"), &aside, parts, &cells)
    }

    fn members(&self) -> Markup {
        let of = &self.known;
        let parts =
            vec![(Key::Done, of.registrants), (Key::Unknown, of.unknown()), (Key::Expired, of.hidden)];
        let cells = [
            ("Known".to_owned(), vec![(Key::Done, "Registrants", of.registrants, MembershipFilter::Here)]),
            (
                format!("Not matched, {}", grouped(of.unknown() + of.hidden)),
                vec![
                    (Key::Unknown, "Not registered", of.unknown(), MembershipFilter::Unknown),
                    (Key::Expired, "Hidden number", of.hidden, MembershipFilter::Hidden),
                ],
            ),
        ];
        let aside = html! { (grouped(of.hidden)) " may be registrants" };
        self.strip("members", (of.members, "member", "members"), &aside, parts, &cells)
    }

    /// A total, its bar, and the figures that lead to their lists.
    fn strip(
        &self,
        id: &str,
        (total, one, many): (i64, &str, &str),
        aside: &Markup,
        parts: Vec<(Key, i64)>,
        cells: &[Figures<'_>],
    ) -> Markup {
        html! {
            section class="m-card m-truth m-truth--two" aria-labelledby=(id) {
                header class="m-truth__head" {
                    h2 id=(id) { span class="m-truth__total" { (grouped(total)) } " " @if total == 1 { (one) } @else { (many) } }
                    span { (aside) }
                }
                (Bar::new(parts))
                div class="m-truth__groups" {
                    @for (name, cells) in cells {
                        div class="m-truth__group" role="group" aria-label=(name) {
                            p class="m-truth__name" aria-hidden="true" { (name) }
                            ul { @for (key, label, n, which) in cells { li {
                                a.m-cell.is-zero[*n == 0] href=(self.query.to(self.workshop.id, *which)) {
                                    span class="m-cell__label" { (key) (label) }
                                    span class="m-cell__n" { (grouped(*n)) }
                                    span class="m-cell__pc" { (percent(*n, total)) }
                                }
                            } } }
                        }
                    }
                }
            }
        }
    }

    fn by_group(&self) -> Card {
        let (member, workshop) = (self.member, self.workshop);
        let several = match self.known.in_several {
            0 => "a person in two groups: none".to_owned(),
            n => format!("{} in several groups", counted(n, "person", "people")),
        };
        Card::new(
            "groups",
            "By group",
            html! {
                form id=(SYNC) method="post" action={ (of_workshop(workshop.id)) "/sync" } hidden { (member.csrf()) }
                @if self.groups.is_empty() {
                    p class="m-none" { "No group belongs to this workshop. " a class="m-link" href=(groups::of_workshop(workshop.id)) { "Choose its groups" } "." }
                } @else {
                    ul class="m-hand__list" { @for (group, of) in &self.groups { (self.group(group, of)) } }
                }
            },
        )
        .aside(html! { span class="m-sub m-nowrap" { (several) } })
    }

    fn group(&self, group: &Group, of: &GroupMembers) -> Markup {
        let known = &of.known;
        let zone = &self.member.organization.zone;
        let bar = vec![
            (Key::Done, known.registrants),
            (Key::Unknown, known.unknown()),
            (Key::Expired, known.hidden),
        ];
        let digits = group.jid.parse::<Jid>().ok().map(|jid| jid.last_six().to_owned());
        html! {
            li class="m-hand__row m-memberof" {
                div {
                    p class="m-hand__name" { (group.subject) }
                    p class="m-sub" {
                        @match &digits { Some(digits) => { span class="m-jid" { "…" (digits) } }, None => { "Named by hand: nobody tells who is in it" } }
                        @if let Some(at) = of.moved_at { " · last join or leave " (zone.moment(at, self.member.now)) }
                    }
                }
                @if of.synced_at.is_some() {
                    div class="m-stats" {
                        p class="m-stats__top" {
                            span { (counted(known.members, "member", "members")) ", " (counted(known.registrants, "registrant", "registrants")) }
                            span { (grouped(known.unknown())) " not registered, " (grouped(known.hidden)) " hidden, " (grouped(of.left)) " left" }
                        }
                        (Bar::thin(bar))
                    }
                } @else { p class="m-sub" { "Members not read yet" } }
                @if !group.invite_link.is_empty() { a class="m-link m-nowrap" href=(group.invite_link) rel="noreferrer" { "Invite link" } } @else { span {} }
            }
        }
    }
}

/// The form of the button that reads the members.
const SYNC: &str = "sync-members";
