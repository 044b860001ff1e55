//! What a server answered, as far as somebody asks.

use std::time::Duration;

use hanko_domain::Timestamp;
use http::{HeaderMap, header::RETRY_AFTER};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// An answer without its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The status; a redirect is one, since none is followed.
    pub status: u16,
    /// When the server wants to be asked again.
    pub retry_after: Option<RetryAfter>,
}

/// `Retry-After` (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryAfter {
    /// So much later.
    In(Duration),
    /// Not before.
    At(Timestamp),
}

impl RetryAfter {
    /// How long to wait from now on.
    pub fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::In(wait) => wait,
            Self::At(at) => at.since(now),
        }
    }

    fn parse(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Self::In(Duration::from_secs(seconds)));
        }
        let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        Some(Self::At(Timestamp::from_seconds(at.unix_timestamp())))
    }
}

impl Answer {
    pub(crate) fn new(status: http::StatusCode, headers: &HeaderMap) -> Self {
        Self { status: status.as_u16(), retry_after: RetryAfter::parse(headers) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_read_in_seconds_and_as_a_date() {
        let now = Timestamp::from_seconds(784_111_767);
        for (text, wait) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            let parsed = RetryAfter::parse(&headers).map(|wish| wish.wait(now).as_secs());
            assert_eq!(parsed, wait, "{text}");
        }
    }
}
