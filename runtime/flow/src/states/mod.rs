//! One file for each state; it tells everything the state can do.

mod back;
pub(crate) mod credential_onboarding_chooser;
pub(crate) mod error;
pub(crate) mod login_init;
pub(crate) mod login_method_chooser;
pub(crate) mod login_passkey;
pub(crate) mod login_password;
pub(crate) mod login_password_recovery;
pub(crate) mod onboarding_create_passkey;
pub(crate) mod onboarding_verify_passkey_attestation;
pub(crate) mod passcode_confirmation;
pub(crate) mod password_creation;
pub(crate) mod preflight;
pub(crate) mod registration_init;
mod remember_me;
pub(crate) mod success;
