//! `/webhooks/{id}/deliveries`: what became of events, of receivers of the database and of the manifest.

use axum::{
    extract::OriginalUri,
    response::{IntoResponse, Response},
};
use hanko_domain::{DeliveryId, EventId, Timestamp, WebhookId};
use hanko_store::outbox::{Delivery, DeliveryQuery, State};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::admin;
use crate::http::{
    admin::{
        by::{By, Webhooks},
        ids,
        input::{Wrapped, WrappedPath},
        page::Page,
        query::Query,
    },
    error::ApiError,
    input::{Bind, Fields},
    json::Json,
};

pub(super) fn router() -> OpenApiRouter {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(replay_range)).routes(routes!(replay))
}

/// A delivery, without what is told.
#[derive(Serialize, ToSchema)]
struct DeliveryView {
    id: Uuid,
    /// The event; the header `webhook-id` of every attempt names it.
    event_id: Uuid,
    #[schema(example = "user.create")]
    event: String,
    /// `pending`: waits for its time or for its receiver to be enabled. `leased`: an attempt is under way. `done`: told.
    /// `dead`: given up; it can be replayed.
    #[schema(example = "dead")]
    state: &'static str,
    /// Attempts since it was put on its way.
    attempts: i32,
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    created_at: String,
    /// While it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    next_attempt_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    last_attempt_at: Option<String>,
    /// When it was told or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    finished_at: Option<String>,
    /// It is never told after this.
    #[schema(format = DateTime, example = "2026-01-08T00:00:00Z")]
    expires_at: String,
    /// Status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = 503)]
    last_status: Option<i32>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    last_error: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let pending = delivery.state == State::Pending;
        Self {
            id: delivery.id.0,
            event_id: delivery.event.0,
            event: delivery.kind,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            created_at: delivery.created_at.rfc3339(),
            next_attempt_at: pending.then(|| delivery.next_attempt_at.rfc3339()),
            last_attempt_at: delivery.last_attempt_at.map(Timestamp::rfc3339),
            finished_at: delivery.finished_at.map(Timestamp::rfc3339),
            expires_at: delivery.expires_at.rfc3339(),
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

/// A receiver of the database or of the manifest.
struct Named(WebhookId);

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        fields.segment_uuid("id", "ID").map(|id| Self(WebhookId(id)))
    }
}

fn bad(message: &'static str) -> ApiError {
    ApiError::saying(StatusCode::BAD_REQUEST, message)
}

/// Deliveries to a receiver, newest first.
///
/// Pages are followed by the header `Link` with `rel="next"`, which is absent on the last one.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    tag = "webhooks",
    params(
        ("id" = Uuid, Path, description = "The receiver, of the database or of the manifest."),
        ("state" = Option<String>, Query, description = "`pending`, `leased`, `done` or `dead`."),
        ("event" = Option<String>, Query, description = "Of this event only: its id, or the header `webhook-id` of a delivery."),
        ("per_page" = Option<u32>, Query, description = "Default 20, at most 1000."),
        ("before" = Option<Uuid>, Query, description = "The last delivery of the page before."),
    ),
    responses(
        (status = 200, body = Vec<DeliveryView>),
        (status = 400, description = "A parameter is none."),
        (status = 404, description = "No such receiver."),
    ),
)]
async fn list(
    by: By<Webhooks>,
    WrappedPath(Named(receiver)): WrappedPath<Named>,
    query: Query,
    page: Page,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let state = query
        .text("state")
        .map(|name| State::parse(name).ok_or_else(|| bad("state must be pending, leased, done or dead")));
    let event = query.text("event").map(|text| {
        let id = text.strip_prefix("msg_").unwrap_or(text);
        ids::lenient(id).map(EventId).ok_or_else(|| bad("event must be the id of an event"))
    });
    let before = query
        .text("before")
        .map(|text| ids::any(text).map(DeliveryId).ok_or_else(|| bad("before must be the id of a delivery")));
    let wanted = DeliveryQuery {
        receiver: Some(receiver),
        state: state.transpose()?,
        event: event.transpose()?,
        ..DeliveryQuery::default()
    };
    let limit = page.limit();
    // One more tells whether there is another page.
    let mut found = admin(&by).deliveries(&wanted, before.transpose()?, limit.saturating_add(1)).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| link(uri.path(), &wanted, limit, last.id));
    let views: Vec<DeliveryView> = found.into_iter().map(DeliveryView::from).collect();
    let mut response = Json(views).into_response();
    if let Some(link) = next {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Relative to the address that was asked (RFC 8288 §3.1).
fn link(path: &str, wanted: &DeliveryQuery, limit: u32, last: DeliveryId) -> HeaderValue {
    let mut query = format!("before={last}&per_page={limit}");
    if let Some(event) = wanted.event {
        query.push_str(&format!("&event={event}"));
    }
    if let Some(state) = wanted.state {
        query.push_str(&format!("&state={}", state.as_str()));
    }
    HeaderValue::try_from(format!("<{path}?{query}>; rel=\"next\"")).unwrap_or(HeaderValue::from_static(""))
}

/// A delivery of a receiver.
struct One {
    receiver: Named,
    delivery: DeliveryId,
}

impl Bind for One {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (receiver, delivery) = (Named::bind(fields), fields.segment_uuid("delivery_id", "DeliveryID"));
        Some(Self { receiver: receiver?, delivery: DeliveryId(delivery?) })
    }
}

