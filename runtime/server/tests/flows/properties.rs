//! Laws of every run, whatever is sent in whatever order. Walks are drawn from a seed that a failure names.

mod profile;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    PASSWORD, begin,
    browser::Browser,
    modern,
    support::{Flow, TestApp},
    totp,
    walk::{
        self,
        graph::Restorer,
        model::{Subject, World},
        moves::With,
        outcome::Payload,
        visit::{Context, Move, Visit},
    },
};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ bits >> 31) % count as u64).unwrap()
    }

    /// What leads on is drawn more often.
    fn draw(&mut self, moves: &[Move]) -> Move {
        let weight = |with: &With| match with {
            With::Right | With::Passkey(_) | With::Name(_) | With::Nothing | With::Names(Some(_), _) => 4,
            _ => 1,
        };
        let lot: Vec<&Move> = moves.iter().flat_map(|step| std::iter::repeat_n(step, weight(&step.1))).collect();
        lot[self.below(lot.len())].clone()
    }
}

/// What has really been shown in a run, beside the model, by what the client sent and the server accepted.
#[derive(Default)]
struct Shown {
    password: bool,
    code: bool,
    /// By whose passkey.
    passkey: Option<usize>,
    second: bool,
}

impl Shown {
    fn note(&mut self, (action, with): &Move, status: u16, second: bool) {
        if status != 200 {
            return;
        }
        match (action.as_str(), with) {
            ("password_login", With::Right) => self.password = true,
            ("verify_passcode", With::Right) => self.code = true,
            ("otp_code_validate", With::Right) => self.second = true,
            ("webauthn_verify_assertion_response", With::Passkey(_)) if second => self.second = true,
            ("webauthn_verify_assertion_response", With::Passkey(who)) => self.passkey = Some(*who),
            (
                "password_login" | "verify_passcode" | "otp_code_validate" | "webauthn_verify_assertion_response",
                with,
            ) => {
                panic!("{action} accepted {with:?}")
            }
            _ => {}
        }
    }

    /// A session of a login was earned.
    fn suffices(&self, world: &World<'_>, who: usize, claims: &Value) {
        let (person, mfa) = (&world.people[who], &world.settings.mfa);
        if let Some(owner) = self.passkey {
            assert_eq!(owner, who, "another one's passkey");
        }
        assert!(self.password || self.code || self.passkey.is_some(), "no first factor");
        let has = mfa.totp_enabled && person.totp.is_some() || mfa.security_keys.enabled && person.key.is_some();
        let two = self.second || self.passkey.is_some() && world.verifies_passkeys();
        let trusted =
            world.device == Some(who) && mfa.device_trust.policy != hanko_model::spec::DeviceTrustPolicy::Never;
        assert!(!(mfa.enabled && has) || two || trusted, "no second factor");
        let amr: BTreeSet<&str> = claims["amr"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(amr.contains("passkey"), self.passkey.is_some());
        assert_eq!(amr.contains("totp") || amr.contains("security_key"), self.second);
        assert!(!amr.contains("pwd") || self.password || self.code, "recovery ends with a password, too");
    }
}

/// A request that must change nothing: it is refused in the short form, and the run goes on from where it was.
async fn disturb(dice: &mut Dice, visit: &Visit<'_>, sent: &[(String, Value)], stranger: &Value) {
    let document = visit.flow.document();
    let Some(href) = document["actions"].as_object().unwrap().values().find_map(|action| action["href"].as_str())
    else {
        return;
    };
    let (endpoint, id) =
        href.split_once("?action=").map(|(path, rest)| (path, rest.split_once("%40").unwrap().1)).unwrap();
    let token = &document["csrf_token"];
    let other = if endpoint == "/login" { "/registration" } else { "/login" };
    let (path, body) = match dice.below(7) {
        // An earlier request again.
        0 if !sent.is_empty() => sent[dice.below(sent.len())].clone(),
        // Another run's token.
        1 => (href.to_owned(), json!({"input_data": {}, "csrf_token": stranger})),
        // Something the state does not know, or does not offer.
        2 => (format!("{endpoint}?action=success%40{id}"), json!({"csrf_token": token})),
        3 => {
            let known = [
                "password_login",
                "verify_passcode",
                "skip",
                "otp_code_validate",
                "back",
                "register_password",
                "password_recovery",
                "trust_device",
                "otp_code_verify",
                "resend_passcode",
            ];
            let action = known[dice.below(known.len())];
            if document["actions"].get(action).is_some() {
                return;
            }
            let inputs =
                json!({"password": PASSWORD, "new_password": PASSWORD, "code": "123456", "otp_code": "123456"});
            (format!("{endpoint}?action={action}%40{id}"), json!({"csrf_token": token, "input_data": inputs}))
        }
        // Another flow's endpoint.
        4 => (href.replace(endpoint, other), json!({"input_data": {}, "csrf_token": token})),
        // Nothing at all.
        5 => (href.to_owned(), json!({})),
        _ => {
            let garbage =
                [json!([]), json!({"input_data": 7, "csrf_token": token}), json!("x"), json!({"csrf_token": {}})];
            let answer = visit.app.post(href, &garbage[dice.below(4)]).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["csrf_token"]), (500, &json!("")));
            return;
        }
    };
    let answer = visit.app.post(&path, &body).await;
    let short = json!({
        "name": "error", "status": 403, "csrf_token": "", "actions": {}, "links": null,
        "error": {"code": "operation_not_permitted_error", "message": "The operation is not permitted."},
    });
    assert_eq!(answer.json(), short, "{path} {body}");
    assert_eq!(answer.header("set-cookie"), "");
}

