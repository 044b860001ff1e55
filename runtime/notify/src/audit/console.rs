//! Rows as lines for whoever collects the output of the process (`spec/webhooks-and-audit.md` §7.7).

use hanko_domain::TenantId;
use hanko_store::audit::AuditRow;
use serde_json::{Value, json};

/// One JSON object, without a line end. Its number in the tenant's chain is part of it, so that a collection of lines tells
/// which rows there were, whatever happens to the database.
pub fn line(tenant: TenantId, row: &AuditRow) -> String {
    let details = row.details.as_object().filter(|details| !details.is_empty());
    let mut line = json!({
        "audience": "audit",
        "tenant_id": tenant,
        "sequence": row.sequence,
        "type": row.kind,
        "error": row.error.as_deref().unwrap_or_default(),
        "http_request_id": row.request_id,
        "source_ip": row.source_ip.as_deref().unwrap_or_default(),
        "user_agent": row.user_agent.as_deref().unwrap_or_default(),
        "details": details,
        "time": row.created_at.rfc3339(),
        "time_unix": row.created_at.seconds().to_string(),
    });
    for (name, value) in [
        ("user_id", row.actor_user.map(|id| Value::from(id.to_string()))),
        ("user_email", row.actor_email.clone().map(Value::from)),
        ("api_key", row.api_key.clone().map(Value::from)),
        ("subject_user_id", row.subject.map(|id| Value::from(id.to_string()))),
    ] {
        if let (Some(value), Some(members)) = (value, line.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
    }
    line.to_string()
}

#[cfg(test)]
mod tests {
    use hanko_domain::{AuditId, Timestamp};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_row_is_one_line_with_the_members_of_the_contract() {
        let (tenant, user) = (TenantId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let row = AuditRow {
            id: AuditId(Uuid::from_u128(3)),
            kind: "login_failure".into(),
            error: Some("password invalid".into()),
            request_id: "req".into(),
            source_ip: Some("192.0.2.1".into()),
            user_agent: Some("two\nlines".into()),
            actor_user: Some(user),
            actor_email: Some("k*****@fern.example".into()),
            api_key: None,
            subject: None,
            details: json!({"login_method": "password"}),
            created_at: Timestamp(1_790_000_000_123_456),
            sequence: Some(7),
            mac: None,
            mac_key: None,
        };
        let line = line(tenant, &row);
        assert!(!line.contains('\n'), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        let expected = json!({
            "audience": "audit",
            "tenant_id": "00000000-0000-0000-0000-000000000001",
            "sequence": 7,
            "type": "login_failure",
            "error": "password invalid",
            "http_request_id": "req",
            "source_ip": "192.0.2.1",
            "user_agent": "two\nlines",
            "details": {"login_method": "password"},
            "time": "2026-09-21T14:13:20.123456Z",
            "time_unix": "1790000000",
            "user_id": "00000000-0000-0000-0000-000000000002",
            "user_email": "k*****@fern.example",
        });
        assert_eq!(read, expected);

        let bare = AuditRow {
            error: None,
            actor_user: None,
            actor_email: None,
            api_key: Some("ci".into()),
            subject: Some(user),
            details: json!({}),
            ..row
        };
        let read: Value = serde_json::from_str(&super::line(tenant, &bare)).unwrap();
        assert_eq!((&read["error"], &read["details"]), (&json!(""), &Value::Null));
        assert_eq!((&read["api_key"], &read["subject_user_id"]), (&json!("ci"), &json!(user.to_string())));
        assert!(read.get("user_id").is_none() && read.get("user_email").is_none());
    }
}
