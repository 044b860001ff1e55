//! What a flow asks for: [`Message`], and [`enqueue`] to promise it.

mod catalogue;
mod language;
pub mod mime;
mod render;

use std::{borrow::Cow, time::Duration};

use hanko_domain::{DeliveryId, EmailAddress, EventId, EventKind, Random, RequestMeta, Secret, Timestamp};
use hanko_keys::{KeyError, Place, Sealer};
use hanko_store::{StoreError, Work, outbox::Sink};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

pub use render::{RenderError, Rendered, Renderer};

/// How long it is of use to tell somebody that their address was typed by a visitor.
const ATTEMPT_USEFUL: Duration = Duration::from_secs(3600);

/// Which mail (`spec/email.md` §2). The name is the wire's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// A code to sign in with.
    Login,
    /// A code to set a new password with.
    Recovery,
    /// A code that proves an address.
    EmailVerification,
    /// Somebody tried to sign in with an address that no account has.
    EmailLoginAttempted,
    /// Somebody tried to register an address that an account has.
    EmailRegistrationAttempted,
    /// What strangers had attached to the recipient's account was removed (`spec/decisions.md` 2).
    CredentialsRemoved,
}

impl Template {
    /// Every mail.
    pub const ALL: [Self; 6] = [
        Self::Login,
        Self::Recovery,
        Self::EmailVerification,
        Self::EmailLoginAttempted,
        Self::EmailRegistrationAttempted,
        Self::CredentialsRemoved,
    ];

    /// The wire's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Recovery => "recovery",
            Self::EmailVerification => "email_verification",
            Self::EmailLoginAttempted => "email_login_attempted",
            Self::EmailRegistrationAttempted => "email_registration_attempted",
            Self::CredentialsRemoved => "credentials_removed",
        }
    }

    /// Whether the mail carries a code. The others must not, since the visitor may not be who the address belongs to.
    pub fn carries_code(self) -> bool {
        matches!(self, Self::Login | Self::Recovery | Self::EmailVerification)
    }
}

/// A mail as a flow asks for it. Everything it says is fixed now; how it looks is decided when it is sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// Which mail.
    pub template: Template,
    /// To whom.
    pub to: EmailAddress,
    /// `X-Language` as sent; resolved when the mail is rendered.
    pub language: String,
    /// The project's service name.
    pub service_name: String,
    /// The code; present exactly for the templates that carry one.
    pub code: Option<Secret<String>>,
    /// Lifetime of the code in seconds.
    pub ttl_seconds: u32,
    /// When the code expires; a mail with a code is never sent after this.
    pub valid_until: Timestamp,
}

/// The message as sealed at rest. The only place where the code is written out.
#[derive(Deserialize, Serialize)]
struct Snapshot<'a> {
    template: Template,
    to: Cow<'a, EmailAddress>,
    language: Cow<'a, str>,
    service_name: Cow<'a, str>,
    code: Option<Cow<'a, str>>,
    ttl: u32,
    valid_until: Timestamp,
}

impl Message {
    fn to_snapshot(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(&Snapshot {
            template: self.template,
            to: Cow::Borrowed(&self.to),
            language: Cow::Borrowed(&self.language),
            service_name: Cow::Borrowed(&self.service_name),
            code: self.code.as_ref().map(|code| Cow::Borrowed(code.expose().as_str())),
            ttl: self.ttl_seconds,
            valid_until: self.valid_until,
        })
        .map(Zeroizing::new)
    }

    pub(crate) fn from_snapshot(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let snapshot: Snapshot<'_> = serde_json::from_slice(bytes)?;
        Ok(Self {
            template: snapshot.template,
            to: snapshot.to.into_owned(),
            language: snapshot.language.into_owned(),
            service_name: snapshot.service_name.into_owned(),
            code: snapshot.code.map(|code| Secret::new(code.into_owned())),
            ttl_seconds: snapshot.ttl,
            valid_until: snapshot.valid_until,
        })
    }
}

/// Why a mail could not be promised.
#[derive(Debug, Error)]
pub enum EnqueueError {
    /// A code where none may be, or none where one must be. A mistake of the caller.
    #[error("the mail {} must {}carry a code", .template.as_str(), if .template.carries_code() { "" } else { "not " })]
    Code {
        /// Which mail.
        template: Template,
    },
    /// The snapshot cannot be written down.
    #[error("the mail cannot be stored: {0}")]
    Snapshot(#[from] serde_json::Error),
    /// The snapshot cannot be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database refused the rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the snapshot of an event stands.
pub(crate) fn place(event: &EventId) -> Place<'_> {
    Place { table: "events", row: event.as_bytes(), column: "payload" }
}

/// Promises a mail: it is sent after, and only if, the unit of work is committed.
pub async fn enqueue(
    work: &mut Work,
    sealer: &Sealer,
    message: &Message,
    request: &RequestMeta,
    now: Timestamp,
    random: &Random,
) -> Result<EventId, EnqueueError> {
    if message.code.is_some() != message.template.carries_code() {
        return Err(EnqueueError::Code { template: message.template });
    }
    let event = EventId::ordered(random, now);
    let sealed = sealer.seal(&place(&event), &message.to_snapshot()?, random)?;
    let expires_at = if message.template.carries_code() { message.valid_until } else { now + ATTEMPT_USEFUL };
    let delivery = DeliveryId::ordered(random, now);
    work.emit(event, EventKind::EmailSend, &sealed, delivery, Sink::Mail, expires_at, &request.id, now).await?;
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            template: Template::Login,
            to: EmailAddress::parse("kim@acme.example").unwrap(),
            language: "de".into(),
            service_name: "Acme".into(),
            code: Some(Secret::new("482913".into())),
            ttl_seconds: 300,
            valid_until: Timestamp::from_seconds(1_790_000_300),
        }
    }

    #[test]
    fn a_snapshot_brings_back_the_whole_message() {
        let bytes = message().to_snapshot().unwrap();
        let back = Message::from_snapshot(&bytes).unwrap();
        assert_eq!(back.to_snapshot().unwrap(), bytes);
        assert_eq!(back.code.unwrap().expose(), "482913");
    }

    #[test]
    fn a_message_does_not_show_its_code() {
        assert!(!format!("{:?}", message()).contains("482913"));
    }

    #[test]
    fn a_template_has_the_same_name_in_a_snapshot_as_on_the_wire() {
        for template in Template::ALL {
            assert_eq!(serde_json::to_value(template).unwrap(), template.as_str());
        }
    }
}
