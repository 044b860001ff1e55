//! Many new users at once, in few statements.

use std::collections::HashSet;

use hanko_domain::{
    CredentialId, EmailAddress, EmailId, Passkey, PasswordId, Secret, TenantId, Timestamp, UserId, Username, UsernameId,
};
use uuid::Uuid;

use crate::{
    StoreError, TenantStore, Unique, Work,
    built::{Bound, Built, Dialect},
    metadata::Metadata,
    otp_secrets::OtpSecret,
    users::User,
};

/// Rows of one statement, so that few texts serve every number of rows, and a database has prepared each of them before.
const ROWS: [usize; 3] = [50, 10, 1];
/// Values that are looked for in one statement.
const LOOKED_FOR: usize = 500;

/// A new user with what belongs to it.
pub struct NewUserRows<'a> {
    /// The user.
    pub user: &'a User,
    /// Its addresses, and whether its owner has proven each.
    pub emails: &'a [(EmailId, EmailAddress, bool)],
    /// Its username.
    pub username: Option<(UsernameId, &'a Username)>,
    /// The hash of its password.
    pub password: Option<NewPassword>,
    /// Its credentials.
    pub passkeys: &'a [Passkey],
    /// Its TOTP secret.
    pub otp: Option<&'a OtpSecret>,
    /// What applications keep about it.
    pub metadata: &'a Metadata,
}

/// A password that was hashed elsewhere.
pub struct NewPassword {
    /// Its id.
    pub id: PasswordId,
    /// The hash in PHC or modular-crypt form.
    pub hash: Secret<String>,
    /// When it was set first.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What only one user can have and somebody may have already.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Ids of users.
    pub users: Vec<UserId>,
    /// Addresses.
    pub emails: Vec<&'a EmailAddress>,
    /// Usernames.
    pub usernames: Vec<&'a Username>,
    /// Ids of credentials.
    pub passkeys: Vec<&'a CredentialId>,
}

/// What of it somebody has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Had {
    /// Ids of users.
    pub users: HashSet<UserId>,
    /// Keys of addresses ([`EmailAddress::key`]).
    pub emails: HashSet<String>,
    /// Keys of usernames ([`Username::key`]).
    pub usernames: HashSet<String>,
    /// Ids of credentials.
    pub passkeys: HashSet<CredentialId>,
}

impl TenantStore {
    /// What of all this somebody has at the moment.
    pub async fn had(&self, wanted: &Wanted<'_>) -> Result<Had, StoreError> {
        let mut had = Had::default();
        for ids in wanted.users.chunks(LOOKED_FOR) {
            let found: Vec<(Uuid,)> =
                fetch_built!(self.store, self.among("users", "id", ids.iter().map(|id| Bound::Id(id.0))))?;
            had.users.extend(found.into_iter().map(|(id,)| UserId(id)));
        }
        for emails in wanted.emails.chunks(LOOKED_FOR) {
            let keys = emails.iter().map(|email| Bound::Text(email.key().to_owned()));
            let found: Vec<(String,)> = fetch_built!(self.store, self.among("emails", "address_key", keys))?;
            had.emails.extend(found.into_iter().map(|(key,)| key));
        }
        for usernames in wanted.usernames.chunks(LOOKED_FOR) {
            let keys = usernames.iter().map(|username| Bound::Text(username.key().to_owned()));
            let found: Vec<(String,)> = fetch_built!(self.store, self.among("usernames", "username_key", keys))?;
            had.usernames.extend(found.into_iter().map(|(key,)| key));
        }
        for passkeys in wanted.passkeys.chunks(LOOKED_FOR) {
            let ids = passkeys.iter().map(|id| Bound::Bytes(id.0.clone()));
            let found: Vec<(Vec<u8>,)> =
                fetch_built!(self.store, self.among("webauthn_credentials", "credential_id", ids))?;
            had.passkeys.extend(found.into_iter().map(|(id,)| CredentialId(id)));
        }
        Ok(had)
    }

