//! The process under test.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use hanko_domain::TenantId;
use hanko_store::{DatabaseUrl, PoolSize, Store, TenantStore};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use crate::Error;

/// The tenant's id, so that its rows can be made from outside.
pub(crate) const TENANT: &str = "7b1f3c1e-52a5-4b1e-9a55-4f1c1b6f0a01";

/// A project on disk, and the runtime that serves it.
pub(crate) struct Subject {
    binary: PathBuf,
    folder: tempfile::TempDir,
    child: Option<Child>,
    /// Where it listens.
    pub(crate) public: SocketAddr,
    /// Where its Admin API listens.
    pub(crate) admin: SocketAddr,
}

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) resident: u64,
    /// The part that belongs to this process alone.
    pub(crate) anonymous: u64,
    /// The part that is the program's file: every tenant of a node shares these pages.
    pub(crate) program: u64,
    /// The most there ever was.
    pub(crate) peak: u64,
}

impl Subject {
    /// Writes the project: no limits and no second factors in the way, mail to `inbox`.
    pub(crate) fn prepare(binary: &Path, database: Option<&str>, inbox: SocketAddr) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::io("temporary folder"))?;
        let mut spec = json!({
            "tenantId": TENANT,
            "hosts": ["auth.acme.localhost"],
            "publicUrl": "http://auth.acme.localhost:8000",
            "origins": ["http://app.acme.localhost:8800"],
            "mail": {"from": {"address": "login@acme.localhost"}, "smtp": {"host": inbox.ip().to_string(), "port": inbox.port(), "tls": "none"}},
            "outbound": {"allowedNetworks": ["127.0.0.0/8"]},
            "settings": {"rateLimiter": {"enabled": false}, "mfa": {"acquireOnRegistration": false}},
        });
        if let Some(url) = database {
            let secret = folder.path().join("secrets/bench/db");
            fs::create_dir_all(&secret).map_err(Error::io("secrets"))?;
            fs::write(secret.join("url"), url).map_err(Error::io("secrets"))?;
            if let Value::Object(spec) = &mut spec {
                spec.insert("database".into(), json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}}));
            }
        }
        let document = json!({
            "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject",
            "metadata": {"name": "acme", "namespace": "bench"}, "spec": spec,
        });
        fs::write(folder.path().join("project.yaml"), document.to_string()).map_err(Error::io("project"))?;
        Ok(Self { binary: binary.to_owned(), folder, child: None, public: free_port()?, admin: free_port()? })
    }

    /// The tenant's SQLite file.
    fn database_file(&self, tenant: impl std::fmt::Display) -> PathBuf {
        self.folder.path().join(format!("data/{tenant}.db"))
    }

    /// The key of its Admin API, made by its first start.
    pub(crate) fn key(&self) -> Result<String, Error> {
        let path = self.folder.path().join("secrets/bench/acme-admin-key/key");
        let key = fs::read_to_string(&path).map_err(Error::io(path.display().to_string()))?;
        Ok(key.trim().to_owned())
    }

    /// What it keeps, beside it. `database` is the one it was prepared with; with SQLite it has to be stopped.
    pub(crate) fn store(&self, database: Option<&str>) -> Result<TenantStore, Error> {
        let tenant: TenantId = TENANT.parse().map_err(Error::unexpected)?;
        let url = match database {
            Some(url) => url.parse()?,
            None => DatabaseUrl::Sqlite(self.database_file(tenant)),
        };
        Ok(Store::open(&url, PoolSize(8))?.tenant(tenant))
    }

    /// Starts it and waits until it is ready; how long that took.
    pub(crate) async fn start(&mut self) -> Result<Duration, Error> {
        let begun = Instant::now();
        let log = fs::File::create(self.folder.path().join("log")).map_err(Error::io("log"))?;
        let child = Command::new(&self.binary)
            .arg("serve")
            .arg(self.folder.path().join("project.yaml"))
            .arg("--secrets-dir")
            .arg(self.folder.path().join("secrets"))
            .arg("--data-dir")
            .arg(self.folder.path().join("data"))
            .args(["--public-address", &self.public.to_string(), "--admin-address", &self.admin.to_string()])
            .args(["--log-level", "warn"])
            // As in the image: freed hashing buffers go back to the system.
            .env("MALLOC_ARENA_MAX", "2")
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .env("MALLOC_TRIM_THRESHOLD_", "131072")
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io(self.binary.display().to_string()))?;
        self.child = Some(child);
        while begun.elapsed() < Duration::from_secs(30) {
            if status(self.admin, "/readyz").await == Some(200) {
                return Ok(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Err(Error::unexpected(format_args!("the runtime does not become ready:\n{log}")))
    }

    /// Stops it as Kubernetes does.
    pub(crate) async fn stop(&mut self) -> Result<(), Error> {
        if let Some(mut child) = self.child.take() {
            if let Some(id) = child.id() {
                let id = id.to_string();
                let kill = Command::new("kill").args(["-TERM", &id]).status().await;
                kill.map_err(Error::io("kill"))?;
            }
            child.wait().await.map_err(Error::io("the runtime"))?;
        }
        Ok(())
    }

    /// What it holds now.
    pub(crate) fn memory(&self) -> Result<Memory, Error> {
        let id = self.child.as_ref().and_then(Child::id).ok_or_else(|| Error::unexpected("the runtime has ended"))?;
        let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).map_err(Error::io(file));
        let (rollup, status) = (read("smaps_rollup")?, read("status")?);
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
        };
        let (mut program, mut in_program) = (0, false);
        for line in read("smaps")?.lines() {
            // A mapping begins with its addresses; its fields follow, one on a line.
            if line.starts_with(|c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()) {
                in_program = line.ends_with(&*self.binary.to_string_lossy());
            } else if in_program && line.starts_with("Rss:") {
                program += field(line, "Rss:");
            }
        }
        Ok(Memory {
            program,
            resident: field(&rollup, "Rss:"),
            anonymous: field(&rollup, "Anonymous:"),
            peak: field(&status, "VmHWM:"),
        })
    }
}

fn free_port() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("a free port"))?;
    listener.local_addr().map_err(Error::io("a free port"))
}

/// The status of a plain GET, `None` while nobody listens.
async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.split_whitespace().nth(1)?.parse().ok()
}
