//! Mails about what happened to an account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mails that tell the owner of an account what happened to it.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityNotificationsSpec {
    /// One switch per kind of mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<NotificationsSpec>,
}

/// One switch per kind of mail.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsSpec {
    /// The password was reset with a passcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_recovery: Option<PasswordRecoveryNotificationSpec>,
    /// Somebody signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_session: Option<NewSessionNotificationSpec>,
    /// Too many wrong passwords; one mail per window of `rateLimiter.accountLimits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_limit: Option<PasswordLimitNotificationSpec>,
    /// The password was changed in the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_update: Option<ChangeNotificationSpec>,
    /// Another address became the primary one; goes to the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_email_update: Option<ChangeNotificationSpec>,
    /// An address was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_create: Option<ChangeNotificationSpec>,
    /// An address was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_delete: Option<ChangeNotificationSpec>,
    /// A passkey was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey_create: Option<ChangeNotificationSpec>,
    /// An authenticator app or a security key was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_create: Option<ChangeNotificationSpec>,
    /// An authenticator app or a security key was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_delete: Option<ChangeNotificationSpec>,
}

/// The password was reset with a passcode.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordRecoveryNotificationSpec {
    /// The mail is sent. Needs `mail`. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Somebody signed in.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSessionNotificationSpec {
    /// The mail is sent. Needs `mail`. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Too many wrong passwords.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordLimitNotificationSpec {
    /// The mail is sent. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// The user changed the account in the profile.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeNotificationSpec {
    /// The mail is sent. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}
