//! Changes of documents and secrets are served without a restart; bad ones leave the last good state in place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::{fs, os::unix::fs::symlink};

use data_encoding::BASE64;
use hanko_model::revision::secrets_revision;
use serde_json::{Value, json};
use support::{Flow, ORIGIN, TestApp, merge, write_secret};

fn of<'a>(revision: &'a Value, list: &str, name: &str) -> Option<&'a Value> {
    revision[list].as_array().unwrap().iter().find(|entry| entry["name"] == name)
}

async fn allows(app: &TestApp, origin: &str) -> bool {
    app.get_with("/livez", &[("Origin", origin)]).await.header("access-control-allow-origin") == origin
}

#[tokio::test]
async fn a_changed_document_is_served_without_a_restart() {
    let app = TestApp::start().await;
    let before = app.revision().await;
    let keys = app.get("/.well-known/jwks.json").await.body;
    assert!(!allows(&app, "https://new.acme.test").await);

    let mut spec = app.spec("project.yaml");
    merge(
        &mut spec,
        json!({"origins": [ORIGIN, "https://new.acme.test"], "settings": {"webauthn": {"relyingParty": {"id": "acme.localhost"}}}}),
    );
    app.write("project.yaml", "acme", &spec);
    let after = app
        .until_revision(|now| now["tenants"][0]["documentRevision"] != before["tenants"][0]["documentRevision"])
        .await;
    assert!(allows(&app, "https://new.acme.test").await);
    assert_eq!(after["tenants"][0]["tenantId"], before["tenants"][0]["tenantId"]);
    assert_eq!(after["refused"], json!([]));
    assert_eq!(app.get("/.well-known/jwks.json").await.body, keys, "signing keys outlive a reload");
    app.end().await;
}

#[tokio::test]
async fn a_bad_document_is_refused_with_its_reason_and_the_last_good_one_stays() {
    let app = TestApp::start().await;
    let before = app.revision().await["tenants"].clone();
    let good = app.spec("project.yaml");
    let mut bad = good.clone();
    merge(&mut bad, json!({"settings": {"session": {"lifespan": "soon"}}}));
    app.write("project.yaml", "acme", &bad);
    let refused = app.until_revision(|now| of(now, "refused", "acme").is_some()).await;
    let reason = refused["refused"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("spec.settings.session.lifespan: "), "{reason}");
    assert_eq!(refused["refused"][0]["namespace"], "tenants");
    assert_ne!(refused["refused"][0]["documentRevision"], before[0]["documentRevision"]);
    assert_eq!(refused["tenants"], before);
    assert_eq!(app.get("/readyz").await.status, 200, "what is served is served well");

    fs::write(app.documents().join("project.yaml"), "{ not: [yaml").unwrap();
    let unreadable = app.until_revision(|now| now["refused"][0]["documentRevision"] == "").await;
    assert_eq!(unreadable["tenants"], before);

    app.write("project.yaml", "acme", &good);
    app.until_revision(|now| now["refused"] == json!([]) && now["tenants"] == before).await;
    app.end().await;
}

