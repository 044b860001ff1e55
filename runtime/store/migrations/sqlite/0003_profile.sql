-- What applications keep about a user: JSON texts, none of which the store reads.
CREATE TABLE user_metadata (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    public_metadata TEXT,
    private_metadata TEXT,
    unsafe_metadata TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- A token that a client exchanges for a session once; the token itself is known to the client alone.
CREATE TABLE one_time_tokens (
    tenant_id BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    user_id BLOB NOT NULL,
    is_flow BOOLEAN NOT NULL,
    link_user BOOLEAN NOT NULL,
    verifier TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX one_time_tokens_user ON one_time_tokens (tenant_id, user_id);
CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at);
