//! Constant requests, made by `wrk`.

use std::{fs, net::SocketAddr, time::Duration};

use tokio::process::Command;

use crate::Error;

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Milliseconds that half of the requests took at most.
    pub(crate) p50: f64,
    /// Milliseconds that all but one in a hundred took at most.
    pub(crate) p99: f64,
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0}/s, p50 {:.2} ms, p99 {:.2} ms", self.rate, self.p50, self.p99)
    }
}

/// Loads one path over 32 connections. Every answer must be a 2xx.
pub(crate) async fn load(
    target: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    duration: Duration,
) -> Result<Load, Error> {
    run(target, path, &format!("wrk.method = \"{method}\"\n"), token, duration).await
}

/// Loads paths in turn, in the same way.
pub(crate) async fn load_each(
    target: SocketAddr,
    paths: &[String],
    token: &str,
    duration: Duration,
) -> Result<Load, Error> {
    let requests: String = paths.iter().map(|path| format!("wrk.format(\"GET\", {path:?}),\n")).collect();
    let script = format!(
        "local turn, requests = 0\n\
         function init()\nrequests = {{\n{requests}}}\nend\n\
         function request()\nturn = turn % #requests + 1\nreturn requests[turn]\nend\n"
    );
    let first = paths.first().map(String::as_str).unwrap_or_default();
    run(target, first, &script, Some(token), duration).await
}

async fn run(
    target: SocketAddr,
    path: &str,
    lua: &str,
    token: Option<&str>,
    duration: Duration,
) -> Result<Load, Error> {
    let script = tempfile::NamedTempFile::new().map_err(Error::io("script"))?;
    fs::write(script.path(), lua).map_err(Error::io("script"))?;
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c32", "--latency", "--timeout", "30s", "-d", &format!("{}s", duration.as_secs())])
        .arg("-s")
        .arg(script.path());
    if let Some(token) = token {
        wrk.args(["-H", &format!("authorization: Bearer {token}")]);
    }
    let output = wrk.arg(format!("http://{target}{path}")).output().await.map_err(Error::io("wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(Error::unexpected(format_args!("{path}: {text}{}", String::from_utf8_lossy(&output.stderr))));
    }
    let after =
        |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim).unwrap_or_default();
    Ok(Load {
        rate: after("Requests/sec:").parse().unwrap_or(0.0),
        p50: milliseconds(after("50%")),
        p99: milliseconds(after("99%")),
    })
}

fn milliseconds(text: &str) -> f64 {
    let number = |unit: &str| text.strip_suffix(unit).and_then(|number| number.parse::<f64>().ok());
    number("us").map(|n| n / 1000.0).or_else(|| number("ms")).or_else(|| number("s").map(|n| n * 1000.0)).unwrap_or(0.0)
}
