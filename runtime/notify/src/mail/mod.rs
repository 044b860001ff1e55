//! What a flow asks for: [`Message`], and [`enqueue`] to promise it.

mod catalogue;
mod check;
mod device;
mod grammar;
mod html;
mod language;
mod look;
mod message;
pub mod mime;
mod parts;
mod plain;
mod preview;
mod render;
mod sample;
mod style;
mod template;
mod told;
pub mod worker;

use std::time::Duration;

use hanko_domain::{Actor, AuditEntry, AuditKind, DeliveryId, EventId, EventKind, Random, RequestMeta, Timestamp};
use hanko_keys::{KeyError, Sealer};
use hanko_model::project::Project;
use hanko_store::{StoreError, Work, outbox::Sink};
use thiserror::Error;

pub use catalogue::texts;
pub use check::check;
pub use look::Look;
pub use message::Message;
pub use preview::{Preview, preview};
pub use render::{RenderError, Rendered, Renderer};
pub use template::Template;

use crate::{audit, events};

/// How long it is of use to tell somebody that their address was typed by a visitor.
const ATTEMPT_USEFUL: Duration = Duration::from_secs(3600);
/// How long it is of use to tell the owner of an account what became of it.
const NOTICE_USEFUL: Duration = Duration::from_secs(24 * 3600);

/// Why a mail could not be promised.
#[derive(Debug, Error)]
pub enum EnqueueError {
    /// A code where none may be, or none where one must be. A mistake of the caller.
    #[error("the mail {} must {}carry a code", .template.as_str(), if .template.carries_code() { "" } else { "not " })]
    Code {
        /// Which mail.
        template: Template,
    },
    /// An address or a session that the mail speaks of is missing. A mistake of the caller.
    #[error("the mail {} lacks what it tells", .template.as_str())]
    Incomplete {
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

/// Promises a mail: it is sent after, and only if, the unit of work is committed. A security notification is noted in the audit
/// log as well (`spec/email.md` §6). `None`: the project sends no mail, and nobody does so in its place.
pub async fn enqueue(
    work: &mut Work,
    sealer: &Sealer,
    project: &Project,
    message: &Message,
    request: &RequestMeta,
    now: Timestamp,
    random: &Random,
) -> Result<Option<EventId>, EnqueueError> {
    let template = message.template;
    if message.code.is_some() != template.carries_code() {
        return Err(EnqueueError::Code { template });
    }
    if !message.is_complete() {
        return Err(EnqueueError::Incomplete { template });
    }
    if project.mail.is_none() && !project.webhooks.take_mails() {
        return Ok(None);
    }
    let event = EventId::ordered(random, now);
    let sealed = sealer.seal(&events::place(&event), &message.to_snapshot()?, random)?;
    let expires_at = match &message.code {
        Some(code) => code.valid_until,
        None if template.is_security_notification() => now + NOTICE_USEFUL,
        None => now + ATTEMPT_USEFUL,
    };
    let delivery = DeliveryId::ordered(random, now);
    work.emit(event, EventKind::EmailSend, &sealed, delivery, Sink::Mail, expires_at, &request.id, now).await?;
    if template.is_security_notification() {
        let entry = AuditEntry::new(AuditKind::SecurityNotificationSent, Actor { user: message.owner, email: None })
            .with("template", template.as_str())
            .with("email_address", message.to.as_str())
            // A text in upstream's rows as well.
            .with("delivered_by_hanko", if project.mail.is_some() { "true" } else { "false" });
        audit::record(work, entry, request, project.settings.audit_mask, now, random).await?;
    }
    Ok(Some(event))
}

#[cfg(test)]
mod tests;
