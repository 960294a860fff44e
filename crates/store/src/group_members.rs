//! Who is in the groups: taken over whole from their gateway, followed by joins and leaves, and held against who is registered.

use std::collections::{BTreeMap, HashSet};

use domain::{
    group::{Member, MemberMove, Person},
    ids::{GroupId, RegistrantId, WorkshopId},
    phone::Phone,
    role::Permission,
    time::Millis,
};
use uuid::Uuid;

use crate::{
    db::{Batch, Tx, args},
    error::StoreError,
    org::Org,
    phone_key::PhoneKey,
};

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

/// Whether the registrant `r` was in one of the workshop's groups and left. Whoever is in another one is asked for besides.
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

/// Beginning of a person whose number is not told.
pub(crate) const HIDDEN: &str = "lid:";

/// Under which a person is kept: the number, else the hidden id.
pub(crate) fn key_of(person: &Person) -> String {
    match (person.phone(), person.lid()) {
        (Some(phone), _) => phone.as_str().to_owned(),
        (None, Some(lid)) => format!("{HIDDEN}{}", lid.as_str()),
        (None, None) => String::new(),
    }
}

/// A member as the store keeps one.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Kept {
    person: String,
    lid: String,
    is_admin: bool,
    joined_at: Option<i64>,
    left_at: Option<i64>,
    changed_at: i64,
}

/// The rows of one group while news is put into them.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: BTreeMap<String, Kept>,
    touched: HashSet<String>,
    dropped: HashSet<String>,
}

impl Rows {
    pub(crate) fn new(kept: Vec<Kept>) -> Rows {
        let rows = kept.into_iter().map(|row| (row.person.clone(), row)).collect();
        Rows { rows, ..Rows::default() }
    }

    /// The row of a person, whatever they were known by before; a new one that is not in the group yet. The hidden id and the number of one
    /// person become one row as soon as both are named together.
    fn of(&mut self, person: &Person, at: Millis) -> &mut Kept {
        let mut key = key_of(person);
        let lid = person.lid().map_or(String::new(), |lid| lid.as_str().to_owned());
        if person.phone().is_none()
            && let Some(known) = self.rows.values().find(|row| row.lid == lid && !lid.is_empty())
        {
            key.clone_from(&known.person);
        }
        let hidden = format!("{HIDDEN}{lid}");
        let before = if key == hidden || lid.is_empty() { None } else { self.rows.remove(&hidden) };
        if before.is_some() {
            self.dropped.insert(hidden);
        }
        self.touched.insert(key.clone());
        let row = self.rows.entry(key.clone()).or_insert_with(|| {
            let new = Kept {
                person: key,
                lid: String::new(),
                is_admin: false,
                joined_at: None,
                left_at: Some(at.0),
                changed_at: i64::MIN,
            };
            before.map_or(new.clone(), |before| Kept { person: new.person, ..before })
        });
        if !lid.is_empty() && !row.person.starts_with(HIDDEN) {
            row.lid = lid;
        }
        row
    }

    /// Takes over a whole list: whoever is not in it has left.
    pub(crate) fn whole(&mut self, members: &[Member], now: Millis) {
        for member in members {
            let row = self.of(&member.person, now);
            row.is_admin = member.role.is_admin();
            if row.left_at.is_some() {
                (row.left_at, row.changed_at) = (None, now.0);
            }
        }
        let gone: Vec<String> =
            self.rows.keys().filter(|person| !self.touched.contains(*person)).cloned().collect();
        for person in gone {
            let Some(row) = self.rows.get_mut(&person).filter(|row| row.left_at.is_none()) else { continue };
            (row.left_at, row.changed_at) = (Some(now.0), now.0);
            self.touched.insert(person);
        }
    }

    /// Takes over one change that was told; what is older than what is known changes nothing.
    pub(crate) fn moved(&mut self, to: MemberMove, person: &Person, at: Millis) {
        let row = self.of(person, at);
        if at.0 <= row.changed_at {
            return;
        }
        match to {
            MemberMove::Joined if row.left_at.is_some() => {
                (row.joined_at, row.left_at, row.changed_at) = (Some(at.0), None, at.0);
            }
            MemberMove::Left if row.left_at.is_none() || row.changed_at == i64::MIN => {
                (row.left_at, row.changed_at) = (Some(at.0), at.0);
            }
            // Whoever has a role there is there.
            MemberMove::Promoted | MemberMove::Demoted => {
                row.is_admin = to == MemberMove::Promoted;
                (row.left_at, row.changed_at) = (None, at.0);
            }
            MemberMove::Joined | MemberMove::Left => {}
        }
    }

