//! `GET /.well-known/jwks.json`, `/.well-known/jwks` (`spec/sessions-and-public-rest.md` §10).

use axum::response::Response;
use utoipa::ToSchema;

use crate::extract::Tenant;

/// A key set (RFC 7517).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

/// A public key.
#[derive(ToSchema)]
#[schema(example = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11", "n": "…", "e": "AQAB"}))]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct Key {
    kty: String,
    #[schema(rename = "use")]
    use_: String,
    alg: String,
    /// The `kid` of the tokens it verifies.
    kid: String,
}

/// The keys that verify this project's tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "project", responses(
    (status = 200, body = KeySet, headers(("Cache-Control" = String, description = "`max-age=600`"))),
))]
pub(crate) async fn jwks(Tenant(served): Tenant) -> Response {
    served.jwks()
}
