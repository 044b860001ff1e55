//! JSON bodies of endpoints that bind them to fields (`spec/sessions-and-public-rest.md` §1.6): what is wrong is said in the
//! contract's words, all of it at once; members that nobody asked for are ignored.

use std::collections::HashSet;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use hanko_domain::{EmailAddress, Secret, Timestamp};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, error::Category};
use uuid::Uuid;

use super::{
    admin::EMPTY_SEGMENT,
    body::{self, Form},
    error::ApiError,
};

/// A body that has everything the endpoint needs.
pub(crate) struct Input<T>(pub(crate) T);

/// What a body is bound to.
pub(crate) trait Bind: Sized {
    /// Takes what it needs. `None` only after a complaint of `fields`.
    fn bind(fields: &mut Fields) -> Option<Self>;
}

impl<S: Sync, T: Bind> FromRequest<S> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let text = json(&parts.headers, body).await?.unwrap_or_default();
        Fields::whole(&text)?.bound().map(Self)
    }
}

/// A body that goes on as it is, for whoever reads it later.
pub(crate) struct JsonText(pub(crate) String);

impl<S: Sync> FromRequest<S> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let text = json(&parts.headers, body).await?.unwrap_or_default();
        String::from_utf8(text.into()).map(Self).map_err(|_| ApiError::of(StatusCode::BAD_REQUEST))
    }
}

