//! `/api_keys`: keys of this API. Those of the project's files are listed, those of the database are also made, rotated and revoked.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hanko_domain::{ApiKeyId, ApiScope, Timestamp};
use hanko_flow::admin::{
    AdminError,
    api_keys::{KeyRing, KnownKey, NewKey, OVERLAP},
};
use hanko_model::project::GENERATED_KEY_NAME;
use hanko_store::api_keys::ApiKey;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    cli::api_keys::COMMAND,
    config::Configuration,
    extract::Process,
    http::{
        admin::{
            by::{self, ANYBODY, By},
            input::Body,
            key,
        },
        error::ApiError,
        input::{Bind, Fields},
        json::Json,
    },
};

pub(crate) fn router() -> OpenApiRouter {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(rotate)).routes(routes!(revoke))
}

/// Where a key comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    /// Made for the project.
    Generated,
    /// Named by the project's manifest.
    Manifest,
    /// Made here or by the command line.
    Database,
}

/// A key, never its value.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Of keys of the database; others are changed where they come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    id: Option<Uuid>,
    origin: Origin,
    /// What the audit log calls it.
    #[schema(example = "reports")]
    name: String,
    /// What it may do: `read`, `users`, `audit`, `webhooks`, `all`.
    #[schema(value_type = Vec<String>, example = json!(["read"]))]
    scopes: Vec<&'static str>,
    /// When it ends; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to the minute; of keys of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    last_used_at: Option<String>,
    /// Until when the value before the last rotation is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    previous_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, format = DateTime)]
    created_at: Option<String>,
    /// The key or the command that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    created_by: Option<String>,
}

/// A key with its value, which is told once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKeyView {
    #[serde(flatten)]
    known: KeyView,
    /// The value. It is stored nowhere; whoever loses it rotates the key.
    #[schema(example = "hk_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA")]
    key: String,
}

impl KeyView {
    fn stored(key: ApiKey, last_used_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            id: Some(key.id.0),
            origin: Origin::Database,
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            expires_at: key.expires_at.map(Timestamp::rfc3339),
            last_used_at: last_used_at.map(Timestamp::rfc3339),
            previous_until: key.previous_until.filter(|until| now < *until).map(Timestamp::rfc3339),
            created_at: Some(key.created_at.rfc3339()),
            created_by: Some(key.created_by),
        }
    }

    fn of_file(origin: Origin, name: &str, scopes: Vec<&'static str>, expires_at: Option<Timestamp>) -> Self {
        Self {
            id: None,
            origin,
            name: name.to_owned(),
            scopes,
            expires_at: expires_at.map(Timestamp::rfc3339),
            last_used_at: None,
            previous_until: None,
            created_at: None,
            created_by: None,
        }
    }
}

fn ring<'a>(by: &'a By<by::All>, random: &'a hanko_domain::Random) -> KeyRing<'a> {
    let tenant = &by.served.tenant;
    KeyRing {
        store: tenant.store(),
        random,
        now: tenant.clock().now(),
        mask: tenant.project().settings.audit_mask,
        by: &by.key,
        request: &by.meta,
    }
}

/// Names that no key of the database may have.
pub(crate) fn reserved(configuration: &Configuration) -> Vec<&str> {
    let own = configuration.project.admin_api.keys.iter().map(|key| key.name.as_str());
    own.chain([GENERATED_KEY_NAME, ANYBODY, COMMAND]).collect()
}

/// All keys of a project, those of its files first.
pub(crate) async fn known(configuration: &Configuration, ring: KeyRing<'_>) -> Result<Vec<KeyView>, AdminError> {
    let mut views = Vec::new();
    if configuration.admin_keys.has_generated() {
        views.push(KeyView::of_file(Origin::Generated, GENERATED_KEY_NAME, vec![ApiScope::All.as_str()], None));
    }
    views.extend(configuration.project.admin_api.keys.iter().map(|key| {
        let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect();
        KeyView::of_file(Origin::Manifest, &key.name, scopes, key.expires_at.map(Timestamp::from_seconds))
    }));
    let now = ring.now;
    views.extend(
        ring.list().await?.into_iter().map(|KnownKey { key, last_used_at }| KeyView::stored(key, last_used_at, now)),
    );
    Ok(views)
}

/// All keys of the project, never their values.
#[utoipa::path(get, path = "/api_keys", tag = "api keys", responses((status = 200, body = Vec<KeyView>)))]
async fn list(by: By<by::All>, Process(app): Process) -> Result<Response, ApiError> {
    let views = known(&by.served.configuration, ring(&by, app.random())).await?;
    Ok(Json(views).into_response())
}

