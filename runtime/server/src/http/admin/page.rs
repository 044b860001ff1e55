//! Lists in pages (`spec/admin-api.md` §3): `page` and `per_page`, `Link` and `X-Total-Count`.
//!
//! Ours: more than [`MOST`] entries of a page are not given; a bigger `per_page` acts as that one, in the query, in the arithmetic and
//! in the links.

use axum::{
    extract::{FromRequestParts, OriginalUri},
    response::{IntoResponseParts, ResponseParts},
};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};

use super::query::Query;
use crate::http::error::ApiError;

/// Entries of a page at most.
const MOST: i64 = 1_000;
/// Entries of a page when nothing is said.
const USUAL: i64 = 20;
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
/// Headers of proxies that say which scheme the client used, in the order they are believed.
const SCHEMES: [&str; 4] = ["x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-ssl", "x-url-scheme"];

/// Which page is asked for, and at which address.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// As given, which may be negative; never 0.
    page: i64,
    per_page: i64,
    /// Scheme, host and path.
    base: String,
    query: Query,
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let path = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0).path();
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let base = format!("{}://{host}{path}", scheme(&parts.headers));
        Self::of(base, Query::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Page {
    fn of(base: String, query: Query) -> Result<Self, ApiError> {
        let number = |name, otherwise| query.integer(name).map(|n| n.filter(|n| *n != 0).unwrap_or(otherwise));
        Ok(Self { page: number("page", 1)?, per_page: number("per_page", USUAL)?.min(MOST), base, query })
    }

    /// Entries before this page.
    pub(crate) fn offset(&self) -> u64 {
        u64::try_from(self.page.saturating_sub(1)).unwrap_or(0).saturating_mul(u64::from(self.limit()))
    }

    /// Entries of this page.
    pub(crate) fn limit(&self) -> u32 {
        u32::try_from(self.per_page).unwrap_or(USUAL as u32)
    }

    /// The headers beside a page of so many entries in all.
    pub(crate) fn headers(&self, total: u64) -> PageHeaders {
        PageHeaders { total, link: self.link(total) }
    }

    fn link(&self, total: u64) -> String {
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        // With a negative size the quotient is below one.
        let last =
            if self.per_page > 0 { (total / self.per_page + i64::from(total % self.per_page > 0)).max(1) } else { 1 };
        let page = self.page;
        let parts = [
            ("first", 1, page != 1 || page == last),
            ("last", last, page != last),
            ("next", page.saturating_add(1), page < last),
            ("prev", page.saturating_sub(1), page > 1),
        ];
        let present = parts.iter().filter(|(_, _, present)| *present);
        let links: Vec<String> =
            present.map(|(name, page, _)| format!("<{}>; rel=\"{name}\"", self.at(*page))).collect();
        links.join(",")
    }

    fn at(&self, page: i64) -> String {
        let query = self.query.with(&[("page", page.to_string()), ("per_page", self.per_page.to_string())]);
        format!("{}?{query}", self.base)
    }
}

/// `Link` and `X-Total-Count`.
pub(crate) struct PageHeaders {
    total: u64,
    link: String,
}

impl IntoResponseParts for PageHeaders {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut answer: ResponseParts) -> Result<ResponseParts, Self::Error> {
        answer.headers_mut().insert(X_TOTAL_COUNT, HeaderValue::from(self.total));
        if let Ok(link) = HeaderValue::from_str(&self.link) {
            answer.headers_mut().insert(header::LINK, link);
        }
        Ok(answer)
    }
}

