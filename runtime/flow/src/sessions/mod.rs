//! Sessions: made in [`issue`], checked in [`check`], ended in [`end`]; [`claims`] says what stands in their tokens.

mod check;
mod claims;
mod end;
mod issue;

use std::time::Duration;

use hanko_domain::Secret;
use hanko_keys::TokenError;
use hanko_notify::events::RecordError;
use hanko_store::StoreError;
use thiserror::Error;

pub use check::{Checked, Use, Valid, validate};
pub use end::log_out;
pub use issue::Whereabouts;
pub(crate) use issue::{Login, NewSession, Occasion, impersonate, issue, raise};

/// A signed token and how to hand it over.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The token.
    pub token: Secret<String>,
    /// How long it lives, whole seconds.
    pub lifetime: Duration,
    /// Whether its cookie outlives the browser.
    pub persistent: bool,
}

/// Why a session could not be checked, renewed or ended; says nothing about its validity.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The request may be repeated.
    #[error("try again in a moment: {0}")]
    Busy(#[source] StoreError),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// The token.
    #[error("the token could not be signed: {0}")]
    Token(#[from] TokenError),
    /// The event of its end.
    #[error(transparent)]
    Event(RecordError),
}

impl From<RecordError> for SessionError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Store(error) => error.into(),
            other => Self::Event(other),
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        if error.is_temporary() { Self::Busy(error) } else { Self::Store(error) }
    }
}
