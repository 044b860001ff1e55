//! The texts a stored password can have, with the costs that are acceptable.

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, ParamsString, Salt},
};
use hanko_domain::secret::constant_time_eq;

use super::{
    HashError,
    firebase::{self, FirebaseHash},
};

/// Memory in KiB, passes and lanes of new hashes: the first choice of the OWASP cheat sheet.
const OURS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// An imported hash may cost more, but not so much that a few of them starve the pod.
const MOST: (u32, u32, u32) = (64 * 1024, 10, 4);

/// The exponent of bcrypt's rounds; 14 is about a second.
const BCRYPT: std::ops::RangeInclusive<u32> = 4..=14;

/// Working memory that hashes take over from one another.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory(…)")
    }
}

/// A password fits.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) needs_rehash: bool,
}

/// A stored hash whose format is known and whose cost is acceptable.
pub(super) enum StoredHash<'a> {
    Argon2id { hash: Box<phc::PasswordHash>, is_ours: bool },
    Bcrypt(&'a str),
    Firebase(FirebaseHash),
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
        if text.starts_with(firebase::PREFIX) {
            return FirebaseHash::parse(text).map(Self::Firebase);
        }
        Err(HashError::UnknownFormat)
    }

    /// `password` is at most 72 bytes, so that bcrypt has nothing to cut.
    pub(super) fn verify(&self, password: &str, memory: &mut Memory) -> Result<Option<Match>, HashError> {
        match self {
            Self::Argon2id { hash, is_ours } => {
                let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
                    return Err(HashError::UnknownFormat);
                };
                let params = Params::try_from(hash.as_ref()).map_err(|_| HashError::UnknownFormat)?;
                // A hash without a version is of the first one (RFC 9106 came later).
                let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from);
                let version = version.map_err(|_| HashError::UnknownFormat)?;
                let mut found = vec![0; expected.as_bytes().len()];
                fill(&Argon2::new(Algorithm::Argon2id, version, params), password, salt, &mut found, memory)?;
                let right = constant_time_eq(&found, expected.as_bytes());
                Ok(right.then_some(Match { needs_rehash: !is_ours }))
            }
            Self::Bcrypt(hash) => {
                let right = bcrypt::verify(password, hash).map_err(|_| HashError::UnknownFormat)?;
                Ok(right.then_some(Match { needs_rehash: true }))
            }
            Self::Firebase(hash) => Ok(hash.fits(password)?.then_some(Match { needs_rehash: true })),
        }
    }
}

/// A new hash, as a PHC string.
pub(super) fn hash(password: &str, salt: &[u8; 16], memory: &mut Memory) -> Result<String, HashError> {
    let (cost, passes, lanes) = OURS;
    let params = Params::new(cost, passes, lanes, None).map_err(|_| HashError::UnknownFormat)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    fill(&argon2, password, salt, &mut output, memory)?;
    let hash = phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|_| HashError::UnknownFormat)?,
        salt: Some(Salt::new(salt).map_err(|_| HashError::UnknownFormat)?),
        hash: Some(Output::new(&output).map_err(|_| HashError::UnknownFormat)?),
    };
    Ok(hash.to_string())
}

fn fill(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Memory,
) -> Result<(), HashError> {
    let blocks = argon2.params().block_count();
    if memory.0.len() < blocks {
        memory.0.resize(blocks, Block::default());
    }
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, output, &mut memory.0)
        .map_err(|_| HashError::UnknownFormat)
}

/// Costs as much as a new hash.
pub(super) fn work_for_nothing(password: &str, memory: &mut Memory) {
    let _ = std::hint::black_box(hash(password, &[0; 16], memory));
}
