//! What an author writes: the spec of a `HankoProject`, every field optional that has a default.
//!
//! Names are upstream's, in camelCase. A default never stands in the schema, since the
//! stored object stays what its author wrote; it stands in each field's description and in [`crate::project`].

mod admin_api;
mod mail_templates;
mod settings;
mod webhooks;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use admin_api::*;
pub use mail_templates::*;
pub use settings::*;
pub use webhooks::*;

/// One isolated authentication tenant.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectSpec {
    /// The tenant's identity in its database; survives re-creation and renaming of the object. Immutable.
    /// Default: a UUIDv5 of `<namespace>/<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// Host names the tenant answers, at least one; the first one is the main one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub hosts: Vec<String>,
    /// Where browsers reach the tenant; the only source of issuer, links and cookie security. No path.
    /// Default: `https://<hosts[0]>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub public_url: Option<String>,
    /// Origins of the applications that talk to the tenant: allowed by CORS and as WebAuthn origins, beside the public URL itself.
    /// https, or http for localhost and names below it. Android apps (`android:apk-key-hash:…`) are WebAuthn origins only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 300)), extend("x-kubernetes-list-type" = "set"))]
    pub origins: Vec<String>,
    /// Where the tenant's data lives. Default: SQLite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSpec>,
    /// How mail leaves. Without it no mail is sent, and what needs one is off: verification of addresses, passcodes, recovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSpec>,
    /// Behaviour of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsSpec>,
    /// Who may call the Admin API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_api: Option<AdminApiSpec>,
    /// Who is told what happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<WebhooksSpec>,
    /// Which addresses may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound: Option<OutboundSpec>,
    /// Master keys and signing keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysSpec>,
    /// How the client's address is found behind proxies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<ClientIpSpec>,
    /// How the public Service is reached from outside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<ExposureSpec>,
    /// Number of pods. Left out, the operator does not own the number, so an autoscaler may. Must be 1 with SQLite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1000))]
    pub replicas: Option<u32>,
    /// Compute resources of the runtime container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesSpec>,
    /// Scales to zero and keeps everything. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// What happens to data and keys when the project is deleted. Default: `Retain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
}

/// A key of a Secret in the project's namespace.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Key within it.
    #[schemars(length(max = 253))]
    pub key: String,
}

/// A whole Secret.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(max = 253))]
    pub name: String,
}

/// A Secret with a user name and a password.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsRef {
    /// Name of the Secret.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Names of the keys, where they are not `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<CredentialKeys>,
}

/// Key names within a credentials Secret.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialKeys {
    /// Key of the user name. Default: `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub username: Option<String>,
    /// Key of the password. Default: `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub password: Option<String>,
}

/// At most one kind of database.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseSpec {
    /// An embedded database file on a volume claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<SqliteSpec>,
    /// A PostgreSQL server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresSpec>,
}

/// The embedded database.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqliteSpec {
    /// Size of the volume claim, a Kubernetes quantity. Default: `1Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub size: Option<String>,
    /// Storage class of the claim. Default: the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub storage_class_name: Option<String>,
}

/// A PostgreSQL server.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostgresSpec {
    /// Where the connection URL stands (`postgres://user:password@host:5432/database?sslmode=require`).
    pub url_ref: SecretKeyRef,
    /// Connections per pod, 1 to 1000. Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_connections: Option<u32>,
}

/// Outgoing mail.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailSpec {
    /// The sender.
    pub from: MailFromSpec,
    /// The address that answers go to. Default: left out, so they go to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub reply_to: Option<String>,
    /// The server that takes the mail.
    pub smtp: SmtpSpec,
    /// Look and wording. Default: neutral, and our words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<MailTemplatesSpec>,
}

/// The sender of all mail.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailFromSpec {
    /// The address, also the envelope sender.
    #[schemars(length(max = 320))]
    pub address: String,
    /// The display name. Default: the service name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub name: Option<String>,
}

/// An SMTP server.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SmtpSpec {
    /// Host name or address.
    #[schemars(length(max = 253))]
    pub host: String,
    /// Port of the server. Default: 465 with `tls: implicit`, else 587.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// How the connection is protected. Default: `implicit` on port 465, else `starttls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<SmtpTls>,
    /// User name and password. Refused with `tls: none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_ref: Option<CredentialsRef>,
    /// A PEM bundle to trust instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<SecretKeyRef>,
    /// The name given in EHLO. Default: the host of the public URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub helo_name: Option<String>,
}

/// Protection of an SMTP connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SmtpTls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS, required (RFC 3207).
    Starttls,
    /// None; for servers on the same host or in tests.
    None,
}

/// Master keys and signing keys.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysSpec {
    /// The Secret whose entries are the named master keys. Default: `<project>-keys`, generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_key_ref: Option<SecretRef>,
    /// Size of newly made RSA signing keys: 2048, 3072 or 4096 bits. Default: 2048.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rsa_bits: Option<u32>,
}

/// How the client's address is found.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientIpSpec {
    /// Where the address is read. Default: `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extractor: Option<IpExtractor>,
    /// CIDR ranges whose headers are believed. Required unless `direct`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub trusted_proxies: Vec<String>,
}

/// Where the client's address is read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum IpExtractor {
    /// The peer of the TCP connection.
    Direct,
    /// The right-most untrusted address of `X-Forwarded-For`.
    XForwardedFor,
    /// `X-Real-IP`.
    XRealIp,
}

/// Reaching the tenant from outside.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExposureSpec {
    /// An Ingress for every host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<IngressSpec>,
}

/// An Ingress.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// The Ingress class.
    #[schemars(length(max = 253))]
    pub class_name: String,
    /// A TLS Secret for all hosts. Left out, the Ingress has no TLS section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub tls_secret_name: Option<String>,
    /// Annotations for the Ingress controller.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64, "additionalProperties" = {"type": "string", "maxLength": 4096}))]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// Compute resources as Kubernetes quantities.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourcesSpec {
    /// What is reserved for each pod. Default: `cpu: 50m`, `memory: 32Mi`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 32}))]
    pub requests: std::collections::BTreeMap<String, String>,
    /// What no pod may exceed. Default: `memory: 256Mi`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 32}))]
    pub limits: std::collections::BTreeMap<String, String>,
}

/// What deletion of the project does to data and keys.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum DeletionPolicy {
    /// The volume claim and the key Secret stay.
    #[default]
    Retain,
    /// The volume claim and the key Secret go with the project. A database given by URL is never touched.
    Delete,
}
