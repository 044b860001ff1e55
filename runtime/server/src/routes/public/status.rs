//! `GET /`: a page for the person who opens the API's address (`spec/sessions-and-public-rest.md` §10).

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::{extract::Tenant, routes::health, served::Served};

const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

/// A page for the person who opens the API's address.
#[utoipa::path(get, path = "/", tag = "project", responses(
    (status = 200, description = "The project is served.", body = String, content_type = "text/html"),
    (status = 500, description = "The database does not answer.", body = String, content_type = "text/html"),
))]
pub(super) async fn page(Tenant(served): Tenant) -> Response {
    of(&served).await
}

/// The page of either listener.
pub(in crate::routes) async fn of(served: &Served) -> Response {
    let (status, class, words) = match health::answers(&served.database.store).await {
        true => (StatusCode::OK, "up", "The API of this project is running and its database answers."),
        false => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "down",
            "The API is running, but it has trouble reaching its database. Signing in will work again once it answers.",
        ),
    };
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>API Integration Status</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 20vh auto 0; max-width: 34rem; padding: 0 1.5rem; color: #1d1f24; background: #fafafa }}
h1 {{ font-size: 1.4rem }} h1::before {{ content: "●"; margin-right: .5rem }}
.up h1::before {{ color: #1a8f4c }} .down h1::before {{ color: #c62f2f }} a {{ color: inherit }}
</style>
<body class="{class}">
<h1>API Status</h1>
<p>{words}</p>
<p>Pages sign users in here with the elements and SDKs described in the <a href="https://docs.hanko.io">documentation</a>.</p>
</body>
</html>
"#
    );
    (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()
}