    /// Leaves these people out: they asked to be erased.
    fn without(&mut self, people: &HashSet<String>) {
        for person in people {
            if self.rows.remove(person).is_some() {
                self.dropped.insert(person.clone());
            }
            self.touched.remove(person);
        }
    }

    /// People in the group.
    fn present(&self) -> i64 {
        i64::try_from(self.rows.values().filter(|row| row.left_at.is_none()).count()).unwrap_or(i64::MAX)
    }

    fn numbers(&self) -> Vec<String> {
        let touched = self.touched.iter().filter(|person| !person.starts_with(HIDDEN));
        touched.cloned().collect()
    }
}

/// The rows of a group, with the group's row held.
pub(crate) async fn held(tx: &mut Tx, group: Uuid) -> Result<Rows, StoreError> {
    let rows: Vec<Kept> = tx
        .all(
            "SELECT person, lid, is_admin, joined_at, left_at, changed_at FROM group_members WHERE group_id = $1 ORDER BY person",
            args![group],
        )
        .await?;
    Ok(Rows::new(rows))
}

/// Writes what changed, without the people who were erased; how many are in the group now.
pub(crate) async fn write(
    tx: &mut Tx,
    (organization, group): (Uuid, Uuid),
    mut rows: Rows,
    key: &PhoneKey,
) -> Result<i64, StoreError> {
    let present = rows.present();
    let numbers = rows.numbers();
    if !numbers.is_empty() {
        let keys: Vec<String> = numbers.iter().map(|number| key.of(number)).collect();
        let erased: Vec<(String,)> = tx
            .all_batch(
                "SELECT b.person FROM @batch JOIN erased_numbers e ON e.organization_id = $1 AND e.phone_key = b.phone_key",
                args![organization],
                Batch::new().texts("phone_key", keys).texts("person", numbers),
            )
            .await?;
        rows.without(&erased.into_iter().map(|(person,)| person).collect());
    }
    if !rows.dropped.is_empty() {
        tx.run_batch(
            "DELETE FROM group_members WHERE EXISTS (
                 SELECT 1 FROM @batch WHERE b.group_id = group_members.group_id AND b.person = group_members.person)",
            args![],
            Batch::new()
                .uuids("group_id", rows.dropped.iter().map(|_| group))
                .texts("person", rows.dropped.iter().cloned()),
        )
        .await?;
    }
    let changed: Vec<&Kept> =
        rows.rows.values().filter(|row| rows.touched.contains(&row.person)).collect();
    if !changed.is_empty() {
        tx.run_batch(
            "INSERT INTO group_members (group_id, person, organization_id, lid, is_admin, joined_at, left_at, changed_at)
             SELECT $1, b.person, $2, b.lid, b.admin = 1, b.joined_at, b.left_at, b.changed_at FROM @batch WHERE TRUE
             ON CONFLICT (group_id, person) DO UPDATE SET lid = excluded.lid, is_admin = excluded.is_admin,
                 joined_at = excluded.joined_at, left_at = excluded.left_at, changed_at = excluded.changed_at",
            args![group, organization],
            Batch::new()
                .texts("person", changed.iter().map(|row| row.person.clone()))
                .texts("lid", changed.iter().map(|row| row.lid.clone()))
                .ints("admin", changed.iter().map(|row| i64::from(row.is_admin)))
                .ints("joined_at", changed.iter().map(|row| row.joined_at))
                .ints("left_at", changed.iter().map(|row| row.left_at))
                .ints("changed_at", changed.iter().map(|row| row.changed_at.max(0))),
        )
        .await?;
    }
    Ok(present)
}

