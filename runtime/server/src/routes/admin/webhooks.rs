//! `/webhooks`: receivers of events (`spec/admin-api.md` §13), and what became of deliveries to them.

mod deliveries;

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use hanko_domain::{EventKind, Secret, Timestamp, WebhookId};
use hanko_flow::admin::{Admin, webhooks::Receiver};
use hanko_outbound::OutboundPolicy;
use hanko_store::webhooks::Webhook;
use http::StatusCode;
use serde::Serialize;
use url::{Host, Url};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::http::{
    admin::{
        by::{By, Webhooks},
        input::{Wrapped, WrappedPath},
    },
    error::ApiError,
    input::{Bind, Fields},
    json::Json,
};

pub(crate) fn router() -> OpenApiRouter {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(rotate_secret))
        .merge(deliveries::router())
}

fn admin(by: &By<Webhooks>) -> Admin<'_> {
    Admin { tenant: &by.served.tenant, key: &by.key, request: &by.meta }
}

/// A name that a receiver subscribed to.
#[derive(Serialize, ToSchema)]
struct Subscription {
    id: Uuid,
    #[schema(example = "user")]
    event: String,
}

/// A receiver of the database.
#[derive(Serialize, ToSchema)]
struct WebhookView {
    id: Uuid,
    #[schema(example = "https://app.acme.test/hooks")]
    callback: String,
    /// Whether it is told at present. What happens meanwhile waits for up to seven days.
    enabled: bool,
    /// Deliveries given up since the last one that succeeded; six in a row disable it.
    failures: i32,
    /// When it is disabled unless something is delivered, where the project wants that.
    #[schema(format = DateTime, example = "2026-01-31T00:00:00Z")]
    expires_at: String,
    events: Vec<Subscription>,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    updated_at: String,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.0,
            callback: webhook.callback,
            enabled: webhook.enabled,
            failures: webhook.failures,
            expires_at: webhook.expires_at.rfc3339(),
            events: webhook.events.into_iter().map(|(id, event)| Subscription { id, event }).collect(),
            created_at: webhook.created_at.rfc3339(),
            updated_at: webhook.updated_at.rfc3339(),
        }
    }
}

/// A receiver with its secret, which is told once.
#[derive(Serialize, ToSchema)]
struct NewWebhook {
    #[serde(flatten)]
    webhook: WebhookView,
    /// Signs deliveries as Standard Webhooks says. It is shown only now.
    #[schema(example = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")]
    secret: String,
}

/// A receiver of the project's manifest.
#[derive(Serialize, ToSchema)]
struct ManifestWebhook {
    /// Follows from its name; its deliveries are found by it.
    id: Uuid,
    #[schema(example = "crm")]
    name: String,
    callback: String,
    events: Vec<String>,
}

/// All receivers.
#[derive(Serialize, ToSchema)]
struct WebhookList {
    /// Those that this API keeps.
    database: Vec<WebhookView>,
    /// Those of the project's manifest, told only while it says so; `null` when it has none.
    config: Option<Vec<ManifestWebhook>>,
}

/// All receivers of the project.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks", responses((status = 200, body = WebhookList)))]
async fn list(by: By<Webhooks>) -> Result<Response, ApiError> {
    let admin = admin(&by);
    let own = admin.manifest_webhooks().into_iter().map(|(id, hook)| ManifestWebhook {
        id: id.0,
        name: hook.name,
        callback: hook.callback.to_string(),
        events: hook.events,
    });
    let own: Vec<_> = own.collect();
    let database = admin.webhooks().await?.into_iter().map(WebhookView::from).collect();
    Ok(Json(WebhookList { database, config: (!own.is_empty()).then_some(own) }).into_response())
}

/// A receiver of the database, by its id.
struct Named(WebhookId);

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        fields.segment_uuid4("id", "ID").map(|id| Self(WebhookId(id)))
    }
}

/// Where to tell, and of what.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct Wanted {
    /// http or https.
    #[schema(example = "https://app.acme.test/hooks")]
    callback: String,
    /// Names of events; a name also stands for the events below it.
    #[schema(example = json!(["user", "session.create"]))]
    events: Vec<String>,
}

impl Bind for Receiver {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let callback = fields.required("callback").and_then(|text| {
            let callback = callback(&text);
            if callback.is_none() {
                fields.complain("callback must be a valid URL");
            }
            callback
        });
        let events = events(fields);
        Some(Self { callback: callback?, events: events? })
    }
}

