use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};
use url::Url;

use crate::{Client, OutboundError, OutboundPolicy, RetryAfter, resolve::Resolver};

const SOON: Duration = Duration::from_secs(5);

/// A server on this machine that gives every connection the same answer.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn answering(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, connections) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn url(&self, host: &str) -> Url {
        format!("http://{host}:{}/hook?token=hunter2", self.port).parse().unwrap()
    }
}

fn loopback() -> OutboundPolicy {
    OutboundPolicy { allowed: vec!["127.0.0.0/8".parse().unwrap()] }
}

async fn post(client: &Client, url: &Url) -> Result<crate::Answer, OutboundError> {
    client.post(url, HeaderMap::new(), "{}", SOON).await
}

/// A client to whom names stand for these addresses.
fn knowing(policy: OutboundPolicy, addresses: &[&str]) -> (Client, Arc<AtomicUsize>) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let (policy, asked) = (Arc::new(policy), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let resolver = Resolver::new(Arc::clone(&policy), move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(addresses.clone())
    });
    (Client::with(resolver, policy), asked)
}

#[tokio::test]
async fn an_inner_address_is_refused_however_it_is_written() {
    let server = Server::answering("HTTP/1.1 204 \r\n\r\n").await;
    let client = Client::new(OutboundPolicy::default());
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::a00:1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "localhost",
    ] {
        let error = post(&client, &server.url(host)).await.unwrap_err();
        assert!(matches!(error, OutboundError::Refused { .. }), "{host}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_the_project_allows_is_reached_by_address_and_by_name() {
    let server = Server::answering("HTTP/1.1 503 \r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n").await;
    let client = Client::new(loopback());
    for host in ["127.0.0.1", "localhost"] {
        let answer = post(&client, &server.url(host)).await.unwrap();
        assert_eq!((answer.status, answer.retry_after), (503, Some(RetryAfter::In(Duration::from_secs(7)))));
    }
}

#[tokio::test]
async fn of_several_addresses_only_those_let_through_are_connected_to() {
    let server = Server::answering("HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let (client, asked) = knowing(loopback(), &["10.255.255.1", "127.0.0.1", "fe80::1"]);
    let begun = Instant::now();
    assert_eq!(post(&client, &server.url("two.example")).await.unwrap().status, 200);
    assert!(begun.elapsed() < Duration::from_secs(1), "nothing else was waited for");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "looked up once and connected to what was found");
}

#[tokio::test]
async fn a_name_without_an_open_address_is_refused_and_the_reason_keeps_the_address() {
    let (client, _) = knowing(OutboundPolicy::default(), &["10.1.2.3"]);
    let error = post(&client, &"https://inner.example/".parse().unwrap()).await.unwrap_err();
    assert_eq!(error, OutboundError::Refused { host: "inner.example".into(), reason: "private" });
    assert!(!error.to_string().contains("10.1.2.3"));
    let (client, _) = knowing(OutboundPolicy::default(), &[]);
    let error = post(&client, &"https://nobody.example/".parse().unwrap()).await.unwrap_err();
    assert_eq!(error, OutboundError::Unresolved { host: "nobody.example".into() });
}

#[test]
fn a_look_up_that_hangs_keeps_nobody_from_what_blocks() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    let (end, hang) = std::sync::mpsc::channel::<()>();
    let (policy, hang) = (Arc::new(loopback()), std::sync::Mutex::new(hang));
    let resolver = Resolver::new(Arc::clone(&policy), move |_| {
        let _ = hang.lock().unwrap().recv();
        Ok(Vec::new())
    });
    let client = Client::with(resolver, policy);
    runtime.block_on(async {
        let url = "https://hanging.example/".parse().unwrap();
        let limit = Duration::from_millis(200);
        let error = client.post(&url, HeaderMap::new(), "{}", limit).await.unwrap_err();
        assert_eq!(error, OutboundError::Timeout { host: "hanging.example".into(), after: limit });
        let hash = tokio::time::timeout(SOON, tokio::task::spawn_blocking(|| 42)).await;
        assert_eq!(hash.unwrap().unwrap(), 42);
    });
    drop(end);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Server::answering("HTTP/1.1 200 \r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let location = target.url("127.0.0.1");
        let server = Server::answering(format!("HTTP/1.1 {status} \r\nlocation: {location}\r\n\r\n")).await;
        assert_eq!(post(&Client::new(loopback()), &server.url("127.0.0.1")).await.unwrap().status, status);
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn only_web_addresses_are_called() {
    for url in ["ftp://acme.example/", "file:///etc/passwd", "data:text/plain,x", "unix:/run/x.sock"] {
        assert_eq!(post(&Client::new(loopback()), &url.parse().unwrap()).await, Err(OutboundError::Url), "{url}");
    }
}

#[tokio::test]
async fn time_is_bounded_from_the_look_up_to_the_last_byte() {
    let limit = Duration::from_millis(300);
    let silent = Server::start(async |stream| {
        let _kept = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let trickling = Server::start(async |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 \r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let client = Client::new(loopback());
    let late = OutboundError::Timeout { host: "127.0.0.1".into(), after: limit };
    let begun = Instant::now();
    let silence = client.post(&silent.url("127.0.0.1"), HeaderMap::new(), "{}", limit).await;
    assert_eq!(silence, Err(late.clone()));
    let answer = client.get(&trickling.url("127.0.0.1"), HeaderMap::new(), limit, 1 << 20).await;
    assert_eq!(answer.map(|_| ()), Err(late));
    let answer = client.post(&trickling.url("127.0.0.1"), HeaderMap::new(), "{}", limit).await.unwrap();
    assert_eq!(answer.status, 200, "a post needs no body");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let server = Server::answering(format!("HTTP/1.1 200 \r\ncontent-length: 100\r\n\r\n{}", "x".repeat(100))).await;
    let (client, url) = (Client::new(loopback()), server.url("127.0.0.1"));
    let (answer, body) = client.get(&url, HeaderMap::new(), SOON, 100).await.unwrap();
    assert_eq!((answer.status, body.len()), (200, 100));
    let refused = client.get(&url, HeaderMap::new(), SOON, 99).await.map(|_| ());
    assert_eq!(refused, Err(OutboundError::TooLarge { host: "127.0.0.1".into(), limit: 99 }));
}

#[tokio::test]
async fn what_went_wrong_is_told_without_the_url() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let reset = Server::start(async |stream| drop(stream)).await;
    let garbage = Server::answering("SSH-2.0-OpenSSH_9.9\r\n").await;
    let client = Client::new(loopback());
    let url = format!("http://127.0.0.1:{}/?token=hunter2", closed.port()).parse().unwrap();
    for (error, expected) in [
        (post(&client, &url).await.unwrap_err(), "127.0.0.1 cannot be reached: "),
        (post(&client, &reset.url("127.0.0.1")).await.unwrap_err(), "127.0.0.1 gave no answer: "),
        (post(&client, &garbage.url("127.0.0.1")).await.unwrap_err(), "127.0.0.1 gave no answer: "),
    ] {
        let text = error.to_string();
        assert!(text.starts_with(expected) && text.len() > expected.len() && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_accepted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move { drop(acceptor.accept(stream).await) }
    })
    .await;
    let url = format!("https://localhost:{}/", server.port).parse().unwrap();
    let error = post(&Client::new(loopback()), &url).await.unwrap_err();
    assert!(matches!(&error, OutboundError::Connect { reason, .. } if reason.contains("ertificate")), "{error}");
}
