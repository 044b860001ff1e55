//! From settings to templates.

use std::collections::BTreeMap;

use gotmpl::{MissingKey, Template, TemplateError, parse::ListNode};
use serde_json::{Value, json};

use crate::{ClaimTemplate, Email, LARGEST, Run, Shape, User, budget::Budget, reason, rewrite, user};

/// How often a text's `range`s may go around together.
pub(crate) const MOST_TURNS: u64 = 1_000;

/// What a token says whatever the template; templates of these are not looked at (`spec/sessions-and-public-rest.md` §4.2).
const RESERVED: [&str; 13] =
    ["sub", "iat", "exp", "nbf", "aud", "iss", "email", "username", "session_id", "amr", "auth_time", "acr", "jti"];

/// A template that is not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The way to it from the claims, as in `meta.greeting` or `scopes[1]`.
    pub path: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl ClaimTemplate {
    /// Parses every text of the claims and tries it for two users: one that has everything, and one that has nothing but an id.
    ///
    /// All that is refused comes back at once. What fails only because the second user lacks something, or a text is shorter
    /// than a template hopes, is accepted: such a user does not get the claim.
    pub fn compile(claims: &BTreeMap<String, Value>) -> Result<Self, Vec<Refused>> {
        let samples = [sample(), User { user_id: sample().user_id, ..User::default() }];
        let texts = Template::new("claims").missing_key(MissingKey::Error).max_range_iters(MOST_TURNS);
        let mut compiler = Compiler { texts, samples, count: 0, refused: Vec::new() };
        let mut compiled = Vec::with_capacity(claims.len());
        for (name, value) in claims.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str())) {
            let path = member(String::new(), name);
            compiled.push((name.clone(), compiler.shape(&path, value)));
        }
        if compiler.refused.is_empty() {
            Ok(Self { claims: compiled, texts: compiler.texts })
        } else {
            Err(compiler.refused)
        }
    }
}

struct Compiler {
    texts: Template,
    samples: [User; 2],
    count: usize,
    refused: Vec<Refused>,
}

impl Compiler {
    fn shape(&mut self, path: &str, value: &Value) -> Shape {
        match value {
            Value::String(text) => match self.text(text) {
                Ok(shape) => shape,
                Err(reason) => {
                    self.refused.push(Refused { path: path.to_owned(), reason });
                    Shape::Fixed(Value::Null)
                }
            },
            Value::Array(items) => {
                Shape::List((0..).zip(items).map(|(at, item)| self.shape(&format!("{path}[{at}]"), item)).collect())
            }
            Value::Object(members) => {
                let shapes = members.iter().map(|(name, value)| {
                    let path = member(path.to_owned(), name);
                    (name.clone(), self.shape(&path, value))
                });
                Shape::Members(shapes.collect())
            }
            fixed => Shape::Fixed(fixed.clone()),
        }
    }

    fn text(&mut self, text: &str) -> Result<Shape, String> {
        let tree = rewrite::template(text)?;
        self.attempt(tree.clone())?;
        let number = self.count.to_string();
        self.count += 1;
        self.texts = std::mem::replace(&mut self.texts, Template::new("")).add_parse_tree(&number, tree);
        Ok(Shape::Text(number))
    }

    fn attempt(&self, tree: ListNode) -> Result<(), String> {
        let texts = Template::new("").missing_key(MissingKey::Error).max_range_iters(MOST_TURNS);
        let texts = texts.add_parse_tree("0", tree);
        for (user, has_everything) in self.samples.iter().zip([true, false]) {
            let data = user::data(user, &Budget::new().into());
            let mut run = Run { texts: &texts, data: &data, left: LARGEST };
            match run.value(&Shape::Text("0".to_owned())) {
                Ok(_) => {}
                Err(error) if depends_on_the_user(&error) => {}
                Err(TemplateError::MissingKey { .. }) if !has_everything => {}
                Err(error) => return Err(reason(&error)),
            }
        }
        Ok(())
    }
}

/// Asks for a part of a text that another user's may have.
fn depends_on_the_user(error: &TemplateError) -> bool {
    match error {
        TemplateError::IndexOutOfRange { .. } => true,
        TemplateError::Exec(reason) => reason.starts_with("slice: string") || reason.starts_with("slice: index not on"),
        _ => false,
    }
}

fn member(path: String, name: &str) -> String {
    match (path.is_empty(), name.contains(['.', '/', ' '])) {
        (true, false) => name.to_owned(),
        (_, true) => format!("{path}[{name}]"),
        (false, false) => format!("{path}.{name}"),
    }
}

/// Somebody who has everything.
fn sample() -> User {
    User {
        user_id: "018f6f4e-7a2b-7c1d-9e3f-5a6b7c8d9e0f".to_owned(),
        email: Some(Email { address: "jane@example.com".to_owned(), is_primary: true, is_verified: true }),
        username: "jane".to_owned(),
        name: "Jane Doe".to_owned(),
        given_name: "Jane".to_owned(),
        family_name: "Doe".to_owned(),
        picture: "https://example.com/jane.png".to_owned(),
        public_metadata: Some(json!({"role": "beta"})),
        unsafe_metadata: Some(json!({"theme": "dark"})),
    }
}
