//! Requests to addresses that a tenant chose.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use reqwest::{Response, redirect, retry};
use url::{Host, Url};

use crate::{Answer, OutboundError, OutboundPolicy, resolve::Resolver};

/// Idle connections are kept for the next event of a busy minute, not for ever.
const IDLE: Duration = Duration::from_secs(30);
/// Idle connections to one host.
const IDLE_PER_HOST: usize = 2;

/// Calls what its policy lets through. Made when first used: a tenant that calls nobody costs nothing. Clones are one client.
#[derive(Clone, Debug)]
pub struct Client {
    policy: Arc<OutboundPolicy>,
    resolver: Resolver,
    inner: Arc<OnceLock<Result<reqwest::Client, String>>>,
}

impl Client {
    /// A client of one project.
    pub fn new(policy: OutboundPolicy) -> Self {
        let policy = Arc::new(policy);
        Self::with(Resolver::system(Arc::clone(&policy)), policy)
    }

    pub(crate) fn with(resolver: Resolver, policy: Arc<OutboundPolicy>) -> Self {
        Self { policy, resolver, inner: Arc::default() }
    }

    /// Whom it may call.
    pub fn policy(&self) -> &OutboundPolicy {
        &self.policy
    }

    /// Posts a body. `timeout` is for everything from the look-up to the head of the answer; the answer's body is not read.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: impl Into<Bytes>,
        timeout: Duration,
    ) -> Result<Answer, OutboundError> {
        let response = self.call(Method::POST, url, headers, Some(body.into()), timeout).await?;
        Ok(Answer::new(response.status(), response.headers()))
    }

    /// Fetches a document of at most `limit` bytes. `timeout` is for everything, the last byte included.
    pub async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        timeout: Duration,
        limit: usize,
    ) -> Result<(Answer, Bytes), OutboundError> {
        let mut response = self.call(Method::GET, url, headers, None, timeout).await?;
        let answer = Answer::new(response.status(), response.headers());
        let host = url.host_str().unwrap_or_default();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| OutboundError::of(error, host, timeout))? {
            if body.len() + chunk.len() > limit {
                return Err(OutboundError::TooLarge { host: host.to_owned(), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((answer, body.freeze()))
    }

    async fn call(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Duration,
    ) -> Result<Response, OutboundError> {
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")).ok_or(OutboundError::Url)?;
        // An address in the URL is never looked up.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if let Some(reason) = literal.and_then(|address| self.policy.refusal(address)) {
            return Err(OutboundError::Refused { host: host.to_owned(), reason });
        }
        let client = self.inner().map_err(|reason| OutboundError::Unable { reason: reason.clone() })?;
        let mut request = client.request(method, url.clone()).headers(headers).timeout(timeout);
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.map_err(|error| OutboundError::of(error, host, timeout))
    }

    fn inner(&self) -> Result<&reqwest::Client, &String> {
        let made = self.inner.get_or_init(|| {
            reqwest::Client::builder()
                .dns_resolver(self.resolver.clone())
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .no_proxy()
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .build()
                .map_err(|error| error.to_string())
        });
        made.as_ref()
    }
}