/// The bytes of a body that is said to be JSON; none when it is empty.
pub(super) async fn json(headers: &HeaderMap, body: Body) -> Result<Option<Bytes>, ApiError> {
    if body::is_absent(&body) {
        return Ok(None);
    }
    if Form::of(headers) != Form::Json {
        return Err(ApiError::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let text = body::read(body).await?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn bad(message: String) -> ApiError {
    ApiError::saying(StatusCode::BAD_REQUEST, message)
}

/// The members of a body, and what is wrong with them.
#[derive(Default)]
pub(crate) struct Fields {
    members: Map<String, Value>,
    /// Whether names mean the same in any case.
    folded: bool,
    /// The parts of the path, by name.
    path: Vec<(String, String)>,
    /// Where a wrong type was noticed: after the whole body.
    offset: usize,
    wrong_type: Option<String>,
    invalid: Vec<String>,
}

impl Fields {
    /// Of a body that is JSON to its end.
    fn whole(text: &[u8]) -> Result<Self, ApiError> {
        let value = if text.is_empty() { Value::Null } else { serde_json::from_slice(text).map_err(|e| syntax(&e))? };
        Ok(Self::default().with(value, text.len()))
    }

    /// Of the first JSON value of a body. Names of members mean the same in any case; of several that do the last counts.
    pub(super) fn first(text: &[u8]) -> Result<Self, ApiError> {
        let value = first(text)?.unwrap_or(Value::Null);
        Ok(Self { folded: true, ..Self::default() }.with(value, text.len()))
    }

    fn with(mut self, value: Value, offset: usize) -> Self {
        self.offset = offset;
        match value {
            Value::Object(members) if self.folded => {
                self.members = members.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
            }
            Value::Object(members) => self.members = members,
            Value::Null => {}
            other => self.wrong(&other, "object", ""),
        }
        self
    }

    /// With the parts of a path.
    pub(super) fn of(self, path: Vec<(String, String)>) -> Self {
        Self { path, ..self }
    }

    /// A part of the path, unless it is empty.
    pub(super) fn part(&self, name: &str) -> Option<String> {
        let part = self.path.iter().find(|(known, _)| known == name).map(|(_, part)| part.clone());
        part.filter(|part| !part.is_empty() && part != EMPTY_SEGMENT)
    }

    /// What a value within makes; what is wrong with it is wrong here.
    fn within<T>(&mut self, value: Value, bind: impl Fn(&mut Self) -> Option<T>) -> Option<T> {
        let mut fields = Self { folded: self.folded, ..Self::default() }.with(value, self.offset);
        let bound = bind(&mut fields);
        self.wrong_type = self.wrong_type.take().or(fields.wrong_type);
        self.invalid.append(&mut fields.invalid);
        bound
    }

    /// What the members make, or everything that is wrong with them.
    pub(super) fn bound<T: Bind>(mut self) -> Result<T, ApiError> {
        let value = T::bind(&mut self);
        match (self.complaint(), value) {
            (None, Some(value)) => Ok(value),
            (complaint, _) => Err(bad(complaint.unwrap_or_else(|| "Bad Request".to_owned()))),
        }
    }

    /// A text; `null` and a missing member are none.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.members.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                self.wrong(&other, "string", name);
                None
            }
        }
    }

    /// A text that must not be empty.
    pub(crate) fn required(&mut self, name: &str) -> Option<String> {
        let text = self.text(name).filter(|text| !text.is_empty());
        if text.is_none() {
            self.invalid.push(format!("{name} is a required field"));
        }
        text
    }

    /// A text that must not be empty and must not be seen.
    pub(crate) fn secret(&mut self, name: &str) -> Option<Secret<String>> {
        self.required(name).map(Secret::new)
    }

    /// A UUID in its canonical form.
    pub(crate) fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.required(name)?;
        self.canonical(name, &text, "uuid", |_| true)
    }

    /// A UUID version 4.
    pub(crate) fn uuid4(&mut self, name: &str) -> Option<Uuid> {
        let text = self.required(name)?;
        let is_v4 = |uuid: &Uuid| uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122;
        self.canonical(name, &text, "uuid4", is_v4)
    }

    /// A UUID, if there is one.
    pub(crate) fn optional_uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.text(name).filter(|text| !text.is_empty())?;
        self.canonical(name, &text, "uuid", |_| true)
    }

    /// An e-mail address.
    pub(crate) fn email(&mut self, name: &str) -> Option<EmailAddress> {
        let text = self.required(name)?;
        let address = EmailAddress::parse(&text).ok();
        if address.is_none() {
            self.invalid.push(format!("{name} must be a valid email address"));
        }
        address
    }

    /// A text of at most so many characters, if there is one.
    pub(crate) fn optional_text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self.text(name)?;
        if text.chars().count() > most {
            self.invalid.push(format!("something wrong on {name}; max"));
            return None;
        }
        Some(text)
    }

    /// A switch; `null` and a missing member are none.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.members.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(on)) => Some(on),
            Some(other) => {
                self.wrong(&other, "bool", name);
                None
            }
        }
    }

    /// A list of texts; `null` and a missing member are none.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let elements = self.elements(name)?;
        let mut texts = Vec::new();
        for element in elements {
            match element {
                Value::String(text) => texts.push(text),
                other => self.wrong(&other, "string", name),
            }
        }
        Some(texts)
    }

    /// A list of objects, each bound by itself; complaints stand beside the others. `null` and a missing member are an empty one.
    pub(crate) fn each<T>(&mut self, name: &str, bind: impl Fn(&mut Self) -> Option<T>) -> Vec<T> {
        let elements = self.elements(name).unwrap_or_default();
        elements.into_iter().filter_map(|element| self.within(element, &bind)).collect()
    }

    /// Whether two objects of a list have the same text as this member.
    pub(crate) fn repeats(&self, name: &str, member: &str) -> bool {
        let elements =
            self.members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let text = |element: &Map<String, Value>| {
            let found = element.iter().rfind(|(known, _)| known.eq_ignore_ascii_case(member));
            found.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
        };
        let mut seen = HashSet::new();
        elements.map(text).any(|text| !seen.insert(text))
    }

    fn elements(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.members.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Array(elements)) => Some(elements),
            Some(other) => {
                self.wrong(&other, "array", name);
                None
            }
        }
    }

    /// Whether there is such a member that is not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// A member as it is; `null` is a value.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// A moment (RFC 3339), if there is one.
    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let time = Timestamp::parse_rfc3339(&text);
        if time.is_none() {
            self.invalid.push(format!("{name} must be a time as RFC 3339 writes it"));
        }
        time
    }

    /// Something is wrong in words of the caller's own.
    pub(crate) fn complain(&mut self, what: &str) {
        self.invalid.push(what.to_owned());
    }

    fn canonical(&mut self, name: &str, text: &str, kind: &str, is_good: impl Fn(&Uuid) -> bool) -> Option<Uuid> {
        let uuid = text.parse::<Uuid>().ok().filter(|uuid| uuid.hyphenated().to_string() == text && is_good(uuid));
        if uuid.is_none() {
            self.invalid.push(format!("{name} must be a valid {kind}"));
        }
        uuid
    }

    fn wrong(&mut self, value: &Value, expected: &str, name: &str) {
        let got = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let offset = self.offset;
        let text = format!("Unmarshal type error: expected={expected}, got={got}, field={name}, offset={offset}");
        self.wrong_type.get_or_insert(text);
    }

    fn complaint(&self) -> Option<String> {
        self.wrong_type.clone().or_else(|| (!self.invalid.is_empty()).then(|| self.invalid.join(" and ")))
    }
}

