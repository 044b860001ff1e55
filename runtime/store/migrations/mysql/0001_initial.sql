-- Every table names its tenant; times are microseconds since the Unix epoch.
CREATE TABLE schema_min_reader (
    version BIGINT NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO schema_min_reader (version) VALUES (1);

CREATE TABLE tenants (
    id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE users (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    primary_email_id BINARY(16),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE emails (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    address VARCHAR(255) NOT NULL,
    address_key VARCHAR(255) NOT NULL,
    verified BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT emails_address_key UNIQUE (tenant_id, address_key),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX emails_user ON emails (tenant_id, user_id);

CREATE TABLE passwords (
    tenant_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    hash MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE webauthn_credentials (
    tenant_id BINARY(16) NOT NULL,
    credential_id VARBINARY(1023) NOT NULL,
    user_id BINARY(16) NOT NULL,
    user_handle MEDIUMBLOB NOT NULL,
    public_key MEDIUMBLOB NOT NULL,
    rp_id VARCHAR(255) NOT NULL,
    attestation_format VARCHAR(255) NOT NULL,
    aaguid BINARY(16) NOT NULL,
    sign_count BIGINT NOT NULL,
    user_verified BOOLEAN NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backup_state BOOLEAN NOT NULL,
    transports LONGTEXT NOT NULL,
    name VARCHAR(255),
    mfa_only BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX webauthn_credentials_user ON webauthn_credentials (tenant_id, user_id);

-- A run of a flow from its first action on. `data` is sealed; the conditional write on `version` is what makes codes,
-- challenges and CSRF tokens inside it single-use.
CREATE TABLE flows (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    flow VARCHAR(64) NOT NULL,
    version BIGINT NOT NULL,
    data MEDIUMBLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX flows_expires_at ON flows (expires_at);

CREATE TABLE sessions (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    user_agent MEDIUMTEXT,
    ip_address VARCHAR(64),
    created_at BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX sessions_user ON sessions (tenant_id, user_id, created_at);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE signing_keys (
    tenant_id BINARY(16) NOT NULL,
    kid BINARY(16) NOT NULL,
    algorithm VARCHAR(64) NOT NULL,
    state VARCHAR(64) NOT NULL,
    sealed MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kid),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `sequence` and `mac` are filled by the sealer that chains the rows.
CREATE TABLE audit_logs (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    type VARCHAR(64) NOT NULL,
    error MEDIUMTEXT,
    request_id VARCHAR(255) NOT NULL,
    source_ip VARCHAR(64),
    user_agent MEDIUMTEXT,
    actor_user_id BINARY(16),
    actor_email VARCHAR(255),
    details LONGTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sequence BIGINT,
    mac MEDIUMBLOB,
    PRIMARY KEY (tenant_id, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX audit_logs_created_at ON audit_logs (tenant_id, created_at);
CREATE INDEX audit_logs_actor ON audit_logs (tenant_id, actor_user_id);

CREATE TABLE events (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    type VARCHAR(64) NOT NULL,
    payload MEDIUMTEXT,
    request_id VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX events_created_at ON events (created_at);

CREATE TABLE deliveries (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    event_id BINARY(16) NOT NULL,
    sink VARCHAR(64) NOT NULL,
    sink_id BINARY(16),
    state VARCHAR(64) NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    lease_id BINARY(16),
    leased_until BIGINT,
    expires_at BIGINT NOT NULL,
    last_error MEDIUMTEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES events (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX deliveries_due ON deliveries (sink, state, next_attempt_at);
CREATE INDEX deliveries_lease ON deliveries (lease_id);

-- Fixed windows that protect an account; the bucket is a hash of what is limited.
CREATE TABLE limits (
    tenant_id BINARY(16) NOT NULL,
    bucket BINARY(32) NOT NULL,
    used BIGINT NOT NULL,
    window_ends_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, bucket)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX limits_window_ends_at ON limits (window_ends_at);

-- Who does what only one process may do at a time.
CREATE TABLE leases (
    tenant_id BINARY(16) NOT NULL,
    name VARCHAR(64) NOT NULL,
    holder BINARY(16) NOT NULL,
    held_until BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
