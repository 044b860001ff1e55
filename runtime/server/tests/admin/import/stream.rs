//! An import is read while it comes and answered while it is read.

use std::time::Duration;

use hanko_server::{Limits, Patience};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{user, users};
use crate::{database, support::TestApp};

/// An import whose body this test sends piece by piece.
struct Slow {
    stream: BufReader<TcpStream>,
}

impl Slow {
    async fn begin(app: &TestApp) -> Self {
        let mut stream = TcpStream::connect(app.server().admin_address()).await.unwrap();
        let head = format!(
            "POST /users/import HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            app.admin_key()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self { stream: BufReader::new(stream) }
    }

    async fn send(&mut self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.stream.get_mut().write_all(chunk.as_bytes()).await.unwrap();
    }

    async fn finish(&mut self) {
        self.stream.get_mut().write_all(b"0\r\n\r\n").await.unwrap();
    }

    /// Reads up to the line that contains `sign`.
    async fn until(&mut self, sign: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read_line(&mut line)).await;
            assert_ne!(read.unwrap().unwrap(), 0, "no {sign:?}");
            if line.contains(sign) {
                return line;
            }
        }
    }
}

fn batch(from: usize) -> String {
    (from..from + 200).map(|n| format!("{}\n", user(&format!("u{n}@example.com")))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_what_has_come_does_not_wait_for_the_rest() {
    let app = TestApp::start().await;
    let mut slow = Slow::begin(&app).await;
    slow.send(&batch(0)).await;
    slow.until("\"line\":200,\"status\":\"created\"").await;
    assert_eq!(users(&app).await, 200);
    slow.send(&batch(200)).await;
    slow.finish().await;
    assert!(slow.until("summary").await.contains("\"created\":400"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_take_longer_than_the_head_of_a_request() {
    let patience =
        Patience { head: Duration::from_millis(300), idle: Duration::from_millis(300), ..Patience::default() };
    let app = TestApp::prepare(json!({})).await.run(Limits { patience, ..Limits::default() }).await;
    let mut slow = Slow::begin(&app).await;
    for n in 0..5 {
        slow.send(&batch(n * 200)).await;
        slow.until("\"status\":\"created\"").await;
        // Longer than the connection may rest between requests.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    slow.finish().await;
    assert!(slow.until("summary").await.contains("\"created\":1000"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_leaves_whole_users_and_a_row_that_says_so() {
    let app = TestApp::start().await;
    let mut slow = Slow::begin(&app).await;
    slow.send(&batch(0)).await;
    slow.until("\"line\":200").await;
    slow.send("{\"username\":\"half").await;
    drop(slow);
    let sql = "SELECT details FROM audit_logs WHERE type = 'admin_user_imported' AND details LIKE '%\"summary\":true%'";
    let mut rows = Vec::new();
    for _ in 0..500 {
        rows = database::texts(&app, sql).await;
        if !rows.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(rows[0].contains("\"complete\":false") && rows[0].contains("\"created\":200"), "{rows:?}");
    assert_eq!(users(&app).await, 200);
    app.end().await;
}
