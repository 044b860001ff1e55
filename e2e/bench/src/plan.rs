//! What is measured, in this order, on one database.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hanko_domain::{Random, SessionId, Timestamp, UserId};
use hanko_store::sessions::Session;

use crate::{
    Error,
    clients::{Done, by_clients, milliseconds, percentiles},
    flow::Client,
    inbox::Inbox,
    report::{Row, Rows, say},
    subject::{Memory, Subject},
    timing, wrk,
};

const USERS: usize = 200;
const SESSIONS: usize = 100_000;
const STARTS: usize = 5;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// Of each load.
    pub(crate) load: Duration,
    /// Timed answers of each kind.
    pub(crate) samples: usize,
}

/// Only compares the times of answers for known and unknown accounts.
pub(crate) async fn compare(runtime: &Path, server: Option<&str>, extent: Extent) -> Result<Vec<Row>, Error> {
    let inbox = Inbox::open().await?;
    let mut subject = Subject::prepare(runtime, fresh(server).await?.as_deref(), inbox.address)?;
    subject.start().await?;
    let mut client = Client::connect(subject.public).await?;
    for user in 0..USERS {
        client.register(&address(user), &inbox).await?;
    }
    say("accounts are made");
    let mut rows = Rows::default();
    rows.timing(&mut client, extent.samples).await?;
    subject.stop().await?;
    Ok(rows.0)
}

/// Runs the whole plan. `server` is a PostgreSQL server; without it the tenant has SQLite.
pub(crate) async fn measure(runtime: &Path, server: Option<&str>, extent: Extent) -> Result<Vec<Row>, Error> {
    let load = extent.load;
    let inbox = Inbox::open().await?;
    let mut rows = Rows::default();
    let mut first_starts = Vec::new();
    for _ in 1..STARTS {
        let database = fresh(server).await?;
        let mut subject = Subject::prepare(runtime, database.as_deref(), inbox.address)?;
        first_starts.push(subject.start().await?);
        subject.stop().await?;
    }
    let database = fresh(server).await?;
    let mut subject = Subject::prepare(runtime, database.as_deref(), inbox.address)?;
    first_starts.push(subject.start().await?);
    rows.add("start to ready, keys to make", "≤ 500 ms", milliseconds(median(first_starts), 1));
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        subject.stop().await?;
        starts.push(subject.start().await?);
    }
    rows.add("start to ready, keys present", "≤ 60 ms", milliseconds(median(starts), 1));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = subject.memory()?;
    rows.add("memory, idle after start: resident, of it anonymous", "≤ 14 MiB, ≤ 3 MiB", both(idle));
    rows.add("of it pages of the program's file, shared by all tenants of a node", "", mebibytes(idle.program));

    let target = subject.public;
    let mut client = Client::connect(target).await?;
    for user in 0..USERS {
        client.register(&address(user), &inbox).await?;
    }
    // One more, who signs in no more, so that no later session makes its own end.
    let token = client.register(&address(USERS), &inbox).await?;
    say("accounts are made");
    rows.add(
        "`GET /.well-known/jwks.json`",
        "≥ 38 000/s",
        wrk::load(target, "GET", "/.well-known/jwks.json", None, load).await?,
    );
    let validate = || wrk::load(target, "GET", "/sessions/validate", Some(&token), load);
    rows.add("`GET /sessions/validate`, session row checked", "≥ 12 000/s", validate().await?);
    rows.add("`GET /me`", "≥ 6 500/s", wrk::load(target, "GET", "/me", Some(&token), load).await?);
    rows.add(
        "flow initialisation (`POST /login`)",
        "≥ 12 000/s",
        wrk::load(target, "POST", "/login", None, load).await?,
    );
    rows.add("password login, whole flow of five requests", "≥ 50/s", password_logins(target, 16, load).await?);
    rows.add("passcode flow of four requests, to the mail sent", "≥ 400/s", passcodes(target, &inbox, load).await?);
    rows.add("200 password logins at once", "all finish, p99 ≤ 6 s", rush(target, &token).await?.0);
    rows.add("`/sessions/validate` of another client meanwhile", "p99 ≤ 10 ms", rush(target, &token).await?.1);
    rows.add("memory, peak under all of this", "≤ 80 MiB", mebibytes(subject.memory()?.peak));
    tokio::time::sleep(Duration::from_secs(15)).await;
    rows.add("memory, idle after load: resident, of it anonymous", "", both(subject.memory()?));
    rows.timing(&mut client, extent.samples).await?;

    subject.stop().await?;
    fill(&subject, database.as_deref()).await?;
    subject.start().await?;
    rows.add("`GET /sessions/validate` beside 100 000 sessions", "≥ 12 000/s", validate().await?);
    subject.stop().await?;
    Ok(rows.0)
}

impl Rows {
    /// The accounts below [`USERS`] are known.
    async fn timing(&mut self, client: &mut Client, samples: usize) -> Result<(), Error> {
        let unknown = |user| address(user).replacen("user", "none", 1);
        for question in timing::questions(samples) {
            let comparison = question.ask(client, USERS, address, unknown).await?;
            self.add(question.what, timing::TARGET, comparison);
        }
        Ok(())
    }
}

