//! The texts a stored password can have, with the costs that are acceptable.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc};

use super::HashError;

/// Memory in KiB, passes and lanes of new hashes: the first choice of the OWASP cheat sheet.
const OURS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// An imported hash may cost more, but not so much that a few of them starve the pod.
const MOST: (u32, u32, u32) = (64 * 1024, 10, 4);

/// The exponent of bcrypt's rounds; 14 is about a second.
const BCRYPT: std::ops::RangeInclusive<u32> = 4..=14;

/// A password fits.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) needs_rehash: bool,
}

/// A stored hash whose format is known and whose cost is acceptable.
#[derive(Debug)]
pub(super) enum StoredHash<'a> {
    Argon2id { hash: Box<phc::PasswordHash>, is_ours: bool },
    Bcrypt(&'a str),
}

impl<'a> StoredHash<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, HashError> {
        if text.starts_with("$argon2id$") {
            let hash = phc::PasswordHash::new(text).map_err(|_| HashError::UnknownFormat)?;
            let params = Params::try_from(&hash).map_err(|_| HashError::UnknownFormat)?;
            let cost = (params.m_cost(), params.t_cost(), params.p_cost());
            if cost.0 > MOST.0 || cost.1 > MOST.1 || cost.2 > MOST.2 || hash.salt.is_none() || hash.hash.is_none() {
                return Err(HashError::UnknownFormat);
            }
            let is_ours = cost == OURS && hash.version == Some(Version::V0x13.into());
            return Ok(Self::Argon2id { hash: Box::new(hash), is_ours });
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            let parts: bcrypt::HashParts = text.parse().map_err(|_| HashError::UnknownFormat)?;
            if !BCRYPT.contains(&parts.get_cost()) {
                return Err(HashError::UnknownFormat);
            }
            return Ok(Self::Bcrypt(text));
        }
        Err(HashError::UnknownFormat)
    }

    /// `password` is at most 72 bytes, so that bcrypt has nothing to cut.
    pub(super) fn verify(&self, password: &str) -> Result<Option<Match>, HashError> {
        match self {
            Self::Argon2id { hash, is_ours } => {
                let right = Argon2::default().verify_password(password.as_bytes(), hash.as_ref()).is_ok();
                Ok(right.then_some(Match { needs_rehash: !is_ours }))
            }
            Self::Bcrypt(hash) => {
                let right = bcrypt::verify(password, hash).map_err(|_| HashError::UnknownFormat)?;
                Ok(right.then_some(Match { needs_rehash: true }))
            }
        }
    }
}

/// A new hash, as a PHC string.
pub(super) fn hash(password: &str, salt: &[u8; 16]) -> Result<String, HashError> {
    let hash: phc::PasswordHash =
        ours()?.hash_password_with_salt(password.as_bytes(), salt).map_err(|_| HashError::UnknownFormat)?;
    Ok(hash.to_string())
}

/// Costs as much as a new hash.
pub(super) fn work_for_nothing(password: &str) {
    let _ = std::hint::black_box(hash(password, &[0; 16]));
}

fn ours() -> Result<Argon2<'static>, HashError> {
    let (memory, passes, lanes) = OURS;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| HashError::UnknownFormat)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}
