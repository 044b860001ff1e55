//! Why an answer of an authenticator was not accepted.

use thiserror::Error;

/// The text is for the audit log and holds no secrets. The client is told `passkey_invalid`, whatever the reason, except
/// for [`Refusal::SecurityKeyOnly`] (`webauthn_credential_invalid_mfa_only`).
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// The answer cannot be read.
    #[error("the response is malformed: {0}")]
    Malformed(&'static str),
    /// It answers no ceremony that is open in this flow.
    #[error("the challenge is none of this flow, or was answered already")]
    UnknownChallenge,
    /// It answers a ceremony of the other kind.
    #[error("the response belongs to another kind of ceremony")]
    WrongCeremony,
    /// Too late.
    #[error("the ceremony has expired")]
    Expired,
    /// `clientDataJSON.type`.
    #[error("the client data has the wrong type")]
    ClientDataType,
    /// Another site.
    #[error("the origin {0:?} is not allowed")]
    Origin(String),
    /// Inside a page of this origin, which may not frame ceremonies; empty when the browser did not say which.
    #[error("the ceremony ran in a frame of the foreign page {0:?}")]
    CrossOrigin(String),
    /// The authenticator signed for another RP ID.
    #[error("the response is for another RP ID")]
    RpId,
    /// The credential was made for another RP ID.
    #[error("the credential was registered for the RP ID {0:?}")]
    CredentialRpId(String),
    /// Nobody touched the authenticator.
    #[error("the authenticator did not see its user")]
    UserNotPresent,
    /// Verification was required.
    #[error("the authenticator did not verify its user")]
    UserNotVerified,
    /// BS without BE (L3 §7.2 step 19).
    #[error("the authenticator claims a backup of a credential that cannot be backed up")]
    BackupFlags,
    /// One that was not offered.
    #[error("the key's algorithm {0} was not offered")]
    Algorithm(i128),
    /// The key itself.
    #[error("the public key is unusable: {0}")]
    Key(String),
    /// Unknown, or one that is not verified here.
    #[error("the attestation format {0:?} is not supported")]
    AttestationFormat(String),
    /// The statement is wrong.
    #[error("the attestation is invalid: {0}")]
    Attestation(String),
    /// The credential is not known; for the caller that looked it up.
    #[error("the credential is unknown")]
    UnknownCredential,
    /// The credential was not offered in this ceremony.
    #[error("the credential is not in the ceremony's list")]
    NotAllowed,
    /// The credential belongs to someone else than the ceremony was made for.
    #[error("the credential belongs to another user")]
    OtherUser,
    /// Nobody was identified before, and the answer does not say who it is.
    #[error("the user handle is missing")]
    UserHandleMissing,
    /// The handle is not the credential owner's.
    #[error("the user handle is not the owner's")]
    UserHandle,
    /// The signature does not fit.
    #[error("the signature is invalid: {0}")]
    Signature(String),
    /// Two authenticators may hold the key.
    #[error("the signature counter went from {stored} to {received}: the authenticator may have been cloned")]
    Counter {
        /// The last one seen.
        stored: u32,
        /// The one in this answer.
        received: u32,
    },
    /// A security key was shown as the first factor.
    #[error("the credential is a security key and cannot be the first factor")]
    SecurityKeyOnly,
}
