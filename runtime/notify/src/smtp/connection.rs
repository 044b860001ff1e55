//! One conversation with a mail server (RFC 5321).

use std::{
    fmt::{self, Display},
    future::Future,
    time::Duration,
};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    commands::{Auth, Data, Ehlo, Mail as MailFrom, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    response::Response,
};

use super::{MailerConfig, SendError, Tls};
use crate::mail::mime::Mail;

/// In this order; the first one that the server offers is used (FC-31).
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Reads what to trust: the given certificates alone, or else the system's.
pub(super) fn trust(host: String, ca_pem: Option<Vec<u8>>) -> Result<TlsParameters, SendError> {
    let unusable = |error: Error| SendError::Unreachable { reason: error.to_string() };
    let mut builder = TlsParameters::builder(host);
    if let Some(pem) = ca_pem {
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(&pem).map_err(unusable)?);
    }
    builder.build_rustls().map_err(unusable)
}

/// An open connection, signed in where credentials are configured, ready for a mail.
pub(super) struct Connection {
    lettre: AsyncSmtpConnection,
    patience: Duration,
}

impl Connection {
    pub(super) async fn open(
        config: &MailerConfig,
        tls: Option<TlsParameters>,
        patience: Duration,
    ) -> Result<Self, SendError> {
        let hello = ClientId::Domain(config.helo_name.clone());
        let implicit = tls.clone().filter(|_| config.tls == Tls::Implicit);
        let server = (config.host.as_str(), config.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(patience), &hello, implicit, None);
        let mut connection = Self { lettre: within(patience, connecting).await?.map_err(refused)?, patience };
        if let Some(tls) = tls.filter(|_| config.tls == Tls::Starttls) {
            if !connection.lettre.can_starttls() {
                connection.close();
                return Err(SendError::NoStarttls);
            }
            // Asks for the server's abilities again afterwards, as RFC 3207 §4.2 demands.
            within(patience, connection.lettre.starttls(tls, &hello)).await?.map_err(refused)?;
        }
        if let Some((user, password)) = &config.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            let signed_in = connection.sign_in(&hello, credentials).await;
            if let Err(error) = signed_in {
                connection.close();
                return Err(error);
            }
        }
        Ok(connection)
    }

    async fn sign_in(&mut self, hello: &ClientId, credentials: Credentials) -> Result<(), SendError> {
        let mechanism = match self.lettre.server_info().get_auth_mechanism(&MECHANISMS) {
            Some(mechanism) => mechanism,
            None => {
                // lettre reads only the standard's form of the line. Old servers write `AUTH=LOGIN`, some in lower case.
                let abilities =
                    within(self.patience, self.lettre.command(Ehlo::new(hello.clone()))).await?.map_err(refused)?;
                unusual_mechanism(&abilities).ok_or(SendError::NoSignIn)?
            }
        };
        let start = Auth::new(mechanism, credentials.clone(), None).map_err(refused)?;
        let mut answer = within(self.patience, self.lettre.command(start)).await?.map_err(refused)?;
        for _ in 0..3 {
            if !answer.has_code(334) {
                break;
            }
            let reply = Auth::new_from_response(mechanism, credentials.clone(), &answer).map_err(refused)?;
            answer = within(self.patience, self.lettre.command(reply)).await?.map_err(refused)?;
        }
        if answer.has_code(334) {
            return Err(SendError::Refused { reply: "it never stops asking for the password".to_owned() });
        }
        Ok(())
    }

    /// Announces a mail. When a connection that lay still fails here, the mail was not sent.
    pub(super) async fn begin(&mut self, mail: &Mail) -> Result<(), SendError> {
        let mut parameters = Vec::new();
        if !mail.ascii_addresses {
            if !self.lettre.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(SendError::NeedsSmtpUtf8);
            }
            parameters.push(MailParameter::SmtpUtfEight);
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = MailFrom::new(mail.envelope.from().cloned(), parameters);
        within(self.patience, self.lettre.command(from)).await?.map_err(about_mail)?;
        Ok(())
    }

    /// Hands over the mail that was announced.
    pub(super) async fn finish(&mut self, mail: &Mail) -> Result<(), SendError> {
        for to in mail.envelope.to() {
            within(self.patience, self.lettre.command(Rcpt::new(to.clone(), Vec::new()))).await?.map_err(about_mail)?;
        }
        within(self.patience, self.lettre.command(Data)).await?.map_err(about_mail)?;
        within(self.patience, self.lettre.command(Content(&mail.octets))).await?.map_err(about_mail)?;
        Ok(())
    }

    /// Takes leave without making anybody wait for it.
    pub(super) fn close(mut self) {
        tokio::spawn(async move { tokio::time::timeout(self.patience, self.lettre.abort()).await });
    }
}

/// A mail as the answer to `DATA`, in one piece. lettre's own way writes the final dot by itself, which then waits until the
/// server has acknowledged the rest: 40 ms for each mail.
struct Content<'a>(&'a str);

impl Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A dot at the start of a line is doubled (RFC 5321 §4.5.2).
        for line in self.0.split_terminator("\r\n") {
            write!(f, "{}{line}\r\n", if line.starts_with('.') { "." } else { "" })?;
        }
        f.write_str(".\r\n")
    }
}

/// The mechanism in lines that lettre does not read.
fn unusual_mechanism(abilities: &Response) -> Option<Mechanism> {
    let offered: Vec<String> = abilities
        .message()
        .map(str::to_ascii_uppercase)
        .filter(|line| line.starts_with("AUTH=") || line.starts_with("AUTH "))
        .flat_map(|line| line.split([' ', '=']).skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    MECHANISMS.into_iter().find(|mechanism| offered.iter().any(|name| *name == mechanism.to_string()))
}

async fn within<T>(patience: Duration, answer: impl Future<Output = T>) -> Result<T, SendError> {
    tokio::time::timeout(patience, answer).await.map_err(|_| SendError::silent(patience))
}

/// An error before any mail was announced.
fn refused(error: Error) -> SendError {
    if error.is_permanent() || error.is_transient() {
        SendError::Refused { reply: error.to_string() }
    } else {
        SendError::Unreachable { reason: with_sources(&error) }
    }
}

/// An error about one mail.
fn about_mail(error: Error) -> SendError {
    let code = error.status().map(|code| code.to_string());
    if code.as_deref() == Some("421") {
        SendError::Refused { reply: error.to_string() }
    } else if error.is_permanent() {
        SendError::Rejected { reply: error.to_string() }
    } else if error.is_transient() {
        SendError::Deferred { reply: error.to_string() }
    } else {
        SendError::Unreachable { reason: with_sources(&error) }
    }
}

/// The words of an error with those of its causes that add something, such as why a certificate was refused.
fn with_sources(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}
