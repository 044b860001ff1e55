//! Nothing that was committed is lost, whenever the process dies.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hanko_domain::Random;
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

use crate::{
    SECRET, claims, crowd, hook,
    mock::{Conduct, Receiver},
    support::{Prepared, TestApp},
    until,
};

/// The program as a kubelet starts it.
struct Program {
    child: Child,
    public: String,
}

impl Program {
    async fn start(prepared: &Prepared, round: usize) -> Self {
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
        let mut program = Self { child, public: String::new() };
        until("it listens", async || {
            let said = std::fs::read_to_string(&log).unwrap();
            let at = said.split_once(" public=").map(|(_, rest)| rest.split_whitespace().next().unwrap().to_owned());
            program.public = at.unwrap_or_default();
            !program.public.is_empty()
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
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Where its data is, looked at from outside.
enum Database {
    Sqlite(std::path::PathBuf),
    Postgres(String),
}

impl Database {
    fn sqlite(data: &Path) -> Self {
        let mut files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
        Self::Sqlite(files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap())
    }

    /// Everything that happened.
    async fn events(&self) -> HashSet<String> {
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
    async fn hurry(&self) {
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

/// People sign up as fast as they can, until the process dies. Adds the ids of those who were told that they have an account.
fn sign_ups(public: &str, number: &Arc<AtomicU64>, accounts: &Arc<Mutex<HashSet<String>>>) -> JoinSet<()> {
    let mut people = JoinSet::new();
    for _ in 0..4 {
        let (url, number, accounts) = (format!("http://{public}/users"), Arc::clone(number), Arc::clone(accounts));
        people.spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            loop {
                let address = format!("user{}@fern.example", number.fetch_add(1, Ordering::Relaxed));
                let Ok(answer) = client.post(&url).json(&json!({"email": address})).send().await else { return };
                assert_eq!(answer.status(), 200);
                let Ok(account) = answer.json::<serde_json::Value>().await else { return };
                accounts.lock().unwrap().insert(account["id"].as_str().unwrap().to_owned());
            }
        });
    }
    people
}

async fn nothing_is_lost(url: Option<String>) {
    let receiver = Receiver::start(Conduct::Status(204)).await;
    let mut hook = hook("crm", &receiver, &["user", "session"]);
    hook["secretRef"] = json!({"name": "crm", "key": "secret"});
    let mut spec = json!({
        "mail": null,
        "settings": {"rateLimiter": {"enabled": false}, "mfa": {"enabled": false}},
        "webhooks": {"hooks": [hook], "maxAttempts": 20},
        "outbound": {"allowedNetworks": ["127.0.0.0/8"]},
    });
    if url.is_some() {
        spec["database"] = json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}});
    }
    let prepared = TestApp::prepare(spec).await;
    prepared.secret("crm", "secret", SECRET);
    if let Some(url) = &url {
        prepared.secret("db", "url", url);
    }

    let (number, accounts, random) = (Arc::default(), Arc::default(), Random::system());
    let rounds = if std::env::var_os("SOAK").is_some() { 60 } else { 6 };
    for round in 0..rounds {
        let program = Program::start(&prepared, round).await;
        receiver.then([Conduct::Status(500), Conduct::Reset, Conduct::Status(204), Conduct::Silent]);
        let people = sign_ups(&program.public, &number, &accounts);
        let [pause] = random.bytes::<1>();
        tokio::time::sleep(Duration::from_millis(200 + u64::from(pause) * 3)).await;
        program.kill();
        people.join_all().await;
    }

    let database = url.map_or_else(|| Database::sqlite(&prepared.sources().data), Database::Postgres);
    let happened = database.events().await;
    let last = Program::start(&prepared, rounds).await;
    let (mut told, mut looks) = (HashMap::new(), 0);
    until("everything has arrived", async || {
        if looks % 50 == 0 {
            database.hurry().await;
        }
        looks += 1;
        for request in receiver.received() {
            told.insert(request.header("webhook-id").to_owned(), request);
        }
        happened.iter().all(|event| told.contains_key(event))
    })
    .await;
    last.kill();

    assert!(happened.len() > 2 * rounds, "people did come: {}", happened.len());
    assert_eq!(told.keys().filter(|id| !happened.contains(*id)).count(), 0, "nothing is told that did not happen");
    let mut created = HashSet::new();
    let verifiers =
        [SECRET, SECRET.trim_start_matches("whsec_")].map(|secret| standardwebhooks::Webhook::new(secret).unwrap());
    for (id, request) in &told {
        let claims = claims(request);
        assert_eq!(&format!("msg_{}", claims["jti"].as_str().unwrap().replace('-', "")), id);
        if claims["evt"] == "user.create" {
            created.insert(claims["data"]["id"].as_str().unwrap().to_owned());
        }
        let headers = request.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers = http::HeaderMap::from_iter(headers.collect::<Vec<(http::HeaderName, http::HeaderValue)>>());
        for verifier in &verifiers {
            verifier.verify(&request.body, &headers).unwrap();
        }
    }
    let accounts = accounts.lock().unwrap();
    assert!(accounts.iter().all(|account| created.contains(account)), "whoever was told of an account has one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_was_committed_arrives_although_the_process_is_killed_again_and_again() {
    nothing_is_lost(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_on_postgres() {
    if let Some(url) = crowd::postgres().await {
        nothing_is_lost(Some(url)).await;
    }
}
