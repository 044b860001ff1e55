CREATE TABLE usernames (
    tenant_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    username VARCHAR(255) NOT NULL,
    username_key VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT usernames_username_key UNIQUE (tenant_id, username_key),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- `sealed` is the secret encrypted; the conditional write on `last_step` is what makes a code single-use.
CREATE TABLE otp_secrets (
    tenant_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    sealed MEDIUMTEXT NOT NULL,
    last_step BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A device that may leave out the second factor for one user; the token itself is known to the device alone.
CREATE TABLE trusted_devices (
    tenant_id BINARY(16) NOT NULL,
    token_hash BINARY(32) NOT NULL,
    user_id BINARY(16) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX trusted_devices_user ON trusted_devices (tenant_id, user_id);
CREATE INDEX trusted_devices_expires_at ON trusted_devices (expires_at);

-- An event that goes takes its deliveries with it, and goes only when none of them waits.
CREATE INDEX deliveries_event ON deliveries (tenant_id, event_id);
