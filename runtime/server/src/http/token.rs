//! Where a session token is looked for (`spec/sessions-and-public-rest.md` §7.1).

use http::{HeaderMap, header};

use super::cookie::SessionCookie;

/// Further candidates are not looked at: each costs a signature check.
const MOST: usize = 20;

/// Every `Authorization: Bearer …` first, then every cookie of the tenant's name.
pub(crate) fn candidates<'a>(headers: &'a HeaderMap, cookie: &'a SessionCookie) -> impl Iterator<Item = &'a str> {
    let bearers = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.to_str().ok()?));
    bearers.take(MOST).chain(cookie.values(headers).take(MOST)).filter(|token| !token.is_empty())
}

/// The scheme in any case, a blank after it or not.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_at_checked("Bearer".len())?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hanko_model::{
        project::Cookie,
        spec::{Retention, SameSite},
    };
    use http::HeaderValue;

    #[test]
    fn authorization_headers_come_first_and_cookies_after_them() {
        let cookie = SessionCookie::new(&Cookie {
            name: "hanko".into(),
            domain: None,
            http_only: true,
            secure: true,
            same_site: SameSite::Strict,
            retention: Retention::Persistent,
        });
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("hanko=c1; hanko=; hanko=c2"));
        for value in ["Basic xyz", "Bearer b1", "bearer   b2 ", "BEARERb3", "Bearer ", "Bea"] {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        assert_eq!(candidates(&headers, &cookie).collect::<Vec<_>>(), ["b1", "b2", "b3", "c1", "c2"]);
        for _ in 0..100 {
            headers.append(header::COOKIE, HeaderValue::from_static("hanko=c"));
        }
        assert_eq!(candidates(&headers, &cookie).filter(|token| token.starts_with('c')).count(), 19);
    }
}
