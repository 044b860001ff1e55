//! `GET /users` (`spec/admin-api.md` §5.4), and what ours can search for beyond it.

use axum::response::{IntoResponse, Response};
use hanko_domain::{Category, UserId};
use hanko_flow::admin::view;
use hanko_store::listing::{Page as Rows, Range, UserQuery};
use http::StatusCode;
use serde_json::Value;

use crate::http::{
    admin::{
        by::{By, Users},
        ids,
        page::Page,
        query::Query,
    },
    error::{ApiError, Error as ErrorBody},
    json::Json,
    openapi::admin::{USERS, user::User},
};

/// The users, newest first.
///
/// Users with neither an address nor a username are not listed. What is said of addresses and usernames finds any of both, and everything
/// else narrows it down. `%` and `_` in them stand for any text and any character.
#[utoipa::path(
    get,
    path = "/users",
    tag = USERS,
    params(
        ("page" = Option<i64>, Query, description = "From 1. Default: 1."),
        ("per_page" = Option<i64>, Query, description = "At most 1000. Default: 20."),
        ("user_id" = Option<String>, Query, description = "One id, or several with commas between them."),
        ("email" = Option<String>, Query, description = "A part of an address."),
        ("username" = Option<String>, Query, description = "A part of the username."),
        ("public_metadata" = Option<String>, Query, description = "A JSON object that the public metadata contains; a value is also found as an element of an array.", example = r#"{"plan":"pro"}"#),
        ("private_metadata" = Option<String>, Query, description = "The same of the private metadata."),
        ("unsafe_metadata" = Option<String>, Query, description = "The same of the unsafe metadata."),
        ("created_after" = Option<String>, Query, description = "RFC 3339; then or later."),
        ("created_before" = Option<String>, Query, description = "RFC 3339; earlier."),
        ("last_login_after" = Option<String>, Query, description = "RFC 3339; then or later."),
        ("last_login_before" = Option<String>, Query, description = "RFC 3339; earlier."),
        ("sort_direction" = Option<String>, Query, description = "`asc` or `desc`, by the time of creation. Default: `desc`."),
    ),
    responses(
        (status = 200, body = Vec<User>, headers(
            ("Link" = String, description = "First, last, next and previous page."),
            ("X-Total-Count" = u64, description = "Users that match, on all pages."),
        )),
        (status = 400, description = "A parameter is not what it should be.", body = ErrorBody,
            example = json!({"code": 400, "message": "sort_direction must be desc or asc"})),
    ),
)]
pub(super) async fn list(by: By<Users>, query: Query, page: Page) -> Result<Response, ApiError> {
    let wanted = wanted(&query)?;
    let store = by.served.tenant.store();
    let rows = Rows { offset: page.offset(), limit: u64::from(page.limit()) };
    let users = store.list_users(&wanted, rows).await?;
    let total = match u64::try_from(users.len()).unwrap_or(u64::MAX) {
        // The first page is not full: these are all of them.
        all if rows.offset == 0 && all < rows.limit => all,
        _ => store.count_users(&wanted).await?,
    };
    let users: Vec<_> = users.iter().map(|account| view::user(account, by.served.tenant.id())).collect();
    Ok((page.headers(total), Json(users)).into_response())
}

fn wanted(query: &Query) -> Result<UserQuery, ApiError> {
    let ascending = match query.text("sort_direction") {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(bad("sort_direction must be desc or asc")),
    };
    let named = query.all("user_id").filter(|value| !value.is_empty()).flat_map(|value| value.split(','));
    let ids: Option<Vec<UserId>> = named.map(|id| ids::lenient(id).map(UserId)).collect();
    let mut metadata = Vec::new();
    for category in Category::ALL {
        let Some(text) = query.text(category.member()) else { continue };
        match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) if is_findable(&object, 0) => metadata.push((category, object)),
            _ => {
                let name = category.member();
                return Err(bad(format!(
                    "{name} must be a JSON object whose values are texts, numbers, true, false, null or such objects, \
                    at most {} deep",
                    UserQuery::DEEPEST
                )));
            }
        }
    }
    let range = |name: &str| -> Result<Range, ApiError> {
        Ok(Range { from: query.time(&format!("{name}_after"))?, to: query.time(&format!("{name}_before"))? })
    };
    Ok(UserQuery {
        ids: ids.ok_or_else(|| bad("failed to parse user_id as uuid"))?,
        email: query.text("email").map(str::to_lowercase),
        username: query.text("username").map(str::to_lowercase),
        metadata,
        created: range("created")?,
        last_login: range("last_login")?,
        ascending,
    })
}

/// Whether users can be found by it.
fn is_findable(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(_) => false,
        Value::Object(members) => {
            depth < UserQuery::DEEPEST && members.values().all(|value| is_findable(value, depth + 1))
        }
        _ => true,
    }
}

fn bad(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::saying(StatusCode::BAD_REQUEST, message)
}
