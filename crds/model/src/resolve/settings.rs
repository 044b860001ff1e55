//! Behaviour of a tenant.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    document::Document,
    problem::Findings,
    project::{Email, Limit, Passkey, Password, Privacy, RateLimiter, Settings, Webauthn},
    resolve::{
        addresses::Addresses,
        session::{self, positive},
    },
    spec::{
        Acquire, AttestationPreference, EmailSpec, LimitSpec, PasskeySpec, PasswordSpec, RateLimiterSpec, SettingsSpec,
        UserVerification, WebauthnSpec,
    },
};

/// `addresses` is missing after a problem with them.
pub(super) fn resolve(document: &Document, addresses: Option<&Addresses>, findings: &mut Findings) -> Settings {
    let spec = document.spec.settings.clone().unwrap_or_default();
    let mail = document.spec.mail.is_some();
    let SettingsSpec {
        account,
        email,
        password,
        passkey,
        session,
        service,
        privacy,
        webauthn,
        rate_limiter,
        audit_log,
    } = spec;
    let service_name = service.and_then(|service| service.name).unwrap_or_else(|| document.name.clone());
    check_text("spec.settings.service.name", &service_name, findings);
    let email = resolve_email(&email.unwrap_or_default(), mail, findings);
    let password = resolve_password(&password.unwrap_or_default(), mail, findings);
    let passkey = resolve_passkey(&passkey.unwrap_or_default());
    if !password.enabled && !passkey.enabled && !email.use_for_authentication {
        findings.add(
            "spec.settings",
            "leaves no way to sign in; enable `password`, `passkey`, or `mail` with `email.useForAuthentication`",
        );
    }
    let privacy = privacy.unwrap_or_default();
    Settings {
        allow_signup: account.and_then(|account| account.allow_signup).unwrap_or(true),
        webauthn: resolve_webauthn(&webauthn.unwrap_or_default(), &service_name, addresses, findings),
        email,
        password,
        passkey,
        session: session::resolve(&session.unwrap_or_default(), addresses, findings),
        service_name,
        privacy: Privacy {
            show_account_existence_hints: privacy.show_account_existence_hints.unwrap_or(false),
            only_show_actual_login_methods: privacy.only_show_actual_login_methods.unwrap_or(false),
        },
        rate_limiter: resolve_rate_limiter(&rate_limiter.unwrap_or_default(), findings),
        audit_mask: audit_log.and_then(|audit_log| audit_log.mask).unwrap_or(true),
    }
}

fn check_text(path: &str, text: &str, findings: &mut Findings) {
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.chars().count() > 253 {
        findings.add(path, "is empty, longer than 253 characters or holds control characters; write the name users know, or leave it out");
    }
}

fn number(
    path: &str,
    given: Option<u32>,
    default: u32,
    range: RangeInclusive<u32>,
    unit: &str,
    findings: &mut Findings,
) -> u32 {
    let value = given.unwrap_or(default);
    if !range.contains(&value) {
        findings.add(path, format!("{value} is not possible; write {} to {} {unit}", range.start(), range.end()));
    }
    value
}

/// A switch of something that sends mail: on when mail can leave, unless the author says otherwise.
fn mailing(path: &str, given: Option<bool>, mail: bool, findings: &mut Findings) -> bool {
    if given == Some(true) && !mail {
        findings.add(path, "needs mail; add `spec.mail`, or write false");
    }
    given.unwrap_or(mail)
}

fn resolve_email(spec: &EmailSpec, mail: bool, findings: &mut Findings) -> Email {
    let ttl = number("spec.settings.email.passcodeTtl", spec.passcode_ttl, 300, 30..=86_400, "seconds", findings);
    Email {
        require_verification: mailing(
            "spec.settings.email.requireVerification",
            spec.require_verification,
            mail,
            findings,
        ),
        use_for_authentication: mailing(
            "spec.settings.email.useForAuthentication",
            spec.use_for_authentication,
            mail,
            findings,
        ),
        max_length: number("spec.settings.email.maxLength", spec.max_length, 120, 3..=254, "characters", findings),
        passcode_ttl: Duration::from_secs(ttl.into()),
        passcode_charset: spec.passcode_charset.unwrap_or_default(),
    }
}

fn acquire(enabled: bool, given: Option<Acquire>, default: Acquire) -> Acquire {
    if enabled { given.unwrap_or(default) } else { Acquire::Never }
}

fn resolve_password(spec: &PasswordSpec, mail: bool, findings: &mut Findings) -> Password {
    let enabled = spec.enabled.unwrap_or(true);
    Password {
        enabled,
        optional: spec.optional.unwrap_or(false),
        acquire_on_registration: acquire(enabled, spec.acquire_on_registration, Acquire::Always),
        acquire_on_login: acquire(enabled, spec.acquire_on_login, Acquire::Never),
        recovery: enabled && mailing("spec.settings.password.recovery", spec.recovery, mail, findings),
        min_length: number("spec.settings.password.minLength", spec.min_length, 8, 1..=72, "characters", findings),
    }
}

fn resolve_passkey(spec: &PasskeySpec) -> Passkey {
    let enabled = spec.enabled.unwrap_or(true);
    Passkey {
        enabled,
        optional: spec.optional.unwrap_or(true),
        acquire_on_registration: acquire(enabled, spec.acquire_on_registration, Acquire::Always),
        acquire_on_login: acquire(enabled, spec.acquire_on_login, Acquire::Always),
        attestation_preference: spec.attestation_preference.unwrap_or(AttestationPreference::Direct),
        user_verification: spec.user_verification.unwrap_or(UserVerification::Preferred),
    }
}

fn resolve_webauthn(
    spec: &WebauthnSpec,
    service_name: &str,
    addresses: Option<&Addresses>,
    findings: &mut Findings,
) -> Webauthn {
    let name = spec.relying_party.as_ref().and_then(|party| party.display_name.clone());
    if let Some(name) = &name {
        check_text("spec.settings.webauthn.relyingParty.displayName", name, findings);
    }
    let timeouts = spec.timeouts.clone().unwrap_or_default();
    let mut timeout = |name: &str, given| {
        let path = format!("spec.settings.webauthn.timeouts.{name}");
        Duration::from_millis(number(&path, given, 600_000, 10_000..=3_600_000, "milliseconds", findings).into())
    };
    Webauthn {
        relying_party_id: addresses.map(|addresses| addresses.rp_id.clone()).unwrap_or_default(),
        relying_party_name: name.unwrap_or_else(|| service_name.to_owned()),
        origins: addresses.map(|addresses| addresses.webauthn_origins.clone()).unwrap_or_default(),
        registration_timeout: timeout("registration", timeouts.registration),
        login_timeout: timeout("login", timeouts.login),
    }
}

fn resolve_rate_limiter(spec: &RateLimiterSpec, findings: &mut Findings) -> RateLimiter {
    let enabled = spec.enabled.unwrap_or(true);
    let mut limit = |name: &str, given: Option<&LimitSpec>, tokens: u32| {
        let path = format!("spec.settings.rateLimiter.{name}");
        let minute = Duration::from_secs(60);
        let tokens = number(
            &format!("{path}.tokens"),
            given.map(|limit| limit.tokens),
            tokens,
            1..=1_000_000,
            "per window",
            findings,
        );
        let interval = positive(&format!("{path}.interval"), given.map(|limit| &*limit.interval), minute, findings);
        enabled.then_some(Limit { tokens, interval })
    };
    RateLimiter {
        password: limit("passwordLimits", spec.password_limits.as_ref(), 5),
        passcode: limit("passcodeLimits", spec.passcode_limits.as_ref(), 3),
    }
}
