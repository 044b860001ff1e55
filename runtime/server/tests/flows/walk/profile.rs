//! A walk through everything the profile offers, as many kinds of people in many kinds of projects: every answer is held against
//! `spec/flow-profile.md`, told a second time, and against what is stored afterwards.

pub mod account;
pub mod model;
pub mod moves;
mod offers;
pub mod people;
mod rules;
pub mod visit;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::{
    model::{Key, Stranger, World},
    moves::Way,
    people::{Guest, claims, me},
    visit::{ProfileMove, Visit},
};
use super::{
    Edge, Family, Stage, bo, declared,
    graph::{Graph, LONGEST, Restorer, execute},
    jane, kay, max, nora, otto,
    people::Person,
    pia, stage, uma,
};

const MODERN: Way = Way::Capabilities(true, true);
const PLAIN: Way = Way::Capabilities(false, false);

/// A project of one kind, and the people who have an account there and a session.
pub struct Household {
    settings: Value,
    people: Vec<Person>,
    /// More addresses of the first of them, proven or not.
    emails: &'static [(&'static str, bool)],
    pub clients: &'static [Way],
    /// Wrong inputs are tried, too; what becomes of them hardly depends on the project.
    thorough: bool,
}

impl Household {
    /// Actions need a fresh factor, and nobody has shown one lately.
    pub fn steps_up(&self) -> bool {
        self.settings.pointer("/account/stepUp/maxAge") == Some(&json!("30s"))
    }
}

pub fn households() -> Vec<Household> {
    let home = |settings, people: Vec<Person>| Household {
        settings,
        people,
        emails: &[],
        clients: &[MODERN],
        thorough: false,
    };
    let everything = json!({"email": {"optional": true}, "username": {"enabled": true}, "password": {"optional": true},
        "account": {"allowDeletion": true}});
    let step_up = |age: &str| {
        json!({"email": {"optional": true}, "username": {"enabled": true},
            "account": {"allowDeletion": true, "stepUp": {"enabled": true, "maxAge": age}}})
    };
    vec![
        Household { clients: &[MODERN, PLAIN], thorough: true, ..home(json!({}), vec![jane()]) },
        Household { emails: &[("second@x.de", true)], ..home(everything.clone(), vec![jane(), uma(), bo()]) },
        // A second factor for all.
        home(json!({"mfa": {"optional": false, "acquireOnLogin": true}}), vec![otto(), bo()]),
        // Addresses that nobody proves.
        Household {
            emails: &[("second@x.de", true), ("third@x.de", false)],
            ..home(
                json!({"email": {"requireVerification": false}, "password": {"optional": true}}),
                vec![jane(), pia()],
            )
        },
        Household { thorough: true, ..home(json!({"privacy": {"showAccountExistenceHints": true}}), vec![jane()]) },
        Household {
            emails: &[("second@x.de", true), ("third@x.de", false)],
            ..home(json!({"password": {"enabled": false}}), vec![max()])
        },
        home(step_up("5m"), vec![otto()]),
        home(step_up("30s"), vec![pia(), max(), nora(), uma(), otto(), bo()]),
        Household { clients: &[PLAIN], ..home(step_up("30s"), vec![kay(), pia()]) },
        // One of each.
        home(
            json!({"email": {"limit": 1}, "passkey": {"limit": 1}, "mfa": {"securityKeys": {"limit": 1}}}),
            vec![pia(), kay()],
        ),
        home(json!({"session": {"allowRevocation": false, "showOnProfile": false}}), vec![jane()]),
        home(json!({"session": {"showOnProfile": false}}), vec![jane()]),
        // Passkeys that somebody needs.
        home(
            json!({"passkey": {"optional": false}, "email": {"useForAuthentication": false}, "password": {"optional": true}}),
            vec![pia(), max().passkey()],
        ),
        // Usernames alone.
        home(json!({"email": {"enabled": false}, "username": {"enabled": true, "optional": false}}), vec![bo()]),
        // Names that nobody signs in with.
        home(json!({"username": {"enabled": true, "useAsLoginIdentifier": false}}), vec![otto()]),
        home(json!({"passkey": {"enabled": false}, "mfa": {"enabled": false}}), vec![bo()]),
    ]
}

/// A process with the project of a household, its people signed in, and a stranger.
pub struct Home {
    pub stage: Stage,
    pub guests: Vec<Guest>,
    pub stranger: Stranger,
}

/// Somebody else. The address they call theirs first is one they have not proven.
fn mia() -> Person {
    Person::of(Some("mia@x.de"), Some("mia"), true).passkey()
}

