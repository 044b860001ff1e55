//! Goes everywhere: every way to call every action in every situation, without walking the same way twice if it can be helped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    model::{Key, World},
    moves::With,
    visit::{Move, Visit},
};
use crate::support::TestApp;

/// A run is not longer than the history that is kept of it.
pub const LONGEST: usize = 30;

/// What has been seen so far.
pub struct Graph<K, M> {
    untried: BTreeMap<K, Vec<M>>,
    edges: BTreeMap<K, Vec<(M, K)>>,
}

impl<K, M> Default for Graph<K, M> {
    fn default() -> Self {
        Self { untried: BTreeMap::new(), edges: BTreeMap::new() }
    }
}

impl<K: Clone + Ord, M: Clone + PartialEq> Graph<K, M> {
    /// What can be done at a place that is seen for the first time.
    pub fn see(&mut self, key: &K, moves: impl FnOnce() -> Vec<M>) {
        if !self.untried.contains_key(key) {
            self.untried.insert(key.clone(), moves());
        }
    }

    /// A step led somewhere.
    pub fn took(&mut self, from: K, step: M, to: K) {
        let known = self.edges.entry(from).or_default();
        if !known.iter().any(|(taken, _)| *taken == step) {
            known.push((step, to));
        }
    }

    /// The next step of a run: something new, else towards something new.
    pub fn next(&mut self, key: &K) -> Option<M> {
        if let Some(new) = self.untried.get_mut(key).and_then(Vec::pop) {
            return Some(new);
        }
        let mut seen = BTreeSet::from([key]);
        let mut open: VecDeque<(&K, Option<&M>)> = VecDeque::from([(key, None)]);
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
    let (mut graph, mut performed, mut store) =
        (Graph::<Key, Move>::default(), BTreeSet::new(), Restorer::open(app).await);
    loop {
        store.restore().await;
        let mut visit = Visit::begin(app, world, cookie).await;
        while visit.path.len() < LONGEST {
            let (key, from) = (visit.run.key(), visit.run.at.state);
            graph.see(&key, || visit.moves(capabilities));
            let Some(step) = graph.next(&key) else { break };
            visit.go(step.clone()).await;
            performed.insert((from, step.0.clone(), visit.run.at.state));
            graph.took(key, step, visit.run.key());
        }
        if visit.path.is_empty() {
            return performed;
        }
    }
}

/// Puts the accounts back as they were, so that every run begins in the same world.
pub struct Restorer(SqliteConnection);

const TABLES: [&str; 9] = [
    "users",
    "emails",
    "usernames",
    "passwords",
    "webauthn_credentials",
    "otp_secrets",
    "trusted_devices",
    "sessions",
    "user_metadata",
];

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

/// Reads one column of texts.
pub async fn read(app: &TestApp, sql: String) -> Vec<String> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut open(app).await).await.unwrap()
}

impl Restorer {
    pub async fn open(app: &TestApp) -> Self {
        let mut connection = open(app).await;
        for table in TABLES {
            let sql = format!("CREATE TEMP TABLE kept_{table} AS SELECT * FROM main.{table}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        Self(connection)
    }

    pub async fn restore(&mut self) {
        let mut sql = String::from("BEGIN IMMEDIATE;");
        for table in TABLES {
            sql += &format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM kept_{table};");
        }
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql + "COMMIT")).execute(&mut self.0).await.unwrap();
    }
}
