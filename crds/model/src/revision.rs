//! Revisions: what the operator wrote and what a pod serves are the same when these texts are equal.

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use serde_json::json;

use crate::{document::Document, names::hex, render::ACKNOWLEDGE_RELYING_PARTY_ANNOTATION};

/// Hex digits of a revision.
const DIGITS: usize = 16;

/// Revision of a document: the start of a SHA-256 of the canonical JSON (sorted keys) of its namespace, name and spec, and of
/// the relying party it acknowledges, which decides whether it is served.
pub fn document_revision(document: &Document) -> String {
    let Document { namespace, name, annotations, spec } = document;
    let mut value = match annotations.get(ACKNOWLEDGE_RELYING_PARTY_ANNOTATION) {
        None => json!({ "namespace": namespace, "name": name, "spec": spec }),
        Some(rp_id) => json!({ "namespace": namespace, "name": name, "spec": spec, "acknowledgedRelyingParty": rp_id }),
    };
    value.sort_all_objects();
    hex(digest(&SHA256, value.to_string().as_bytes()).as_ref(), DIGITS)
}

/// Revision of the secrets a document refers to: the start of an HMAC-SHA256 under the active master key, so that it tells
/// nothing about the values. Entries are (Secret name, key, value as it stands in the file); their order does not matter.
pub fn secrets_revision<'a>(
    master_key: &[u8; 32],
    entries: impl Iterator<Item = (&'a str, &'a str, &'a [u8])>,
) -> String {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, master_key));
    for (secret, key, value) in entries {
        for part in [secret.as_bytes(), key.as_bytes(), value] {
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part);
        }
    }
    hex(mac.sign().as_ref(), DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Unknown, parse};

    fn document(text: &str) -> Document {
        parse(text, Unknown::Refuse).expect("parses").documents.remove(0)
    }

    fn of(entries: &[(&str, &str, &[u8])]) -> String {
        secrets_revision(&[7; 32], entries.iter().copied())
    }

    #[test]
    fn a_revision_follows_the_meaning_not_the_text() {
        let a = document(
            "{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {name: a}, spec: {hosts: [a.b], suspend: true}}",
        );
        let b = document(
            "# comment\nkind: HankoProject\napiVersion: hanko-operator.dev/v1alpha1\nmetadata:\n  name: a\n  namespace: default\n  \
             labels: {team: x}\nspec:\n  suspend: true\n  hosts:\n  - a.b\n",
        );
        assert_eq!(document_revision(&a), document_revision(&b));
        assert_eq!(document_revision(&a), "e17d2f781b11d568", "revisions are compared between versions");
        let renamed = Document { name: "b".into(), ..a.clone() };
        assert_ne!(document_revision(&a), document_revision(&renamed));
        let accepted = (ACKNOWLEDGE_RELYING_PARTY_ANNOTATION.to_owned(), "a.b".to_owned());
        let acknowledged = Document { annotations: [accepted].into(), ..a.clone() };
        assert_ne!(document_revision(&a), document_revision(&acknowledged));
    }

    #[test]
    fn secrets_are_hashed_in_any_order_and_never_run_together() {
        assert_eq!(of(&[("a", "k", b"1"), ("b", "k", b"2")]), of(&[("b", "k", b"2"), ("a", "k", b"1")]));
        assert_ne!(of(&[("a", "k", b"1")]), of(&[("a", "k1", b"")]));
        assert_ne!(of(&[("a", "k", b"1")]), of(&[("ak", "", b"1")]));
        assert_ne!(of(&[("a", "k", b"1")]), secrets_revision(&[8; 32], [("a", "k", &b"1"[..])].into_iter()));
        assert_eq!(of(&[("a", "k", b"1")]).len(), 16);
    }
}
