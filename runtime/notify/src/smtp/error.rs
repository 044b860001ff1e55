//! Why a mail was not sent, and whether trying again can help.

use std::time::Duration;

use hanko_domain::{EmailAddress, audit::mask_email};
use thiserror::Error;

/// Why a mail was not sent. Made safe for logs: the recipient is masked in the server's words.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum SendError {
    /// No connection, no answer in time, or TLS failed.
    #[error("the mail server cannot be reached: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// The server refuses to talk with us at all: greeting, `EHLO`, `STARTTLS` or signing in.
    #[error("the mail server refuses the connection: {reply}")]
    Refused {
        /// Its words.
        reply: String,
    },
    /// The server cannot take this mail now (4xx).
    #[error("the mail server wants the mail later: {reply}")]
    Deferred {
        /// Its words.
        reply: String,
    },
    /// The server will never take this mail (5xx).
    #[error("the mail server rejects the mail: {reply}")]
    Rejected {
        /// Its words.
        reply: String,
    },
    /// Credentials are configured, but the server offers no way to use them.
    #[error(
        "the mail server offers neither AUTH PLAIN nor AUTH LOGIN, but credentials are configured; remove them or use a \
         server or port that lets clients sign in"
    )]
    NoSignIn,
    /// Protection is required, but the server does not offer it.
    #[error("the mail server does not offer STARTTLS; use implicit TLS, or another port")]
    NoStarttls,
    /// The address has letters outside ASCII before the `@`, and the server does not support them (RFC 6531).
    #[error("the mail server does not support addresses with letters outside ASCII (SMTPUTF8)")]
    NeedsSmtpUtf8,
    /// The mail cannot be composed.
    #[error("the mail cannot be composed: {reason}")]
    Unsendable {
        /// What is wrong with it.
        reason: String,
    },
}

impl SendError {
    pub(super) fn silent(after: Duration) -> Self {
        Self::Unreachable { reason: format!("no answer within {after:?}") }
    }

    /// Whether the same mail cannot be sent later either.
    pub fn is_permanent(&self) -> bool {
        match self {
            // Servers come back, and credentials are rotated, before a code expires.
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Deferred { .. } => false,
            Self::Rejected { .. }
            | Self::NoSignIn
            | Self::NoStarttls
            | Self::NeedsSmtpUtf8
            | Self::Unsendable { .. } => true,
        }
    }

    /// Whether every other mail would fail in the same way now.
    pub fn concerns_every_mail(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { .. } | Self::NoSignIn | Self::NoStarttls)
    }

    /// The error with the recipient masked and the server's words cut to a line.
    pub(super) fn without(mut self, to: &EmailAddress) -> Self {
        if let Some(text) = self.words() {
            let masked = mask_email(to.as_str());
            let local = to.as_str().rsplit_once('@').map_or("", |(local, _)| local);
            *text = text.replace(to.as_str(), &masked).replace(to.key(), &masked);
            if local.len() > 2 {
                *text = text.replace(local, masked.split('@').next().unwrap_or_default());
            }
        }
        self.in_one_line()
    }

    /// The error with the server's words cut to a line.
    pub(super) fn in_one_line(mut self) -> Self {
        if let Some(text) = self.words() {
            *text = text.replace(char::is_control, " ").chars().take(200).collect();
        }
        self
    }

    fn words(&mut self) -> Option<&mut String> {
        match self {
            Self::Unreachable { reason: text }
            | Self::Refused { reply: text }
            | Self::Deferred { reply: text }
            | Self::Rejected { reply: text } => Some(text),
            Self::NoSignIn | Self::NoStarttls | Self::NeedsSmtpUtf8 | Self::Unsendable { .. } => None,
        }
    }
}
