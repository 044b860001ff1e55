//! Handing a token to the client (`spec/sessions-and-public-rest.md` §5).

use axum::response::{IntoResponseParts, ResponseParts};
use hanko_flow::{TrustedDevice, sessions::NewToken};
use http::{HeaderName, HeaderValue, header};

use crate::{http::cookie::trusted_device, served::Served};

const X_SESSION_LIFETIME: HeaderName = HeaderName::from_static("x-session-lifetime");
const X_SESSION_RETENTION: HeaderName = HeaderName::from_static("x-session-retention");
const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// Headers that stand beside an answer.
pub(crate) struct Delivery(Vec<(HeaderName, HeaderValue)>);

/// A token: in a cookie, or in `X-Auth-Token` where the project says so.
pub(crate) fn deliver(served: &Served, new: Option<&NewToken>) -> Delivery {
    let Some(new) = new else { return Delivery(Vec::new()) };
    let retention = if new.persistent { "persistent" } else { "session" };
    let mut headers = vec![
        (X_SESSION_LIFETIME, HeaderValue::from(new.lifetime.as_secs())),
        (X_SESSION_RETENTION, HeaderValue::from_static(retention)),
    ];
    let token = new.token.expose();
    if served.configuration.project.settings.session.enable_auth_token_header {
        if let Ok(mut value) = HeaderValue::from_str(token) {
            value.set_sensitive(true);
            headers.push((X_AUTH_TOKEN, value));
        }
    } else {
        headers.push((header::SET_COOKIE, served.cookie.set(token, new.persistent.then_some(new.lifetime))));
    }
    Delivery(headers)
}

/// A token of an endpoint of earlier versions: nothing is said of how long the browser keeps it (§13.2).
pub(crate) fn deliver_only(served: &Served, new: Option<&NewToken>) -> Delivery {
    let Delivery(mut headers) = deliver(served, new);
    headers.retain(|(name, _)| name != X_SESSION_RETENTION);
    Delivery(headers)
}

/// A device that is trusted from now on.
pub(crate) fn trust(served: &Served, trusted: Option<&TrustedDevice>) -> Delivery {
    let name = &served.configuration.project.settings.mfa.device_trust.cookie_name;
    let cookie = |trusted: &TrustedDevice| trusted_device(name, trusted.cookie.expose(), trusted.lifetime);
    Delivery(trusted.map(cookie).map(|value| (header::SET_COOKIE, value)).into_iter().collect())
}

/// Makes the browser forget its session cookie, also in header mode.
pub(crate) fn forget(served: &Served) -> Delivery {
    Delivery(vec![(header::SET_COOKIE, served.cookie.delete())])
}

impl IntoResponseParts for Delivery {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut answer: ResponseParts) -> Result<ResponseParts, Self::Error> {
        for (name, value) in self.0 {
            answer.headers_mut().append(name, value);
        }
        Ok(answer)
    }
}
