//! `POST /users/import`: many users at once, read and answered as a stream (`spec/cli-and-import-export.md` §9).

mod cut;

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hanko_flow::admin::{
    AdminError,
    import::{BATCH, Import, Line, Options, Summary},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::cut::{Cutter, Shape};
use crate::{
    extract::Process,
    http::{
        admin::{
            by::{By, Users},
            query::Query,
        },
        error::ApiError,
        json::APPLICATION_JSON,
        openapi::admin::USERS,
    },
};

const JSON_LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// How long the next piece of the body may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Answers that wait for a client who sends all before it reads anything, in batches: more than such a client's 50 000 entries.
const WAITING: usize = 256;

pub(crate) fn router() -> OpenApiRouter {
    OpenApiRouter::default().routes(routes!(import))
}

/// Brings users from elsewhere.
///
/// The body is a JSON object a line (`application/x-ndjson`, also `application/jsonl`), or a JSON list of them
/// (`application/json`). The answer has a line for each entry, in the order of the entries, and the summary in its last line; it begins
/// before the body has ended. An answer without a summary was cut off: send the same body again, what exists is left as it is.
#[utoipa::path(
    post,
    path = "/users/import",
    tag = USERS,
    params(
        ("mode" = Option<String>, Query, description = "`skip` (default): entries that cannot be written are left out. `all`: \
            everything or nothing, at most 100 000 entries and 32 MiB."),
        ("dry_run" = Option<bool>, Query, description = "Only says what would become of each entry, of at most 100 000."),
        ("webhooks" = Option<bool>, Query, description = "Tells receivers of `user.create` of each new user."),
    ),
    request_body(
        content((Object = "application/x-ndjson"), (Vec<Object> = "application/json")),
        description = "Users, each with `emails` or `username`; the guide tells the rest.",
    ),
    responses(
        (status = 200, content_type = "application/x-ndjson", body = Object, description = "What became of each entry.",
            example = "{\"line\":1,\"status\":\"created\",\"id\":\"f2882293-f1d6-4a9d-91a2-b3b28f6a4c50\"}\n\
            {\"line\":2,\"status\":\"invalid\",\"errors\":[{\"field\":\"emails[0].address\",\"message\":\"Address must be a valid email address\"}]}\n\
            {\"summary\":{\"entries\":2,\"created\":1,\"exists\":0,\"invalid\":1,\"conflict\":0,\"skipped\":0,\"dry_run\":false,\"complete\":true}}\n"),
        (status = 400, description = "A parameter is none."),
        (status = 415, description = "Neither lines of JSON nor a JSON list."),
    ),
)]
async fn import(by: By<Users>, Process(app): Process, query: Query, request: Request) -> Result<Response, ApiError> {
    let shape = shape(request.headers())?;
    let options = options(&query)?;
    let (sender, mut answers) = mpsc::channel(WAITING);
    let import = Import::new(by.served.tenant.clone(), by.key, by.meta, options);
    tokio::spawn(run(import, Cutter::new(shape), request.into_body(), sender, app.stop.clone()));
    let stream = futures::stream::poll_fn(move |cx| answers.poll_recv(cx));
    Ok(([(header::CONTENT_TYPE, JSON_LINES)], Body::from_stream(stream)).into_response())
}

