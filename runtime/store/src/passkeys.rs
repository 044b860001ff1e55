//! WebAuthn credentials in neutral columns, never a library's serialised type (`spec/decisions.md` 21).

use hanko_domain::{CredentialId, Passkey, TenantId, Timestamp, UserId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    Store, StoreError, TenantStore, Unique, Work, batch,
    built::{Bound, Built},
};

statements! {
    OF_USER = "SELECT credential_id, user_id, user_handle, public_key, rp_id, attestation_format, aaguid, sign_count, \
        user_verified, backup_eligible, backup_state, transports, name, mfa_only, created_at, last_used_at \
        FROM webauthn_credentials WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at, credential_id";
    OF_USERS = "SELECT credential_id, user_id, user_handle, public_key, rp_id, attestation_format, aaguid, sign_count, \
        user_verified, backup_eligible, backup_state, transports, name, mfa_only, created_at, last_used_at \
        FROM webauthn_credentials WHERE tenant_id = $1 AND user_id IN \
        ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
        ORDER BY created_at, credential_id";
    BY_ID = "SELECT credential_id, user_id, user_handle, public_key, rp_id, attestation_format, aaguid, sign_count, \
        user_verified, backup_eligible, backup_state, transports, name, mfa_only, created_at, last_used_at \
        FROM webauthn_credentials WHERE tenant_id = $1 AND credential_id = $2";
    INSERT = "INSERT INTO webauthn_credentials (tenant_id, credential_id, user_id, user_handle, public_key, rp_id, \
        attestation_format, aaguid, sign_count, user_verified, backup_eligible, backup_state, transports, name, mfa_only, \
        created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    /// Conditional on the counter that was checked, so that one assertion cannot pass twice (WebAuthn L3 §7.2 step 22).
    USED = "UPDATE webauthn_credentials SET sign_count = $1, user_verified = $2, backup_eligible = $3, backup_state = $4, \
        last_used_at = $5 WHERE tenant_id = $6 AND credential_id = $7 AND sign_count = $8";
    RENAME = "UPDATE webauthn_credentials SET name = $1 WHERE tenant_id = $2 AND credential_id = $3 AND user_id = $4";
    DELETE = "DELETE FROM webauthn_credentials WHERE tenant_id = $1 AND credential_id = $2 AND user_id = $3";
    DELETE_OF_USER = "DELETE FROM webauthn_credentials WHERE tenant_id = $1 AND user_id = $2";
}

type Row = (
    Vec<u8>,
    Uuid,
    Vec<u8>,
    Vec<u8>,
    String,
    String,
    Uuid,
    i64,
    bool,
    bool,
    bool,
    Json<Vec<String>>,
    Option<String>,
    bool,
    i64,
    Option<i64>,
);

fn passkey(row: Row) -> Passkey {
    let (
        id,
        user,
        user_handle,
        public_key,
        rp_id,
        attestation_format,
        aaguid,
        sign_count,
        user_verified,
        eligible,
        backed_up,
        transports,
        name,
        mfa_only,
        created_at,
        last_used_at,
    ) = row;
    Passkey {
        id: CredentialId(id),
        user: UserId(user),
        user_handle,
        public_key,
        rp_id,
        attestation_format,
        aaguid,
        counter: u32::try_from(sign_count).unwrap_or(u32::MAX),
        user_verified,
        backup_eligible: eligible,
        backup_state: backed_up,
        transports: transports.0,
        name,
        mfa_only,
        created_at: Timestamp(created_at),
        last_used_at: last_used_at.map(Timestamp),
    }
}

/// The credentials of at most [`batch::SIZE`] users, oldest first.
pub(crate) async fn of_users(store: &Store, tenant: TenantId, users: &[UserId]) -> Result<Vec<Passkey>, StoreError> {
    let rows: Vec<Row> = on_pool!(&store.pool, OF_USERS, |sql, db| {
        let mut query = sqlx::query_as(sql).bind(tenant.0);
        for user in batch::places(users) {
            query = query.bind(user.0);
        }
        query.fetch_all(db).await
    })?;
    Ok(rows.into_iter().map(passkey).collect())
}

