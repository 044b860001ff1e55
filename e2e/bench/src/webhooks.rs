//! Webhooks: how fast they are told, and that a login does not wait for receivers that never answer.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, from_slice, json};
use tokio::net::TcpListener;

use crate::{
    Error,
    admin::{Api, FEW},
    clients::{Done, by_clients},
    fill,
    flow::Client,
    plan::password_logins,
    report::Rows,
};

/// Receivers that hang.
const HANGING: usize = 3;
/// How often it is measured with them and without.
const ROUNDS: usize = 2;

/// Measures all of it.
pub(crate) async fn measure(api: &Api<'_>, rows: &mut Rows) -> Result<(), Error> {
    rows.add("webhooks told to one fast receiver, of 10 000 users imported", "", throughput(api).await?);
    let [mut calm, mut hung] = [Logins::default(), Logins::default()];
    for _ in 0..ROUNDS {
        calm.measure(api).await?;
        let receivers = hang(api).await?;
        hung.measure(api).await?;
        for id in receivers {
            call(api, "DELETE", &format!("/webhooks/{id}"), String::new(), 204).await?;
        }
    }
    rows.add("password logins one after the other, without webhooks", "", calm.alone);
    rows.add("password logins one after the other, three receivers of their events hang", "as fast", hung.alone);
    rows.add("password logins of 16 clients, without webhooks", "", calm.together);
    rows.add("password logins of 16 clients, three receivers hang", "", hung.together);
    rows.add("sessions made by 16 clients (`POST /sessions`), without webhooks", "", calm.sessions);
    rows.add("sessions made by 16 clients, three receivers hang", "", hung.sessions);
    Ok(())
}

async fn call(api: &Api<'_>, method: &str, path: &str, body: String, expected: u16) -> Result<Bytes, Error> {
    let mut client = Client::connect(api.subject.admin).await?;
    let (status, _, body) = client.send(method, path, Some(&api.key), body).await?;
    if status == expected {
        return Ok(body);
    }
    Err(Error::unexpected(format_args!("{method} {path}: {status} {}", String::from_utf8_lossy(&body))))
}

/// Adds a receiver; its id.
async fn subscribe(api: &Api<'_>, receiver: SocketAddr, events: &[&str]) -> Result<String, Error> {
    let body = json!({"callback": format!("http://{receiver}/"), "events": events}).to_string();
    let made: Value = from_slice(&call(api, "POST", "/webhooks", body, 201).await?).map_err(Error::unexpected)?;
    let id = made.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| Error::unexpected(format_args!("a webhook without id: {made}")))
}

/// Imports users whose receiver is told of each, and how many it is told of in a second.
async fn throughput(api: &Api<'_>) -> Result<String, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Error::io("the receiver"))?;
    let address = listener.local_addr().map_err(Error::io("the receiver"))?;
    let told: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let receiver = tokio::spawn(receive(listener, told.clone()));
    let id = subscribe(api, address, &["user.create"]).await?;
    let mut client = Client::connect(api.subject.admin).await?;
    let lines = fill::lines(2 * FEW..3 * FEW);
    let begun = Instant::now();
    let path = "/users/import?webhooks=true";
    let (_, _, report) = client.send_as("application/x-ndjson", "POST", path, Some(&api.key), lines).await?;
    if !String::from_utf8_lossy(&report).contains(&format!("\"created\":{FEW},")) {
        return Err(Error::unexpected("the import whose events are to be told"));
    }
    let times = loop {
        let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if told.len() >= FEW {
            break told;
        }
        if begun.elapsed() > Duration::from_secs(300) {
            return Err(Error::unexpected(format_args!("{} of {FEW} events were told", told.len())));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    call(api, "DELETE", &format!("/webhooks/{id}"), String::new(), 204).await?;
    receiver.abort();
    let between = times.iter().max().zip(times.iter().min()).map_or(Duration::ZERO, |(last, first)| *last - *first);
    Ok(format!("{:.0}/s", times.len() as f64 / between.as_secs_f64()))
}

/// A receiver that is content with everything, and remembers when.
async fn receive(listener: TcpListener, told: Arc<Mutex<Vec<Instant>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let told = told.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let told = told.clone();
                async move {
                    let status = match request.into_body().collect().await {
                        Ok(_) => StatusCode::NO_CONTENT,
                        Err(_) => StatusCode::BAD_REQUEST,
                    };
                    told.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
                    let mut response = Response::new(Empty::<Bytes>::new());
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// Adds receivers that take every connection and never say a word; their ids.
async fn hang(api: &Api<'_>) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    for _ in 0..HANGING {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Error::io("a receiver"))?;
        let address = listener.local_addr().map_err(Error::io("a receiver"))?;
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.push(stream);
            }
        });
        ids.push(subscribe(api, address, &["user", "session"]).await?);
    }
    Ok(ids)
}

/// Logins that hash a password; and sessions of the Admin API, which cost little else than what they write.
#[derive(Default)]
struct Logins {
    alone: Done,
    together: Done,
    sessions: Done,
}

impl Logins {
    /// Adds a round.
    async fn measure(&mut self, api: &Api<'_>) -> Result<(), Error> {
        self.alone.add(password_logins(api.subject.public, 1, api.load).await?);
        self.together.add(password_logins(api.subject.public, 16, api.load).await?);
        let sessions = by_clients(api.subject.admin, 16, api.load, async |client, turn| {
            let body = json!({"user_id": fill::id(turn % api.users)}).to_string();
            let (status, _, body) = client.send("POST", "/sessions", Some(&api.key), body).await?;
            if status == 200 { Ok(()) } else { Err(Error::unexpected(String::from_utf8_lossy(&body))) }
        });
        self.sessions.add(sessions.await?);
        Ok(())
    }
}
