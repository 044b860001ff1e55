//! What the manifest says about receivers.

use serde_json::json;

use crate::{
    SECRET, hook,
    mock::{Conduct, Receiver},
    support::{TestApp, passcodes_only},
    until,
};

#[tokio::test]
async fn a_receiver_is_told_without_a_restart() {
    let receiver = Receiver::start(Conduct::Status(200)).await;
    let app = TestApp::with(passcodes_only()).await;
    let before = app.revision().await;
    let mut spec = app.spec("project.yaml");
    spec["webhooks"] = json!({"hooks": [hook("crm", &receiver, &["user.create"])]});
    spec["outbound"] = json!({"allowedNetworks": ["127.0.0.0/8"]});
    app.write("project.yaml", "acme", &spec);
    app.until_revision(|now| now["tenants"] != before["tenants"]).await;
    app.sign_up("jane@x.de").await;
    until("it is told", async || receiver.received().len() == 1).await;
    assert_eq!(receiver.received()[0].event(), "user.create");
    app.end().await;
}

/// FC-79.
#[tokio::test]
async fn a_bad_secret_is_refused_with_its_reason_and_without_itself() {
    let receiver = Receiver::start(Conduct::Status(200)).await;
    let mut hook = hook("crm", &receiver, &["user"]);
    hook["secretRef"] = json!({"name": "crm", "key": "secret"});
    let prepared = TestApp::prepare(json!({"webhooks": {"hooks": [hook]}})).await;
    prepared.secret("crm", "secret", "AAECAwQFBgc=");
    let app = prepared.begin(Default::default()).await.unwrap();
    let refused = |text: &'static str| move |now: &serde_json::Value| now["refused"].to_string().contains(text);
    let now = app.until_revision(refused("the secret of webhook `crm` holds 8 bytes")).await;
    assert!(!now.to_string().contains("AAECAwQFBgc="));
    crate::support::write_secret(&app.secrets(), "crm", "secret", "hunter2 hunter2");
    app.until_revision(refused("the secret of webhook `crm` is not base64")).await;
    crate::support::write_secret(&app.secrets(), "crm", "secret", SECRET);
    app.until_ready().await;
    app.end().await;
}
