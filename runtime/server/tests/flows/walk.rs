//! A walk through everything the flows offer, for many kinds of projects: every answer is held against the contract's tables,
//! and every state and action of the flows is reached.

mod check;
pub mod graph;
pub mod model;
pub mod moves;
mod names;
pub mod outcome;
pub mod people;
pub mod profile;
mod rules;
mod schedule;
mod tables;
pub mod visit;

use std::collections::BTreeSet;

use hanko_model::project::Settings;
use serde_json::{Value, json};

use self::{model::World, moves::With, people::Person};
use crate::{browser::PAGE, support::TestApp};

/// Flow, state, action, and the state it led to.
type Edge = (&'static str, &'static str, String, &'static str);

/// Projects of one kind, the people who come to them, and the clients they come with.
pub struct Family {
    pub settings: Value,
    people: Vec<Person>,
    pub clients: Vec<With>,
    /// The first of the people comes back with a trusted device.
    device: bool,
}

const MODERN: With = With::Capabilities(true, true, true);
const BUTTON: With = With::Capabilities(true, false, false);
const PLAIN: With = With::Capabilities(false, false, false);

fn jane() -> Person {
    Person::of(Some("jane@x.de"), None, true)
}

fn max() -> Person {
    Person::of(Some("max@x.de"), Some("max"), false)
}

fn nora() -> Person {
    Person::of(None, Some("nora"), true)
}

fn pia() -> Person {
    Person::of(Some("pia@x.de"), None, true).passkey()
}

fn otto() -> Person {
    Person::of(Some("otto@x.de"), Some("otto"), true).totp()
}

fn kay() -> Person {
    Person::of(Some("kay@x.de"), None, true).key()
}

fn bo() -> Person {
    Person::of(Some("bo@x.de"), Some("boris"), true).totp().key()
}

fn uma() -> Person {
    Person::of(None, Some("uma"), false).passkey()
}

/// A passkey and an authenticator app.
fn ona() -> Person {
    Person::of(Some("ona@x.de"), None, true).passkey().totp()
}

pub fn families() -> Vec<Family> {
    let family = |settings, people: Vec<Person>, clients: &[With]| Family {
        settings,
        people,
        clients: clients.to_vec(),
        device: false,
    };
    let conditional =
        json!({"acquireOnRegistration": "conditional", "acquireOnLogin": "conditional", "optional": true});
    let only_actual = json!({"privacy": {"onlyShowActualLoginMethods": true}});
    let names = json!({"email": {"optional": true}, "username": {"enabled": true}});
    let mfa = |mfa: Value| json!({"mfa": mfa, "passkey": {"acquireOnLogin": "never"}});
    let must = json!({"optional": false, "acquireOnLogin": true});
    vec![
        // Default.
        family(json!({}), vec![jane(), pia()], &[MODERN]),
        // Conditional.
        family(json!({"password": conditional, "passkey": conditional}), vec![jane(), max()], &[BUTTON]),
        // Everything on login.
        family(
            json!({"password": {"acquireOnLogin": "always", "optional": true}, "passkey": {"acquireOnLogin": "always"}}),
            vec![jane(), max()],
            &[BUTTON],
        ),
        // Only actual methods.
        family(only_actual.clone(), vec![jane(), max(), pia()], &[MODERN]),
        // Only actual methods, and hints.
        family(
            json!({"privacy": {"onlyShowActualLoginMethods": true, "showAccountExistenceHints": true}}),
            vec![jane(), pia()],
            &[MODERN],
        ),
        // No passwords, and a choice to stay.
        family(
            json!({"password": {"enabled": false}, "session": {"cookie": {"retention": "prompt"}}}),
            vec![max(), pia()],
            &[MODERN],
        ),
        // No verification and no codes.
        family(
            json!({"email": {"requireVerification": false, "useForAuthentication": false}}),
            vec![jane(), max()],
            &[MODERN],
        ),
        // Usernames alone.
        family(
            json!({"email": {"enabled": false}, "username": {"enabled": true, "optional": false}}),
            vec![nora(), max()],
            &[MODERN],
        ),
        // Both names.
        family(names.clone(), vec![jane(), nora(), max()], &[BUTTON]),
        // Both names, unproven.
        family(
            json!({"email": {"optional": true, "requireVerification": false}, "username": {"enabled": true, "optional": false}}),
            vec![jane(), nora()],
            &[PLAIN],
        ),
        // A second factor for all.
        family(mfa(must.clone()), vec![jane(), otto(), bo()], &[MODERN]),
        // Security keys of the device for all.
        family(
            mfa(json!({"optional": false, "acquireOnLogin": true, "totp": {"enabled": false},
                "securityKeys": {"authenticatorAttachment": "platform"}})),
            vec![jane(), kay()],
            &[MODERN, BUTTON],
        ),
        // A second factor for those who like, before all the rest.
        family(
            json!({"mfa": {"acquireOnLogin": true}, "username": {"enabled": true}, "password": conditional, "passkey": conditional}),
            vec![jane(), max(), nora()],
            &[BUTTON],
        ),
        // An account without an address and a password gets both.
        family(
            json!({"mfa": {"acquireOnLogin": true}, "username": {"enabled": true}, "email": {"optional": true, "requireVerification": false},
                "password": {"acquireOnLogin": "always", "optional": true}}),
            vec![uma(), jane()],
            &[BUTTON],
        ),
        // Devices always trusted.
        family(mfa(json!({"deviceTrustPolicy": "always"})), vec![otto(), kay()], &[BUTTON]),
        // Devices never trusted.
        family(mfa(json!({"deviceTrustPolicy": "never"})), vec![otto(), kay()], &[PLAIN]),
        // A trusted device.
        Family { device: true, ..family(json!({}), vec![otto(), bo()], &[BUTTON]) },
        // Passkeys that verify nobody.
        family(
            json!({"passkey": {"userVerification": "discouraged", "acquireOnLogin": "never"}}),
            vec![pia(), ona()],
            &[MODERN],
        ),
        // Closed.
        family(json!({"account": {"allowSignup": false}}), vec![jane()], &[PLAIN]),
        // Passkeys alone.
        family(
            json!({"password": {"enabled": false}, "email": {"useForAuthentication": false, "requireVerification": false},
                "passkey": {"optional": false}, "mfa": {"enabled": false}}),
            vec![pia(), max()],
            &[MODERN, PLAIN],
        ),
    ]
}

/// In this project everybody can have everything and nobody must.
fn nursery() -> Value {
    json!({
        "rateLimiter": {"enabled": false}, "username": {"enabled": true}, "email": {"optional": true},
        "password": {"optional": true},
    })
}

fn spec(settings: &Value) -> Value {
    json!({"hosts": ["auth.acme.test"], "publicUrl": null, "origins": [PAGE], "settings": settings})
}

/// A process with the project of a family and the accounts of its people.
pub struct Stage {
    pub app: TestApp,
    pub settings: Settings,
    pub people: Vec<Person>,
    /// Those of their sessions.
    pub sessions: Vec<String>,
    /// That of a trusted device of the first of them.
    pub cookie: Option<String>,
}

pub async fn stage(family: Family) -> Stage {
    let Family { settings, mut people, device, .. } = family;
    let app = TestApp::with(spec(&nursery())).await;
    let mut sessions = Vec::new();
    for person in &mut people {
        sessions.push(person.register(&app).await);
    }
    // A run asks for one second factor only; the second one is made by somebody who is nobody else.
    if let Some(bo) = people.iter_mut().find(|person| person.totp.is_some() && person.key.is_some()) {
        let mut maker = Person::of(Some("maker@x.de"), None, true).key();
        maker.register(&app).await;
        bo.key = maker.key;
        let owner = |address: &str| format!("(SELECT user_id FROM emails WHERE address = '{address}')");
        let (bo, maker) = (owner("bo@x.de"), owner("maker@x.de"));
        graph::execute(&app, format!("UPDATE webauthn_credentials SET user_id = {bo} WHERE user_id = {maker}")).await;
    }
    let cookie = if device { Some(trust(&app, &people[0]).await) } else { None };
    let mut document = app.spec("project.yaml");
    let prepared = app.stop().await;
    document["settings"] = settings;
    document["settings"]["rateLimiter"] = json!({"enabled": false});
    prepared.write("project.yaml", "acme", &document);
    let app = prepared.run(Default::default()).await;
    app.clock.advance(std::time::Duration::from_secs(60));
    // The newest code that was used is the one before the one that is shown.
    let step = app.clock.now().seconds() / 30;
    graph::execute(&app, format!("UPDATE otp_secrets SET last_step = {}", step - 1)).await;
    let text = std::fs::read_to_string(app.documents().join("project.yaml")).unwrap();
    let parsed = hanko_model::document::parse(&text, hanko_model::document::Unknown::Refuse).unwrap();
    let project = hanko_model::resolve(&parsed.documents[0]).unwrap();
    Stage { app, settings: project.settings, people, sessions, cookie }
}

impl Stage {
    pub fn world(&self, registering: bool) -> World<'_> {
        let device = self.cookie.as_ref().map(|_| 0);
        World { settings: &self.settings, people: &self.people, registering, device }
    }
}

