//! What is refused and why; also makes validated projects for other tests.

use hanko_model::document::Document;
use hanko_model::document::{Unknown, parse};

use super::*;

pub(crate) const POSTGRES: &str = "database: {postgres: {urlRef: {name: acme-db, key: url}}}";

/// The base64 text of 32 equal bytes.
fn key(byte: u8) -> Vec<u8> {
    STANDARD.encode([byte; 32]).into_bytes()
}

fn entries(pairs: &[(&str, &[u8])]) -> SecretEntries {
    SecretEntries(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect())
}

fn document(name: &str, spec: &str) -> Document {
    let text = format!(
        "{{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {{name: {name}, namespace: tenants}}, spec: {spec}}}"
    );
    parse(&text, Unknown::Refuse).expect("a document").documents.remove(0)
}

/// Everything a test project may refer to is there, and no master key has been made.
fn references(document: Document) -> References {
    let project = hanko_model::resolve(&document).map(|project| (document, project));
    let keys = matches!(&project, Ok((_, project)) if project.keys.named).then(|| entries(&[("k1", &key(1))]));
    References {
        project,
        taken_hosts: Vec::new(),
        secrets: BTreeMap::from([
            ("acme-ca".to_owned(), Some(entries(&[("ca.crt", b"-----BEGIN CERTIFICATE-----")]))),
            ("acme-db".to_owned(), Some(entries(&[("url", b"postgres://u:p@db/acme")]))),
            ("acme-smtp".to_owned(), Some(entries(&[("username", b"acme"), ("password", b"pw")]))),
            ("acme-valkey".to_owned(), Some(entries(&[("url", b"redis://:pw@valkey:6379")]))),
        ]),
        master_keys: keys,
        admin_key: None,
        last_key: None,
    }
}

fn check(references: References) -> Result<ValidatedProject, Refusal> {
    let identity = Identity { namespace: "tenants".into(), name: "acme".into(), uid: "a-uid".into() };
    let installation = Installation { runtime_image: "hanko-runtime:test".into(), namespace: "hanko-system".into() };
    let fresh = Fresh { master_key: [7; 32], admin_key: [8; 32] };
    validate(identity, references, installation, &fresh, Timestamp::UNIX_EPOCH)
}

/// The project `acme` with this spec (flow style YAML).
pub(crate) fn validated(spec: &str) -> ValidatedProject {
    named("acme", spec)
}

pub(crate) fn named(name: &str, spec: &str) -> ValidatedProject {
    check(references(document(name, spec))).expect("a valid project")
}

fn with(change: impl FnOnce(&mut References)) -> Result<ValidatedProject, Refusal> {
    let mut references = references(document("acme", &format!("{{hosts: [auth.acme.example], {POSTGRES}}}")));
    change(&mut references);
    check(references)
}

#[test]
fn a_missing_secret_and_a_missing_key_are_named() {
    let missing = with(|refs| drop(refs.secrets.insert("acme-db".into(), None))).unwrap_err();
    assert_eq!(missing, Refusal::SecretMissing("acme-db".into()));
    let empty = with(|refs| drop(refs.secrets.insert("acme-db".into(), Some(entries(&[]))))).unwrap_err();
    assert_eq!(empty.to_string(), "Secret acme-db has no key url; add it or change the reference");
}

#[test]
fn the_first_master_key_is_made_once_and_read_afterwards() {
    let first = with(|_| {}).unwrap();
    assert_eq!(first.new_key.map(|key| (key.id, key.bytes)), Some(("k1".to_owned(), [7; 32])));
    let later = with(|refs| refs.master_keys = Some(entries(&[("k1", &key(1))]))).unwrap();
    assert!(later.new_key.is_none());
}

#[test]
fn a_vanished_master_key_is_never_replaced_without_a_word() {
    let gone = with(|refs| refs.last_key = Some("k1".into())).unwrap_err();
    assert_eq!(gone.reason(), "MasterKeyMissing");
    assert!(gone.to_string().contains("such as k2"), "{gone}");
}

#[test]
fn one_acknowledgement_is_good_for_one_key() {
    let acknowledged = |last: &str| {
        with(|refs| {
            refs.last_key = Some(last.into());
            refs.project.as_mut().unwrap().1.keys.acknowledged = Some("k2".to_owned());
        })
    };
    assert_eq!(acknowledged("k1").unwrap().new_key.map(|key| key.id), Some("k2".to_owned()));
    assert_eq!(acknowledged("k2").unwrap_err().reason(), "MasterKeyMissing");
}

#[test]
fn a_named_key_secret_is_never_made() {
    let spec = "{hosts: [auth.acme.example], keys: {masterKeyRef: {name: theirs}}}";
    let mut references = references(document("acme", spec));
    references.master_keys = None;
    assert_eq!(check(references).unwrap_err(), Refusal::SecretMissing("theirs".into()));
}

#[test]
fn a_malformed_master_key_is_refused_without_showing_it() {
    for (id, value) in [("k1", &b"c2hvcnQ="[..]), ("K1", &key(1)), ("k1", b"not base64")] {
        let refusal = with(|refs| refs.master_keys = Some(entries(&[(id, value)]))).unwrap_err();
        assert_eq!(refusal.reason(), "MasterKeyInvalid");
        assert!(!refusal.to_string().contains(&*String::from_utf8_lossy(value)), "{refusal}");
    }
    assert_eq!(with(|refs| refs.master_keys = Some(entries(&[]))).unwrap_err().reason(), "MasterKeyInvalid");
}

