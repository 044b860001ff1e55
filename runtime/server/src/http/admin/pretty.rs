//! `?pretty`: JSON that a person reads (`spec/admin-api.md` §1.4).

use axum::{body::Body, response::Response};
use http::{Uri, header};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde_json::Value;
use url::form_urlencoded;

use crate::http::json::APPLICATION_JSON;

/// Whether the query has the word, with any value.
pub(crate) fn is_wanted(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("pretty"))
}

/// An answer with line breaks. One that is no JSON, or is still being made, stays as it is.
pub(crate) async fn indented(response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE) == Some(&APPLICATION_JSON);
    if !is_json || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let indented = serde_json::from_slice::<Value>(&text).and_then(|value| serde_json::to_vec_pretty(&value));
    let Ok(mut indented) = indented else { return Response::from_parts(parts, Body::from(text)) };
    indented.push(b'\n');
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(indented))
}
