//! What an author writes: the spec of a `HankoProject`, every field optional that has a default.
//!
//! Names are upstream's, in camelCase. A default never stands in the schema, since the
//! stored object stays what its author wrote; it stands in each field's description and in [`crate::project`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One isolated authentication tenant.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProjectSpec {
    /// The tenant's identity in its database; survives re-creation and renaming of the object. Immutable.
    /// Default: a UUIDv5 of `<namespace>/<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// Host names the tenant answers, the first one is the main one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where browsers reach the tenant; the only source of issuer, links and cookie security. No path.
    /// Default: `https://<hosts[0]>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Origins of the applications that talk to the tenant: allowed by CORS and as WebAuthn origins, beside the public URL itself.
    /// https, or http for localhost and names below it. Android apps (`android:apk-key-hash:…`) are WebAuthn origins only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
    pub name: String,
    /// Key within it.
    pub key: String,
}

/// A whole Secret.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    pub name: String,
}

/// A Secret with a user name and a password.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsRef {
    /// Name of the Secret.
    pub name: String,
    /// Names of the keys, where they are not `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<CredentialKeys>,
}

/// Key names within a credentials Secret.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialKeys {
    /// Default: `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Default: `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub size: Option<String>,
    /// Storage class of the claim. Default: the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub max_connections: Option<u32>,
}

/// Outgoing mail.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailSpec {
    /// The sender.
    pub from: MailFromSpec,
    /// The server that takes the mail.
    pub smtp: SmtpSpec,
}

/// The sender of all mail.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailFromSpec {
    /// The address, also the envelope sender.
    pub address: String,
    /// The display name. Default: the service name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An SMTP server.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SmtpSpec {
    /// Host name or address.
    pub host: String,
    /// Default: 465 with `tls: implicit`, else 587.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// Default: `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extractor: Option<IpExtractor>,
    /// CIDR ranges whose headers are believed. Required unless `direct`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
    pub class_name: String,
    /// A TLS Secret for all hosts. Left out, the Ingress has no TLS section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_secret_name: Option<String>,
    /// Annotations for the Ingress controller.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// Compute resources as Kubernetes quantities.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourcesSpec {
    /// Default: `cpu: 50m`, `memory: 32Mi`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub requests: std::collections::BTreeMap<String, String>,
    /// Default: `memory: 256Mi`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
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

/// Behaviour of the tenant, upstream's names.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsSpec {
    /// Accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountSpec>,
    /// E-mail addresses and passcodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailSpec>,
    /// Passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordSpec>,
    /// Passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeySpec>,
    /// Sessions, their tokens and cookies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSpec>,
    /// The service as users see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,
    /// What strangers may learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacySpec>,
    /// The relying party of passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<WebauthnSpec>,
    /// Limits per account and address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limiter: Option<RateLimiterSpec>,
    /// Audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_log: Option<AuditLogSpec>,
}

/// Accounts.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountSpec {
    /// Whether strangers may register. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_signup: Option<bool>,
}

/// E-mail addresses and passcodes.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailSpec {
    /// New addresses are confirmed by a passcode. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_verification: Option<bool>,
    /// Passcodes by mail sign a user in. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_for_authentication: Option<bool>,
    /// Longest accepted address, in characters, 3 to 254. Default: 120.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Lifetime of a passcode in seconds, 30 to 86400. Default: 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode_ttl: Option<u32>,
    /// Default: `numeric`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode_charset: Option<PasscodeCharset>,
}

/// Characters of a passcode.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PasscodeCharset {
    /// Six digits.
    #[default]
    Numeric,
    /// Six letters and digits without look-alikes, case-sensitive.
    Alphanumeric,
}

/// When a credential is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Acquire {
    /// Always.
    Always,
    /// When the user has no other one.
    Conditional,
    /// Never.
    Never,
}

/// Passwords.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSpec {
    /// Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether creation may be skipped. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Default: `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<Acquire>,
    /// Default: `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<Acquire>,
    /// Offers recovery by passcode. Needs `mail`. Default: true with `mail`, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<bool>,
    /// Shortest accepted password, in characters, 1 to 72. Default: 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
}

