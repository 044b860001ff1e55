//! `X-Request-Id` (`spec/sessions-and-public-rest.md` §1.3).

use bytes::Bytes;
use hanko_domain::{Random, random::ALPHANUMERIC};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header, in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's id if it is harmless in a log, else a new one.
pub(crate) fn request_id(headers: &HeaderMap, random: &Random) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(given) if is_harmless(given.as_bytes()) => given.clone(),
        _ => HeaderValue::from_maybe_shared(Bytes::from(random.text(ALPHANUMERIC, 32)))
            .unwrap_or(HeaderValue::from_static("none")),
    }
}

fn is_harmless(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_is_kept_only_when_it_is_harmless_in_a_log() {
        let longest = "x".repeat(128);
        for (given, kept) in [
            ("abc", true),
            ("A-z_0.9", true),
            (longest.as_str(), true),
            (&format!("{longest}x"), false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("a/b", false),
            ("a,b", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("X-Request-ID", given.parse().unwrap());
            let id = request_id(&headers, &Random::system());
            assert_eq!(id == given, kept, "{given:?}");
            assert!(kept || id.len() == 32 && id.as_bytes().iter().all(u8::is_ascii_alphanumeric), "{id:?}");
        }
    }

    #[test]
    fn without_an_id_each_request_gets_another_one() {
        let new = || request_id(&HeaderMap::new(), &Random::system());
        assert_ne!(new(), new());
    }
}
