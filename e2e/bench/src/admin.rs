//! The Admin API with some users and with many, in this order; then [`audit`] and [`webhooks`].

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hanko_domain::Timestamp;
use serde_json::json;

use crate::{
    Error, audit,
    clients::{by_clients, milliseconds, percentiles},
    fill,
    flow::Client,
    inbox::Inbox,
    plan::{Extent, fresh},
    report::{Row, Rows},
    subject::Subject,
    webhooks, wrk,
};

/// So many are imported, and everything is measured.
pub(crate) const FEW: usize = 10_000;
/// Users of a page.
const PAGE: usize = 20;
/// Different requests of a kind.
const VARIETY: usize = 500;
/// Pages that are read one after the other.
const STEPS: usize = 100;

/// The Admin API under measurement.
pub(crate) struct Api<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) key: String,
    pub(crate) users: usize,
    pub(crate) load: Duration,
}

/// Measures with so many users. `server` is a PostgreSQL server; without it the tenant has SQLite, which is measured with few only.
pub(crate) async fn measure(
    runtime: &Path,
    server: Option<&str>,
    users: usize,
    extent: Extent,
) -> Result<Vec<Row>, Error> {
    let (inbox, database) = (Inbox::open().await?, fresh(server).await?);
    let mut rows = Rows::default();
    let mut subject = Subject::prepare(runtime, database.as_deref(), inbox.address)?;
    subject.start().await?;
    let (key, load) = (subject.key()?, extent.load / 2);
    match &database {
        Some(database) if users > FEW => {
            subject.stop().await?;
            fill::postgres(database, users).await?;
        }
        _ => {
            rows.add("import of 10 000 users (`POST /users/import`)", "≤ 3 s", import(&subject, &key, users).await?);
            subject.stop().await?;
            fill::sign_in(&subject, database.as_deref(), users).await?;
        }
    }
    subject.start().await?;
    let api = Api { subject: &subject, key: key.clone(), users, load };
    api.lists(&mut rows).await?;
    api.searches(&mut rows).await?;
    rows.add("one user made (`POST /users`)", "", api.create().await?);
    if users <= FEW {
        webhooks::measure(&api, &mut rows).await?;
        subject.stop().await?;
        audit::insert(&subject.store(database.as_deref())?, load, &mut rows).await?;
        subject.start().await?;
        audit::read(&Api { subject: &subject, key, users, load }, &mut rows).await?;
    }
    subject.stop().await?;
    Ok(rows.0)
}

/// How long it takes until the summary is there.
async fn import(subject: &Subject, key: &str, users: usize) -> Result<String, Error> {
    let (mut client, lines) = (Client::connect(subject.admin).await?, fill::lines(0..users));
    let begun = Instant::now();
    let (status, _, report) = client.send_as("application/x-ndjson", "POST", "/users/import", Some(key), lines).await?;
    let elapsed = begun.elapsed();
    let report = String::from_utf8_lossy(&report);
    let summary = report.lines().last().unwrap_or_default();
    if status != 200 || !summary.contains(&format!("\"created\":{users},")) || !summary.contains("\"complete\":true") {
        return Err(Error::unexpected(format_args!("import: {status} {summary}")));
    }
    Ok(format!("{:.1} s", elapsed.as_secs_f64()))
}

