//! Passkeys and security keys (WebAuthn Level 3, `spec/flow-login-registration.md` §4.6, `spec/decisions.md` 3, 4, 21).
//!
//! A ceremony is two steps. First [`RelyingParty`] makes the options for the browser and a [`Ceremony`] to remember. When
//! the answer comes, a new passkey is checked by [`RelyingParty::finish_registration`]; a login is parsed
//! ([`ParsedAssertion::parse`]), the credential it names is loaded, and [`RelyingParty::finish_authentication`] checks it.
//!
//! Every rule of the contract is applied here, in code that can be read (`registration`, `authentication`); signatures
//! and attestation statements are verified by `webauthn-rs-core`, whose types stay inside the private module `library`
//! and are never stored. Of its opinions beyond the standard none decides.

mod authentication;
mod authenticator_data;
mod authenticators;
mod ceremony;
mod client_data;
mod library;
mod options;
mod public_key;
mod refusal;
mod registration;

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A passkey as it is kept for good: neutral data, defined where the store knows it too.
pub use hanko_domain::Passkey as StoredPasskey;

pub use self::{
    authentication::{Assertion, ParsedAssertion, Use},
    ceremony::{Ceremony, Challenge},
    options::{Creation, CreationOptions, NewOwner, RequestOptions},
    public_key::check_public_key,
    refusal::Refusal,
};

/// How much the authenticator has to make sure that the right person holds it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// Without it the answer is refused.
    Required,
    /// Where it can.
    Preferred,
    /// Better not.
    Discouraged,
}

/// Whether the authenticator is asked who made it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Attestation {
    /// No.
    None,
    /// The browser may make it anonymous.
    Indirect,
    /// Yes.
    Direct,
}

/// Where a security key may live.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// In the device that shows the page.
    Platform,
    /// In something that can be carried to another device.
    CrossPlatform,
}

/// The side that asks for passkeys: a project's WebAuthn settings, compiled once.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    id: String,
    name: String,
    origins: Vec<String>,
    top_origins: Vec<String>,
    registration_timeout: Duration,
    login_timeout: Duration,
}

impl RelyingParty {
    /// `id` is a host name; `origins` are `scheme://host[:port]` or `android:apk-key-hash:…`. The timeouts are announced to
    /// the browser and enforced.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        origins: impl IntoIterator<Item = impl Into<String>>,
        registration_timeout: Duration,
        login_timeout: Duration,
    ) -> Self {
        let origins = origins.into_iter().map(Into::into).collect();
        let top_origins = Vec::new();
        Self { id: id.into(), name: name.into(), origins, top_origins, registration_timeout, login_timeout }
    }

    /// Lets ceremonies run in frames of pages of these origins (WebAuthn L3 §13.4.9). Without, in nobody's.
    #[must_use]
    pub fn framed_by(mut self, top_origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.top_origins = top_origins.into_iter().map(Into::into).collect();
        self
    }

    fn allows_top_origin(&self, origin: &str) -> bool {
        self.top_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// The RP ID. Every credential is bound to the one it was made for.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Exact and without case for web origins, literal for apps: their hash is case-sensitive.
    fn allows_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| {
            if allowed.starts_with("android:") { allowed == origin } else { allowed.eq_ignore_ascii_case(origin) }
        })
    }
}

#[cfg(test)]
mod tests;
