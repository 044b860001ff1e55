//! Devices that a user has trusted after a second factor (`spec/flow-login-registration.md` §4.8).
//!
//! The device keeps a cookie with one token for each of its users; the database keeps the token's hash, its user and its
//! expiry.

use aws_lc_rs::digest;
use hanko_domain::{Random, Secret, Timestamp, UserId, secret::constant_time_eq};

use crate::{Evidence, Proof, Subject, base64url};

/// Bytes of a token, and of its text: base64url with padding.
const BYTES: usize = 64;
const CHARACTERS: usize = 88;
/// What is read of a cookie; browsers keep half of that.
const LONGEST_COOKIE: usize = 8 * 1024;
/// More entries of 125 bytes, and the bars between them, would not fit into the 4096 bytes that browsers keep of a cookie.
const MOST_USERS: usize = 30;

/// SHA-256 of a token's text: what is stored and looked up.
pub type TokenHash = [u8; 32];

/// Draws a token for a device and the hash to store.
pub fn issue(random: &Random) -> (Secret<String>, TokenHash) {
    let bytes = Secret::new(random.bytes::<BYTES>());
    let token = Secret::new(format!("{}==", base64url::encode(bytes.expose())));
    let hash = hash(&token);
    (token, hash)
}

/// A row of the database.
#[derive(Clone, Copy, Debug)]
pub struct StoredDevice {
    /// What it was found by.
    pub hash: TokenHash,
    /// Whose trust it is.
    pub user: UserId,
    /// From this moment on the device is a stranger again.
    pub expires_at: Timestamp,
}

/// The cookie of a device, as far as it makes sense: newest first, what is malformed is left out.
#[derive(Clone, Debug, Default)]
pub struct TrustedDevices(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    /// Unknown in the value of old, which was a bare token.
    user: Option<UserId>,
    token: Secret<String>,
}

impl TrustedDevices {
    /// Reads the cookie's value: `user:token`, joined by `|`, or one bare token. At most 8 KiB are looked at.
    pub fn parse(cookie: &Secret<String>) -> Self {
        let bytes = cookie.expose().as_bytes();
        let bytes = bytes.get(..LONGEST_COOKIE).unwrap_or(bytes);
        let is_bare = !bytes.iter().any(|byte| matches!(byte, b':' | b'|'));
        let entries = bytes.split(|byte| *byte == b'|').filter_map(|entry| {
            let entry = std::str::from_utf8(entry).ok()?;
            if is_bare {
                return Some(Entry { user: None, token: token(entry)? });
            }
            let (user, text) = entry.split_once(':')?;
            Some(Entry { user: Some(UserId(user.parse().ok()?)), token: token(text)? })
        });
        Self(entries.collect())
    }

    /// The hashes to look up for this user, newest first.
    pub fn hashes_for(&self, user: UserId) -> Vec<TokenHash> {
        self.of(user).map(|entry| hash(&entry.token)).collect()
    }

    /// The device is trusted by the subject's user. `stored` is the row that one of [`TrustedDevices::hashes_for`] has found in
    /// the subject's tenant.
    pub fn verify(&self, stored: &StoredDevice, subject: Subject, now: Timestamp) -> Option<Proof> {
        let shown = self.of(subject.user).any(|entry| constant_time_eq(&hash(&entry.token), &stored.hash));
        let trusted = shown && stored.user == subject.user && now < stored.expires_at;
        trusted.then(|| Proof::of(subject, Evidence::TrustedDevice, now))
    }

    /// The cookie's new value, with a new token of `user` in front and at most `most_users` entries, and the hashes of the
    /// tokens that are no longer in it: nobody can show them again, their rows are to be deleted (quirk Q29).
    pub fn with(&self, user: UserId, token: &Secret<String>, most_users: u32) -> (Secret<String>, Vec<TokenHash>) {
        let most = usize::try_from(most_users).unwrap_or(MOST_USERS).clamp(1, MOST_USERS);
        let (mut entries, mut dropped) = (vec![format!("{user}:{}", token.expose())], Vec::new());
        let mut users = vec![user];
        for entry in &self.0 {
            match entry.user {
                Some(other) if users.len() < most && !users.contains(&other) => {
                    entries.push(format!("{other}:{}", entry.token.expose()));
                    users.push(other);
                }
                _ => dropped.push(hash(&entry.token)),
            }
        }
        let value = Secret::new(entries.join("|"));
        entries.into_iter().map(Secret::new).for_each(drop); // wipes them
        (value, dropped)
    }

    fn of(&self, user: UserId) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.user.is_none_or(|owner| owner == user))
    }
}

/// Only what [`issue`] could have made.
fn token(text: &str) -> Option<Secret<String>> {
    let is_token = text.len() == CHARACTERS && base64url::decode(text).is_ok_and(|bytes| bytes.len() == BYTES);
    is_token.then(|| Secret::new(text.to_owned()))
}

fn hash(token: &Secret<String>) -> TokenHash {
    let digest = digest::digest(&digest::SHA256, token.expose().as_bytes());
    digest.as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests;