impl Org {
    /// Takes over everybody of a group: who is new is added, who is not in the list has left. All of it in one transaction; whoever could
    /// not read the whole list does not call this. Refused ([`StoreError::Stale`]) for an empty list: our own account is a member.
    /// Numbers that were erased on request lately are counted and not kept.
    pub async fn sync_members(
        &self,
        group: GroupId,
        members: &[Member],
        key: &PhoneKey,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.allow(Permission::Manage)?;
        if members.is_empty() {
            return Err(StoreError::Stale);
        }
        let mut tx = self.db.begin().await?;
        let _held: (Uuid,) = tx
            .optional(
                "SELECT id FROM groups WHERE id = $1 AND organization_id = $2 AND jid <> '' AND gone_at IS NULL FOR UPDATE",
                args![group.0, self.id()],
            )
            .await?
            .ok_or(StoreError::Missing)?;
        let mut rows = held(&mut tx, group.0).await?;
        rows.whole(members, now);
        let present = write(&mut tx, (self.id(), group.0), rows, key).await?;
        tx.run(
            "UPDATE groups SET members = $2, members_synced_at = $3 WHERE id = $1",
            args![group.0, present, now],
        )
        .await?;
        self.note(&mut tx, "group.members_synced", group, &present.to_string(), now).await?;
        tx.commit().await?;
        Ok(present)
    }
}

/// How the registrations of a workshop stand to its groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Joined {
    /// Registrations that stand.
    pub registrants: i64,
    /// Those in one of the groups.
    pub here: i64,
    /// Those who left and are in none.
    pub left: i64,
}

impl Joined {
    /// Whoever is in no group.
    pub fn missing(&self) -> i64 {
        self.registrants - self.here
    }

    /// Whoever never was in one, as far as anybody told.
    pub fn never(&self) -> i64 {
        self.missing() - self.left
    }

    /// Hundredths of the registrations that are in a group, cut off; 0 without registrations.
    pub fn rate_percent(&self) -> i64 {
        if self.registrants == 0 { 0 } else { self.here * 100 / self.registrants }
    }
}

/// Who the members of groups are, a person in several groups once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// Members.
    pub members: i64,
    /// Those with the number of somebody registered.
    pub registrants: i64,
    /// Those whose number WhatsApp does not show to our account.
    pub hidden: i64,
    /// Those in more than one of the groups.
    pub in_several: i64,
}

impl Known {
    /// Members whose number nobody registered with.
    pub fn unknown(&self) -> i64 {
        self.members - self.registrants - self.hidden
    }
}

/// The members of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMembers {
    /// Which group.
    pub group: GroupId,
    /// Who they are.
    pub known: Known,
    /// Registrants who left it and have not come back to it.
    pub left: i64,
    /// When somebody joined or left last, as far as it was told.
    pub moved_at: Option<Millis>,
    /// When the whole list was read last.
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

/// Which people of a workshop and of its groups are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    /// Registrants in no group.
    #[default]
    Missing,
    /// Registrants who never were in one.
    Never,
    /// Registrants who left.
    Left,
    /// Registrants in a group.
    Here,
    /// Members whom nobody registered.
    Unknown,
    /// Members whose number is hidden.
    Hidden,
}

/// Somebody of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPerson {
    /// Whose registration; `None` for a member who is not registered.
    pub registrant: Option<RegistrantId>,
    /// Name; empty where it is not known.
    pub name: String,
    /// Number, E.164; empty where there is none.
    pub phone: String,
    /// When they registered.
    pub registered_at: Option<Millis>,
    /// Whether they are in a group.
    pub is_here: bool,
    /// When they left a group last, if they are in none.
    pub left_at: Option<Millis>,
    /// The group that it is about; empty for whoever never was in one.
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

/// The registrants of a list, one text for page and file: `$3` is its word, `$4` what name or number hold, `$5` and `$6` where it goes on.
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

impl Listed {
    fn word(self) -> &'static str {
        match self {
            Listed::Missing => "missing",
            Listed::Never => "never",
            Listed::Left => "left",
            Listed::Here => "here",
            Listed::Unknown => "unknown",
            Listed::Hidden => "hidden",
        }
    }
}

impl Org {
    /// Whether the members of any of the workshop's groups are known: before, nobody is missing.
    pub async fn members_known(&self, workshop: WorkshopId) -> Result<bool, StoreError> {
        let (known,): (bool,) = self
            .db
            .one(concat!("SELECT ", members_known!("$1")), args![workshop.0])
            .await?;
        Ok(known)
    }

