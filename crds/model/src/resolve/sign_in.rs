//! Settings that are possible one by one and yet let nobody in.

use crate::{problem::Findings, project::Settings, spec::Acquire};

pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    let Settings { email, username, password, passkey, .. } = settings;
    let named = email.use_as_login_identifier || username.use_as_login_identifier;
    if !password.enabled && !passkey.enabled && !email.use_for_authentication {
        findings.add(
            "spec.settings",
            "leaves no way to sign in; enable `password`, `passkey`, or `mail` with `email.useForAuthentication`",
        );
        return;
    }
    if !named && (password.enabled || email.use_for_authentication) {
        let path = if password.enabled {
            "spec.settings.password.enabled"
        } else {
            "spec.settings.email.useForAuthentication"
        };
        findings.add(
            path,
            "needs to know whose account it is, and nothing names one at login; write `useAsLoginIdentifier: true` in `email` or an \
             enabled `username`, or false here",
        );
    }
    if settings.allow_signup {
        check_registration(settings, findings);
    }
    check_second_factor(settings, findings);
}

/// What strangers who register are left with.
fn check_registration(settings: &Settings, findings: &mut Findings) {
    let Settings { email, username, password, passkey, .. } = settings;
    if !email.acquire_on_registration && !username.acquire_on_registration {
        findings.add(
            "spec.settings.account.allowSignup",
            "registration asks for neither address nor username, and nobody can register without; write \
             `acquireOnRegistration: true` in `email` or an enabled `username`, or `allowSignup: false`",
        );
        return;
    }
    let never = |acquire| acquire == Acquire::Never;
    let passcode = email.use_for_authentication && email.acquire_on_registration;
    if never(password.acquire_on_registration) && never(passkey.acquire_on_registration) && !passcode {
        findings.add(
            "spec.settings.account.allowSignup",
            "registration asks for nothing that signs in later; write `acquireOnRegistration: always` in an enabled `password` or \
             `passkey`, or `allowSignup: false`",
        );
    }
}

/// A second factor that everybody must have is one that everybody can get.
fn check_second_factor(settings: &Settings, findings: &mut Findings) {
    let mfa = &settings.mfa;
    if !mfa.enabled || mfa.optional {
        return;
    }
    if !mfa.totp_enabled && !mfa.security_keys.enabled {
        findings.add(
            "spec.settings.mfa.optional",
            "demands a second factor, and there is none; enable `mfa.totp` or `mfa.securityKeys`, or write true",
        );
    } else if !mfa.acquire_on_registration && !mfa.acquire_on_login {
        findings.add(
            "spec.settings.mfa.optional",
            "demands a second factor that nobody is asked to create; write `acquireOnLogin: true` or `acquireOnRegistration: true`, \
             or true here",
        );
    }
}
