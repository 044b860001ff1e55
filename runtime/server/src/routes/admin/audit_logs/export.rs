//! `GET /audit_logs/export`: the same entries without pages, as JSON lines or CSV, made while they are read.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hanko_domain::{AuditId, Timestamp};
use hanko_flow::Tenant;
use hanko_store::audit::AuditQuery;
use http::{HeaderValue, StatusCode, header};

use super::{Entry, admin, wanted};
use crate::http::{
    admin::{
        by::{Audit, By},
        query::Query,
    },
    error::ApiError,
};

/// Rows that are read at once.
const PIECE: u32 = 500;
/// Of the table, in this order. New ones come at its end.
const COLUMNS: [&str; 14] = [
    "id",
    "type",
    "created_at",
    "actor_user_id",
    "actor_email",
    "actor_api_key",
    "subject_user_id",
    "error",
    "meta_source_ip",
    "meta_user_agent",
    "meta_http_request_id",
    "details",
    "sequence",
    "tenant_id",
];
/// With these a spreadsheet takes a text for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    JsonLines,
    Csv,
}

/// Takes out what happened, newest first, as a stream.
///
/// In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe. An answer that breaks off is not whole. Taking
/// entries out is itself an entry.
#[utoipa::path(
    get,
    path = "/audit_logs/export",
    tag = "audit",
    params(
        ("format" = Option<String>, Query, description = "`jsonl` (default) or `csv`."),
        ("start_time" = Option<String>, Query, description = "After this moment (RFC 3339)."),
        ("end_time" = Option<String>, Query, description = "Before this moment (RFC 3339)."),
        ("type" = Option<Vec<String>>, Query, description = "Of one of these types; may be given several times."),
        ("user_id" = Option<uuid::Uuid>, Query, description = "By this user or about it."),
        ("actor_user_id" = Option<String>, Query, description = "A part of the acting user's id."),
        ("actor_email" = Option<String>, Query, description = "A part of the acting user's address."),
        ("api_key" = Option<String>, Query, description = "A part of the name of the acting API key."),
        ("meta_source_ip" = Option<String>, Query, description = "A part of the request's address."),
        ("q" = Option<String>, Query, description = "A part of the acting user's address or id, or of the request's address."),
    ),
    responses(
        (status = 200, description = "The entries, one a line.", content(
            (Entry = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = 400, description = "A parameter is none."),
    ),
)]
pub(super) async fn export(by: By<Audit>, query: Query) -> Result<Response, ApiError> {
    let format = match query.text("format") {
        None | Some("jsonl") => Format::JsonLines,
        Some("csv") => Format::Csv,
        Some(_) => return Err(ApiError::saying(StatusCode::BAD_REQUEST, "format must be jsonl or csv")),
    };
    let wanted = wanted(&query)?;
    let tenant = by.served.tenant.clone();
    let (name, content_type, file) = match format {
        Format::JsonLines => ("jsonl", "application/x-ndjson", "attachment; filename=\"audit_logs.jsonl\""),
        Format::Csv => ("csv", "text/csv; charset=utf-8", "attachment; filename=\"audit_logs.csv\""),
    };
    admin(&by).audit_taken_out(name).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(file)),
    ];
    let pieces = Pieces { tenant, wanted, format, before: None, begun: false };
    Ok((headers, Body::from_stream(futures::stream::try_unfold(pieces, Pieces::next))).into_response())
}

/// What is still to be read. Dropped when the client has gone.
struct Pieces {
    tenant: Tenant,
    wanted: AuditQuery,
    format: Format,
    before: Option<(Timestamp, AuditId)>,
    begun: bool,
}

impl Pieces {
    /// The next piece. On an error the answer breaks off, which the client sees.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let rows = self.tenant.store().audit_rows_before(&self.wanted, self.before, PIECE).await;
        let rows = rows.map_err(|error| {
            tracing::warn!(%error, "an export of the audit log broke off");
            std::io::Error::other("the database does not answer")
        })?;
        let head = !std::mem::replace(&mut self.begun, true) && self.format == Format::Csv;
        match rows.last() {
            Some(last) => self.before = Some((last.created_at, last.id)),
            None if !head => return Ok(None),
            None => {}
        }
        let entries = rows.into_iter().map(|row| Entry::of(row, self.tenant.id().0));
        let text = match self.format {
            Format::JsonLines => json_lines(entries)?,
            Format::Csv => csv(entries, head)?,
        };
        Ok(Some((text.into(), self)))
    }
}

fn json_lines(entries: impl Iterator<Item = Entry>) -> Result<Vec<u8>, std::io::Error> {
    let mut text = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut text, &entry)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn csv(entries: impl Iterator<Item = Entry>, head: bool) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if head {
        writer.write_record(COLUMNS)?;
    }
    for entry in entries {
        let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        writer.write_record([
            entry.id.to_string(),
            harmless(entry.kind),
            entry.created_at,
            id(entry.actor_user_id),
            harmless(entry.actor_email.unwrap_or_default()),
            harmless(entry.actor_api_key.unwrap_or_default()),
            id(entry.subject_user_id),
            harmless(entry.error.unwrap_or_default()),
            harmless(entry.meta_source_ip),
            harmless(entry.meta_user_agent),
            harmless(entry.meta_http_request_id),
            harmless(entry.details.to_string()),
            entry.sequence.map(|number| number.to_string()).unwrap_or_default(),
            entry.tenant_id.to_string(),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

/// A text that a spreadsheet takes for a text.
fn harmless(text: String) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use hanko_store::audit::AuditRow;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn entry(user_agent: &str) -> Entry {
        let row = AuditRow {
            id: AuditId(Uuid::nil()),
            kind: "login_failure".into(),
            error: Some("a, \"b\"\nc".into()),
            request_id: "r".into(),
            source_ip: Some("::1".into()),
            user_agent: Some(user_agent.into()),
            actor_user: None,
            actor_email: None,
            api_key: Some("-k".into()),
            subject: None,
            details: json!({"n": 1}),
            created_at: Timestamp(0),
            sequence: None,
            mac: None,
            mac_key: None,
        };
        Entry::of(row, Uuid::nil())
    }

    #[test]
    fn a_table_has_a_head_and_cells_that_no_spreadsheet_takes_for_formulas() {
        let text = String::from_utf8(csv([entry("=1+1"), entry("curl")].into_iter(), true).unwrap()).unwrap();
        let nil = Uuid::nil();
        let row = |agent: &str| {
            format!(
                "{nil},login_failure,1970-01-01T00:00:00Z,,,'-k,,\"a, \"\"b\"\"\nc\",::1,{agent},r,\"{{\"\"n\"\":1}}\",,{nil}\n"
            )
        };
        assert_eq!(text, format!("{}\n{}{}", COLUMNS.join(","), row("'=1+1"), row("curl")));
    }

    #[test]
    fn an_entry_is_a_line() {
        let text = String::from_utf8(json_lines([entry("a"), entry("b")].into_iter()).unwrap()).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(
            text.starts_with("{\"id\":\"00000000-0000-0000-0000-000000000000\",\"type\":\"login_failure\",\"error\":")
        );
    }
}
