//! One tenant's way to its mail server.
//!
//! lettre speaks the protocol; which connection is used, how long anything may take, and what an answer means is decided
//! here. lettre's own pool is not used: it would hand on a connection whose exchange was cut off by a timeout, and it checks
//! every connection with a round trip of its own.

mod connection;
mod error;
mod pool;

use std::{sync::Arc, time::Duration};

use hanko_domain::{EmailAddress, EventId, Secret, Timestamp};
use lettre::transport::smtp::client::TlsParameters;
use thiserror::Error;
use tokio::{
    sync::{Mutex, OnceCell},
    time::Instant,
};

pub use error::SendError;

use crate::mail::{
    Rendered,
    mime::{self, Mail, Sender},
};
use connection::Connection;
use pool::Pool;

/// The longest a mail may take from the first packet to the server's last word. A delivery's lease is longer.
pub const LONGEST_SEND: Duration = Duration::from_secs(50);

/// How long connecting, and any one answer of the server, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a probe may take.
const PROBE: Duration = Duration::from_secs(2);

/// How long the answer of a probe holds.
pub const PROBED: Duration = Duration::from_secs(30);

/// How long an open connection waits for the next mail. Short: codes come in bursts, and an idle tenant should hold nothing.
const IDLE: Duration = Duration::from_secs(5);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tls {
    /// From the first byte, usually on port 465.
    Implicit,
    /// By `STARTTLS`, which the server must offer; usually on port 587.
    Starttls,
    /// Not at all.
    None,
}

/// What a mailer needs to know.
#[derive(Clone, Debug)]
pub struct MailerConfig {
    /// Host name of the mail server; its certificate must be for this name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// User and password. With them, a server that offers no way to sign in gets no mail.
    pub credentials: Option<(String, Secret<String>)>,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// What `EHLO` says: the project's public host name. Strict servers refuse names without a dot (RFC 5321 §4.1.1.1).
    pub helo_name: String,
    /// Sender of the envelope and in `From`.
    pub from_address: EmailAddress,
    /// Name in `From`; may be empty.
    pub from_name: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<EmailAddress>,
}

/// Why a configuration can never send a mail.
#[derive(Debug, Error)]
pub enum MailerError {
    /// The certificates to trust are none.
    #[error("the certificate authority for the mail server is no PEM file with certificates")]
    CaPem,
    /// The name would break the protocol.
    #[error("{name:?} is no name for EHLO: it must be a host name")]
    HeloName {
        /// The name.
        name: String,
    },
}

/// Sends the mails of one tenant. Costs nothing until the first mail: it connects, and reads what the system trusts, only
/// then, and lets go of connections a few seconds after the last one. How many mails are sent at once is up to the caller.
pub struct Mailer {
    config: MailerConfig,
    sender: Sender,
    tls: OnceCell<TlsParameters>,
    pool: Arc<Pool>,
    patience: Duration,
    probed: Mutex<Option<(Instant, Result<(), SendError>)>>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("config", &self.config).field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Mailer {
    /// Checks the configuration; does not connect.
    pub fn new(config: MailerConfig) -> Result<Self, MailerError> {
        if let Some(pem) = &config.ca_pem {
            let certificates = pem.windows(27).any(|text| text == b"-----BEGIN CERTIFICATE-----");
            let trusted = connection::trust(config.host.clone(), Some(pem.clone())).is_ok();
            (certificates && trusted).then_some(()).ok_or(MailerError::CaPem)?;
        }
        let name = &config.helo_name;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(MailerError::HeloName { name: name.clone() });
        }
        let sender = Sender {
            address: config.from_address.clone(),
            name: config.from_name.clone(),
            reply_to: config.reply_to.clone(),
        };
        Ok(Self {
            config,
            sender,
            tls: OnceCell::new(),
            pool: Arc::new(Pool::new(IDLE)),
            patience: PATIENCE,
            probed: Mutex::default(),
        })
    }

    /// Sends one mail and says its `Message-ID`. Takes at most [`LONGEST_SEND`].
    pub async fn send(
        &self,
        to: &EmailAddress,
        words: &Rendered,
        event: EventId,
        now: Timestamp,
    ) -> Result<String, SendError> {
        let mail = mime::compose(&self.sender, to, words, event, now)
            .map_err(|error| SendError::Unsendable { reason: error.to_string() })?;
        match tokio::time::timeout(LONGEST_SEND, self.hand_over(&mail)).await {
            Ok(Ok(())) => Ok(mail.id),
            Ok(Err(error)) => Err(error.without(to)),
            Err(_) => Err(SendError::silent(LONGEST_SEND)),
        }
    }

    /// Whether the server takes mails from us, as far as can be told without one: connects, signs in and takes leave. Whoever
    /// asks again within [`PROBED`] gets the same answer, so that nobody bothers the server by asking.
    pub async fn probe(&self) -> Result<(), SendError> {
        let mut probed = self.probed.lock().await;
        if let Some((at, answer)) = &*probed
            && at.elapsed() < PROBED
        {
            return answer.clone();
        }
        let patience = self.patience.min(PROBE);
        let opening = async { Connection::open(&self.config, self.tls().await?, patience).await };
        let answer = match tokio::time::timeout(patience, opening).await {
            Ok(opened) => opened.map(Connection::close).map_err(SendError::in_one_line),
            Err(_) => Err(SendError::silent(patience)),
        };
        *probed = Some((Instant::now(), answer.clone()));
        answer
    }

    /// The same with less patience, so that tests need none.
    #[cfg(test)]
    pub(crate) fn hasty(config: MailerConfig) -> Self {
        let short = Duration::from_millis(200);
        Self { patience: short, pool: Arc::new(Pool::new(short)), ..Self::new(config).unwrap() }
    }

    async fn hand_over(&self, mail: &Mail) -> Result<(), SendError> {
        if let Some(mut connection) = self.pool.take() {
            // A server may end a connection that lay still at any time. Then, and only then, a new one is tried.
            if connection.begin(mail).await.is_ok() {
                return self.finish(connection, mail).await;
            }
            connection.close();
            self.pool.clear();
        }
        let mut connection = Connection::open(&self.config, self.tls().await?, self.patience).await?;
        match connection.begin(mail).await {
            Ok(()) => self.finish(connection, mail).await,
            Err(error) => {
                connection.close();
                Err(error)
            }
        }
    }

    async fn finish(&self, mut connection: Connection, mail: &Mail) -> Result<(), SendError> {
        let sent = connection.finish(mail).await;
        if sent.is_ok() {
            self.pool.put(connection);
        } else {
            connection.close();
        }
        sent
    }

    async fn tls(&self) -> Result<Option<TlsParameters>, SendError> {
        if self.config.tls == Tls::None {
            return Ok(None);
        }
        let (host, ca) = (self.config.host.clone(), self.config.ca_pem.clone());
        let load = || async {
            // Reading the system's certificates takes milliseconds of file access.
            match tokio::task::spawn_blocking(move || connection::trust(host, ca)).await {
                Ok(trusted) => trusted,
                Err(_) => Err(SendError::Unreachable { reason: "the process is ending".to_owned() }),
            }
        };
        self.tls.get_or_try_init(load).await.cloned().map(Some)
    }
}

#[cfg(test)]
pub(crate) mod mock;
#[cfg(test)]
mod tests;
