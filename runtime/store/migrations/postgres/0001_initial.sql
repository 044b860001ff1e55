-- Every table names its tenant; times are microseconds since the Unix epoch.
CREATE TABLE schema_min_reader (
    version BIGINT NOT NULL
);
INSERT INTO schema_min_reader (version) VALUES (1);

CREATE TABLE tenants (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    primary_email_id UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE emails (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    verified BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT emails_address_key UNIQUE (tenant_id, address_key),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX emails_user ON emails (tenant_id, user_id);

CREATE TABLE passwords (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    id UUID NOT NULL,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE webauthn_credentials (
    tenant_id UUID NOT NULL,
    credential_id BYTEA NOT NULL,
    user_id UUID NOT NULL,
    user_handle BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    rp_id TEXT NOT NULL,
    attestation_format TEXT NOT NULL,
    aaguid UUID NOT NULL,
    sign_count BIGINT NOT NULL,
    user_verified BOOLEAN NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backup_state BOOLEAN NOT NULL,
    transports JSONB NOT NULL,
    name TEXT,
    mfa_only BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webauthn_credentials_user ON webauthn_credentials (tenant_id, user_id);

-- A run of a flow from its first action on. `data` is sealed; the conditional write on `version` is what makes codes,
-- challenges and CSRF tokens inside it single-use.
CREATE TABLE flows (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    flow TEXT NOT NULL,
    version BIGINT NOT NULL,
    data BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX flows_expires_at ON flows (expires_at);

CREATE TABLE sessions (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    user_agent TEXT,
    ip_address TEXT,
    created_at BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id, created_at);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE signing_keys (
    tenant_id UUID NOT NULL,
    kid UUID NOT NULL,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kid),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

-- `sequence` and `mac` are filled by the sealer that chains the rows.
CREATE TABLE audit_logs (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    type TEXT NOT NULL,
    error TEXT,
    request_id TEXT NOT NULL,
    source_ip TEXT,
    user_agent TEXT,
    actor_user_id UUID,
    actor_email TEXT,
    details JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    sequence BIGINT,
    mac BYTEA,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_logs_created_at ON audit_logs (tenant_id, created_at);
CREATE INDEX audit_logs_actor ON audit_logs (tenant_id, actor_user_id);

CREATE TABLE events (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    type TEXT NOT NULL,
    payload TEXT,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX events_created_at ON events (created_at);

CREATE TABLE deliveries (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    sink TEXT NOT NULL,
    sink_id UUID,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    lease_id UUID,
    leased_until BIGINT,
    expires_at BIGINT NOT NULL,
    last_error TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES events (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX deliveries_due ON deliveries (sink, state, next_attempt_at);
CREATE INDEX deliveries_lease ON deliveries (lease_id);

-- Fixed windows that protect an account; the bucket is a hash of what is limited.
CREATE TABLE limits (
    tenant_id UUID NOT NULL,
    bucket BYTEA NOT NULL,
    used BIGINT NOT NULL,
    window_ends_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, bucket)
);
CREATE INDEX limits_window_ends_at ON limits (window_ends_at);

-- Who does what only one process may do at a time.
CREATE TABLE leases (
    tenant_id UUID NOT NULL,
    name TEXT NOT NULL,
    holder UUID NOT NULL,
    held_until BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
