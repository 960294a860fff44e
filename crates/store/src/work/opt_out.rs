//! What people tell us themselves: STOP and START, the page behind a message's link, and what the network says of their
//! wishes.

use domain::{
    channel::{Category, Channel},
    ids::{MessageRef, OrganizationId, SuppressionId},
    time::Millis,
};
use uuid::Uuid;

use super::Work;
use crate::{
    Store,
    db::{Db, Tx, again, args},
    error::{StoreError, word},
    suppressions::ALL,
};

/// A person's own wish not to be contacted.
#[derive(Clone, Debug)]
pub struct OptOut {
    /// The organisation that must not contact the person.
    pub organization: OrganizationId,
    /// The keyed hash of the number, in hex.
    pub phone_key: String,
    /// Phone number in E.164 form.
    pub phone: String,
    /// The channel on which the wish came.
    pub channel: Channel,
    /// The category of messages: `all`, or `marketing` only.
    pub category: &'static str,
    /// The reason in words, for members.
    pub reason: &'static str,
}

/// The person and message behind an opt-out link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkHolder {
    /// The organisation that sent the message.
    pub organization: OrganizationId,
    /// The organisation's name, as people read it.
    pub organization_name: String,
    /// The channel of the message.
    pub channel: Channel,
    /// The category of the message.
    pub category: Category,
    /// Phone number in E.164 form.
    pub phone: String,
}

/// The opt-out that holds for the number of a message on its channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Promotions are stopped, by whomever.
    pub promotions_stopped: bool,
    /// Everything is stopped, by whomever.
    pub everything_stopped: bool,
    /// Some of it was stopped on this page and can be taken back here.
    pub by_link: bool,
}

#[derive(sqlx::FromRow)]
struct LinkHolderRow {
    organization_id: Uuid,
    name: String,
    channel: String,
    category: String,
    recipient: String,
}

impl Work {
    /// Keeps a person's wish. Said twice it is kept once.
    pub async fn opt_out(&self, wish: &OptOut, now: Millis) -> Result<(), StoreError> {
        again(|| async {
            let mut tx = self.db.begin().await?;
            keep(&mut tx, wish, "person", now).await?;
            tx.commit().await
        })
        .await
    }

    /// Lifts the entries that the same person made on that channel, by STOP or by the link in a message. Entries of a
    /// member or an import stay, and so does a stop inside WhatsApp that the network reported (`marketing`).
    pub async fn opt_in(&self, wish: &OptOut, now: Millis) -> Result<(), StoreError> {
        again(|| self.try_opt_in(wish, now)).await
    }

    async fn try_opt_in(&self, wish: &OptOut, now: Millis) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let own: Vec<(Uuid,)> = tx
            .all(
                "SELECT id FROM suppressions WHERE organization_id = $1 AND phone_key = $2 AND channel = $3
                   AND ((source = 'person' AND category = $4) OR source = 'link') FOR UPDATE",
                args![wish.organization.0, &wish.phone_key, wish.channel.word(), wish.category],
            )
            .await?;
        lift(&mut tx, own, "Wrote START", now).await?;
        tx.commit().await
    }
}

/// What whoever holds the link of a message may do: without an account, for their own number alone.
#[derive(Clone, Debug)]
pub struct OptOuts {
    db: Db,
}

impl Store {
    /// The handle of whoever holds the link of a message.
    pub fn opt_outs(&self) -> OptOuts {
        OptOuts { db: self.db.clone() }
    }
}

impl OptOuts {
    /// To whom that message went; [`StoreError::Missing`] when there is no such message, or its number was erased.
    pub async fn addressee(&self, message: MessageRef) -> Result<LinkHolder, StoreError> {
        let row: LinkHolderRow = self
            .db
            .one(
                "SELECT b.organization_id, o.name, b.channel, b.category, m.recipient
                 FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id JOIN organizations o ON o.id = b.organization_id
                 WHERE m.broadcast_id = $1 AND m.position = $2 AND m.recipient <> ''",
                args![message.broadcast.0, message.position],
            )
            .await?;
        Ok(LinkHolder {
            organization: OrganizationId(row.organization_id),
            organization_name: row.name,
            channel: word("broadcasts", "channel", &row.channel)?,
            category: word("broadcasts", "category", &row.category)?,
            phone: row.recipient,
        })
    }

