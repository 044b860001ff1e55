//! Requests, in a series of ours and in the four that dashboards of upstream's read (`spec/admin-api.md` §4.3).

use std::time::Duration;

use axum::extract::Request;
use http::{Method, StatusCode};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::keep;
use crate::registry::Found;

/// Seconds. A login with a hash takes a tenth of one, a key set microseconds.
const LATENCIES: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upstream's.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upstream's.
const BYTES: &[f64] =
    &[1024.0, 2048.0, 5120.0, 10240.0, 102400.0, 512000.0, 1048576.0, 2621440.0, 5242880.0, 10485760.0];
const UPSTREAM: &[&str] = &["code", "method", "host", "url"];
/// Any other word a client may send is none that becomes a label.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// A request that is under way.
pub(crate) struct Asked {
    method: &'static str,
    /// A host of a project; empty for any other name a client may give.
    host: String,
    bytes: u64,
}

impl Asked {
    pub(crate) fn of(request: &Request, named: &str, found: &Found) -> Self {
        let known = METHODS.iter().position(|method| method == request.method());
        let host = match found {
            Found::Tenant(served) => served.configuration.project.hosts.iter().find(|host| is_host(named, host)),
            Found::Starting | Found::Nothing => None,
        };
        Self {
            method: known.and_then(|at| NAMES.get(at)).copied().unwrap_or("other"),
            host: host.cloned().unwrap_or_default(),
            bytes: size(request),
        }
    }
}

/// As [`METHODS`].
const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// With or without the root's dot and a port.
fn is_host(named: &str, host: &str) -> bool {
    let rest = named.get(..host.len()).filter(|name| name.eq_ignore_ascii_case(host)).and(named.get(host.len()..));
    let rest = rest.map(|rest| rest.strip_prefix('.').unwrap_or(rest));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// As upstream estimates it: request line, headers and what the body is said to hold.
fn size(request: &Request) -> u64 {
    let line = request.uri().path().len() + request.method().as_str().len() + "HTTP/1.1".len();
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let body =
        request.headers().get(http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    u64::try_from(line + headers).unwrap_or(u64::MAX).saturating_add(body.unwrap_or(0))
}

pub(super) struct Requests {
    routes: HistogramVec,
    upstream: IntCounterVec,
    seconds: HistogramVec,
    asked: HistogramVec,
    answered: HistogramVec,
}

impl Requests {
    pub(super) fn new(registry: &Registry) -> Self {
        let histogram = |name, help, buckets: &[f64], labels: &[&str]| {
            keep(registry, HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels))
        };
        Self {
            routes: histogram(
                "hanko_http_request_duration_seconds",
                "Requests by route and class of status.",
                LATENCIES,
                &["route", "status"],
            ),
            upstream: keep(
                registry,
                IntCounterVec::new(
                    Opts::new("hanko_requests_total", "Requests, by status, method, host of a project, and route."),
                    UPSTREAM,
                ),
            ),
            seconds: histogram(
                "hanko_request_duration_seconds",
                "Requests, by status, method, host of a project, and route.",
                SECONDS,
                UPSTREAM,
            ),
            asked: histogram("hanko_request_size_bytes", "Sizes of requests, headers included.", BYTES, UPSTREAM),
            answered: histogram("hanko_response_size_bytes", "Sizes of answers without headers.", BYTES, UPSTREAM),
        }
    }

    /// `route` as the router writes it; `None`: no such path. `bytes`: of the answer's body, as far as is known before it is sent.
    pub(super) fn count(&self, asked: &Asked, route: Option<&str>, status: StatusCode, bytes: u64, took: Duration) {
        let class = match status.as_u16() {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        let seconds = took.as_secs_f64();
        self.routes.with_label_values(&[route.unwrap_or("unknown"), class]).observe(seconds);
        let url = route.map_or_else(|| "/*".to_owned(), |route| route.replace('{', ":").replace('}', ""));
        let labels = [status.as_str(), asked.method, &asked.host, &url];
        self.upstream.with_label_values(&labels).inc();
        self.seconds.with_label_values(&labels).observe(seconds);
        // A histogram of bytes: f64 is exact up to 2^53.
        #[allow(clippy::cast_precision_loss)]
        {
            self.asked.with_label_values(&labels).observe(asked.bytes as f64);
            self.answered.with_label_values(&labels).observe(bytes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_with_its_port_and_in_any_case() {
        for (named, host, known) in [
            ("acme.example", "acme.example", true),
            ("ACME.example:8000", "acme.example", true),
            ("acme.example.", "acme.example", true),
            ("acme.example.:443", "acme.example", true),
            ("acme.example.evil", "acme.example", false),
            ("acme.exampl", "acme.example", false),
            ("xacme.example", "acme.example", false),
            ("acme.example2", "acme.example", false),
            ("", "acme.example", false),
            ("ä", "a", false),
        ] {
            assert_eq!(is_host(named, host), known, "{named}");
        }
    }
}
