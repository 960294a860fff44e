//! Members of groups: the whole list from the gateway, then the joins and leaves that follow.

use std::collections::{BTreeMap, HashSet};

use domain::{
    group::{Member, MemberMove, Person},
    ids::GroupId,
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
        let mut here = HashSet::new();
        for member in members {
            let row = self.of(&member.person, now);
            here.insert(row.person.clone());
            row.is_admin = member.role.is_admin();
            if row.left_at.is_some() {
                (row.left_at, row.changed_at) = (None, now.0);
            }
        }
        let gone: Vec<String> = self.rows.keys().filter(|person| !here.contains(*person)).cloned().collect();
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
                "SELECT b.person FROM @batch CROSS JOIN erased_numbers e
                 WHERE e.organization_id = $1 AND e.phone_key = b.phone_key",
                args![organization],
                Batch::new().texts("phone_key", keys).texts("person", numbers),
            )
            .await?;
        rows.without(&erased.into_iter().map(|(person,)| person).collect());
    }
    if !rows.dropped.is_empty() {
        tx.run_batch(
            "DELETE FROM group_members WHERE group_id = $1 AND person IN (SELECT b.person FROM @batch)",
            args![group],
            Batch::new().texts("person", rows.dropped.iter().cloned()),
        )
        .await?;
    }
    let changed: Vec<&Kept> = rows.rows.values().filter(|row| rows.touched.contains(&row.person)).collect();
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

#[cfg(test)]
mod tests {
    use domain::{
        group::{Lid, MemberRole},
        phone::Phone,
    };

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
        // A person of whom nothing was known left, and is kept as somebody who left.
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
