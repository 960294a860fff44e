//! Registrants held against the members of a workshop's groups: who is there, who left, who never joined, and members
//! whom nobody knows.

use domain::{
    ids::{BroadcastId, GroupId, MessageRef, RegistrantId, WorkshopId},
    phone::Phone,
    time::Millis,
};
use uuid::Uuid;

use crate::{db::args, error::StoreError, org::Org};

/// Whether the registrant `r` is in one of the workshop's groups. Parameters: workshop, organisation.
macro_rules! in_a_group {
    ($workshop:literal, $organization:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM group_members gm JOIN workshop_groups wg ON wg.group_id = gm.group_id AND wg.workshop_id = ",
            $workshop,
            " WHERE gm.organization_id = ",
            $organization,
            " AND gm.person = r.phone AND gm.left_at IS NULL)"
        )
    };
}

/// Whether the registrant `r` was in one of the workshop's groups and left. Whoever is in another one is asked for
/// besides.
macro_rules! left_a_group {
    ($workshop:literal, $organization:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM group_members gm JOIN workshop_groups wg ON wg.group_id = gm.group_id AND wg.workshop_id = ",
            $workshop,
            " WHERE gm.organization_id = ",
            $organization,
            " AND gm.person = r.phone AND gm.left_at IS NOT NULL)"
        )
    };
}

/// Whether the members of any of the workshop's groups are known.
macro_rules! members_known {
    ($workshop:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM workshop_groups wg JOIN groups g ON g.id = wg.group_id WHERE wg.workshop_id = ",
            $workshop,
            " AND g.members_synced_at IS NOT NULL)"
        )
    };
}

pub(crate) use in_a_group;
pub(crate) use left_a_group;
pub(crate) use members_known;

/// How many registrations of a workshop are in its groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct GroupCoverage {
    /// Registrations that stand.
    pub registrants: i64,
    /// Registrations of people who are in one of the groups.
    pub here: i64,
    /// Registrations of people who left a group and are in none.
    pub left: i64,
}

impl GroupCoverage {
    /// Whoever is in no group.
    pub fn missing(&self) -> i64 {
        self.registrants - self.here
    }

    /// People who never were in one, as far as gateways told.
    pub fn never(&self) -> i64 {
        self.missing() - self.left
    }

    /// Hundredths of the registrations that are in a group, cut off; 0 without registrations.
    pub fn rate_percent(&self) -> i64 {
        if self.registrants == 0 { 0 } else { self.here * 100 / self.registrants }
    }
}

/// The members of groups in figures. A person in several groups counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct MemberCounts {
    /// All members of the groups.
    pub members: i64,
    /// Members with the number of a registrant.
    pub registrants: i64,
    /// Members whose number WhatsApp does not show to our account.
    pub hidden: i64,
    /// Members of more than one of the groups.
    pub in_several: i64,
}

impl MemberCounts {
    /// Members whose number nobody registered with.
    pub fn unknown(&self) -> i64 {
        self.members - self.registrants - self.hidden
    }
}

/// The members of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMembers {
    /// Id of the group.
    pub group: GroupId,
    /// The members of the group in figures.
    pub known: MemberCounts,
    /// Registrants who left the group and have not come back.
    pub left: i64,
    /// When somebody last joined or left, as far as that was reported.
    pub moved_at: Option<Millis>,
    /// When the list of members was last read as a whole.
    pub synced_at: Option<Millis>,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    id: Uuid,
    members: i64,
    registrants: i64,
    hidden: i64,
    left_n: i64,
    moved_at: Option<i64>,
    members_synced_at: Option<i64>,
}

/// Which people of a workshop and of its groups a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MembershipFilter {
    /// Registrants who are in no group.
    #[default]
    Missing,
    /// Registrants who never were in a group.
    Never,
    /// Registrants who left a group and are in none.
    Left,
    /// Registrants who are in a group.
    Here,
    /// Members who are not registered.
    Unknown,
    /// Members whose number WhatsApp does not show.
    Hidden,
}

/// A person in such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPerson {
    /// Id of the registration; `None` for a member who is not registered.
    pub registrant: Option<RegistrantId>,
    /// Name; empty where it is not known.
    pub name: String,
    /// Number in E.164 form; empty where there is none.
    pub phone: String,
    /// When the person registered; `None` for a member who is not registered.
    pub registered_at: Option<Millis>,
    /// Whether the person is in a group.
    pub is_here: bool,
    /// When the person last left a group, if they are in none.
    pub left_at: Option<Millis>,
    /// The name of the group that the person is in or left; empty where they never were in one.
    pub group: String,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Option<Uuid>,
    name: String,
    phone: String,
    registered_at: Option<i64>,
    is_here: bool,
    left_at: Option<i64>,
    subject: Option<String>,
}

