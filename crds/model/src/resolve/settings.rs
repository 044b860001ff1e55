//! Behaviour of a tenant.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    document::Document,
    problem::Findings,
    project::{Email, Passkey, Password, Privacy, SecurityNotifications, Settings, Webauthn},
    render::ACKNOWLEDGE_RELYING_PARTY_ANNOTATION,
    resolve::{
        account,
        addresses::{self, Addresses},
        audit_log, identifiers, limits, metadata, mfa, session, sign_in, webhooks,
    },
    spec::{
        Acquire, AttestationPreference, PasskeySpec, PasswordSpec, SecurityNotificationsSpec, SettingsSpec,
        UserVerification, WebauthnSpec,
    },
};

/// `addresses` is missing after a problem with them.
pub(super) fn resolve(document: &Document, addresses: Option<&Addresses>, findings: &mut Findings) -> Settings {
    let spec = document.spec.settings.clone().unwrap_or_default();
    // A receiver of mails sends them as well as a mail server does.
    let mail = document.spec.mail.is_some() || document.spec.webhooks.as_ref().is_some_and(webhooks::take_mails);
    let SettingsSpec {
        account,
        email,
        username,
        password,
        passkey,
        mfa,
        session,
        service,
        privacy,
        webauthn,
        rate_limiter,
        security_notifications,
        legacy_api,
        audit_log,
        metadata,
    } = spec;
    let service_name = service.and_then(|service| service.name).unwrap_or_else(|| document.name.clone());
    check_text("spec.settings.service.name", &service_name, findings);
    let email = identifiers::email(&email.unwrap_or_default(), mail, findings);
    let password = resolve_password(&password.unwrap_or_default(), &email, mail, findings);
    let session = session::resolve(&session.unwrap_or_default(), addresses, findings);
    let privacy = privacy.unwrap_or_default();
    let account = account.unwrap_or_default();
    let audit_log = audit_log.unwrap_or_default();
    let settings = Settings {
        allow_signup: account.allow_signup.unwrap_or(true),
        allow_deletion: account.allow_deletion.unwrap_or(false),
        step_up: account::step_up(&account.step_up.unwrap_or_default(), findings),
        webauthn: resolve_webauthn(document, &webauthn.unwrap_or_default(), &service_name, addresses, findings),
        email,
        username: identifiers::username(&username.unwrap_or_default(), findings),
        password,
        passkey: resolve_passkey(&passkey.unwrap_or_default(), findings),
        mfa: mfa::resolve(&mfa.unwrap_or_default(), &session.cookie, findings),
        session,
        service_name,
        privacy: Privacy {
            show_account_existence_hints: privacy.show_account_existence_hints.unwrap_or(false),
            only_show_actual_login_methods: privacy.only_show_actual_login_methods.unwrap_or(false),
        },
        rate_limiter: limits::resolve(&rate_limiter.unwrap_or_default(), findings),
        security_notifications: notifications(&security_notifications.unwrap_or_default(), mail, findings),
        legacy_api: legacy_api.and_then(|legacy_api| legacy_api.enabled).unwrap_or(true),
        audit_mask: audit_log.mask.unwrap_or(true),
        audit_console: audit_log::console(&audit_log),
        audit_retention: audit_log::retention(&audit_log, findings),
        metadata_schemas: metadata::schemas(&metadata.unwrap_or_default(), findings),
    };
    sign_in::check(&settings, findings);
    settings
}

fn check_text(path: &str, text: &str, findings: &mut Findings) {
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.chars().count() > 253 {
        findings.add(path, "is empty, longer than 253 characters or holds control characters; write the name users know, or leave it out");
    }
}

