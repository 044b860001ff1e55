//! A scripted receiver of events for tests.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Conduct {
    /// Answers with this status.
    Status(u16),
    /// Answers with this status and these headers, each line ended.
    With(u16, String),
    /// Takes the request and says nothing.
    Silent,
    /// Begins an answer's head and never comes to its end.
    Endless,
    /// Closes without a word.
    Reset,
    /// Answers 200 and with a body that has no end.
    Huge,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body's `event`.
    pub(crate) fn event(&self) -> String {
        self.json()["event"].as_str().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

struct Seen {
    usual: Conduct,
    next: VecDeque<Conduct>,
    received: Vec<Received>,
    open: usize,
    most_open: usize,
}

/// A running receiver. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    pub(crate) async fn start(usual: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let seen = Seen { usual, next: VecDeque::new(), received: Vec::new(), open: 0, most_open: 0 };
        let receiver = Self { port: listener.local_addr().unwrap().port(), seen: Arc::new(Mutex::new(seen)) };
        let own = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move {
                    own.opened();
                    let _ = own.converse(BufReader::new(stream)).await;
                    own.seen.lock().unwrap().open -= 1;
                });
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// What it does with the next requests, before it returns to its usual conduct.
    pub(crate) fn then(&self, next: impl IntoIterator<Item = Conduct>) {
        self.seen.lock().unwrap().next.extend(next);
    }

    /// What it does from now on.
    pub(crate) fn always(&self, usual: Conduct) {
        self.seen.lock().unwrap().usual = usual;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.seen.lock().unwrap().received.clone()
    }

    /// The most connections there were at a time.
    pub(crate) fn most_open(&self) -> usize {
        self.seen.lock().unwrap().most_open
    }

    fn opened(&self) {
        let mut seen = self.seen.lock().unwrap();
        seen.open += 1;
        seen.most_open = seen.most_open.max(seen.open);
    }

    async fn converse(&self, mut stream: BufReader<TcpStream>) -> std::io::Result<()> {
        while let Some(request) = read(&mut stream).await? {
            let conduct = {
                let mut seen = self.seen.lock().unwrap();
                seen.received.push(request);
                seen.next.pop_front().unwrap_or_else(|| seen.usual.clone())
            };
            match conduct {
                Conduct::Status(status) => answer(&mut stream, status, "").await?,
                Conduct::With(status, headers) => answer(&mut stream, status, &headers).await?,
                Conduct::Silent => std::future::pending().await,
                Conduct::Endless => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await?;
                    loop {
                        stream.write_all(b"x").await?;
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
                Conduct::Reset => return Ok(()),
                Conduct::Huge => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                    loop {
                        stream.write_all(&[b'x'; 65_536]).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, status: u16, headers: &str) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 {status} \r\n{headers}content-length: 0\r\n\r\n").as_bytes()).await
}

/// `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Received>> {
    let mut headers = HashMap::new();
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    assert_eq!(line, "POST /hook HTTP/1.1\r\n");
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_owned(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length: &String| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Received { headers, body }))
}
