//! Hashes that come from elsewhere.

use thiserror::Error;

use super::{PasswordHash, formats::StoredHash};

/// Longest text of a hash that is looked at. The longest that means anything here is one of Firebase, of some 250 characters.
const LONGEST: usize = 1024;

/// What other systems write before their hashes, and how it is called.
const STRANGERS: [(&str, &str); 12] = [
    ("$argon2i$", "argon2i"),
    ("$argon2d$", "argon2d"),
    ("$pbkdf2", "PBKDF2"),
    ("pbkdf2", "PBKDF2"),
    ("$scrypt$", "scrypt"),
    ("$7$", "scrypt"),
    ("$y$", "yescrypt"),
    ("$1$", "MD5-crypt"),
    ("$5$", "SHA-256-crypt"),
    ("$6$", "SHA-512-crypt"),
    ("$2x$", "bcrypt with the bug of 2011"),
    ("{", "LDAP"),
];

/// Why a hash is not taken over. The text never holds a part of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ImportError {
    /// It cannot be verified here.
    #[error("{0} hashes cannot be verified here; argon2id, bcrypt and Firebase scrypt ones can")]
    Stranger(&'static str),
    /// It is no hash that is known, perhaps a password in clear.
    #[error("password must be in argon2id, bcrypt or firebase scrypt format")]
    Unknown,
    /// It says what it is, but not rightly, or it costs more than a login may.
    #[error("the {0} hash is malformed, or verifying it costs more than a login may")]
    Unusable(&'static str),
}

impl PasswordHash {
    /// Takes over a hash that was made elsewhere, if passwords can be compared with it here at an acceptable cost.
    pub fn import(text: &str) -> Result<Self, ImportError> {
        let ours = [("$argon2id$", "argon2id"), ("$2", "bcrypt"), ("$fbscrypt$", "Firebase scrypt")];
        let called = |names: &[(&str, &'static str)]| {
            names.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, name)| *name)
        };
        if let Some(name) = called(&STRANGERS) {
            return Err(ImportError::Stranger(name));
        }
        let name = called(&ours).ok_or(ImportError::Unknown)?;
        if text.len() > LONGEST || StoredHash::parse(text).is_err() {
            return Err(ImportError::Unusable(name));
        }
        Ok(Self::stored(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT_AND_HASH: &str = "MDEyMzQ1Njc4OWFiY2RlZg$3ZVE7iN0c4tkAhVzJHBC5yo8lR+zcQkPpz1mVQyXqIs";
    const BCRYPT: &str = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    #[test]
    fn what_can_be_verified_is_taken_over_and_the_rest_is_refused_by_name() {
        let firebase = |n| format!("$fbscrypt$v=1,n={n},r=8,p=1,ss=Bw==,sk=AAAA$42xEC+ixf3L2lw==$lSrf");
        for (text, refused) in [
            (format!("$argon2id$v=19$m=65536,t=3,p=4${SALT_AND_HASH}"), None),
            (format!("$2a$12${BCRYPT}"), None),
            (format!("$2b$12${BCRYPT}"), None),
            (format!("$2y$12${BCRYPT}"), None),
            (firebase(14), None),
            (firebase(20), Some(ImportError::Unusable("Firebase scrypt"))),
            (format!("$argon2id$v=19$m=1048576,t=3,p=4${SALT_AND_HASH}"), Some(ImportError::Unusable("argon2id"))),
            (format!("$2b$20${BCRYPT}"), Some(ImportError::Unusable("bcrypt"))),
            ("$2b$12$short".into(), Some(ImportError::Unusable("bcrypt"))),
            (format!("$2b$12${}", "C".repeat(2_000)), Some(ImportError::Unusable("bcrypt"))),
            (format!("$argon2i$v=19$m=65536,t=3,p=4${SALT_AND_HASH}"), Some(ImportError::Stranger("argon2i"))),
            ("$pbkdf2-sha256$29000$abc$def".into(), Some(ImportError::Stranger("PBKDF2"))),
            ("$6$rounds=5000$abc$def".into(), Some(ImportError::Stranger("SHA-512-crypt"))),
            ("{SSHA}abcdef".into(), Some(ImportError::Stranger("LDAP"))),
            ("correct horse".into(), Some(ImportError::Unknown)),
            ("$my$password".into(), Some(ImportError::Unknown)),
            (String::new(), Some(ImportError::Unknown)),
        ] {
            let taken = PasswordHash::import(&text);
            assert_eq!(taken.as_ref().err(), refused.as_ref(), "{text}");
            assert!(taken.is_err() || taken.is_ok_and(|hash| hash.as_str() == text));
        }
    }
}