/// The credentials of some users, oldest first.
pub(crate) async fn of_many(store: &Store, tenant: TenantId, users: &[UserId]) -> Result<Vec<Passkey>, StoreError> {
    let select = "SELECT credential_id, user_id, user_handle, public_key, rp_id, attestation_format, aaguid, sign_count, \
        user_verified, backup_eligible, backup_state, transports, name, mfa_only, created_at, last_used_at \
        FROM webauthn_credentials WHERE tenant_id = ";
    let built = Built::new(store, select).value(Bound::Id(tenant.0)).words(" AND user_id IN ");
    let built = built.list(users.iter().map(|user| Bound::Id(user.0))).words(" ORDER BY created_at, credential_id");
    let rows: Vec<Row> = fetch_built!(store, built)?;
    Ok(rows.into_iter().map(passkey).collect())
}

impl TenantStore {
    /// A user's credentials, oldest first.
    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let rows: Vec<Row> = on_pool!(&self.store.pool, OF_USER, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(user.0).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(passkey).collect())
    }

    /// One credential.
    pub async fn passkey(&self, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let row: Option<Row> = on_pool!(&self.store.pool, BY_ID, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(id.0.as_slice()).fetch_optional(db).await
        })?;
        Ok(row.map(passkey))
    }
}

impl Work {
    /// Adds a credential. [`StoreError::Taken`] when its id is taken.
    pub async fn insert_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(passkey.id.0.as_slice())
                .bind(passkey.user.0)
                .bind(passkey.user_handle.as_slice())
                .bind(passkey.public_key.as_slice())
                .bind(passkey.rp_id.as_str())
                .bind(passkey.attestation_format.as_str())
                .bind(passkey.aaguid)
                .bind(i64::from(passkey.counter))
                .bind(passkey.user_verified)
                .bind(passkey.backup_eligible)
                .bind(passkey.backup_state)
                .bind(Json(&passkey.transports))
                .bind(passkey.name.as_deref())
                .bind(passkey.mfa_only)
                .bind(passkey.created_at.0)
                .bind(passkey.last_used_at.map(|time| time.0))
                .execute(db)
                .await
                .map_err(|error| Unique::Passkey.refused(error))?;
        });
        Ok(())
    }

    /// Records an accepted assertion, which has changed `passkey`. `false` when the counter has moved since it was read as
    /// `previous`: somebody else used it meanwhile.
    pub async fn use_passkey(&mut self, passkey: &Passkey, previous: u32, now: Timestamp) -> Result<bool, StoreError> {
        let changed = on_work!(self, USED, |sql, db| {
            sqlx::query(sql)
                .bind(i64::from(passkey.counter))
                .bind(passkey.user_verified)
                .bind(passkey.backup_eligible)
                .bind(passkey.backup_state)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(passkey.id.0.as_slice())
                .bind(i64::from(previous))
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Gives a user's credential another name. `false` when the user has no such credential.
    pub async fn rename_passkey(&mut self, user: UserId, id: &CredentialId, name: &str) -> Result<bool, StoreError> {
        let changed = on_work!(self, RENAME, |sql, db| {
            sqlx::query(sql)
                .bind(name)
                .bind(self.tenant.0)
                .bind(id.0.as_slice())
                .bind(user.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Removes a user's credential. `false` when the user has no such credential.
    pub async fn delete_passkey(&mut self, user: UserId, id: &CredentialId) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(id.0.as_slice()).bind(user.0).execute(db).await?.rows_affected()
        });
        Ok(deleted == 1)
    }

    /// Removes all credentials of a user and says how many.
    pub async fn delete_passkeys_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(on_work!(self, DELETE_OF_USER, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(user.0).execute(db).await?.rows_affected()
        }))
    }
}
