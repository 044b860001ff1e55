//! A walk through everything the declarations offer: whatever is offered can be done, nothing ends in a server error, and
//! every step leads where the declaration says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use crate::{
    PASSWORD,
    browser::{self, Browser},
    modern, plain, register,
    support::{Flow, TestApp},
};

/// Inputs worth trying for an action.
fn inputs(action: &str) -> Vec<Value> {
    match action {
        "register_client_capabilities" => vec![plain(), modern()],
        "continue_with_login_identifier" => vec![json!({"email": "jane@x.de"}), json!({"email": "no@x.de"}), json!({})],
        "register_login_identifier" => vec![json!({"email": "new@x.de"}), json!({"email": "jane@x.de"}), json!({})],
        "password_login" => vec![json!({"password": PASSWORD}), json!({"password": "wrong"})],
        "register_password" | "password_recovery" => {
            vec![json!({"new_password": PASSWORD}), json!({"new_password": "x"})]
        }
        "verify_passcode" => vec![json!({"code": "from the mail"}), json!({"code": "wrong"})],
        "webauthn_verify_assertion_response" => vec![json!({"assertion_response": {}})],
        "webauthn_verify_attestation_response" => vec![json!({"public_key": "from the browser"}), json!({})],
        "remember_me" => vec![json!({"remember_me": true})],
        _ => vec![json!({})],
    }
}

/// Where the declaration of a flow says an action leads, read from the page that is drawn from it.
fn declared(flow: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut edges: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let diagrams = hanko_flow::diagrams();
    let (_, page) = diagrams.iter().find(|(name, _)| *name == flow).unwrap();
    for line in page.lines() {
        if let Some((from, rest)) = line.trim().split_once(" --> ")
            && let Some((to, action)) = rest.split_once(": ")
        {
            edges.entry((from.to_owned(), action.to_owned())).or_default().insert(to.to_owned());
        }
    }
    edges
}

type Path = Vec<(String, Value)>;

async fn replay<'a>(app: &'a TestApp, flow: &str, path: &Path) -> Flow<'a> {
    let mut run = Flow::begin(app, flow).await;
    let (mut browser, address) = (Browser::default(), fresh_address());
    for (action, inputs) in path {
        step(app, &mut run, &mut browser, &address, action, inputs.clone()).await;
    }
    run
}

/// A registration that has been walked to its end has taken its address.
fn fresh_address() -> String {
    format!("{}@x.de", hanko_domain::Random::system().text(b"abcdefghijklmnopqrstuvwxyz", 12))
}

async fn step(
    app: &TestApp,
    run: &mut Flow<'_>,
    browser: &mut Browser,
    address: &str,
    action: &str,
    mut inputs: Value,
) {
    if inputs["email"] == "new@x.de" {
        inputs["email"] = json!(address);
    }
    if inputs["code"] == "from the mail" {
        app.until_delivered().await;
        let mail = app.mailbox.newest(address).or_else(|| app.mailbox.newest("jane@x.de"));
        inputs["code"] = json!(mail.and_then(|mail| mail.try_code()).unwrap_or_default());
    }
    if inputs["public_key"] == "from the browser" {
        let document = run.document();
        inputs["public_key"] = if document["payload"].get("creation_options").is_some() {
            browser.create(&document).await
        } else {
            json!({})
        };
    }
    run.act(action, inputs).await;
}

#[tokio::test]
async fn everything_offered_can_be_done_and_leads_where_it_is_declared_to() {
    let conditional =
        json!({"acquireOnRegistration": "conditional", "acquireOnLogin": "conditional", "optional": true});
    for settings in [
        json!({}),
        json!({"password": conditional, "passkey": conditional}),
        json!({"privacy": {"onlyShowActualLoginMethods": true, "showAccountExistenceHints": true}}),
        json!({"password": {"enabled": false}, "session": {"cookie": {"retention": "prompt"}}}),
        json!({"email": {"requireVerification": false, "useForAuthentication": false}}),
    ] {
        let mut settings = settings;
        settings["rateLimiter"] = json!({"enabled": false});
        let app = browser::app(settings.clone()).await;
        register(&app, "jane@x.de").await;
        for flow in ["/login", "/registration"] {
            walk(&app, flow, &declared(flow.trim_start_matches('/'))).await;
        }
        app.end().await;
    }
}

/// Breadth first over what a client sees: two runs that offer the same in the same state after the same last step are one.
async fn walk(app: &TestApp, flow: &str, edges: &BTreeMap<(String, String), BTreeSet<String>>) {
    let mut seen = BTreeSet::new();
    let mut open: VecDeque<Path> = VecDeque::from([Vec::new()]);
    while let Some(path) = open.pop_front() {
        let before = replay(app, flow, &path).await;
        let (state, offered) = (before.state(), crate::actions(&before));
        for action in offered {
            for inputs in inputs(&action) {
                let mut next = path.clone();
                next.push((action.clone(), inputs));
                let after = replay(app, flow, &next).await;
                let document = after.document();
                let (name, status) = (after.state(), document["status"].as_u64().unwrap());
                assert!(status < 500, "{next:?}: {document:#}");
                if name != state && action != "back" {
                    let targets = edges.get(&(state.clone(), action.clone()));
                    assert!(
                        targets.is_some_and(|targets| targets.contains(&name)),
                        "{state} --> {name}: {action} is not declared"
                    );
                }
                if next.len() < 9
                    && seen.insert((
                        name.clone(),
                        crate::actions(&after),
                        status,
                        next.last().map(|step| step.0.clone()),
                    ))
                {
                    open.push_back(next);
                }
            }
        }
    }
    assert!(seen.iter().any(|(state, ..)| state == "success"), "{flow}: {seen:?}");
}
