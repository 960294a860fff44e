//! Which people agreed to promotion, and which must not be contacted. Planning reads both, and the claim reads them again.

/// Which keys of a batch agreed: `$1` organisation, `$2` channel, `$3` category, `@batch` with `phone_key`. For
/// [`AudienceReader::consenting`](crate::audience::AudienceReader::consenting), and within a claim's transaction. An agreement counts
/// while it stands. The person's own later opt-out ends it for good, also when a member lifts that entry; an entry that stands is the
/// business of the suppressions.
pub(crate) const CONSENTING: &str = "SELECT DISTINCT c.phone_key FROM @batch CROSS JOIN consents c
     WHERE c.organization_id = $1 AND c.phone_key = b.phone_key AND c.withdrawn_at IS NULL AND c.channel IN ('all', $2)
       AND c.category = $3
       AND NOT EXISTS (SELECT 1 FROM suppressions_lifted l
                       WHERE l.organization_id = $1 AND l.phone_key = c.phone_key AND l.channel IN ('all', $2)
                         AND l.category IN ('all', $3) AND l.source IN ('person', 'link') AND l.lifted_by <> ''
                         AND l.created_at >= c.given_at)";

/// Which keys of a batch must not be contacted: `$1` organisation, `$2` channel, `$3` category, `@batch` with `phone_key`.
pub(crate) const SUPPRESSED: &str = "SELECT s.phone_key FROM @batch CROSS JOIN suppressions s
     WHERE s.organization_id = $1 AND s.phone_key = b.phone_key AND s.channel IN ('all', $2) AND s.category IN ('all', $3)";
