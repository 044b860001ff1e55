//! A mail server that counts and keeps the codes.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::Error;

/// The server. Clones share one box.
#[derive(Clone)]
pub(crate) struct Inbox {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    received: Arc<AtomicU64>,
    codes: Arc<Mutex<HashMap<String, String>>>,
}

impl Inbox {
    /// Opens it on a free port.
    pub(crate) async fn open() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Error::io("the inbox"))?;
        let address = listener.local_addr().map_err(Error::io("the inbox"))?;
        let inbox = Self { address, received: Arc::default(), codes: Arc::default() };
        let own = inbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.converse(stream).await });
            }
        });
        Ok(inbox)
    }

    /// Mails so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The code in the mail to `address`, once it is there.
    pub(crate) async fn code(&self, address: &str) -> Result<String, Error> {
        for _ in 0..10_000 {
            let code = self.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(address);
            if let Some(code) = code {
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(Error::unexpected(format_args!("no mail to {address}")))
    }

    async fn converse(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 inbox.bench ready\r\n").await.ok()?;
        let (mut to, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let command = line.trim_end();
            let verb = command.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer: &[u8] = match verb.as_str() {
                "EHLO" => b"250-inbox.bench\r\n250 8BITMIME\r\n",
                "RCPT" => {
                    to = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    b"250 ok\r\n"
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let code = data(&mut stream).await?;
                    self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(std::mem::take(&mut to), code);
                    self.received.fetch_add(1, Ordering::Relaxed);
                    b"250 kept\r\n"
                }
                "QUIT" => return stream.write_all(b"221 bye\r\n").await.ok(),
                _ => b"250 ok\r\n",
            };
            stream.write_all(answer).await.ok()?;
        }
    }
}

/// Reads a mail to its end; the code is the first word of its subject.
async fn data(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut code, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 || line == ".\r\n" {
            return Some(code);
        }
        if let Some(subject) = line.strip_prefix("Subject: ") {
            code = subject.split_whitespace().next().unwrap_or_default().to_owned();
        }
    }
}