/// A key to make.
#[derive(ToSchema)]
struct Wanted {
    /// 1 to 63 lower-case letters, digits and dashes, of no other key.
    #[schema(example = "reports")]
    name: String,
    /// `read`, `users`, `audit`, `webhooks`, `all`.
    #[schema(value_type = Vec<String>, example = json!(["read"]))]
    scopes: Vec<ApiScope>,
    /// When it ends; absent: never.
    #[schema(value_type = Option<String>, format = DateTime, required = false, nullable = false)]
    expires_at: Option<Timestamp>,
}

impl Bind for Wanted {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name");
        let expires_at = fields.time("expires_at");
        let Some(named) = fields.texts("scopes") else {
            fields.complain("scopes is a required field");
            return None;
        };
        let mut scopes = Vec::new();
        for (index, text) in named.iter().enumerate() {
            match ApiScope::parse(text) {
                Some(scope) if scopes.contains(&scope) => {}
                Some(scope) => scopes.push(scope),
                None => fields.complain(&format!("scopes[{index}] must be read, users, audit, webhooks or all")),
            }
        }
        Some(Self { name: name?, scopes, expires_at })
    }
}

/// Makes a key. Its value is in this answer only.
#[utoipa::path(
    post,
    path = "/api_keys",
    tag = "api keys",
    request_body = Wanted,
    responses(
        (status = 201, body = NewKeyView),
        (status = 409, description = "Another key has the name, or there are too many."),
    ),
)]
async fn create(by: By<by::All>, Process(app): Process, Body(wanted): Body<Wanted>) -> Result<Response, ApiError> {
    let value = key::generate(app.random());
    let Wanted { name, scopes, expires_at } = wanted;
    let new = NewKey { name, scopes, expires_at, hash: key::hash(value.expose()) };
    let made = ring(&by, app.random()).create(new, &reserved(&by.served.configuration)).await?;
    let known = KeyView::stored(made, None, by.served.tenant.clock().now());
    Ok((StatusCode::CREATED, Json(NewKeyView { known, key: value.expose().clone() })).into_response())
}

/// A key of the database, by its id.
struct Named(ApiKeyId);

impl Bind for Named {
    fn bind(fields: &mut Fields) -> Option<Self> {
        fields.segment_uuid("id", "id").map(|id| Self(ApiKeyId(id)))
    }
}

/// How a key is rotated.
#[derive(ToSchema)]
struct Rotation {
    #[schema(ignore)]
    id: ApiKeyId,
    /// How long the value before stays good, in seconds; at most 30 days, 0 ends it at once. Default: a day.
    #[schema(value_type = Option<u64>, required = false, nullable = false, example = 3600)]
    overlap_seconds: Option<Duration>,
}

impl Bind for Rotation {
    fn bind(fields: &mut Fields) -> Option<Self> {
        let Named(id) = Named::bind(fields)?;
        let overlap = match fields.value("overlap_seconds") {
            None | Some(serde_json::Value::Null) => None,
            Some(value) => match value.as_u64() {
                Some(seconds) => Some(Duration::from_secs(seconds)),
                None => {
                    fields.complain("overlap_seconds must be a whole number, 0 or more");
                    None
                }
            },
        };
        Some(Self { id, overlap_seconds: overlap })
    }
}

/// Gives a key another value, which is in this answer only. The one before stays good for a while.
#[utoipa::path(
    post,
    path = "/api_keys/{id}/rotate",
    tag = "api keys",
    params(("id" = Uuid, Path, description = "The key.")),
    request_body(content = Option<Rotation>),
    responses((status = 200, body = NewKeyView), (status = 404, description = "No key of the database.")),
)]
async fn rotate(by: By<by::All>, Process(app): Process, Body(rotation): Body<Rotation>) -> Result<Response, ApiError> {
    let value = key::generate(app.random());
    let overlap = rotation.overlap_seconds.unwrap_or(OVERLAP);
    let rotated = ring(&by, app.random()).rotate(rotation.id, &key::hash(value.expose()), overlap).await?;
    let known = KeyView::stored(rotated, None, by.served.tenant.clock().now());
    Ok(Json(NewKeyView { known, key: value.expose().clone() }).into_response())
}

/// Ends a key at once.
#[utoipa::path(
    delete,
    path = "/api_keys/{id}",
    tag = "api keys",
    params(("id" = Uuid, Path, description = "The key.")),
    responses(
        (status = 204, description = "It is good for nothing any more."),
        (status = 400, description = "The id is none."),
        (status = 404, description = "No key of the database."),
    ),
)]
async fn revoke(by: By<by::All>, Process(app): Process, Body(Named(id)): Body<Named>) -> Result<Response, ApiError> {
    ring(&by, app.random()).revoke(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