/// Walks both flows of one family and returns what was performed.
async fn walk_family(family: Family) -> BTreeSet<Edge> {
    let clients = family.clients.clone();
    let stage = stage(family).await;
    let mut performed = BTreeSet::new();
    for (flow, registering) in [("login", false), ("registration", true)] {
        let seen = graph::walk(&stage.app, &stage.world(registering), stage.cookie.as_deref(), &clients).await;
        performed.extend(seen.into_iter().map(|(from, action, to)| (flow, from, action, to)));
    }
    stage.app.end().await;
    performed
}

/// Signs in and trusts the device; returns its cookie.
async fn trust(app: &TestApp, person: &Person) -> String {
    app.clock.advance(std::time::Duration::from_secs(30));
    let mut flow = crate::begin(app, "/login", crate::plain()).await;
    flow.act("continue_with_login_identifier", json!({"identifier": person.email})).await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": crate::PASSWORD})).await;
    let code = crate::totp::code(app, person.totp.as_ref().unwrap(), 0);
    flow.act("otp_code_validate", json!({"otp_code": code})).await;
    flow.act("trust_device", json!({})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    let cookies = flow.answer.header("set-cookie");
    let cookie = cookies.split(" | ").find(|cookie| cookie.starts_with("hanko-device-token=")).unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The edges of the flows' declarations, read from the pages that are drawn from them.
fn declared(flows: &[&str]) -> BTreeSet<(String, String, String, String)> {
    let mut edges = BTreeSet::new();
    for (flow, page) in hanko_flow::diagrams().into_iter().filter(|(flow, _)| flows.contains(flow)) {
        for line in page.lines() {
            if let Some((from, rest)) = line.trim().split_once(" --> ")
                && let Some((to, action)) = rest.split_once(": ")
            {
                edges.insert((flow.to_owned(), from.to_owned(), action.to_owned(), to.to_owned()));
            }
        }
    }
    edges
}

/// Actions that lead nowhere else, beside `back`.
const STAYING: [(&str, &str, &str); 4] = [
    ("login", "login_init", "remember_me"),
    ("login", "passcode_confirmation", "resend_passcode"),
    ("registration", "registration_init", "remember_me"),
    ("registration", "passcode_confirmation", "resend_passcode"),
];

/// States with a way back (§1.9.5).
const RETURNING: [(&str, &[&str]); 2] = [
    (
        "login",
        &[
            "login_passkey",
            "login_method_chooser",
            "login_password",
            "passcode_confirmation",
            "credential_onboarding_chooser",
            "onboarding_create_passkey",
            "onboarding_verify_passkey_attestation",
            "password_creation",
            "mfa_method_chooser",
            "mfa_otp_secret_creation",
            "mfa_security_key_creation",
            "device_trust",
        ],
    ),
    (
        "registration",
        &[
            "passcode_confirmation",
            "credential_onboarding_chooser",
            "onboarding_create_passkey",
            "onboarding_verify_passkey_attestation",
            "password_creation",
            "mfa_method_chooser",
            "mfa_otp_secret_creation",
            "mfa_security_key_creation",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_offered_can_be_done_and_is_what_the_contract_says() {
    let walks: Vec<_> = families().into_iter().map(|family| tokio::spawn(walk_family(family))).collect();
    let mut walked = BTreeSet::new();
    for walk in walks {
        walked.extend(walk.await.unwrap());
    }
    let declared = declared(&["login", "registration"]);
    for (flow, from, action, to) in walked.iter().filter(|(_, from, action, to)| from != to && action != "back") {
        let edge = ((*flow).to_owned(), (*from).to_owned(), action.clone(), (*to).to_owned());
        assert!(declared.contains(&edge), "{edge:?} is not declared");
    }
    let text = |(flow, from, action): (&str, &str, &str)| [flow, from, action].map(ToOwned::to_owned);
    let backs = RETURNING.iter().flat_map(|(flow, states)| states.iter().map(|state| (*flow, *state, "back")));
    let mut expected: BTreeSet<_> = STAYING.into_iter().chain(backs).map(text).collect();
    expected.extend(declared.iter().map(|(flow, from, action, _)| text((flow, from, action))));
    let performed: BTreeSet<_> = walked.iter().map(|(flow, from, action, _)| text((flow, from, action))).collect();
    let missed: Vec<_> = expected.difference(&performed).collect();
    assert!(missed.is_empty(), "no family reaches {missed:#?}");
    let unknown: Vec<_> = performed.difference(&expected).collect();
    assert!(unknown.is_empty(), "not declared: {unknown:#?}");
}
