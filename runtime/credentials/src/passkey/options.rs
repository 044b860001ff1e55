//! The JSON for `navigator.credentials` (`spec/flow-login-registration.md` §4.6.3, §4.6.4).

use std::time::Duration;

use hanko_domain::{CredentialId, Random, Timestamp, UserId};
use serde::Serialize;

use super::{
    Attachment, Attestation, Ceremony, Challenge, RelyingParty, StoredPasskey, UserVerification, ceremony::Operation,
};

/// What is offered: all that can be verified, the most common first, since clients take the first they support.
pub(super) const ALGORITHMS: [i128; 3] = [-7, -35, -257];

/// For `navigator.credentials.get`, as `payload.request_options`.
#[derive(Clone, Debug, Serialize)]
pub struct RequestOptions {
    #[serde(rename = "publicKey")]
    public_key: Request,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    challenge: Challenge,
    timeout: u64,
    rp_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_credentials: Vec<Descriptor>,
    user_verification: UserVerification,
}

/// For `navigator.credentials.create`, as `payload.creation_options`.
#[derive(Clone, Debug, Serialize)]
pub struct CreationOptions {
    #[serde(rename = "publicKey")]
    public_key: NewCredential,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NewCredential {
    rp: Rp,
    user: User,
    challenge: Challenge,
    pub_key_cred_params: Vec<Parameter>,
    timeout: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude_credentials: Vec<Descriptor>,
    authenticator_selection: Selection,
    attestation: Attestation,
}

#[derive(Clone, Debug, Serialize)]
struct Rp {
    name: String,
    id: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    name: String,
    display_name: String,
    id: String,
}

#[derive(Clone, Debug, Serialize)]
struct Parameter {
    r#type: &'static str,
    alg: i64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticator_attachment: Option<Attachment>,
    require_resident_key: bool,
    resident_key: &'static str,
    user_verification: UserVerification,
}

#[derive(Clone, Debug, Serialize)]
struct Descriptor {
    r#type: &'static str,
    id: CredentialId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transports: Vec<String>,
}

/// What is to be created, with the project's settings for it.
#[derive(Clone, Copy, Debug)]
pub enum Creation {
    /// A passkey: its authenticator can find it without being told its id.
    Passkey {
        /// Whether the authenticator is asked who made it.
        attestation: Attestation,
        /// How much it has to know its user.
        user_verification: UserVerification,
    },
    /// A security key, for use after another factor.
    SecurityKey {
        /// Whether the authenticator is asked who made it.
        attestation: Attestation,
        /// How much it has to know its user.
        user_verification: UserVerification,
        /// Where it may live; anywhere if absent.
        attachment: Option<Attachment>,
    },
}

/// For whom a credential is made.
#[derive(Clone, Copy, Debug)]
pub struct NewOwner<'a> {
    /// Its bytes become the user handle.
    pub user: UserId,
    /// The primary address.
    pub email: Option<&'a str>,
    /// The username.
    pub username: Option<&'a str>,
}

impl RelyingParty {
    /// Options for whoever holds a passkey: the button, autofill.
    pub fn discoverable_options(
        &self,
        random: &Random,
        user_verification: UserVerification,
        now: Timestamp,
    ) -> (RequestOptions, Ceremony) {
        self.request(random, Operation::Discoverable, Vec::new(), user_verification, now)
    }

    /// Options for one user's passkeys. `None` if none can sign in here: security keys and passkeys of another RP ID do not
    /// count, and an empty list would mean everybody's.
    pub fn options_for(
        &self,
        random: &Random,
        user: UserId,
        passkeys: &[StoredPasskey],
        user_verification: UserVerification,
        now: Timestamp,
    ) -> Option<(RequestOptions, Ceremony)> {
        let usable: Vec<&StoredPasskey> =
            passkeys.iter().filter(|passkey| passkey.user == user && self.can_sign_in_with(passkey)).collect();
        let allowed: Vec<CredentialId> = usable.iter().map(|passkey| passkey.id.clone()).collect();
        let descriptors = usable.into_iter().map(Descriptor::of).collect();
        let operation = Operation::Known { user, allowed: allowed.clone() };
        (!allowed.is_empty()).then(|| self.request(random, operation, descriptors, user_verification, now))
    }

