//! Entries of the audit log (`spec/webhooks-and-audit.md` §7).

use serde_json::{Map, Value};

use crate::UserId;

/// What happened. The text is the wire's `type`; readers must treat it as open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuditKind {
    /// A session was made by a login.
    LoginSuccess,
    /// A proof was refused.
    LoginFailure,
    /// A registration ended.
    UserCreated,
    /// A session was ended by its owner.
    UserLoggedOut,
    /// A password was set or replaced.
    PasswordChanged,
    /// A passkey was stored.
    PasskeyCreated,
    /// A security key was stored.
    SecurityKeyCreated,
    /// A TOTP secret was stored.
    OtpCreated,
    /// An address was added to an account.
    EmailCreated,
    /// An address was proven by its owner.
    EmailVerified,
    /// The owner of an account was told of a change by mail.
    SecurityNotificationSent,
    /// An account's password was tried too often, whoever tried; written once per pause (FC-52).
    PasswordLimitReached,
    /// Everything attached to an account by someone who had not proven its address was removed (`spec/decisions.md` 2).
    CredentialsPurged,
    /// An authenticator changed its mind about backup (FC-02).
    PasskeyBackupChanged,
    /// An account was deleted.
    UserDeleted,
    /// An address was taken off an account.
    EmailDeleted,
    /// Another address became the main one.
    PrimaryEmailChanged,
    /// A username was set or replaced.
    UsernameChanged,
    /// A username was removed.
    UsernameDeleted,
    /// A password was removed.
    PasswordDeleted,
    /// A passkey was removed.
    PasskeyDeleted,
    /// A deprecated endpoint has mailed a code.
    PasscodeLoginInitSucceeded,
    /// A deprecated endpoint has mailed no code.
    PasscodeLoginInitFailed,
    /// A deprecated endpoint has accepted a code.
    PasscodeLoginFinalSucceeded,
    /// A deprecated endpoint has refused a code.
    PasscodeLoginFinalFailed,
    /// A deprecated endpoint has set a password.
    PasswordSetSucceeded,
    /// A deprecated endpoint has refused a new password.
    PasswordSetFailed,
    /// A deprecated endpoint has accepted a password.
    PasswordLoginSucceeded,
    /// A deprecated endpoint has refused a password.
    PasswordLoginFailed,
    /// A deprecated endpoint has offered to make a passkey.
    WebauthnRegistrationInitSucceeded,
    /// A deprecated endpoint has not offered to make a passkey.
    WebauthnRegistrationInitFailed,
    /// A deprecated endpoint has stored a passkey.
    WebauthnRegistrationFinalSucceeded,
    /// A deprecated endpoint has refused a new passkey.
    WebauthnRegistrationFinalFailed,
    /// A deprecated endpoint has asked for a passkey.
    WebauthnAuthenticationInitSucceeded,
    /// A deprecated endpoint has not asked for a passkey.
    WebauthnAuthenticationInitFailed,
    /// A deprecated endpoint has accepted a passkey.
    WebauthnAuthenticationFinalSucceeded,
    /// A deprecated endpoint has refused a passkey.
    WebauthnAuthenticationFinalFailed,
    /// A deprecated endpoint has renamed a credential.
    WebauthnCredentialUpdated,
    /// A deprecated endpoint has removed a credential.
    WebauthnCredentialDeleted,
    /// A one-time token was exchanged for a session.
    TokenExchangeSucceeded,
    /// A one-time token was refused.
    TokenExchangeFailed,
    /// The user of a session has shown a factor again; the session goes on under a new id.
    SessionSteppedUp,
    /// Calls of the Admin API that read, counted.
    AdminRead,
    /// Calls of the Admin API that had no right, counted.
    AdminRefused,
    /// An administrator made an account.
    AdminUserCreated,
    /// An administrator brought accounts from elsewhere, counted.
    AdminUserImported,
    /// An administrator changed a username or a name.
    AdminUserUpdated,
    /// An administrator deleted an account.
    AdminUserDeleted,
    /// An administrator changed metadata.
    AdminMetadataUpdated,
    /// An administrator added an address.
    AdminEmailCreated,
    /// An administrator removed an address.
    AdminEmailDeleted,
    /// An administrator chose another main address.
    AdminPrimaryEmailChanged,
    /// An administrator set a password or its hash.
    AdminPasswordSet,
    /// An administrator removed a password.
    AdminPasswordDeleted,
    /// An administrator removed a passkey or a security key.
    AdminCredentialDeleted,
    /// An administrator removed a TOTP secret.
    AdminOtpDeleted,
    /// An administrator ended a session.
    AdminSessionRevoked,
    /// Somebody took the audit log out.
    AuditExported,
    /// A receiver of events was added.
    WebhookCreated,
    /// A receiver of events was changed.
    WebhookUpdated,
    /// A receiver of events was removed.
    WebhookDeleted,
    /// A receiver of events got another secret.
    WebhookSecretRotated,
    /// A receiver of events failed too often, or was not reached for too long, and is told no more.
    WebhookDisabled,
    /// Deliveries to a receiver were put on their way again.
    WebhookReplayed,
    /// A key of the Admin API was made.
    ApiKeyCreated,
    /// A key of the Admin API got another value.
    ApiKeyRotated,
    /// A key of the Admin API was removed.
    ApiKeyRevoked,
}