impl From<PersonRow> for ListedPerson {
    fn from(row: PersonRow) -> ListedPerson {
        ListedPerson {
            registrant: row.id.map(RegistrantId),
            name: row.name,
            phone: row.phone,
            registered_at: row.registered_at.map(Millis),
            is_here: row.is_here,
            left_at: row.left_at.map(Millis).filter(|_| !row.is_here),
            group: row.subject.unwrap_or_default(),
        }
    }
}

/// The registrants of a list, one text for page and file: `$3` is its word, `$4` what name or number hold, `$5` and
/// `$6` where it goes on.
const REGISTRANTS: &str = concat!(
    "WITH each_one AS (
         SELECT r.id, r.name, r.phone, r.registered_at, ",
    in_a_group!("$1", "$2"),
    " AS is_here,
                (SELECT MAX(gm.left_at) FROM group_members gm JOIN workshop_groups wg ON wg.group_id = gm.group_id AND wg.workshop_id = $1
                 WHERE gm.organization_id = $2 AND gm.person = r.phone) AS left_at,
                (SELECT MIN(g.subject) FROM group_members gm JOIN workshop_groups wg ON wg.group_id = gm.group_id AND wg.workshop_id = $1
                 JOIN groups g ON g.id = gm.group_id WHERE gm.organization_id = $2 AND gm.person = r.phone) AS subject
         FROM @registrants r
         WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.status = 'registered'
           AND ($4 = '' OR lower(r.name) LIKE $4 OR r.phone LIKE $4))
     SELECT id, name, phone, registered_at, is_here, left_at, subject FROM each_one
     WHERE CASE $3 WHEN 'here' THEN is_here WHEN 'left' THEN NOT is_here AND left_at IS NOT NULL
                   WHEN 'never' THEN NOT is_here AND left_at IS NULL ELSE NOT is_here END
     ORDER BY id LIMIT $5 OFFSET $6"
);

/// The members of a list who are not registered, or whose number is hidden: `$3` is its word.
const MEMBERS: &str = "SELECT CAST(NULL AS UUID) AS id, '' AS name, CASE WHEN $3 = 'hidden' THEN '' ELSE m.person END AS phone,
        CAST(NULL AS BIGINT) AS registered_at, TRUE AS is_here, CAST(NULL AS BIGINT) AS left_at, MIN(g.subject) AS subject
     FROM workshop_groups w JOIN groups g ON g.id = w.group_id JOIN group_members m ON m.group_id = g.id
     WHERE w.workshop_id = $1 AND w.organization_id = $2 AND m.left_at IS NULL AND ($4 = '' OR m.person LIKE $4)
       AND CASE $3 WHEN 'hidden' THEN m.person LIKE 'lid:%'
                   ELSE m.person NOT LIKE 'lid:%'
                     AND NOT EXISTS (SELECT 1 FROM @registrants r WHERE r.workshop_id = $1 AND r.phone = m.person AND r.status = 'registered') END
     GROUP BY m.person ORDER BY m.person LIMIT $5 OFFSET $6";

impl MembershipFilter {
    fn word(self) -> &'static str {
        match self {
            MembershipFilter::Missing => "missing",
            MembershipFilter::Never => "never",
            MembershipFilter::Left => "left",
            MembershipFilter::Here => "here",
            MembershipFilter::Unknown => "unknown",
            MembershipFilter::Hidden => "hidden",
        }
    }
}

impl Org {
    /// Whether the members of any of the workshop's groups are known: before, nobody is missing.
    pub async fn members_known(&self, workshop: WorkshopId) -> Result<bool, StoreError> {
        let (known,): (bool,) =
            self.db.one(concat!("SELECT ", members_known!("$1")), args![workshop.0]).await?;
        Ok(known)
    }

    /// How the registrations of a workshop stand to its groups.
    pub async fn joined(&self, workshop: WorkshopId) -> Result<GroupCoverage, StoreError> {
        self.db
            .one(
                concat!(
                    "SELECT COUNT(*) AS registrants, CAST(COALESCE(SUM(CASE WHEN here THEN 1 ELSE 0 END), 0) AS BIGINT) AS here,
                            CAST(COALESCE(SUM(CASE WHEN was AND NOT here THEN 1 ELSE 0 END), 0) AS BIGINT) AS left
                     FROM (SELECT ",
                    in_a_group!("$1", "$2"),
                    " AS here, ",
                    left_a_group!("$1", "$2"),
                    " AS was FROM @registrants r
                           WHERE r.workshop_id = $1 AND r.organization_id = $2 AND r.status = 'registered') AS each_one"
                ),
                args![workshop.0, self.id()],
            )
            .await
    }

