//! JSON bodies of endpoints that bind them to fields (`spec/sessions-and-public-rest.md` §1.6): what is wrong is said in the
//! contract's words, all of it at once; members that nobody asked for are ignored.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use hanko_domain::{EmailAddress, Secret};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, error::Category};
use uuid::Uuid;

use super::{
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
        let mut fields = Fields::read(&parts.headers, body).await?;
        let value = T::bind(&mut fields);
        match (fields.complaint(), value) {
            (None, Some(value)) => Ok(Self(value)),
            (complaint, _) => Err(bad(complaint.unwrap_or_else(|| "Bad Request".to_owned()))),
        }
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
async fn json(headers: &HeaderMap, body: Body) -> Result<Option<Bytes>, ApiError> {
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
pub(crate) struct Fields {
    members: Map<String, Value>,
    /// Where a wrong type was noticed: after the whole body.
    offset: usize,
    wrong_type: Option<String>,
    invalid: Vec<String>,
}

impl Fields {
    async fn read(headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        let text = json(headers, body).await?.unwrap_or_default();
        let mut fields = Self { members: Map::new(), offset: text.len(), wrong_type: None, invalid: Vec::new() };
        if text.is_empty() {
            return Ok(fields);
        }
        match serde_json::from_slice(&text) {
            Ok(Value::Object(members)) => fields.members = members,
            Ok(Value::Null) => {}
            Ok(other) => fields.wrong(&other, "object", ""),
            Err(error) => {
                let offset = error.column();
                let what =
                    if error.classify() == Category::Eof { "unexpected end of JSON input" } else { "invalid JSON" };
                return Err(bad(format!("Syntax error: offset={offset}, error={what}")));
            }
        }
        Ok(fields)
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
