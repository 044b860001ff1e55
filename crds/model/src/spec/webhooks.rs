//! Who is told what happens, and which addresses a tenant may call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::SecretKeyRef;

/// Names of events a receiver can subscribe to. A name stands for all below it as well.
pub const EVENT_NAMES: [&str; 28] = [
    "user",
    "user.create",
    "user.delete",
    "user.login",
    "user.update",
    "user.update.email",
    "user.update.email.create",
    "user.update.email.primary",
    "user.update.email.delete",
    "user.update.username",
    "user.update.username.create",
    "user.update.username.update",
    "user.update.username.delete",
    "user.update.password.update",
    "email.send",
    "session",
    "session.create",
    "session.create.flow",
    "session.create.admin",
    "session.delete",
    "session.delete.explicit",
    "session.delete.explicit.logout",
    "session.delete.explicit.revoke",
    "session.delete.admin",
    "session.delete.admin.revoke",
    "session.delete.passive",
    "session.delete.passive.expire",
    "session.delete.passive.limit",
];

/// Receivers of events. Beside the ones named here there are those that the Admin API makes.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhooksSpec {
    /// The receivers named here are told; those of the Admin API are in any case. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// A receiver of the Admin API that has taken nothing for 30 days is disabled. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_time_expiration: Option<bool>,
    /// How often an event is sent before it is given up, 1 to 20, ever longer apart. Default: 12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub max_attempts: Option<u32>,
    /// The receivers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub hooks: Vec<HookSpec>,
}

/// A receiver of events.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HookSpec {
    /// Its name, under which deliveries are listed: lower-case letters, digits and dashes. Another name is another receiver.
    #[schemars(length(max = 63))]
    pub name: String,
    /// Where events are posted to: an https or http URL. An address that is not public has to be among `outbound.allowedNetworks`.
    #[schemars(length(max = 2048))]
    pub callback: String,
    /// What it is told, at least one; a name stands for all below it as well.
    #[schemars(
        length(min = 1, max = 28),
        extend("items" = {"type": "string", "maxLength": 64, "enum": EVENT_NAMES}, "x-kubernetes-list-type" = "set")
    )]
    pub events: Vec<String>,
    /// The secret of its signatures: base64 of 24 to 64 bytes, with or without `whsec_` before it (Standard Webhooks).
    /// Default: none, so that the signed token in the body is all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeyRef>,
}

/// Calls to addresses that a tenant or its author chooses: webhooks.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundSpec {
    /// CIDR ranges that may be called although they are not public, such as `10.0.0.0/8`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_networks: Vec<String>,
}
