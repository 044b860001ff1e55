//! Codes of an authenticator app (RFC 6238, `spec/flow-login-registration.md` §4.4).

mod qr;
mod uri;

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use hanko_domain::{Random, Secret, Timestamp, secret::constant_time_eq};
use thiserror::Error;

use crate::{Evidence, Proof, Subject};

/// How long one code is shown, in seconds.
const PERIOD: i64 = 30;
const DIGITS: usize = 6;
/// Bytes of a new secret: RFC 4226 §4 R6 recommends 160 bits.
const NEW: usize = 20;
/// Bytes of an imported one. Nobody types a code of less than 80 bits, and none is longer than a block of SHA-1.
const IMPORTED: std::ops::RangeInclusive<usize> = 10..=64;

/// What the app and the server share.
#[derive(Clone, Debug)]
pub struct TotpSecret(Secret<Vec<u8>>);

/// What an answer was worth.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Right, and not used before.
    Accepted {
        /// Store it as the secret's last step in the same transaction, on the condition that it is still the greater one:
        /// that is what spends the code.
        step: i64,
        /// For the session.
        proof: Proof,
    },
    /// Right, but this code or a later one was accepted before.
    AlreadyUsed,
    /// Wrong, whatever its length.
    Wrong,
}

/// The names are too long for a picture.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the service's and the account's name do not fit into a QR code of 200 by 200 points")]
pub struct TooLong;

impl TotpSecret {
    /// Draws a new one.
    pub fn generate(random: &Random) -> Self {
        Self(Secret::new(random.bytes::<NEW>().to_vec()))
    }

    /// Reads the stored text, or one from elsewhere: case, blanks, hyphens and padding are forgiven. `None` if it is no
    /// base32 of 80 to 512 bits.
    pub fn from_base32(text: &Secret<String>) -> Option<Self> {
        let kept = text.expose().chars().filter(|c| !matches!(c, ' ' | '-' | '='));
        let text = Secret::new(kept.map(|c| c.to_ascii_uppercase()).collect::<String>());
        let bytes = Secret::new(BASE32_NOPAD.decode(text.expose().as_bytes()).ok()?);
        IMPORTED.contains(&bytes.expose().len()).then_some(Self(bytes))
    }

    /// For the user to type, and for the sealed column: 32 characters without padding.
    pub fn base32(&self) -> Secret<String> {
        Secret::new(BASE32_NOPAD.encode(self.0.expose()))
    }

    /// What the QR code says. `issuer` is the name of the service, `account` the user's address or username.
    pub fn provisioning_uri(&self, issuer: &str, account: &str) -> Secret<String> {
        uri::provisioning(&self.base32(), issuer, account)
    }

    /// The provisioning URI as a QR code: a PNG of 200 by 200 points as a `data:` URL.
    pub fn qr_data_url(&self, issuer: &str, account: &str) -> Result<Secret<String>, TooLong> {
        qr::data_url(&self.provisioning_uri(issuer, account))
    }

    /// Checks a login's answer. `last_step` is the step of the newest code that was accepted, of the set-up too; `None` only
    /// where there never was one.
    pub fn verify(&self, code: &Secret<String>, last_step: Option<i64>, subject: Subject, now: Timestamp) -> Outcome {
        match self.matching_step(code, now) {
            None => Outcome::Wrong,
            Some(step) if last_step.is_some_and(|last| step <= last) => Outcome::AlreadyUsed,
            Some(step) => Outcome::Accepted { step, proof: Proof::of(subject, Evidence::Totp, now) },
        }
    }

    /// Checks the first code of an app that is set up in this flow. The step is stored with the secret, so that the code is
    /// no login.
    pub fn enrol(&self, code: &Secret<String>, subject: Subject, now: Timestamp) -> Option<(i64, Proof)> {
        let step = self.matching_step(code, now)?;
        Some((step, Proof::of(subject, Evidence::TotpCreated, now)))
    }

    /// The step a code belongs to: the current one, else the next or the last, for clocks that differ. All three are
    /// compared whatever fits, so that time tells nothing.
    fn matching_step(&self, code: &Secret<String>, now: Timestamp) -> Option<i64> {
        let typed = code.expose().trim().as_bytes();
        let current = now.seconds().div_euclid(PERIOD);
        let fits = |step| (step, constant_time_eq(self.code(step).expose().as_bytes(), typed));
        let tried = [current, current + 1, current - 1].map(fits);
        tried.into_iter().find(|(_, fits)| *fits).map(|(step, _)| step)
    }

    /// RFC 4226 §5.3.
    fn code(&self, step: i64) -> Secret<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let mac = hmac::sign(&key, &step.to_be_bytes());
        let offset = usize::from(mac.as_ref().last().copied().unwrap_or_default() & 0x0f);
        let chosen = mac.as_ref().get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        let number = (u32::from_be_bytes(chosen) & 0x7fff_ffff) % 1_000_000;
        Secret::new(format!("{number:0DIGITS$}"))
    }
}

#[cfg(test)]
mod tests;
