//! Making an account.                                                         spec/flow-login-registration.md §0.3

use crate::{
    engine::Flow,
    rules::{passcode::SendPasscode, success::SignUp, totp::OfferSecret},
    states::{
        credential_onboarding_chooser, error, mfa_method_chooser, mfa_otp_secret_creation, mfa_security_key_creation,
        onboarding_create_passkey, onboarding_verify_passkey_attestation, passcode_confirmation, password_creation,
        preflight, registration_init, success,
    },
};

pub(super) fn flow() -> Flow {
    Flow::named("registration", &["preflight", "registration_init"])
        .state(preflight::state())
        .state(registration_init::state())
        .state(passcode_confirmation::state())
        .state(credential_onboarding_chooser::state())
        .state(onboarding_create_passkey::state())
        .state(onboarding_verify_passkey_attestation::state())
        .state(password_creation::state())
        .state(mfa_method_chooser::state())
        .state(mfa_otp_secret_creation::state())
        .state(mfa_security_key_creation::state())
        .state(success::state())
        .state(error::state())
        .before("passcode_confirmation", SendPasscode)
        .before("mfa_otp_secret_creation", OfferSecret)
        .before("success", SignUp)
}
