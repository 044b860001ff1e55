//! Settings that are possible one by one and yet let nobody in.

use crate::{problem::Findings, project::Settings, spec::Acquire};

pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    check_login(settings, findings);
    check_second_factor(settings, findings);
}

fn check_login(settings: &Settings, findings: &mut Findings) {
    let Settings { email, username, password, passkey, .. } = settings;
    if !password.enabled && !passkey.enabled && !email.use_for_authentication {
        findings.add(
            "spec.settings",
            "leaves no way to sign in; enable `password`, `passkey`, or `mail` with `email.useForAuthentication`",
        );
        return;
    }
    // A passkey names its account itself.
    if !email.use_as_login_identifier && !username.use_as_login_identifier {
        for (path, on) in [
            ("spec.settings.password.enabled", password.enabled),
            ("spec.settings.email.useForAuthentication", email.use_for_authentication),
        ] {
            if on {
                findings.add(
                    path,
                    "has to know whose account it is, and login takes neither address nor username; enable `username`, write \
                     `email.useAsLoginIdentifier: true`, or false here",
                );
            }
        }
        if password.enabled || email.use_for_authentication {
            return;
        }
    }
    if settings.allow_signup {
        check_registration(settings, findings);
    }
}

/// Whoever can register can sign in later.
fn check_registration(settings: &Settings, findings: &mut Findings) {
    let Settings { email, username, password, passkey, .. } = settings;
    let path = "spec.settings.account.allowSignup";
    if !email.acquire_on_registration && !username.acquire_on_registration {
        findings.add(
            path,
            "registration asks for neither address nor username, and an account needs one of them; write `acquireOnRegistration: true` \
             in `email` or in an enabled `username`, or false here",
        );
        return;
    }
    let asks = |acquire| acquire != Acquire::Never;
    // What is optional may be left out as long as the other one is given.
    for (address, name, given) in
        [(true, true, "both identifiers"), (true, false, "an address alone"), (false, true, "a username alone")]
    {
        let possible =
            if address { email.acquire_on_registration } else { email.optional || !email.acquire_on_registration }
                && if name {
                    username.acquire_on_registration
                } else {
                    username.optional || !username.acquire_on_registration
                };
        let known = address && email.use_as_login_identifier || name && username.use_as_login_identifier;
        let passcode = address && email.use_for_authentication;
        let returns =
            asks(passkey.acquire_on_registration) || known && (asks(password.acquire_on_registration) || passcode);
        if possible && !returns {
            findings.add(
                path,
                format!(
                    "who registers with {given} could never sign in again; have registration ask for a passkey, or for a password and an \
                     identifier that login takes, or let passcodes go to an address that is not optional; or write false here"
                ),
            );
            return;
        }
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
            "demands a second factor that nobody is asked to create; write `acquireOnLogin: true` or `acquireOnRegistration: true`, or \
             true here",
        );
    }
}
