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
    /// Further members. Never a secret.
    pub details: Map<String, Value>,
}

impl AuditEntry {
    /// An entry without details.
    pub fn new(kind: AuditKind, actor: Actor) -> Self {
        Self { kind, error: None, actor, details: Map::new() }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
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
