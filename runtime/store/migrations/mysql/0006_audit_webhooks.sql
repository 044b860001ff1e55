-- Which key of the Admin API did it, whom it was done to, and which master key's MAC stands in `mac`.
ALTER TABLE audit_logs ADD COLUMN actor_api_key VARCHAR(255);
ALTER TABLE audit_logs ADD COLUMN subject_user_id BINARY(16);
ALTER TABLE audit_logs ADD COLUMN mac_key VARCHAR(64);
CREATE INDEX audit_logs_newest ON audit_logs (tenant_id, created_at, id);
DROP INDEX audit_logs_created_at ON audit_logs;
CREATE INDEX audit_logs_sequence ON audit_logs (tenant_id, sequence, id);
CREATE INDEX audit_logs_subject ON audit_logs (tenant_id, subject_user_id);

-- The ends of a tenant's chain: up to where rows are sealed (head), and up to where they were removed (floor).
CREATE TABLE audit_checkpoints (
    tenant_id BINARY(16) NOT NULL,
    kind VARCHAR(64) NOT NULL,
    sequence BIGINT NOT NULL,
    mac MEDIUMBLOB NOT NULL,
    mac_key VARCHAR(64) NOT NULL,
    seal MEDIUMBLOB NOT NULL,
    seal_key VARCHAR(64) NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Receivers of events, beside those of the manifest.
CREATE TABLE webhooks (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    callback VARCHAR(2048) NOT NULL,
    enabled BOOLEAN NOT NULL,
    failures INTEGER NOT NULL,
    expires_at BIGINT NOT NULL,
    sealed_secret MEDIUMTEXT NOT NULL,
    previous_sealed_secret MEDIUMTEXT,
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE webhook_events (
    tenant_id BINARY(16) NOT NULL,
    webhook_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    event VARCHAR(64) NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_events_event UNIQUE (tenant_id, webhook_id, event),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

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
