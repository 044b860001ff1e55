//! Second factors and trusted devices.

use std::time::Duration;

use crate::{
    problem::Findings,
    project::{Cookie, DeviceTrust, Mfa, SecurityKeys},
    resolve::{
        session::{check_cookie_name, positive},
        settings::number,
    },
    spec::{
        AttestationPreference, AuthenticatorAttachment, DeviceTrustPolicy, MfaSpec, SecurityKeysSpec, UserVerification,
    },
};

const THIRTY_DAYS: Duration = Duration::from_secs(720 * 3600);

/// `session` is the session cookie.
pub(super) fn resolve(spec: &MfaSpec, session: &Cookie, findings: &mut Findings) -> Mfa {
    let enabled = spec.enabled.unwrap_or(true);
    Mfa {
        enabled,
        optional: spec.optional.unwrap_or(true),
        acquire_on_registration: enabled && spec.acquire_on_registration.unwrap_or(true),
        acquire_on_login: enabled && spec.acquire_on_login.unwrap_or(false),
        totp_enabled: spec.totp.as_ref().and_then(|totp| totp.enabled).unwrap_or(true),
        security_keys: security_keys(&spec.security_keys.clone().unwrap_or_default(), findings),
        device_trust: device_trust(spec, session, findings),
    }
}

fn security_keys(spec: &SecurityKeysSpec, findings: &mut Findings) -> SecurityKeys {
    SecurityKeys {
        enabled: spec.enabled.unwrap_or(true),
        user_verification: spec.user_verification.unwrap_or(UserVerification::Discouraged),
        authenticator_attachment: spec.authenticator_attachment.unwrap_or(AuthenticatorAttachment::CrossPlatform),
        attestation_preference: spec.attestation_preference.unwrap_or(AttestationPreference::Direct),
        limit: number(
            "spec.settings.mfa.securityKeys.limit",
            spec.limit,
            10,
            1..=100,
            "security keys per user",
            findings,
        ),
    }
}

fn device_trust(spec: &MfaSpec, session: &Cookie, findings: &mut Findings) -> DeviceTrust {
    let path = "spec.settings.mfa.deviceTrustCookieName";
    let cookie_name = spec.device_trust_cookie_name.clone().unwrap_or_else(|| "hanko-device-token".into());
    findings.ok(path, check_cookie_name(&cookie_name, session.secure, false));
    if cookie_name == session.name {
        findings.add(path, format!("`{cookie_name}` is the name of the session cookie; write another one"));
    }
    DeviceTrust {
        policy: spec.device_trust_policy.unwrap_or(DeviceTrustPolicy::Prompt),
        duration: positive(
            "spec.settings.mfa.deviceTrustDuration",
            spec.device_trust_duration.as_deref(),
            THIRTY_DAYS,
            findings,
        ),
        cookie_name,
        max_users_per_device: number(
            "spec.settings.mfa.deviceTrustMaxUsersPerDevice",
            spec.device_trust_max_users_per_device,
            20,
            1..=100,
            "accounts",
            findings,
        ),
    }
}