    /// The opt-out that holds for that number on that channel.
    pub async fn link_state(&self, to: &LinkHolder, phone_key: &str) -> Result<LinkState, StoreError> {
        let rows: Vec<(String, String)> = self
            .db
            .all(
                "SELECT category, source FROM suppressions
                 WHERE organization_id = $1 AND phone_key = $2 AND channel IN ('all', $3)",
                args![to.organization.0, phone_key, to.channel.word()],
            )
            .await?;
        let mut state = LinkState::default();
        for (category, source) in rows {
            state.everything_stopped |= category == ALL;
            state.promotions_stopped |= category == ALL || category == Category::Marketing.word();
            state.by_link |= source == "link";
        }
        Ok(state)
    }

    /// Stops messages as the person asks on the page behind a message: promotions only, or everything on that channel.
    /// The last word holds: promotions only after everything leaves promotions only.
    pub async fn stop_by_link(
        &self,
        to: &LinkHolder,
        phone_key: &str,
        category: Option<Category>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let wish = OptOut {
            organization: to.organization,
            phone_key: phone_key.to_owned(),
            phone: to.phone.clone(),
            channel: to.channel,
            category: category.map_or(ALL, Category::word),
            reason: "Pressed Stop on the page behind a message",
        };
        again(|| self.try_stop_by_link(to, phone_key, &wish, now)).await
    }

    async fn try_stop_by_link(
        &self,
        to: &LinkHolder,
        phone_key: &str,
        wish: &OptOut,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let others: Vec<(Uuid,)> = tx
            .all(
                "SELECT id FROM suppressions WHERE organization_id = $1 AND phone_key = $2 AND channel = $3 AND source = 'link'
                   AND category <> $4 FOR UPDATE",
                args![to.organization.0, phone_key, to.channel.word(), wish.category],
            )
            .await?;
        lift(&mut tx, others, "Chose anew on the page behind a message", now).await?;
        keep(&mut tx, wish, "link", now).await?;
        tx.commit().await
    }

    /// Takes back what was stopped on the page behind a message, and nothing else.
    pub async fn undo_by_link(
        &self,
        to: &LinkHolder,
        phone_key: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        again(|| self.try_undo_by_link(to, phone_key, now)).await
    }

    async fn try_undo_by_link(
        &self,
        to: &LinkHolder,
        phone_key: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let own: Vec<(Uuid,)> = tx
            .all(
                "SELECT id FROM suppressions WHERE organization_id = $1 AND phone_key = $2 AND channel = $3 AND source = 'link'
                 FOR UPDATE",
                args![to.organization.0, phone_key, to.channel.word()],
            )
            .await?;
        lift(&mut tx, own, "Took it back on the page behind a message", now).await?;
        tx.commit().await
    }
}

async fn keep(tx: &mut Tx, wish: &OptOut, source: &str, now: Millis) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO suppressions (id, organization_id, phone_key, phone, channel, category, reason, source, created_by,
                                   created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9) ON CONFLICT DO NOTHING",
        args![
            SuppressionId::new(now).0,
            wish.organization.0,
            &wish.phone_key,
            &wish.phone,
            wish.channel.word(),
            wish.category,
            wish.reason,
            source,
            now
        ],
    )
    .await?;
    Ok(())
}

/// Moves entries to those that were lifted, by the person themselves.
async fn lift(tx: &mut Tx, ids: Vec<(Uuid,)>, why: &str, now: Millis) -> Result<(), StoreError> {
    for (id,) in ids {
        tx.run(
            "INSERT INTO suppressions_lifted (id, organization_id, phone_key, phone, channel, category, reason, source, created_by,
                                              created_at, lifted_by, lift_reason, lifted_at)
             SELECT id, organization_id, phone_key, phone, channel, category, reason, source, created_by, created_at, '', $2, $3
             FROM suppressions WHERE id = $1",
            args![id, why, now],
        )
        .await?;
        tx.run("DELETE FROM suppressions WHERE id = $1", args![id]).await?;
    }
    Ok(())
}