    /// Who the members of a workshop's groups are, a person in several once.
    pub async fn members_of(&self, workshop: WorkshopId) -> Result<MemberCounts, StoreError> {
        self.db
            .one(
                "SELECT COUNT(*) AS members,
                        CAST(COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM @registrants r WHERE r.workshop_id = $1 AND r.phone = p.person
                                                            AND r.status = 'registered') THEN 1 ELSE 0 END), 0) AS BIGINT) AS registrants,
                        CAST(COALESCE(SUM(CASE WHEN p.person LIKE 'lid:%' THEN 1 ELSE 0 END), 0) AS BIGINT) AS hidden,
                        CAST(COALESCE(SUM(CASE WHEN p.n > 1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS in_several
                 FROM (SELECT m.person, COUNT(*) AS n FROM workshop_groups w JOIN group_members m ON m.group_id = w.group_id
                       WHERE w.workshop_id = $1 AND w.organization_id = $2 AND m.left_at IS NULL GROUP BY m.person) AS p",
                args![workshop.0, self.id()],
            )
            .await
    }

    /// The members of each group of a workshop.
    pub async fn members_by_group(&self, workshop: WorkshopId) -> Result<Vec<GroupMembers>, StoreError> {
        let rows: Vec<GroupRow> = self
            .db
            .all(
                "SELECT g.id, g.members_synced_at, MAX(COALESCE(m.left_at, m.joined_at)) AS moved_at,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NULL AND m.person IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS members,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NULL AND m.person LIKE 'lid:%' THEN 1 ELSE 0 END), 0) AS BIGINT) AS hidden,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NULL AND m.ours THEN 1 ELSE 0 END), 0) AS BIGINT) AS registrants,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NOT NULL AND m.ours THEN 1 ELSE 0 END), 0) AS BIGINT) AS left_n
                 FROM workshop_groups w JOIN groups g ON g.id = w.group_id
                 LEFT JOIN (SELECT x.group_id, x.person, x.left_at, x.joined_at,
                                   EXISTS (SELECT 1 FROM @registrants r WHERE r.workshop_id = $1 AND r.phone = x.person
                                           AND r.status = 'registered') AS ours
                            FROM group_members x JOIN workshop_groups v ON v.group_id = x.group_id AND v.workshop_id = $1
                            WHERE x.organization_id = $2) AS m ON m.group_id = g.id
                 WHERE w.workshop_id = $1 AND w.organization_id = $2
                 GROUP BY g.id, g.subject, g.members_synced_at ORDER BY lower(g.subject), g.id",
                args![workshop.0, self.id()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| GroupMembers {
                group: GroupId(row.id),
                known: MemberCounts {
                    members: row.members,
                    registrants: row.registrants,
                    hidden: row.hidden,
                    in_several: 0,
                },
                left: row.left_n,
                moved_at: row.moved_at.filter(|at| *at > 0).map(Millis),
                synced_at: row.members_synced_at.map(Millis),
            })
            .collect())
    }

    /// Some people of a list after the first `skip`, whose name or number holds what was typed.
    pub async fn listed(
        &self,
        workshop: WorkshopId,
        which: MembershipFilter,
        typed: &str,
        (skip, limit): (i64, i64),
    ) -> Result<Vec<ListedPerson>, StoreError> {
        let bare: String = typed.trim().to_lowercase().chars().filter(|c| !matches!(c, '%' | '_')).collect();
        let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
        let is_number = !digits.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c));
        let holds = match (bare.is_empty(), is_number) {
            (true, _) => String::new(),
            (_, true) => format!("%{digits}%"),
            (_, false) => format!("%{bare}%"),
        };
        let text = match which {
            MembershipFilter::Unknown | MembershipFilter::Hidden => MEMBERS,
            MembershipFilter::Missing
            | MembershipFilter::Never
            | MembershipFilter::Left
            | MembershipFilter::Here => REGISTRANTS,
        };
        let rows: Vec<PersonRow> =
            self.db.all(text, args![workshop.0, self.id(), which.word(), holds, limit, skip]).await?;
        Ok(rows.into_iter().map(ListedPerson::from).collect())
    }

    /// Members of a post's group whose phones have told nothing of it: how many, and the first of them by number, each
    /// with the name under which they registered anywhere. `None` where the group's members are not known. Our own
    /// account is no reader.
    pub async fn without_receipt(
        &self,
        message: MessageRef,
        limit: i64,
    ) -> Result<Option<(i64, Vec<(String, String)>)>, StoreError> {
        let group: Option<(Uuid, String)> = self
            .db
            .optional(
                "SELECT g.id, COALESCE(l.phone, '') FROM messages m JOIN groups g ON g.id = m.group_id
                 LEFT JOIN linked_accounts l ON l.integration_id = g.integration_id
                 WHERE m.broadcast_id = $1 AND m.position = $2 AND m.organization_id = $3 AND g.members_synced_at IS NOT NULL",
                args![message.broadcast.0, message.position, self.id()],
            )
            .await?;
        let Some((group, own)) = group else { return Ok(None) };
        let rows: Vec<(String, String)> = self
            .db
            .all(
                "SELECT COALESCE((SELECT MAX(l.name) FROM @leads l WHERE l.organization_id = $4 AND l.phone = x.person), ''), x.person
                 FROM group_members x
                 WHERE x.group_id = $1 AND x.left_at IS NULL AND x.person <> $5
                   AND NOT EXISTS (SELECT 1 FROM member_receipts s WHERE s.broadcast_id = $2 AND s.position = $3
                                   AND (s.person = x.person OR (x.lid <> '' AND s.person = 'lid:' || x.lid)))
                 ORDER BY x.person LIMIT 2000",
                args![group, message.broadcast.0, message.position, self.id(), own],
            )
            .await?;
        let n = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let first = rows.into_iter().take(usize::try_from(limit).unwrap_or(0)).collect();
        Ok(Some((n, first)))
    }

    /// The groups in which a number is or was, with when it joined and left.
    pub async fn groups_of(&self, phone: &Phone) -> Result<Vec<GroupMembership>, StoreError> {
        let rows: Vec<(String, Option<i64>, Option<i64>)> = self
            .db
            .all(
                "SELECT g.subject, m.joined_at, m.left_at FROM group_members m JOIN groups g ON g.id = m.group_id
                 WHERE m.organization_id = $1 AND m.person = $2 ORDER BY lower(g.subject), g.id",
                args![self.id(), phone.as_str()],
            )
            .await?;
        Ok(rows.into_iter().map(GroupMembership::from).collect())
    }

    /// The groups of a workshop in which a number is or was, with when it joined and left; none without a number.
    pub async fn workshop_groups_of(
        &self,
        workshop: WorkshopId,
        phone: &str,
    ) -> Result<Vec<GroupMembership>, StoreError> {
        let rows: Vec<(String, Option<i64>, Option<i64>)> = self
            .db
            .all(
                "SELECT g.subject, m.joined_at, m.left_at FROM group_members m JOIN groups g ON g.id = m.group_id
                 JOIN workshop_groups w ON w.group_id = m.group_id AND w.workshop_id = $3
                 WHERE m.organization_id = $1 AND m.person = $2 AND m.person <> '' ORDER BY lower(g.subject), g.id",
                args![self.id(), phone, workshop.0],
            )
            .await?;
        Ok(rows.into_iter().map(GroupMembership::from).collect())
    }
}

