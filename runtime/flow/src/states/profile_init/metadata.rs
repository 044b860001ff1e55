//! What the user may write themselves.                                         spec/flow-profile.md §6.11

use async_trait::async_trait;
use hanko_store::metadata::Metadata;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::done;
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, InputError, Step},
};

/// Characters of the stored text.
const MOST: usize = 3000;
const NAME: &str = "patch_metadata";

pub(super) struct Patch;

#[derive(Deserialize)]
pub(super) struct Patched {
    /// `None`: not submitted. JSON's `null` is a value.
    #[serde(default, deserialize_with = "submitted")]
    patch_metadata: Option<Value>,
}

fn submitted<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// What a client wants.
#[derive(Debug, PartialEq)]
enum Wish {
    Clear,
    Merge(Map<String, Value>),
}

impl Wish {
    fn of(value: Option<Value>) -> Option<Self> {
        match value? {
            Value::Null => Some(Self::Clear),
            Value::Object(patch) => Some(Self::Merge(patch)),
            Value::String(text) if text == "null" => Some(Self::Clear),
            // Blanks around it are none of it (§6.11).
            Value::String(text) if text.starts_with('{') && text.ends_with('}') => {
                serde_json::from_str(&text).ok().map(Self::Merge)
            }
            _ => None,
        }
    }
}

#[async_trait]
impl Action for Patch {
    const NAME: &'static str = NAME;
    const DESCRIPTION: &'static str = "Changes the unsafe metadata of the user.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Patched;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::raw(NAME).required(true).shown()]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Patched) -> Result<Step, Failure> {
        let wish = Wish::of(input.patch_metadata)
            .ok_or_else(|| Failure::input(NAME, InputError::Metadata("patch metadata must be an object or null")))?;
        let account = cx.owner()?;
        let (user, before) = (account.user.id, account.metadata.clone());
        let unsafe_ = match wish {
            Wish::Clear => None,
            Wish::Merge(patch) => {
                let stored = before.unsafe_.as_deref().unwrap_or("{}");
                let mut stored: Value = serde_json::from_str(stored).map_err(Failure::internal)?;
                json_patch::merge(&mut stored, &Value::Object(patch));
                let text = stored.to_string();
                if text.chars().count() > MOST {
                    let cause = "metadata must not exceed character limit (3000)";
                    return Err(Failure::input(NAME, InputError::Metadata(cause)));
                }
                Some(text)
            }
        };
        cx.then(Effect::PutMetadata { user, metadata: Metadata { unsafe_, ..before } });
        Ok(done())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_merges_and_null_clears_and_nothing_else_is_understood() {
        let object = json!({"a": 1}).as_object().cloned().unwrap();
        for (value, wish) in [
            (Some(json!({"a": 1})), Some(Wish::Merge(object.clone()))),
            (Some(json!("{\"a\": 1}")), Some(Wish::Merge(object))),
            (Some(Value::Null), Some(Wish::Clear)),
            (Some(json!("null")), Some(Wish::Clear)),
            (None, None),
            (Some(json!("")), None),
            (Some(json!(" null")), None),
            (Some(json!("{\"a\"")), None),
            (Some(json!("{\"a\": 1} ")), None),
            (Some(json!([1])), None),
            (Some(json!(1)), None),
            (Some(json!(true)), None),
        ] {
            assert_eq!(Wish::of(value.clone()), wish, "{value:?}");
        }
    }
}
