//! Signing in.                                                                spec/flow-login-registration.md §0.3

use crate::{
    engine::Flow,
    rules::{
        account::{SaveOtp, SavePasskeys, SavePassword},
        onboarding::ScheduleOnboarding,
        passcode::SendPasscode,
        passkey::ConditionalMediation,
        standing::ProofsStand,
        success::SignIn,
        totp::OfferSecret,
    },
    states::{
        credential_onboarding_chooser, device_trust, error, login_init, login_method_chooser, login_otp, login_passkey,
        login_password, login_password_recovery, login_security_key, mfa_method_chooser, mfa_otp_secret_creation,
        mfa_security_key_creation, onboarding_create_passkey, onboarding_email, onboarding_username,
        onboarding_verify_passkey_attestation, passcode_confirmation, password_creation, preflight, success,
    },
};

pub(super) fn flow() -> Flow {
    Flow::named("login", &["preflight", "login_init"])
        .state(preflight::state())
        .state(login_init::state())
        .state(login_passkey::state())
        .state(login_method_chooser::state())
        .state(login_password::state())
        .state(passcode_confirmation::state())
        .state(login_security_key::state())
        .state(login_otp::state())
        .state(login_password_recovery::state())
        .state(onboarding_username::state())
        .state(onboarding_email::state())
        .state(credential_onboarding_chooser::state())
        .state(onboarding_create_passkey::state())
        .state(onboarding_verify_passkey_attestation::state())
        .state(password_creation::state())
        .state(mfa_method_chooser::state())
        .state(mfa_otp_secret_creation::state())
        .state(mfa_security_key_creation::state())
        .state(device_trust::state())
        .state(success::state())
        .state(error::state())
        .before_each(ProofsStand)
        .before("login_init", ConditionalMediation)
        .before("passcode_confirmation", SendPasscode)
        .before("mfa_otp_secret_creation", OfferSecret)
        .after_owner("credential_usage", ScheduleOnboarding)
        .after("password_creation", SavePassword)
        .after("mfa_otp_secret_creation", SaveOtp)
        .after("onboarding_verify_passkey_attestation", SavePasskeys)
        .before("success", SignIn)
}