pub(super) fn number(
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

/// A switch of something that sends mail. Off without mail, which an author who wants it on is told.
pub(super) fn mailing(path: &str, given: Option<bool>, default: bool, mail: bool, findings: &mut Findings) -> bool {
    if given == Some(true) && !mail {
        findings.add(path, "needs mail; add `spec.mail`, or a webhook for `email.send` that sends it, or write false");
    }
    given.unwrap_or(default) && mail
}

fn acquire(enabled: bool, given: Option<Acquire>, default: Acquire) -> Acquire {
    if enabled { given.unwrap_or(default) } else { Acquire::Never }
}

fn resolve_password(spec: &PasswordSpec, email: &Email, mail: bool, findings: &mut Findings) -> Password {
    let enabled = spec.enabled.unwrap_or(true);
    let path = "spec.settings.password.recovery";
    if enabled && spec.recovery == Some(true) && !email.enabled {
        findings.add(
            path,
            "sends a code to the address of the account, and accounts have none; write false, or `email.enabled: true`",
        );
    }
    Password {
        enabled,
        optional: spec.optional.unwrap_or(false),
        acquire_on_registration: acquire(enabled, spec.acquire_on_registration, Acquire::Always),
        acquire_on_login: acquire(enabled, spec.acquire_on_login, Acquire::Never),
        recovery: enabled && email.enabled && mailing(path, spec.recovery, true, mail, findings),
        recovery_ends_sessions: spec.recovery_ends_sessions.unwrap_or(true),
        min_length: number("spec.settings.password.minLength", spec.min_length, 8, 1..=72, "characters", findings),
    }
}

fn resolve_passkey(spec: &PasskeySpec, findings: &mut Findings) -> Passkey {
    let enabled = spec.enabled.unwrap_or(true);
    Passkey {
        enabled,
        optional: spec.optional.unwrap_or(true),
        acquire_on_registration: acquire(enabled, spec.acquire_on_registration, Acquire::Always),
        acquire_on_login: acquire(enabled, spec.acquire_on_login, Acquire::Always),
        attestation_preference: spec.attestation_preference.unwrap_or(AttestationPreference::Direct),
        user_verification: spec.user_verification.unwrap_or(UserVerification::Preferred),
        limit: number("spec.settings.passkey.limit", spec.limit, 10, 1..=100, "passkeys per user", findings),
    }
}

fn resolve_webauthn(
    document: &Document,
    spec: &WebauthnSpec,
    service_name: &str,
    addresses: Option<&Addresses>,
    findings: &mut Findings,
) -> Webauthn {
    let name = spec.relying_party.as_ref().and_then(|party| party.display_name.clone());
    if let Some(name) = &name {
        check_text("spec.settings.webauthn.relyingParty.displayName", name, findings);
    }
    let relying_party_id = addresses.map(|addresses| addresses.rp_id.clone()).unwrap_or_default();
    let acknowledged = acknowledged(document, &relying_party_id, findings);
    let top_origins = addresses::top_origins(&spec.top_origins, findings);
    let timeouts = spec.timeouts.clone().unwrap_or_default();
    let mut timeout = |name: &str, given| {
        let path = format!("spec.settings.webauthn.timeouts.{name}");
        Duration::from_millis(number(&path, given, 600_000, 10_000..=3_600_000, "milliseconds", findings).into())
    };
    Webauthn {
        relying_party_id,
        acknowledged,
        relying_party_name: name.unwrap_or_else(|| service_name.to_owned()),
        origins: addresses.map(|addresses| addresses.webauthn_origins.clone()).unwrap_or_default(),
        top_origins,
        registration_timeout: timeout("registration", timeouts.registration),
        login_timeout: timeout("login", timeouts.login),
    }
}

/// Whether the author accepts that this RP ID is a new one. An annotation that names another has been forgotten.
fn acknowledged(document: &Document, rp_id: &str, findings: &mut Findings) -> bool {
    let Some(named) = document.annotations.get(ACKNOWLEDGE_RELYING_PARTY_ANNOTATION) else { return false };
    // An RP ID that is itself a problem is empty.
    if named != rp_id && !rp_id.is_empty() {
        findings.add(
            "metadata.annotations",
            format!(
                "`{ACKNOWLEDGE_RELYING_PARTY_ANNOTATION}: {named}` does not name the RP ID, which is `{rp_id}`; write that to accept it \
                 as a new one, or remove the annotation"
            ),
        );
    }
    named == rp_id
}

fn notifications(spec: &SecurityNotificationsSpec, mail: bool, findings: &mut Findings) -> SecurityNotifications {
    let spec = spec.notifications.clone().unwrap_or_default();
    let mut switch = |name: &str, given: Option<bool>, default: bool| {
        let path = format!("spec.settings.securityNotifications.notifications.{name}.enabled");
        mailing(&path, given, default, mail, findings)
    };
    SecurityNotifications {
        password_recovery: switch("passwordRecovery", spec.password_recovery.and_then(|one| one.enabled), false),
        new_session: switch("newSession", spec.new_session.and_then(|one| one.enabled), false),
        password_limit: switch("passwordLimit", spec.password_limit.and_then(|one| one.enabled), true),
        password_update: switch("passwordUpdate", spec.password_update.and_then(|one| one.enabled), true),
        primary_email_update: switch("primaryEmailUpdate", spec.primary_email_update.and_then(|one| one.enabled), true),
        email_create: switch("emailCreate", spec.email_create.and_then(|one| one.enabled), true),
        email_delete: switch("emailDelete", spec.email_delete.and_then(|one| one.enabled), true),
        passkey_create: switch("passkeyCreate", spec.passkey_create.and_then(|one| one.enabled), true),
        mfa_create: switch("mfaCreate", spec.mfa_create.and_then(|one| one.enabled), true),
        mfa_delete: switch("mfaDelete", spec.mfa_delete.and_then(|one| one.enabled), true),
    }
}
