//! Inputs of actions: how they are described to the client, read and checked (`spec/flow-login-registration.md` §1.5, §1.15).

use hanko_domain::EmailAddress;
use serde_json::{Map, Value, json};

use crate::engine::InputError;

/// The wire's `type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    String,
    Boolean,
    Email,
    Password,
    Json,
}

/// One input of an action. Attributes that are not set do not appear on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: &'static str,
    kind: Kind,
    min_length: Option<usize>,
    max_length: Option<usize>,
    required: Option<bool>,
    hidden: Option<bool>,
    trimmed: bool,
    preserved: bool,
    raw: bool,
    choices: Option<Vec<Choice>>,
}

/// A value that may be chosen, and what people call it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) name: String,
}

impl Input {
    fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            min_length: None,
            max_length: None,
            required: None,
            hidden: None,
            trimmed: false,
            preserved: false,
            raw: false,
            choices: None,
        }
    }

    pub(crate) fn string(name: &'static str) -> Self {
        Self::new(name, Kind::String)
    }

    pub(crate) fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    /// Trimmed.
    pub(crate) fn email(name: &'static str) -> Self {
        Self { trimmed: true, ..Self::new(name, Kind::Email) }
    }

    /// Text without the spaces around it.
    pub(crate) fn trimmed(name: &'static str) -> Self {
        Self { trimmed: true, ..Self::new(name, Kind::String) }
    }

    /// Never trimmed: spaces are part of a password.
    pub(crate) fn password(name: &'static str) -> Self {
        Self::new(name, Kind::Password)
    }

    pub(crate) fn json(name: &'static str) -> Self {
        Self::new(name, Kind::Json)
    }

    /// Any JSON value, as it was submitted; the action itself checks it.
    pub(crate) fn raw(name: &'static str) -> Self {
        Self { raw: true, ..Self::new(name, Kind::Json) }
    }

    /// One of these and nothing else, also when there are none.
    pub(crate) fn one_of(self, choices: Vec<Choice>) -> Self {
        Self { choices: Some(choices), ..self }
    }

    pub(crate) fn required(self, required: bool) -> Self {
        Self { required: Some(required), ..self }
    }

    pub(crate) fn hidden(self) -> Self {
        Self { hidden: Some(true), ..self }
    }

    /// Says that it is not hidden, which inputs usually do by saying nothing.
    pub(crate) fn shown(self) -> Self {
        Self { hidden: Some(false), ..self }
    }

    /// What was submitted is shown again after an error.
    pub(crate) fn preserved(self) -> Self {
        Self { preserved: true, ..self }
    }

    /// In characters.
    pub(crate) fn min(self, length: u32) -> Self {
        Self { min_length: usize::try_from(length).ok(), ..self }
    }

    /// In characters.
    pub(crate) fn max(self, length: u32) -> Self {
        Self { max_length: usize::try_from(length).ok(), ..self }
    }

    /// As the client sees it. `submitted`: what this input's action was called with, when it was refused.
    pub(crate) fn describe(&self, error: Option<InputError>, submitted: Option<&Value>) -> Value {
        let mut wire = Map::new();
        wire.insert("name".into(), self.name.into());
        wire.insert("type".into(), self.type_name().into());
        if self.preserved {
            let text = submitted.map(|value| self.normalise(Some(value)));
            let text = text.and_then(|value| value.as_str().map(str::to_lowercase));
            wire.insert("value".into(), text.map_or(Value::Null, Value::String));
        }
        for (name, value) in [("min_length", self.min_length), ("max_length", self.max_length)] {
            if let Some(value) = value {
                wire.insert(name.into(), value.into());
            }
        }
        if let Some(required) = self.required {
            wire.insert("required".into(), required.into());
        }
        if let Some(hidden) = self.hidden {
            wire.insert("hidden".into(), hidden.into());
        }
        if let Some(choices) = self.choices.as_ref().filter(|choices| !choices.is_empty()) {
            let choices = choices.iter().map(|choice| json!({"value": choice.value, "name": choice.name}));
            wire.insert("allowed_values".into(), choices.collect());
        }
        if let Some(error) = error {
            wire.insert("error".into(), self.describe_error(error));
        }
        Value::Object(wire)
    }

    fn describe_error(&self, error: InputError) -> Value {
        let choices = self.choices.as_ref().filter(|choices| error == InputError::Invalid && !choices.is_empty());
        let message = match choices {
            Some(choices) => {
                let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                format!("{} Must be one of: {}", error.message(), values.join(","))
            }
            None => error.message().to_owned(),
        };
        let mut wire = json!({"code": error.code(), "message": message});
        if let (Some(cause), Some(wire)) = (error.cause(), wire.as_object_mut()) {
            wire.insert("cause".into(), cause.into());
        }
        wire
    }

    fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::String => "string",
            Kind::Boolean => "boolean",
            Kind::Email => "email",
            Kind::Password => "password",
            Kind::Json => "json",
        }
    }

    /// Brings the submitted value into the one form the action reads: text, boolean, or JSON as text.
    fn normalise(&self, value: Option<&Value>) -> Value {
        match self.kind {
            Kind::Boolean => Value::Bool(truth(value)),
            Kind::Json => match value {
                None | Some(Value::Null) => Value::String(String::new()),
                Some(Value::String(text)) => Value::String(text.clone()),
                Some(other) => Value::String(other.to_string()),
            },
            Kind::String | Kind::Email | Kind::Password => match value {
                Some(Value::String(text)) if self.trimmed => Value::String(text.trim().to_owned()),
                Some(Value::String(text)) => Value::String(text.clone()),
                // A number typed into a text field arrives as a number from some clients.
                Some(other @ (Value::Number(_) | Value::Bool(_))) if self.trimmed => Value::String(other.to_string()),
                _ => Value::String(String::new()),
            },
        }
    }

    fn check(&self, value: &Value) -> Result<(), InputError> {
        let Value::String(text) = value else { return Ok(()) };
        if text.is_empty() {
            return if self.required == Some(true) { Err(InputError::Missing) } else { Ok(()) };
        }
        if self.kind == Kind::Json {
            return Ok(());
        }
        let length = text.chars().count();
        if self.min_length.is_some_and(|min| length < min) {
            return Err(InputError::TooShort);
        }
        if self.max_length.is_some_and(|max| length > max) {
            return Err(InputError::TooLong);
        }
        let is_choice = |choices: &Vec<Choice>| choices.iter().any(|choice| choice.value.eq_ignore_ascii_case(text));
        if self.choices.as_ref().is_some_and(|choices| !is_choice(choices)) {
            return Err(InputError::Invalid);
        }
        if self.kind == Kind::Email && EmailAddress::parse(text).is_err() {
            return Err(InputError::Invalid);
        }
        Ok(())
    }
}

