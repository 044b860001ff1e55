//! What names an account.

use std::time::Duration;

use crate::{
    problem::Findings,
    project::{Email, Username},
    resolve::settings::{mailing, number},
    spec::{EmailSpec, UsernameSpec},
};

pub(super) fn email(spec: &EmailSpec, mail: bool, findings: &mut Findings) -> Email {
    let enabled = spec.enabled.unwrap_or(true);
    let ttl = number("spec.settings.email.passcodeTtl", spec.passcode_ttl, 300, 30..=86_400, "seconds", findings);
    let mut needs_mail = |name: &str, given: Option<bool>| {
        enabled && mailing(&format!("spec.settings.email.{name}"), given, true, mail, findings)
    };
    Email {
        enabled,
        optional: spec.optional.unwrap_or(false),
        acquire_on_registration: enabled && spec.acquire_on_registration.unwrap_or(true),
        acquire_on_login: enabled && spec.acquire_on_login.unwrap_or(true),
        use_as_login_identifier: enabled && spec.use_as_login_identifier.unwrap_or(true),
        require_verification: needs_mail("requireVerification", spec.require_verification),
        use_for_authentication: needs_mail("useForAuthentication", spec.use_for_authentication),
        limit: number("spec.settings.email.limit", spec.limit, 5, 1..=100, "addresses per user", findings),
        max_length: number("spec.settings.email.maxLength", spec.max_length, 120, 3..=254, "characters", findings),
        passcode_ttl: Duration::from_secs(ttl.into()),
        passcode_charset: spec.passcode_charset.unwrap_or_default(),
    }
}

pub(super) fn username(spec: &UsernameSpec, findings: &mut Findings) -> Username {
    let enabled = spec.enabled.unwrap_or(false);
    let mut length = |name: &str, given, default| {
        number(&format!("spec.settings.username.{name}"), given, default, 1..=128, "characters", findings)
    };
    let (min_length, max_length) = (length("minLength", spec.min_length, 3), length("maxLength", spec.max_length, 32));
    if min_length > max_length {
        findings.add(
            "spec.settings.username",
            format!("no username is as long as {min_length} and as short as {max_length} characters; lower `minLength` or raise `maxLength`"),
        );
    }
    Username {
        enabled,
        optional: spec.optional.unwrap_or(true),
        acquire_on_registration: enabled && spec.acquire_on_registration.unwrap_or(true),
        acquire_on_login: enabled && spec.acquire_on_login.unwrap_or(true),
        use_as_login_identifier: enabled && spec.use_as_login_identifier.unwrap_or(true),
        min_length,
        max_length,
    }
}
