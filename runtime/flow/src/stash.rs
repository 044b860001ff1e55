//! What a run of a flow remembers, typed. It is sealed at rest, so it may hold hashes and proofs.

use hanko_credentials::{Ceremony, Passcode, PasswordHash, Proof};
use hanko_domain::{EmailAddress, OtpSecretId, Passkey, UserId, Username};
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
    pub(crate) username: Option<Username>,
    /// The address was proven in this flow.
    pub(crate) email_verified: bool,
    /// Facts about the user, from the database or made true by this flow.
    pub(crate) has_email: bool,
    pub(crate) has_password: bool,
    pub(crate) has_passkey: bool,
    pub(crate) has_username: bool,
    pub(crate) has_otp: bool,
    pub(crate) has_security_key: bool,
    /// How the user signs in.
    pub(crate) login_method: Option<LoginMethod>,
    pub(crate) mfa_method: Option<MfaMethod>,
    /// Which mail `passcode_confirmation` sends.
    pub(crate) passcode_mail: Option<Template>,
    pub(crate) recovery_pending: bool,
    pub(crate) remember_me: bool,
    pub(crate) onboarding_scheduled: bool,
    /// The address is added to the account once it is proven.
    pub(crate) adds_email: bool,
    /// The user wants this device to be trusted.
    pub(crate) device_trusted: bool,
    /// Credentials made in this flow and not stored yet.
    pub(crate) new_password: Option<PasswordHash>,
    pub(crate) new_passkeys: Vec<Passkey>,
    pub(crate) new_otp: Option<NewOtp>,
    /// What has been proven so far.
    pub(crate) proofs: Vec<Proof>,
}

/// A TOTP secret that is being set up.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct NewOtp {
    pub(crate) id: OtpSecretId,
    /// As it will be stored.
    pub(crate) sealed: String,
    /// The time step of the code that confirmed it, which is no code to sign in with any more. `None`: not confirmed yet.
    pub(crate) step: Option<i64>,
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

/// The second factor of a login: `last_login.mfa_method`, `amr`, audit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MfaMethod {
    Totp,
    SecurityKey,
}

impl MfaMethod {
    /// The same text everywhere.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::SecurityKey => "security_key",
        }
    }
}
