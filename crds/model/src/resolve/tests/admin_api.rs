//! Keys of the Admin API, receivers of events, what they may reach, audit log, metadata.

use super::*;
use crate::spec::ApiScopeSpec;

fn problems(more: &str) -> Vec<(String, String)> {
    let problems = resolve(&document(&with(more))).expect_err(more).0;
    problems.into_iter().map(|problem| (problem.path, problem.message)).collect()
}

/// A key with these fields more.
fn key(more: &str) -> String {
    format!("adminApi: {{keys: [{{name: ci, keyRef: {{name: s, key: ci}}}}, {{{more}}}]}}")
}

/// A receiver with these fields more.
fn hook(more: &str) -> String {
    format!("webhooks: {{hooks: [{{name: crm, callback: 'https://a.b', events: [user]}}, {{{more}}}]}}")
}

#[test]
fn what_cannot_work_is_refused_with_path_and_reason() {
    let deep = format!("{}{}", "{a: ".repeat(33), "1".to_owned() + &"}".repeat(33));
    let large = format!("{{description: {}}}", "a".repeat(16 * 1024));
    for (more, path, part) in [
        (&*key("name: ci, keyRef: {name: s, key: b}"), "spec.adminApi.keys[1].name", "stands here twice"),
        (&key("name: '', keyRef: {name: s, key: b}"), "spec.adminApi.keys[1].name", "lower-case letters"),
        (&key("name: CI, keyRef: {name: s, key: b}"), "spec.adminApi.keys[1].name", "lower-case letters"),
        (&key("name: generated, keyRef: {name: s, key: b}"), "spec.adminApi.keys[1].name", "made for the project"),
        (&key("name: b, keyRef: {name: s, key: ci}"), "spec.adminApi.keys[1].keyRef", "the key `ci` as well"),
        (&key("name: b, keyRef: {name: s, key: ../b}"), "spec.adminApi.keys[1].keyRef.key", "not a key of a Secret"),
        (
            &key("name: b, keyRef: {name: ../s, key: b}"),
            "spec.adminApi.keys[1].keyRef.name",
            "not the name of an object",
        ),
        (&key("name: b, keyRef: {name: s, key: b}, scopes: []"), "spec.adminApi.keys[1].scopes", "names no right"),
        (
            &key("name: b, keyRef: {name: s, key: b}, scopes: [read, audit, read]"),
            "spec.adminApi.keys[1].scopes[2]",
            "`read` stands here twice",
        ),
        (
            &key("name: b, keyRef: {name: s, key: b}, expiresAt: '2027-01-31'"),
            "spec.adminApi.keys[1].expiresAt",
            "RFC 3339",
        ),
        ("adminApi: {generatedKey: {overlap: 1d}}", "spec.adminApi.generatedKey.overlap", "no unit for days"),
        (&key("name: b, keyRef: {name: acme-admin-key, key: b}"), "spec.adminApi.generatedKey", "another field reads"),
        ("keys: {masterKeyRef: {name: acme-admin-key}}", "spec.adminApi.generatedKey", "another field reads"),
        (
            &format!("keys: {{masterKeyRef: {{name: s}}}}, {}", key("name: b, keyRef: {name: x, key: b}")),
            "spec.keys.masterKeyRef.name",
            "Secret of its own",
        ),
        (
            &hook("name: crm, callback: 'https://a.b', events: [user]"),
            "spec.webhooks.hooks[1].name",
            "stands here twice",
        ),
        (&hook("name: CRM, callback: 'https://a.b', events: [user]"), "spec.webhooks.hooks[1].name", "1 to 63"),
        (&hook("name: b, callback: a.b, events: [user]"), "spec.webhooks.hooks[1].callback", "is not a URL"),
        (
            &hook("name: b, callback: 'ftp://a.b', events: [user]"),
            "spec.webhooks.hooks[1].callback",
            "neither https nor",
        ),
        (&hook("name: b, callback: 'https://u@a.b', events: [user]"), "spec.webhooks.hooks[1].callback", "user name"),
        (
            &hook("name: b, callback: 'https://:geheim@a.b', events: [user]"),
            "spec.webhooks.hooks[1].callback",
            "password",
        ),
        (&hook("name: b, callback: 'https://a.b/#c', events: [user]"), "spec.webhooks.hooks[1].callback", "fragment"),
        (&hook("name: b, callback: 'https://a.b', events: []"), "spec.webhooks.hooks[1].events", "names no event"),
        (
            &hook("name: b, callback: 'https://a.b', events: [user, user]"),
            "spec.webhooks.hooks[1].events[1]",
            "stands here twice",
        ),
        (
            &hook("name: b, callback: 'https://a.b', events: [user], secretRef: {name: s, key: ..}"),
            "spec.webhooks.hooks[1].secretRef.key",
            "not a key of a Secret",
        ),
        ("webhooks: {maxAttempts: 21}", "spec.webhooks.maxAttempts", "1 to 20"),
        (
            "outbound: {allowedNetworks: ['::1/128', intranet]}",
            "spec.outbound.allowedNetworks[1]",
            "not an address range",
        ),
        ("settings: {auditLog: {retention: 59m}}", "spec.settings.auditLog.retention", "at least `1h`"),
        ("settings: {auditLog: {retention: '90'}}", "spec.settings.auditLog.retention", "90s"),
        (
            &format!("settings: {{metadata: {{schemas: {{public: {deep}}}}}}}"),
            "spec.settings.metadata.schemas.public",
            "nested deeper than 32",
        ),
        (
            &format!("settings: {{metadata: {{schemas: {{unsafe: {large}}}}}}}"),
            "spec.settings.metadata.schemas.unsafe",
            "at most 16384",
        ),
    ] {
        let problems = problems(more);
        let [(at, message)] = &problems[..] else { panic!("{more}: one problem is expected\n{problems:?}") };
        assert_eq!(at, path, "{more}: {message}");
        assert!(message.contains(part), "{more}: {message}");
        assert!(!message.contains("geheim"), "a secret is never quoted");
    }
}

