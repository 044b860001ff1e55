//! Whole projects as the objects they become, compared with the files in `golden/`.

use super::*;
use crate::validate::tests::{POSTGRES, validated};

/// Compares with the golden file; `UPDATE_GOLDEN=1` writes it.
fn assert_golden(name: &str, project: &ValidatedProject) {
    let objects = build(project);
    let secret = objects.key_secret.iter().map(|secret| serde_json::to_value(secret).expect("serialises"));
    let all: Vec<_> = secret.chain(objects.applied.into_iter().map(|desired| desired.value)).collect();
    let text =
        all.iter().map(|value| serde_saphyr::to_string(value).expect("serialises")).collect::<Vec<_>>().join("---\n");
    let path = format!("{}/src/build/golden/{name}.yaml", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("the golden folder is writable");
    }
    let golden = std::fs::read_to_string(&path).expect("a golden file; UPDATE_GOLDEN=1 makes it");
    assert!(text == golden, "{name} differs from {path}; UPDATE_GOLDEN=1 and review:\n{text}");
}

#[test]
fn a_minimal_project_is_one_pod_on_a_claim() {
    assert_golden("minimal", &validated("{hosts: [auth.acme.example]}"));
}

#[test]
fn a_full_project_rolls_several_pods_behind_an_ingress() {
    assert_golden(
        "full",
        &validated(&format!(
            "{{hosts: [auth.acme.example, login.acme.example], origins: ['https://app.acme.example'], replicas: 3, {POSTGRES}, \
             mail: {{from: {{address: login@acme.example}}, replyTo: help@acme.example, \
             smtp: {{host: smtp.acme.example, credentialsRef: {{name: acme-smtp}}, caRef: {{name: acme-ca, key: ca.crt}}}}}}, \
             settings: {{rateLimiter: {{redis: {{urlRef: {{name: acme-valkey, key: url}}}}}}}}, \
             keys: {{masterKeyRef: {{name: acme-master}}}}, \
             resources: {{requests: {{cpu: 1000m, memory: 0.5Gi}}, limits: {{memory: 1024Mi}}}}, \
             exposure: {{ingress: {{className: nginx, tlsSecretName: acme-tls, annotations: {{a.example/b: c}}}}}}}}"
        )),
    );
}

#[test]
fn a_suspended_project_keeps_everything_but_its_pods() {
    assert_golden("suspended", &validated("{hosts: [auth.acme.example], suspend: true}"));
}

#[test]
fn the_same_project_becomes_the_same_objects() {
    let spec = format!("{{hosts: [auth.acme.example], {POSTGRES}}}");
    assert_eq!(build(&validated(&spec)).applied, build(&validated(&spec)).applied);
}

fn find(project: &ValidatedProject, kind: &str) -> Option<Value> {
    build(project).applied.into_iter().find(|desired| desired.resource.kind == kind).map(|desired| desired.value)
}

#[test]
fn an_autoscaler_owns_the_number_of_pods_when_the_project_names_none() {
    let spec = format!("{{hosts: [auth.acme.example], {POSTGRES}}}");
    let project = validated(&spec);
    let deployment = find(&project, "Deployment").expect("a Deployment");
    assert_eq!(deployment.pointer("/spec/replicas"), None);
    assert!(find(&project, "PodDisruptionBudget").is_some());
}

#[test]
fn one_pod_has_no_disruption_budget() {
    for spec in
        ["{hosts: [a.acme.example]}".to_owned(), format!("{{hosts: [a.acme.example], replicas: 1, {POSTGRES}}}")]
    {
        assert_eq!(find(&validated(&spec), "PodDisruptionBudget"), None, "{spec}");
    }
}

#[test]
fn a_change_that_pods_reload_replaces_none() {
    let template = |spec: &str| find(&validated(spec), "Deployment").and_then(|d| d.pointer("/spec/template").cloned());
    let before = template("{hosts: [auth.acme.example]}");
    assert_eq!(before, template("{hosts: [auth.acme.example], settings: {password: {minLength: 12}}}"));
    assert_ne!(before, template(&format!("{{hosts: [auth.acme.example], {POSTGRES}}}")));
    let limits = "settings: {rateLimiter: {accountLimits: {tokens: 7, interval: 1h}}}";
    assert_eq!(before, template(&format!("{{hosts: [auth.acme.example], {limits}}}")));
    let redis = "settings: {rateLimiter: {redis: {urlRef: {name: acme-valkey, key: url}}}}";
    assert_ne!(
        before,
        template(&format!("{{hosts: [auth.acme.example], {redis}}}")),
        "another Secret is another mount"
    );
}

#[test]
fn data_is_owned_by_nobody_and_everything_else_by_the_project() {
    for desired in build(&validated("{hosts: [auth.acme.example]}")).applied {
        let owners = desired.value.pointer("/metadata/ownerReferences");
        assert_eq!(owners.is_none(), resource::is_data(&desired.resource), "{}", desired.resource.kind);
    }
}

#[test]
fn every_name_and_label_of_a_long_project_is_legal() {
    for length in [40, 53, 63, 120] {
        let project = crate::validate::tests::named(&"p".repeat(length), "{hosts: [auth.acme.example]}");
        for Desired { name, value, resource } in build(&project).applied {
            assert!(name.len() <= 52, "{} {name}", resource.kind);
            let labels = value.pointer("/metadata/labels").and_then(Value::as_object).expect("labels");
            for (key, label) in labels {
                assert!(label.as_str().is_some_and(|label| label.len() <= 63), "{key}: {label}");
            }
        }
    }
}
