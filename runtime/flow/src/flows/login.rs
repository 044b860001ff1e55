//! Signing in.                                                                spec/flow-login-registration.md §0.3

use crate::{
    engine::Flow,
    rules::{
        account::{SavePasskeys, SavePassword},
        onboarding::ScheduleOnboarding,
        passcode::SendPasscode,
        passkey::ConditionalMediation,
        success::SignIn,
    },
    states::{
        credential_onboarding_chooser, error, login_init, login_method_chooser, login_passkey, login_password,
        login_password_recovery, onboarding_create_passkey, onboarding_verify_passkey_attestation,
        passcode_confirmation, password_creation, preflight, success,
    },
};

pub(super) fn flow() -> Flow {
    Flow::named("login", &["preflight", "login_init"])
        .state(preflight::state("login_init"))
        .state(login_init::state())
        .state(login_passkey::state())
        .state(login_method_chooser::state())
        .state(login_password::state())
        .state(passcode_confirmation::state())
        .state(login_password_recovery::state())
        .state(credential_onboarding_chooser::state())
        .state(onboarding_create_passkey::state())
        .state(onboarding_verify_passkey_attestation::state())
        .state(password_creation::state())
        .state(success::state())
        .state(error::state())
        .before("login_init", ConditionalMediation)
        .before("passcode_confirmation", SendPasscode)
        .after_owner("credential_usage", ScheduleOnboarding)
        .after("password_creation", SavePassword)
        .after("onboarding_verify_passkey_attestation", SavePasskeys)
        .before("success", SignIn)
}
