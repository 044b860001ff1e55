//! Codes that are mailed (`spec/flow-login-registration.md` §4.2, §3.10).
//!
//! The code itself is never kept: the record holds a MAC over everything the code is good for, so that it is worth nothing
//! for another tenant, flow, user, purpose or address.

use aws_lc_rs::hmac;
use hanko_domain::{FlowId, Random, Secret, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{Evidence, Proof, Subject};

/// Wrong answers a code survives; the last of them already exhausts it.
pub const MAX_TRIES: u8 = 3;

const LENGTH: usize = 6;
const DIGITS: &[u8] = b"0123456789";
/// Without the look-alikes 0, 1, I, O and l.
const LETTERS: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// What codes are made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Charset {
    /// Six digits, 000000 to 999999.
    Numeric,
    /// Six letters and digits, case-sensitive.
    Alphanumeric,
}

/// What a code was mailed for. It is refused for anything else.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Signing in.
    Login,
    /// Setting a new password.
    Recovery,
    /// Proving an address.
    EmailVerification,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Recovery => "recovery",
            Self::EmailVerification => "email_verification",
        }
    }
}

/// A code that was mailed, without the code. Kept in the flow's sealed row; the owner removes it once it is spent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Passcode {
    #[serde(with = "crate::base64url")]
    mac: Vec<u8>,
    /// Nobody, where no code could be right.
    user: Option<UserId>,
    purpose: Purpose,
    address: String,
    tries: u8,
    expires_at: Timestamp,
}

/// What an answer was worth.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Right. The record is spent: remove it in the same transaction.
    Correct(Proof),
    /// Wrong, tries are left. The record has changed: keep it.
    Wrong,
    /// No tries are left, or just were used up. The record may have changed: keep it.
    Exhausted,
    /// Too late.
    Expired,
}

impl Passcode {
    /// Draws a code for `subject` and the record that will know it again.
    pub fn issue(
        key: &Secret<[u8; 32]>,
        random: &Random,
        charset: Charset,
        purpose: Purpose,
        subject: &Subject,
        address: &str,
        expires_at: Timestamp,
    ) -> (Secret<String>, Self) {
        let alphabet = match charset {
            Charset::Numeric => DIGITS,
            Charset::Alphanumeric => LETTERS,
        };
        let code = random.text(alphabet, LENGTH);
        let mut passcode = Self {
            mac: Vec::new(),
            user: Some(subject.user),
            purpose,
            address: address.to_owned(),
            tries: 0,
            expires_at,
        };
        let mac = hmac::sign(&hmac_key(key), &passcode.message(subject.tenant, subject.flow, &code));
        passcode.mac = mac.as_ref().to_vec();
        (Secret::new(code), passcode)
    }

    /// A record that no code fits, for an address nobody owns: from outside it behaves like any other (§4.1).
    pub fn unusable(random: &Random, purpose: Purpose, address: &str, expires_at: Timestamp) -> Self {
        let mac = random.bytes::<32>().to_vec();
        Self { mac, user: None, purpose, address: address.to_owned(), tries: 0, expires_at }
    }

    /// Checks an answer and counts it. Nothing is trimmed or folded.
    ///
    /// `purpose` is what the caller needs the code for.
    pub fn verify(
        &mut self,
        key: &Secret<[u8; 32]>,
        tenant: TenantId,
        flow: FlowId,
        purpose: Purpose,
        code: &Secret<String>,
        now: Timestamp,
    ) -> Outcome {
        if now >= self.expires_at {
            return Outcome::Expired;
        }
        if self.tries >= MAX_TRIES {
            return Outcome::Exhausted;
        }
        let right = hmac::verify(&hmac_key(key), &self.message(tenant, flow, code.expose()), &self.mac).is_ok();
        match self.user {
            Some(user) if right && purpose == self.purpose => Outcome::Correct(Proof::of(
                Subject { tenant, user, flow },
                Evidence::Passcode { purpose, address: self.address.clone() },
                now,
            )),
            _ => {
                self.tries += 1;
                if self.tries >= MAX_TRIES { Outcome::Exhausted } else { Outcome::Wrong }
            }
        }
    }

    /// What it was mailed for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The key of the address it was mailed to.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From this moment on no answer is right.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// An answer can still be right, as far as the record tells.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.tries < MAX_TRIES
    }

    fn message(&self, tenant: TenantId, flow: FlowId, code: &str) -> Vec<u8> {
        let user = self.user.map(|user| user.0.into_bytes()).unwrap_or_default();
        let parts: [&[u8]; 6] = [
            tenant.as_bytes(),
            flow.as_bytes(),
            &user,
            self.purpose.label().as_bytes(),
            self.address.as_bytes(),
            code.as_bytes(),
        ];
        // Each part with its length before it: no two lists of parts give the same message.
        parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), *part].concat()).collect()
    }
}

fn hmac_key(key: &Secret<[u8; 32]>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

#[cfg(test)]
mod tests;
