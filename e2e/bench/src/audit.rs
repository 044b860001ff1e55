//! The audit log: how fast rows are written, sealed and taken out.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use hanko_domain::{Actor, AuditEntry, AuditId, AuditKind, Clock, Random, RequestMeta, UserId};
use hanko_store::TenantStore;
use serde_json::{Value, from_slice};

use crate::{Error, admin::Api, flow::Client, report::Rows, wrk};

/// Rows that are sealed and taken out.
const ROWS: usize = 100_000;
/// Rows of a transaction, where their number does not matter.
const TOGETHER: usize = 500;

/// The users of the first row and of the last.
const MARKS: (&str, &str) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");

/// Writes rows as logins do, each in a transaction of its own; then others until there are enough.
pub(crate) async fn insert(tenant: &TenantStore, load: Duration, rows: &mut Rows) -> Result<(), Error> {
    let (random, begun) = (Random::system(), Instant::now());
    let writer = async || {
        let mut written = 0_usize;
        while begun.elapsed() < load {
            write(tenant, &random, 1, UserId::random(&random)).await?;
            written += 1;
        }
        Ok::<_, Error>(written)
    };
    let written: usize = try_join_all((0..16).map(|_| writer())).await?.into_iter().sum();
    let rate = written as f64 / begun.elapsed().as_secs_f64();
    rows.add("audit rows written, a transaction each", "", format!("{rate:.0}/s"));
    write(tenant, &random, 1, user(MARKS.0)?).await?;
    for _ in 0..ROWS / TOGETHER {
        write(tenant, &random, TOGETHER, UserId::random(&random)).await?;
    }
    write(tenant, &random, 1, user(MARKS.1)?).await?;
    tenant.store().close().await;
    Ok(())
}

fn user(id: &str) -> Result<UserId, Error> {
    id.parse().map_err(Error::unexpected)
}

async fn write(tenant: &TenantStore, random: &Random, count: usize, user: UserId) -> Result<(), Error> {
    let request = RequestMeta {
        id: random.text(b"abcdefghijklmnopqrstuvwxyz", 32),
        ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
        ..RequestMeta::default()
    };
    let mut actor = Actor::user(user);
    actor.email = Some("u****@acme.localhost.test".into());
    let entry = AuditEntry::new(AuditKind::LoginSuccess, actor).with("flow", "login");
    let mut work = tenant.begin().await?;
    for _ in 0..count {
        let now = Clock::system().now();
        work.insert_audit(AuditId::ordered(random, now), &entry, &request, now).await?;
    }
    Ok(work.commit().await?)
}

/// Waits until the rows are sealed, and reads them.
pub(crate) async fn read(api: &Api<'_>, rows: &mut Rows) -> Result<(), Error> {
    let client = &mut Client::connect(api.subject.admin).await?;
    let begun = sealed(api, client, MARKS.0).await?;
    let ended = sealed(api, client, MARKS.1).await?;
    let rate = ROWS as f64 / (ended - begun).as_secs_f64();
    rows.add("audit rows sealed", "", format!("{rate:.0}/s"));
    let page = "/audit_logs?per_page=20";
    rows.add(
        "`GET /audit_logs`, 20 of more than 100 000",
        "",
        wrk::load(api.subject.admin, "GET", page, Some(&api.key), api.load).await?,
    );
    for (what, format) in [("audit rows exported as JSON lines", "jsonl"), ("audit rows exported as CSV", "csv")] {
        let path = format!("/audit_logs/export?format={format}");
        let begun = Instant::now();
        let (status, _, body) = client.send("GET", &path, Some(&api.key), String::new()).await?;
        let (elapsed, lines) = (begun.elapsed(), body.iter().filter(|byte| **byte == b'\n').count());
        if status != 200 || lines < ROWS {
            return Err(Error::unexpected(format_args!("{path}: {status}, {lines} lines")));
        }
        rows.add(what, "", format!("{:.0}/s", lines as f64 / elapsed.as_secs_f64()));
    }
    Ok(())
}

/// When the row of a user was seen to be sealed.
async fn sealed(api: &Api<'_>, client: &mut Client, user: &str) -> Result<Instant, Error> {
    let (begun, path) = (Instant::now(), format!("/audit_logs?user_id={user}"));
    while begun.elapsed() < Duration::from_secs(300) {
        let (_, _, body) = client.send("GET", &path, Some(&api.key), String::new()).await?;
        let found: Value = from_slice(&body).map_err(Error::unexpected)?;
        if found.pointer("/0/sequence").is_some() {
            return Ok(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(Error::unexpected("the audit log is not sealed"))
}
