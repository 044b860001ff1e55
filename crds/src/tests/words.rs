//! What an author may write is what the runtime knows.

use hanko_domain::{ApiScope, EventKind};
use hanko_model::spec::{ApiScopeSpec, EVENT_NAMES};

#[test]
fn the_events_of_a_manifest_are_those_of_the_runtime() {
    assert_eq!(EVENT_NAMES, EventKind::NAMES);
}

#[test]
fn the_rights_of_a_manifest_are_those_of_the_runtime() {
    assert_eq!(ApiScopeSpec::ALL.map(ApiScopeSpec::as_str), ApiScope::ALL.map(ApiScope::as_str));
    assert_eq!(
        serde_json::to_value(ApiScopeSpec::ALL).expect("serialises"),
        serde_json::json!(ApiScope::ALL.map(ApiScope::as_str))
    );
}
