//! The process that serves the project, asked over its admin listener.

use std::{env, path::Path, time::Duration};

use bytes::Bytes;
use hanko_domain::Secret;
use hanko_model::project::GENERATED_KEY;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

use crate::config::{Configuration, secrets::SecretFiles};

/// Where a key is looked for before the project's generated one.
const KEY: &str = "HANKO_API_KEY";
/// A call on the same machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const MOST: usize = 1024 * 1024;

/// A process, and the key it is asked with.
pub(super) struct Process {
    /// Host and port.
    address: String,
    /// As the process knows the project.
    host: String,
    key: Secret<String>,
}

impl Process {
    pub(super) fn of(configuration: &Configuration, secrets: &Path, url: &Url) -> Result<Self, String> {
        let address = match (url.scheme(), url.host_str(), url.port_or_known_default()) {
            ("http", Some(host), Some(port)) => format!("{host}:{port}"),
            _ => return Err(format!("{url}: the address of the admin listener begins with http://")),
        };
        let host = configuration.project.hosts.first().cloned().unwrap_or_default();
        Ok(Self { address, host, key: key(configuration, secrets)? })
    }

    /// One call; what the process refuses is the error.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        let answer = tokio::time::timeout(PATIENCE, self.call(method, path, body)).await;
        let (status, text) =
            answer.map_err(|_| "no answer in time".to_owned()).and_then(|answer| answer).map_err(|reason| {
                format!(
                    "the database is in use, and the process that should serve it at {} cannot be asked: {reason}",
                    self.address
                )
            })?;
        let value = if text.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&text) };
        let value: Value = value.map_err(|_| format!("{} is no admin listener", self.address))?;
        if status.is_success() {
            return Ok(value);
        }
        let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
        Err(format!("the process at {} answers {status}: {message}", self.address))
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<(StatusCode, Bytes), String> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key.expose()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let stream = TcpStream::connect(&self.address).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // Ends with the answer.
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = Limited::new(answer.into_body(), MOST).collect().await.map_err(|error| error.to_string())?;
        Ok((status, text.to_bytes()))
    }
}

fn key(configuration: &Configuration, secrets: &Path) -> Result<Secret<String>, String> {
    if let Ok(key) = env::var(KEY) {
        return Ok(Secret::new(key.trim().to_owned()));
    }
    let needed = "the database is in use by the process that serves it, which can only be asked with a key";
    let Some(generated) = &configuration.project.admin_api.generated else {
        return Err(format!("{needed}, and the project has no generated one; set {KEY}"));
    };
    let found = SecretFiles::new(secrets).read(&configuration.project.namespace, &generated.secret, GENERATED_KEY);
    let found = found.map_err(|error| format!("{needed}; set {KEY}, or: {error}"))?;
    let text =
        String::from_utf8(found.expose().clone()).map_err(|_| format!("{needed}, and the generated one is no text"))?;
    Ok(Secret::new(text.trim().to_owned()))
}
