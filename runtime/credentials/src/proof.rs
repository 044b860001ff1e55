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
    /// A code of the user's authenticator app.
    Totp,
    /// An authenticator app was set up in this flow. It shows nothing by itself, see [`Proof::is_enrolment`].
    TotpCreated,
    /// A signature by a stored security key, or by a passkey that was asked for as a second factor.
    SecurityKey {
        /// Which one.
        credential: CredentialId,
        /// The authenticator says it has verified its user.
        user_verified: bool,
    },
    /// A security key was created in this flow. It shows nothing by itself, see [`Proof::is_enrolment`].
    SecurityKeyCreated {
        /// Which one.
        credential: CredentialId,
        /// The authenticator says it has verified its user.
        user_verified: bool,
    },
    /// The token of a device that the user has trusted after an earlier second factor.
    TrustedDevice,
    /// The one-time token that an earlier sign-in elsewhere was given.
    OneTimeToken,
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
    /// An authenticator app.
    Totp,
    /// A key that counts only next to another factor.
    SecurityKey,
    /// A second factor of earlier.
    TrustedDevice,
    /// A sign-in elsewhere.
    OneTimeToken,
    /// Nobody was there before.
    NewAccount,
}

impl Factor {
    /// The value in the token's `amr` (`spec/flow-login-registration.md` §4.13). A trusted device, a one-time token and a new account
    /// add none.
    pub fn amr(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("pwd"),
            Self::Passcode => Some("otp"),
            Self::Passkey => Some("passkey"),
            Self::Totp => Some("totp"),
            Self::SecurityKey => Some("security_key"),
            Self::TrustedDevice | Self::OneTimeToken | Self::NewAccount => None,
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
            Evidence::Totp | Evidence::TotpCreated => Factor::Totp,
            Evidence::SecurityKey { .. } | Evidence::SecurityKeyCreated { .. } => Factor::SecurityKey,
            Evidence::TrustedDevice => Factor::TrustedDevice,
            Evidence::OneTimeToken => Factor::OneTimeToken,
            Evidence::NewAccount => Factor::NewAccount,
        }
    }

    /// The credential was made in this flow rather than shown: it names a method in `amr` next to the proof that allowed
    /// making it (a passcode, a new account), and makes no session alone.
    pub fn is_enrolment(&self) -> bool {
        matches!(
            self.evidence,
            Evidence::PasswordSet
                | Evidence::PasskeyCreated { .. }
                | Evidence::TotpCreated
                | Evidence::SecurityKeyCreated { .. }
        )
    }

    /// Shown next to a first factor, it makes a login one of two factors. It never stands alone.
    pub fn is_second_factor(&self) -> bool {
        matches!(self.evidence, Evidence::Totp | Evidence::SecurityKey { .. } | Evidence::TrustedDevice)
    }
}

#[cfg(test)]
mod tests {
    use hanko_domain::Random;

    use super::*;

    /// Every kind of evidence, with whether it is an enrolment and whether it is a second factor.
    fn all() -> Vec<(Evidence, bool, bool)> {
        let credential = CredentialId(vec![1, 2, 255]);
        let (credential, user_verified) = (|| credential.clone(), true);
        vec![
            (Evidence::Password, false, false),
            (Evidence::PasswordSet, true, false),
            (Evidence::Passcode { purpose: Purpose::Recovery, address: "jane@x.de".into() }, false, false),
            (Evidence::Passkey { credential: credential(), user_verified }, false, false),
            (Evidence::PasskeyCreated { credential: credential(), user_verified }, true, false),
            (Evidence::Totp, false, true),
            (Evidence::TotpCreated, true, false),
            (Evidence::SecurityKey { credential: credential(), user_verified }, false, true),
            (Evidence::SecurityKeyCreated { credential: credential(), user_verified }, true, false),
            (Evidence::TrustedDevice, false, true),
            (Evidence::OneTimeToken, false, false),
            (Evidence::NewAccount, false, false),
        ]
    }

    fn proof(evidence: Evidence) -> Proof {
        let random = Random::system();
        let subject =
            Subject { tenant: TenantId::random(&random), user: UserId::random(&random), flow: FlowId::random(&random) };
        Proof::of(subject, evidence, Timestamp(7))
    }

    #[test]
    fn a_proof_survives_the_sealed_row() {
        for (evidence, ..) in all() {
            let proof = proof(evidence);
            let text = serde_json::to_string(&proof).unwrap();
            assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof, "{text}");
        }
    }

    #[test]
    fn what_was_made_in_the_flow_is_an_enrolment_and_never_a_second_factor() {
        for (evidence, is_enrolment, is_second_factor) in all() {
            let proof = proof(evidence);
            assert_eq!((proof.is_enrolment(), proof.is_second_factor()), (is_enrolment, is_second_factor), "{proof:?}");
        }
    }

    #[test]
    fn a_token_names_the_methods_of_the_contract() {
        let named = |evidence| proof(evidence).factor().amr();
        let amr: Vec<_> = all().into_iter().filter_map(|(evidence, ..)| named(evidence)).collect();
        let expected = ["pwd", "pwd", "otp", "passkey", "passkey", "totp", "totp", "security_key", "security_key"];
        assert_eq!(amr, expected);
    }
}
