//! Usernames: letters, digits and underscores (`spec/decisions.md` 8, 29).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A syntactically valid username, folded. On this repertoire lower-casing ASCII is all that the UsernameCaseMapped profile
/// (RFC 8265 §3.3) does, so the text shown and the key compared are the same.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Username(String);

/// Why a text is no username.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("not a username: only letters of the Latin alphabet, digits and underscores")]
pub struct InvalidUsername;

impl Username {
    /// Trims and folds to lower case; what is left must match `^[0-9a-z_]+$`.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let folded = text.trim().to_ascii_lowercase();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if folded.is_empty() || !folded.chars().all(allowed) {
            return Err(InvalidUsername);
        }
        Ok(Self(folded))
    }

    /// As shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What uniqueness and look-up compare.
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_outer_spaces_do_not_matter() {
        assert_eq!(Username::parse(" Jane_Doe1 ").unwrap().as_str(), "jane_doe1");
    }

    #[test]
    fn only_latin_letters_digits_and_underscores_make_a_username() {
        for text in ["", " ", "jane doe", "jane-doe", "jané", "ｊａｎｅ", "jane\u{202e}", "a@b.example", "a\0b", "ſ"]
        {
            assert_eq!(Username::parse(text), Err(InvalidUsername), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(username) = Username::parse(&text) {
                prop_assert_eq!(Username::parse(username.as_str()), Ok(username));
            }
        }
    }
}
