//! Which credentials a user is asked for (`spec/flow-login-registration.md` §2.11, §2.13, §4.9, §4.11).

use async_trait::async_trait;
use hanko_model::{
    project::Settings,
    spec::{Acquire, DeviceTrustPolicy},
};

use crate::{
    engine::{Cx, Failure, FlowError, Hook},
    rules::{
        device,
        mfa::{self, Asked},
    },
};

const PASSKEY: &str = "onboarding_create_passkey";
const PASSWORD: &str = "password_creation";
const CHOOSER: &str = "credential_onboarding_chooser";

/// After the states of `credential_usage`, once: everything that stands between the first factor and `success`.
pub(crate) struct ScheduleOnboarding;

#[async_trait]
impl Hook for ScheduleOnboarding {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        if cx.stash.onboarding_scheduled {
            return Ok(());
        }
        cx.stash.onboarding_scheduled = true;
        let second_factor = second_factor(cx).await?;
        cx.scheduled.extend(second_factor);
        let recovery = cx.stash.recovery_pending;
        if recovery {
            cx.scheduled.push("login_password_recovery");
        }
        let settings = cx.settings();
        let username = settings.username.acquire_on_login && !cx.stash.has_username;
        let email = settings.email.acquire_on_login && !cx.stash.has_email;
        cx.scheduled.extend(username.then_some("onboarding_username"));
        cx.scheduled.extend(email.then_some("onboarding_email"));
        let states = login(
            cx.settings(),
            cx.stash.webauthn_available,
            cx.stash.has_passkey,
            // Recovery ends with a password (§7 Q30).
            cx.stash.has_password || recovery,
        );
        cx.scheduled.extend(states);
        let prompt = cx.settings().mfa.device_trust.policy == DeviceTrustPolicy::Prompt;
        if prompt && matches!(second_factor, Some("login_otp" | "login_security_key")) {
            cx.scheduled.push("device_trust");
        }
        cx.scheduled.push("success");
        Ok(())
    }
}

/// The second factor this login asks for; a trusted device proves it at once.
async fn second_factor(cx: &mut Cx<'_>) -> Result<Option<&'static str>, Failure> {
    let asked = mfa::asked(cx);
    if let (Some(user), false) = (cx.stash.user, asked == Asked::Nothing)
        && let Some(proof) = device::recognise(cx, user).await?
    {
        cx.stash.proofs.push(proof);
        return Ok(None);
    }
    Ok(match asked {
        Asked::Nothing => None,
        Asked::Totp => Some("login_otp"),
        Asked::SecurityKey => Some("login_security_key"),
        Asked::Impossible => {
            cx.error = Some(FlowError::PlatformAuthenticatorRequired);
            Some("error")
        }
    })
}

/// What a registration asks for.
pub(crate) fn registration(settings: &Settings, webauthn: bool) -> Vec<&'static str> {
    let passkey = if webauthn { settings.passkey.acquire_on_registration } else { Acquire::Never };
    let password = settings.password.acquire_on_registration;
    match (passkey, password) {
        (Acquire::Always, Acquire::Always) => both(settings),
        (Acquire::Conditional, Acquire::Conditional) => vec![CHOOSER],
        (Acquire::Always, _) | (Acquire::Conditional, Acquire::Never) => vec![PASSKEY],
        (_, Acquire::Always) | (Acquire::Never, Acquire::Conditional) => vec![PASSWORD],
        (Acquire::Never, Acquire::Never) => Vec::new(),
    }
}

/// What a login asks for.
fn login(settings: &Settings, webauthn: bool, has_passkey: bool, has_password: bool) -> Vec<&'static str> {
    use Acquire::{Always, Conditional, Never};
    let passkey = if webauthn { settings.passkey.acquire_on_login } else { Never };
    let password = settings.password.acquire_on_login;
    match (passkey, password, has_passkey, has_password) {
        (Always, Always, false, false) => both(settings),
        (Always, Always, true, false) => vec![PASSWORD],
        (Always, _, false, _) => vec![PASSKEY],
        (_, Always, _, false) => vec![PASSWORD],
        (Conditional, Conditional, false, false) => vec![CHOOSER],
        (Conditional, Never, false, false) => vec![PASSKEY],
        // Without WebAuthn or passkeys there is nothing the password could be an alternative to.
        (Conditional, Never, false, true) if !settings.password.enabled => vec![PASSKEY],
        (Never, Conditional, false, false) => vec![PASSWORD],
        (Never, Conditional, true, false) if !(webauthn && settings.passkey.enabled) => vec![PASSWORD],
        _ => Vec::new(),
    }
}

/// The credential that cannot be skipped comes first.
fn both(settings: &Settings) -> Vec<&'static str> {
    if !settings.password.optional && settings.passkey.optional {
        vec![PASSWORD, PASSKEY]
    } else {
        vec![PASSKEY, PASSWORD]
    }
}

/// When the running flow asks for a password.
pub(crate) fn password_acquisition(cx: &Cx<'_>) -> Acquire {
    let settings = &cx.settings().password;
    if cx.registering() { settings.acquire_on_registration } else { settings.acquire_on_login }
}

/// When the running flow asks for a passkey. A client without WebAuthn is never asked.
pub(crate) fn passkey_acquisition(cx: &Cx<'_>) -> Acquire {
    let settings = &cx.settings().passkey;
    if !cx.stash.webauthn_available {
        Acquire::Never
    } else if cx.registering() {
        settings.acquire_on_registration
    } else {
        settings.acquire_on_login
    }
}

/// Whether a credential has to be made: it is required, was chosen, or is the last way left to sign in. `other` is the state
/// of the other credential, `has_other` whether the user has it, `other_acquisition` when the flow asks for it.
pub(crate) fn must_not_skip(
    cx: &Cx<'_>,
    optional: bool,
    other: &str,
    has_other: bool,
    other_acquisition: Acquire,
) -> bool {
    let previous = cx.previous.as_deref().unwrap_or_default();
    let email = &cx.settings().email;
    let by_mail = cx.stash.email.is_some() && email.use_for_authentication && email.use_as_login_identifier;
    let first = ["passcode_confirmation", "registration_init"].contains(&previous);
    let other_follows = cx.queue.iter().any(|state| state == other) || other_acquisition == Acquire::Conditional;
    let last_way = cx.registering() && !has_other && !by_mail && !other_follows;
    !optional
        || previous == CHOOSER
        || last_way
        || (previous == other && !has_other && !by_mail)
        || (first && other_acquisition == Acquire::Never && !by_mail)
}
