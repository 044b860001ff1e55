//! The program as a process of its own, and its database looked at from outside.

use std::{
    collections::HashSet,
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{support::Prepared, until};

/// The program as a kubelet starts it.
pub struct Program {
    pub child: Child,
    pub public: String,
    pub admin: String,
}

impl Program {
    /// Starts it and waits until it is ready. Each `round` has a log of its own.
    pub async fn start(prepared: &Prepared, round: usize) -> Self {
        let sources = prepared.sources();
        let log = prepared.folder.path().join(format!("log.{round}"));
        let child = Command::new(env!("CARGO_BIN_EXE_hanko-runtime"))
            .arg("serve")
            .arg(sources.documents)
            .arg("--secrets-dir")
            .arg(sources.secrets)
            .arg("--data-dir")
            .arg(sources.data)
            .args(["--public-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"])
            .env_clear()
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut program = Self { child, public: String::new(), admin: String::new() };
        until("it listens", async || {
            let said = std::fs::read_to_string(&log).unwrap();
            let told = |name: &str| said.split_once(name).and_then(|(_, rest)| rest.split_whitespace().next());
            program.public = told(" public=").unwrap_or_default().to_owned();
            program.admin = told(" admin=").unwrap_or_default().to_owned();
            said.contains(" version=")
        })
        .await;
        until("it is ready", async || {
            let ready = reqwest::get(format!("http://{}/readyz", program.public)).await;
            ready.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        program
    }

    /// As the kernel does when memory is short.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Where its data is, looked at from outside.
pub enum Database {
    Sqlite(std::path::PathBuf),
    Postgres(String),
}

impl Database {
    pub fn sqlite(data: &Path) -> Self {
        let mut files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
        Self::Sqlite(files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap())
    }

    /// The first column of all rows.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        let rows: Vec<(String,)> = match self {
            Self::Sqlite(file) => sqlx::query_as(sql).fetch_all(&mut sqlite(file).await).await.unwrap(),
            Self::Postgres(url) => {
                sqlx::query_as(sql).fetch_all(&mut PgConnection::connect(url).await.unwrap()).await.unwrap()
            }
        };
        rows.into_iter().map(|(text,)| text).collect()
    }

    /// Everything that happened.
    pub async fn events(&self) -> HashSet<String> {
        let rows: Vec<(uuid::Uuid,)> = match self {
            Self::Sqlite(file) => {
                sqlx::query_as("SELECT id FROM events").fetch_all(&mut sqlite(file).await).await.unwrap()
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_as("SELECT id FROM events").fetch_all(&mut connection).await.unwrap()
            }
        };
        rows.into_iter().map(|(id,)| format!("msg_{}", id.simple())).collect()
    }

    /// Lets pauses and the leases of dead processes run out.
    pub async fn hurry(&self) {
        const SQL: &str = "UPDATE deliveries SET next_attempt_at = 0, leased_until = CASE WHEN leased_until IS NULL THEN NULL ELSE 0 END \
            WHERE state IN ('pending', 'leased')";
        match self {
            Self::Sqlite(file) => {
                sqlx::query(SQL).execute(&mut sqlite(file).await).await.unwrap();
            }
            Self::Postgres(url) => {
                sqlx::query(SQL).execute(&mut PgConnection::connect(url).await.unwrap()).await.unwrap();
            }
        }
    }
}

async fn sqlite(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10));
    SqliteConnection::connect_with(&options).await.unwrap()
}
