//! Passwords, passcodes, passkeys and second factors: the verifiers whose proofs make a session.
//!
//! Everything here answers one question, "has this person shown what it claims to have?", and answers it with a
//! [`Proof`] that says what was shown, by whom, for which tenant, in which flow and when. A proof has no public
//! constructor (but [`Proof::new_account`], see there), so that nothing else in the runtime can claim one.
//!
//! The crate must never know HTTP, SQL, settings documents or the states of a flow. What has to be remembered between two
//! requests ([`Passcode`], [`Ceremony`], [`Proof`]) is a plain value that the flow engine keeps in its sealed
//! row; what is kept for good ([`PasswordHash`], [`passkey::StoredPasskey`], [`TotpSecret`]) is neutral data that no library owns. Clock,
//! randomness and keys are passed in.
//!
//! Start with [`proof`]; then one module for each factor: [`password`], [`passcode`], [`passkey`], which does security
//! keys too, [`totp`], [`trusted_device`] for a second factor of earlier, and [`one_time_token`] for a sign-in elsewhere.

mod base64url;
pub mod one_time_token;
pub mod passcode;
pub mod passkey;
pub mod password;
pub mod proof;
pub mod totp;
pub mod trusted_device;

pub use passcode::{Passcode, Purpose};
pub use passkey::{
    Assertion, Attachment, Attestation, Ceremony, Challenge, Creation, NewOwner, ParsedAssertion, Refusal,
    RelyingParty, Use, UserVerification,
};
pub use password::{HashError, Hasher, ImportError, NewPassword, PasswordHash};
pub use proof::{Evidence, Factor, Proof, Subject};
pub use totp::TotpSecret;
pub use trusted_device::TrustedDevices;
