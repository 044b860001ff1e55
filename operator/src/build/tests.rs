//! Whole projects as the objects they become, compared with the files in `golden/`.

use serde_json::json;

use super::*;
use crate::admin_key::{Entries, Step};
use crate::validate::tests::{POSTGRES, validated};

/// Compares with the golden file; `UPDATE_GOLDEN=1` writes it.
fn assert_golden(name: &str, project: &ValidatedProject) {
    let objects = build(project);
    let secret = objects.key_secret.iter().map(|secret| serde_json::to_value(secret).expect("serialises"));
    let admin_key = match objects.admin_key {
        AdminKey::Create(secret) => Some(serde_json::to_value(secret).expect("serialises")),
        _ => None,
    };
    let all: Vec<_> = secret.chain(admin_key).chain(objects.applied.into_iter().map(|desired| desired.value)).collect();
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

fn volume_of_admin_key(project: &ValidatedProject) -> Option<Value> {
    let deployment = find(project, "Deployment").expect("a Deployment");
    let volumes =
        deployment.pointer("/spec/template/spec/volumes").and_then(Value::as_array).cloned().unwrap_or_default();
    volumes.into_iter().find(|volume| volume.pointer("/secret/secretName") == Some(&json!("acme-admin-key")))
}

#[test]
fn a_pod_starts_without_the_generated_key_and_mounts_it_only_where_there_is_one() {
    let volume = volume_of_admin_key(&validated("{hosts: [auth.acme.example]}")).expect("a volume");
    assert_eq!(volume.pointer("/secret/optional"), Some(&json!(true)));
    assert_eq!(volume.pointer("/secret/items"), None, "mounted as a whole");
    for off in ["{generatedKey: {enabled: false}}", "{authentication: Disabled}"] {
        let project = validated(&format!("{{hosts: [auth.acme.example], adminApi: {off}}}"));
        assert!(
            volume_of_admin_key(&project).is_none() && matches!(build(&project).admin_key, AdminKey::Keep),
            "{off}"
        );
    }
}

#[test]
fn a_secret_is_patched_only_in_the_version_that_was_read_and_what_has_ended_is_removed() {
    let mut project = validated("{hosts: [auth.acme.example]}");
    let entries = Entries { key: Some(b"key".to_vec()), rotation: Some("may".into()), ..Entries::default() };
    project.admin_key.step = Step::Replace { entries, version: "7".into() };
    let AdminKey::Patch { name, patch } = build(&project).admin_key else { panic!("no patch") };
    assert_eq!(name, "acme-admin-key");
    assert_eq!(patch["data"], json!({"key": "a2V5", "previous": null}));
    assert_eq!(patch["metadata"]["resourceVersion"], "7");
    assert_eq!(
        patch["metadata"]["annotations"],
        json!({"hanko-operator.dev/previous-key-until": null, "hanko-operator.dev/rotated-admin-key": "may"})
    );
    assert_eq!(patch["metadata"]["ownerReferences"][0]["uid"], "a-uid");
}

#[test]
fn a_secret_is_deleted_only_as_the_one_that_was_read() {
    let mut project = validated("{hosts: [auth.acme.example]}");
    project.admin_key.step = Step::Remove { uid: "s-uid".into() };
    let AdminKey::Delete(object) = build(&project).admin_key else { panic!("not deleted") };
    assert_eq!(
        (object.metadata.name.as_deref(), object.metadata.uid.as_deref()),
        (Some("acme-admin-key"), Some("s-uid"))
    );
    assert_eq!(object.metadata.namespace.as_deref(), Some("tenants"));
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
