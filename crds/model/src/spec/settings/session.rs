//! Sessions, their tokens and cookies.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Sessions, their tokens and cookies.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSpec {
    /// Lifetime of a token, as `1h30m`. Set, it is fixed as in upstream unless `renewal` says otherwise.
    /// Default: `1h`, renewed in the second half of its life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub lifespan: Option<String>,
    /// Renewal of tokens in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<RenewalSpec>,
    /// Inactivity after which a session ends, as `30m`. Default: `0m`, off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub idle_timeout: Option<String>,
    /// Concurrent sessions per user, 1 to 1000; the oldest go. Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// The `iss` claim. Default: left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub issuer: Option<String>,
    /// The `aud` claim. Default: the RP ID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 300)), extend("x-kubernetes-list-type" = "set"))]
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
    /// Users may end their other sessions in the profile. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_revocation: Option<bool>,
    /// The profile lists the user's sessions. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_on_profile: Option<bool>,
    /// Claims of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_template: Option<JwtTemplateSpec>,
    /// The session cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<CookieSpec>,
}

/// Renewal of tokens in use (sliding sessions).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalSpec {
    /// Tokens in the second half of their life are renewed by use. Default: true when `lifespan` is left out, else false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// End of a session whatever its use, as `12h`. Default: `12h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub absolute_lifespan: Option<String>,
}

/// Claims of your own in the session's token.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtTemplateSpec {
    /// By name of the claim any value. Each text in it is a template over the user, such as `{{ .User.UserID }}` or
    /// `{{ .User.Metadata.Public "role" }}`. At most 64 claims, 8 levels deep, 16 KiB as JSON; names of up to 128 characters, and none
    /// of those that the server sets itself. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "maxProperties" = 64,
        "additionalProperties" = {"x-kubernetes-preserve-unknown-fields": true}
    ))]
    pub claims: BTreeMap<String, Value>,
}

/// The session cookie. It is `Secure` exactly when the public URL is https.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CookieSpec {
    /// Name of the cookie. Default: `hanko`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub name: Option<String>,
    /// Domain that gets the cookie too: a domain above all `hosts`. Default: left out, so the cookie belongs to the tenant's host alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub domain: Option<String>,
    /// Scripts cannot read it. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_only: Option<bool>,
    /// Which requests from other sites carry it. Default: `strict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<SameSite>,
    /// Whether it outlives the browser. Default: `persistent`.
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
