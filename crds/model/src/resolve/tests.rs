//! What documents mean.

mod admin_api;
mod bounds;
mod laws;
mod profile;
mod refused;
mod sign_in;

use serde_json::{Value, json};

use super::*;
use crate::{
    document::{Unknown, parse},
    project::{Database, Project},
    render::{ACKNOWLEDGE_RELYING_PARTY_ANNOTATION, RENDERED_BY_ANNOTATION, render},
};

/// A document with this spec, flow style YAML.
fn document(spec: &str) -> Document {
    let text = format!(
        "apiVersion: hanko-operator.dev/v1alpha1\nkind: HankoProject\nmetadata: {{name: acme, namespace: tenants}}\nspec: {spec}\n"
    );
    parse(&text, Unknown::Refuse).unwrap_or_else(|problems| panic!("{spec}\n{problems}")).documents.remove(0)
}

fn project(spec: &str) -> Project {
    resolve(&document(spec)).unwrap_or_else(|problems| panic!("{spec}\n{problems}"))
}

/// `{hosts: [auth.acme.example], <more>}`.
fn with(more: &str) -> String {
    format!("{{hosts: [auth.acme.example], {more}}}")
}

const MAIL: &str = "mail: {from: {address: login@acme.example}, smtp: {host: smtp.acme.example}}";

#[test]
fn a_minimal_project_has_all_defaults() {
    let effective = serde_json::to_value(project("{hosts: [auth.acme.example]}")).expect("serialises");
    let expected: Value = serde_json::from_str(include_str!("tests/minimal.json")).expect("golden file");
    assert_eq!(effective, expected, "\n{}", serde_json::to_string_pretty(&effective).expect("serialises"));
}

fn everything() -> Document {
    let text = include_str!("tests/everything.yaml");
    parse(text, Unknown::Refuse).unwrap_or_else(|problems| panic!("{problems}")).documents.remove(0)
}

#[test]
fn every_field_has_its_meaning() {
    let project = resolve(&everything()).unwrap_or_else(|problems| panic!("{problems}"));
    let rendered = parse(&render(&project, &everything(), "0.1.0"), Unknown::Refuse).expect("a rendered document");
    assert_eq!(resolve(&rendered.documents[0]).as_ref(), Ok(&project));
    let effective = serde_json::to_value(project).expect("serialises");
    let expected: Value = serde_json::from_str(include_str!("tests/everything.json")).expect("golden file");
    assert_eq!(effective, expected, "\n{}", serde_json::to_string_pretty(&effective).expect("serialises"));
}

