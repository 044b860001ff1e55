-- Which key of the Admin API did it, whom it was done to, and which master key's MAC stands in `mac`.
ALTER TABLE audit_logs ADD COLUMN actor_api_key TEXT;
ALTER TABLE audit_logs ADD COLUMN subject_user_id BLOB;
ALTER TABLE audit_logs ADD COLUMN mac_key TEXT;
CREATE INDEX audit_logs_newest ON audit_logs (tenant_id, created_at, id);
DROP INDEX audit_logs_created_at;
CREATE INDEX audit_logs_sequence ON audit_logs (tenant_id, sequence, id);
CREATE INDEX audit_logs_subject ON audit_logs (tenant_id, subject_user_id);

-- The ends of a tenant's chain: up to where rows are sealed (head), and up to where they were removed (floor).
CREATE TABLE audit_checkpoints (
    tenant_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    mac BLOB NOT NULL,
    mac_key TEXT NOT NULL,
    seal BLOB NOT NULL,
    seal_key TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);

-- Receivers of events, beside those of the manifest.
CREATE TABLE webhooks (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    callback TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    failures INTEGER NOT NULL,
    expires_at BIGINT NOT NULL,
    sealed_secret TEXT NOT NULL,
    previous_sealed_secret TEXT,
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE webhook_events (
    tenant_id BLOB NOT NULL,
    webhook_id BLOB NOT NULL,
    id BLOB NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_events_event UNIQUE (tenant_id, webhook_id, event),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);

-- Whether the receivers of an event have their deliveries. Until now an event had none but a mail's.
ALTER TABLE events ADD COLUMN fanned_out BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE events ADD COLUMN expires_at BIGINT;
UPDATE events SET fanned_out = TRUE;
CREATE INDEX events_fanned_out ON events (fanned_out, tenant_id, id);
CREATE INDEX events_expires_at ON events (expires_at);

-- What became of a delivery, for whoever asks why nothing arrived.
ALTER TABLE deliveries ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN last_attempt_at BIGINT;
ALTER TABLE deliveries ADD COLUMN finished_at BIGINT;
ALTER TABLE deliveries ADD COLUMN last_status INTEGER;
CREATE INDEX deliveries_receiver ON deliveries (tenant_id, sink_id, state, next_attempt_at);
