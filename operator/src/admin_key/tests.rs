//! Every way of a generated key.

use hanko_model::project::GeneratedKey;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);
const TEXT: &str = "hk_0123456789012345678901234567890123456789012";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn wish(rotation: Option<&str>, overlap: Duration) -> Wish {
    Wish { rotation: rotation.map(str::to_owned), overlap }
}

fn entries(key: Option<&str>, previous: Option<(&str, &str)>, rotation: Option<&str>) -> Entries {
    let bytes = |text: &str| text.as_bytes().to_vec();
    Entries {
        key: key.map(bytes),
        previous: previous.map(|(key, _)| bytes(key)),
        until: previous.map(|(_, until)| until.to_owned()),
        rotation: rotation.map(str::to_owned),
    }
}

/// The text of a key of these random bytes.
fn made(byte: u8) -> String {
    String::from_utf8(next(Entries::default(), &wish(None, DAY), &[byte; 32], at(0)).key.unwrap()).unwrap()
}

fn show(entries: Entries) -> Value {
    let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes).unwrap());
    json!({"key": text(entries.key), "previous": text(entries.previous), "until": entries.until, "rotation": entries.rotation})
}

#[test]
fn a_key_is_32_random_bytes_behind_a_prefix() {
    assert_eq!(made(0xff), "hk___________________________________________8");
    assert_eq!(made(0), format!("hk_{}", "A".repeat(43)));
    assert!(is_key(made(7).as_bytes()));
}

#[test]
fn the_first_key_notes_the_rotation_that_was_asked_for_before() {
    let first = next(Entries::default(), &wish(Some("may"), DAY), &[1; 32], at(0));
    assert_eq!(show(first.clone()), json!({"key": made(1), "previous": null, "until": null, "rotation": "may"}));
    assert!(next(first.clone(), &wish(Some("may"), DAY), &[2; 32], at(9)) == first);
}

#[test]
fn another_text_rotates_and_the_key_before_stays_good_for_the_overlap() {
    let rotated = next(entries(Some(TEXT), None, None), &wish(Some("may"), DAY), &[1; 32], at(0));
    let both = json!({"key": made(1), "previous": TEXT, "until": "1970-01-02T00:00:00Z", "rotation": "may"});
    assert_eq!(show(rotated.clone()), both);
    let later = |second| next(rotated.clone(), &wish(Some("may"), DAY), &[2; 32], at(second));
    assert_eq!(show(later(24 * 3600 - 1)), both);
    assert_eq!(show(later(24 * 3600)), json!({"key": made(1), "previous": null, "until": null, "rotation": "may"}));
}

#[test]
fn a_rotation_within_the_overlap_ends_the_oldest_key() {
    let before = entries(Some(TEXT), Some((&made(9), "1970-01-01T12:00:00Z")), Some("may"));
    let rotated = next(before, &wish(Some("june"), DAY), &[1; 32], at(3600));
    assert_eq!(
        show(rotated),
        json!({"key": made(1), "previous": TEXT, "until": "1970-01-02T01:00:00Z", "rotation": "june"})
    );
}

#[test]
fn a_removed_annotation_rotates_nothing_and_neither_does_the_same_text_again() {
    let before = entries(Some(TEXT), None, Some("may"));
    for rotation in [None, Some("may")] {
        assert!(next(before.clone(), &wish(rotation, DAY), &[1; 32], at(0)) == before);
    }
}

#[test]
fn without_an_overlap_the_key_before_ends_at_once() {
    let rotated = next(entries(Some(TEXT), None, None), &wish(Some("may"), Duration::ZERO), &[1; 32], at(0));
    assert_eq!(show(rotated), json!({"key": made(1), "previous": null, "until": null, "rotation": "may"}));
}

#[test]
fn an_overlap_that_has_become_shorter_counts_at_once_and_a_longer_one_does_not() {
    let both = entries(Some(TEXT), Some((&made(9), "1970-01-02T00:00:00Z")), None);
    let hour = Duration::from_secs(3600);
    assert_eq!(show(next(both.clone(), &wish(None, hour), &[1; 32], at(0)))["until"], "1970-01-01T01:00:00Z");
    assert!(next(both.clone(), &wish(None, 2 * DAY), &[1; 32], at(0)) == both);
}

#[test]
fn a_time_that_somebody_has_spoilt_begins_anew() {
    for until in ["", "tomorrow"] {
        let both = entries(Some(TEXT), Some((&made(9), until)), None);
        assert_eq!(show(next(both, &wish(None, DAY), &[1; 32], at(0)))["until"], "1970-01-02T00:00:00Z");
    }
}

#[test]
fn what_is_no_key_is_made_anew_and_a_key_of_a_persons_own_stays() {
    for broken in
        [None, Some(""), Some("short"), Some("with blanks 0123456789012345678901234567890"), Some(&*"x".repeat(257))]
    {
        let next = next(entries(broken, Some((TEXT, "1970-01-02T00:00:00Z")), None), &wish(None, DAY), &[1; 32], at(0));
        assert_eq!(
            show(next),
            json!({"key": made(1), "previous": null, "until": null, "rotation": null}),
            "{broken:?}"
        );
    }
    let own = entries(Some("my-own-key-of-thirty-two-letters\n"), None, None);
    assert!(next(own.clone(), &wish(None, DAY), &[1; 32], at(0)) == own);
}

