//! The descriptions of both listeners: OpenAPI 3.1, made of what stands beside the handlers.
//!
//! Each handler is registered once, and that feeds both the router and its document. What is the same for many operations is
//! added here and by each [`Listener`]: names, error bodies, the answers that every host, every body and every limit can give.

pub(crate) mod admin;
pub(crate) mod flow;
pub(crate) mod public;
pub(crate) mod user;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{OpenApi, PathItem},
};
use utoipa_axum::router::UtoipaMethodRouter;

pub(crate) use self::public::DEPRECATED;
use super::error::Error;

/// What the platform asks; it belongs to no project.
pub(crate) const HEALTH: &str = "health";

/// What is said of a listener as a whole.
pub(crate) struct Listener {
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) servers: Value,
    pub(crate) tags: Value,
    pub(crate) security_schemes: Value,
    /// What every operation with such a tag needs that says nothing of it.
    pub(crate) security: fn(tag: &str) -> Option<Value>,
    /// Adds the answers that all operations of a kind can give.
    pub(crate) answers: fn(&Operation<'_>, &mut Answers<'_>),
}

/// An operation, as far as its common answers depend on it.
pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) tag: &'a str,
    pub(crate) has_body: bool,
}

/// The answers of an operation.
pub(crate) struct Answers<'a>(&'a mut Map<String, Value>);

impl Answers<'_> {
    /// Adds one unless the operation has said more of it.
    pub(crate) fn add(&mut self, status: &str, description: &str) {
        self.0.entry(status).or_insert_with(|| json!({"description": description}));
    }

    /// What reading a body can end in.
    fn add_of_body(&mut self) {
        self.add("400", "The body is not what it should be; `message` says what is wrong with it.");
        self.add("415", "The body is not JSON.");
        self.add("408", "The body did not arrive in time.");
        self.add("413", "The body is larger than 64 KiB.");
    }

    /// What every tenant's operation can end in.
    fn add_of_tenant(&mut self) {
        self.add("421", "The host is none of this server.");
        self.add("500", "Something went wrong here; the log says what.");
        self.add("503", "Too much to do, or the database does not answer; `Retry-After` says when to come back.");
    }
}

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
pub(crate) fn document(mut described: OpenApi, listener: &Listener) -> Bytes {
    let components = described.components.get_or_insert_default();
    components.schemas.insert(Error::name().into_owned(), Error::schema());
    // What the macros make is JSON; a test reads it.
    let mut document = match serde_json::to_value(&described) {
        Ok(Value::Object(document)) => document,
        _ => Map::new(),
    };
    document.insert("info".into(), info(listener));
    document.insert("servers".into(), listener.servers.clone());
    document.insert("tags".into(), listener.tags.clone());
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.insert("securitySchemes".into(), listener.security_schemes.clone());
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete(path, method, operation, listener);
            }
        }
    }
    let mut text = serde_json::to_vec_pretty(&document).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

fn info(listener: &Listener) -> Value {
    json!({
        "title": listener.title,
        "version": env!("CARGO_PKG_VERSION"),
        "description": listener.description,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    })
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>, listener: &Listener) {
    operation.insert("operationId".into(), operation_id(path, method).into());
    let tag = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str).unwrap_or_default().to_owned();
    if tag == DEPRECATED {
        operation.insert("deprecated".into(), true.into());
    }
    if let Some(security) = (listener.security)(&tag) {
        operation.entry("security").or_insert(security);
    }
    let has_body = operation.contains_key("requestBody");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    (listener.answers)(&Operation { path, method, tag: &tag, has_body }, &mut Answers(responses));
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
