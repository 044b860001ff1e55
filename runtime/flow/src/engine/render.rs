//! The answer (`spec/flow-login-registration.md` §1.5–§1.7).

use hanko_domain::FlowId;
use serde_json::{Map, Value, json};

use crate::engine::{Cx, FlowError, InputError, error};

/// An action that was refused, what it was called with, and what was wrong with it.
pub(crate) struct Refused<'a> {
    pub(crate) action: &'static str,
    pub(crate) submitted: &'a Map<String, Value>,
    pub(crate) errors: Vec<(&'static str, InputError)>,
}

impl Refused<'_> {
    fn error_of(&self, input: &str) -> Option<InputError> {
        self.errors.iter().find(|(name, _)| *name == input).map(|(_, error)| error.clone())
    }
}

/// The whole document: the state, what can be done in it, and what went wrong.
pub(crate) fn document(cx: &Cx<'_>, prefix: &str, csrf_token: &str, refused: Option<&Refused<'_>>) -> (u16, Value) {
    let status = cx.error.map_or(200, FlowError::status);
    let mut actions = Map::new();
    if let Some(state) = cx.flow.find(&cx.state) {
        for action in state.actions.iter().filter(|action| !action.suspended(cx)) {
            let refused = refused.filter(|refused| refused.action == action.name());
            let inputs: Map<String, Value> = action
                .inputs(cx)
                .iter()
                .map(|input| {
                    let error = refused.and_then(|refused| refused.error_of(input.name));
                    let submitted = refused.and_then(|refused| refused.submitted.get(input.name));
                    (input.name.to_owned(), input.describe(error, submitted))
                })
                .collect();
            actions.insert(
                action.name().to_owned(),
                json!({
                    "action": action.name(),
                    "href": href(prefix, cx.flow.name, action.name(), cx.id),
                    "description": action.description(),
                    "inputs": inputs,
                }),
            );
        }
    }
    let mut wire = Map::new();
    wire.insert("name".into(), cx.state.as_str().into());
    wire.insert("status".into(), status.into());
    wire.insert("payload".into(), Value::Object(cx.payload.clone()));
    wire.insert("csrf_token".into(), csrf_token.into());
    wire.insert("actions".into(), Value::Object(actions));
    if let Some(error) = cx.error {
        wire.insert("error".into(), describe(error));
    }
    wire.insert("links".into(), Value::Null);
    (status, Value::Object(wire))
}

/// The short form: nothing happened, no new token.
pub(crate) fn short(error: FlowError) -> (u16, Value) {
    let wire = json!({
        "name": "error", "status": error.status(), "csrf_token": "", "actions": {}, "error": describe(error), "links": null,
    });
    (error.status(), wire)
}

fn describe(error: error::FlowError) -> Value {
    json!({"code": error.code(), "message": error.message()})
}

fn href(prefix: &str, flow: &str, action: &str, id: FlowId) -> String {
    format!("{prefix}/{flow}?action={action}%40{id}")
}