impl AuditKind {
    /// The wire's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoginSuccess => "login_success",
            Self::LoginFailure => "login_failure",
            Self::UserCreated => "user_created",
            Self::UserLoggedOut => "user_logged_out",
            Self::PasswordChanged => "password_changed",
            Self::PasskeyCreated => "passkey_created",
            Self::SecurityKeyCreated => "security_key_created",
            Self::OtpCreated => "otp_created",
            Self::EmailCreated => "email_created",
            Self::EmailVerified => "email_verified",
            Self::SecurityNotificationSent => "security_notification_sent",
            Self::PasswordLimitReached => "password_limit_reached",
            Self::CredentialsPurged => "credentials_purged",
            Self::PasskeyBackupChanged => "passkey_backup_changed",
            Self::UserDeleted => "user_deleted",
            Self::EmailDeleted => "email_deleted",
            Self::PrimaryEmailChanged => "primary_email_changed",
            Self::UsernameChanged => "username_changed",
            Self::UsernameDeleted => "username_deleted",
            Self::PasswordDeleted => "password_deleted",
            Self::PasskeyDeleted => "passkey_deleted",
            Self::PasscodeLoginInitSucceeded => "passcode_login_init_succeeded",
            Self::PasscodeLoginInitFailed => "passcode_login_init_failed",
            Self::PasscodeLoginFinalSucceeded => "passcode_login_final_succeeded",
            Self::PasscodeLoginFinalFailed => "passcode_login_final_failed",
            Self::PasswordSetSucceeded => "password_set_succeeded",
            Self::PasswordSetFailed => "password_set_failed",
            Self::PasswordLoginSucceeded => "password_login_succeeded",
            Self::PasswordLoginFailed => "password_login_failed",
            Self::WebauthnRegistrationInitSucceeded => "webauthn_registration_init_succeeded",
            Self::WebauthnRegistrationInitFailed => "webauthn_registration_init_failed",
            Self::WebauthnRegistrationFinalSucceeded => "webauthn_registration_final_succeeded",
            Self::WebauthnRegistrationFinalFailed => "webauthn_registration_final_failed",
            Self::WebauthnAuthenticationInitSucceeded => "webauthn_authentication_init_succeeded",
            Self::WebauthnAuthenticationInitFailed => "webauthn_authentication_init_failed",
            Self::WebauthnAuthenticationFinalSucceeded => "webauthn_authentication_final_succeeded",
            Self::WebauthnAuthenticationFinalFailed => "webauthn_authentication_final_failed",
            Self::WebauthnCredentialUpdated => "webauthn_credential_updated",
            Self::WebauthnCredentialDeleted => "webauthn_credential_deleted",
            Self::TokenExchangeSucceeded => "token_exchange_succeeded",
            Self::TokenExchangeFailed => "token_exchange_failed",
            Self::SessionSteppedUp => "session_stepped_up",
            Self::AdminRead => "admin_read",
            Self::AdminRefused => "admin_refused",
            Self::AdminUserCreated => "admin_user_created",
            Self::AdminUserImported => "admin_user_imported",
            Self::AdminUserUpdated => "admin_user_updated",
            Self::AdminUserDeleted => "admin_user_deleted",
            Self::AdminMetadataUpdated => "admin_metadata_updated",
            Self::AdminEmailCreated => "admin_email_created",
            Self::AdminEmailDeleted => "admin_email_deleted",
            Self::AdminPrimaryEmailChanged => "admin_primary_email_changed",
            Self::AdminPasswordSet => "admin_password_set",
            Self::AdminPasswordDeleted => "admin_password_deleted",
            Self::AdminCredentialDeleted => "admin_credential_deleted",
            Self::AdminOtpDeleted => "admin_otp_deleted",
            Self::AdminSessionRevoked => "admin_session_revoked",
            Self::AuditExported => "audit_exported",
            Self::WebhookCreated => "webhook_created",
            Self::WebhookUpdated => "webhook_updated",
            Self::WebhookDeleted => "webhook_deleted",
            Self::WebhookSecretRotated => "webhook_secret_rotated",
            Self::WebhookDisabled => "webhook_disabled",
            Self::WebhookReplayed => "webhook_replayed",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRotated => "api_key_rotated",
            Self::ApiKeyRevoked => "api_key_revoked",
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Actor {
    /// The acting user.
    pub user: Option<UserId>,
    /// Its primary address, unmasked; masking happens where the row is written.
    pub email: Option<String>,
}

impl Actor {
    /// Nobody known.
    pub fn none() -> Self {
        Self::default()
    }

