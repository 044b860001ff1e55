//! What a client is told of a limit, with every answer of an endpoint that has one (`spec/sessions-and-public-rest.md` §13.2).

use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use hanko_flow::rest::Quota;
use http::{HeaderName, HeaderValue, header};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The headers; none without a limit.
pub(crate) struct QuotaHeaders(pub(crate) Option<Quota>);

impl IntoResponseParts for QuotaHeaders {
    type Error = Infallible;

    fn into_response_parts(self, mut answer: ResponseParts) -> Result<ResponseParts, Infallible> {
        if let Some(quota) = self.0 {
            let headers = answer.headers_mut();
            headers.insert(LIMIT, quota.limit.into());
            headers.insert(REMAINING, quota.remaining.into());
            headers.insert(RESET, quota.reset.into());
            if quota.exceeded {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(quota.reset));
            }
        }
        Ok(answer)
    }
}