    /// How the registrations of a workshop stand to its groups.
    pub async fn joined(&self, workshop: WorkshopId) -> Result<Joined, StoreError> {
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
    pub async fn members_of(&self, workshop: WorkshopId) -> Result<Known, StoreError> {
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
                "SELECT g.id, g.members_synced_at, MAX(m.changed_at) AS moved_at,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NULL AND m.person IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS members,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NULL AND m.person LIKE 'lid:%' THEN 1 ELSE 0 END), 0) AS BIGINT) AS hidden,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NULL AND m.ours THEN 1 ELSE 0 END), 0) AS BIGINT) AS registrants,
                        CAST(COALESCE(SUM(CASE WHEN m.left_at IS NOT NULL AND m.ours THEN 1 ELSE 0 END), 0) AS BIGINT) AS left_n
                 FROM workshop_groups w JOIN groups g ON g.id = w.group_id
                 LEFT JOIN (SELECT x.group_id, x.person, x.left_at, x.changed_at,
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
                known: Known {
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
        which: Listed,
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
            Listed::Unknown | Listed::Hidden => MEMBERS,
            Listed::Missing | Listed::Never | Listed::Left | Listed::Here => REGISTRANTS,
        };
        let rows: Vec<PersonRow> = self
            .db
            .all(text, args![workshop.0, self.id(), which.word(), holds, limit, skip])
            .await?;
        Ok(rows.into_iter().map(ListedPerson::from).collect())
    }

    /// The groups in which a number is or was, with when it joined and left.
    pub async fn groups_of(&self, phone: &Phone) -> Result<Vec<InGroup>, StoreError> {
        let rows: Vec<(String, Option<i64>, Option<i64>)> = self
            .db
            .all(
                "SELECT g.subject, m.joined_at, m.left_at FROM group_members m JOIN groups g ON g.id = m.group_id
                 WHERE m.organization_id = $1 AND m.person = $2 ORDER BY lower(g.subject), g.id",
                args![self.id(), phone.as_str()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(group, joined, left)| InGroup {
                group,
                joined_at: joined.map(Millis),
                left_at: left.map(Millis),
            })
            .collect())
    }
}

/// A group in which somebody is or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InGroup {
    /// What it is called.
    pub group: String,
    /// When they joined, where that was told.
    pub joined_at: Option<Millis>,
    /// When they left.
    pub left_at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use domain::group::{Lid, MemberRole};

    use super::*;

    fn number(n: u32) -> Person {
        Person::Number(Phone::from_stored(&format!("+9190000000{n:02}")).unwrap())
    }

    fn member(person: Person) -> Member {
        Member { person, role: MemberRole::Member }
    }

    fn present(rows: &Rows) -> Vec<&str> {
        rows.rows.values().filter(|row| row.left_at.is_none()).map(|row| row.person.as_str()).collect()
    }

    #[test]
    fn whoever_is_not_in_the_whole_list_left_and_older_news_changes_nothing() {
        let mut rows = Rows::default();
        rows.whole(&[member(number(1)), member(number(2))], Millis(10));
        rows.whole(&[member(number(2)), member(number(3))], Millis(20));
        assert_eq!(present(&rows), ["+919000000002", "+919000000003"]);
        rows.moved(MemberMove::Joined, &number(1), Millis(15));
        assert_eq!(rows.present(), 2, "it joined before the list was read, which does not hold it");
        rows.moved(MemberMove::Joined, &number(1), Millis(30));
        rows.moved(MemberMove::Left, &number(2), Millis(30));
        rows.moved(MemberMove::Left, &number(1), Millis(25));
        assert_eq!(present(&rows), ["+919000000001", "+919000000003"]);
        assert_eq!(rows.rows["+919000000001"].joined_at, Some(30));
        // Somebody of whom nothing was known left: they are kept as somebody who left.
        rows.moved(MemberMove::Left, &number(4), Millis(40));
        assert_eq!((rows.present(), rows.rows["+919000000004"].left_at), (2, Some(40)));
    }

    #[test]
    fn a_number_and_its_hidden_id_become_one_person() {
        let lid = Lid::parse("100000000000001@lid").unwrap();
        let phone = Phone::from_stored("+919000000001").unwrap();
        let mut rows = Rows::default();
        rows.whole(&[member(Person::Hidden(lid.clone()))], Millis(10));
        assert_eq!(present(&rows), ["lid:100000000000001"]);
        rows.whole(&[member(Person::Both(phone.clone(), lid.clone()))], Millis(20));
        assert_eq!(present(&rows), ["+919000000001"]);
        assert!(rows.dropped.contains("lid:100000000000001"), "no second row of the same person");
        rows.moved(MemberMove::Left, &Person::Hidden(lid), Millis(30));
        assert_eq!(rows.present(), 0, "the hidden id alone names them from now on");
    }
}
