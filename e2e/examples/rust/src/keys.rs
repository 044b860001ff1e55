//! The tenant's public keys, kept and fetched again when they are old or when a token names one that is not among them.

use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use tokio::sync::Mutex;

/// A key the tenant no longer has is trusted no longer than this.
const FRESH: Duration = Duration::from_secs(600);
/// Anybody can make up names of keys: they have the keys fetched no more often than this.
const PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Keys {
    url: String,
    client: reqwest::Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Option<JwkSet>,
    fetched: Option<Instant>,
    /// When the keys were last asked for beyond the first time.
    asked_again: Option<Instant>,
}

impl Keys {
    pub(crate) fn new(tenant: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            url: format!("{tenant}/.well-known/jwks.json"),
            client: reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?,
            known: Mutex::default(),
        })
    }

    /// `None` when the tenant has no such key, and when it cannot be asked. Requests that come meanwhile wait for the one that fetches.
    pub(crate) async fn named(&self, name: &str) -> Option<DecodingKey> {
        let mut known = self.known.lock().await;
        if known.find(name).is_none() && known.asked_again.is_none_or(|asked| asked.elapsed() > PAUSE) {
            let fetched = self.fetch().await.ok();
            if known.keys.is_some() || fetched.is_none() {
                known.asked_again = Some(Instant::now());
            }
            if let Some(keys) = fetched {
                *known = Known { keys: Some(keys), fetched: Some(Instant::now()), ..*known };
            }
        }
        known.find(name)
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        self.client.get(&self.url).send().await?.error_for_status()?.json().await
    }
}

impl Known {
    fn find(&self, name: &str) -> Option<DecodingKey> {
        self.fetched.filter(|fetched| fetched.elapsed() < FRESH)?;
        DecodingKey::from_jwk(self.keys.as_ref()?.find(name)?).ok()
    }
}
