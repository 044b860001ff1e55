//! Passwords: Argon2id for everything new, bcrypt and Firebase's scrypt where they were imported (`spec/flow-login-registration.md` §4.5,
//! `spec/decisions.md` 5, 12, 25).
//!
//! A hash costs 19 MiB and about 20 ms of a core, whatever the answer: an unknown user, an account without a password and a
//! text that is too long cost the same as a wrong password. How many run at once is bounded, see `bounded`.

mod bounded;
mod firebase;
mod formats;
mod import;

use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use hanko_domain::{Random, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

pub use self::import::ImportError;
use self::{
    bounded::Bounded,
    formats::{Match, Memory, StoredHash},
};
use crate::{Evidence, Proof, Subject};

/// Longest password in bytes, after normalisation. Longer ones are refused, never cut.
pub const MAX_BYTES: usize = 72;

/// A login waits at least so long for its turn (`spec/decisions.md` 25).
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A password that may be set: normalised (NFC, as RFC 8265 OpaqueString wants), neither too short nor too long.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret<String>);

/// Why a password may not be set.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Unacceptable {
    /// Fewer characters than the project wants.
    #[error("the password must have at least {minimum} characters")]
    TooShort {
        /// Characters.
        minimum: usize,
    },
    /// More than [`MAX_BYTES`].
    #[error("the password must not be longer than {maximum} bytes")]
    TooLong {
        /// Bytes in UTF-8.
        maximum: usize,
    },
}

impl NewPassword {
    /// Takes a text as it was typed; blanks are part of it. `minimum` counts characters.
    pub fn parse(text: &Secret<String>, minimum: usize) -> Result<Self, Unacceptable> {
        let normal = Secret::new(text.expose().nfc().collect::<String>());
        if normal.expose().len() > MAX_BYTES {
            return Err(Unacceptable::TooLong { maximum: MAX_BYTES });
        }
        if normal.expose().chars().count() < minimum {
            return Err(Unacceptable::TooShort { minimum });
        }
        Ok(Self(normal))
    }
}

/// A stored password: a PHC string (`$argon2id$…`), or bcrypt (`$2a$…`) and Firebase's scrypt (`$fbscrypt$…`)
/// where they were imported.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// From the database.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// For the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum HashError {
    /// The turn did not come in time: 503 with `Retry-After`, never 401.
    #[error("too many passwords are being checked; try again in a few seconds")]
    Busy,
    /// The stored text is none that can be verified here; for the client it is a wrong password.
    #[error(
        "the stored password hash has an unknown format or an unacceptable cost; the user has to reset the password"
    )]
    UnknownFormat,
}

/// A password was right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// For the session.
    pub proof: Proof,
    /// The stored hash is not what would be made today: hash the password again and store that.
    pub needs_rehash: bool,
}

/// Hashes and verifies passwords. Clones share one bound; a process has one.
#[derive(Clone, Debug)]
pub struct Hasher {
    bounded: Arc<Bounded<Memory>>,
    random: Random,
}

/// How busy a [`Hasher`] is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Queue {
    /// Who waits for a turn.
    pub waiting: usize,
    /// Hashes that are being computed.
    pub running: usize,
    /// Who has been told [`HashError::Busy`] after waiting, since the start.
    pub refused: u64,
}

impl Hasher {
    /// The queue as it is now.
    pub fn queue(&self) -> Queue {
        self.bounded.queue()
    }

    /// At most `permits` hashes run at once (one per core is right); who waits longer than `patience` is told
    /// [`HashError::Busy`]. Use [`PATIENCE`].
    pub fn new(permits: NonZeroUsize, patience: Duration, random: Random) -> Self {
        Self { bounded: Arc::new(Bounded::new(permits, patience)), random }
    }

    /// Hashes a password that is to be stored.
    pub async fn hash(&self, password: &NewPassword) -> Result<PasswordHash, HashError> {
        let (password, salt) = (password.0.clone(), self.random.bytes::<16>());
        let hash = self.bounded.run(move |memory| formats::hash(password.expose(), &salt, memory)).await?;
        hash.map(PasswordHash)
    }

    /// Hashes a password that `subject` has chosen in this flow, after something else allowed it to.
    pub async fn enrol(
        &self,
        password: &NewPassword,
        subject: Subject,
        now: Timestamp,
    ) -> Result<(PasswordHash, Proof), HashError> {
        Ok((self.hash(password).await?, Proof::of(subject, Evidence::PasswordSet, now)))
    }

    /// Compares a password with the stored hash. `stored` is `None` where there is no user or no password; that costs the
    /// same and is never right.
    pub async fn verify(
        &self,
        stored: Option<&PasswordHash>,
        password: &Secret<String>,
        subject: Subject,
        now: Timestamp,
    ) -> Result<Option<Verified>, HashError> {
        let (stored, password) = (stored.cloned(), password.clone());
        let matched = self.bounded.run(move |memory| compare(stored.as_ref(), &password, memory)).await??;
        Ok(matched.map(|Match { needs_rehash }| Verified {
            proof: Proof::of(subject, Evidence::Password, now),
            needs_rehash,
        }))
    }
}

fn compare(
    stored: Option<&PasswordHash>,
    password: &Secret<String>,
    memory: &mut Memory,
) -> Result<Option<Match>, HashError> {
    let parsed = stored.map(|hash| StoredHash::parse(hash.as_str()));
    let normal = Secret::new(password.expose().nfc().collect::<String>());
    // A hash made elsewhere may be of the bytes as sent, which are not normalised on every platform.
    let as_sent = (normal != *password).then_some(password);
    for (text, is_normal) in [(Some(&normal), true), (as_sent, false)] {
        let Some(text) = text else { continue };
        match &parsed {
            Some(Ok(hash)) if text.expose().len() <= MAX_BYTES => {
                if let Some(mut matched) = hash.verify(text.expose(), memory)? {
                    matched.needs_rehash |= !is_normal;
                    return Ok(Some(matched));
                }
            }
            _ => formats::work_for_nothing(text.expose(), memory),
        }
    }
    match parsed {
        Some(Err(error)) => Err(error),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
