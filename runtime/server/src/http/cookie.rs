//! The session cookie (`spec/sessions-and-public-rest.md` §5.2).

use std::time::Duration;

use hanko_model::{project::Cookie, spec::SameSite};
use http::{HeaderMap, HeaderValue, header};

/// The name of the cookie of a sign-up.
pub(crate) const EMAIL: &str = "hanko_email_id";

/// The cookie of one tenant, its attributes written once.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookie {
    name: String,
    /// ` Path=/; Domain=…;`, what stands before `Max-Age`.
    before: String,
    /// `; HttpOnly; Secure; SameSite=…`, what stands after it.
    after: String,
}

impl SessionCookie {
    pub(crate) fn new(cookie: &Cookie) -> Self {
        let before = match &cookie.domain {
            Some(domain) => format!("; Path=/; Domain={domain}"),
            None => "; Path=/".to_owned(),
        };
        let mut after = String::new();
        if cookie.http_only {
            after.push_str("; HttpOnly");
        }
        if cookie.secure {
            after.push_str("; Secure");
        }
        after.push_str(match cookie.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        Self { name: cookie.name.clone(), before, after }
    }

    /// Hands a token over; with `keep` the browser keeps it so long, without it until it is closed.
    pub(crate) fn set(&self, token: &str, keep: Option<Duration>) -> HeaderValue {
        match keep.map(|keep| keep.as_secs()) {
            Some(seconds @ 1..) => self.write(token, &format!("; Max-Age={seconds}")),
            _ => self.write(token, ""),
        }
    }

    /// Makes the browser forget it.
    pub(crate) fn delete(&self) -> HeaderValue {
        self.write("", "; Max-Age=0")
    }

    fn write(&self, value: &str, age: &str) -> HeaderValue {
        let Self { name, before, after } = self;
        let mut value = HeaderValue::try_from(format!("{name}={value}{before}{age}{after}"))
            .unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// The cookie that tells a browser which address it signs up with, until it is closed. Pages of other sites use these endpoints
    /// too, so it goes along with their requests, where that is possible: over https.
    pub(crate) fn email(&self, id: impl std::fmt::Display) -> HeaderValue {
        let domain = self.before.trim_start_matches("; Path=/");
        let (flags, same_site) = self.after.split_once("; SameSite=").unwrap_or((&self.after, "Lax"));
        let same_site = if flags.contains("Secure") { "None" } else { same_site };
        HeaderValue::try_from(format!("{EMAIL}={id}{domain}{flags}; SameSite={same_site}"))
            .unwrap_or(HeaderValue::from_static(""))
    }

    /// The values a request carries under this name, in order.
    pub(crate) fn values<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        values(headers, &self.name)
    }
}

/// The values a request carries under a name, in order.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(given, _)| given.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// The cookie that names the accounts a device is trusted by. It is read across sites like the flow itself, so it is always
/// `SameSite=None` and therefore `Secure` (`spec/flow-login-registration.md` §4.8).
pub(crate) fn trusted_device(name: &str, value: &str, keep: Duration) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=None", keep.as_secs());
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use hanko_model::spec::Retention;

    fn cookie(domain: Option<&str>, http_only: bool, secure: bool, same_site: SameSite) -> SessionCookie {
        SessionCookie::new(&Cookie {
            name: "hanko".into(),
            domain: domain.map(Into::into),
            http_only,
            secure,
            same_site,
            retention: Retention::Persistent,
        })
    }

    #[test]
    fn attributes_stand_in_the_order_of_the_contract() {
        let day = Some(Duration::from_secs(86_400));
        for (cookie, keep, text) in [
            (
                cookie(Some("acme.example"), true, true, SameSite::Strict),
                day,
                "hanko=t; Path=/; Domain=acme.example; Max-Age=86400; HttpOnly; Secure; SameSite=Strict",
            ),
            (
                cookie(None, true, true, SameSite::Lax),
                day,
                "hanko=t; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax",
            ),
            (cookie(None, true, false, SameSite::None), None, "hanko=t; Path=/; HttpOnly; SameSite=None"),
            (
                cookie(None, false, true, SameSite::Strict),
                Some(Duration::from_millis(900)),
                "hanko=t; Path=/; Secure; SameSite=Strict",
            ),
        ] {
            assert_eq!(cookie.set("t", keep), text);
        }
    }

    #[test]
    fn deletion_repeats_the_attributes_since_browsers_compare_them() {
        assert_eq!(
            cookie(Some("acme.example"), true, true, SameSite::Strict).delete(),
            "hanko=; Path=/; Domain=acme.example; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
        );
    }

    #[test]
    fn every_cookie_of_the_name_is_found_and_no_other() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; hanko=x; hanko2=no; hanko=\"y\""));
        headers.append(header::COOKIE, HeaderValue::from_static("xhanko=no;hanko=z=="));
        let cookie = cookie(None, true, true, SameSite::Strict);
        assert_eq!(cookie.values(&headers).collect::<Vec<_>>(), ["x", "y", "z=="]);
    }
}
