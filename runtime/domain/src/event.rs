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