fn truth(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"),
        _ => false,
    }
}

/// Normalises and checks everything that was submitted. Every failing input gets its own error; unknown members are ignored.
pub(crate) fn read(
    inputs: &[Input],
    submitted: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<(&'static str, InputError)>> {
    let mut values = Map::new();
    let mut errors = Vec::new();
    for input in inputs {
        if input.raw {
            if let Some(value) = submitted.get(input.name) {
                values.insert(input.name.to_owned(), value.clone());
            }
            continue;
        }
        let value = input.normalise(submitted.get(input.name));
        if let Err(error) = input.check(&value) {
            errors.push((input.name, error));
        }
        values.insert(input.name.to_owned(), value);
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(input: Input, value: Value) -> Result<Value, InputError> {
        let submitted = Map::from_iter([("x".to_owned(), value)]);
        read(&[input], &submitted).map(|mut values| values.remove("x").unwrap()).map_err(|errors| errors[0].1.clone())
    }

    #[test]
    fn an_input_is_described_with_the_attributes_it_has_and_no_others() {
        assert_eq!(
            Input::string("code").required(true).describe(None, None),
            json!({"name": "code", "type": "string", "required": true})
        );
        assert_eq!(
            Input::email("email").max(120).required(false).describe(Some(InputError::Missing), Some(&json!("x"))),
            json!({"name": "email", "type": "email", "max_length": 120, "required": false,
                   "error": {"code": "value_missing_error", "message": "The value is missing."}})
        );
        assert_eq!(Input::json("public_key").describe(None, None), json!({"name": "public_key", "type": "json"}));
    }

    #[test]
    fn only_a_preserved_input_shows_what_was_submitted() {
        let input = Input::trimmed("email").preserved();
        assert_eq!(input.describe(None, None)["value"], Value::Null);
        assert!(input.describe(None, None).as_object().unwrap().contains_key("value"));
        assert_eq!(input.describe(None, Some(&json!(" Jane@X ")))["value"], "jane@x");
        assert!(Input::string("code").describe(None, Some(&json!("1"))).get("value").is_none());
    }

    #[test]
    fn rules_apply_in_the_order_of_the_contract() {
        let email = Input::email("x").min(3).max(12).required(true);
        for (value, expected) in [
            (json!(null), Err(InputError::Missing)),
            (json!("  "), Err(InputError::Missing)),
            (json!(7), Err(InputError::TooShort)),
            (json!(["a@b.example"]), Err(InputError::Missing)),
            (json!("a"), Err(InputError::TooShort)),
            (json!("aaaaaaa@b.example"), Err(InputError::TooLong)),
            (json!("no-address"), Err(InputError::Invalid)),
            (json!(" A@b.example "), Ok(json!("A@b.example"))),
        ] {
            assert_eq!(read_one(email.clone(), value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert_eq!(read_one(Input::password("x").min(4).max(4), json!("äöüß")), Ok(json!("äöüß")));
        assert_eq!(read_one(Input::password("x").min(5), json!("äöüß")), Err(InputError::TooShort));
    }

    #[test]
    fn a_password_keeps_its_spaces() {
        assert_eq!(read_one(Input::password("x"), json!(" a ")), Ok(json!(" a ")));
    }

    #[test]
    fn booleans_are_read_generously_and_missing_means_false() {
        for (value, expected) in [
            (json!(true), true),
            (json!(1), true),
            (json!("true"), true),
            (json!(0), false),
            (json!("yes"), false),
            (json!(null), false),
            (json!([]), false),
        ] {
            assert_eq!(read_one(Input::boolean("x").required(true), value.clone()), Ok(json!(expected)), "{value}");
        }
    }

    #[test]
    fn a_choice_is_one_of_the_announced_values_and_an_empty_list_allows_none() {
        let choice = |value: &str| Choice { value: value.into(), name: "n".into() };
        let input = Input::string("x").required(true).hidden().one_of(vec![choice("a1"), choice("b2")]);
        assert_eq!(read_one(input.clone(), json!("A1")), Ok(json!("A1")));
        assert_eq!(read_one(input.clone(), json!("c")), Err(InputError::Invalid));
        assert_eq!(
            input.describe(Some(InputError::Invalid), None),
            json!({"name": "x", "type": "string", "required": true, "hidden": true,
                   "allowed_values": [{"value": "a1", "name": "n"}, {"value": "b2", "name": "n"}],
                   "error": {"code": "value_invalid_error", "message": "The value is invalid. Must be one of: a1,b2"}})
        );
        let none = Input::string("x").required(true).one_of(Vec::new());
        assert_eq!(read_one(none.clone(), json!("a1")), Err(InputError::Invalid));
        assert_eq!(none.describe(None, None), json!({"name": "x", "type": "string", "required": true}));
    }

    #[test]
    fn a_raw_value_arrives_as_it_was_submitted() {
        let read_raw = |submitted: Value| read(&[Input::raw("x")], submitted.as_object().unwrap()).unwrap();
        assert_eq!(read_raw(json!({"x": null}))["x"], Value::Null);
        assert_eq!(read_raw(json!({"x": [1]}))["x"], json!([1]));
        assert!(read_raw(json!({})).is_empty());
    }

    #[test]
    fn json_arrives_as_an_object_or_as_its_text() {
        assert_eq!(read_one(Input::json("x"), json!({"id": "1"})), Ok(json!("{\"id\":\"1\"}")));
        assert_eq!(read_one(Input::json("x"), json!("{\"id\":\"1\"}")), Ok(json!("{\"id\":\"1\"}")));
        assert_eq!(read_one(Input::json("x").required(true), json!(null)), Err(InputError::Missing));
    }
}
