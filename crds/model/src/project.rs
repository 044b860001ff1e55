//! What a document means once every default is applied: a [`Project`] cannot hold an illegal value.

mod admin_api;
mod mail_templates;
mod settings;
mod webhooks;

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

pub use admin_api::*;
pub use mail_templates::*;
pub use settings::*;
pub use webhooks::*;

use crate::spec::{DeletionPolicy, IpExtractor, SecretKeyRef, SmtpTls};

/// A tenant's whole configuration. Printed by `check --effective`; holds references to secrets, never their values.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Namespace of the object; `default` on a laptop.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Identity of the tenant in its database.
    pub tenant_id: Uuid,
    /// Host names (A-labels, lower-case), at least one.
    pub hosts: Vec<String>,
    /// Scheme, host and port; no path.
    pub public_url: Url,
    /// Serialised origins (`https://app.acme.example`), the public URL's own among them.
    pub origins: Vec<String>,
    /// Where the data lives.
    pub database: Database,
    /// How mail leaves; `None`: it does not.
    pub mail: Option<Mail>,
    /// Master keys and signing keys.
    pub keys: Keys,
    /// How the client's address is found.
    pub client_ip: ClientIp,
    /// Behaviour.
    pub settings: Settings,
    /// Who may call the Admin API.
    pub admin_api: AdminApi,
    /// Who is told what happens.
    pub webhooks: Webhooks,
    /// Which addresses may be called.
    pub outbound: Outbound,
    /// How the operator runs it.
    pub deployment: Deployment,
}

/// Where the data lives.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Database {
    /// A file.
    Sqlite {
        /// Size of the volume claim, a Kubernetes quantity.
        size: String,
        /// Its storage class, `None`: the cluster's default.
        storage_class_name: Option<String>,
    },
    /// A server.
    Postgres {
        /// Where the URL stands.
        url_ref: SecretKeyRef,
        /// Connections per process.
        max_connections: u32,
    },
}

/// How mail leaves.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Sender address.
    pub from_address: String,
    /// Sender name.
    pub from_name: String,
    /// Where answers go; `None`: to the sender.
    pub reply_to: Option<String>,
    /// Host of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: SmtpTls,
    /// User name and password, both or none.
    pub credentials: Option<Credentials>,
    /// PEM bundle to trust instead of the system's.
    pub ca_ref: Option<SecretKeyRef>,
    /// The name given in EHLO.
    pub helo_name: String,
    /// Look and wording.
    pub templates: MailTemplates,
}

/// References to a user name and a password.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The user name.
    pub username: SecretKeyRef,
    /// The password.
    pub password: SecretKeyRef,
}

/// Master keys and signing keys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// Name of the Secret whose entries are the master keys.
    pub master_key_secret: String,
    /// Whether the author named it; a named one is never generated.
    pub named: bool,
    /// The new master key whose coming after a loss the author has accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<String>,
    /// Size of new RSA keys in bits.
    pub rsa_bits: u32,
}

/// How the client's address is found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientIp {
    /// Where it is read.
    pub extractor: IpExtractor,
    /// Whose headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// How the operator runs the tenant.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// `None`: not the operator's to decide.
    pub replicas: Option<u32>,
    /// Scaled to zero.
    pub suspend: bool,
    /// Resource requests.
    pub requests: BTreeMap<String, String>,
    /// Resource limits.
    pub limits: BTreeMap<String, String>,
    /// An Ingress.
    pub ingress: Option<Ingress>,
    /// What deletion does to data and keys.
    pub deletion_policy: DeletionPolicy,
}

/// An Ingress.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// Its class.
    pub class_name: String,
    /// TLS Secret for all hosts.
    pub tls_secret_name: Option<String>,
    /// Annotations for its controller.
    pub annotations: BTreeMap<String, String>,
}
