//! An API that only people who are signed in may ask. Tokens are checked here, with the tenant's public keys: no request waits for the tenant,
//! and a session that was ended is accepted until its token expires.
//!
//! ```sh
//! HANKO_API_URL=https://auth.acme.example AUDIENCE=acme.example PORT=8080 cargo run -p example-back-end
//! ```

mod keys;

use std::error::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};

use keys::Keys;

struct Api {
    keys: Keys,
    rules: Validation,
}

/// The tenant signs tokens of other kinds, webhooks', with the same keys; only a session's has a `session_id`.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(rename = "session_id")]
    _session_id: String,
    email: Option<Email>,
}

#[derive(Deserialize)]
struct Email {
    address: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[variable("AUDIENCE")?]);
    rules.set_required_spec_claims(&["exp", "aud", "sub"]);
    rules.leeway = 0;
    let api = Api { keys: Keys::new(&variable("HANKO_API_URL")?)?, rules };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", variable("PORT")?.parse()?)).await?;
    let routes = Router::new().route("/api/me", get(me)).with_state(Arc::new(api));
    Ok(axum::serve(listener, routes).await?)
}

async fn me(State(api): State<Arc<Api>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    match api.claims(&headers).await {
        Some(claims) => {
            (StatusCode::OK, Json(json!({ "user": claims.sub, "email": claims.email.map(|email| email.address) })))
        }
        None => (StatusCode::UNAUTHORIZED, Json(json!({ "error": "sign in first" }))),
    }
}

impl Api {
    async fn claims(&self, headers: &HeaderMap) -> Option<Claims> {
        let token = token(headers)?;
        let name = decode_header(token).ok()?.kid?;
        let key = self.keys.named(&name).await?;
        decode(token, &key, &self.rules).ok().map(|checked| checked.claims)
    }
}

/// A request's token: a program sends it in a header, a browser in the cookie.
fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("hanko="))
}