/// What can be called: http or https, with a host and nothing secret in front of it.
fn callback(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

fn events(fields: &mut Fields) -> Option<Vec<String>> {
    let Some(events) = fields.texts("events") else {
        fields.complain("events is a required field");
        return None;
    };
    if events.is_empty() {
        fields.complain("length of events must be greater or equal to 1");
    }
    for (index, event) in events.iter().enumerate() {
        if !EventKind::NAMES.contains(&event.as_str()) {
            fields.complain(&format!("{event} in events[{index}] is not a valid webhook event"));
        }
    }
    Some(events)
}

/// Refuses an address that the project may not reach. What a name stands for is looked up, and judged, with each delivery.
fn within_reach(policy: &OutboundPolicy, callback: &Url) -> Result<(), ApiError> {
    let address: IpAddr = match callback.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    let Some(what) = policy.refusal(address) else { return Ok(()) };
    let message =
        format!("callback must not be a {what} address, unless `outbound.allowedNetworks` of the project has it");
    Err(ApiError::saying(StatusCode::BAD_REQUEST, message))
}

/// Adds a receiver. The secret of its signatures is in this answer only.
#[utoipa::path(
    post,
    path = "/webhooks",
    tag = "webhooks",
    request_body = Wanted,
    responses((status = 201, body = NewWebhook)),
)]
async fn create(by: By<Webhooks>, Wrapped(new): Wrapped<Receiver>) -> Result<Response, ApiError> {
    within_reach(by.served.outbound.policy(), &new.callback)?;
    let (webhook, secret) = admin(&by).create_webhook(&new).await?;
    let created = NewWebhook { webhook: webhook.into(), secret: secret.expose().clone() };
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

/// A receiver of the database.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The receiver.")),
    responses(
        (status = 200, body = WebhookView),
        (status = 400, description = "The id is none."),
        (status = 404, description = "No receiver of the database."),
    ),
)]
async fn get(by: By<Webhooks>, WrappedPath(Named(id)): WrappedPath<Named>) -> Result<Response, ApiError> {
    Ok(Json(WebhookView::from(admin(&by).webhook(id).await?)).into_response())
}

/// What a receiver is to be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct Replacement {
    /// http or https.
    #[schema(example = "https://app.acme.test/hooks")]
    callback: String,
    /// Names of events; a name also stands for the events below it.
    #[schema(example = json!(["user"]))]
    events: Vec<String>,
    /// Whether it is told. What waited for it goes out when it is.
    enabled: bool,
}

struct Update {
    id: Named,
    receiver: Receiver,
    enabled: bool,
}

impl Bind for Update {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (id, receiver) = (Named::bind(fields), Receiver::bind(fields));
        let enabled = fields.flag("enabled");
        if enabled.is_none() {
            fields.complain("enabled is a required field");
        }
        Some(Self { id: id?, receiver: receiver?, enabled: enabled? })
    }
}

/// Replaces what a receiver is, and forgets its failures.
#[utoipa::path(
    put,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The receiver.")),
    request_body = Replacement,
    responses((status = 200, body = WebhookView), (status = 404, description = "No receiver of the database.")),
)]
async fn update(by: By<Webhooks>, Wrapped(update): Wrapped<Update>) -> Result<Response, ApiError> {
    within_reach(by.served.outbound.policy(), &update.receiver.callback)?;
    let webhook = admin(&by).update_webhook(update.id.0, &update.receiver, update.enabled).await?;
    Ok(Json(WebhookView::from(webhook)).into_response())
}

/// Removes a receiver. What waits for it is given up.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The receiver.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "The id is none."),
        (status = 404, description = "No receiver of the database."),
    ),
)]
async fn delete(by: By<Webhooks>, WrappedPath(Named(id)): WrappedPath<Named>) -> Result<Response, ApiError> {
    admin(&by).delete_webhook(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The secret of a receiver, which is told once.
#[derive(Serialize, ToSchema)]
struct NewSecret {
    #[schema(example = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")]
    secret: String,
    /// Until then deliveries carry the signature of the secret before as well.
    #[schema(format = DateTime, example = "2026-01-02T00:00:00Z")]
    previous_until: String,
}

impl From<(Secret<String>, Timestamp)> for NewSecret {
    fn from((secret, until): (Secret<String>, Timestamp)) -> Self {
        Self { secret: secret.expose().clone(), previous_until: until.rfc3339() }
    }
}

/// Gives a receiver another secret, which is in this answer only. For a day the one before signs too.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate_secret",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The receiver.")),
    responses(
        (status = 200, body = NewSecret),
        (status = 400, description = "The id is none."),
        (status = 404, description = "No receiver of the database."),
    ),
)]
async fn rotate_secret(by: By<Webhooks>, WrappedPath(Named(id)): WrappedPath<Named>) -> Result<Response, ApiError> {
    Ok(Json(NewSecret::from(admin(&by).rotate_webhook_secret(id).await?)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_something_that_can_be_called() {
        for (text, good) in [
            ("https://app.acme.test/hooks?x=1", true),
            ("http://localhost:9000", true),
            ("HTTPS://APP.ACME.TEST", true),
            ("lorem", false),
            ("ftp://app.acme.test", false),
            ("https://user:secret@app.acme.test", false),
            ("https://", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(callback(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn an_address_that_the_project_may_not_reach_is_refused_at_once() {
        let policy = OutboundPolicy { allowed: vec!["10.1.0.0/16".parse().unwrap()] };
        for (text, good) in [
            ("http://169.254.169.254/latest", false),
            ("http://127.0.0.1:9000", false),
            ("http://2130706433/", false),
            ("http://[::1]/", false),
            ("http://[::ffff:192.168.0.1]/", false),
            ("http://10.2.0.1/", false),
            ("http://10.1.0.1/", true),
            ("https://1.1.1.1/", true),
            ("http://localhost:9000", true),
        ] {
            assert_eq!(within_reach(&policy, &callback(text).unwrap()).is_ok(), good, "{text}");
        }
    }
}
