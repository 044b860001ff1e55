//! When a project offers which endpoint (`spec/sessions-and-public-rest.md` §13.1, `spec/decisions.md` 14). An endpoint that asks for
//! no second factor is not offered where one can be needed.

use hanko_model::project::Settings;

use crate::extract::Offer;

/// The endpoints of earlier versions.
pub(super) struct Deprecated;
/// Passwords.
pub(super) struct Passwords;
/// Codes by mail.
pub(super) struct Passcodes;
/// The passkeys of whoever is signed in.
pub(super) struct Passkeys;
/// Signing in with a passkey.
pub(super) struct PasskeyLogin;
/// Exchanging a one-time token for a session.
pub(super) struct Tokens;
/// The end of one's own account.
pub(super) struct Deletion;
/// The same, at its earlier place.
pub(super) struct DeprecatedDeletion;

impl Offer for Deprecated {
    fn is_made(settings: &Settings) -> bool {
        settings.legacy_api
    }
}

impl Offer for Passwords {
    fn is_made(settings: &Settings) -> bool {
        settings.legacy_api && !settings.mfa.enabled && settings.password.enabled
    }
}

impl Offer for Passcodes {
    fn is_made(settings: &Settings) -> bool {
        settings.legacy_api && !settings.mfa.enabled && settings.email.enabled && settings.email.use_for_authentication
    }
}

impl Offer for Passkeys {
    fn is_made(settings: &Settings) -> bool {
        settings.legacy_api && settings.passkey.enabled
    }
}

impl Offer for PasskeyLogin {
    fn is_made(settings: &Settings) -> bool {
        Passkeys::is_made(settings) && !is_second_factor_mandatory(settings)
    }
}

impl Offer for Tokens {
    fn is_made(settings: &Settings) -> bool {
        settings.legacy_api && !is_second_factor_mandatory(settings)
    }
}

impl Offer for Deletion {
    fn is_made(settings: &Settings) -> bool {
        settings.allow_deletion
    }
}

impl Offer for DeprecatedDeletion {
    fn is_made(settings: &Settings) -> bool {
        settings.legacy_api && Deletion::is_made(settings)
    }
}

fn is_second_factor_mandatory(settings: &Settings) -> bool {
    settings.mfa.enabled && !settings.mfa.optional
}