#[test]
fn an_event_nobody_knows_is_refused_by_the_schema_and_by_its_meaning() {
    let spec = with(&hook("name: b, callback: 'https://a.b', events: [user.created]"));
    let text = format!(
        "{{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {{name: acme}}, spec: {spec}}}"
    );
    let problems = parse(&text, Unknown::Refuse).unwrap_err().to_string();
    assert!(problems.contains("spec.webhooks.hooks[1].events[0]: `user.created` is not possible here"), "{problems}");

    let mut document = document(&with(&hook("name: b, callback: 'https://a.b', events: [user]")));
    let webhooks = document.spec.webhooks.as_mut().unwrap();
    webhooks.hooks[1].events = vec!["user.created".into()];
    let problems = resolve(&document).unwrap_err().to_string();
    assert!(
        problems.contains("spec.webhooks.hooks[1].events[0]: there is no event `user.created`; write one of user, ")
    );
}

#[test]
fn a_schema_of_metadata_is_an_object() {
    for schema in ["true", "[]", "text"] {
        let spec = with(&format!("settings: {{metadata: {{schemas: {{public: {schema}}}}}}}"));
        let text = format!(
            "{{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {{name: acme}}, spec: {spec}}}"
        );
        let problems = parse(&text, Unknown::Refuse).unwrap_err().to_string();
        assert!(problems.contains("spec.settings.metadata.schemas.public: must be a mapping"), "{problems}");
    }
}

#[test]
fn a_key_is_made_for_a_project_unless_it_says_otherwise() {
    for (more, made) in [
        ("adminApi: {}", true),
        ("adminApi: {generatedKey: {overlap: '0'}}", true),
        ("adminApi: {generatedKey: {enabled: false}}", false),
        ("adminApi: {authentication: Disabled}", false),
        ("adminApi: {authentication: Disabled, generatedKey: {enabled: true}}", false),
    ] {
        assert_eq!(project(&with(more)).admin_api.generated.is_some(), made, "{more}");
    }
    assert!(!project(&with("adminApi: {authentication: Disabled}")).admin_api.authentication_required);
}

#[test]
fn the_secrets_of_keys_and_receivers_are_read() {
    let project = project(&with(&format!(
        "{}, {}",
        key("name: b, keyRef: {name: s, key: b}"),
        hook("name: b, callback: 'https://a.b', events: [user], secretRef: {name: hooks, key: b}")
    )));
    assert_eq!(json!(project.secret_refs()), json!({"hooks": ["b"], "s": ["b", "ci"]}));
    assert_eq!(project.admin_api.keys[0].scopes, [ApiScopeSpec::All]);
}

#[test]
fn the_audit_log_may_keep_off_the_console() {
    let settings = project(&with("settings: {auditLog: {consoleOutput: {enabled: false, output: stderr}}}")).settings;
    assert_eq!(settings.audit_console, None);
}