#[tokio::test]
async fn mails_say_a_projects_own_words_from_the_next_one_on() {
    let app = TestApp::start().await;
    let words = |greeting: &str| json!({"mail": {"templates": {"texts": {"en": {"greeting": greeting}}}}});
    let mut spec = app.spec("project.yaml");
    let before = app.revision().await["tenants"].clone();
    merge(&mut spec, words("{ $nobody },"));
    app.write("project.yaml", "acme", &spec);
    let refused = app.until_revision(|now| of(now, "refused", "acme").is_some()).await;
    let reason = refused["refused"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("spec.mail.templates.texts.en[greeting]: cannot be said in the mail login: "),
        "{reason}"
    );
    assert_eq!(refused["tenants"], before);

    merge(&mut spec, words("Ahoy { $service },"));
    app.write("project.yaml", "acme", &spec);
    app.until_revision(|now| now["refused"] == json!([]) && now["tenants"] != before).await;
    let mut flow = Flow::begin(&app, "/registration").await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    flow.act("register_login_identifier", json!({"email": "kim@fern.example"})).await;
    let mail = app.mailbox.take("kim@fern.example").await;
    assert!(mail.text.contains("Ahoy "), "{}", mail.text);
    app.end().await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_unless_an_operator_wrote_the_document() {
    let app = TestApp::start().await;
    let mut spec = app.spec("project.yaml");
    merge(&mut spec, json!({"fromTheFuture": true}));
    app.write("project.yaml", "acme", &spec);
    app.until_revision(|now| of(now, "refused", "acme").is_some()).await;

    let rendered = json!({
        "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject",
        "metadata": {"name": "acme", "namespace": "tenants", "annotations": {
            "hanko-operator.dev/revision": "0123456789abcdef", "hanko-operator.dev/rendered-by": "9.9.9",
        }},
        "spec": spec,
    });
    fs::write(app.documents().join("project.yaml"), rendered.to_string()).unwrap();
    let served = app.until_revision(|now| now["refused"] == json!([])).await;
    assert_eq!(served["tenants"][0]["documentRevision"], "0123456789abcdef", "the operator's revision is repeated");
    app.end().await;
}

#[tokio::test]
async fn projects_come_and_go_with_their_documents() {
    let app = TestApp::start().await;
    app.write("second.yaml", "beta", &json!({"hosts": ["auth.beta.localhost"]}));
    app.until_revision(|now| of(now, "tenants", "beta").is_some()).await;
    let beta = app.get_with("/.well-known/jwks.json", &[("Host", "auth.beta.localhost")]).await;
    assert_eq!(beta.status, 200);
    assert_eq!(app.get_with("/me", &[("Host", "other.test")]).await.status, 421);
    fs::remove_file(app.documents().join("second.yaml")).unwrap();
    app.until_revision(|now| of(now, "tenants", "beta").is_none()).await;
    assert_eq!(app.get_with("/me", &[("Host", "other.test")]).await.status, 401, "one project is alone again");
    app.end().await;
}

#[tokio::test]
async fn another_database_is_refused_until_a_restart() {
    let app = TestApp::start().await;
    write_secret(&app.secrets(), "acme-db", "url", "postgres://127.0.0.1:1/x");
    let mut spec = app.spec("project.yaml");
    merge(&mut spec, json!({"database": {"postgres": {"urlRef": {"name": "acme-db", "key": "url"}}}}));
    app.write("project.yaml", "acme", &spec);
    let refused = app.until_revision(|now| of(now, "refused", "acme").is_some()).await;
    assert!(refused["refused"][0]["reason"].as_str().unwrap().contains("needs a restart"));
    assert_eq!(app.get("/.well-known/jwks.json").await.status, 200);
    app.end().await;
}

#[tokio::test]
async fn a_changed_secret_changes_the_revision_of_the_secrets_only() {
    let prepared = TestApp::prepare(json!({
        "mail": {"smtp": {"tls": "starttls", "credentialsRef": {"name": "smtp"}}},
    }))
    .await;
    prepared.secret("smtp", "username", "user\n");
    // As the kubelet mounts it: the visible entry is a link through a hidden one that is replaced as a whole.
    let folder = prepared.folder.path().join("secrets/tenants/smtp");
    let version = |name: &str, password: &str| {
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("password"), password).unwrap();
        symlink(name, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    };
    version("..v1", "old");
    symlink("..data/password", folder.join("password")).unwrap();

    let app = prepared.run(Default::default()).await;
    let before = app.revision().await["tenants"][0].clone();
    version("..v2", "new");
    let after = app.until_revision(|now| now["tenants"][0]["secretsRevision"] != before["secretsRevision"]).await;
    assert_eq!(after["tenants"][0]["documentRevision"], before["documentRevision"]);
    assert!(!after.to_string().contains("old") && !after.to_string().contains("new"), "no secret is shown");

    fs::remove_file(folder.join("username")).unwrap();
    let refused = app.until_revision(|now| of(now, "refused", "acme").is_some()).await;
    assert!(refused["refused"][0]["reason"].as_str().unwrap().starts_with("Secret `smtp` has no key `username`"));
    assert_eq!(refused["tenants"], after["tenants"]);
    app.end().await;
}

#[tokio::test]
async fn a_vanished_master_key_is_never_replaced_and_the_tenant_keeps_running() {
    let app = TestApp::start().await;
    let before = app.revision().await["tenants"].clone();
    let folder = app.secrets().join("tenants/acme-keys");
    let kept = fs::read(folder.join("k1")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let refused = app.until_revision(|now| of(now, "refused", "acme").is_some()).await;
    assert!(refused["refused"][0]["reason"].as_str().unwrap().contains("master keys are missing"));
    assert_eq!(refused["tenants"], before);
    assert!(!folder.exists());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("k1"), kept).unwrap();
    app.until_revision(|now| now["refused"] == json!([])).await;
    app.end().await;
}

/// The operator waits until every pod says this revision.
#[tokio::test]
async fn a_generated_key_counts_among_the_secrets_and_its_rotation_is_served_without_a_restart() {
    let app = TestApp::start().await;
    let folder = app.secrets().join("tenants/acme-admin-key");
    let read = |path| fs::read(path).unwrap();
    let master_key = read(app.secrets().join("tenants/acme-keys/k1"));
    let master_key: [u8; 32] = BASE64.decode(master_key.trim_ascii_end()).unwrap().try_into().unwrap();
    let counted = |entries: &[(&str, Vec<u8>)]| {
        let entries = entries.iter().map(|(name, value)| ("acme-admin-key", *name, &value[..]));
        json!(secrets_revision(&master_key, entries))
    };
    let made = read(folder.join("key"));
    assert_eq!(app.revision().await["tenants"][0]["secretsRevision"], counted(&[("key", made.clone())]));

    let fresh = format!("hk_{}", "a".repeat(43));
    fs::write(folder.join("a-persons-own-note"), "not a key").unwrap();
    fs::write(folder.join("previous"), &made).unwrap();
    fs::write(folder.join("key"), &fresh).unwrap();
    let wanted = counted(&[("key", fresh.into_bytes()), ("previous", made)]);
    app.until_revision(|now| now["tenants"][0]["secretsRevision"] == wanted && now["refused"] == json!([])).await;

    fs::remove_dir_all(&folder).unwrap();
    app.until_revision(|now| now["tenants"][0]["secretsRevision"] != wanted).await;
    app.end().await;
}
