-- What needs a person goes out to chosen members: by e-mail, by a post to an address, by WhatsApp or SMS. Each matter is told once, however
-- many processes look: of one matter that is not settled there is one row. What is to go out stands in `alert_sends` before any byte of it
-- leaves, so that a process that is killed leaves a doubt and never a second message.
CREATE TABLE alert_settings (
    organization_id UUID PRIMARY KEY,
    from_minute BIGINT NOT NULL,
    until_minute BIGINT NOT NULL,
    webhook_url TEXT NOT NULL,
    -- The webhook's secret is derived from the installation's key and this number.
    webhook_nth BIGINT NOT NULL,
    whatsapp_template UUID,
    sms_template UUID
);
CREATE TABLE alert_members (
    organization_id UUID NOT NULL,
    user_id UUID NOT NULL,
    by_mail BOOLEAN NOT NULL,
    by_whatsapp BOOLEAN NOT NULL,
    by_sms BOOLEAN NOT NULL,
    phone TEXT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE TABLE alerts (
    id UUID PRIMARY KEY,
    organization_id UUID NOT NULL,
    matter TEXT NOT NULL,
    title TEXT NOT NULL,
    why TEXT NOT NULL,
    short TEXT NOT NULL,
    n BIGINT NOT NULL,
    account_id UUID,
    urgent BOOLEAN NOT NULL,
    raised_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    -- 0 while it stands.
    settled_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_open ON alerts (organization_id, matter) WHERE settled_at = 0;
CREATE INDEX alerts_newest ON alerts (organization_id, id);
CREATE TABLE alert_sends (
    alert_id UUID NOT NULL,
    way TEXT NOT NULL,
    -- Nil for the webhook.
    user_id UUID NOT NULL,
    organization_id UUID NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    worker_id UUID,
    claimed_until BIGINT NOT NULL,
    -- The account that the last try went by.
    account_id UUID,
    said TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (alert_id, way, user_id)
);
CREATE INDEX alert_sends_open ON alert_sends (next_at, alert_id) WHERE state IN ('waiting', 'sending');
CREATE INDEX alert_sends_member ON alert_sends (organization_id, user_id, way, changed_at);
