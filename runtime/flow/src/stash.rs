//! What a run of a flow remembers, typed. It is sealed at rest, so it may hold hashes and proofs.

use hanko_credentials::{Ceremony, Passcode, PasswordHash, Proof};
use hanko_domain::{EmailAddress, Passkey, UserId};
use hanko_notify::mail::Template;
use serde::{Deserialize, Serialize};

/// The run's own memory: `back` restores it, an error discards what the refused action changed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Stash {
    /// Client capabilities.
    pub(crate) webauthn_available: bool,
    pub(crate) conditional_mediation_available: bool,
    pub(crate) platform_authenticator_available: bool,
    /// The identifier as typed, folded: the key of the password limit.
    pub(crate) identification: Option<String>,
    /// Whom the flow is about; in a registration the id the account will get.
    pub(crate) user: Option<UserId>,
    /// The address to mail.
    pub(crate) email: Option<EmailAddress>,
    /// The address was proven in this flow.
    pub(crate) email_verified: bool,
    /// Facts about the user, from the database or made true by this flow.
    pub(crate) has_email: bool,
    pub(crate) has_password: bool,
    pub(crate) has_passkey: bool,
    /// How the user signs in.
    pub(crate) login_method: Option<LoginMethod>,
    /// Which mail `passcode_confirmation` sends.
    pub(crate) passcode_mail: Option<Template>,
    pub(crate) recovery_pending: bool,
    pub(crate) remember_me: bool,
    pub(crate) onboarding_scheduled: bool,
    /// Credentials made in this flow and not stored yet.
    pub(crate) new_password: Option<PasswordHash>,
    pub(crate) new_passkeys: Vec<Passkey>,
    /// What has been proven so far.
    pub(crate) proofs: Vec<Proof>,
}

/// What survives `back` and errors: codes and challenges that are out, each spent by the row's conditional write.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Kept {
    pub(crate) passcode: Option<Passcode>,
    pub(crate) ceremonies: Vec<Ceremony>,
    /// The id the account of a registration will get: a code that is out is bound to it.
    pub(crate) new_user: Option<UserId>,
}

/// Open ceremonies a run may have: autofill and the button, each taken up again a few times.
const MAX_CEREMONIES: usize = 6;

impl Kept {
    /// Remembers a ceremony; the oldest is forgotten when there are too many.
    pub(crate) fn open(&mut self, ceremony: Ceremony) {
        if self.ceremonies.len() >= MAX_CEREMONIES {
            self.ceremonies.remove(0);
        }
        self.ceremonies.push(ceremony);
    }
}

/// How a user signs in: `last_login.login_method`, `amr`, audit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginMethod {
    Password,
    Passkey,
    Passcode,
}

impl LoginMethod {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Passcode => "passcode",
        }
    }

    /// The value in `amr` (`spec/flow-login-registration.md` §4.13).
    pub(crate) fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Passkey => "passkey",
            Self::Passcode => "otp",
        }
    }
}
