//! What the user may write themselves.                                         spec/flow-profile.md §6.11

use async_trait::async_trait;
use hanko_domain::Category;
use hanko_metadata::Patch;
use serde::Deserialize;
use serde_json::Value;

use super::done;
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, InputError, Step},
};

const NAME: &str = "patch_metadata";

pub(super) struct PatchMetadata;

#[derive(Deserialize)]
pub(super) struct Patched {
    /// `None`: not submitted. JSON's `null` is a value.
    #[serde(default, deserialize_with = "submitted")]
    patch_metadata: Option<Value>,
}

fn submitted<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// What a client wants; `None` when it is not understood.
fn patch(value: Option<Value>) -> Option<Patch> {
    let document = match value? {
        Value::Null => return Some(Patch::clear(Category::Unsafe)),
        Value::String(text) if text == "null" => return Some(Patch::clear(Category::Unsafe)),
        Value::Object(document) => document,
        // Blanks around it are none of it (§6.11).
        Value::String(text) if text.starts_with('{') && text.ends_with('}') => serde_json::from_str(&text).ok()?,
        _ => return None,
    };
    Some(Patch::merge(Category::Unsafe, document))
}

#[async_trait]
impl Action for PatchMetadata {
    const NAME: &'static str = NAME;
    const DESCRIPTION: &'static str = "Changes the unsafe metadata of the user.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Patched;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::raw(NAME).required(true).shown()]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Patched) -> Result<Step, Failure> {
        let patch = patch(input.patch_metadata).ok_or_else(|| {
            Failure::input(NAME, InputError::Metadata("patch metadata must be an object or null".into()))
        })?;
        let account = cx.owner()?;
        let user = account.user.id;
        // Merged again into what is stored when it is written; here is told what cannot be.
        hanko_metadata::apply(&account.metadata, &patch, &cx.inner().metadata_schemas)?;
        cx.then(Effect::PutMetadata { user, patch });
        Ok(done())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_merges_and_null_clears_and_nothing_else_is_understood() {
        let merge = |value: Value| Some(Patch::merge(Category::Unsafe, value.as_object().cloned().unwrap()));
        let clear = Some(Patch::clear(Category::Unsafe));
        for (value, understood) in [
            (Some(json!({"a": 1})), merge(json!({"a": 1}))),
            (Some(json!("{\"a\": 1}")), merge(json!({"a": 1}))),
            (Some(Value::Null), clear.clone()),
            (Some(json!("null")), clear),
            (None, None),
            (Some(json!("")), None),
            (Some(json!(" null")), None),
            (Some(json!("{\"a\"")), None),
            (Some(json!("{\"a\": 1} ")), None),
            (Some(json!([1])), None),
            (Some(json!(1)), None),
            (Some(json!(true)), None),
        ] {
            assert_eq!(patch(value.clone()), understood, "{value:?}");
        }
    }
}