/// What a phone did with a post in one of its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostProof {
    /// The broadcast of the post.
    pub broadcast: BroadcastId,
    /// When the phone had the post first; `None` where only the opening was reported.
    pub delivered_at: Option<Millis>,
    /// When the post was opened first; `None` where nothing reports that.
    pub read_at: Option<Millis>,
}

impl Org {
    /// What a phone did with the posts of a workshop, by broadcast, as far as gateways reported it; nothing without a
    /// number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn posts_proven(
        &self,
        workshop: WorkshopId,
        phone: &str,
    ) -> Result<Vec<PostProof>, StoreError> {
        // The groups of a broadcast are few, and its receipts many: each group's row leads to the one of the person.
        let rows: Vec<(Uuid, Option<i64>, Option<i64>)> = self
            .db
            .all(
                "SELECT b.id, MIN(s.delivered_at), MIN(s.read_at) FROM broadcasts b
                 JOIN messages m ON m.broadcast_id = b.id AND m.group_id IS NOT NULL
                 JOIN member_receipts s ON s.broadcast_id = m.broadcast_id AND s.position = m.position AND s.person = $3
                 WHERE b.workshop_id = $1 AND b.organization_id = $2 AND b.channel = 'group' AND s.person <> ''
                 GROUP BY b.id",
                args![workshop.0, self.id(), phone],
            )
            .await?;
        let proof = |(broadcast, delivered, read): (Uuid, Option<i64>, Option<i64>)| PostProof {
            broadcast: BroadcastId(broadcast),
            delivered_at: delivered.map(Millis),
            read_at: read.map(Millis),
        };
        Ok(rows.into_iter().map(proof).collect())
    }
}

/// A group that a person is or was in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMembership {
    /// The name of the group.
    pub group: String,
    /// When the person joined, where that was reported.
    pub joined_at: Option<Millis>,
    /// When the person left; `None` while they are in the group.
    pub left_at: Option<Millis>,
}

impl From<(String, Option<i64>, Option<i64>)> for GroupMembership {
    fn from((group, joined, left): (String, Option<i64>, Option<i64>)) -> GroupMembership {
        GroupMembership { group, joined_at: joined.map(Millis), left_at: left.map(Millis) }
    }
}
