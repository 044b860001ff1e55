//! Speaking to a test app.

use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, SET_COOKIE},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::TestApp;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, empty without it; several values joined by ` | `.
    pub fn header(&self, name: &str) -> String {
        let values: Vec<_> = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        values.join(" | ")
    }

    /// `<name>=<value>` of the cookie that was set.
    pub fn cookie(&self) -> String {
        let cookie = self.headers.get(SET_COOKIE).expect("a cookie").to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

impl TestApp {
    /// Any request to the public listener.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// With these headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(with(self.request(Method::GET, path), headers)).await
    }

    /// A JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// No body, these headers.
    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(with(self.request(Method::POST, path), headers)).await
    }

    /// Sends bytes to the public listener and reads what it answers first.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.server().public_address()).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap_or(0);
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    /// The generated key of the sample project's Admin API.
    pub fn admin_key(&self) -> String {
        let text = std::fs::read_to_string(self.secrets().join("tenants/acme-admin-key/key")).unwrap();
        text.trim().to_owned()
    }

    /// A call of the Admin API with that key.
    pub async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.http.request(method.parse::<Method>().unwrap(), self.admin_url(path));
        let request = request.bearer_auth(self.admin_key());
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    /// Without a key.
    pub async fn get_admin(&self, path: &str) -> Answer {
        send(self.http.get(self.admin_url(path))).await
    }
}

/// Settings with which an address and the code sent to it are all that signs a user up and in.
pub fn passcodes_only() -> Value {
    json!({"settings": {"passkey": {"enabled": false}, "password": {"enabled": false}, "mfa": {"enabled": false}}})
}

impl TestApp {
    /// Registers a user by passcode, in a project with [`passcodes_only`], and returns the answer that carries its session.
    pub async fn sign_up(&self, address: &str) -> Answer {
        let mut flow = Flow::begin(self, "/registration").await;
        flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
        flow.act("register_login_identifier", json!({"email": address})).await;
        let code = self.mailbox.take(address).await.code();
        flow.act("verify_passcode", json!({"code": code})).await;
        assert_eq!(flow.state(), "success", "{:#}", flow.document());
        flow.answer
    }
}

/// Sends a request and reads the answer.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await.unwrap().to_vec(),
    }
}

fn with(request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// One run of a flow, as the official client drives it.
pub struct Flow<'a> {
    app: &'a TestApp,
    /// The newest answer.
    pub answer: Answer,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
}

impl<'a> Flow<'a> {
    /// `path` as the client configures it: `/login`, `/registration`, or below `/flow`.
    pub async fn begin(app: &'a TestApp, path: &str) -> Self {
        Self::begin_with(app, path, &[]).await
    }

    /// With headers that every request of the run has.
    pub async fn begin_with(app: &'a TestApp, path: &str, headers: &[(&str, &str)]) -> Self {
        let own = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { app, answer: app.post_with(path, headers).await, headers: own.collect() }
    }

    /// The newest answer's document.
    pub fn document(&self) -> Value {
        self.answer.json()
    }

    /// The name of the state.
    pub fn state(&self) -> String {
        self.document()["name"].as_str().unwrap_or_default().to_owned()
    }

    /// Performs an action that the newest answer offers.
    #[track_caller]
    pub fn act(&mut self, action: &str, inputs: Value) -> impl Future<Output = Value> {
        let document = self.document();
        let href = document["actions"][action]["href"].as_str();
        let href = href.unwrap_or_else(|| panic!("no action {action} in {document:#}")).to_owned();
        let body = json!({"input_data": inputs, "csrf_token": document["csrf_token"]});
        async move {
            let mut request = self.app.request(Method::POST, &href).json(&body);
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
            self.answer = send(request).await;
            self.document()
        }
    }
}
