-- `listed`: has an address or a username. Users without either are known by their id alone and appear in no list.
ALTER TABLE users ADD COLUMN listed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN last_login_at BIGINT;
ALTER TABLE users ADD COLUMN name TEXT;
ALTER TABLE users ADD COLUMN given_name TEXT;
ALTER TABLE users ADD COLUMN family_name TEXT;
ALTER TABLE users ADD COLUMN picture TEXT;
UPDATE users SET listed = TRUE
WHERE EXISTS (SELECT 1 FROM emails e WHERE e.tenant_id = users.tenant_id AND e.user_id = users.id)
   OR EXISTS (SELECT 1 FROM usernames n WHERE n.tenant_id = users.tenant_id AND n.user_id = users.id);
CREATE INDEX users_listed ON users (tenant_id, listed, created_at, id);
CREATE INDEX users_last_login_at ON users (tenant_id, last_login_at);

-- How many users of a tenant are listed: the sum of its shards, so that few who count wait for each other. A shard by itself means
-- nothing and may be negative. `moved` tells whether the users are still in the places they had.
CREATE TABLE user_counts (
    tenant_id UUID NOT NULL,
    shard INTEGER NOT NULL,
    listed BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, shard)
);
INSERT INTO user_counts (tenant_id, shard, listed, moved)
SELECT tenant_id, 0, COUNT(*), 0 FROM users WHERE listed GROUP BY tenant_id;

-- Keys of the Admin API; the keys themselves are known to their holders alone. The previous one works until `previous_until`.
CREATE TABLE api_keys (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    previous_hash BYTEA,
    previous_until BIGINT,
    scopes TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT api_keys_hash UNIQUE (tenant_id, hash),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX api_keys_previous_hash ON api_keys (tenant_id, previous_hash);

-- When a key was last seen: of its own, so that nobody who reads the keys waits for it.
CREATE TABLE api_key_uses (
    tenant_id UUID NOT NULL,
    key_id UUID NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
);

-- Substrings of addresses and usernames. Without the extension, or the right to make it, they are found by reading all of them.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX emails_address_key_trigrams ON emails USING gin (address_key gin_trgm_ops);
    CREATE INDEX usernames_username_key_trigrams ON usernames USING gin (username_key gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'search by a part of an address or username will be slow: %', SQLERRM;
END
$$;

-- Metadata to search in. `jsonb` has no NUL, which is written as U+FFFD; what is no JSON at all is stored and not found. It is not
-- PARALLEL SAFE: what catches errors cannot run in a parallel plan.
CREATE FUNCTION hanko_metadata(metadata text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN pg_catalog.regexp_replace(metadata, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g')::pg_catalog.jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
CREATE INDEX user_metadata_public ON user_metadata USING gin (hanko_metadata(public_metadata) jsonb_path_ops);
CREATE INDEX user_metadata_private ON user_metadata USING gin (hanko_metadata(private_metadata) jsonb_path_ops);
CREATE INDEX user_metadata_unsafe ON user_metadata USING gin (hanko_metadata(unsafe_metadata) jsonb_path_ops);
