//! Every tenant setting of upstream's configuration has exactly one home in the resource, or a reason why it has none.

use std::collections::BTreeSet;

use serde_json::Value;

/// Where a key of upstream's went.
enum Home {
    /// This field of the spec.
    Field(&'static str),
    /// Nowhere yet: the field comes when it works.
    NotYet(&'static str),
    /// Nowhere: something else decides it.
    Never(&'static str),
}

use Home::{Field, Never, NotYet};

const OAUTH: &str = "comes with the kind OAuthProvider";
const SAML: &str = "comes with the kind SamlProvider";
const KMS: &str = "comes with signing keys outside of the database";

const KEYS: &[(&str, Home)] = &[
    ("account.allow_deletion", Field("settings.account.allowDeletion")),
    ("account.allow_signup", Field("settings.account.allowSignup")),
    ("email.enabled", Field("settings.email.enabled")),
    ("email.optional", Field("settings.email.optional")),
    ("email.acquire_on_registration", Field("settings.email.acquireOnRegistration")),
    ("email.acquire_on_login", Field("settings.email.acquireOnLogin")),
    ("email.require_verification", Field("settings.email.requireVerification")),
    ("email.limit", Field("settings.email.limit")),
    ("email.use_as_login_identifier", Field("settings.email.useAsLoginIdentifier")),
    ("email.use_for_authentication", Field("settings.email.useForAuthentication")),
    ("email.max_length", Field("settings.email.maxLength")),
    ("email.passcode_ttl", Field("settings.email.passcodeTtl")),
    ("email.passcode_charset", Field("settings.email.passcodeCharset")),
    ("email_delivery.enabled", Field("mail")),
    ("email_delivery.from_address", Field("mail.from.address")),
    ("email_delivery.from_name", Field("mail.from.name")),
    ("email_delivery.smtp.host", Field("mail.smtp.host")),
    ("email_delivery.smtp.port", Field("mail.smtp.port")),
    ("email_delivery.smtp.user", Field("mail.smtp.credentialsRef")),
    ("email_delivery.smtp.password", Field("mail.smtp.credentialsRef")),
    ("username.enabled", Field("settings.username.enabled")),
    ("username.optional", Field("settings.username.optional")),
    ("username.acquire_on_registration", Field("settings.username.acquireOnRegistration")),
    ("username.acquire_on_login", Field("settings.username.acquireOnLogin")),
    ("username.use_as_login_identifier", Field("settings.username.useAsLoginIdentifier")),
    ("username.min_length", Field("settings.username.minLength")),
    ("username.max_length", Field("settings.username.maxLength")),
    ("password.enabled", Field("settings.password.enabled")),
    ("password.optional", Field("settings.password.optional")),
    ("password.acquire_on_registration", Field("settings.password.acquireOnRegistration")),
    ("password.acquire_on_login", Field("settings.password.acquireOnLogin")),
    ("password.recovery", Field("settings.password.recovery")),
    ("password.min_length", Field("settings.password.minLength")),
    ("passkey.enabled", Field("settings.passkey.enabled")),
    ("passkey.optional", Field("settings.passkey.optional")),
    ("passkey.acquire_on_registration", Field("settings.passkey.acquireOnRegistration")),
    ("passkey.acquire_on_login", Field("settings.passkey.acquireOnLogin")),
    ("passkey.attestation_preference", Field("settings.passkey.attestationPreference")),
    ("passkey.user_verification", Field("settings.passkey.userVerification")),
    ("passkey.limit", Field("settings.passkey.limit")),
    ("mfa.enabled", Field("settings.mfa.enabled")),
    ("mfa.optional", Field("settings.mfa.optional")),
    ("mfa.acquire_on_login", Field("settings.mfa.acquireOnLogin")),
    ("mfa.acquire_on_registration", Field("settings.mfa.acquireOnRegistration")),
    ("mfa.totp.enabled", Field("settings.mfa.totp.enabled")),
    ("mfa.security_keys.enabled", Field("settings.mfa.securityKeys.enabled")),
    ("mfa.security_keys.limit", Field("settings.mfa.securityKeys.limit")),
    ("mfa.security_keys.user_verification", Field("settings.mfa.securityKeys.userVerification")),
    ("mfa.security_keys.authenticator_attachment", Field("settings.mfa.securityKeys.authenticatorAttachment")),
    ("mfa.security_keys.attestation_preference", Field("settings.mfa.securityKeys.attestationPreference")),
    ("mfa.device_trust_policy", Field("settings.mfa.deviceTrustPolicy")),
    ("mfa.device_trust_duration", Field("settings.mfa.deviceTrustDuration")),
    ("mfa.device_trust_cookie_name", Field("settings.mfa.deviceTrustCookieName")),
    ("mfa.device_trust_max_users_per_device", Field("settings.mfa.deviceTrustMaxUsersPerDevice")),
    ("session.lifespan", Field("settings.session.lifespan")),
    ("session.idle_timeout", Field("settings.session.idleTimeout")),
    ("session.limit", Field("settings.session.limit")),
    ("session.audience", Field("settings.session.audience")),
    ("session.issuer", Field("settings.session.issuer")),
    ("session.allow_revocation", Field("settings.session.allowRevocation")),
    ("session.show_on_profile", Field("settings.session.showOnProfile")),
    ("session.acquire_ip_address", Field("settings.session.acquireIpAddress")),
    ("session.acquire_user_agent", Field("settings.session.acquireUserAgent")),
    ("session.enable_auth_token_header", Field("settings.session.enableAuthTokenHeader")),
    ("session.cookie.name", Field("settings.session.cookie.name")),
    ("session.cookie.domain", Field("settings.session.cookie.domain")),
    ("session.cookie.http_only", Field("settings.session.cookie.httpOnly")),
    ("session.cookie.secure", Never("the public URL decides: a cookie is Secure exactly when it is https")),
    ("session.cookie.same_site", Field("settings.session.cookie.sameSite")),
    ("session.cookie.retention", Field("settings.session.cookie.retention")),
    ("session.jwt_template.claims", Field("settings.session.jwtTemplate.claims")),
    (
        "security_notifications.notifications.password_update.enabled",
        Field("settings.securityNotifications.notifications.passwordUpdate.enabled"),
    ),
    (
        "security_notifications.notifications.primary_email_update.enabled",
        Field("settings.securityNotifications.notifications.primaryEmailUpdate.enabled"),
    ),
    (
        "security_notifications.notifications.email_create.enabled",
        Field("settings.securityNotifications.notifications.emailCreate.enabled"),
    ),
    (
        "security_notifications.notifications.email_delete.enabled",
        Field("settings.securityNotifications.notifications.emailDelete.enabled"),
    ),
    (
        "security_notifications.notifications.passkey_create.enabled",
        Field("settings.securityNotifications.notifications.passkeyCreate.enabled"),
    ),
    (
        "security_notifications.notifications.mfa_create.enabled",
        Field("settings.securityNotifications.notifications.mfaCreate.enabled"),
    ),
    (
        "security_notifications.notifications.mfa_delete.enabled",
        Field("settings.securityNotifications.notifications.mfaDelete.enabled"),
    ),
    ("cors.allow_origins", Field("origins")),
    (
        "cors.unsafe_wildcard_origin_allowed",
        Never("any page could act for a signed-in user; origins are named one by one"),
    ),
    ("service.name", Field("settings.service.name")),
    ("webauthn.relying_party.id", Field("settings.webauthn.relyingParty.id")),
    ("webauthn.relying_party.display_name", Field("settings.webauthn.relyingParty.displayName")),
    ("webauthn.relying_party.origins", Field("origins")),
    ("webauthn.relying_party.icon", Never("has no effect upstream")),
    ("webauthn.timeouts.registration", Field("settings.webauthn.timeouts.registration")),
    ("webauthn.timeouts.login", Field("settings.webauthn.timeouts.login")),
    ("third_party.redirect_url", Never("follows from the public URL")),
    ("third_party.error_redirect_url", NotYet(OAUTH)),
    ("third_party.default_redirect_url", Never("has no effect upstream")),
    ("third_party.allowed_redirect_urls", NotYet(OAUTH)),
    ("third_party.providers", NotYet(OAUTH)),
    ("third_party.custom_providers", NotYet(OAUTH)),
    ("saml.enabled", NotYet(SAML)),
    ("saml.endpoint_url", NotYet(SAML)),
    ("saml.audience_uri", NotYet(SAML)),
    ("saml.default_redirect_url", NotYet(SAML)),
    ("saml.allowed_redirect_urls", NotYet(SAML)),
    ("saml.options.sign_authn_requests", NotYet(SAML)),
    ("saml.options.force_login", NotYet(SAML)),
    ("saml.options.validate_encryption_cert", NotYet(SAML)),
    ("saml.options.skip_signature_validation", NotYet(SAML)),
    ("saml.options.allow_missing_attributes", NotYet(SAML)),
    ("saml.identity_providers", NotYet(SAML)),
    ("secrets.key_management.type", NotYet(KMS)),
    ("secrets.key_management.key_id", NotYet(KMS)),
    ("secrets.key_management.region", NotYet(KMS)),
    ("secrets.keys", Field("keys.masterKeyRef")),
    ("webhooks.enabled", Field("webhooks.enabled")),
    ("webhooks.allow_time_expiration", Field("webhooks.allowTimeExpiration")),
    ("webhooks.hooks", Field("webhooks.hooks")),
    ("privacy.show_account_existence_hints", Field("settings.privacy.showAccountExistenceHints")),
    ("privacy.only_show_actual_login_methods", Field("settings.privacy.onlyShowActualLoginMethods")),
];

const STEP_UP: &str = "ours: a session left open does not give the account away";
const ACCOUNT: &str = "ours: a password is not guessed from many addresses";
const RECIPIENT: &str = "ours: a mailbox is not filled from many addresses";
const MAIL_CLIENT: &str = "ours: one address does not fill many mailboxes";
const METADATA: &str = "ours: metadata that every writer is held to";
const FLOOD: &str = "ours: one address does not keep the service busy";

/// Fields below `settings` that are no tenant setting of upstream's: its process-wide ones, and ours.
const OTHERS: &[(&str, &str)] = &[
    ("settings.account.stepUp.enabled", STEP_UP),
    ("settings.account.stepUp.actions", STEP_UP),
    ("settings.account.stepUp.maxAge", STEP_UP),
    ("settings.session.renewal.enabled", "ours: sessions that slide"),
    ("settings.session.renewal.absoluteLifespan", "ours: sessions that slide"),
    ("settings.webauthn.topOrigins", "ours: a login in a frame of a foreign page"),
    ("settings.password.recoveryEndsSessions", "ours: who reset a password locks everybody else out"),
    ("settings.rateLimiter.enabled", "upstream has it for the whole process"),
    ("settings.rateLimiter.passwordLimits.tokens", "upstream has it for the whole process"),
    ("settings.rateLimiter.passwordLimits.interval", "upstream has it for the whole process"),
    ("settings.rateLimiter.passcodeLimits.tokens", "upstream has it for the whole process"),
    ("settings.rateLimiter.passcodeLimits.interval", "upstream has it for the whole process"),
    ("settings.rateLimiter.otpLimits.tokens", "upstream has it for the whole process"),
    ("settings.rateLimiter.otpLimits.interval", "upstream has it for the whole process"),
    ("settings.rateLimiter.tokenLimits.tokens", "upstream has it for the whole process"),
    ("settings.rateLimiter.tokenLimits.interval", "upstream has it for the whole process"),
    ("settings.rateLimiter.accountLimits.tokens", ACCOUNT),
    ("settings.rateLimiter.accountLimits.interval", ACCOUNT),
    ("settings.rateLimiter.recipientLimits.tokens", RECIPIENT),
    ("settings.rateLimiter.recipientLimits.interval", RECIPIENT),
    ("settings.rateLimiter.mailClientLimits.tokens", MAIL_CLIENT),
    ("settings.rateLimiter.mailClientLimits.interval", MAIL_CLIENT),
    ("settings.rateLimiter.floodLimits.tokens", FLOOD),
    ("settings.rateLimiter.floodLimits.interval", FLOOD),
    ("settings.rateLimiter.redis.urlRef.name", "upstream has it for the whole process"),
    ("settings.rateLimiter.redis.urlRef.key", "upstream has it for the whole process"),
    ("settings.securityNotifications.notifications.passwordRecovery.enabled", "ours: upstream tells nobody"),
    ("settings.securityNotifications.notifications.newSession.enabled", "ours: upstream tells nobody"),
    ("settings.securityNotifications.notifications.passwordLimit.enabled", "ours: upstream tells nobody"),
    ("settings.legacyApi.enabled", "ours: the deprecated endpoints can be switched off"),
    ("settings.auditLog.mask", "upstream has it for the whole process"),
    ("settings.auditLog.consoleOutput.enabled", "upstream has it for the whole process"),
    ("settings.auditLog.consoleOutput.output", "upstream has it for the whole process"),
    ("settings.auditLog.retention", "upstream has it for the whole process"),
    ("settings.metadata.schemas.public", METADATA),
    ("settings.metadata.schemas.private", METADATA),
    ("settings.metadata.schemas.unsafe", METADATA),
];

/// Paths below `spec` of all fields, objects among them.
fn fields(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let schema = schema["anyOf"].get(0).unwrap_or(schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        fields(field, &path, found);
        found.insert(path);
    }
}

fn all_fields() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    fields(&hanko_model::schema()["properties"]["spec"], "", &mut found);
    found
}

#[test]
fn every_key_has_one_home_or_a_reason() {
    let fields = all_fields();
    let mut seen = BTreeSet::new();
    for (key, home) in KEYS {
        assert!(seen.insert(key), "{key} stands here twice");
        match home {
            Field(path) => assert!(fields.contains(*path), "{key}: there is no field {path}"),
            NotYet(reason) | Never(reason) => assert!(!reason.is_empty(), "{key} needs a reason"),
        }
    }
    assert_eq!(seen.len(), KEYS.len());
}

#[test]
fn a_key_that_comes_later_has_no_field_yet() {
    let fields = all_fields();
    for (key, _) in KEYS.iter().filter(|(_, home)| !matches!(home, Field(_))) {
        let path = format!("settings.{}", camel_case(key));
        assert!(!fields.contains(&path), "{key} has the field {path}: name it in the table");
    }
}

#[test]
fn every_setting_is_upstreams_by_name_or_explained() {
    let fields = all_fields();
    let homes: BTreeSet<&str> =
        KEYS.iter().filter_map(|(_, home)| if let Field(path) = home { Some(*path) } else { None }).collect();
    let others: BTreeSet<&str> = OTHERS.iter().map(|(path, _)| *path).collect();
    for path in fields.iter().filter(|path| path.starts_with("settings.")) {
        let is_section = fields.iter().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
        assert!(
            is_section || homes.contains(&**path) != others.contains(&**path),
            "{path} is missing here, or stands here twice"
        );
    }
    for (key, home) in KEYS {
        if let Field(path) = home
            && path.starts_with("settings.")
        {
            assert_eq!(*path, format!("settings.{}", camel_case(key)), "names are upstream's, in camelCase");
        }
    }
    assert!(others.iter().all(|path| fields.contains(*path)));
}

fn camel_case(key: &str) -> String {
    let mut upper = false;
    let letters = key.chars().filter_map(|c| {
        if c == '_' {
            upper = true;
            return None;
        }
        Some(if std::mem::take(&mut upper) { c.to_ascii_uppercase() } else { c })
    });
    letters.collect()
}
