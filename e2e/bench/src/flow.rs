//! A client that drives flows over one connection.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::{Error, inbox::Inbox};

/// The password of every account here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// One client with one connection, as a browser tab has.
pub(crate) struct Client {
    connection: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(target: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(target).await.map_err(Error::io("connect"))?;
        stream.set_nodelay(true).map_err(Error::io("connect"))?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await.map_err(Error::unexpected)?;
        tokio::spawn(driver);
        Ok(Self { connection })
    }

    /// One request; status, headers and body.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: String,
    ) -> Result<(u16, HeaderMap, Bytes), Error> {
        self.send_as("application/json", method, path, token, body).await
    }

    /// The same with a body of another type.
    pub(crate) async fn send_as(
        &mut self,
        content_type: &str,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: String,
    ) -> Result<(u16, HeaderMap, Bytes), Error> {
        let mut request = Request::builder().method(method).uri(path).header("host", "auth.acme.localhost:8000");
        if !body.is_empty() {
            request = request.header("content-type", content_type);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(Error::unexpected)?;
        self.connection.ready().await.map_err(Error::unexpected)?;
        let (head, body) = self.connection.send_request(request).await.map_err(Error::unexpected)?.into_parts();
        let body = body.collect().await.map_err(Error::unexpected)?.to_bytes();
        Ok((head.status.as_u16(), head.headers, body))
    }

    /// Performs actions one after the other and returns the last answer. An action that the flow does not offer is an error.
    pub(crate) async fn walk(&mut self, flow: &str, steps: &[(&str, Value)]) -> Result<(HeaderMap, Value), Error> {
        let (_, mut headers, body) = self.send("POST", flow, None, String::new()).await?;
        let mut document = parse(&body)?;
        for (action, inputs) in steps {
            (headers, document) = self.act(&document, action, inputs).await?;
        }
        Ok((headers, document))
    }

    /// Performs one action that the document offers.
    pub(crate) async fn act(
        &mut self,
        document: &Value,
        action: &str,
        inputs: &Value,
    ) -> Result<(HeaderMap, Value), Error> {
        let offered = document.pointer(&format!("/actions/{action}/href")).and_then(Value::as_str);
        let href = offered.ok_or_else(|| Error::unexpected(format_args!("no action {action} in {document}")))?;
        let token = document.get("csrf_token").cloned().unwrap_or_default();
        let body = json!({"input_data": inputs, "csrf_token": token}).to_string();
        let (status, headers, body) = self.send("POST", href, None, body).await?;
        if status >= 500 {
            return Err(Error::unexpected(format_args!("{action}: {status} {}", String::from_utf8_lossy(&body))));
        }
        Ok((headers, parse(&body)?))
    }

    /// Makes an account with a password, and its session's token.
    pub(crate) async fn register(&mut self, address: &str, inbox: &Inbox) -> Result<String, Error> {
        let steps = [capabilities(), ("register_login_identifier", json!({"email": address}))];
        let (_, document) = self.walk("/registration", &steps).await?;
        let code = inbox.code(address).await?;
        let (_, document) = self.act(&document, "verify_passcode", &json!({"code": code})).await?;
        let (headers, document) = self.act(&document, "register_password", &json!({"new_password": PASSWORD})).await?;
        token(&headers, &document)
    }

    /// A whole login with a password: five requests.
    pub(crate) async fn password_login(&mut self, address: &str) -> Result<String, Error> {
        let steps = [
            capabilities(),
            ("continue_with_login_identifier", json!({"email": address})),
            ("continue_to_password_login", json!({})),
            ("password_login", json!({"password": PASSWORD})),
        ];
        let (headers, document) = self.walk("/login", &steps).await?;
        token(&headers, &document)
    }

    /// A login up to the mail: four requests.
    pub(crate) async fn passcode_login(&mut self, address: &str) -> Result<(), Error> {
        let steps = [
            capabilities(),
            ("continue_with_login_identifier", json!({"email": address})),
            ("continue_to_passcode_confirmation", json!({})),
        ];
        let (_, document) = self.walk("/login", &steps).await?;
        match document.get("name").and_then(Value::as_str) {
            Some("passcode_confirmation") => Ok(()),
            _ => Err(Error::unexpected(document)),
        }
    }
}

/// The first action of every flow here: a browser without WebAuthn.
pub(crate) fn capabilities() -> (&'static str, Value) {
    ("register_client_capabilities", json!({"webauthn_available": false}))
}

fn parse(body: &Bytes) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(Error::unexpected)
}

fn token(headers: &HeaderMap, document: &Value) -> Result<String, Error> {
    let cookie = headers.get("set-cookie").and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
    let token = cookie.strip_prefix("hanko=").and_then(|rest| rest.split(';').next());
    token.map(str::to_owned).ok_or_else(|| Error::unexpected(format_args!("no session in {document}")))
}
