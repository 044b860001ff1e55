//! Claims of a tenant's own: templates in its settings, evaluated over what is known of a user whenever a token is made.
//!
//! A template is the text of a project's author, the data is partly the user's, and the evaluation runs in every login. So it
//! sees nothing but a [`User`], cannot stall or fail a login, and every text is tried before a tenant uses it.
//!
//! The template language is a library's; [`rewrite`] changes what it has parsed into what can be trusted, with the guards of
//! [`user`], and [`path`] finds what is asked for in metadata. Must never know tokens, flows, a database or HTTP.
//!
//! Start with [`ClaimTemplate`]; [`check`] is for whoever reads a project's document.

mod budget;
mod check;
mod compile;
mod path;
mod rewrite;
mod user;

use std::{fmt, sync::Arc};

use gotmpl::{Template, TemplateError};
use serde_json::{Map, Value};

pub use check::check;
pub use compile::Refused;
pub use user::{Email, User};

use budget::Budget;

/// The most text that the templates of one claim may give together, in bytes.
const LARGEST: usize = 8 * 1024;

/// A tenant's claims, ready to be evaluated.
#[derive(Clone)]
pub struct ClaimTemplate {
    claims: Vec<(String, Shape)>,
    /// All texts, each under its number.
    texts: Template,
}

/// A value of the settings.
#[derive(Clone, Debug)]
enum Shape {
    /// The number of a template.
    Text(String),
    List(Vec<Shape>),
    Members(Vec<(String, Shape)>),
    /// As it is written.
    Fixed(Value),
}

/// What came of the templates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluated {
    /// The claims by name, in the order of the settings.
    pub claims: Map<String, Value>,
    /// Claims that this user does not get because one of their templates failed, with the reason for the log. It quotes
    /// nothing of the user.
    pub dropped: Vec<(String, String)>,
}

impl fmt::Debug for ClaimTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimTemplate").field("claims", &self.claims).finish_non_exhaustive()
    }
}

impl Default for ClaimTemplate {
    /// No claims.
    fn default() -> Self {
        Self { claims: Vec::new(), texts: Template::new("claims") }
    }
}

impl ClaimTemplate {
    /// The claims of this user. Always gives the same for the same user.
    pub fn evaluate(&self, user: &User) -> Evaluated {
        let mut evaluated = Evaluated::default();
        if self.claims.is_empty() {
            return evaluated;
        }
        let budget = Arc::new(Budget::new());
        let data = user::data(user, &budget);
        for (name, shape) in &self.claims {
            budget.refill();
            let mut run = Run { texts: &self.texts, data: &data, left: LARGEST };
            match run.value(shape) {
                Ok(value) => drop(evaluated.claims.insert(name.clone(), value)),
                Err(error) => evaluated.dropped.push((name.clone(), reason(&error))),
            }
        }
        evaluated
    }
}

/// The evaluation of one claim.
struct Run<'a> {
    texts: &'a Template,
    data: &'a gotmpl::Value,
    /// Bytes of text that may still come.
    left: usize,
}

impl Run<'_> {
    fn value(&mut self, shape: &Shape) -> Result<Value, TemplateError> {
        match shape {
            Shape::Text(number) => {
                let mut text = Bounded { text: String::new(), left: &mut self.left };
                self.texts.execute_template_fmt(&mut text, number, self.data)?;
                Ok(claim(text.text))
            }
            Shape::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Shape::Members(members) => {
                let members = members.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?)));
                members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
            Shape::Fixed(value) => Ok(value.clone()),
        }
    }
}

/// Refuses more than is left.
struct Bounded<'a> {
    text: String,
    left: &'a mut usize,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        *self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        self.text.push_str(text);
        Ok(())
    }
}

/// What a text means as a claim (`spec/sessions-and-public-rest.md` §4.4).
fn claim(text: String) -> Value {
    match text.as_str() {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    let is_in = |open, close| text.starts_with(open) && text.ends_with(close);
    let json = (is_in('{', '}') || is_in('[', ']')).then(|| serde_json::from_str(&text).ok()).flatten();
    json.unwrap_or(Value::String(text))
}

/// For whoever wrote the template.
fn reason(error: &TemplateError) -> String {
    match error {
        TemplateError::MissingKey { key } => {
            format!("asks for `.{key}` of something that has none; ask with `if` or `with` first whether it is there")
        }
        TemplateError::Write => format!("gives more than {LARGEST} bytes of text"),
        TemplateError::RangeIterLimit => format!("goes around more than {} times", compile::MOST_TURNS),
        TemplateError::Exec(reason) => reason.clone(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
