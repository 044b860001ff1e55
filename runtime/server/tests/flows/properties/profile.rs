//! Laws of the profile, whatever is done in whatever order.

use std::time::Duration;

use serde_json::{Value, json};

use super::Dice;
use crate::{
    begin, modern,
    support::{Flow, TestApp, send},
    walk::{
        graph::Restorer,
        profile::{
            Home, Household, home, households,
            model::World,
            moves::Way,
            people::Guest,
            visit::{ProfileMove, Visit},
        },
        visit::Context,
    },
};

/// Runs of each person.
const RUNS: u64 = 2;
/// Steps of a run.
const STEPS: usize = 20;

/// What leads on is drawn more often. A code of the app counts once, so nobody who has used or just set up one shows another.
fn draw(dice: &mut Dice, visit: &Visit<'_>, moves: Vec<ProfileMove>) -> ProfileMove {
    let used = visit.path.iter().any(|(action, way)| action.starts_with("otp_code_") && *way == Way::Right);
    let allowed = |(action, _): &&ProfileMove| {
        action != "account_delete" && !(used && action == "otp_code_validate") && action != "resend_passcode"
    };
    let weight = |way: &Way| match way {
        Way::Right | Way::Own(_) | Way::Fresh | Way::Claimed | Way::Nothing => 4,
        _ => 1,
    };
    let moves: Vec<&ProfileMove> = moves.iter().filter(allowed).collect();
    let lot: Vec<&ProfileMove> = moves.iter().flat_map(|step| std::iter::repeat_n(*step, weight(&step.1))).collect();
    lot[dice.below(lot.len())].clone()
}

/// The run of somebody signed in, continued with the session of somebody else: nothing happens, and nothing is told.
async fn continue_as(visit: &Visit<'_>, cookie: &str) {
    let document = visit.flow.document();
    let Some(action) = document["actions"].as_object().unwrap().values().next() else { return };
    let request = visit.app.http.post(visit.app.url(action["href"].as_str().unwrap())).header("cookie", cookie);
    let answer = send(request.json(&json!({"input_data": {}, "csrf_token": document["csrf_token"]}))).await;
    let short = json!({
        "name": "error", "status": 403, "csrf_token": "", "actions": {}, "links": null,
        "error": {"code": "operation_not_permitted_error", "message": "The operation is not permitted."},
    });
    assert_eq!((answer.json(), answer.header("set-cookie")), (short, String::new()));
}

/// Whether the account can really be signed in to with something it has; a second factor that is asked for then is there, too.
async fn signs_in(app: &TestApp, world: &World<'_>, visit: &mut Visit<'_>) {
    let (settings, account) = (world.settings, visit.run.account.clone());
    let mut flow = begin(app, "/login", modern()).await;
    if account.can_passkey(settings) {
        let document = flow.act("webauthn_generate_request_options", json!({})).await;
        let assertion = visit.client.sign(&document, &account.passkeys[0].id).await;
        flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
        return assert_onward(&flow);
    }
    let (mails, names) = (settings.email.use_as_login_identifier, settings.username.use_as_login_identifier);
    let mailbox = account.mailbox().filter(|_| mails);
    let typed = mailbox.map(ToOwned::to_owned).or_else(|| account.username.clone().filter(|_| names)).unwrap();
    let inputs = flow.document()["actions"]["continue_with_login_identifier"]["inputs"].clone();
    let input = inputs.as_object().unwrap().keys().next().unwrap().clone();
    flow.act("continue_with_login_identifier", json!({input: typed})).await;
    if account.can_password(settings) {
        if flow.state() == "login_method_chooser" {
            flow.act("continue_to_password_login", json!({})).await;
        }
        flow.act("password_login", json!({"password": visit.client.password})).await;
        return assert_onward(&flow);
    }
    if flow.state() == "login_method_chooser" {
        flow.act("continue_to_passcode_confirmation", json!({})).await;
    }
    app.until_delivered().await;
    let code = app.mailbox.newest(account.mailbox().unwrap()).unwrap().code();
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_onward(&flow);
}

/// The first factor was accepted.
fn assert_onward(flow: &Flow<'_>) {
    let before =
        ["login_init", "login_method_chooser", "login_password", "login_passkey", "passcode_confirmation", "error"];
    let document = flow.document();
    assert!(document["status"] == 200 && !before.contains(&flow.state().as_str()), "{document:#}");
}

async fn run(home: &Home, guest: &Guest, clients: &[Way], seed: u64) {
    let (app, world, mut dice) = (&home.stage.app, home.world(), Dice(seed));
    let mut visit = Visit::begin(app, &world, guest).await;
    let had_a_way = guest.run.account.can_sign_in(world.settings);
    while visit.path.len() < STEPS {
        let moves = visit.moves(clients);
        let step = draw(&mut dice, &visit, moves);
        if dice.below(4) == 0 && visit.run.at.state != "preflight" {
            continue_as(&visit, &world.stranger.cookie).await;
        }
        // No two things are made in one moment.
        app.clock.advance(Duration::from_millis(1));
        visit.go(step).await;
    }
    let context = (visit.path.clone(), visit.flow.document());
    let context = Context(&context.0, &context.1);
    if had_a_way {
        assert!(visit.run.account.can_sign_in(world.settings), "{:#?}", visit.run.account);
        signs_in(app, &world, &mut visit).await;
    }
    drop(context);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_order_of_requests_in_the_profile_locks_anybody_out_or_shows_or_changes_what_is_another_ones() {
    let tasks: Vec<_> = households()
        .into_iter()
        .enumerate()
        .map(|(number, household)| tokio::spawn(household_runs(number as u64, household)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn household_runs(number: u64, household: Household) {
    let clients = household.clients;
    let home = home(household).await;
    let mut store = Restorer::open(&home.stage.app).await;
    for (person, guest) in home.guests.iter().enumerate() {
        for round in 0..RUNS {
            store.restore().await;
            run(&home, guest, clients, number * 1000 + person as u64 * 10 + round).await;
        }
    }
    home.stage.app.end().await;
}

/// The answer of somebody's own passkey raises nobody else's session, though it answers the very challenge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_raised_by_nobody_but_its_own_user() {
    let household = households().into_iter().find(|household| household.steps_up()).unwrap();
    let home = home(household).await;
    let (app, world) = (&home.stage.app, home.world());
    let has_passkey = |guest: &&Guest| guest.run.account.passkeys.len() == 1 && !guest.run.account.totp;
    let owners: Vec<&Guest> = home.guests.iter().filter(has_passkey).collect();
    let (victim, thief) = (owners[0], owners[1]);
    let mut visit = Visit::begin(app, &world, victim).await;
    visit.go(("register_client_capabilities".into(), Way::Capabilities(true, true))).await;
    visit.go(("account_delete".into(), Way::Nothing)).await;
    if visit.run.at.state == "login_method_chooser" {
        visit.go(("webauthn_generate_request_options".into(), Way::Nothing)).await;
    }
    let mut document: Value = visit.flow.document();
    document["payload"]["request_options"]["publicKey"].as_object_mut().unwrap().remove("allowCredentials");
    let mut client = thief.client.clone();
    let assertion = client.sign(&document, &thief.run.account.passkeys[0].id).await;
    let answer = visit.flow.act("webauthn_verify_assertion_response", json!({"assertion_response": assertion})).await;
    assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!(401), &json!("passkey_invalid")), "{answer:#}");
    assert_eq!(visit.flow.answer.header("set-cookie"), "");
    home.stage.app.end().await;
}
