//! Making an account.                                                         spec/flow-login-registration.md §0.3

use crate::{
    engine::Flow,
    rules::{passcode::SendPasscode, success::SignUp},
    states::{
        credential_onboarding_chooser, error, onboarding_create_passkey, onboarding_verify_passkey_attestation,
        passcode_confirmation, password_creation, preflight, registration_init, success,
    },
};

pub(super) fn flow() -> Flow {
    Flow::named("registration", &["preflight", "registration_init"])
        .state(preflight::state("registration_init"))
        .state(registration_init::state())
        .state(passcode_confirmation::state())
        .state(credential_onboarding_chooser::state())
        .state(onboarding_create_passkey::state())
        .state(onboarding_verify_passkey_attestation::state())
        .state(password_creation::state())
        .state(success::state())
        .state(error::state())
        .before("passcode_confirmation", SendPasscode)
        .before("success", SignUp)
}
