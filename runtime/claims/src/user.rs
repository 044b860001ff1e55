//! What a template may know of a user.

use std::{collections::BTreeMap, sync::Arc};

use gotmpl::{TemplateError, Value, ValueFunc};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    budget::{Budget, Spent},
    path::{self, Path},
};

/// What is known of a user, as far as tokens may tell it. Private metadata is not part of it.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The id.
    pub user_id: String,
    /// The primary address.
    pub email: Option<Email>,
    /// Empty if there is none, as are the next four.
    pub username: String,
    /// The full name.
    pub name: String,
    /// The given name.
    pub given_name: String,
    /// The family name.
    pub family_name: String,
    /// The address of a picture.
    pub picture: String,
    /// What only the project writes and everybody may read, as JSON. An empty object is the same as none.
    pub public_metadata: Option<Json>,
    /// What the user itself writes, as JSON. An empty object is the same as none.
    pub unsafe_metadata: Option<Json>,
}

/// A user's primary address.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Email {
    /// The address.
    pub address: String,
    /// Whether it is the primary one.
    pub is_primary: bool,
    /// Whether it is proven.
    pub is_verified: bool,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    public_metadata: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsafe_metadata: Option<Json>,
}

/// As it is printed.
#[derive(Serialize)]
struct Printed<'a> {
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    name: &'a str,
    family_name: &'a str,
    given_name: &'a str,
    picture: &'a str,
}

/// Everything a template may name. All objects together: a name says no more than that it is one of them.
pub(crate) const FIELDS: [&str; 14] = [
    "User",
    "UserID",
    "Email",
    "Address",
    "IsPrimary",
    "IsVerified",
    "Username",
    "Name",
    "GivenName",
    "FamilyName",
    "Picture",
    "Metadata",
    "Public",
    "Unsafe",
];
/// Those of them that are functions.
pub(crate) const METHODS: [&str; 2] = ["Public", "Unsafe"];
/// An object's JSON. No field can be called so.
const PRINTED: &str = "{}";

/// The guards that [`crate::rewrite`] puts into templates, below `$`. No field can be called so either.
pub(crate) const PASS: &str = "pass";
pub(crate) const TEXT: &str = "text";
pub(crate) const PLAIN: &str = "plain";

/// The data of a template. What is missing is an empty object: false, empty when printed, and without any field.
pub(crate) fn data(user: &User, budget: &Arc<Budget>) -> Value {
    let metadata = [&user.public_metadata, &user.unsafe_metadata].map(|json| {
        json.clone().filter(|json| !json.is_null() && json.as_object().is_none_or(|members| !members.is_empty()))
    });
    let [public_metadata, unsafe_metadata] = metadata;
    let has_metadata = public_metadata.is_some() || unsafe_metadata.is_some();
    let metadata = has_metadata.then(|| Arc::new(Metadata { public_metadata, unsafe_metadata }));

    let email = user.email.as_ref().map(|email| {
        object([
            ("Address", text(&email.address)),
            ("IsPrimary", Value::Bool(email.is_primary)),
            ("IsVerified", Value::Bool(email.is_verified)),
            (PRINTED, json(email)),
        ])
    });
    let printed = json(&Printed {
        user_id: &user.user_id,
        email: user.email.as_ref(),
        username: &user.username,
        metadata: metadata.as_deref(),
        name: &user.name,
        family_name: &user.family_name,
        given_name: &user.given_name,
        picture: &user.picture,
    });
    let metadata = metadata.map(|metadata| {
        let (public, private_to_user) = (metadata.clone(), metadata.clone());
        let (spent, also_spent) = (budget.clone(), budget.clone());
        object([
            (PRINTED, json(&*metadata)),
            ("Public", method(move |paths| query(public.public_metadata.as_ref(), paths, &spent))),
            ("Unsafe", method(move |paths| query(private_to_user.unsafe_metadata.as_ref(), paths, &also_spent))),
        ])
    });
    let user = object([
        ("UserID", text(&user.user_id)),
        ("Email", email.unwrap_or_else(|| object([]))),
        ("Username", text(&user.username)),
        ("Name", text(&user.name)),
        ("GivenName", text(&user.given_name)),
        ("FamilyName", text(&user.family_name)),
        ("Picture", text(&user.picture)),
        ("Metadata", metadata.unwrap_or_else(|| object([]))),
        (PRINTED, printed),
    ]);
    let (pass, shown, plain) = (budget.clone(), budget.clone(), budget.clone());
    object([
        ("User", user),
        (PASS, method(move |arguments| guarded(&pass, arguments))),
        (TEXT, method(move |arguments| as_text(guarded(&shown, arguments)?))),
        (PLAIN, method(move |arguments| no_object(guarded(&plain, arguments)?))),
    ])
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(Arc::new(fields.into_iter().map(|(name, value)| (Arc::from(name), value)).collect::<BTreeMap<_, _>>()))
}

fn text(text: &str) -> Value {
    Value::String(Arc::from(text))
}

fn json(value: &impl Serialize) -> Value {
    text(&serde_json::to_string(value).unwrap_or_default())
}

fn method(function: impl Fn(&[Value]) -> Result<Value, TemplateError> + Send + Sync + 'static) -> Value {
    let function: ValueFunc = Arc::new(function);
    Value::Function(function)
}

/// `.Public` and `.Unsafe`: the paths are joined by dots, none asks for everything.
fn query(document: Option<&Json>, paths: &[Value], budget: &Budget) -> Result<Value, TemplateError> {
    let mut parts = Vec::with_capacity(paths.len());
    for path in paths {
        let Value::String(path) = path else { return Err(refused("a path that is no text")) };
        parts.push(&**path);
    }
    let Some(document) = document else { return Ok(text("")) };
    let found = match parts.as_slice() {
        [] => path::text(document, budget),
        parts => Path::parse(&parts.join(".")).map_err(refused)?.read(document, budget),
    };
    Ok(text(&found?))
}

/// Takes what it costs, then the value.
fn guarded(budget: &Budget, arguments: &[Value]) -> Result<Value, TemplateError> {
    let [Value::Int(cost), value] = arguments else { return Err(refused("a value is missing")) };
    let length = match value {
        Value::String(text) => text.len(),
        Value::Map(fields) => fields.get(PRINTED).and_then(Value::len).unwrap_or(0),
        _ => 0,
    };
    budget.spend(usize::try_from(*cost).unwrap_or(usize::MAX).saturating_add(length))?;
    Ok(value.clone())
}

fn as_text(value: Value) -> Result<Value, TemplateError> {
    match value {
        Value::Map(fields) if fields.is_empty() => Ok(text("")),
        Value::Map(fields) => {
            fields.get(PRINTED).cloned().ok_or_else(|| refused("`.` and `$` cannot be printed; write `.User`"))
        }
        other => Ok(other),
    }
}

fn no_object(value: Value) -> Result<Value, TemplateError> {
    match value {
        Value::Map(_) => Err(refused("an object can only be printed, or tested by `if`, `with`, `and`, `or`, `not`")),
        other => Ok(other),
    }
}

fn refused(reason: impl Into<String>) -> TemplateError {
    TemplateError::Exec(reason.into())
}

impl From<Spent> for TemplateError {
    fn from(_: Spent) -> Self {
        refused("takes more work than a claim may; write it simpler")
    }
}