/// The scheme the client used. TLS ends before this process.
fn scheme(headers: &HeaderMap) -> &str {
    let said = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        if name == "x-forwarded-ssl" {
            return (value == "on").then_some("https");
        }
        ["http", "https", "ws", "wss"].iter().any(|known| value.eq_ignore_ascii_case(known)).then_some(value)
    };
    SCHEMES.into_iter().find_map(said).unwrap_or("http")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Page {
        Page::of("http://h/x".into(), Query::parse(query)).unwrap()
    }

    fn links(query: &str, total: u64) -> String {
        page(query).link(total).replace("http://h/x?", "")
    }

    /// The contract's own examples, and what follows from its arithmetic.
    #[test]
    fn links_are_those_of_the_contract() {
        let full = "<http://h/x?page=10&per_page=10>; rel=\"last\",<http://h/x?page=2&per_page=10>; rel=\"next\"";
        assert_eq!(page("page=1&per_page=10").link(95), full);
        for (query, total, expected) in [
            ("page=4&per_page=10", 95, "first=1 last=10 next=5 prev=3"),
            ("page=10&per_page=10", 95, "first=1 prev=9"),
            ("page=1&per_page=10", 0, "first=1"),
            ("page=1&per_page=20", 10, "first=1"),
            ("page=0&per_page=0", 10, "first=1"),
            ("page=&per_page=", 10, "first=1"),
            ("page=12&per_page=10", 95, "first=1 last=10 prev=11"),
            ("page=1&per_page=10", 100, "last=10 next=2"),
            ("page=1&per_page=10", 101, "last=11 next=2"),
            ("page=-3&per_page=10", 95, "first=1 last=10 next=-2"),
            ("page=1&per_page=-10", 95, "first=1"),
            ("page=-9223372036854775808&per_page=10", 1, "first=1 last=1 next=-9223372036854775807"),
            ("page=9223372036854775807&per_page=10", 1, "first=1 last=1 prev=9223372036854775806"),
            ("page=1&per_page=5000", 1_500, "last=2 next=2"),
        ] {
            let parts: Vec<String> = links(query, total)
                .split(',')
                .map(|part| {
                    let (at, name) = part.split_once(">; rel=").unwrap();
                    let page = at.split_once("page=").unwrap().1.split('&').next().unwrap();
                    format!("{}={page}", name.trim_matches('"'))
                })
                .collect();
            assert_eq!(parts.join(" "), expected, "{query} of {total}");
        }
    }

    #[test]
    fn the_query_of_a_link_is_sorted_and_encoded_as_a_form() {
        let link = links("user_id=b,a&q=x+y&Per_Page=10&page=1&created_after=2026-01-01T00:00:00Z", 5);
        let query = "created_after=2026-01-01T00%3A00%3A00Z&page=1&per_page=10&q=x+y&user_id=b%2Ca";
        assert_eq!(link, format!("<{query}>; rel=\"first\""));
    }

    #[test]
    fn numbers_that_are_no_page_act_as_the_usual_one() {
        for (query, offset, limit) in [
            ("", 0, 20),
            ("page=3", 40, 20),
            ("page=-3&per_page=-5", 0, 20),
            ("page=2&per_page=1000", 1_000, 1_000),
            ("page=2&per_page=1001", 1_000, 1_000),
            ("page=9223372036854775807&per_page=1000", u64::MAX, 1_000),
        ] {
            let page = page(query);
            let offset = if offset == u64::MAX { (i64::MAX as u64 - 1).saturating_mul(1_000) } else { offset };
            assert_eq!((page.offset(), page.limit()), (offset, limit), "{query}");
        }
        assert!(Page::of(String::new(), Query::parse("page=x")).is_err());
        assert!(Page::of(String::new(), Query::parse("per_page=99999999999999999999")).is_err());
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_header_says() {
        for (headers, expected) in [
            (&[][..], "http"),
            (&[("x-forwarded-proto", "https")], "https"),
            (&[("x-forwarded-proto", "HTTPS")], "HTTPS"),
            (&[("x-forwarded-proto", "evil"), ("x-forwarded-protocol", "wss")], "wss"),
            (&[("x-forwarded-ssl", "on"), ("x-url-scheme", "http")], "https"),
            (&[("x-forwarded-ssl", "off"), ("x-url-scheme", "ws")], "ws"),
            (&[("x-forwarded-proto", "https, http")], "http"),
        ] {
            let all = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            assert_eq!(scheme(&all.collect()), expected, "{headers:?}");
        }
    }
}
