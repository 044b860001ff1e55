//! The catalogue of failures (`spec/flow-login-registration.md` §1.8).

use std::borrow::Cow;

use hanko_credentials::HashError;
use hanko_keys::KeyError;
use hanko_metadata::MetadataError;
use hanko_store::{StoreError, Unique};

/// A failure the client is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FlowError {
    Technical,
    /// Overloaded: the request may be repeated (`spec/decisions.md` 12).
    Busy,
    Expired,
    Discontinuity,
    NotPermitted,
    FormDataInvalid,
    PasscodeMaxAttempts,
    PasskeyInvalid,
    SecurityKeyOnly,
    PlatformAuthenticatorRequired,
    RateLimited,
    NotFound,
    Unauthorized,
}

impl FlowError {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::FormDataInvalid => 400,
            Self::PasscodeMaxAttempts
            | Self::PasskeyInvalid
            | Self::SecurityKeyOnly
            | Self::PlatformAuthenticatorRequired
            | Self::Unauthorized => 401,
            Self::NotPermitted => 403,
            Self::NotFound => 404,
            Self::Expired => 410,
            Self::RateLimited => 429,
            Self::Technical | Self::Discontinuity => 500,
            Self::Busy => 503,
        }
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Technical | Self::Busy => "technical_error",
            Self::Expired => "flow_expired_error",
            Self::Discontinuity => "flow_discontinuity_error",
            Self::NotPermitted => "operation_not_permitted_error",
            Self::FormDataInvalid => "form_data_invalid_error",
            Self::PasscodeMaxAttempts => "passcode_max_attempts_reached",
            Self::PasskeyInvalid => "passkey_invalid",
            Self::SecurityKeyOnly => "webauthn_credential_invalid_mfa_only",
            Self::PlatformAuthenticatorRequired => "platform_authenticator_required",
            Self::RateLimited => "rate_limit_exceeded",
            Self::NotFound => "not_found",
            Self::Unauthorized => "unauthorized",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Technical => "Something went wrong.",
            Self::Busy => "Too many requests at the moment, try again in a few seconds.",
            Self::Expired => "The flow has expired.",
            Self::Discontinuity => "The flow can't be continued.",
            Self::NotPermitted => "The operation is not permitted.",
            Self::FormDataInvalid => "Form data invalid.",
            Self::PasscodeMaxAttempts => "The passcode was entered wrong too many times.",
            Self::PasskeyInvalid => "The passkey is invalid.",
            Self::SecurityKeyOnly => "This credential can be used as a second factor security key only.",
            Self::PlatformAuthenticatorRequired => {
                "The device or browser does not support the required platform authenticators."
            }
            Self::RateLimited => "The rate limit has been exceeded.",
            Self::NotFound => "The requested resource was not found.",
            Self::Unauthorized => "The session is invalid.",
        }
    }
}

/// What is wrong with one input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum InputError {
    Missing,
    Invalid,
    TooLong,
    TooShort,
    EmailExists,
    UsernameExists,
    UnknownEmail,
    UnknownUsername,
    InvalidUsername,
    PasscodeInvalid,
    OtpInvalid,
    OtpUsed,
    /// No object, too long, or not what the project wants (`spec/flow-profile.md` §6.11).
    Metadata(Cow<'static, str>),
}

impl InputError {
    /// What exactly is wrong, where the contract tells.
    pub(crate) fn cause(&self) -> Option<&str> {
        match self {
            Self::Metadata(cause) => Some(cause),
            _ => None,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "value_missing_error",
            Self::Invalid => "value_invalid_error",
            Self::TooLong => "value_too_long_error",
            Self::TooShort => "value_too_short_error",
            Self::EmailExists => "email_already_exists",
            Self::UsernameExists => "username_already_exists",
            Self::UnknownEmail => "unknown_email_error",
            Self::UnknownUsername => "unknown_username_error",
            Self::InvalidUsername => "invalid_username_error",
            Self::PasscodeInvalid => "passcode_invalid",
            Self::OtpInvalid => "otp_code_invalid",
            Self::OtpUsed => "otp_code_already_used",
            Self::Metadata(_) => "invalid_metadata_error",
        }
    }

    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Missing => "The value is missing.",
            Self::Invalid => "The value is invalid.",
            Self::TooLong => "The value is too long.",
            Self::TooShort => "The value is too short.",
            Self::EmailExists => "The email address already exists.",
            Self::UsernameExists => "The username already exists.",
            Self::UnknownEmail => "The email address is unknown.",
            Self::UnknownUsername => "The username is unknown.",
            Self::InvalidUsername => "The username is invalid.",
            Self::PasscodeInvalid => "The passcode is invalid.",
            Self::OtpInvalid => "The OTP code is invalid.",
            Self::OtpUsed => "The OTP code has already been used.",
            Self::Metadata(_) => "The metadata is invalid.",
        }
    }
}

/// How an action or hook fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The action was understood and refused: effects, codes and challenges commit, the stash does not (§1.9.2).
    Refused { error: FlowError, inputs: Vec<(&'static str, InputError)> },
    /// The request cannot be understood; the contract answers like a failure of ours (§1.4 steps 1 to 4).
    Malformed(&'static str),
    /// Nothing happened; the row stays as it was (§1.9.4).
    Aborted { error: FlowError, cause: String },
}

impl Failure {
    /// Refuses the action.
    pub(crate) fn refused(error: FlowError) -> Self {
        Self::Refused { error, inputs: Vec::new() }
    }

    /// Refuses one input.
    pub(crate) fn input(name: &'static str, error: InputError) -> Self {
        Self::Refused { error: FlowError::FormDataInvalid, inputs: vec![(name, error)] }
    }

    /// Something that cannot happen unless a rule or the database is broken.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Aborted { error: FlowError::Technical, cause: cause.to_string() }
    }

    /// The request may be repeated.
    pub(crate) fn busy(cause: impl std::fmt::Display) -> Self {
        Self::Aborted { error: FlowError::Busy, cause: cause.to_string() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Username) => Self::input("username", InputError::UsernameExists),
            StoreError::Taken(Unique::Email) => Self::input("email", InputError::EmailExists),
            StoreError::Taken(Unique::Passkey) => Self::refused(FlowError::PasskeyInvalid),
            error if error.is_temporary() => Self::busy(error),
            error => Self::internal(error),
        }
    }
}

impl From<MetadataError> for Failure {
    fn from(error: MetadataError) -> Self {
        let cause = match error {
            MetadataError::TooLong(_) => "metadata must not exceed character limit (3000)".into(),
            MetadataError::Schema { .. } => error.to_string().into(),
            MetadataError::Stored { .. } => return Self::internal(error),
        };
        Self::input("patch_metadata", InputError::Metadata(cause))
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::internal(error)
    }
}

impl From<HashError> for Failure {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::busy(error),
            other => Self::internal(other),
        }
    }
}
