//! How well somebody was told, and whether they belong to an audience, as conditions of statements. One text for all,
//! so that what is counted and what is planned cannot drift.

/// How well a number was told a purpose: the best of its messages. Nothing when there is none that left or may leave.
/// Parameters: workshop `$1`, purpose `$2`, the broadcast that is not looked at `$3`, and the moment before which a
/// receipt was due `$4`.
///
/// 1 failed · 2 handed over before that moment · 3 since · 4 delivered, of what was handed over before it · 5 since · 6
/// read · 7 unknown · 9 still to go. One look-up in `messages_recipient` for each broadcast of the purpose.
macro_rules! best {
    () => {
        "(SELECT MAX(CASE m.state WHEN 'failed' THEN 1 WHEN 'sent' THEN CASE WHEN COALESCE(m.sent_at, 0) <= $4 THEN 2 ELSE 3 END
                                   WHEN 'delivered' THEN CASE WHEN COALESCE(m.sent_at, 0) <= $4 THEN 4 ELSE 5 END
                                   WHEN 'read' THEN 6 WHEN 'unknown' THEN 7 ELSE 9 END)
          FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
          WHERE o.workshop_id = $1 AND o.purpose = $2 AND o.id <> $3 AND m.recipient = r.phone AND m.planned
            AND m.state NOT IN ('skipped', 'expired', 'cancelled') AND NOT (o.status = 'cancelled' AND m.state = 'waiting')
            AND r.phone <> '')"
    };
}

/// Whether a step told somebody already, at first or late; or, from `$14` on, a broadcast of no step. The step's row is
/// `$13`.
macro_rules! told_by_step {
    () => {
        "EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                 WHERE o.workshop_id = $1 AND o.purpose = $2 AND o.id <> $3 AND m.recipient = r.phone AND m.planned
                   AND m.state NOT IN ('skipped', 'expired', 'cancelled') AND NOT (o.status = 'cancelled' AND m.state = 'waiting')
                   AND r.phone <> '' AND (o.plan_row_id = $13 OR (o.plan_row_id IS NULL AND o.starts_at >= $14)))"
    };
}

/// Whether a ladder `$19` reached somebody: a message of it arrived, or their phone got a post of it, or a message by
/// hand for the same purpose arrived, from `$20` on.
macro_rules! proven_by_ladder {
    () => {
        "(EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                  WHERE o.workshop_id = $1 AND (o.ladder = $19 OR (o.plan_row_id IS NULL AND o.purpose = $2 AND o.starts_at >= $20))
                    AND m.recipient = r.phone AND r.phone <> '' AND m.planned AND m.state IN ('delivered', 'read'))
          OR EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id AND m.group_id IS NOT NULL
                     JOIN member_receipts s ON s.broadcast_id = m.broadcast_id AND s.position = m.position
                     WHERE o.workshop_id = $1 AND o.ladder = $19 AND s.person = r.phone AND r.phone <> ''))"
    };
}

/// Whether somebody belongs to the audience: its word `$6`, and what it names: instant as an id `$7`, broadcast or tag
/// `$8`, state `$9`, reason `$10`, source `$11`, channel `$17` and since when `$18`. Of a step (`$12`) nobody whom it
/// told, and only who came after `$15` and not after `$16`, at first or back again; of a rung of the ladder `$19` nobody whom
/// anything proves to have been reached since `$20`.
macro_rules! belongs {
    () => {
        concat!(
            "(((r.id > $15 AND r.id <= $16) OR (r.back_id > $15 AND r.back_id <= $16)) AND NOT ($12 AND ",
            told_by_step!(),
            ") AND NOT ($19 <> '' AND ",
            proven_by_ladder!(),
            ") AND CASE $6
                WHEN 'registered' THEN TRUE
                WHEN 'not_told' THEN COALESCE(",
            best!(),
            ", 0) = 0
                WHEN 'failed' THEN COALESCE(",
            best!(),
            ", 0) = 1
                WHEN 'no_receipt' THEN COALESCE(",
            best!(),
            ", 0) = 2
                WHEN 'not_read' THEN COALESCE(",
            best!(),
            ", 0) IN (2, 4)
                WHEN 'since' THEN (r.id > $7 OR (r.back_id > $7 AND COALESCE(",
            best!(),
            ", 0) = 0))
                WHEN 'of' THEN r.id IN (SELECT m.registrant_id FROM messages m
                                        WHERE m.broadcast_id = $8 AND m.state = $9 AND ($10 = '' OR m.reason = $10))
                WHEN 'no_group' THEN ",
            members_known!("$1"),
            " AND NOT ",
            in_a_group!("$1", "$5"),
            "
                WHEN 'left_group' THEN ",
            left_a_group!("$1", "$5"),
            " AND NOT ",
            in_a_group!("$1", "$5"),
            "
                WHEN 'source' THEN $11 IN (r.source, r.came_from)
                WHEN 'opened' THEN EXISTS (SELECT 1 FROM join_links j
                                           WHERE j.workshop_id = $1 AND j.registrant_id = r.id AND j.opened_at IS NOT NULL)
                WHEN 'not_opened' THEN NOT EXISTS (SELECT 1 FROM join_links j
                                                   WHERE j.workshop_id = $1 AND j.registrant_id = r.id AND j.opened_at IS NOT NULL)
                WHEN 'not_reached' THEN NOT EXISTS (SELECT 1 FROM broadcasts o JOIN messages m ON m.broadcast_id = o.id
                                                    WHERE o.workshop_id = $1 AND o.purpose = $2 AND o.channel = $17 AND o.starts_at >= $18
                                                      AND m.recipient = r.phone AND r.phone <> '' AND m.planned
                                                      AND m.state IN ('delivered', 'read'))
                WHEN 'tag' THEN r.phone IN (SELECT x.phone FROM workshops w JOIN @registrants x ON x.workshop_id = w.id
                                            WHERE w.organization_id = $5 AND w.tag_id = $8 AND w.id <> $1
                                              AND x.status = 'registered' AND x.phone <> '')
                WHEN 'attended' THEN r.id IN (SELECT a.registrant_id FROM attendance a WHERE a.workshop_id = $1)
                WHEN 'left_early' THEN r.id IN (SELECT a.registrant_id FROM attendance a WHERE a.workshop_id = $1 AND a.left_early)
                WHEN 'another_date' THEN EXISTS (SELECT 1 FROM broadcasts o JOIN calls c ON c.broadcast_id = o.id
                                                 JOIN messages m ON m.broadcast_id = c.broadcast_id AND m.position = c.position
                                                 WHERE o.workshop_id = $1 AND o.channel = 'ivr' AND c.action = 'another_date'
                                                   AND m.recipient = r.phone AND r.phone <> '')
                WHEN 'absent' THEN r.id NOT IN (SELECT a.registrant_id FROM attendance a WHERE a.workshop_id = $1)
                               AND EXISTS (SELECT 1 FROM attendance_reports p JOIN workshops w ON w.id = p.workshop_id
                                           WHERE p.workshop_id = $1 AND ",
            registered_in_time!(),
            ") AND ",
            not_erased!(),
            "
                ELSE FALSE END)"
        )
    };
}
