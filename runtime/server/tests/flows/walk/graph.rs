//! Goes everywhere: every way to call every action in every situation, without walking the same way twice if it can be helped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    check::{check, check_stored},
    model::{Key, Run, World},
    moves::With,
    outcome::Payload,
    people::Client,
    tables::actions,
};
use crate::support::{Flow, TestApp};

type Move = (String, With);

/// A run is not longer than the history that is kept of it.
const LONGEST: usize = 30;

/// What may send a mail.
const MAILING: [&str; 6] = [
    "continue_with_login_identifier",
    "continue_to_passcode_confirmation",
    "continue_to_passcode_confirmation_recovery",
    "resend_passcode",
    "register_login_identifier",
    "email_address_set",
];

/// What has been seen so far.
#[derive(Default)]
struct Graph {
    untried: BTreeMap<Key, Vec<Move>>,
    edges: BTreeMap<Key, Vec<(Move, Key)>>,
}

impl Graph {
    /// The next step of a run: something new, else towards something new.
    fn next(&mut self, key: &Key) -> Option<Move> {
        if let Some(new) = self.untried.get_mut(key).and_then(Vec::pop) {
            return Some(new);
        }
        let mut seen = BTreeSet::from([key]);
        let mut open: VecDeque<(&Key, Option<&Move>)> = VecDeque::from([(key, None)]);
        while let Some((at, first)) = open.pop_front() {
            if self.untried.get(at).is_some_and(|moves| !moves.is_empty()) {
                return first.cloned();
            }
            for (step, target) in self.edges.get(at).into_iter().flatten() {
                if seen.insert(target) {
                    open.push_back((target, first.or(Some(step))));
                }
            }
        }
        None
    }
}

/// Walks one flow; `capabilities` are those of the clients that come. Returns every state and action that was performed, and where it led.
pub async fn walk(
    app: &TestApp,
    world: &World<'_>,
    cookie: Option<&str>,
    capabilities: &[With],
) -> BTreeSet<(&'static str, String, &'static str)> {
    let (mut graph, mut performed, mut store) = (Graph::default(), BTreeSet::new(), Restorer::open(app).await);
    let flow = if world.registering { "/registration" } else { "/login" };
    loop {
        store.restore().await;
        let mut run = Run::begin(world);
        let mut client = Client::new(world.people);
        let mut flow = Flow::begin(app, flow).await;
        flow.headers.extend(cookie.map(|cookie| ("cookie".to_owned(), cookie.to_owned())));
        let mut path: Vec<Move> = Vec::new();
        loop {
            let key = run.key();
            graph.untried.entry(key.clone()).or_insert_with(|| {
                let names = actions(world, &run);
                let ways = names.keys().flat_map(|action| {
                    let ways = if action == "register_client_capabilities" {
                        capabilities.to_vec()
                    } else {
                        world.ways(&run, action)
                    };
                    ways.into_iter().map(|with| (action.clone(), with))
                });
                // The way back is tried last.
                let mut ways: Vec<Move> = ways.collect();
                ways.sort_by_key(|(action, _)| action != "back");
                ways
            });
            let Some((action, with)) = graph.next(&key) else { break };
            path.push((action.clone(), with.clone()));
            let before = flow.document();
            // Of several mails to one address the newest has to come last.
            if run.code.is_some() && MAILING.contains(&action.as_str()) {
                app.until_delivered().await;
            }
            let inputs = client.inputs(app, &flow, &run, &action, &with).await;
            let from = run.at.state;
            let outcome = run.act(world, &action, &with);
            flow.act(&action, inputs).await;
            performed.insert((from, action.clone(), run.at.state));
            let context = Context(&path, &flow.answer.json());
            check(world, &run, &action, &outcome, &before, &flow.answer);
            if outcome.payload == Payload::Success {
                check_stored(app, &flow.answer).await;
            }
            drop(context);
            client.see(&flow.document());
            let target = run.key();
            let known = graph.edges.entry(key).or_default();
            if !known.iter().any(|(step, _)| *step == (action.clone(), with.clone())) {
                known.push(((action, with), target));
            }
            if path.len() >= LONGEST {
                break;
            }
        }
        if path.is_empty() {
            return performed;
        }
    }
}

/// Says where it happened when a check fails.
struct Context<'a>(&'a [Move], &'a Value);

impl Drop for Context<'_> {
    #[allow(clippy::print_stderr, reason = "what a failed check needs to be understood")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {:?}\n{:#}", self.0, self.1);
        }
    }
}

/// Puts the accounts back as they were, so that every run begins in the same world.
struct Restorer(SqliteConnection);

const TABLES: [&str; 8] =
    ["users", "emails", "usernames", "passwords", "webauthn_credentials", "otp_secrets", "trusted_devices", "sessions"];

/// Opens the database file beside the process.
async fn open(app: &TestApp) -> SqliteConnection {
    let folder = app.documents().parent().unwrap().join("data");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file).foreign_keys(false)).await.unwrap()
}

/// Runs statements.
pub async fn execute(app: &TestApp, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut open(app).await).await.unwrap();
}

impl Restorer {
    async fn open(app: &TestApp) -> Self {
        let mut connection = open(app).await;
        for table in TABLES {
            let sql = format!("CREATE TEMP TABLE kept_{table} AS SELECT * FROM main.{table}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        Self(connection)
    }

    async fn restore(&mut self) {
        let mut sql = String::from("BEGIN IMMEDIATE;");
        for table in TABLES {
            sql += &format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM kept_{table};");
        }
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql + "COMMIT")).execute(&mut self.0).await.unwrap();
    }
}
