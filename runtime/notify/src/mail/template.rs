//! Which mails there are.

use serde::{Deserialize, Serialize};

/// Which mail (`spec/email.md` §2, and ours of §12.3). The name is the wire's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// A code to sign in with.
    Login,
    /// A code to set a new password with.
    Recovery,
    /// A code that proves an address.
    EmailVerification,
    /// Somebody tried to sign in with an address that no account has.
    EmailLoginAttempted,
    /// Somebody tried to register an address that an account has.
    EmailRegistrationAttempted,
    /// What strangers had attached to the recipient's account was removed (`spec/decisions.md` 2).
    CredentialsRemoved,
    /// The password was replaced.
    PasswordUpdate,
    /// Another address is the main one now; goes to the one before.
    PrimaryEmailUpdate,
    /// An address was added.
    EmailCreate,
    /// An address was removed.
    EmailDelete,
    /// A passkey was added.
    PasskeyCreate,
    /// A second factor was added.
    MfaCreate,
    /// A second factor was removed.
    MfaDelete,
    /// The password was reset with a code.
    PasswordRecovery,
    /// Somebody signed in.
    NewSession,
    /// The password was tried too often, so signing in with it is paused (FC-52).
    PasswordLimit,
}

/// What some mails tell besides the service and the recipient.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Detail {
    OldAddress,
    NewAddress,
    DeletedAddress,
    Session,
}

impl Template {
    /// Every mail.
    pub const ALL: [Self; 16] = [
        Self::Login,
        Self::Recovery,
        Self::EmailVerification,
        Self::EmailLoginAttempted,
        Self::EmailRegistrationAttempted,
        Self::CredentialsRemoved,
        Self::PasswordUpdate,
        Self::PrimaryEmailUpdate,
        Self::EmailCreate,
        Self::EmailDelete,
        Self::PasskeyCreate,
        Self::MfaCreate,
        Self::MfaDelete,
        Self::PasswordRecovery,
        Self::NewSession,
        Self::PasswordLimit,
    ];

    /// The wire's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Recovery => "recovery",
            Self::EmailVerification => "email_verification",
            Self::EmailLoginAttempted => "email_login_attempted",
            Self::EmailRegistrationAttempted => "email_registration_attempted",
            Self::CredentialsRemoved => "credentials_removed",
            Self::PasswordUpdate => "password_update",
            Self::PrimaryEmailUpdate => "primary_email_update",
            Self::EmailCreate => "email_create",
            Self::EmailDelete => "email_delete",
            Self::PasskeyCreate => "passkey_create",
            Self::MfaCreate => "mfa_create",
            Self::MfaDelete => "mfa_delete",
            Self::PasswordRecovery => "password_recovery",
            Self::NewSession => "new_session",
            Self::PasswordLimit => "password_limit",
        }
    }

    /// Whether the mail carries a code. The others must not, since the visitor may not be who the address belongs to.
    pub fn carries_code(self) -> bool {
        matches!(self, Self::Login | Self::Recovery | Self::EmailVerification)
    }

    /// Whether the mail tells the owner of an account what became of it.
    pub fn is_security_notification(self) -> bool {
        !self.carries_code() && !matches!(self, Self::EmailLoginAttempted | Self::EmailRegistrationAttempted)
    }

    /// The `type` of the event `email.send` (`spec/email.md` §2).
    pub fn event_type(self) -> &'static str {
        if self.is_security_notification() { "security_notification" } else { self.as_str() }
    }

    /// What a message must bring along.
    pub(crate) fn details(self) -> &'static [Detail] {
        match self {
            Self::PrimaryEmailUpdate => &[Detail::OldAddress, Detail::NewAddress],
            Self::EmailCreate => &[Detail::NewAddress],
            Self::EmailDelete => &[Detail::DeletedAddress],
            Self::NewSession => &[Detail::Session],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_the_same_name_in_a_snapshot_on_the_wire_and_in_a_document() {
        for template in Template::ALL {
            assert_eq!(serde_json::to_value(template).unwrap(), template.as_str());
        }
        assert_eq!(Template::ALL.map(Template::as_str), hanko_model::project::MAILS);
    }

    #[test]
    fn the_type_of_an_event_is_the_name_or_says_that_it_is_a_notification() {
        assert_eq!(Template::Recovery.event_type(), "recovery");
        assert_eq!(Template::EmailLoginAttempted.event_type(), "email_login_attempted");
        assert_eq!(Template::PasswordUpdate.event_type(), "security_notification");
        assert_eq!(Template::PasswordLimit.event_type(), "security_notification");
    }
}
