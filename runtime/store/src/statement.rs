//! One text per statement, three dialects.

/// A statement in the words of each database.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// Its name, for tests and traces.
    pub name: &'static str,
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
    /// For MariaDB and MySQL.
    pub mysql: &'static str,
}

/// Turns `$1, $2 …` into MySQL's `?` at compile time. The placeholders must stand in order, each once, since `?` has no
/// number; the build fails otherwise. Digits become blanks, so the text keeps its length.
#[allow(clippy::indexing_slicing)] // runs only in the compiler, which reports an index out of bounds as an error
pub const fn question_marks<const N: usize>(sql: &str) -> [u8; N] {
    let text = sql.as_bytes();
    let mut out = [b' '; N];
    let (mut at, mut expected) = (0, 1);
    while at < N {
        if text[at] == b'$' {
            out[at] = b'?';
            at += 1;
            let mut number = 0;
            while at < N && text[at].is_ascii_digit() {
                number = number * 10 + (text[at] - b'0') as usize;
                at += 1;
            }
            assert!(number == expected, "placeholders must be $1, $2, $3 … in order and each once");
            expected += 1;
        } else {
            out[at] = text[at];
            at += 1;
        }
    }
    out
}

/// Reads back what [`question_marks`] wrote.
pub const fn as_text(bytes: &'static [u8]) -> &'static str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Declares statements, and a list of them all for the tests.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal $(, sqlite = $sqlite:literal)? $(, postgres = $postgres:literal)? $(, mysql = $mysql:literal)?;)*) => {
        $(
            $(#[$doc])*
            const $name: crate::statement::Statement = {
                const TEXT: &str = $sql;
                crate::statement::Statement {
                    name: stringify!($name),
                    sqlite: statements!(@or TEXT $(, $sqlite)?),
                    postgres: statements!(@or TEXT $(, $postgres)?),
                    mysql: statements!(@mysql TEXT $(, $mysql)?),
                }
            };
        )*
        /// Every statement of this file.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[crate::statement::Statement] = &[$($name),*];
    };
    (@or $default:ident) => { $default };
    (@or $default:ident, $given:literal) => { $given };
    (@mysql $text:ident) => {{
        const DERIVED: [u8; $text.len()] = crate::statement::question_marks($text);
        crate::statement::as_text(&DERIVED)
    }};
    (@mysql $text:ident, $given:literal) => { $given };
}

/// Runs one body on the pool of whichever database there is.
macro_rules! on_pool {
    ($pool:expr, $statement:expr, |$sql:ident, $executor:ident| $body:expr) => {
        match $pool {
            crate::connect::Pool::Sqlite { read: $executor, .. } => {
                let $sql = $statement.sqlite;
                $body
            }
            crate::connect::Pool::Postgres($executor) => {
                let $sql = $statement.postgres;
                $body
            }
            crate::connect::Pool::MySql($executor) => {
                let $sql = $statement.mysql;
                $body
            }
        }
    };
}

/// Runs one body in the transaction of whichever database there is.
macro_rules! on_work {
    ($work:expr, $statement:expr, |$sql:ident, $executor:ident| $body:expr) => {
        match &mut $work.transaction {
            crate::work::Transaction::Sqlite(transaction) => {
                let ($sql, $executor) = ($statement.sqlite, &mut **transaction);
                $body
            }
            crate::work::Transaction::Postgres(transaction) => {
                let ($sql, $executor) = ($statement.postgres, &mut **transaction);
                $body
            }
            crate::work::Transaction::MySql(transaction) => {
                let ($sql, $executor) = ($statement.mysql, &mut **transaction);
                $body
            }
        }
    };
}
