//! The query of a request: names in any case, lenient numbers, times as RFC 3339 (`spec/admin-api.md` §1.5).

use axum::extract::FromRequestParts;
use hanko_domain::Timestamp;
use http::{StatusCode, request::Parts};
use url::form_urlencoded;

use crate::http::error::ApiError;

/// Names and values, decoded, as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default()).searchable()
    }
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Refuses what no text of every database can hold.
    fn searchable(self) -> Result<Self, ApiError> {
        match self.0.iter().find(|(_, value)| value.contains('\0')) {
            Some((name, _)) => Err(bad(format!("{name} must not contain NUL characters"))),
            None => Ok(self),
        }
    }

    /// Every value of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first value of a name, even an empty one.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first value of a name that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.first(name).filter(|value| !value.is_empty())
    }

    /// A whole number. An empty value is none; 400 for what is no number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| bad(format!("{name} must be a whole number")))
    }

    /// A moment. 400 for what is none, also for an empty value.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.first(name) else { return Ok(None) };
        let time = Timestamp::parse_rfc3339(text);
        time.map(Some).ok_or_else(|| bad(format!("{name} must be a time as RFC 3339 writes it")))
    }

    /// Sorted by name and encoded as a form, with these values instead of what the names have now.
    pub(super) fn with(&self, over: &[(&str, String)]) -> String {
        let kept = |name: &str| !over.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let own = self.0.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.as_str(), value.as_str()));
        let mut all: Vec<(&str, &str)> = own.chain(over.iter().map(|(name, value)| (*name, value.as_str()))).collect();
        all.sort_by_key(|(name, _)| *name);
        form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish()
    }
}

fn bad(message: String) -> ApiError {
    ApiError::saying(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_the_same_in_any_case_and_the_first_value_counts() {
        let query = Query::parse("Page=2&page=3&empty=&q=a%20b+c&type=a&TYPE=b");
        assert_eq!(query.integer("page").unwrap(), Some(2));
        assert_eq!(query.integer("empty").unwrap(), None);
        assert_eq!(query.first("empty"), Some(""));
        assert_eq!(query.text("q"), Some("a b c"));
        assert_eq!(query.all("type").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(query.first("none"), None);
    }

    #[test]
    fn a_nul_is_refused_wherever_it_stands() {
        for (query, good) in [("", true), ("q=a", true), ("q=%2500", true), ("q=%00", false), ("a=b&q=x%00y", false)] {
            assert_eq!(Query::parse(query).searchable().is_ok(), good, "{query}");
        }
    }

    #[test]
    fn numbers_are_read_with_a_sign_and_nothing_else() {
        for (text, read) in [("5", Some(5)), ("%2B5", Some(5)), ("-5", Some(-5)), ("007", Some(7))] {
            assert_eq!(Query::parse(&format!("n={text}")).integer("n").unwrap(), read, "{text}");
        }
        for text in ["x", "1.5", "1e3", "0x1", "%205", "9223372036854775808"] {
            assert!(Query::parse(&format!("n={text}")).integer("n").is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_that_is_empty_or_none_is_an_error() {
        let query = Query::parse("a=2026-01-01T00:00:00Z&b=&c=yesterday");
        assert_eq!(query.time("a").unwrap(), Some(Timestamp::from_seconds(1_767_225_600)));
        assert!(query.time("b").is_err() && query.time("c").is_err());
        assert_eq!(query.time("d").unwrap(), None);
    }
}
