//! E-mail addresses: one spelling to show, one to compare (`spec/decisions.md` 8).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A syntactically valid address.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct EmailAddress {
    display: String,
    key: String,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("not an e-mail address")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// Trims, and folds the domain to its lower-case A-label form; the local part keeps its case for display and loses it
    /// in the key. Letters outside ASCII are accepted in both parts (RFC 6531).
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(InvalidEmailAddress)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmailAddress)?;
        if !valid_local_part(local) || !valid_domain(&domain) || local.len() + domain.len() > 253 {
            return Err(InvalidEmailAddress);
        }
        Ok(Self { key: format!("{}@{domain}", local.to_lowercase()), display: format!("{local}@{domain}") })
    }

    /// As shown and as mailed to.
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// What uniqueness and look-up compare.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The part after `@`, lower-case A-labels.
    pub fn domain(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

fn valid_local_part(local: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._%+-'".contains(c) || (!c.is_ascii() && c.is_alphanumeric());
    (1..=64).contains(&local.len()) && local.chars().all(allowed)
}

fn valid_domain(domain: &str) -> bool {
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && top.len() >= 2 && (top.starts_with("xn--") || top.chars().all(|c| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_is_shown_but_not_compared() {
        let address = EmailAddress::parse(" Jane.Doe+x@Example.COM ").unwrap();
        assert_eq!(address.as_str(), "Jane.Doe+x@example.com");
        assert_eq!(address.key(), "jane.doe+x@example.com");
        assert_eq!(address.domain(), "example.com");
    }

    #[test]
    fn a_domain_in_another_script_is_compared_as_a_labels() {
        assert_eq!(
            EmailAddress::parse("a@BÜCHER.example").unwrap(),
            EmailAddress::parse("a@xn--bcher-kva.example").unwrap()
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "a", "@b.co", "a@b", "a@b.c", "a b@c.de", "a@b..de", "a@-b.de", "a\r\nb@c.de", "a@b.de\0", "a@b.1"]
        {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_the_shown_form_again_changes_nothing(text in "[a-zA-Zé0-9.+_-]{1,12}@[a-zA-Z0-9ü]{1,8}\\.[a-z]{2,4}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(&EmailAddress::parse(address.as_str()).unwrap(), &address);
                let shouted = EmailAddress::parse(&address.as_str().to_uppercase()).unwrap();
                prop_assert_eq!(shouted.key(), address.key());
            }
        }
    }
}
