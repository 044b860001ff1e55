//! What signed-in users do with their own account.                             spec/flow-profile.md §2

use crate::{
    engine::Flow,
    rules::{
        account::{SaveOtp, SavePasskeys},
        passcode::SendPasscode,
        profile::{ReadOwner, ShowProfile},
        step_up::StepUp,
        totp::OfferSecret,
    },
    states::{
        account_deleted, back::Back, error, login_method_chooser, login_otp, login_passkey, login_password,
        login_security_key, mfa_otp_secret_creation, passcode_confirmation, preflight, profile_init,
        webauthn_credential_verification,
    },
};

pub(super) fn flow() -> Flow {
    Flow::named("profile", &["preflight", "profile_init"])
        .for_users()
        .state(preflight::state())
        .state(profile_init::state())
        .state(webauthn_credential_verification::state())
        .state(passcode_confirmation::state())
        .state(mfa_otp_secret_creation::state())
        .state(login_method_chooser::state())
        .state(login_password::step_up())
        .state(login_passkey::state())
        // Unlike in a login, nothing was proven on the way here that `back` would undo.
        .state(login_otp::state().on(Back))
        .state(login_security_key::state().on(Back))
        .state(account_deleted::state())
        .state(error::state())
        .before_each(ReadOwner)
        .detour(StepUp)
        .before("profile_init", ShowProfile)
        .before("passcode_confirmation", SendPasscode)
        .before("mfa_otp_secret_creation", OfferSecret)
        .after("mfa_otp_secret_creation", SaveOtp)
        .after("webauthn_credential_verification", SavePasskeys)
}
