//! Keys of the Admin API that the database keeps, beside those of the project's files.
//!
//! Nothing here needs more of a tenant than its data, so that a command can make a key while nothing is served.

use std::time::Duration;

use hanko_domain::{ApiKeyId, ApiScope, AuditEntry, AuditKind, Random, RequestMeta, Timestamp, audit::Actor};
use hanko_store::{TenantStore, Work, api_keys::ApiKey};

use super::{AdminError, Outcome, bad_request};
use crate::rest::refusal::{refuse, refuse_saying};

/// How long the value before stays good after a rotation, when nothing is said.
pub const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
/// And at most.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Keys that a tenant can have here. Each call looks one up, and each is a way in.
const MOST: usize = 200;
/// Characters of a name.
const LONGEST_NAME: usize = 63;

/// Where keys are kept, and who changes them.
#[derive(Clone, Copy, Debug)]
pub struct KeyRing<'a> {
    /// Whose keys.
    pub store: &'a TenantStore,
    /// For the ids of rows.
    pub random: &'a Random,
    /// The present moment.
    pub now: Timestamp,
    /// Whether personal data is masked in the audit log.
    pub mask: bool,
    /// The name of the key that asks, or of the command.
    pub by: &'a str,
    /// The circumstances of the request.
    pub request: &'a RequestMeta,
}

/// A key that is about to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What audit rows call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ApiScope>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// SHA-256 of it.
    pub hash: [u8; 32],
}

/// A key and when it was last used.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// The key.
    pub key: ApiKey,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

impl KeyRing<'_> {
    /// All keys, oldest first.
    pub async fn list(self) -> Outcome<Vec<KnownKey>> {
        let uses = self.store.api_key_uses().await?;
        let keys = self.store.api_keys().await?;
        let used = |id: ApiKeyId| uses.iter().find(|(key, _)| *key == id).map(|(_, at)| *at);
        Ok(keys.into_iter().map(|key| KnownKey { last_used_at: used(key.id), key }).collect())
    }

    /// Makes a key. `reserved`: names that others have.
    pub async fn create(self, new: NewKey, reserved: &[&str]) -> Outcome<ApiKey> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if new.name.is_empty() || new.name.len() > LONGEST_NAME || !new.name.chars().all(allowed) {
            return Err(bad_request(format!("name must be 1 to {LONGEST_NAME} lower-case letters, digits and dashes")));
        }
        if new.scopes.is_empty() {
            return Err(bad_request("length of scopes must be greater or equal to 1"));
        }
        if new.expires_at.is_some_and(|end| end <= self.now) {
            return Err(bad_request("expires_at must be in the future"));
        }
        let keys = self.store.api_keys().await?;
        if reserved.contains(&new.name.as_str()) || keys.iter().any(|key| key.name == new.name) {
            return Err(refuse_saying(409, format!("a key with the name {} exists already", new.name)));
        }
        if keys.len() >= MOST {
            return Err(refuse_saying(409, format!("there are {MOST} keys already; revoke some")));
        }
        let key = ApiKey {
            id: ApiKeyId::random(self.random),
            name: new.name,
            scopes: new.scopes,
            created_by: self.by.to_owned(),
            created_at: self.now,
            expires_at: new.expires_at,
            previous_until: None,
        };
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut entry = self.entry(AuditKind::ApiKeyCreated, &key).with("scopes", scopes);
        if let Some(end) = key.expires_at {
            entry = entry.with("expires_at", end.rfc3339());
        }
        let mut work = self.store.begin().await?;
        work.insert_api_key(&key, &new.hash).await?;
        self.record(work, entry).await?;
        Ok(key)
    }

    /// Gives a key another value; the one before stays good for `overlap`.
    pub async fn rotate(self, id: ApiKeyId, hash: &[u8; 32], overlap: Duration) -> Outcome<ApiKey> {
        if overlap > LONGEST_OVERLAP {
            let days = LONGEST_OVERLAP.as_secs() / (24 * 60 * 60);
            return Err(bad_request(format!("overlap_seconds must not be more than {days} days")));
        }
        let until = self.now + overlap;
        let mut key = self.find(id).await?;
        let entry = self.entry(AuditKind::ApiKeyRotated, &key).with("previous_until", until.rfc3339());
        let mut work = self.store.begin().await?;
        if !work.rotate_api_key(id, hash, until).await? {
            work.rollback().await?;
            return Err(unknown());
        }
        self.record(work, entry).await?;
        key.previous_until = Some(until);
        Ok(key)
    }

    /// Ends a key at once.
    pub async fn revoke(self, id: ApiKeyId) -> Outcome<()> {
        let key = self.find(id).await?;
        let entry = self.entry(AuditKind::ApiKeyRevoked, &key);
        let mut work = self.store.begin().await?;
        if !work.delete_api_key(id).await? {
            work.rollback().await?;
            return Err(unknown());
        }
        self.record(work, entry).await
    }

    async fn find(self, id: ApiKeyId) -> Outcome<ApiKey> {
        self.store.api_keys().await?.into_iter().find(|key| key.id == id).ok_or_else(unknown)
    }

    fn entry(self, kind: AuditKind, key: &ApiKey) -> AuditEntry {
        let entry = AuditEntry::new(kind, Actor::none()).by_key(self.by);
        entry.with("key_id", key.id.to_string()).with("name", key.name.as_str())
    }

    async fn record(self, mut work: Work, entry: AuditEntry) -> Outcome<()> {
        hanko_notify::audit::record(&mut work, entry, self.request, self.mask, self.now, self.random).await?;
        Ok(work.commit().await?)
    }
}

fn unknown() -> AdminError {
    refuse(404)
}
