//! What is remembered of the options a browser was given.

use std::time::Duration;

use hanko_domain::{CredentialId, Random, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::{Refusal, UserVerification};

/// 32 random bytes that an answer has to repeat; also the name of its ceremony.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Challenge(#[serde(with = "crate::base64url")] pub(super) Vec<u8>);

/// An open ceremony. Kept in the flow's sealed row; several may be open at once (FC-09: autofill and the button). The flow
/// removes it in the transaction that applies a verified answer, so that no answer counts twice.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ceremony {
    pub(super) challenge: Challenge,
    pub(super) operation: Operation,
    pub(super) user_verification: UserVerification,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    Registration {
        user: UserId,
    },
    SecurityKeyRegistration {
        user: UserId,
    },
    /// The authenticator says who it is.
    Discoverable,
    /// For one user's passkeys.
    Known {
        user: UserId,
        allowed: Vec<CredentialId>,
    },
    /// For one user's passkeys and security keys, after another factor.
    SecondFactor {
        user: UserId,
        allowed: Vec<CredentialId>,
    },
}

impl Ceremony {
    pub(super) fn open(
        random: &Random,
        operation: Operation,
        user_verification: UserVerification,
        now: Timestamp,
        timeout: Duration,
    ) -> Self {
        let challenge = Challenge(random.bytes::<32>().to_vec());
        Self { challenge, operation, user_verification, expires_at: now + timeout }
    }

    /// Its name.
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// From this moment on no answer is accepted; the flow may forget it.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The user it was made for, if one was known.
    pub fn user(&self) -> Option<UserId> {
        match &self.operation {
            Operation::Registration { user }
            | Operation::SecurityKeyRegistration { user }
            | Operation::Known { user, .. }
            | Operation::SecondFactor { user, .. } => Some(*user),
            Operation::Discoverable => None,
        }
    }

    /// The one that is answered.
    pub(super) fn find<'a>(all: &'a [Self], challenge: &Challenge, now: Timestamp) -> Result<&'a Self, Refusal> {
        let found = all.iter().find(|ceremony| ceremony.challenge == *challenge).ok_or(Refusal::UnknownChallenge)?;
        if now < found.expires_at { Ok(found) } else { Err(Refusal::Expired) }
    }
}