/// Everything that the run has made can be used, and is there once.
async fn usable(visit: &mut Visit<'_>) {
    let user = visit.flow.document()["payload"]["user"].clone();
    let (app, world, facts) = (visit.app, visit.world, visit.run.at.facts.clone());
    for (list, at_most) in [("passkeys", 2), ("security_keys", 2), ("emails", 1)] {
        let ids: Vec<&Value> = user[list].as_array().into_iter().flatten().map(|entry| &entry["id"]).collect();
        let distinct: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        assert!(ids.len() <= at_most && distinct.len() == ids.len(), "{list}: {ids:?}");
    }
    let mut made = visit.client.made.drain(..);
    let (mut passkey, mut key): (Option<Browser>, Option<Browser>) = (None, None);
    for kind in facts.made.iter().filter(|kind| ["passkey", "security_key"].contains(kind)) {
        *(if *kind == "passkey" { &mut passkey } else { &mut key }) = made.next();
    }
    drop(made);
    if let Some(browser) = &mut passkey {
        let flow = begin(app, "/login", modern()).await;
        let assertion = json!({"assertion_response": browser.get(&flow.document()).await});
        accepts(flow, "webauthn_verify_assertion_response", assertion).await;
    }
    let typed = match world.identifier() {
        Some("username") => facts.username.clone(),
        Some("email") => facts.email.clone(),
        _ => facts.username.clone().or(facts.email.clone()),
    };
    if !facts.made.contains(&"pwd") || typed.is_none() || !world.settings.password.enabled {
        return;
    }
    let mut flow = begin(app, "/login", modern()).await;
    flow.act("continue_with_login_identifier", json!({world.identifier().unwrap(): typed})).await;
    if flow.state() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    let document = flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(document["status"], 200, "{document:#}");
    match (document["name"].as_str().unwrap(), &mut key) {
        ("login_otp", _) if facts.made.contains(&"totp") => {
            let code = totp::code(app, &visit.client.secret, 1);
            accepts(flow, "otp_code_validate", json!({"otp_code": code})).await;
        }
        ("login_security_key", Some(browser)) => {
            let document = flow.act("webauthn_generate_request_options", json!({})).await;
            let assertion = json!({"assertion_response": browser.get(&document).await});
            accepts(flow, "webauthn_verify_assertion_response", assertion).await;
        }
        (state, _) => assert!(
            !facts.made.iter().any(|made| ["totp", "security_key"].contains(made)) || !world.settings.mfa.enabled,
            "{state} instead of the second factor that was made"
        ),
    }
}

async fn accepts(mut flow: Flow<'_>, action: &str, inputs: Value) {
    let document = flow.act(action, inputs).await;
    assert_eq!(document["status"], 200, "{action}: {document:#}");
}

/// One run; returns whether it came to a session.
async fn run(app: &TestApp, world: &World<'_>, cookie: Option<&str>, clients: &[With], seed: u64) -> bool {
    let mut dice = Dice(seed);
    let stranger = Flow::begin(app, "/login").await.document()["csrf_token"].clone();
    let mut visit = Visit::begin(app, world, cookie).await;
    let (mut shown, mut sent) = (Shown::default(), Vec::new());
    while visit.path.len() < 30 {
        let moves = visit.moves(clients);
        if moves.is_empty() {
            return false;
        }
        if dice.below(3) == 0 {
            disturb(&mut dice, &visit, &sent, &stranger).await;
        }
        let step = dice.draw(&moves);
        let second = visit.run.at.facts.second == Some("security_key") && visit.run.at.state == "login_passkey";
        let before = visit.flow.document();
        let href = before["actions"][&step.0]["href"].as_str().unwrap().to_owned();
        sent.push((href, json!({"input_data": {}, "csrf_token": before["csrf_token"]})));
        let outcome = visit.go(step.clone()).await;
        shown.note(&step, visit.flow.answer.status.as_u16(), second);
        if outcome.payload == Payload::Success {
            let document = visit.flow.document();
            let context = (visit.path.clone(), document.clone());
            let context = Context(&context.0, &context.1);
            match visit.run.at.facts.subject {
                Some(Subject::Known(who)) => shown.suffices(world, who, &document["payload"]["claims"]),
                _ => assert!(
                    world.registering && shown.code
                        || !world.settings.email.require_verification
                        || visit.run.at.facts.email.is_none()
                ),
            }
            usable(&mut visit).await;
            drop(context);
            return true;
        }
    }
    false
}

/// Runs of each flow in each kind of project.
const RUNS: u64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_order_of_requests_makes_a_session_unearned_or_loses_what_was_made() {
    let mut sessions = 0;
    let tasks: Vec<_> = walk::families()
        .into_iter()
        .enumerate()
        .map(|(number, family)| tokio::spawn(family_runs(number as u64, family)))
        .collect();
    for task in tasks {
        sessions += task.await.unwrap();
    }
    assert!(sessions > 60, "too few runs come to their end: {sessions}");
}

async fn family_runs(number: u64, family: walk::Family) -> u64 {
    let clients = family.clients.clone();
    let stage = walk::stage(family).await;
    let mut store = Restorer::open(&stage.app).await;
    let mut sessions = 0;
    for round in 0..RUNS {
        for registering in [false, true] {
            store.restore().await;
            let seed = number * 1000 + round * 2 + u64::from(registering);
            let world = stage.world(registering);
            let ended = run(&stage.app, &world, stage.cookie.as_deref(), &clients, seed).await;
            sessions += u64::from(ended);
        }
    }
    stage.app.end().await;
    sessions
}
