//! The key of the Admin API that is made for a project: when it is made, rotated and forgotten. Pure.
//!
//! It stands in a Secret that goes with the project, since another key can be made at any time: deleting the Secret is a way to get
//! one. A rotation is asked for by an annotation on the project; the key before stays good for a while.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hanko_model::project::{AdminApi, GENERATED_KEY, GENERATED_KEY_PREVIOUS};
use k8s_openapi::{ByteString, api::core::v1::Secret, jiff::Timestamp};
use kube::ResourceExt;

use crate::{
    labels::{PREVIOUS_KEY_UNTIL, ROTATED_ADMIN_KEY, is_of_project, labels, project_label},
    validate::{Identity, Refusal},
};

/// What begins the text of every key that is made.
const PREFIX: &str = "hk_";

/// What to do with the Secret.
pub(crate) enum Step {
    /// It is as it should be, or should not be and is not.
    Keep,
    /// Make it.
    Make(Entries),
    /// Write these entries in place of those of this version.
    Replace { entries: Entries, version: String },
    /// Delete exactly this one.
    Remove { uid: String },
}

/// The step, what the pods will find in the Secret afterwards, and when there is something to do again.
pub(crate) struct Plan {
    pub(crate) step: Step,
    pub(crate) entries: Option<Entries>,
    pub(crate) again_at: Option<Timestamp>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("again_at", &self.again_at).finish_non_exhaustive()
    }
}

/// What the Secret says. Never printed.
#[derive(Clone, Default, Eq, PartialEq)]
pub(crate) struct Entries {
    pub(crate) key: Option<Vec<u8>>,
    /// The key before.
    pub(crate) previous: Option<Vec<u8>>,
    /// Until when that is good.
    pub(crate) until: Option<String>,
    /// The text that asked for the last rotation.
    pub(crate) rotation: Option<String>,
}

impl Entries {
    fn of(secret: &Secret) -> Self {
        let entry = |name: &str| secret.data.as_ref()?.get(name).map(|value| value.0.clone());
        let note = |name: &str| secret.annotations().get(name).cloned();
        Self {
            key: entry(GENERATED_KEY),
            previous: entry(GENERATED_KEY_PREVIOUS),
            until: note(PREVIOUS_KEY_UNTIL),
            rotation: note(ROTATED_ADMIN_KEY),
        }
    }

    /// The entries by name.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let both = [(GENERATED_KEY, &self.key), (GENERATED_KEY_PREVIOUS, &self.previous)];
        both.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// As the Secret has them.
    pub(crate) fn data(&self) -> BTreeMap<String, ByteString> {
        self.named().map(|(name, value)| (name.to_owned(), ByteString(value.to_vec()))).collect()
    }

    /// As the Secret has them.
    pub(crate) fn annotations(&self) -> BTreeMap<String, String> {
        let notes = [(PREVIOUS_KEY_UNTIL, &self.until), (ROTATED_ADMIN_KEY, &self.rotation)];
        notes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }

    fn until(&self) -> Option<Timestamp> {
        self.until.as_deref()?.parse().ok()
    }
}

/// What the project wishes.
struct Wish {
    /// The text that asks for a rotation, unless there was one for it.
    rotation: Option<String>,
    overlap: Duration,
}

/// `found`: the Secret of the name that the key has, `rotation`: what the project's annotation says, `fresh`: 32 random bytes.
///
/// # Errors
///
/// Somebody else's Secret has the name.
pub(crate) fn plan(
    api: &AdminApi,
    found: Option<&Secret>,
    rotation: Option<&String>,
    project: &Identity,
    fresh: &[u8; 32],
    now: Timestamp,
) -> Result<Plan, Refusal> {
    let ours = found.filter(|secret| is_ours(secret, project));
    let Some(wanted) = &api.generated else {
        let step = ours.map_or(Step::Keep, |secret| Step::Remove { uid: secret.uid().unwrap_or_default() });
        return Ok(Plan { step, entries: None, again_at: None });
    };
    if found.is_some() && ours.is_none() {
        return Err(Refusal::AdminKeyForeign(wanted.secret.clone()));
    }
    let wish = Wish { rotation: rotation.cloned(), overlap: wanted.overlap };
    let before = ours.map(Entries::of);
    let entries = next(before.clone().unwrap_or_default(), &wish, fresh, now);
    let step = match ours {
        None => Step::Make(entries.clone()),
        Some(secret) if before.as_ref() == Some(&entries) && is_whole(secret, project) => Step::Keep,
        Some(secret) => {
            Step::Replace { entries: entries.clone(), version: secret.resource_version().unwrap_or_default() }
        }
    };
    Ok(Plan { step, again_at: entries.until(), entries: Some(entries) })
}

/// What the Secret should say. Nothing changes until something has happened or `until` has come.
fn next(found: Entries, wish: &Wish, fresh: &[u8; 32], now: Timestamp) -> Entries {
    let made = || Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(fresh)).into_bytes());
    let rotation = wish.rotation.clone().or(found.rotation.clone());
    let Some(key) = found.key.clone().filter(|key| is_key(key)) else {
        return Entries { key: made(), rotation, ..Entries::default() };
    };
    let latest = now.saturating_add(wish.overlap).unwrap_or(now);
    let (key, previous, until) = if rotation == found.rotation {
        // An overlap that has become shorter counts at once; a time that somebody has removed begins anew.
        let until = found.until().filter(|until| *until < latest).unwrap_or(latest);
        (Some(key), found.previous, until)
    } else {
        (made(), Some(key), latest)
    };
    let previous = previous.filter(|previous| is_key(previous) && until > now);
    Entries { key, until: previous.is_some().then(|| until.to_string()), previous, rotation }
}

/// Whether the text can be a key at all: a person may have put one of their own there.
fn is_key(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    (32..=256).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
}

/// Made for the project, or owned by it.
fn is_ours(secret: &Secret, project: &Identity) -> bool {
    is_of_project(secret, &project.name) || is_owned(secret, project)
}

fn is_owned(secret: &Secret, project: &Identity) -> bool {
    secret.owner_references().iter().any(|owner| owner.uid == project.uid)
}

/// It has its labels, and goes with the project.
fn is_whole(secret: &Secret, project: &Identity) -> bool {
    let has = |(key, value): (&String, &String)| secret.labels().get(key) == Some(value);
    is_owned(secret, project) && labels(&project_label(&project.name)).iter().all(has)
}

#[cfg(test)]
mod tests;
