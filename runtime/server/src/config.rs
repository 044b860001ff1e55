//! From files to configurations: documents and the secrets they refer to, read together.
//!
//! A document that cannot be accepted takes none of the others with it: [`load`] returns what can be served and what was
//! refused, and the [`crate::supervisor`] keeps the last good state of the rest.

pub mod documents;
pub mod secrets;

use std::{collections::BTreeSet, path::PathBuf};

use hanko_model::{
    document::Document,
    project::{GENERATED_KEY, GENERATED_KEY_PREVIOUS, Project},
    render::REVISION_ANNOTATION,
    resolve,
    revision::{document_revision, secrets_revision},
};

use self::secrets::{Entries, SecretError, SecretFiles};
use crate::http::admin::keys::Keys;

/// Where the configuration lies and where data goes.
#[derive(Clone, Debug)]
pub struct Sources {
    /// A YAML file, or a folder of them.
    pub documents: PathBuf,
    /// Folder of secret files: `<namespace>/<name>/<key>`.
    pub secrets: PathBuf,
    /// Folder of SQLite files.
    pub data: PathBuf,
}

/// Everything a tenant is made of, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configuration {
    pub(crate) project: Project,
    /// Whether an operator wrote the document, so that nothing may be made up here.
    pub(crate) rendered: bool,
    pub(crate) document_revision: String,
    /// The secrets the document refers to.
    pub(crate) secrets: Entries,
    /// Entries of the key Secret; none on a laptop that has not made its first key yet.
    pub(crate) master_keys: Entries,
    /// Keys of the Admin API that the files give.
    pub(crate) admin_keys: Keys,
}

/// A document or its secrets that were not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refused {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Empty when the document could not be read so far.
    pub(crate) document_revision: String,
    /// What is wrong and what to do; no secret in it.
    pub(crate) reason: String,
}

/// What the files say now.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) configurations: Vec<Configuration>,
    pub(crate) refused: Vec<Refused>,
    /// Fields of rendered documents that this version does not know.
    pub(crate) warnings: BTreeSet<String>,
    /// Why some text could not be read at all: then a project that is absent has not been removed.
    pub(crate) unreadable: Option<String>,
}

impl Configuration {
    /// `<namespace>/<name>`.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.project.namespace, self.project.name)
    }

    /// The revision of the secrets under a master key.
    pub(crate) fn secrets_revision(&self, master_key: &[u8; 32]) -> String {
        let entries =
            self.secrets.iter().map(|((name, key), value)| (name.as_str(), key.as_str(), &value.expose()[..]));
        secrets_revision(master_key, entries)
    }
}

impl Refused {
    /// `<namespace>/<name>`.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Reads everything anew.
pub(crate) fn load(sources: &Sources) -> Loaded {
    let found = documents::read(&sources.documents);
    let mut loaded = Loaded {
        configurations: Vec::new(),
        refused: found.refused,
        warnings: found.warnings,
        unreadable: found.unreadable,
    };
    let secrets = SecretFiles::new(&sources.secrets);
    for document in &found.documents {
        match configuration(document, &secrets) {
            Ok(configuration) => loaded.configurations.push(configuration),
            Err(reason) => loaded.refused.push(Refused {
                namespace: document.namespace.clone(),
                name: document.name.clone(),
                document_revision: revision(document),
                reason,
            }),
        }
    }
    loaded
}

/// The revision the operator wrote, or the same function of what was written by hand.
pub(crate) fn revision(document: &Document) -> String {
    document.annotations.get(REVISION_ANNOTATION).cloned().unwrap_or_else(|| document_revision(document))
}

fn configuration(document: &Document, files: &SecretFiles) -> Result<Configuration, String> {
    let project = resolve(document).map_err(|problems| documents::reasons(&problems.0))?;
    let mut problems = hanko_notify::mail::check(&project);
    problems.extend(hanko_claims::check(&project));
    problems.extend(hanko_metadata::check(&project));
    if !problems.is_empty() {
        return Err(documents::reasons(&problems));
    }
    let mut secrets = Entries::new();
    let mut missing = Vec::new();
    for (name, keys) in project.secret_refs() {
        for key in keys {
            match files.read(&project.namespace, &name, &key) {
                Ok(value) => drop(secrets.insert((name.clone(), key), value)),
                Err(error) => missing.push(error.to_string()),
            }
        }
    }
    let rendered = document.is_rendered();
    let key_secret = &project.keys.master_key_secret;
    let master_keys = match files.read_all(&project.namespace, key_secret) {
        Ok(entries) => entries,
        // A named Secret that is missing is an error, never a reason to make another one.
        Err(SecretError::NoSecret { .. }) if !rendered && !project.keys.named => Entries::new(),
        Err(error) => {
            missing.push(error.to_string());
            Entries::new()
        }
    };
    let mut generated = Entries::new();
    if let Some(key) = &project.admin_api.generated {
        match files.read_all(&project.namespace, &key.secret) {
            Ok(entries) => generated = entries,
            // It may come later; until then its calls are refused and nothing else.
            Err(SecretError::NoSecret { .. }) => {}
            Err(error) => missing.push(error.to_string()),
        }
    }
    if !missing.is_empty() {
        return Err(missing.join("; "));
    }
    let admin_keys = Keys::read(&project, &secrets, &generated).map_err(|faults| faults.join("; "))?;
    // The operator counts these two among the secrets that a pod has to serve.
    generated.retain(|(_, entry), _| [GENERATED_KEY, GENERATED_KEY_PREVIOUS].contains(&entry.as_str()));
    secrets.extend(generated);
    let document_revision = revision(document);
    Ok(Configuration { rendered, document_revision, secrets, master_keys, admin_keys, project })
}
