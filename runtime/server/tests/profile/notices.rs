//! Mails that tell the owner of a change (§10): each goes to the main address as it was before, and each can be switched off.

use serde_json::{Value, json};

use crate::{
    at_home, audit_since,
    browser::Browser,
    credentials::{app, make, set_up_totp},
    email_id,
    emails::add,
    fine, outcome,
    support::{Flow, TestApp},
    user,
};

/// The switches, and the templates they are for.
const SWITCHES: [(&str, &str); 7] = [
    ("emailCreate", "email_create"),
    ("primaryEmailUpdate", "primary_email_update"),
    ("emailDelete", "email_delete"),
    ("passwordUpdate", "password_update"),
    ("passkeyCreate", "passkey_create"),
    ("mfaCreate", "mfa_create"),
    ("mfaDelete", "mfa_delete"),
];

/// Does everything that is told, and answers with the templates and recipients in their order.
async fn do_all(app: &TestApp) -> Vec<(String, String)> {
    let mut flow = at_home(app, "jane@x.de").await;
    flow.headers.push(("X-Language".into(), "de".into()));
    add(app, &mut flow, "second@x.de").await;
    let (first, second) = (email_id(&flow, "jane@x.de"), email_id(&flow, "second@x.de"));
    act(&mut flow, "email_set_primary", json!({"email_id": second})).await;
    act(&mut flow, "email_delete", json!({"email_id": first})).await;
    act(&mut flow, "password_update", json!({"password": "another password"})).await;
    make(&mut flow, &mut Browser::default(), "webauthn_credential_create").await;
    make(&mut flow, &mut Browser::without_verification(), "security_key_create").await;
    set_up_totp(app, &mut flow).await;
    act(&mut flow, "otp_secret_delete", json!({})).await;
    let key = user(&flow)["security_keys"][0]["id"].clone();
    act(&mut flow, "security_key_delete", json!({"security_key_id": key})).await;
    app.until_delivered().await;
    let rows = audit_since(app, 0).await.into_iter().filter(|(kind, _)| kind == "security_notification_sent");
    let text = |details: &Value, name: &str| details[name].as_str().unwrap().to_owned();
    rows.map(|(_, details)| {
        assert_eq!(details["delivered_by_hanko"], "true");
        (text(&details, "template"), text(&details, "email_address"))
    })
    .collect()
}

async fn act(flow: &mut Flow<'_>, action: &str, inputs: Value) {
    flow.act(action, inputs).await;
    assert_eq!(outcome(flow), fine("profile_init"), "{action}: {:#}", flow.document());
}

#[tokio::test]
async fn every_change_is_told_to_the_main_address_before_it() {
    let app = app(json!({"auditLog": {"mask": false}})).await;
    let (jane, second) = ("jane@x.de", "second@x.de");
    let expected = [
        ("email_create", jane),
        ("primary_email_update", jane),
        ("email_delete", second),
        ("password_update", second),
        ("passkey_create", second),
        ("mfa_create", second),
        ("mfa_create", second),
        ("mfa_delete", second),
        ("mfa_delete", second),
    ];
    let expected: Vec<_> = expected.iter().map(|(template, to)| ((*template).to_owned(), (*to).to_owned())).collect();
    assert_eq!(do_all(&app).await, expected);
    for (_, to) in &expected {
        let mail = app.mailbox.take(to).await;
        assert!(mail.text.contains("Content-Language: de"), "{}", mail.text);
    }
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn every_notice_has_a_switch_of_its_own() {
    // Q7: also the one of the main address.
    for (switch, template) in SWITCHES {
        let off = json!({"securityNotifications": {"notifications": {switch: {"enabled": false}}}});
        let app = app(off).await;
        let told = do_all(&app).await;
        let mut templates: Vec<&str> = told.iter().map(|(template, _)| template.as_str()).collect();
        templates.sort_unstable();
        templates.dedup();
        let mut expected: Vec<&str> =
            SWITCHES.iter().map(|(_, template)| *template).filter(|name| *name != template).collect();
        expected.sort_unstable();
        assert_eq!(templates, expected, "{switch}");
        app.end().await;
    }
}
