-- `listed`: has an address or a username. Users without either are known by their id alone and appear in no list.
ALTER TABLE users ADD COLUMN listed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN last_login_at BIGINT;
ALTER TABLE users ADD COLUMN name VARCHAR(255);
ALTER TABLE users ADD COLUMN given_name VARCHAR(255);
ALTER TABLE users ADD COLUMN family_name VARCHAR(255);
ALTER TABLE users ADD COLUMN picture VARCHAR(2048);
UPDATE users SET listed = TRUE
WHERE EXISTS (SELECT 1 FROM emails e WHERE e.tenant_id = users.tenant_id AND e.user_id = users.id)
   OR EXISTS (SELECT 1 FROM usernames n WHERE n.tenant_id = users.tenant_id AND n.user_id = users.id);
CREATE INDEX users_listed ON users (tenant_id, listed, created_at, id);
CREATE INDEX users_last_login_at ON users (tenant_id, last_login_at);

-- How many users of a tenant are listed: the sum of its shards, so that few who count wait for each other. A shard by itself means
-- nothing and may be negative. `moved` tells whether the users are still in the places they had.
CREATE TABLE user_counts (
    tenant_id BINARY(16) NOT NULL,
    shard SMALLINT NOT NULL,
    listed BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, shard)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO user_counts (tenant_id, shard, listed, moved)
SELECT tenant_id, 0, COUNT(*), 0 FROM users WHERE listed GROUP BY tenant_id;

-- Keys of the Admin API; the keys themselves are known to their holders alone. The previous one works until `previous_until`.
CREATE TABLE api_keys (
    tenant_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    name VARCHAR(255) NOT NULL,
    hash BINARY(32) NOT NULL,
    previous_hash BINARY(32),
    previous_until BIGINT,
    scopes VARCHAR(255) NOT NULL,
    created_by VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT api_keys_hash UNIQUE (tenant_id, hash),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX api_keys_previous_hash ON api_keys (tenant_id, previous_hash);

-- When a key was last seen: of its own, so that nobody who reads the keys waits for it.
CREATE TABLE api_key_uses (
    tenant_id BINARY(16) NOT NULL,
    key_id BINARY(16) NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
