//! A mail server that accepts everything and keeps it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    /// Head and body, quoted-printable decoded.
    pub text: String,
}

impl Mail {
    /// The passcode in it: the first six digits that stand alone.
    #[track_caller]
    pub fn code(&self) -> String {
        self.try_code().unwrap_or_else(|| panic!("no code in {}", self.text))
    }

    /// The same, where a mail may have none.
    pub fn try_code(&self) -> Option<String> {
        let mut words = self.text.split(|c: char| !c.is_ascii_alphanumeric());
        words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
    }
}

/// The mail server. Clones share one box.
#[derive(Clone, Debug)]
pub struct Mailbox {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// User names and passwords that were given, as sent.
    pub logins: Arc<Mutex<Vec<String>>>,
    arrived: Arc<Notify>,
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailbox = Self {
            address: listener.local_addr().unwrap(),
            mails: Arc::default(),
            logins: Arc::default(),
            arrived: Arc::default(),
        };
        let own = mailbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { drop(own.converse(stream).await) });
            }
        });
        mailbox
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Takes the oldest mail to this address out of the box, waiting for it.
    pub async fn take(&self, to: &str) -> Mail {
        let found = async {
            loop {
                let arrived = self.arrived.notified();
                if let Some(mail) = self.pop(to) {
                    return mail;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.unwrap_or_else(|_| panic!("no mail to {to}"))
    }

    fn pop(&self, to: &str) -> Option<Mail> {
        let mut mails = self.mails.lock().unwrap();
        let at = mails.iter().position(|mail| mail.to == to)?;
        Some(mails.remove(at))
    }

    /// The newest mail to this address, left in the box.
    pub fn newest(&self, to: &str) -> Option<Mail> {
        self.mails.lock().unwrap().iter().rev().find(|mail| mail.to == to).cloned()
    }

    /// Mails that nobody took.
    pub fn left(&self) -> usize {
        self.mails.lock().unwrap().len()
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut to = String::new();
        stream.write_all(b"220 mail.test ready\r\n").await?;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let command = line.trim_end();
            let answer: &[u8] = match command.get(..4).unwrap_or(command).to_ascii_uppercase().as_str() {
                "EHLO" => b"250-mail.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n",
                "AUTH" => {
                    self.logins.lock().unwrap().push(command.to_owned());
                    b"235 welcome\r\n"
                }
                "RCPT" => {
                    to = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    b"250 ok\r\n"
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let text = data(&mut stream).await?;
                    self.mails.lock().unwrap().push(Mail { to: to.clone(), text: unquoted(&text) });
                    self.arrived.notify_waiters();
                    b"250 kept\r\n"
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"250 ok\r\n",
            };
            stream.write_all(answer).await?;
        }
    }
}

async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Quoted-printable (RFC 2045 §6.7), good enough for reading.
fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'=')
            .then(|| after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()))
            .flatten();
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
