//! Events: what a change reports to the outside, written in the change's own transaction.

use serde_json::Value;

use crate::Timestamp;

/// The name of an event (`spec/webhooks-and-audit.md` §1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EventKind {
    /// A mail has to be sent.
    EmailSend,
}

impl EventKind {
    /// The wire's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmailSend => "email.send",
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
