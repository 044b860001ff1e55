//! A whole process in a test: real listeners, a real SQLite database in a folder of its own, a clock that stands still until
//! it is moved, and a mail server that keeps what it gets.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod client;
mod mailbox;

use std::{fs, path::PathBuf, time::Duration};

use hanko_domain::{Clock, Random, Timestamp};
use hanko_server::{Limits, Options, Server, Sources, StartError};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use client::{Answer, Flow, passcodes_only, send};
pub use mailbox::{Mail, Mailbox};

/// Where every test begins: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000_000);
/// The page that the test's project belongs to.
pub const ORIGIN: &str = "http://app.acme.localhost:8800";

/// A process with one project, `tenants/acme`, unless the test writes others.
pub struct TestApp {
    server: Option<Server>,
    folder: TempDir,
    pub clock: Clock,
    pub mailbox: Mailbox,
    pub http: reqwest::Client,
    may_wait: bool,
}

impl TestApp {
    /// The sample project.
    pub async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// The sample project, `spec` laid over its own, field by field at every level.
    pub async fn with(spec: Value) -> Self {
        Self::prepare(spec).await.run(Limits::default()).await
    }

    /// The sample project's folder, not started yet.
    pub async fn prepare(spec: Value) -> Prepared {
        let prepared = Prepared { folder: tempfile::tempdir().unwrap(), mailbox: Mailbox::start().await };
        let mut own = json!({
            "hosts": ["auth.acme.localhost"],
            "publicUrl": "http://auth.acme.localhost:8000",
            "origins": [ORIGIN],
            // The output of the tests belongs to the tests.
            "settings": {"auditLog": {"consoleOutput": {"enabled": false}}},
            "mail": {
                "from": {"address": "login@acme.test"},
                "smtp": {"host": "127.0.0.1", "port": prepared.mailbox.port(), "tls": "none"},
            },
        });
        merge(&mut own, spec);
        prepared.write("project.yaml", "acme", &own);
        prepared
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server().public_address())
    }

    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server().admin_address())
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Where documents lie.
    pub fn documents(&self) -> PathBuf {
        self.folder.path().join("documents")
    }

    /// Where secrets lie.
    pub fn secrets(&self) -> PathBuf {
        self.folder.path().join("secrets")
    }

    /// Writes a document as [`Prepared::write`] does.
    pub fn write(&self, file: &str, name: &str, spec: &Value) {
        write_document(&self.documents().join(file), name, spec);
    }

    /// The spec of a document as it was written.
    pub fn spec(&self, file: &str) -> Value {
        let document: Value = serde_json::from_str(&fs::read_to_string(self.documents().join(file)).unwrap()).unwrap();
        document["spec"].clone()
    }

    /// `GET /-/revision`.
    pub async fn revision(&self) -> Value {
        self.get_admin("/-/revision").await.json()
    }

    /// Waits until the process serves a state that `is` right.
    pub async fn until_revision(&self, is: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..1_500 {
            last = self.revision().await;
            if is(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the process does not come to the expected state; it says {last:#}");
    }

    /// Waits until the process is ready.
    pub async fn until_ready(&self) {
        for _ in 0..3_000 {
            if self.get("/readyz").await.status == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not ready: {}", self.get_admin("/readyz").await.text());
    }

    /// Deliveries that are still to be made.
    pub async fn waiting_deliveries(&self) -> i64 {
        let page = self.get_admin("/metrics").await.text();
        let line = page.lines().find_map(|line| line.strip_prefix("hanko_outbox_waiting{sink=\"mail\"} "));
        line.expect("the metric").parse().unwrap()
    }

    /// This test leaves deliveries in the outbox on purpose.
    #[must_use]
    pub fn may_leave_deliveries(mut self) -> Self {
        self.may_wait = true;
        self
    }

    /// Drains the process. Whatever the test caused must have been told, so that no test forgets what happens afterwards.
    pub async fn end(mut self) {
        if !self.may_wait {
            self.until_delivered().await;
        }
        self.server.take().unwrap().drain().await;
    }

    /// Waits until every delivery has been made.
    pub async fn until_delivered(&self) {
        let mut waiting = 0;
        for _ in 0..500 {
            waiting = self.waiting_deliveries().await;
            if waiting == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{waiting} deliveries are left in the outbox");
    }

    /// Drains the process and gives its folder back, to start another one there.
    pub async fn stop(mut self) -> Prepared {
        self.server.take().unwrap().drain().await;
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let mailbox = self.mailbox.clone();
        Prepared { folder, mailbox }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let forgotten = self.server.is_some() && !std::thread::panicking();
        assert!(!forgotten, "a test app must be ended with `end` or `stop`");
    }
}

/// A folder with everything a process needs.
pub struct Prepared {
    pub folder: TempDir,
    pub mailbox: Mailbox,
}

impl Prepared {
    /// Writes a document of the namespace `tenants`.
    pub fn write(&self, file: &str, name: &str, spec: &Value) {
        write_document(&self.folder.path().join("documents").join(file), name, spec);
    }

    /// Writes one entry of a Secret of the namespace `tenants`.
    pub fn secret(&self, name: &str, key: &str, value: &str) {
        write_secret(&self.folder.path().join("secrets"), name, key, value);
    }

    pub fn sources(&self) -> Sources {
        let at = |name: &str| self.folder.path().join(name);
        Sources { documents: at("documents"), secrets: at("secrets"), data: at("data") }
    }

    /// Starts the process and waits until it is ready.
    pub async fn run(self, limits: Limits) -> TestApp {
        let app = self.begin(limits).await.unwrap();
        app.until_ready().await;
        app
    }

    /// Starts the process.
    pub async fn begin(self, limits: Limits) -> Result<TestApp, StartError> {
        let clock = Clock::manual(START);
        let server = Server::start(Options {
            sources: self.sources(),
            public: ([127, 0, 0, 1], 0).into(),
            admin: ([127, 0, 0, 1], 0).into(),
            limits,
            clock: clock.clone(),
            random: Random::system(),
        })
        .await?;
        Ok(TestApp {
            server: Some(server),
            folder: self.folder,
            clock,
            mailbox: self.mailbox,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            may_wait: false,
        })
    }
}

/// Writes one entry of a Secret of the namespace `tenants`, as an editor does.
pub fn write_secret(secrets: &std::path::Path, name: &str, key: &str, value: &str) {
    let folder = secrets.join("tenants").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(key), value).unwrap();
}

fn write_document(path: &std::path::Path, name: &str, spec: &Value) {
    let document = json!({
        "apiVersion": "hanko-operator.dev/v1alpha1",
        "kind": "HankoProject",
        "metadata": {"name": name, "namespace": "tenants"},
        "spec": spec,
    });
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Written beside and renamed, so that no reader sees half of it.
    let beside = path.with_extension("new");
    fs::write(&beside, document.to_string()).unwrap();
    fs::rename(beside, path).unwrap();
}

/// Lays `over` onto `base`; `null` removes.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(&key);
                } else {
                    merge(base.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over,
    }
}
