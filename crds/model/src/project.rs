//! What a document means once every default is applied: a [`Project`] cannot hold an illegal value.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use crate::spec::{
    Acquire, AttestationPreference, DeletionPolicy, IpExtractor, PasscodeCharset, Retention, SameSite, SecretKeyRef,
    SmtpTls, UserVerification,
};

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

/// Behaviour of the tenant, all defaults applied.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// `account.allow_signup`.
    pub allow_signup: bool,
    /// `email.*`.
    pub email: Email,
    /// `password.*`.
    pub password: Password,
    /// `passkey.*`.
    pub passkey: Passkey,
    /// `session.*`.
    pub session: Session,
    /// `service.name`.
    pub service_name: String,
    /// `privacy.*`.
    pub privacy: Privacy,
    /// `webauthn.*`.
    pub webauthn: Webauthn,
    /// `rate_limiter.*`.
    pub rate_limiter: RateLimiter,
    /// `audit_log.mask`.
    pub audit_mask: bool,
}

/// E-mail addresses and passcodes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// New addresses are confirmed by a passcode.
    pub require_verification: bool,
    /// Passcodes sign a user in.
    pub use_for_authentication: bool,
    /// In characters.
    pub max_length: u32,
    /// Lifetime of a passcode.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub passcode_ttl: Duration,
    /// Characters of a passcode.
    pub passcode_charset: PasscodeCharset,
}

/// Passwords.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    /// On.
    pub enabled: bool,
    /// Creation may be skipped.
    pub optional: bool,
    /// `never` when not enabled.
    pub acquire_on_registration: Acquire,
    /// `never` when not enabled.
    pub acquire_on_login: Acquire,
    /// Recovery by passcode.
    pub recovery: bool,
    /// In characters.
    pub min_length: u32,
}

/// Passkeys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// On.
    pub enabled: bool,
    /// Creation may be skipped.
    pub optional: bool,
    /// `never` when not enabled.
    pub acquire_on_registration: Acquire,
    /// `never` when not enabled.
    pub acquire_on_login: Acquire,
    /// Attestation asked for.
    pub attestation_preference: AttestationPreference,
    /// User verification asked for.
    pub user_verification: UserVerification,
}

/// Sessions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Lifetime of a token.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub lifespan: Duration,
    /// `Some`: tokens are renewed in the second half of their life, up to this age of the session.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub renewed_until: Option<Duration>,
    /// Inactivity that ends a session.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub idle_timeout: Option<Duration>,
    /// Concurrent sessions per user.
    pub limit: u32,
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`, at least one.
    pub audience: Vec<String>,
    /// Store the client's address.
    pub acquire_ip_address: bool,
    /// Store the user agent.
    pub acquire_user_agent: bool,
    /// `X-Auth-Token` instead of a cookie.
    pub enable_auth_token_header: bool,
    /// The cookie.
    pub cookie: Cookie,
}

/// The session cookie.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// `None`: host-only.
    pub domain: Option<String>,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Secure`: the public URL is https.
    pub secure: bool,
    /// `SameSite`.
    pub same_site: SameSite,
    /// Whether it outlives the browser.
    pub retention: Retention,
}

/// What strangers may learn.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Privacy {
    /// Says whether an address has an account.
    pub show_account_existence_hints: bool,
    /// Offers only the methods the user has.
    pub only_show_actual_login_methods: bool,
}

/// The relying party.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Webauthn {
    /// RP ID.
    pub relying_party_id: String,
    /// RP name.
    pub relying_party_name: String,
    /// Accepted origins of client data.
    pub origins: Vec<String>,
    /// Registration timeout.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub registration_timeout: Duration,
    /// Login timeout.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub login_timeout: Duration,
}

/// Limits that protect accounts; `None`: off.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimiter {
    /// Password attempts.
    pub password: Option<Limit>,
    /// Passcode mails.
    pub passcode: Option<Limit>,
}

/// So many in a fixed window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// Tokens per window.
    pub tokens: u32,
    /// Length of the window.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub interval: Duration,
}
