//! Events: what a change reports to the outside, written in the change's own transaction.

use serde_json::Value;

use crate::Timestamp;

/// The name of an event (`spec/webhooks-and-audit.md` §1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EventKind {
    /// A mail has to be sent.
    EmailSend,
    /// An account was made.
    UserCreate,
    /// A login has ended in a session.
    UserLogin,
    /// An address was added.
    UserUpdateEmailCreate,
    /// A username was set for the first time.
    UserUpdateUsernameCreate,
    /// A password was replaced.
    UserUpdatePasswordUpdate,
    /// A flow made a session.
    SessionCreateFlow,
    /// A session ended because its user began one too many.
    SessionDeletePassiveLimit,
    /// An account was deleted.
    UserDelete,
    /// An address was taken off an account.
    UserUpdateEmailDelete,
    /// Another address became the main one.
    UserUpdateEmailPrimary,
    /// A username was replaced.
    UserUpdateUsernameUpdate,
    /// A username was removed.
    UserUpdateUsernameDelete,
    /// A session was ended by its user.
    SessionDeleteExplicitLogout,
    /// A session was ended by its user from another one.
    SessionDeleteExplicitRevoke,
    /// A session was found to be idle for too long.
    SessionDeletePassiveExpire,
    /// An administrator made a session.
    SessionCreateAdmin,
    /// An administrator ended a session.
    SessionDeleteAdminRevoke,
    /// A provider reported an address that nobody owned.
    UserUpdate,
}

impl EventKind {
    /// The wire's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmailSend => "email.send",
            Self::UserCreate => "user.create",
            Self::UserLogin => "user.login",
            Self::UserUpdateEmailCreate => "user.update.email.create",
            Self::UserUpdateUsernameCreate => "user.update.username.create",
            Self::UserUpdatePasswordUpdate => "user.update.password.update",
            Self::SessionCreateFlow => "session.create.flow",
            Self::SessionDeletePassiveLimit => "session.delete.passive.limit",
            Self::UserDelete => "user.delete",
            Self::UserUpdateEmailDelete => "user.update.email.delete",
            Self::UserUpdateEmailPrimary => "user.update.email.primary",
            Self::UserUpdateUsernameUpdate => "user.update.username.update",
            Self::UserUpdateUsernameDelete => "user.update.username.delete",
            Self::SessionDeleteExplicitLogout => "session.delete.explicit.logout",
            Self::SessionDeleteExplicitRevoke => "session.delete.explicit.revoke",
            Self::SessionDeletePassiveExpire => "session.delete.passive.expire",
            Self::SessionCreateAdmin => "session.create.admin",
            Self::SessionDeleteAdminRevoke => "session.delete.admin.revoke",
            Self::UserUpdate => "user.update",
        }
    }

    /// What a receiver may subscribe to: the events themselves and the names above them in their hierarchy
    /// (`spec/webhooks-and-audit.md` §1).
    pub const NAMES: [&'static str; 28] = [
        "user",
        "user.create",
        "user.delete",
        "user.login",
        "user.update",
        "user.update.email",
        "user.update.email.create",
        "user.update.email.primary",
        "user.update.email.delete",
        "user.update.username",
        "user.update.username.create",
        "user.update.username.update",
        "user.update.username.delete",
        "user.update.password.update",
        "email.send",
        "session",
        "session.create",
        "session.create.flow",
        "session.create.admin",
        "session.delete",
        "session.delete.explicit",
        "session.delete.explicit.logout",
        "session.delete.explicit.revoke",
        "session.delete.admin",
        "session.delete.admin.revoke",
        "session.delete.passive",
        "session.delete.passive.expire",
        "session.delete.passive.limit",
    ];

    /// Whether who subscribed to a name is told of an event: of the event itself and of everything below the name.
    pub fn matches(subscribed: &str, occurred: &str) -> bool {
        match occurred.strip_prefix(subscribed) {
            Some(rest) => rest.is_empty() || rest.starts_with('.'),
            None => false,
        }
    }
}

/// Something that has to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name.
    pub kind: EventKind,
    /// The snapshot a receiver is told; sealed at rest.
    pub payload: Value,
    /// When telling it has no use any more, as a mail whose code has expired.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_itself_and_what_is_below_it() {
        for (subscribed, occurred, told) in [
            ("user", "user.create", true),
            ("user.update", "user.update", true),
            ("user.update", "user.update.email.create", true),
            ("user.create", "user", false),
            ("user.up", "user.update", false),
            ("session.delete.admin", "session.delete.admin.revoke", true),
            ("session.create", "session.delete.admin.revoke", false),
            ("", "user", false),
        ] {
            assert_eq!(EventKind::matches(subscribed, occurred), told, "{subscribed} {occurred}");
        }
    }
}