#[test]
fn the_last_key_seals_and_rotating_it_replaces_no_pod() {
    let one = with(|refs| refs.master_keys = Some(entries(&[("k1", &key(1))]))).unwrap();
    let two = with(|refs| refs.master_keys = Some(entries(&[("k1", &key(1)), ("k2", &key(2))]))).unwrap();
    assert_eq!(two.master_key_id, "k2");
    assert_eq!(one.restart_revision, two.restart_revision);
    assert_ne!(one.secrets_revision, two.secrets_revision);
}

#[test]
fn a_new_database_url_replaces_the_pods_and_is_not_readable_in_the_revision() {
    let with_url = |url: &[u8]| {
        with(|refs| {
            refs.master_keys = Some(entries(&[("k1", &key(1))]));
            refs.secrets.insert("acme-db".into(), Some(entries(&[("url", url)])));
        })
        .unwrap()
        .restart_revision
    };
    assert_ne!(with_url(b"postgres://a"), with_url(b"postgres://b"));
    assert_eq!(with_url(b"postgres://a"), with_url(b"postgres://a\n"));
    assert_eq!(with_url(b"postgres://a").len(), 16);
}

#[test]
fn a_new_url_of_the_flood_counters_is_acknowledged_without_a_restart() {
    let with_url = |url: &[u8]| {
        let redis = "settings: {rateLimiter: {redis: {urlRef: {name: acme-valkey, key: url}}}}";
        let mut references = references(document("acme", &format!("{{hosts: [auth.acme.example], {redis}}}")));
        references.master_keys = Some(entries(&[("k1", &key(1))]));
        references.secrets.insert("acme-valkey".into(), Some(entries(&[("url", url)])));
        check(references).unwrap()
    };
    let (one, two) = (with_url(b"redis://a:6379"), with_url(b"redis://b:6379"));
    assert_ne!(one.secrets_revision, two.secrets_revision);
    assert_eq!(one.restart_revision, two.restart_revision);
}

#[test]
fn a_rotated_admin_key_is_acknowledged_without_a_restart() {
    let with_entries = |pairs: &[(&str, &str)]| {
        with(|refs| {
            refs.master_keys = Some(entries(&[("k1", &key(1))]));
            let data = pairs.iter().map(|(name, value)| ((*name).to_owned(), STANDARD.encode(value)));
            let secret = serde_json::json!({
                "metadata": {"name": "acme-admin-key", "labels": crate::labels::labels("acme"), "annotations": {
                    crate::labels::PREVIOUS_KEY_UNTIL: "1970-01-01T00:00:01Z"}},
                "data": data.collect::<BTreeMap<_, _>>(),
            });
            refs.admin_key = Some(serde_json::from_value(secret).unwrap());
        })
        .unwrap()
    };
    let (old, new) = ("o".repeat(46), "n".repeat(46));
    let before = with_entries(&[("key", &old)]);
    let rotated = with_entries(&[("key", &new), ("previous", &old)]);
    let after = with_entries(&[("key", &new)]);
    let revisions = [&before, &rotated, &after].map(|project| project.secrets_revision.clone());
    assert!(revisions[0] != revisions[1] && revisions[1] != revisions[2] && revisions[0] != revisions[2]);
    assert_eq!(before.restart_revision, after.restart_revision);
    assert_eq!(rotated.admin_key.again_at, Some("1970-01-01T00:00:01Z".parse().unwrap()));
}

#[test]
fn the_text_of_an_annotation_asks_for_a_rotation() {
    let rotated = |text: &str| {
        with(|refs| {
            let (document, _) = refs.project.as_mut().unwrap();
            document.annotations.insert(ROTATE_ADMIN_KEY.to_owned(), text.to_owned());
        })
        .unwrap()
    };
    assert_eq!(rotated("may").admin_key.entries.unwrap().rotation.as_deref(), Some("may"));
}

#[test]
fn the_generated_keys_secret_has_the_name_that_the_runtime_reads() {
    for name in ["acme".to_owned(), "acme.example".to_owned(), "p".repeat(120)] {
        let project = named(&name, "{hosts: [auth.acme.example]}");
        assert_eq!(project.project.admin_api.generated.map(|key| key.secret), Some(project.names.admin_key));
    }
}

#[test]
fn every_problem_of_a_document_is_told_with_its_path() {
    let bad = document("acme", "{hosts: ['not a host'], origins: [nonsense]}");
    let text = check(references(bad)).unwrap_err().to_string();
    assert!(text.contains("spec.hosts[0]") && text.contains("spec.origins[0]"), "{text}");
}

#[test]
fn a_taken_host_is_refused_before_anything_else_is_asked() {
    let taken = TakenHost { host: "auth.acme.example".into(), holder: "other/acme".into() };
    let refusal = with(|refs| refs.taken_hosts = vec![taken]).unwrap_err();
    assert_eq!(refusal.reason(), "HostConflict");
    assert!(refusal.to_string().contains("other/acme"), "{refusal}");
}
