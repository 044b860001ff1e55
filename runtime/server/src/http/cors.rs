//! Cross-origin answers (`spec/sessions-and-public-rest.md` §1.4, FC-54).
//!
//! `Vary: Origin` stands on every answer, also where no origin was sent, or a shared cache would hand an answer without
//! permission to a page that has it. Configured origins are normalised by the model; requests' are compared likewise.

use hanko_model::project::Project;
use http::{HeaderMap, HeaderValue, header};
use url::Url;

const TRUE: HeaderValue = HeaderValue::from_static("true");
const METHODS: HeaderValue = HeaderValue::from_static("GET,POST,PUT,PATCH,DELETE,OPTIONS");
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const REFLECTED: HeaderValue =
    HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers");
const EXPOSED: &str =
    "Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset,X-Session-Lifetime,X-Session-Retention";

/// The rule of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    origins: Vec<String>,
    exposed: HeaderValue,
}

impl Cors {
    pub(crate) fn new(project: &Project) -> Self {
        let exposed = if project.settings.session.enable_auth_token_header {
            HeaderValue::try_from(format!("{EXPOSED},X-Auth-Token")).unwrap_or(HeaderValue::from_static(EXPOSED))
        } else {
            HeaderValue::from_static(EXPOSED)
        };
        Self { origins: project.origins.clone(), exposed }
    }

    /// For the answer to an ordinary request.
    pub(crate) fn answer(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if let Some(origin) = origin.filter(|origin| self.allows(origin)) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        }
    }

    /// For the answer to a preflight: any `OPTIONS`.
    pub(crate) fn preflight(
        &self,
        origin: Option<&HeaderValue>,
        requested: Option<&HeaderValue>,
        answer: &mut HeaderMap,
    ) {
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else { return };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(requested) = requested {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(text) = origin.to_str() else { return false };
        self.origins.iter().any(|allowed| allowed == text)
            || normalised(text).is_some_and(|text| self.origins.contains(&text))
    }
}

/// What caches have to tell apart, on every answer of a tenant.
pub(crate) fn vary(preflight: bool, answer: &mut HeaderMap) {
    answer.append(header::VARY, ORIGIN);
    if preflight {
        answer.append(header::VARY, REFLECTED);
    }
}

/// Scheme and host in lower case, without the scheme's own port. `null` is no origin at all.
fn normalised(origin: &str) -> Option<String> {
    let url = Url::parse(origin).ok()?;
    let bare = url.origin();
    // Nothing but scheme, host and port: no path, user, query or fragment.
    let bare_length = url.as_str().len() == bare.ascii_serialization().len() + "/".len();
    (bare.is_tuple() && bare_length && !origin.ends_with('/')).then(|| bare.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            origins: vec!["https://app.fern.test".into(), "http://localhost:8888".into()],
            exposed: HeaderValue::from_static("X"),
        }
    }

    #[test]
    fn an_origin_is_compared_by_what_it_means() {
        for (origin, allowed) in [
            ("https://app.fern.test", true),
            ("https://app.fern.test:443", true),
            ("HTTPS://APP.FERN.TEST", true),
            ("http://localhost:8888", true),
            ("http://app.fern.test", false),
            ("https://app.fern.test:444", false),
            ("https://app.fern.test/", false),
            ("https://app.fern.test.evil.test", false),
            ("https://evil.test", false),
            ("https://user@app.fern.test", false),
            ("https://app.fern.test?x", false),
            ("http://localhost", false),
            ("null", false),
            ("", false),
            ("*", false),
        ] {
            let mut answer = HeaderMap::new();
            cors().answer(Some(&origin.parse().unwrap()), &mut answer);
            let granted = answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
            assert_eq!(granted, allowed.then_some(origin), "{origin}");
            assert_eq!(answer.len(), if allowed { 3 } else { 0 }, "{origin}");
        }
    }

    #[test]
    fn a_preflight_repeats_the_headers_that_were_asked_for() {
        let mut answer = HeaderMap::new();
        let origin = HeaderValue::from_static("https://app.fern.test");
        let asked = HeaderValue::from_static("authorization,x-language");
        cors().preflight(Some(&origin), Some(&asked), &mut answer);
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_HEADERS], asked);
        assert_eq!(answer[header::ACCESS_CONTROL_MAX_AGE], "7200");
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_METHODS], "GET,POST,PUT,PATCH,DELETE,OPTIONS");
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert!(!answer.contains_key(header::ACCESS_CONTROL_EXPOSE_HEADERS));
    }
}
