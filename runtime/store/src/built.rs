//! Statements whose conditions are chosen by whoever asks: built from fixed words, every value bound.

use hanko_domain::Secret;
use uuid::Uuid;

use crate::{Store, connect::Pool, work::Transaction};

/// A value in the place of a placeholder.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Id(Uuid),
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Flag(bool),
    Json(serde_json::Value),
    Secret(Secret<String>),
    MaybeId(Option<Uuid>),
    MaybeNumber(Option<i64>),
    MaybeText(Option<String>),
}

/// A statement under construction, in the words of one database.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) sql: String,
    pub(crate) values: Vec<Bound>,
    pub(crate) dialect: Dialect,
    /// Whether it is worth remembering as prepared, and one plan does for all values.
    pub(crate) prepared: bool,
}

/// Whose words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

impl Built {
    pub(crate) fn new(store: &Store, words: &str) -> Self {
        let dialect = match store.pool {
            Pool::Sqlite { .. } => Dialect::Sqlite,
            Pool::Postgres(_) => Dialect::Postgres,
            Pool::MySql(_) => Dialect::MySql,
        };
        Self { sql: words.to_owned(), values: Vec::new(), dialect, prepared: true }
    }

    /// The same for a transaction.
    pub(crate) fn of(transaction: &Transaction, words: &str) -> Self {
        let dialect = match transaction {
            Transaction::Sqlite(_) => Dialect::Sqlite,
            Transaction::Postgres(_) => Dialect::Postgres,
            Transaction::MySql(_) => Dialect::MySql,
        };
        Self { sql: words.to_owned(), values: Vec::new(), dialect, prepared: true }
    }

    /// Has it planned anew for its values each time.
    #[must_use]
    pub(crate) fn unprepared(mut self) -> Self {
        self.prepared = false;
        self
    }

    /// Adds words. Never a value: those are bound.
    #[must_use]
    pub(crate) fn words(mut self, words: &str) -> Self {
        self.sql.push_str(words);
        self
    }

    /// Adds the words of this database.
    #[must_use]
    pub(crate) fn words_of(self, sqlite: &str, postgres: &str, mysql: &str) -> Self {
        let words = match self.dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
            Dialect::MySql => mysql,
        };
        self.words(words)
    }

    /// Adds a value.
    #[must_use]
    pub(crate) fn value(mut self, value: Bound) -> Self {
        self.values.push(value);
        match self.dialect {
            Dialect::MySql => self.sql.push('?'),
            Dialect::Sqlite | Dialect::Postgres => self.sql.push_str(&format!("${}", self.values.len())),
        }
        self
    }

    /// Adds values between brackets. There must be one at least.
    #[must_use]
    pub(crate) fn list(mut self, values: impl IntoIterator<Item = Bound>) -> Self {
        let mut before = "(";
        for value in values {
            self = self.words(before).value(value);
            before = ", ";
        }
        self.words(")")
    }
}

/// A query of any kind with the values of a built statement.
macro_rules! bind_built {
    ($query:expr, $built:expr) => {{
        let mut query = $query.persistent($built.prepared);
        for value in $built.values {
            query = match value {
                crate::built::Bound::Id(id) => query.bind(id),
                crate::built::Bound::Number(number) => query.bind(number),
                crate::built::Bound::Text(text) => query.bind(text),
                crate::built::Bound::Bytes(bytes) => query.bind(bytes),
                crate::built::Bound::Flag(flag) => query.bind(flag),
                crate::built::Bound::Json(json) => query.bind(sqlx::types::Json(json)),
                crate::built::Bound::Secret(secret) => query.bind(secret.expose().clone()),
                crate::built::Bound::MaybeId(id) => query.bind(id),
                crate::built::Bound::MaybeNumber(number) => query.bind(number),
                crate::built::Bound::MaybeText(text) => query.bind(text),
            };
        }
        query
    }};
}

/// Runs a built statement in the transaction of whichever database there is.
macro_rules! execute_built {
    ($work:expr, $built:expr) => {{
        let built = $built;
        macro_rules! execute {
            ($db:expr) => {
                bind_built!(sqlx::query(sqlx::AssertSqlSafe(built.sql.as_str())), built)
                    .execute(&mut **$db)
                    .await
                    .map(|_| ())
            };
        }
        match &mut $work.transaction {
            crate::work::Transaction::Sqlite(transaction) => execute!(transaction),
            crate::work::Transaction::Postgres(transaction) => execute!(transaction),
            crate::work::Transaction::MySql(transaction) => execute!(transaction),
        }
    }};
}

/// Runs a built statement on the pool of whichever database there is, and reads all of its rows.
macro_rules! fetch_built {
    ($store:expr, $built:expr) => {{
        let built = $built;
        macro_rules! fetch {
            ($db:expr) => {
                bind_built!(sqlx::query_as(sqlx::AssertSqlSafe(built.sql.as_str())), built).fetch_all($db).await
            };
        }
        match &$store.pool {
            crate::connect::Pool::Sqlite { read, .. } => fetch!(read),
            crate::connect::Pool::Postgres(pool) => fetch!(pool),
            crate::connect::Pool::MySql(pool) => fetch!(pool),
        }
    }};
}
