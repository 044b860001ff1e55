//! A scripted mail server for tests.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What the server does. Unset means: friendly, unprotected, no sign-in.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// Lines of the answer to `EHLO`.
    pub(crate) abilities: Vec<&'static str>,
    /// Lines after `STARTTLS`, where they differ.
    pub(crate) abilities_after_tls: Option<Vec<&'static str>>,
    pub(crate) tls: Option<Certificates>,
    pub(crate) implicit_tls: bool,
    /// Never says a word.
    pub(crate) silent: bool,
    /// Refuses names without a dot and loopback literals, as strict relays do.
    pub(crate) strict_helo: bool,
    /// Says good-bye after so many mails of one connection.
    pub(crate) mails_per_connection: Option<usize>,
    /// Answer to signing in.
    pub(crate) sign_in_reply: Option<&'static str>,
}

/// A certificate for `localhost`, signed by itself.
#[derive(Clone)]
pub(crate) struct Certificates {
    pub(crate) pem: String,
    acceptor: TlsAcceptor,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Self { pem: made.cert.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) octets: String,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    mails: Vec<Received>,
    replies: VecDeque<&'static str>,
}

/// A running server. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Mock {
    pub(crate) port: u16,
    script: Script,
    seen: Arc<Mutex<Seen>>,
}

impl Mock {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mock = Self { port: listener.local_addr().unwrap().port(), script, seen: Arc::default() };
        let server = mock.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move {
                    server.seen.lock().unwrap().connections += 1;
                    if server.script.implicit_tls {
                        let acceptor = server.script.tls.clone().unwrap().acceptor;
                        if let Ok(stream) = acceptor.accept(stream).await {
                            server.talk(stream, true).await;
                        }
                    } else if let Some(stream) = server.talk(stream, false).await {
                        let acceptor = server.script.tls.clone().unwrap().acceptor;
                        if let Ok(stream) = acceptor.accept(stream).await {
                            server.talk(stream, true).await;
                        }
                    }
                });
            }
        });
        mock
    }

    /// Replies to the next recipients, before all others are welcome.
    pub(crate) fn reply(&self, replies: &[&'static str]) {
        self.seen.lock().unwrap().replies.extend(replies);
    }

    pub(crate) fn mails(&self) -> Vec<Received> {
        self.seen.lock().unwrap().mails.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// Every line that came, those after TLS with `tls ` before them.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }

    /// Returns the stream when TLS is to begin.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, protected: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if self.script.silent {
            let mut nothing = String::new();
            while stream.read_line(&mut nothing).await.is_ok_and(|read| read > 0) {}
            return None;
        }
        if !protected || self.script.implicit_tls {
            say(&mut stream, "220 mock ESMTP").await;
        }
        let (mut from, mut to, mut taken) = (String::new(), String::new(), 0);
        loop {
            let line = hear(&mut stream).await?;
            self.seen.lock().unwrap().commands.push(format!("{}{line}", if protected { "tls " } else { "" }));
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match word.as_str() {
                "EHLO" => {
                    let name = line.get(5..).unwrap_or_default();
                    if self.script.strict_helo && (!name.contains('.') || name.starts_with('[')) {
                        "504 5.5.2 need fully-qualified hostname".to_owned()
                    } else {
                        let after = self.script.abilities_after_tls.as_ref().filter(|_| protected);
                        let mut lines = vec!["mock"];
                        lines.extend(after.unwrap_or(&self.script.abilities));
                        let last = lines.len() - 1;
                        let line = |(n, text)| format!("250{}{text}", if n == last { ' ' } else { '-' });
                        lines.into_iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
                    }
                }
                "STARTTLS" => {
                    say(&mut stream, "220 go").await;
                    return Some(stream.into_inner());
                }
                "AUTH" => {
                    if line.starts_with("AUTH LOGIN") {
                        for question in ["Username:", "Password:"] {
                            say(&mut stream, &format!("334 {}", STANDARD.encode(question))).await;
                            hear(&mut stream).await?;
                        }
                    }
                    self.script.sign_in_reply.unwrap_or("235 welcome").to_owned()
                }
                "MAIL" => {
                    if self.script.mails_per_connection == Some(taken) {
                        say(&mut stream, "421 enough").await;
                        return None;
                    }
                    from = line;
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    to = line;
                    self.seen.lock().unwrap().replies.pop_front().unwrap_or("250 ok").to_owned()
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await;
                    let mut octets = String::new();
                    loop {
                        let line = hear(&mut stream).await?;
                        if line == "." {
                            break;
                        }
                        octets.push_str(line.strip_prefix('.').unwrap_or(&line));
                        octets.push_str("\r\n");
                    }
                    let mail = Received { from: from.clone(), to: to.clone(), octets };
                    self.seen.lock().unwrap().mails.push(mail);
                    taken += 1;
                    "250 queued".to_owned()
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await;
                    return None;
                }
                _ => "502 what".to_owned(),
            };
            say(&mut stream, &reply).await;
        }
    }
}

/// A line without its CRLF. A bare line feed is a mistake of ours.
async fn hear<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let line = line.strip_suffix("\r\n").expect("a line of SMTP ends with CRLF");
    assert!(!line.contains(['\r', '\n']), "a bare CR or LF in {line:?}");
    Some(line.to_owned())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str) {
    // The client may be gone already.
    let _ = stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await;
    let _ = stream.get_mut().flush().await;
}
