//! Why there was no answer.

use std::{error::Error, time::Duration};

use thiserror::Error;

/// Why there was no answer. The texts name the host and the reason, never path, query, headers or body, and never the address
/// that a name stands for: who may choose a name must not learn the inner network from what is said of it.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
pub enum OutboundError {
    /// No `http` or `https`, or no host.
    #[error("the URL is none that can be called; write http:// or https:// and a host")]
    Url,
    /// The host is, or stands for nothing but, addresses that are not let through.
    #[error("{host} is a {reason} address; `outbound.allowedNetworks` of the project lets networks through")]
    Refused {
        /// Which.
        host: String,
        /// The kind of address.
        reason: &'static str,
    },
    /// The name stands for no address.
    #[error("{host} cannot be resolved")]
    Unresolved {
        /// Which.
        host: String,
    },
    /// No answer in time.
    #[error("{host} did not answer within {} s", .after.as_secs_f64())]
    Timeout {
        /// Which.
        host: String,
        /// The whole time it had.
        after: Duration,
    },
    /// No connection: nobody listens, or its certificate is not trusted.
    #[error("{host} cannot be reached: {reason}")]
    Connect {
        /// Which.
        host: String,
        /// Why.
        reason: String,
    },
    /// A connection, but no whole answer.
    #[error("{host} gave no answer: {reason}")]
    Broken {
        /// Which.
        host: String,
        /// Why.
        reason: String,
    },
    /// The answer is larger than it may be.
    #[error("{host} answered with more than {limit} bytes")]
    TooLarge {
        /// Which.
        host: String,
        /// What it may have.
        limit: usize,
    },
    /// This process cannot call anybody.
    #[error("no connection can be made from here: {reason}")]
    Unable {
        /// Why.
        reason: String,
    },
}

/// Why a name gave no address to connect to. Travels through the HTTP client as the cause of its error.
#[derive(Clone, Copy, Debug, Error)]
pub(crate) enum NoAddress {
    #[error("refused")]
    Refused(&'static str),
    #[error("unresolved")]
    Unresolved,
}

impl OutboundError {
    pub(crate) fn of(error: reqwest::Error, host: &str, after: Duration) -> Self {
        let error = error.without_url();
        let host = host.to_owned();
        let mut reason = None;
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            match error.downcast_ref::<NoAddress>() {
                Some(NoAddress::Refused(reason)) => return Self::Refused { host, reason },
                Some(NoAddress::Unresolved) => return Self::Unresolved { host },
                None => {}
            }
            reason = Some(error);
            cause = error.source();
        }
        if error.is_timeout() {
            return Self::Timeout { host, after };
        }
        // The innermost cause is the one a person understands.
        let reason = reason.map(ToString::to_string).unwrap_or_default();
        if error.is_connect() { Self::Connect { host, reason } } else { Self::Broken { host, reason } }
    }
}
