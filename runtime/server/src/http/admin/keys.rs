//! The keys that a project's files give: those of its manifest and the generated one. Compiled when the files are read; keys of the
//! database are looked up per call.

use hanko_domain::{ApiScope, Secret, Timestamp, secret::constant_time_eq};
use hanko_model::project::{AdminApi, GENERATED_KEY, GENERATED_KEY_NAME, GENERATED_KEY_PREVIOUS, Project};
use hanko_model::spec::ApiScopeSpec;

use super::key;
use crate::config::secrets::{Entries, text};

/// One of them.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Key {
    name: String,
    hash: Secret<[u8; 32]>,
    scopes: Vec<ApiScope>,
    expires_at: Option<Timestamp>,
}

/// All of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    /// From what was read: `secrets` of the manifest's references, `generated` the whole Secret of the generated key, empty while there
    /// is none. Otherwise what is wrong, with the field or the Secret and what to do.
    pub(crate) fn read(project: &Project, secrets: &Entries, generated: &Entries) -> Result<Self, Vec<String>> {
        let AdminApi { keys: own, generated: made, .. } = &project.admin_api;
        let (mut keys, mut faults) = (Vec::new(), Vec::new());
        for own in own {
            let scopes = own.scopes.iter().filter_map(|scope| ApiScope::parse(ApiScopeSpec::as_str(*scope))).collect();
            let expires_at = own.expires_at.map(Timestamp::from_seconds);
            match checked(secrets, &own.key_ref.name, &own.key_ref.key) {
                Ok(hash) => keys.push(Key { name: own.name.clone(), hash, scopes, expires_at }),
                Err(fault) => faults.push(format!("spec.adminApi.keys[{}].keyRef: {fault}", own.name)),
            }
        }
        let secret = made.as_ref().map(|made| made.secret.as_str()).unwrap_or_default();
        for entry in [GENERATED_KEY, GENERATED_KEY_PREVIOUS] {
            if !generated.contains_key(&(secret.to_owned(), entry.to_owned())) {
                continue;
            }
            match checked(generated, secret, entry) {
                Ok(hash) => keys.push(Key::generated(hash)),
                Err(fault) => faults.push(format!("key `{entry}` of Secret `{secret}`: {fault}")),
            }
        }
        if faults.is_empty() { Ok(Self(keys)) } else { Err(faults) }
    }

    /// Whether there is a generated key.
    pub(crate) fn has_generated(&self) -> bool {
        self.0.iter().any(|key| key.name == GENERATED_KEY_NAME)
    }

    /// Adds a generated key.
    pub(crate) fn add_generated(&mut self, key: &Secret<String>) {
        self.0.push(Key::generated(Secret::new(key::hash(key.expose()))));
    }

    /// Name and rights of the key with this hash, unless it has expired. Takes as long for every hash.
    pub(crate) fn find(&self, hash: &[u8; 32], now: Timestamp) -> Option<(&str, &[ApiScope])> {
        let mut found = None;
        for key in &self.0 {
            if constant_time_eq(key.hash.expose(), hash) && key.expires_at.is_none_or(|end| now < end) {
                found = Some((key.name.as_str(), key.scopes.as_slice()));
            }
        }
        found
    }
}

impl Key {
    fn generated(hash: Secret<[u8; 32]>) -> Self {
        Self { name: GENERATED_KEY_NAME.into(), hash, scopes: vec![ApiScope::All], expires_at: None }
    }
}

fn checked(entries: &Entries, name: &str, entry: &str) -> Result<Secret<[u8; 32]>, String> {
    let text = text(entries, name, entry).map_err(|error| error.to_string())?;
    key::fault(text.expose()).map_or_else(|| Ok(Secret::new(key::hash(text.expose()))), |fault| Err(fault.to_owned()))
}