/// A new database on the server; `None` without one, which means SQLite.
pub(crate) async fn fresh(server: Option<&str>) -> Result<Option<String>, Error> {
    let Some(server) = server else { return Ok(None) };
    let name = format!("bench_{}", Random::system().text(b"abcdefghijklmnopqrstuvwxyz", 12));
    let created =
        tokio::process::Command::new("psql").args([server, "-qc", &format!("CREATE DATABASE {name}")]).status().await;
    if !created.map_err(Error::io("psql"))?.success() {
        return Err(Error::unexpected("psql cannot create a database"));
    }
    let (base, _) = server.rsplit_once('/').ok_or_else(|| Error::unexpected("the server's URL names no database"))?;
    Ok(Some(format!("{base}/{name}")))
}

pub(crate) fn address(user: usize) -> String {
    format!("user{user}@acme.localhost.test")
}

/// Whole logins by so many clients for as long as the load lasts.
pub(crate) async fn password_logins(target: SocketAddr, clients: usize, load: Duration) -> Result<Done, Error> {
    by_clients(target, clients, load, async |client, turn| {
        client.password_login(&address(turn % USERS)).await.map(drop)
    })
    .await
}

/// Flows to the mail by 32 clients; a flow counts when its mail has arrived.
async fn passcodes(target: SocketAddr, inbox: &Inbox, load: Duration) -> Result<String, Error> {
    let (before, begun, next) = (inbox.received(), Instant::now(), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..32)
        .map(|_| {
            let next = next.clone();
            tokio::spawn(async move {
                let (mut client, mut flows) = (Client::connect(target).await?, 0);
                while begun.elapsed() < load {
                    client.passcode_login(&address(next.fetch_add(1, Ordering::Relaxed) % USERS)).await?;
                    flows += 1;
                }
                Ok::<u64, Error>(flows)
            })
        })
        .collect();
    let mut flows = 0;
    for client in clients {
        flows += client.await.map_err(Error::unexpected)??;
    }
    while inbox.received() < before + flows {
        if begun.elapsed() > load * 10 {
            return Err(Error::unexpected(format_args!("{flows} flows, {} mails", inbox.received() - before)));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(format!("{:.0}/s", flows as f64 / begun.elapsed().as_secs_f64()))
}

/// 200 logins at once, and what one more client sees of them.
async fn rush(target: SocketAddr, token: &str) -> Result<(String, String), Error> {
    let over = Arc::new(AtomicBool::new(false));
    let watcher = tokio::spawn({
        let (over, token) = (over.clone(), token.to_owned());
        async move {
            let (mut client, mut times) = (Client::connect(target).await?, Vec::new());
            while !over.load(Ordering::Relaxed) {
                let start = Instant::now();
                let (status, _, body) = client.send("GET", "/sessions/validate", Some(&token), String::new()).await?;
                if status != 200 || !body.starts_with(b"{\"is_valid\":true") {
                    return Err(Error::unexpected(format_args!("{status} {}", String::from_utf8_lossy(&body))));
                }
                times.push(start.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok::<_, Error>(times)
        }
    });
    let logins: Vec<_> = (0..200)
        .map(|user| {
            tokio::spawn(async move {
                let start = Instant::now();
                Client::connect(target).await?.password_login(&address(user % USERS)).await?;
                Ok::<_, Error>(start.elapsed())
            })
        })
        .collect();
    let mut times = Vec::new();
    for login in logins {
        times.push(login.await.map_err(Error::unexpected)??);
    }
    over.store(true, Ordering::Relaxed);
    let seen = watcher.await.map_err(Error::unexpected)??;
    Ok((format!("all, {}", percentiles(times)), percentiles(seen)))
}

/// Puts a hundred thousand sessions of one user beside the others, while the runtime is stopped.
async fn fill(subject: &Subject, database: Option<&str>) -> Result<(), Error> {
    let tenant = subject.store(database)?;
    let email = hanko_domain::EmailAddress::parse(&address(0)).map_err(Error::unexpected)?;
    let user: UserId = tenant.email(&email).await?.ok_or_else(|| Error::unexpected("no user"))?.user;
    let (random, now) = (Random::system(), hanko_domain::Clock::system().now());
    let mut work = tenant.begin().await?;
    for _ in 0..SESSIONS {
        work.insert_session(&session(user, &random, now)).await?;
    }
    work.commit().await?;
    tenant.store().close().await;
    Ok(())
}

fn session(user: UserId, random: &Random, now: Timestamp) -> Session {
    let ends = now + Duration::from_secs(12 * 3600);
    Session {
        id: SessionId::random(random),
        user,
        user_agent: None,
        ip_address: None,
        created_at: now,
        last_used: now,
        expires_at: ends,
        ends_at: ends,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}

fn both(memory: Memory) -> String {
    format!("{}, {}", mebibytes(memory.resident), mebibytes(memory.anonymous))
}