    /// Options for one user's second factor: all credentials of this RP ID, passkeys too, oldest first. `None` if there is
    /// none.
    pub fn second_factor_options(
        &self,
        random: &Random,
        user: UserId,
        credentials: &[StoredPasskey],
        user_verification: UserVerification,
        now: Timestamp,
    ) -> Option<(RequestOptions, Ceremony)> {
        let mut usable: Vec<&StoredPasskey> =
            credentials.iter().filter(|credential| credential.user == user && credential.rp_id == self.id).collect();
        usable.sort_by_key(|credential| credential.created_at);
        let allowed: Vec<CredentialId> = usable.iter().map(|credential| credential.id.clone()).collect();
        let descriptors = usable.into_iter().map(Descriptor::of).collect();
        let operation = Operation::SecondFactor { user, allowed: allowed.clone() };
        (!allowed.is_empty()).then(|| self.request(random, operation, descriptors, user_verification, now))
    }

    /// The passkey can be a first factor under this RP ID.
    pub fn can_sign_in_with(&self, passkey: &StoredPasskey) -> bool {
        !passkey.mfa_only && passkey.rp_id == self.id
    }

    /// Options for a new passkey or security key. `existing` are the user's credentials, so that no authenticator gets a
    /// second one.
    pub fn creation_options(
        &self,
        random: &Random,
        owner: NewOwner<'_>,
        existing: &[StoredPasskey],
        creation: Creation,
        now: Timestamp,
    ) -> (CreationOptions, Ceremony) {
        let user = owner.user;
        let (operation, attestation, user_verification, attachment) = match creation {
            Creation::Passkey { attestation, user_verification } => {
                (Operation::Registration { user }, attestation, user_verification, None)
            }
            Creation::SecurityKey { attestation, user_verification, attachment } => {
                (Operation::SecurityKeyRegistration { user }, attestation, user_verification, attachment)
            }
        };
        let resident = matches!(creation, Creation::Passkey { .. });
        let ceremony = Ceremony::open(random, operation, user_verification, now, self.registration_timeout);
        let (email, username) = (owner.email.unwrap_or_default(), owner.username.unwrap_or_default());
        let first = |one: &str, other: &str| if one.is_empty() { other.to_owned() } else { one.to_owned() };
        let public_key = NewCredential {
            rp: Rp { name: self.name.clone(), id: self.id.clone() },
            user: User {
                name: first(email, username),
                display_name: first(username, email),
                id: crate::base64url::encode(user.as_bytes()),
            },
            challenge: ceremony.challenge.clone(),
            pub_key_cred_params: ALGORITHMS.map(|alg| Parameter { r#type: "public-key", alg: alg as i64 }).to_vec(),
            timeout: milliseconds(self.registration_timeout),
            exclude_credentials: existing.iter().map(Descriptor::of).collect(),
            authenticator_selection: Selection {
                authenticator_attachment: attachment,
                require_resident_key: resident,
                resident_key: if resident { "required" } else { "discouraged" },
                user_verification,
            },
            attestation,
        };
        (CreationOptions { public_key }, ceremony)
    }

    fn request(
        &self,
        random: &Random,
        operation: Operation,
        allow_credentials: Vec<Descriptor>,
        user_verification: UserVerification,
        now: Timestamp,
    ) -> (RequestOptions, Ceremony) {
        let ceremony = Ceremony::open(random, operation, user_verification, now, self.login_timeout);
        let public_key = Request {
            challenge: ceremony.challenge.clone(),
            timeout: milliseconds(self.login_timeout),
            rp_id: self.id.clone(),
            allow_credentials,
            user_verification,
        };
        (RequestOptions { public_key }, ceremony)
    }
}

impl Descriptor {
    fn of(passkey: &StoredPasskey) -> Self {
        Self { r#type: "public-key", id: passkey.id.clone(), transports: passkey.transports.clone() }
    }
}

fn milliseconds(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)
}
