//! Reading the members of a JSON object whose names may be in any case, and writing down all that is wrong with them.

use hanko_domain::Timestamp;
use serde_json::{Map, Value};

use super::Problem;

/// One object, and where it stands in its entry.
pub(super) struct Members<'a> {
    members: Map<String, Value>,
    path: String,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Members<'a> {
    pub(super) fn new(members: Map<String, Value>, problems: &'a mut Vec<Problem>) -> Self {
        Self { members, path: String::new(), problems }
    }

    /// Of the same name several times the last counts; `null` is as good as nothing.
    fn take(&mut self, name: &str) -> Option<Value> {
        let named = |given: &&String| given.eq_ignore_ascii_case(name);
        let given = self.members.keys().rfind(named)?.clone();
        self.members.remove(&given).filter(|value| !value.is_null())
    }

    /// Writes down what is wrong with a member.
    pub(super) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let field = self.at(name);
        self.problems.push(Problem { field, message: message.into() });
    }

    fn typed<T>(&mut self, name: &str, expected: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        let read = read(self.take(name)?);
        if read.is_none() {
            self.wrong(name, format!("must be {expected}"));
        }
        read
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.typed(name, "a string", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// A text that must not be missing or empty; `label` names it in the complaint.
    pub(super) fn required(&mut self, name: &str, label: &str) -> Option<String> {
        let before = self.problems.len();
        let text = self.text(name).filter(|text| !text.is_empty());
        if text.is_none() && self.problems.len() == before {
            self.wrong(name, format!("{label} is a required field"));
        }
        text
    }

    /// A text with at most so many characters.
    pub(super) fn bounded(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self.text(name).filter(|text| !text.is_empty())?;
        if text.chars().count() > most || text.contains('\0') {
            self.wrong(name, format!("must not be longer than {most} characters, and must not hold a zero byte"));
            return None;
        }
        Some(text)
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.typed(name, "true or false", |value| value.as_bool()).unwrap_or_default()
    }

    pub(super) fn counter(&mut self, name: &str) -> u32 {
        let read = |value: Value| u32::try_from(value.as_u64()?).ok();
        self.typed(name, "a whole number from 0 to 4294967295", read).unwrap_or_default()
    }

    pub(super) fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.typed(name, "a time as RFC 3339 writes it", |value| Timestamp::parse_rfc3339(value.as_str()?))
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        let read = |value| match value {
            Value::Array(items) => Some(items),
            _ => None,
        };
        self.typed(name, "a list", read).unwrap_or_default()
    }

    /// Reads an object inside.
    pub(super) fn inside<T>(&mut self, name: &str, read: impl FnOnce(&mut Members<'_>) -> Option<T>) -> Option<T> {
        let members = self.typed(name, "an object", |value| match value {
            Value::Object(members) => Some(members),
            _ => None,
        })?;
        read(&mut Members { members, path: self.at(name), problems: self.problems })
    }

    /// Reads a list of objects.
    pub(super) fn each<T>(&mut self, name: &str, mut read: impl FnMut(&mut Members<'_>) -> Option<T>) -> Vec<T> {
        let mut read_items = Vec::new();
        for (index, item) in self.list(name).into_iter().enumerate() {
            let path = format!("{}[{index}]", self.at(name));
            match item {
                Value::Object(members) => {
                    read_items.extend(read(&mut Members { members, path, problems: self.problems }));
                }
                _ => self.problems.push(Problem { field: path, message: "must be an object".to_owned() }),
            }
        }
        read_items
    }

    /// What is left, its names in lower case.
    pub(super) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.members).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
