//! How an endpoint refuses.

use std::borrow::Cow;

use hanko_credentials::HashError;
use hanko_keys::KeyError;
use hanko_store::StoreError;

use super::limit::Quota;
use crate::engine::{Failure, FlowError};

/// What a client is told when it may not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `None`: the status' own phrase.
    pub message: Option<Cow<'static, str>>,
}

/// Why there is no outcome.
#[derive(Debug)]
pub enum RestError {
    /// The request was understood and refused.
    Refused(Refusal),
    /// Too often.
    Limited(Quota),
    /// The request may be repeated.
    Busy(String),
    /// Something is broken; for the log.
    Internal(String),
}

pub(crate) type Outcome<T> = Result<T, RestError>;

/// Refuses with the status' own phrase.
pub(crate) fn refuse(status: u16) -> RestError {
    RestError::Refused(Refusal { status, message: None })
}

/// Refuses with words.
pub(crate) fn refuse_saying(status: u16, message: impl Into<Cow<'static, str>>) -> RestError {
    RestError::Refused(Refusal { status, message: Some(message.into()) })
}

pub(crate) fn internal(cause: impl std::fmt::Display) -> RestError {
    RestError::Internal(cause.to_string())
}

impl From<StoreError> for RestError {
    fn from(error: StoreError) -> Self {
        match error {
            // Somebody else was faster.
            StoreError::Taken(_) => refuse(409),
            error if error.is_temporary() => Self::Busy(error.to_string()),
            error => internal(error),
        }
    }
}

impl From<KeyError> for RestError {
    fn from(error: KeyError) -> Self {
        internal(error)
    }
}

impl From<HashError> for RestError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy(error.to_string()),
            other => internal(other),
        }
    }
}

impl From<Failure> for RestError {
    fn from(failure: Failure) -> Self {
        match failure {
            // What somebody else has taken meanwhile.
            Failure::Refused { error: FlowError::FormDataInvalid, .. } => refuse(409),
            Failure::Refused { .. } => refuse(403),
            Failure::Malformed(cause) => internal(cause),
            Failure::Aborted { error: FlowError::Busy, cause } => Self::Busy(cause),
            Failure::Aborted { cause, .. } => internal(cause),
        }
    }
}