/// The first JSON value of a text; what follows it is not looked at.
pub(super) fn first(text: &[u8]) -> Result<Option<Value>, ApiError> {
    serde_json::Deserializer::from_slice(text).into_iter().next().transpose().map_err(|error| syntax(&error))
}

fn syntax(error: &serde_json::Error) -> ApiError {
    let what = if error.classify() == Category::Eof { "unexpected end of JSON input" } else { "invalid JSON" };
    bad(format!("Syntax error: offset={}, error={what}", error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Both;

    impl Bind for Both {
        fn bind(fields: &mut Fields) -> Option<Self> {
            let (user, code) = (fields.uuid("user_id"), fields.secret("code"));
            fields.optional_uuid("email_id");
            user?;
            code.map(|_| Self)
        }
    }

    async fn told(content_type: &str, body: &'static str) -> String {
        let request = Request::builder().header("content-type", content_type).body(Body::from(body)).unwrap();
        match Input::<Both>::from_request(request, &()).await {
            Ok(Input(Both)) => "ok".to_owned(),
            Err(error) => format!("{error:?}").split('"').nth(1).unwrap_or_default().to_owned(),
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_body_is_said_in_the_contracts_words() {
        let good = r#"{"user_id":"f2882293-f1d6-4a9d-91a2-b3b28f6a4c50","code":"1","more":[1]}"#;
        for (content_type, body, expected) in [
            ("application/json", good, "ok"),
            ("application/json; charset=utf-8", good, "ok"),
            ("text/plain", good, "Unsupported Media Type"),
            ("application/x-www-form-urlencoded", "user_id=1", "Unsupported Media Type"),
            ("", good, "Unsupported Media Type"),
            ("application/json", "", "user_id is a required field and code is a required field"),
            ("text/plain", "", "user_id is a required field and code is a required field"),
            ("application/json", "null", "user_id is a required field and code is a required field"),
            ("application/json", "{}", "user_id is a required field and code is a required field"),
            (
                "application/json",
                r#"{"user_id":null,"code":""}"#,
                "user_id is a required field and code is a required field",
            ),
            (
                "application/json",
                r#"{"user_id":"F2882293-F1D6-4A9D-91A2-B3B28F6A4C50","code":"1"}"#,
                "user_id must be a valid uuid",
            ),
            (
                "application/json",
                r#"{"user_id":"x","code":"1","email_id":"y"}"#,
                "user_id must be a valid uuid and email_id must be a valid uuid",
            ),
            (
                "application/json",
                r#"{"user_id":5,"code":true}"#,
                "Unmarshal type error: expected=string, got=number, field=user_id, offset=25",
            ),
            ("application/json", "[]", "Unmarshal type error: expected=object, got=array, field=, offset=2"),
            ("application/json", "{\"user_id\"", "Syntax error: offset=10, error=unexpected end of JSON input"),
            ("application/json", "nonsense", "Syntax error: offset=2, error=invalid JSON"),
        ] {
            assert_eq!(told(content_type, body).await, expected, "{content_type} {body}");
        }
    }
}