fn shape(headers: &HeaderMap) -> Result<Shape, ApiError> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-ndjson" | "application/jsonl" => Ok(Shape::Lines),
        essence if essence == APPLICATION_JSON => Ok(Shape::List),
        _ => Err(ApiError::of(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

fn options(query: &Query) -> Result<Options, ApiError> {
    let bad = |message: &str| ApiError::saying(StatusCode::BAD_REQUEST, message.to_owned());
    let flag = |name: &str| match query.text(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(bad(&format!("{name} must be true or false"))),
    };
    let all = match query.text("mode") {
        None | Some("skip") => false,
        Some("all") => true,
        Some(_) => return Err(bad("mode must be skip or all")),
    };
    Ok(Options { all, dry_run: flag("dry_run")?, webhooks: flag("webhooks")? })
}

/// The last line.
#[derive(Serialize)]
struct End {
    summary: Ended,
}

#[derive(Serialize)]
struct Ended {
    #[serde(flatten)]
    summary: Summary,
    /// Why it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The client has gone; nobody is told anything more.
struct Gone;

type Answers = mpsc::Sender<Result<Bytes, std::convert::Infallible>>;

/// Reads, writes and answers until the body ends, the client goes, or the process drains.
async fn run(mut import: Import, mut cutter: Cutter, mut body: Body, answers: Answers, stop: CancellationToken) {
    let mut lines: Vec<Line> = Vec::new();
    let error = loop {
        let frame = match tokio::time::timeout(PATIENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break cutter.end(&mut lines).err().map(|broken| broken.to_string()),
            Ok(Some(Err(_))) => break Some("the body broke off".to_owned()),
            Err(_) => break Some(format!("nothing came for {} seconds", PATIENCE.as_secs())),
        };
        let Ok(chunk) = frame.into_data() else { continue };
        if let Err(broken) = cutter.feed(&chunk, &mut lines) {
            break Some(broken.to_string());
        }
        let full = lines.len() - lines.len() % BATCH;
        match take(&mut import, lines.drain(..full), &answers).await {
            Ok(None) if stop.is_cancelled() => break Some("the process ends; send the same body again".to_owned()),
            Ok(None) => {}
            Ok(error) => break error,
            Err(Gone) => break Some("the client has gone".to_owned()),
        }
    };
    // What has come is worth writing, whatever became of the rest; but nothing more once the client has gone.
    let error = match error {
        error if answers.is_closed() => error,
        error => match take(&mut import, lines.drain(..), &answers).await {
            Ok(more) => error.or(more),
            Err(Gone) => error,
        },
    };
    let (told, end) = match import.end(error.is_none()).await {
        Ok((told, summary)) => (told, Ended { summary, error }),
        Err(failed) => (Vec::new(), Ended { summary: import.summary(), error: error.or(Some(reason(&failed))) }),
    };
    for told in told.chunks(BATCH) {
        if answers.send(Ok(text(told))).await.is_err() {
            return;
        }
    }
    let _ = answers.send(Ok(text(&[End { summary: end }]))).await;
}

/// Hands entries over in batches and answers. What ends it all, if something does.
async fn take(
    import: &mut Import,
    lines: impl Iterator<Item = Line>,
    answers: &Answers,
) -> Result<Option<String>, Gone> {
    let mut lines = lines.peekable();
    while lines.peek().is_some() {
        match import.take(lines.by_ref().take(BATCH).collect()).await {
            Ok(told) if told.is_empty() => {}
            Ok(told) => answers.send(Ok(text(&told))).await.map_err(|_| Gone)?,
            Err(error) => return Ok(Some(reason(&error))),
        }
    }
    Ok(None)
}

/// JSON lines.
fn text<T: Serialize>(values: &[T]) -> Bytes {
    let mut text = Vec::new();
    for value in values {
        // Plain structs of texts and numbers.
        if serde_json::to_writer(&mut text, value).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}

/// What the client is told when nothing more can be written.
fn reason(error: &AdminError) -> String {
    match error {
        AdminError::Refused(refusal) => refusal.message.clone().unwrap_or_default().into_owned(),
        AdminError::Limited(_) | AdminError::Busy(_) => {
            "too much to do, or the database does not answer; send the same body again".to_owned()
        }
        AdminError::Internal(cause) => {
            tracing::error!(cause, "an import failed");
            "something went wrong here; the log says what".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_body_is_what_its_head_says() {
        for (content_type, expected) in [
            ("application/x-ndjson", Some(Shape::Lines)),
            ("Application/JSONL; charset=utf-8", Some(Shape::Lines)),
            ("application/json", Some(Shape::List)),
            ("text/plain", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
            assert_eq!(shape(&headers).ok(), expected, "{content_type}");
        }
    }
}
