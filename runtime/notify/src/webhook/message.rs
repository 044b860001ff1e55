//! What a receiver is sent (`spec/webhooks-and-audit.md` §4, Standard Webhooks).

use std::time::Duration;

use bytes::Bytes;
use hanko_domain::{EventId, Timestamp};
use hanko_keys::{SigningKeys, TokenError};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};
use serde_json::{Map, Value, json};

use super::SigningSecret;

/// How long a receiver may take a token for new.
const TOKEN_LIVES: Duration = Duration::from_secs(300);
const AGENT: HeaderValue = HeaderValue::from_static(concat!("hanko-operator/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Headers and body.
pub(super) struct Message {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Message {
    /// Signs an event now. Takes about a millisecond: not on an async thread. `event` is its name, `payload` the claim `data`.
    pub(super) fn sign(
        id: EventId,
        event: &str,
        payload: &Value,
        audience: &[String],
        secrets: &[SigningSecret],
        keys: &SigningKeys,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let body = Bytes::from(
            json!({"token": keys.sign(&claims(id, event, payload, audience, now))?, "event": event}).to_string(),
        );
        // The same in every attempt and replay, so that a receiver can tell what it has had before.
        let id = format!("msg_{}", id.0.simple());
        let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&id, now.seconds(), &body)).collect();
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, AGENT);
        headers.insert(TIMESTAMP, now.seconds().into());
        for (name, text) in [(ID, id), (SIGNATURE, signatures.join(" "))] {
            if let Ok(value) = HeaderValue::try_from(text)
                && !value.is_empty()
            {
                headers.insert(name, value);
            }
        }
        Ok(Self { headers, body })
    }
}

/// What the token says (§4.4). `jti` is ours: it tells one event from another.
fn claims(id: EventId, event: &str, payload: &Value, audience: &[String], now: Timestamp) -> Map<String, Value> {
    let claims = [
        ("sub", json!("hanko webhooks")),
        ("iat", json!(now.seconds())),
        ("exp", json!((now + TOKEN_LIVES).seconds())),
        ("aud", json!(audience)),
        ("jti", json!(id)),
        ("evt", json!(event)),
        ("data", payload.clone()),
    ];
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