impl Api<'_> {
    /// A GET by one client; how long it took.
    async fn read(&self, client: &mut Client, path: &str) -> Result<Duration, Error> {
        let begun = Instant::now();
        let (status, _, body) = client.send("GET", path, Some(&self.key), String::new()).await?;
        let elapsed = begun.elapsed();
        if status != 200 || body.starts_with(b"[]") {
            return Err(Error::unexpected(format_args!("{path}: {status} {}", String::from_utf8_lossy(&body))));
        }
        Ok(elapsed)
    }

    async fn load(&self, paths: &[String]) -> Result<wrk::Load, Error> {
        // What nobody finds is found fast.
        self.read(&mut Client::connect(self.subject.admin).await?, paths.first().map_or("/", String::as_str)).await?;
        wrk::load_each(self.subject.admin, paths, &self.key, self.load).await
    }

    /// Different users, far from each other.
    fn some_users(&self) -> impl Iterator<Item = usize> {
        let users = self.users;
        (0..VARIETY).map(move |turn| (turn * users / VARIETY + turn * 7) % users)
    }

    async fn lists(&self, rows: &mut Rows) -> Result<(), Error> {
        let pages = self.users / PAGE;
        rows.add("`GET /users`, first page of 20", "≥ 1 200/s", self.load(&[page(1)]).await?);
        rows.add("last page", "as fast", self.load(&[page(pages)]).await?);
        let client = &mut Client::connect(self.subject.admin).await?;
        rows.add("next page and next again, from the first", "flat", self.walk(client, 2..=1 + STEPS).await?);
        rows.add("previous page and previous again, from the last", "flat", {
            self.walk(client, (pages - STEPS..pages).rev()).await?
        });
        // The middle first, since what was read before makes ways shorter.
        let far = (0..STEPS).map(|turn| (pages / 2 + turn * (pages / STEPS + 1) * 37) % pages + 1);
        rows.add("jump to any page", "≤ 60 ms", self.walk(client, far).await?);
        let from_middle = pages / 2 + 3;
        self.read(client, &page(from_middle)).await?;
        rows.add("next page and next again, from the middle", "flat", {
            self.walk(client, from_middle + 1..=from_middle + STEPS).await?
        });
        let one: Vec<String> = self.some_users().map(|user| format!("/users/{}", fill::id(user))).collect();
        rows.add("`GET /users/{id}`", "≥ 6 000/s", self.load(&one).await?);
        Ok(())
    }

    /// Pages one after the other, by one client.
    async fn walk(&self, client: &mut Client, pages: impl IntoIterator<Item = usize>) -> Result<String, Error> {
        let mut times = Vec::new();
        for number in pages {
            times.push(self.read(client, &page(number)).await?);
        }
        let most = times.iter().max().copied().unwrap_or_default();
        Ok(format!("{}, at most {}", percentiles(times), milliseconds(most, 1)))
    }

    async fn searches(&self, rows: &mut Rows) -> Result<(), Error> {
        type Search = fn(usize) -> String;
        let searches: [(&'static str, Search); 5] = [
            ("search by a part of an address that one user has", |user| format!("email=user{user}%40acme")),
            ("search by a part of a username that one user has", |user| format!("username={}", fill::name(user))),
            ("search by metadata that one user has", |user| format!("public_metadata=%7B%22crm%22%3A{user}%7D")),
            ("search by time of creation, 100 users", |user| range("created", fill::made(user))),
            ("search by time of the last login, 100 users", |user| range("last_login", fill::signed_in(user))),
        ];
        for (what, query) in searches {
            let paths: Vec<String> = self.some_users().map(|user| format!("/users?{}", query(user))).collect();
            rows.add(what, "", self.load(&paths).await?);
        }
        let (client, mut times) = (&mut Client::connect(self.subject.admin).await?, Vec::new());
        for _ in 0..20 {
            times.push(self.read(client, "/users?public_metadata=%7B%22plan%22%3A%22gold%22%7D").await?);
        }
        rows.add("search by metadata that one user in a hundred has, one client", "", percentiles(times));
        Ok(())
    }

    async fn create(&self) -> Result<impl std::fmt::Display + use<>, Error> {
        by_clients(self.subject.admin, 16, self.load, async |client, turn| {
            let address = format!("new{turn}@acme.localhost.test");
            let body = json!({"emails": [{"address": address, "is_primary": true, "is_verified": true}]}).to_string();
            let (status, _, body) = client.send("POST", "/users", Some(&self.key), body).await?;
            if status == 200 { Ok(()) } else { Err(Error::unexpected(String::from_utf8_lossy(&body))) }
        })
        .await
    }
}

fn page(number: usize) -> String {
    format!("/users?page={number}&per_page={PAGE}")
}

/// A time in which a hundred users did something, or fewer at the end of all.
fn range(name: &str, from: Timestamp) -> String {
    let to = from + Duration::from_secs(100 * 60);
    format!("{name}_after={}&{name}_before={}", from.rfc3339(), to.rfc3339())
}