/// So that no field is forgotten above.
#[test]
fn the_example_of_everything_leaves_nothing_out() {
    fn missing(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        let schema = schema["anyOf"].get(0).unwrap_or(schema);
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            match value.get(name) {
                Some(value) => missing(field, value, &path, found),
                None => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    let schema = crate::schema();
    missing(&schema["properties"]["spec"], &json!(everything().spec), "spec", &mut found);
    assert_eq!(found, ["spec.database.sqlite"], "there is one database");
}

#[test]
fn what_needs_mail_is_on_with_mail_and_off_without() {
    let without = project("{hosts: [auth.acme.example]}").settings;
    assert!(!without.email.require_verification && !without.email.use_for_authentication && !without.password.recovery);
    let with = project(&with(MAIL)).settings;
    assert!(with.email.require_verification && with.email.use_for_authentication && with.password.recovery);
}

#[test]
fn a_webhook_that_is_told_of_mails_is_mail_and_any_other_is_not() {
    for (webhooks, taken) in [
        ("hooks: [{name: a, callback: 'https://a.b/', events: [user, email.send]}]", true),
        ("hooks: [{name: a, callback: 'https://a.b/', events: [user]}]", false),
        ("enabled: false, hooks: [{name: a, callback: 'https://a.b/', events: [email.send]}]", false),
    ] {
        let project = project(&with(&format!("webhooks: {{{webhooks}}}")));
        assert_eq!(project.webhooks.take_mails(), taken, "{webhooks}");
        assert_eq!(project.settings.email.use_for_authentication, taken, "{webhooks}");
        assert!(project.mail.is_none());
    }
}

#[test]
fn a_tenant_id_follows_from_the_name_for_ever() {
    assert_eq!(project("{hosts: [a.acme.example]}").tenant_id.to_string(), "f06a6477-0e8d-52dc-9b41-67b1d0bba54b");
    let given = project("{hosts: [a.acme.example], tenantId: 018F3B9E-7A41-4D7F-9F0E-3F6D1C0A9B52}");
    assert_eq!(given.tenant_id.to_string(), "018f3b9e-7a41-4d7f-9f0e-3f6d1c0a9b52");
}

#[test]
fn origins_are_normalised_and_hold_the_public_url() {
    let android = format!("android:apk-key-hash:{}", "a".repeat(43));
    let project = project(&with(&format!(
        "origins: ['https://App.Acme.Example/', 'https://app.acme.example:443', 'http://localhost:8888', 'https://bücher.acme.example:8443', '{android}']"
    )));
    let web = [
        "https://auth.acme.example",
        "https://app.acme.example",
        "http://localhost:8888",
        "https://xn--bcher-kva.acme.example:8443",
    ];
    assert_eq!(project.origins, web);
    assert_eq!(project.settings.webauthn.origins, [&web[..], &[&*android]].concat());
}

#[test]
fn the_relying_party_is_the_domain_that_all_share() {
    for (spec, id) in [
        ("{hosts: [auth.acme.example]}", "auth.acme.example"),
        (&*with("origins: ['https://app.acme.example']"), "acme.example"),
        (&with("origins: ['http://localhost:8888', 'http://127.0.0.1:3000']"), "auth.acme.example"),
        (
            "{hosts: [auth.acme.localhost], publicUrl: 'http://auth.acme.localhost:8000', origins: ['http://app.acme.localhost:3000']}",
            "acme.localhost",
        ),
        ("{hosts: [localhost], publicUrl: 'http://localhost:8000', origins: ['http://localhost:3000']}", "localhost"),
        ("{hosts: [auth.fern.co.uk], origins: ['https://fern.co.uk']}", "fern.co.uk"),
        (
            "{hosts: [a.fern.example, a.moor.example], settings: {webauthn: {relyingParty: {id: Fern.Example}}}}",
            "fern.example",
        ),
    ] {
        let project = project(spec);
        assert_eq!(project.settings.webauthn.relying_party_id, id, "{spec}");
        assert_eq!(project.settings.session.audience, [id], "{spec}");
    }
}

#[test]
fn a_new_relying_party_is_acknowledged_by_its_own_name_only() {
    let annotated = |spec: &str, rp_id: &str| {
        let annotations = [(ACKNOWLEDGE_RELYING_PARTY_ANNOTATION.to_owned(), rp_id.to_owned())].into();
        Document { annotations, ..document(spec) }
    };
    let spec = with("settings: {webauthn: {relyingParty: {id: acme.example}}}");
    assert!(!project(&spec).settings.webauthn.acknowledged);
    let document = annotated(&spec, "acme.example");
    let project = resolve(&document).unwrap();
    assert!(project.settings.webauthn.acknowledged);
    let rendered = parse(&render(&project, &document, "0.1.0"), Unknown::Refuse).unwrap().documents.remove(0);
    assert_eq!(resolve(&rendered), Ok(project));

    for other in ["auth.acme.example", "ACME.example", "yes", ""] {
        let problems = resolve(&annotated(&spec, other)).unwrap_err().to_string();
        assert!(problems.contains("which is `acme.example`; write that"), "{problems}");
    }
    let broken = with("settings: {webauthn: {relyingParty: {id: other.example}}}");
    assert_eq!(resolve(&annotated(&broken, "acme.example")).unwrap_err().0.len(), 1, "one mistake is one problem");
}

#[test]
fn only_https_pages_beside_the_relying_party_are_related_to_it() {
    let origins = "origins: ['https://app.acme.example', 'https://notacme.example', 'https://shop.example:8443', 'http://localhost:3000', \
        'android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'], settings: {webauthn: {relyingParty: {id: acme.example}}}";
    let related = project(&with(origins)).settings.webauthn.related_origins();
    assert_eq!(related, ["https://notacme.example", "https://shop.example:8443"]);
    assert_eq!(project(&with("origins: ['https://acme.example']")).settings.webauthn.related_origins(), [""; 0]);
}

#[test]
fn a_cookie_domain_loses_its_leading_dot() {
    for (given, domain) in
        [(".fern.test", "fern.test"), ("auth.fern.test", "auth.fern.test"), ("Fern.test", "fern.test")]
    {
        let spec = format!("{{hosts: [auth.fern.test], settings: {{session: {{cookie: {{domain: {given}}}}}}}}}");
        assert_eq!(project(&spec).settings.session.cookie.domain.as_deref(), Some(domain));
    }
}

#[test]
fn a_cookie_is_secure_exactly_when_the_public_url_is() {
    assert!(project("{hosts: [a.acme.localhost]}").settings.session.cookie.secure);
    assert!(
        !project("{hosts: [a.acme.localhost], publicUrl: 'http://a.acme.localhost'}").settings.session.cookie.secure
    );
}

#[test]
fn a_lifespan_of_ones_own_is_fixed_unless_renewal_is_asked_for() {
    let hours = |hours: u64| std::time::Duration::from_secs(hours * 3600);
    for (session, lifespan, until) in [
        ("{}", 1, Some(12)),
        ("{lifespan: 3600s}", 1, None),
        ("{lifespan: 2h, renewal: {enabled: true}}", 2, Some(12)),
        ("{renewal: {enabled: false}}", 1, None),
        ("{renewal: {absoluteLifespan: 24h}}", 1, Some(24)),
    ] {
        let session_settings = project(&with(&format!("settings: {{session: {session}}}"))).settings.session;
        assert_eq!(
            (session_settings.lifespan, session_settings.renewed_until),
            (hours(lifespan), until.map(hours)),
            "{session}"
        );
    }
    assert_eq!(project(&with("settings: {session: {idleTimeout: 0m}}")).settings.session.idle_timeout, None);
}

#[test]
fn port_and_protection_of_smtp_follow_from_each_other() {
    use crate::spec::SmtpTls::{Implicit, None, Starttls};
    for (smtp, port, tls) in [
        ("{host: a.b}", 587, Starttls),
        ("{host: a.b, port: 465}", 465, Implicit),
        ("{host: a.b, tls: implicit}", 465, Implicit),
        ("{host: 127.0.0.1, port: 1025, tls: none}", 1025, None),
        ("{host: mailpit, port: 25}", 25, Starttls),
    ] {
        let mail = project(&with(&format!("mail: {{from: {{address: a@b.c}}, smtp: {smtp}}}"))).mail.expect("mail");
        assert_eq!((mail.port, mail.tls), (port, tls), "{smtp}");
        assert_eq!((&*mail.from_name, &*mail.helo_name), ("acme", "auth.acme.example"));
    }
}

#[test]
fn default_resources_give_way_to_the_authors() {
    for (resources, requests, limits) in [
        ("{}", json!({"cpu": "50m", "memory": "32Mi"}), json!({"memory": "256Mi"})),
        (
            "{requests: {cpu: 1000m, memory: 0.5Gi}}",
            json!({"cpu": "1000m", "memory": "0.5Gi"}),
            json!({"memory": "0.5Gi"}),
        ),
        (
            "{limits: {memory: 16Mi, cpu: 20m}}",
            json!({"cpu": "20m", "memory": "16Mi"}),
            json!({"memory": "16Mi", "cpu": "20m"}),
        ),
    ] {
        let deployment = project(&with(&format!("resources: {resources}"))).deployment;
        assert_eq!((json!(deployment.requests), json!(deployment.limits)), (requests, limits), "{resources}");
    }
}

#[test]
fn a_project_names_the_secrets_it_reads() {
    let project = project(&with(
        "database: {postgres: {urlRef: {name: db, key: url}}}, replicas: 2, mail: {from: {address: a@b.c}, smtp: {host: a.b, \
         credentialsRef: {name: smtp, keys: {username: user}}, caRef: {name: db, key: ca.crt}}}",
    ));
    assert_eq!(json!(project.secret_refs()), json!({"db": ["ca.crt", "url"], "smtp": ["password", "user"]}));
    assert_eq!(project.keys.master_key_secret, "acme-keys");
    assert!(matches!(project.database, Database::Postgres { max_connections: 5, .. }));
}

#[test]
fn a_named_master_key_is_told_from_the_default() {
    assert!(!project("{hosts: [a.acme.example]}").keys.named);
    assert!(project("{hosts: [a.acme.example], keys: {masterKeyRef: {name: acme-keys}}}").keys.named);
}

#[test]
fn a_rendered_document_means_the_same() {
    for spec in [
        "{hosts: [Auth.Acme.Example]}",
        &with(
            "publicUrl: 'https://auth.acme.example:8443', origins: ['https://app.acme.example/'], keys: {rsaBits: 4096}",
        ),
        &with("keys: {masterKeyRef: {name: own}}, tenantId: 018f3b9e-7a41-4d7f-9f0e-3f6d1c0a9b52"),
        &with(MAIL),
    ] {
        let document = document(spec);
        let project = resolve(&document).expect(spec);
        let text = render(&project, &document, "0.1.0");
        let again =
            parse(&text, Unknown::Warn).unwrap_or_else(|problems| panic!("{text}\n{problems}")).documents.remove(0);
        assert_eq!(again.annotations[RENDERED_BY_ANNOTATION], "0.1.0");
        assert_eq!(
            again.annotations[crate::render::REVISION_ANNOTATION],
            crate::revision::document_revision(&document)
        );
        assert_eq!(again.spec.tenant_id, Some(project.tenant_id));
        assert_eq!(resolve(&again), Ok(project), "{text}");
    }
}