proptest! {
    #[test]
    fn a_second_look_at_the_same_time_changes_nothing(
        key in prop::option::of("[ -~]{0,40}"), previous in prop::option::of("[ -~]{0,40}"), until in prop::option::of(0..10_000i64),
        noted in prop::option::of("[ab]"), asked in prop::option::of("[ab]"), overlap in 0..10_000u64, now in 0..10_000i64,
    ) {
        let found = Entries {
            key: key.map(String::into_bytes),
            previous: previous.map(String::into_bytes),
            until: until.map(|second| at(second).to_string()),
            rotation: noted,
        };
        let wish = wish(asked.as_deref(), Duration::from_secs(overlap));
        let once = next(found, &wish, &[1; 32], at(now));
        prop_assert!(once.key.as_deref().is_some_and(is_key));
        prop_assert_eq!(once.previous.is_some(), once.until.is_some());
        prop_assert!(once.until().is_none_or(|until| until > at(now) && until <= at(now + overlap as i64)));
        prop_assert!(next(once.clone(), &wish, &[2; 32], at(now)) == once);
    }
}

fn api(wanted: bool) -> AdminApi {
    let generated = wanted.then(|| GeneratedKey { secret: "acme-admin-key".into(), overlap: DAY });
    AdminApi { authentication_required: true, keys: Vec::new(), generated }
}

fn project() -> Identity {
    Identity { namespace: "tenants".into(), name: "acme".into(), uid: "a-uid".into() }
}

fn secret(metadata: Value) -> Secret {
    let mut secret: Secret = serde_json::from_value(json!({"metadata": metadata})).unwrap();
    secret.metadata.name = Some("acme-admin-key".into());
    secret.metadata.uid = Some("s-uid".into());
    secret.metadata.resource_version = Some("7".into());
    secret.data = Some(BTreeMap::from([("key".to_owned(), ByteString(TEXT.as_bytes().to_vec()))]));
    secret
}

fn whole() -> Secret {
    let owner = json!({"apiVersion": "x/v1", "kind": "X", "name": "acme", "uid": "a-uid"});
    secret(json!({"labels": labels("acme"), "ownerReferences": [owner]}))
}

fn planned(wanted: bool, found: Option<&Secret>, rotation: Option<&str>) -> Result<Plan, Refusal> {
    plan(&api(wanted), found, rotation.map(str::to_owned).as_ref(), &project(), &[1; 32], at(0))
}

#[test]
fn a_missing_secret_is_made_and_a_whole_one_is_left_alone() {
    let made = planned(true, None, None).unwrap();
    assert!(matches!(made.step, Step::Make(entries) if Some(&entries) == made.entries.as_ref()));
    let kept = planned(true, Some(&whole()), None).unwrap();
    assert!(matches!(kept.step, Step::Keep) && kept.again_at.is_none());
    assert_eq!(kept.entries.unwrap().key.as_deref(), Some(TEXT.as_bytes()));
}

#[test]
fn a_rotation_replaces_exactly_what_was_read_and_says_when_it_comes_to_its_end() {
    let rotated = planned(true, Some(&whole()), Some("may")).unwrap();
    assert!(matches!(rotated.step, Step::Replace { version, .. } if version == "7"));
    assert_eq!(rotated.again_at, Some(at(24 * 3600)));
}

/// Restored from a backup, or left by an earlier project of the name, which garbage collection would take.
#[test]
fn a_secret_of_ours_without_its_owner_or_labels_gets_them_back_and_keeps_its_key() {
    let owner = json!({"apiVersion": "x/v1", "kind": "X", "name": "acme", "uid": "a-uid"});
    let stale = json!({"apiVersion": "x/v1", "kind": "X", "name": "acme", "uid": "old-uid"});
    for metadata in [
        json!({"labels": labels("acme")}),
        json!({"labels": labels("acme"), "ownerReferences": [stale]}),
        json!({"ownerReferences": [owner]}),
    ] {
        let plan = planned(true, Some(&secret(metadata.clone())), None).unwrap();
        let Step::Replace { entries, .. } = plan.step else { panic!("{metadata}") };
        assert_eq!(entries.key.as_deref(), Some(TEXT.as_bytes()));
    }
}

#[test]
fn a_secret_that_is_no_longer_wanted_goes_if_it_is_ours() {
    let removed = planned(false, Some(&whole()), None).unwrap();
    assert!(matches!(removed.step, Step::Remove { uid } if uid == "s-uid") && removed.entries.is_none());
    for found in [None, Some(&secret(json!({})))] {
        assert!(matches!(planned(false, found, None).unwrap().step, Step::Keep));
    }
}

#[test]
fn somebody_elses_secret_of_the_name_is_told_and_never_touched() {
    let other = json!({"labels": labels("other")});
    for metadata in [json!({}), other] {
        let refusal = planned(true, Some(&secret(metadata)), None).unwrap_err();
        assert_eq!(refusal, Refusal::AdminKeyForeign("acme-admin-key".into()));
        assert!(refusal.to_string().contains("generatedKey.enabled: false"), "{refusal}");
    }
}
