//! One file for each state; it tells everything the state can do.

pub(crate) mod account_deleted;
pub(crate) mod back;
pub(crate) mod credential_onboarding_chooser;
pub(crate) mod device_trust;
pub(crate) mod error;
pub(crate) mod login_init;
pub(crate) mod login_method_chooser;
pub(crate) mod login_otp;
pub(crate) mod login_passkey;
pub(crate) mod login_password;
pub(crate) mod login_password_recovery;
pub(crate) mod login_security_key;
pub(crate) mod mfa_method_chooser;
pub(crate) mod mfa_otp_secret_creation;
pub(crate) mod mfa_security_key_creation;
pub(crate) mod onboarding_create_passkey;
pub(crate) mod onboarding_email;
pub(crate) mod onboarding_username;
pub(crate) mod onboarding_verify_passkey_attestation;
pub(crate) mod passcode_confirmation;
pub(crate) mod password_creation;
pub(crate) mod preflight;
pub(crate) mod profile_init;
pub(crate) mod registration_init;
mod remember_me;
pub(crate) mod success;
pub(crate) mod webauthn_credential_verification;

/// What can follow a credential that was made or declined.
const AFTER_CREDENTIALS: &[&str] =
    &["mfa_method_chooser", "onboarding_create_passkey", "password_creation", "device_trust", "success", "error"];

/// What can follow a second factor that was made or declined: everything a login still asks for.
const AFTER_NEW_SECOND_FACTOR: &[&str] = &[
    "onboarding_username",
    "onboarding_email",
    "credential_onboarding_chooser",
    "onboarding_create_passkey",
    "password_creation",
    "success",
    "profile_init",
];

/// What can follow an address that was given or declined.
const AFTER_EMAIL: &[&str] = &[
    "passcode_confirmation",
    "credential_onboarding_chooser",
    "onboarding_create_passkey",
    "password_creation",
    "device_trust",
    "success",
];

/// What can follow a username that was given or declined.
const AFTER_USERNAME: &[&str] = &[
    "onboarding_email",
    "credential_onboarding_chooser",
    "onboarding_create_passkey",
    "password_creation",
    "device_trust",
    "success",
];

/// What can follow the second factor of a login, or of a step-up.
const AFTER_SECOND_FACTOR: &[&str] = &[
    "profile_init",
    "login_password_recovery",
    "onboarding_username",
    "onboarding_email",
    "credential_onboarding_chooser",
    "onboarding_create_passkey",
    "password_creation",
    "device_trust",
    "success",
];

/// What can follow the first factor of a login or of a step-up, or a code that proves an address.
const AFTER_FIRST_FACTOR: &[&str] = &[
    "profile_init",
    "mfa_method_chooser",
    "login_otp",
    "login_security_key",
    "login_password_recovery",
    "onboarding_username",
    "onboarding_email",
    "credential_onboarding_chooser",
    "onboarding_create_passkey",
    "password_creation",
    "device_trust",
    "success",
    "error",
];
