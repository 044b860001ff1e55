//! From words to the octets that travel (RFC 5322, RFC 2045).

use std::time::{Duration, UNIX_EPOCH};

use hanko_domain::{EmailAddress, EventId, Timestamp};
use lettre::{
    Address,
    address::Envelope,
    message::{
        Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use zeroize::Zeroizing;

use super::Rendered;

/// Who mails.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address of the envelope and of `From`.
    pub address: EmailAddress,
    /// The name in `From`; may be empty.
    pub name: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<EmailAddress>,
}

/// A mail ready to be handed over. It contains the code, hence no `Debug`.
pub struct Mail {
    /// Sender and recipient.
    pub envelope: Envelope,
    /// Whether the server needs no SMTPUTF8 for them.
    pub ascii_addresses: bool,
    /// Headers and body. ASCII, unless an address is not.
    pub octets: Zeroizing<String>,
    /// The `Message-ID`, angle brackets included.
    pub id: String,
}

/// Composes the mail of an event. The same event has the same `Message-ID`, so that a mail system that gets it twice, because
/// the process died between sending and noting it, can tell.
pub fn compose(
    from: &Sender,
    to: &EmailAddress,
    words: &Rendered,
    event: EventId,
    now: Timestamp,
) -> Result<Mail, lettre::error::Error> {
    let id = format!("<{event}@{}>", from.address.domain());
    let name = from.name.replace(char::is_control, " ");
    let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let date = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.0).unwrap_or(0));
    // Quoted-printable never has `=_`, so the boundary occurs nowhere else.
    let body = MultiPart::builder()
        .kind(lettre::message::MultiPartKind::Alternative)
        .boundary(format!("=_{}", event.0.simple()))
        .singlepart(part(ContentType::TEXT_PLAIN, &words.text))
        .singlepart(part(ContentType::TEXT_HTML, &words.html));
    let mut message = MessageBuilder::new();
    if let Some(reply_to) = &from.reply_to {
        message = message.reply_to(Mailbox::new(None, address(reply_to)));
    }
    let message = message
        .date(date)
        .from(Mailbox::new(name, address(&from.address)))
        .to(Mailbox::new(None, address(to)))
        .subject(words.subject.replace(char::is_control, " "))
        .message_id(Some(id.clone()))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .raw_header(header("Content-Language", words.language))
        .multipart(body)?;
    let octets = String::from_utf8(message.formatted()).map_err(|_| lettre::error::Error::NonAsciiChars)?;
    let ascii_addresses = [Some(&from.address), from.reply_to.as_ref(), Some(to)]
        .into_iter()
        .flatten()
        .all(|address| address.as_str().is_ascii());
    Ok(Mail { envelope: message.envelope().clone(), ascii_addresses, octets: Zeroizing::new(octets), id })
}

/// Always quoted-printable: lines of at most 76 characters, so that no relay rewraps what was signed (FC-35).
fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text.to_owned())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Our addresses hold only characters that need no quoting. They may have dots where RFC 5322 wants none (`a..b@`), as old
/// addresses of some mobile operators do; those are mailed to as they are.
fn address(address: &EmailAddress) -> Address {
    let (local, domain) = address.as_str().rsplit_once('@').unwrap_or_default();
    Address::new_dangerous(local, domain)
}

#[cfg(test)]
mod tests;
