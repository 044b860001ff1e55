//! What a verifier hands out, and what a session is made of.

use hanko_domain::{CredentialId, FlowId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::Purpose;

/// Whose proof it is and where it was given.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Subject {
    /// The tenant.
    pub tenant: TenantId,
    /// The user; in a registration the id the account will get.
    pub user: UserId,
    /// The run of the flow. A proof is worth nothing in another one.
    pub flow: FlowId,
}

/// Something was proven. Only this crate's verifiers make one.
///
/// It can be serialised so that the flow engine can keep it in its sealed row between two requests. Nothing else may
/// deserialise one: whoever can write the text that is read here has proven everything.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Proof {
    subject: Subject,
    at: Timestamp,
    evidence: Evidence,
}

/// What was shown.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The account's password.
    Password,
    /// A password was chosen in this flow. It shows nothing by itself, see [`Proof::is_enrolment`].
    PasswordSet,
    /// The code that was mailed to an address.
    Passcode {
        /// What it was mailed for.
        purpose: Purpose,
        /// The key of the address that is proven ([`hanko_domain::EmailAddress::key`]).
        address: String,
    },
    /// A signature by a stored passkey.
    Passkey {
        /// Which one.
        credential: CredentialId,
        /// The authenticator says it has verified its user.
        user_verified: bool,
    },
    /// A passkey was created in this flow. It shows nothing by itself, see [`Proof::is_enrolment`].
    PasskeyCreated {
        /// Which one.
        credential: CredentialId,
        /// The authenticator says it has verified its user.
        user_verified: bool,
    },
    /// The account is created by this flow.
    NewAccount,
}

/// The kind of evidence.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Factor {
    /// Something known.
    Password,
    /// A mailbox.
    Passcode,
    /// A key in an authenticator.
    Passkey,
    /// Nobody was there before.
    NewAccount,
}

impl Factor {
    /// The value in the token's `amr` (`spec/flow-login-registration.md` §4.13). A new account adds none.
    pub fn amr(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("pwd"),
            Self::Passcode => Some("otp"),
            Self::Passkey => Some("passkey"),
            Self::NewAccount => None,
        }
    }
}

impl Proof {
    /// The account of `subject` does not exist yet and is created in the same transaction as the session.
    ///
    /// Only the last step of the registration flow may call this, with a user id that it has drawn at random.
    pub fn new_account(subject: Subject, now: Timestamp) -> Self {
        Self::of(subject, Evidence::NewAccount, now)
    }

    pub(crate) fn of(subject: Subject, evidence: Evidence, now: Timestamp) -> Self {
        Self { subject, at: now, evidence }
    }

    /// Whose proof it is and where it was given.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The tenant.
    pub fn tenant(&self) -> TenantId {
        self.subject.tenant
    }

    /// The user.
    pub fn user(&self) -> UserId {
        self.subject.user
    }

    /// The run of the flow.
    pub fn flow(&self) -> FlowId {
        self.subject.flow
    }

    /// When it was verified; the newest one of a login is the token's `auth_time`.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What was shown.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Its kind.
    pub fn factor(&self) -> Factor {
        match self.evidence {
            Evidence::Password | Evidence::PasswordSet => Factor::Password,
            Evidence::Passcode { .. } => Factor::Passcode,
            Evidence::Passkey { .. } | Evidence::PasskeyCreated { .. } => Factor::Passkey,
            Evidence::NewAccount => Factor::NewAccount,
        }
    }

    /// The credential was made in this flow rather than shown: it names a method in `amr` next to the proof that allowed
    /// making it (a passcode, a new account), and makes no session alone.
    pub fn is_enrolment(&self) -> bool {
        matches!(self.evidence, Evidence::PasswordSet | Evidence::PasskeyCreated { .. })
    }
}

#[cfg(test)]
mod tests {
    use hanko_domain::Random;

    use super::*;

    #[test]
    fn a_proof_survives_the_sealed_row() {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        let shown = [
            Evidence::Password,
            Evidence::PasswordSet,
            Evidence::Passcode { purpose: Purpose::Recovery, address: "jane@x.de".into() },
            Evidence::Passkey { credential: CredentialId(vec![1, 2, 255]), user_verified: true },
            Evidence::PasskeyCreated { credential: CredentialId(vec![3]), user_verified: false },
            Evidence::NewAccount,
        ];
        for evidence in shown {
            let proof = Proof::of(subject, evidence, Timestamp(7));
            let text = serde_json::to_string(&proof).unwrap();
            assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof, "{text}");
        }
    }

    #[test]
    fn only_a_credential_made_in_the_flow_is_an_enrolment() {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        let is_enrolment = |evidence| Proof::of(subject, evidence, Timestamp(0)).is_enrolment();
        assert!(is_enrolment(Evidence::PasswordSet));
        assert!(is_enrolment(Evidence::PasskeyCreated { credential: CredentialId(vec![1]), user_verified: true }));
        assert!(!is_enrolment(Evidence::Password));
        assert!(!is_enrolment(Evidence::NewAccount));
    }
}
