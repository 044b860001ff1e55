//! Typed ids. An id of one kind cannot be passed where another is meant.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Random, Timestamp};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new random id (UUID version 4).
            pub fn random(random: &Random) -> Self {
                Self(random.uuid_v4())
            }

            /// A new id that sorts by time (UUID version 7), for append-only tables.
            pub fn ordered(random: &Random, now: Timestamp) -> Self {
                Self(random.uuid_v7(now))
            }

            /// The 16 bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant; the same as its project's `tenantId`.
    TenantId;
    /// A user; its bytes are the WebAuthn user handle.
    UserId;
    /// An e-mail address of a user.
    EmailId;
    /// A stored password.
    PasswordId;
    /// A username of a user.
    UsernameId;
    /// A stored TOTP secret.
    OtpSecretId;
    /// A session, the `session_id` claim of its token.
    SessionId;
    /// A run of a flow.
    FlowId;
    /// A row of the audit log.
    AuditId;
    /// Something that happened and has to be told.
    EventId;
    /// One telling of an event to one receiver.
    DeliveryId;
    /// A receiver of events.
    WebhookId;
    /// A key of the Admin API.
    ApiKeyId;
}

/// The id an authenticator gave its credential: up to 1023 bytes (WebAuthn L3 §5.8.3), written as base64url.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CredentialId(pub Vec<u8>);

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl FromStr for CredentialId {
    type Err = data_encoding::DecodeError;

    /// Reads base64url, padding tolerated.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).map(Self)
    }
}

impl Serialize for CredentialId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CredentialId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
