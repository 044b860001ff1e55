//! Which secrets a project reads. Only names: values never pass through this crate's types.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    project::{Database, Project},
    spec::SecretKeyRef,
};

/// What the id of a master key looks like, for messages.
pub const MASTER_KEY_ID: &str = "1 to 32 lower-case letters, digits and dashes";

/// Whether an entry of the master-key Secret names a key. The id that sorts last seals new values.
pub fn is_master_key_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl Project {
    /// Secrets and their keys that the runtime reads, without the two Secrets that are read as a whole: the master keys'
    /// ([`crate::project::Keys::master_key_secret`]), and the generated key's of the Admin API
    /// ([`crate::project::GeneratedKey::secret`]), which may be missing.
    pub fn secret_refs(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut refs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for SecretKeyRef { name, key } in self.all_refs() {
            refs.entry(name.clone()).or_default().insert(key.clone());
        }
        refs
    }

    fn all_refs(&self) -> impl Iterator<Item = &SecretKeyRef> {
        let database = match &self.database {
            Database::Postgres { url_ref, .. } => Some(url_ref),
            Database::Sqlite { .. } => None,
        };
        let mail = self.mail.iter().flat_map(|mail| {
            let credentials = mail.credentials.iter().flat_map(|both| [&both.username, &both.password]);
            credentials.chain(&mail.ca_ref)
        });
        let admin_keys = self.admin_api.keys.iter().map(|key| &key.key_ref);
        let hooks = self.webhooks.hooks.iter().filter_map(|hook| hook.secret_ref.as_ref());
        database.into_iter().chain(mail).chain(&self.settings.rate_limiter.redis).chain(admin_keys).chain(hooks)
    }
}
