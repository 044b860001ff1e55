//! The description of the public API: OpenAPI 3.1, made of what stands beside the handlers.
//!
//! Each handler is registered once, and that feeds both the router and this document. What is the same for many operations is
//! added here: names, error bodies, the answers that every host, every body and every limit can give.

pub(crate) mod flow;
pub(crate) mod user;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{OpenApi, PathItem},
};
use utoipa_axum::router::UtoipaMethodRouter;

use super::error::Error;

/// Endpoints that upstream has removed; one switch of the project turns them off.
pub(crate) const DEPRECATED: &str = "deprecated";
/// Back ends ask at every request of theirs, all from one address: not limited.
const SESSIONS: [&str; 2] = ["/sessions/validate", "/session"];
/// What the platform asks; it belongs to no project.
pub(crate) const HEALTH: &str = "health";

/// Serves a route at another path as well.
pub(crate) fn also(path: &str, (schemas, mut paths, router): UtoipaMethodRouter) -> UtoipaMethodRouter {
    let item = paths.paths.values().next().cloned().unwrap_or_default();
    paths.paths.insert(path.to_owned(), item);
    (schemas, paths, router)
}

/// Serves a route at another path instead.
pub(crate) fn at(path: &str, (schemas, mut paths, router): UtoipaMethodRouter) -> UtoipaMethodRouter {
    let item: PathItem = paths.paths.values().next().cloned().unwrap_or_default();
    paths.paths.clear();
    paths.paths.insert(path.to_owned(), item);
    (schemas, paths, router)
}

/// The document as it is served.
pub(crate) fn document(mut described: OpenApi) -> Bytes {
    let components = described.components.get_or_insert_default();
    components.schemas.insert(Error::name().into_owned(), Error::schema());
    // What the macros make is JSON; a test reads it.
    let mut document = match serde_json::to_value(&described) {
        Ok(Value::Object(document)) => document,
        _ => Map::new(),
    };
    document.insert("info".into(), info());
    document.insert("servers".into(), json!([{"url": "/", "description": "The project's host."}]));
    document.insert("tags".into(), tags());
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.insert("securitySchemes".into(), security_schemes());
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete(path, method, operation);
            }
        }
    }
    let mut text = serde_json::to_vec_pretty(&document).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

fn info() -> Value {
    json!({
        "title": "Public API",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "What browsers, apps and back ends call: the flows, sessions, and the REST endpoints of earlier versions. \
            The base is the project's own host.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    })
}

fn tags() -> Value {
    json!([
        {"name": "flows", "description": "Signing up, signing in, and the profile, step by step."},
        {"name": "sessions", "description": "Who is signed in."},
        {"name": "project", "description": "What the project publishes."},
        {"name": DEPRECATED, "description": "Endpoints of earlier versions. `legacyApi.enabled: false` in the project turns them off: \
            they answer 404, as one does that the project's other settings leave out. They send their mails in the language of \
            `Accept-Language`."},
        {"name": HEALTH, "description": "Whether the process lives and is ready."},
    ])
}

fn security_schemes() -> Value {
    json!({
        "cookie": {
            "type": "apiKey", "in": "cookie", "name": "hanko",
            "description": "The session token as the browser keeps it. The project can name the cookie otherwise.",
        },
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The session token."},
    })
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    operation.insert("operationId".into(), operation_id(path, method).into());
    let tag = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str).unwrap_or_default().to_owned();
    if tag == DEPRECATED {
        operation.insert("deprecated".into(), true.into());
    }
    let reads = operation.contains_key("requestBody");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let mut add = |status: &str, description: &str| {
        responses.entry(status).or_insert_with(|| json!({"description": description}));
    };
    if tag == DEPRECATED {
        add("404", "The project does not offer this.");
    }
    if tag != HEALTH && !matches!(method, "get") && !SESSIONS.contains(&path) {
        add("429", "Too many requests; `Retry-After` says how long to wait.");
    }
    if reads {
        add("400", "The body is not what it should be; `message` says what is wrong with it.");
        add("415", "The body is not JSON.");
        add("408", "The body did not arrive in time.");
        add("413", "The body is larger than 64 KiB.");
    }
    if tag != HEALTH {
        add("421", "The host is none of this server.");
        add("500", "Something went wrong here; the log says what.");
        add("503", "Too much to do, or the database does not answer; `Retry-After` says when to come back.");
    }
    for (status, response) in responses.iter_mut() {
        let status = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or_default();
        let reason = status.canonical_reason().unwrap_or_default();
        if response.get("description").is_none_or(|text| text == "") {
            response["description"] = reason.into();
        }
        if (status.is_client_error() || status.is_server_error()) && response.get("content").is_none() {
            response["content"] = json!({"application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "example": {"code": status.as_u16(), "message": reason},
            }});
        }
    }
    responses.sort_keys();
}

/// `post` and `/emails/{id}/set_primary` make `postEmailsIdSetPrimary`.
fn operation_id(path: &str, method: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| {
        let (first, rest) = word.split_at(1);
        id + &first.to_ascii_uppercase() + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_by_method_and_path() {
        assert_eq!(operation_id("/emails/{id}/set_primary", "post"), "postEmailsIdSetPrimary");
        assert_eq!(operation_id("/.well-known/jwks.json", "get"), "getWellKnownJwksJson");
        assert_eq!(operation_id("/", "get"), "get");
    }
}
