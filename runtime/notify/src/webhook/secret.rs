//! The secret of a receiver, and the signature it verifies (Standard Webhooks, "symmetric").

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use hanko_domain::{Random, Secret};
use thiserror::Error;
use zeroize::Zeroizing;

/// What a secret begins with; it may be left out.
const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a secret that we make.
const OURS: usize = 32;

/// Why a text is no secret.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum BadSecret {
    /// Not base64.
    #[error("is not base64; write `whsec_` and the base64 text of 24 to 64 random bytes")]
    NotBase64,
    /// Too short or too long.
    #[error("holds {0} bytes; write `whsec_` and the base64 text of 24 to 64 random bytes")]
    Length(usize),
}

/// What a receiver and we know. The key is what the text stands for, never the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningSecret(Secret<Vec<u8>>);

impl SigningSecret {
    /// Reads a secret, with or without its prefix.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let text = text.trim_ascii();
        let key =
            Secret::new(STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| BadSecret::NotBase64)?);
        let length = key.expose().len();
        if LENGTHS.contains(&length) { Ok(Self(key)) } else { Err(BadSecret::Length(length)) }
    }

    /// A new one.
    pub fn generate(random: &Random) -> Self {
        Self(Secret::new(random.bytes::<OURS>().to_vec()))
    }

    /// As its owner is told, prefix included.
    pub fn text(&self) -> Secret<String> {
        let encoded = Zeroizing::new(STANDARD.encode(self.0.expose()));
        Secret::new(format!("{PREFIX}{}", *encoded))
    }

    /// The bytes to seal.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// From bytes that were sealed.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    /// The signature of a message: id, Unix seconds and the body as it is sent.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose());
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FC-79: made with another implementation of Standard Webhooks.
    #[test]
    fn a_signature_is_what_every_library_of_standard_webhooks_expects() {
        let body = "{\"event\":\"user.update\",\"data\":{\"name\":\"Zoë / \\u00c5sa\",\"n\":1.50}}";
        for text in ["whsec_DJeb4Zp+LLuy33B4QNFtcDpyv+EUU0S+", "DJeb4Zp+LLuy33B4QNFtcDpyv+EUU0S+"] {
            let signature =
                SigningSecret::parse(text).unwrap().sign("msg_fieldcase_0001", 1_767_225_600, body.as_bytes());
            assert_eq!(signature, "v1,m7DA3yPVZdIRbU0e45v5tpeDxXykQzFUDNO4yAf3dBc=");
        }
    }

    #[test]
    fn a_secret_that_is_no_base64_or_has_a_bad_length_is_refused() {
        let of = |length: usize| format!("whsec_{}", STANDARD.encode(vec![7; length]));
        for (text, expected) in [
            (of(24), None),
            (format!("{}\n", of(64)), None),
            (of(8), Some(BadSecret::Length(8))),
            (of(23), Some(BadSecret::Length(23))),
            (of(65), Some(BadSecret::Length(65))),
            (String::new(), Some(BadSecret::Length(0))),
            ("whsec_".into(), Some(BadSecret::Length(0))),
            ("whsec_not base64 at all".into(), Some(BadSecret::NotBase64)),
            ("whsec_DJeb4Zp-LLuy33B4QNFtcDpyv_EUU0S-".into(), Some(BadSecret::NotBase64)),
            ("WHSEC_DJeb4Zp+LLuy33B4QNFtcDpyv+EUU0S+".into(), Some(BadSecret::NotBase64)),
        ] {
            assert_eq!(SigningSecret::parse(&text).err(), expected, "{text}");
        }
    }

    #[test]
    fn a_generated_secret_is_read_again_from_its_text() {
        let secret = SigningSecret::generate(&Random::system());
        assert!(secret.text().expose().starts_with(PREFIX));
        assert_eq!(SigningSecret::parse(secret.text().expose()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "SigningSecret(Secret(…))");
    }
}
