-- The RP ID a tenant was last served under: passkeys and security keys that were made for another one sign nobody in.
CREATE TABLE relying_parties (
    tenant_id BINARY(16) NOT NULL PRIMARY KEY,
    rp_id VARCHAR(255) NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Until now nothing has said so but the newest credential.
INSERT INTO relying_parties (tenant_id, rp_id)
SELECT t.id, (SELECT c.rp_id FROM webauthn_credentials c WHERE c.tenant_id = t.id ORDER BY c.created_at DESC, c.credential_id LIMIT 1)
FROM tenants t WHERE EXISTS (SELECT 1 FROM webauthn_credentials c WHERE c.tenant_id = t.id);

CREATE INDEX webauthn_credentials_rp_id ON webauthn_credentials (tenant_id, rp_id, mfa_only);