    fn among(&self, table: &str, column: &str, values: impl Iterator<Item = Bound>) -> Built {
        let tenant = Bound::Id(self.tenant.0);
        let built = Built::new(&self.store, &format!("SELECT found.{column} FROM ")).unprepared();
        if built.dialect != Dialect::Postgres {
            let built = built.words(&format!("{table} found WHERE found.tenant_id = ")).value(tenant);
            return built.words(&format!(" AND found.{column} IN ")).list(values);
        }
        // While a table grows, its figures make PostgreSQL read all rows of the tenant each time; told so, it looks each value up.
        let mut built = built.words("(VALUES ");
        for (n, value) in values.enumerate() {
            built = built.words(if n == 0 { "" } else { ", " }).list([value]);
        }
        built
            .words(&format!(") wanted (value) CROSS JOIN LATERAL (SELECT {column} FROM {table} WHERE tenant_id = "))
            .value(tenant)
            .words(&format!(" AND {column} = wanted.value LIMIT 1) found"))
    }
}

impl Work {
    /// Adds users, a few statements for all of them. [`StoreError::Taken`] when somebody has an address, a username or a credential of
    /// them, [`StoreError::Conflict`] when somebody has an id.
    pub async fn insert_users(&mut self, users: &[NewUserRows<'_>], now: Timestamp) -> Result<(), StoreError> {
        let is_listed = |rows: &NewUserRows<'_>| !rows.emails.is_empty() || rows.username.is_some();
        let rows = users.iter().map(|rows| {
            let NewUserRows {
                user: User { id, primary_email, created_at, updated_at, last_login_at, profile }, ..
            } = rows;
            vec![
                Bound::Id(id.0),
                Bound::MaybeId(primary_email.map(|id| id.0)),
                Bound::Number(created_at.0),
                Bound::Number(updated_at.0),
                Bound::Flag(is_listed(rows)),
                Bound::MaybeNumber(last_login_at.map(|time| time.0)),
                Bound::MaybeText(profile.name.clone()),
                Bound::MaybeText(profile.given_name.clone()),
                Bound::MaybeText(profile.family_name.clone()),
                Bound::MaybeText(profile.picture.clone()),
            ]
        });
        let columns = "users (tenant_id, id, primary_email_id, created_at, updated_at, listed, last_login_at, name, \
            given_name, family_name, picture)";
        self.insert_rows(columns, rows.collect()).await?;
        let emails = users.iter().flat_map(|rows| rows.emails.iter().map(|email| (rows.user.id, email)));
        let rows = emails.map(|(user, (id, address, verified))| {
            vec![
                Bound::Id(id.0),
                Bound::Id(user.0),
                Bound::Text(address.as_str().to_owned()),
                Bound::Text(address.key().to_owned()),
                Bound::Flag(*verified),
                Bound::Number(now.0),
                Bound::Number(now.0),
            ]
        });
        let columns = "emails (tenant_id, id, user_id, address, address_key, verified, created_at, updated_at)";
        self.insert_unique(Unique::Email, columns, rows.collect()).await?;
        let rows = users.iter().filter_map(|rows| {
            let (id, username) = rows.username?;
            Some(vec![
                Bound::Id(rows.user.id.0),
                Bound::Id(id.0),
                Bound::Text(username.as_str().to_owned()),
                Bound::Text(username.key().to_owned()),
                Bound::Number(now.0),
                Bound::Number(now.0),
            ])
        });
        let columns = "usernames (tenant_id, user_id, id, username, username_key, created_at, updated_at)";
        self.insert_unique(Unique::Username, columns, rows.collect()).await?;
        self.insert_proofs(users, now).await?;
        let listed: Vec<UserId> = users.iter().filter(|rows| is_listed(rows)).map(|rows| rows.user.id).collect();
        if let (Some(last), Ok(count)) = (listed.last(), i64::try_from(listed.len())) {
            self.listed.add(count, *last);
        }
        Ok(())
    }

    async fn insert_proofs(&mut self, users: &[NewUserRows<'_>], now: Timestamp) -> Result<(), StoreError> {
        let rows = users.iter().filter_map(|rows| {
            let password = rows.password.as_ref()?;
            Some(vec![
                Bound::Id(rows.user.id.0),
                Bound::Id(password.id.0),
                Bound::Secret(password.hash.clone()),
                Bound::Number(password.created_at.0),
                Bound::Number(password.updated_at.0),
            ])
        });
        let columns = "passwords (tenant_id, user_id, id, hash, created_at, updated_at)";
        self.insert_rows(columns, rows.collect()).await?;
        let passkeys = users.iter().flat_map(|rows| rows.passkeys).map(|passkey| {
            vec![
                Bound::Bytes(passkey.id.0.clone()),
                Bound::Id(passkey.user.0),
                Bound::Bytes(passkey.user_handle.clone()),
                Bound::Bytes(passkey.public_key.clone()),
                Bound::Text(passkey.rp_id.clone()),
                Bound::Text(passkey.attestation_format.clone()),
                Bound::Id(passkey.aaguid),
                Bound::Number(passkey.counter.into()),
                Bound::Flag(passkey.user_verified),
                Bound::Flag(passkey.backup_eligible),
                Bound::Flag(passkey.backup_state),
                Bound::Json(passkey.transports.clone().into()),
                Bound::MaybeText(passkey.name.clone()),
                Bound::Flag(passkey.mfa_only),
                Bound::Number(passkey.created_at.0),
                Bound::MaybeNumber(passkey.last_used_at.map(|time| time.0)),
            ]
        });
        let columns = "webauthn_credentials (tenant_id, credential_id, user_id, user_handle, public_key, rp_id, \
            attestation_format, aaguid, sign_count, user_verified, backup_eligible, backup_state, transports, name, \
            mfa_only, created_at, last_used_at)";
        self.insert_unique(Unique::Passkey, columns, passkeys.collect()).await?;
        let rows = users.iter().filter_map(|rows| {
            let otp = rows.otp?;
            Some(vec![
                Bound::Id(rows.user.id.0),
                Bound::Id(otp.id.0),
                Bound::Text(otp.sealed.clone()),
                Bound::MaybeNumber(otp.last_step),
                Bound::Number(otp.created_at.0),
                Bound::Number(otp.created_at.0),
            ])
        });
        let columns = "otp_secrets (tenant_id, user_id, id, sealed, last_step, created_at, updated_at)";
        self.insert_rows(columns, rows.collect()).await?;
        let rows = users.iter().filter(|rows| *rows.metadata != Metadata::default()).map(|rows| {
            vec![
                Bound::Id(rows.user.id.0),
                Bound::MaybeText(rows.metadata.public.clone()),
                Bound::MaybeText(rows.metadata.private.clone()),
                Bound::MaybeText(rows.metadata.unsafe_.clone()),
                Bound::Number(now.0),
                Bound::Number(now.0),
            ]
        });
        let columns = "user_metadata (tenant_id, user_id, public_metadata, private_metadata, unsafe_metadata, created_at, \
            updated_at)";
        self.insert_rows(columns, rows.collect()).await
    }

    async fn insert_unique(&mut self, what: Unique, columns: &str, rows: Vec<Vec<Bound>>) -> Result<(), StoreError> {
        match self.insert_rows(columns, rows).await {
            Err(StoreError::Conflict) => Err(StoreError::Taken(what)),
            other => other,
        }
    }

    /// Adds rows, each without its tenant, in statements of as many rows as [`ROWS`] says.
    async fn insert_rows(&mut self, columns: &str, rows: Vec<Vec<Bound>>) -> Result<(), StoreError> {
        let mut rows = rows.into_iter();
        for size in ROWS {
            while rows.len() >= size {
                let built = Built::of(&self.transaction, &format!("INSERT INTO {columns} VALUES "));
                let built = insert(built, self.tenant, rows.by_ref().take(size));
                execute_built!(self, built)?;
            }
        }
        Ok(())
    }
}

fn insert(mut built: Built, tenant: TenantId, rows: impl Iterator<Item = Vec<Bound>>) -> Built {
    let mut before = "";
    for row in rows {
        built = built.words(before).list(std::iter::once(Bound::Id(tenant.0)).chain(row));
        before = ", ";
    }
    built
}