pub async fn home(household: Household) -> Home {
    let Household { settings, mut people, emails, .. } = household;
    let first = people[0].email.or(people[0].username).unwrap();
    people.push(mia());
    let stage = stage(Family { settings, people, clients: Vec::new(), device: false }).await;
    let app = &stage.app;
    let owner = |address: &str| format!("(SELECT user_id FROM emails WHERE address = '{address}')");
    for (at, (address, proven)) in emails.iter().chain(&[("claimed@x.de", false)]).enumerate() {
        let of = if *address == "claimed@x.de" { "mia@x.de" } else { first };
        let copy = format!(
            "INSERT INTO emails SELECT tenant_id, randomblob(16), user_id, '{address}', '{address}', {proven}, \
             created_at + {at} + 1, updated_at FROM emails WHERE address = '{of}'"
        );
        execute(app, copy).await;
    }
    let claimed = "(SELECT id FROM emails WHERE address = 'claimed@x.de')";
    execute(app, format!("UPDATE users SET primary_email_id = {claimed} WHERE id = {}", owner("mia@x.de"))).await;
    // Everybody has signed in before.
    let copy = "INSERT INTO sessions SELECT tenant_id, randomblob(16), user_id, user_agent, ip_address, created_at - 1, \
                last_used, expires_at, ends_at FROM sessions";
    execute(app, copy.to_owned()).await;

    let mut guests = Vec::new();
    for (person, cookie) in stage.people.iter().zip(&stage.sessions) {
        let current = claims(app, cookie).await["session_id"].as_str().unwrap().to_owned();
        let user = me(app, cookie).await.json()["id"].as_str().unwrap().to_owned();
        let sessions = sessions_of(app, &user).await;
        let others = sessions.into_iter().filter(|id| *id != current).collect();
        guests.push(Guest::of(app, person, cookie, others).await);
    }
    let other = guests.pop().unwrap();
    let user = me(app, &other.client.cookie).await.json();
    let account = &other.run.account;
    let stranger = Stranger {
        id: account.id.clone(),
        address: "mia@x.de".into(),
        claimed: "claimed@x.de".into(),
        username: "mia".into(),
        email: account.emails.iter().find(|email| email.text == "mia@x.de").unwrap().id.clone(),
        passkey: account.passkeys.first().map_or_else(|| "bWlh".to_owned(), |passkey| passkey.id.clone()),
        session: other.run.session.clone(),
        cookie: other.client.cookie.clone(),
        user,
    };
    Home { stage, guests, stranger }
}

/// The ids of a user's sessions, newest first.
async fn sessions_of(app: &crate::support::TestApp, user: &str) -> Vec<String> {
    let user = user.replace('-', "");
    let sql =
        format!("SELECT hex(id) FROM sessions WHERE hex(user_id) = upper('{user}') ORDER BY created_at DESC, id DESC");
    let ids = super::graph::read(app, sql).await;
    ids.into_iter().map(|id| id.parse::<uuid::Uuid>().unwrap().to_string()).collect()
}

impl Home {
    pub fn world(&self) -> World<'_> {
        World { settings: &self.stage.settings, stranger: &self.stranger, now: self.stage.app.clock.now().seconds() }
    }
}

/// Of each action the first way, and everything of one's own.
fn main_ways(mut moves: Vec<ProfileMove>) -> Vec<ProfileMove> {
    let mut seen = BTreeSet::new();
    moves.retain(|(action, way)| {
        let first = seen.insert(action.clone());
        first || matches!(way, Way::Own(_) | Way::Right | Way::Capabilities(..))
    });
    moves
}

/// Every way to call every action, up to the first change of the account.
async fn walk(home: &Home, guest: &Guest, clients: &[Way], thorough: bool) -> BTreeSet<Edge> {
    let (app, world) = (&home.stage.app, home.world());
    let mut graph = Graph::<Key, ProfileMove>::default();
    let (mut performed, mut store) = (BTreeSet::new(), Restorer::open(app).await);
    loop {
        store.restore().await;
        let mut visit = Visit::begin(app, &world, guest).await;
        while visit.run.changes == 0 && visit.path.len() < LONGEST {
            let (key, from) = (visit.run.key(), visit.run.at.state);
            graph.see(&key, || if thorough { visit.moves(clients) } else { main_ways(visit.moves(clients)) });
            let Some(step) = graph.next(&key) else { break };
            visit.go(step.clone()).await;
            performed.insert(("profile", from, step.0.clone(), visit.run.at.state));
            graph.took(key, step, visit.run.key());
        }
        if visit.path.is_empty() {
            store.restore().await;
            return performed;
        }
    }
}

async fn walk_household(household: Household) -> BTreeSet<Edge> {
    let (clients, thorough) = (household.clients, household.thorough);
    let home = home(household).await;
    let mut performed = BTreeSet::new();
    for guest in &home.guests {
        performed.extend(walk(&home, guest, clients, thorough).await);
    }
    home.stage.app.end().await;
    performed
}

/// States with a way back (§2.2), those of a step-up among them.
const RETURNING: [&str; 8] = [
    "webauthn_credential_verification",
    "passcode_confirmation",
    "mfa_otp_secret_creation",
    "login_method_chooser",
    "login_password",
    "login_passkey",
    "login_otp",
    "login_security_key",
];

/// What may come before any action of `profile_init`.
const STEP_UP: &str = "step-up";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_the_profile_offers_can_be_done_and_is_what_the_contract_says() {
    let walks: Vec<_> = households().into_iter().map(|household| tokio::spawn(walk_household(household))).collect();
    let mut walked = BTreeSet::new();
    for walk in walks {
        walked.extend(walk.await.unwrap());
    }
    let declared = declared(&["profile"]);
    for (flow, from, action, to) in walked.iter().filter(|(_, from, action, to)| from != to && action != "back") {
        let edge = |action: &str| ((*flow).to_owned(), (*from).to_owned(), action.to_owned(), (*to).to_owned());
        let found = declared.contains(&edge(action)) || declared.contains(&edge(STEP_UP));
        assert!(found, "{:?} is not declared", edge(action));
    }
    let backs = RETURNING.iter().map(|state| (*state, "back"));
    let text = |(from, action): (&str, &str)| [from, action].map(ToOwned::to_owned);
    let mut expected: BTreeSet<_> = backs.map(text).collect();
    let actions = declared.iter().filter(|(_, _, action, _)| action != STEP_UP);
    expected.extend(actions.map(|(_, from, action, _)| text((from, action))));
    let performed: BTreeSet<_> = walked.iter().map(|(_, from, action, _)| text((from, action))).collect();
    assert_eq!(performed, expected);
}