    /// A user without its address.
    pub fn user(user: UserId) -> Self {
        Self { user: Some(user), email: None }
    }
}

/// One entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEntry {
    /// What happened.
    pub kind: AuditKind,
    /// Why it failed.
    pub error: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// The name of the Admin API's key that did it.
    pub api_key: Option<String>,
    /// Whom it was done to, where that is not the actor.
    pub subject: Option<UserId>,
    /// Further members. Never a secret.
    pub details: Map<String, Value>,
}

impl AuditEntry {
    /// An entry without details.
    pub fn new(kind: AuditKind, actor: Actor) -> Self {
        Self { kind, error: None, actor, api_key: None, subject: None, details: Map::new() }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Done by a key of the Admin API.
    #[must_use]
    pub fn by_key(mut self, name: impl Into<String>) -> Self {
        self.api_key = Some(name.into());
        self
    }

    /// Done to a user.
    #[must_use]
    pub fn about(mut self, user: UserId) -> Self {
        self.subject = Some(user);
        self
    }

    /// Says why it failed.
    #[must_use]
    pub fn failed(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// The entry with personal data masked as the contract's §7.3 says.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.actor.email = self.actor.email.map(|email| mask_email(&email));
        for name in ["email", "email_address"] {
            if let Some(Value::String(text)) = self.details.get_mut(name) {
                *text = mask_email(text);
            }
        }
        if let Some(Value::String(text)) = self.details.get_mut("username") {
            *text = mask_username(text);
        }
        self
    }
}

/// First characters and stars (`spec/webhooks-and-audit.md` §7.3).
pub fn mask_email(address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let count = local.chars().count();
    let (kept, stars) = match count {
        0 => (0, 6),
        1..=6 => (1, 5),
        _ => (3, count - 3),
    };
    let start: String = local.chars().take(kept).collect();
    format!("{start}{}@{domain}", "*".repeat(stars))
}

/// First and last character and stars (`spec/webhooks-and-audit.md` §7.3).
pub fn mask_username(name: &str) -> String {
    let count = name.chars().count();
    let (Some(first), Some(last)) = (name.chars().next(), name.chars().last()) else { return String::new() };
    match count {
        1 => "*".to_owned(),
        2 | 3 => format!("{first}****{last}"),
        _ => format!("{first}{}{last}", "*".repeat(count - 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_as_the_contract_says() {
        for (clear, masked) in [
            ("", ""),
            ("123@domain.com", "1*****@domain.com"),
            ("@domain.com", "******@domain.com"),
            ("abcdefg@x.de", "abc****@x.de"),
            ("no-at", "n*****@"),
        ] {
            assert_eq!(mask_email(clear), masked, "{clear:?}");
        }
    }

    #[test]
    fn usernames_are_masked_as_the_contract_says() {
        for (clear, masked) in
            [("", ""), ("x", "*"), ("xx", "x****x"), ("abc", "a****c"), ("test_username", "t***********e")]
        {
            assert_eq!(mask_username(clear), masked, "{clear:?}");
        }
    }

    #[test]
    fn masking_reaches_actor_and_details() {
        let entry = AuditEntry::new(AuditKind::EmailVerified, Actor { user: None, email: Some("jane@x.de".into()) })
            .with("email", "jane@x.de")
            .with("username", "jane_doe")
            .with("flow_id", "f")
            .masked();
        assert_eq!(entry.actor.email.as_deref(), Some("j*****@x.de"));
        assert_eq!(entry.details["email"], "j*****@x.de");
        assert_eq!(entry.details["username"], "j******e");
        assert_eq!(entry.details["flow_id"], "f");
    }
}
