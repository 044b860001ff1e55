//! What a MAC covers: everything a row says, whose it is, its place, and the row before it.
//!
//! Every part is written with its length, so that no two rows read the same. Details are written with sorted members and without
//! blanks: PostgreSQL keeps them in an order of its own.

use hanko_domain::TenantId;
use hanko_keys::{KeyError, Macs};
use hanko_store::audit::{AuditRow, Checkpoint, End, Link};
use serde_json::Value;

/// Written in place of a length where there is nothing.
const ABSENT: u32 = u32::MAX;

/// The place of a row after another one, and the MAC that proves it, under the active master key.
pub(super) fn sealed(macs: &Macs, tenant: TenantId, before: Option<&Link>, row: &AuditRow) -> Result<Link, KeyError> {
    let key = macs.active();
    let sequence = before.map_or(0, |before| before.sequence) + 1;
    let mac = macs.mac(key, &message(tenant, before, row, sequence, key))?;
    Ok(Link { sequence, mac: mac.to_vec(), mac_key: key.to_owned() })
}

/// Whether a sealed row is what it was, at its place after `before`.
pub(super) fn holds(
    macs: &Macs,
    tenant: TenantId,
    before: Option<&Link>,
    row: &AuditRow,
    link: &Link,
) -> Result<bool, KeyError> {
    macs.verify(&link.mac_key, &message(tenant, before, row, link.sequence, &link.mac_key), &link.mac)
}

/// An end of the chain with its seal, under the active master key.
pub(super) fn checkpoint(macs: &Macs, tenant: TenantId, end: End, link: Link) -> Result<Checkpoint, KeyError> {
    let seal_key = macs.active().to_owned();
    let seal = macs.mac(&seal_key, &end_message(tenant, end, &link, &seal_key))?.to_vec();
    Ok(Checkpoint { link, seal, seal_key })
}

/// Whether an end of the chain is where it was left.
pub(super) fn end_holds(macs: &Macs, tenant: TenantId, end: End, checkpoint: &Checkpoint) -> Result<bool, KeyError> {
    let Checkpoint { link, seal, seal_key } = checkpoint;
    macs.verify(seal_key, &end_message(tenant, end, link, seal_key), seal)
}

fn message(tenant: TenantId, before: Option<&Link>, row: &AuditRow, sequence: i64, key: &str) -> Vec<u8> {
    let mut message = Message::new(b"hanko audit row v1", tenant);
    // The key of the row before, too: else a row could be made one that cannot be checked, and the next would not tell.
    message.optional(before.map(|link| link.mac.as_slice()));
    message.optional(before.map(|link| link.mac_key.as_bytes()));
    message.part(&sequence.to_be_bytes());
    message.part(key.as_bytes());
    message.part(row.id.as_bytes());
    message.part(row.kind.as_bytes());
    message.text(row.error.as_deref());
    message.part(row.request_id.as_bytes());
    message.text(row.source_ip.as_deref());
    message.text(row.user_agent.as_deref());
    message.optional(row.actor_user.as_ref().map(|id| id.as_bytes().as_slice()));
    message.text(row.actor_email.as_deref());
    message.text(row.api_key.as_deref());
    message.optional(row.subject.as_ref().map(|id| id.as_bytes().as_slice()));
    let mut details = String::new();
    write(&row.details, &mut details);
    message.part(details.as_bytes());
    message.part(&row.created_at.0.to_be_bytes());
    message.0
}

fn end_message(tenant: TenantId, end: End, link: &Link, key: &str) -> Vec<u8> {
    let mut message = Message::new(b"hanko audit end v1", tenant);
    message.part(end.as_str().as_bytes());
    message.part(&link.sequence.to_be_bytes());
    message.part(&link.mac);
    message.part(link.mac_key.as_bytes());
    message.part(key.as_bytes());
    message.0
}

struct Message(Vec<u8>);

impl Message {
    fn new(what: &[u8], tenant: TenantId) -> Self {
        let mut message = Self(Vec::with_capacity(512));
        message.part(what);
        message.part(tenant.as_bytes());
        message
    }

    fn part(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&u32::try_from(part.len()).unwrap_or(ABSENT - 1).to_be_bytes());
        self.0.extend_from_slice(part);
    }

    fn optional(&mut self, part: Option<&[u8]>) {
        match part {
            Some(part) => self.part(part),
            None => self.0.extend_from_slice(&ABSENT.to_be_bytes()),
        }
    }

    fn text(&mut self, text: Option<&str>) {
        self.optional(text.map(str::as_bytes));
    }
}

/// JSON with sorted members.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (n, (name, value)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (n, value) in values.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn details_are_written_with_sorted_members() {
        let mut out = String::new();
        write(&json!({"b": [1, {"z": null, "a": "\"\n"}], "a": 1.5, "aa": {}}), &mut out);
        assert_eq!(out, r#"{"a":1.5,"aa":{},"b":[1,{"a":"\"\n","z":null}]}"#);
    }

    #[test]
    fn nothing_and_an_empty_text_are_told_apart() {
        let (mut nothing, mut empty) = (Message(Vec::new()), Message(Vec::new()));
        nothing.text(None);
        empty.text(Some(""));
        assert_ne!(nothing.0, empty.0);
    }
}