/// Puts a delivery that was told or given up on its way again, with all attempts anew and the same `webhook-id`.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/deliveries/{delivery_id}/replay",
    tag = "webhooks",
    params(
        ("id" = Uuid, Path, description = "The receiver."),
        ("delivery_id" = Uuid, Path, description = "The delivery."),
    ),
    responses(
        (status = 202, body = Replayed),
        (status = 400, description = "An id is none."),
        (status = 404, description = "No such receiver or delivery."),
        (status = 409, description = "It is under way, or what it told is of no use any more."),
    ),
)]
async fn replay(by: By<Webhooks>, WrappedPath(one): WrappedPath<One>) -> Result<Response, ApiError> {
    admin(&by).replay(one.receiver.0, one.delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { replayed: 1 })).into_response())
}

/// Which deliveries go out again.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct Range {
    /// Made then or later. Default: the oldest that are known.
    #[schema(required = false, format = DateTime, example = "2026-01-01T00:00:00Z")]
    from: String,
    /// Made before. Default: now.
    #[schema(required = false, format = DateTime, example = "2026-01-02T00:00:00Z")]
    to: String,
    /// `dead`, which is the default: what was told goes out again one by one only.
    #[schema(required = false, example = "dead")]
    state: String,
}

struct Ranged {
    receiver: Named,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Bind for Ranged {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let (receiver, from, to) = (Named::bind(fields), fields.time("from"), fields.time("to"));
        if fields.text("state").is_some_and(|state| state != State::Dead.as_str()) {
            fields.complain("state must be dead");
        }
        Some(Self { receiver: receiver?, from, to })
    }
}

/// How many deliveries are on their way again.
#[derive(Serialize, ToSchema)]
struct Replayed {
    replayed: u64,
}

/// Puts the deliveries of a range of time that were given up on their way again.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/deliveries/replay",
    tag = "webhooks",
    params(("id" = Uuid, Path, description = "The receiver.")),
    request_body(content = Option<Range>),
    responses((status = 202, body = Replayed), (status = 404, description = "No such receiver.")),
)]
async fn replay_range(by: By<Webhooks>, Wrapped(range): Wrapped<Ranged>) -> Result<Response, ApiError> {
    let now = by.served.tenant.clock().now();
    let (from, to) = (range.from.unwrap_or(Timestamp(0)), range.to.unwrap_or(Timestamp(now.0 + 1)));
    let replayed = admin(&by).replay_dead(range.receiver.0, from, to).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { replayed })).into_response())
}