/// Passkeys.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasskeySpec {
    /// Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether creation may be skipped. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Default: `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_registration: Option<Acquire>,
    /// Default: `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_on_login: Option<Acquire>,
    /// Default: `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation_preference: Option<AttestationPreference>,
    /// Default: `preferred`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<UserVerification>,
}

/// How much the relying party wants to know of the authenticator (WebAuthn L3 §5.4.7).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AttestationPreference {
    /// The authenticator's own statement.
    Direct,
    /// Possibly anonymised.
    Indirect,
    /// None.
    None,
}

/// Whether the authenticator verifies its user (WebAuthn L3 §5.8.6).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UserVerification {
    /// Must.
    Required,
    /// Should.
    Preferred,
    /// Should not.
    Discouraged,
}

/// Sessions, their tokens and cookies.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSpec {
    /// Lifetime of a token, as `1h30m`. Set, it is fixed as in upstream unless `renewal` says otherwise.
    /// Default: `1h`, renewed in the second half of its life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifespan: Option<String>,
    /// Renewal of tokens in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<RenewalSpec>,
    /// Inactivity after which a session ends, as `30m`. Default: `0m`, off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<String>,
    /// Concurrent sessions per user, 1 to 1000; the oldest go. Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `iss` claim. Default: left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The `aud` claim. Default: the RP ID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// Store the client's address with the session. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_ip_address: Option<bool>,
    /// Store the user agent with the session. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquire_user_agent: Option<bool>,
    /// Deliver the token in `X-Auth-Token` instead of a cookie. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_auth_token_header: Option<bool>,
    /// The session cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<CookieSpec>,
}

/// Renewal of tokens in use (sliding sessions).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalSpec {
    /// Default: true when `lifespan` is left out, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// End of a session whatever its use, as `12h`. Default: `12h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_lifespan: Option<String>,
}

/// The session cookie. It is `Secure` exactly when the public URL is https.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CookieSpec {
    /// Default: `hanko`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Default: left out, so the cookie belongs to the tenant's host alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_only: Option<bool>,
    /// Default: `strict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<SameSite>,
    /// Default: `persistent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

/// The `SameSite` attribute (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SameSite {
    /// Same-site requests only.
    Strict,
    /// Also top-level navigation.
    Lax,
    /// Every request; needs https.
    None,
}

/// Whether the cookie outlives the browser.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Retention {
    /// Yes.
    Persistent,
    /// No.
    Session,
    /// The user decides ("remember me").
    Prompt,
}

/// The service as users see it.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// Name in mails and authenticator dialogs. Default: the project's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What strangers may learn.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivacySpec {
    /// Says whether an address has an account. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_account_existence_hints: Option<bool>,
    /// Offers only the methods the user has. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_show_actual_login_methods: Option<bool>,
}

/// The relying party of passkeys. Its origins are `spec.origins` and the public URL.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebauthnSpec {
    /// The relying party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relying_party: Option<RelyingPartySpec>,
    /// Ceremony timeouts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<TimeoutsSpec>,
}

/// The relying party.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelyingPartySpec {
    /// The RP ID: the public URL's host or a domain above it. Default: the longest domain that all hosts and origins share and that
    /// is not a public suffix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Default: the service name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Ceremony timeouts in milliseconds.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeoutsSpec {
    /// Default: 600000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<u32>,
    /// Default: 600000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<u32>,
}

/// Limits that protect accounts.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimiterSpec {
    /// Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Password attempts per account and address. Default: 5 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_limits: Option<LimitSpec>,
    /// Passcode mails per recipient and address. Default: 3 in `1m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passcode_limits: Option<LimitSpec>,
}

/// So many in a fixed window.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitSpec {
    /// At least 1.
    pub tokens: u32,
    /// Length of the window, as `1m`, at least one second.
    pub interval: String,
}

/// The audit log.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogSpec {
    /// Mask addresses in audit rows. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<bool>,
}
