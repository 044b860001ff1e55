//! Statements whose conditions are chosen by whoever asks: built from fixed words, every value bound.

use uuid::Uuid;

use crate::{Store, connect::Pool};

/// A value in the place of a placeholder.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Id(Uuid),
    Number(i64),
    Text(String),
}

/// A statement under construction, in the words of one database.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) sql: String,
    pub(crate) values: Vec<Bound>,
    dialect: Dialect,
}

/// Whose words.
#[derive(Clone, Copy, Debug)]
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
        Self { sql: words.to_owned(), values: Vec::new(), dialect }
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
}

/// Runs a built statement on the pool of whichever database there is, and reads all of its rows.
macro_rules! fetch_built {
    ($store:expr, $built:expr) => {{
        let built = $built;
        macro_rules! fetch {
            ($db:expr) => {{
                let mut query = sqlx::query_as(sqlx::AssertSqlSafe(built.sql.as_str()));
                for value in built.values {
                    query = match value {
                        crate::built::Bound::Id(id) => query.bind(id),
                        crate::built::Bound::Number(number) => query.bind(number),
                        crate::built::Bound::Text(text) => query.bind(text),
                    };
                }
                query.fetch_all($db).await
            }};
        }
        match &$store.pool {
            crate::connect::Pool::Sqlite { read, .. } => fetch!(read),
            crate::connect::Pool::Postgres(pool) => fetch!(pool),
            crate::connect::Pool::MySql(pool) => fetch!(pool),
        }
    }};
}
