//! What applications keep about a user: three JSON documents of free content, and the rules that every writer of them obeys
//! (`spec/admin-api.md` §6).
//!
//! A [`Patch`] says what is to change. [`apply`] makes the documents of afterwards from those of before, or says why there are
//! none: one would be too long, or not of the shape that the project's [`Schemas`] want. Nothing here reads or writes a
//! database: who writes calls [`apply`] with what it has read under the user's lock, so that no writer loses another's work.
//!
//! Must never know HTTP, flows or a database. Start with [`apply`]; [`check`] is for
//! whoever reads a project's document.

mod bounds;
mod merge;
mod schema;

use hanko_domain::{Category, Metadata};
use serde_json::{Map, Value};
use thiserror::Error;

pub use schema::{Refused, Schemas, check};

/// The most characters (code points) of a document as it is stored.
pub const LONGEST: usize = 3000;

/// What is to change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    public: Change,
    private: Change,
    unsafe_: Change,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Change {
    #[default]
    None,
    Clear,
    Merge(Map<String, Value>),
}

/// Why something is no patch, in the contract's words.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PatchError {
    /// Not even an object.
    #[error("patch metadata must be null or object")]
    Shape,
    /// The member of one category.
    #[error("{} must be an object or null", .0.member())]
    Member(Category),
}

/// Why a patch cannot be applied.
#[derive(Debug, Error)]
pub enum MetadataError {
    /// These would be longer than [`LONGEST`].
    #[error("metadata limit exceeded: {}", too_long(.0))]
    TooLong(Vec<Category>),
    /// This would not be what the project's schema wants.
    #[error("{} metadata does not match the schema of the project{}: {reason}", .category.as_str(), at(.pointer))]
    Schema {
        /// Which document.
        category: Category,
        /// JSON pointer to the place in the document of afterwards; empty for the whole of it.
        pointer: String,
        /// What the schema says. It names members, but quotes no values.
        reason: String,
    },
    /// What is stored is no JSON object, which only a hand in the database can bring about.
    #[error("the stored {} metadata is no JSON object", .category.as_str())]
    Stored {
        /// Which document.
        category: Category,
        /// The parser's opinion, if it has one.
        source: Option<serde_json::Error>,
    },
}

fn too_long(categories: &[Category]) -> String {
    let sentence = |category: &Category| format!("{} metadata must not exceed {LONGEST} characters", category.as_str());
    categories.iter().map(sentence).collect::<Vec<_>>().join(", ")
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at {pointer}") }
}

impl Patch {
    /// Reads `null`, which clears all documents, or an object with members like `public_metadata`. Other members are not
    /// looked at.
    pub fn parse(value: &Value) -> Result<Self, PatchError> {
        let members = match value {
            Value::Null => return Ok(Self { public: Change::Clear, private: Change::Clear, unsafe_: Change::Clear }),
            Value::Object(members) => members,
            _ => return Err(PatchError::Shape),
        };
        let mut patch = Self::default();
        for category in Category::ALL {
            let change = match members.get(category.member()) {
                None => continue,
                Some(Value::Null) => Change::Clear,
                Some(Value::Object(document)) => Change::of(document.clone()),
                Some(_) => return Err(PatchError::Member(category)),
            };
            *patch.change_mut(category) = change;
        }
        Ok(patch)
    }

    /// Merges an object into one document and leaves the others alone.
    pub fn merge(category: Category, document: Map<String, Value>) -> Self {
        let mut patch = Self::default();
        *patch.change_mut(category) = Change::of(document);
        patch
    }

    /// Removes one document and leaves the others alone.
    pub fn clear(category: Category) -> Self {
        let mut patch = Self::default();
        *patch.change_mut(category) = Change::Clear;
        patch
    }

    /// Whether it leaves everything as it is, whatever that is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn change(&self, category: Category) -> &Change {
        match category {
            Category::Public => &self.public,
            Category::Private => &self.private,
            Category::Unsafe => &self.unsafe_,
        }
    }

    fn change_mut(&mut self, category: Category) -> &mut Change {
        match category {
            Category::Public => &mut self.public,
            Category::Private => &mut self.private,
            Category::Unsafe => &mut self.unsafe_,
        }
    }
}

impl Change {
    /// `{}` changes nothing (§6.3), not even nothing into `{}`.
    fn of(document: Map<String, Value>) -> Self {
        if document.is_empty() { Self::None } else { Self::Merge(document) }
    }
}

/// The documents after a patch.
///
/// Only documents that the patch changes are measured and held against their schema: what has become too long or out of shape
/// since it was written does not stand in the way of the others. No document, and `{}`, which is shown as none, match every
/// schema.
pub fn apply(before: &Metadata, patch: &Patch, schemas: &Schemas) -> Result<Metadata, MetadataError> {
    let mut after = before.clone();
    let mut too_long = Vec::new();
    for category in Category::ALL {
        let stored = match category {
            Category::Public => &mut after.public,
            Category::Private => &mut after.private,
            Category::Unsafe => &mut after.unsafe_,
        };
        match patch.change(category) {
            Change::None => {}
            Change::Clear => *stored = None,
            Change::Merge(changes) => {
                let mut document = read(category, stored.as_deref())?;
                merge::merge(&mut document, changes);
                let document = Value::Object(document);
                let text = stored_text(&document);
                if text.chars().count() > LONGEST {
                    too_long.push(category);
                    continue;
                }
                if document.as_object().is_some_and(|members| !members.is_empty()) {
                    schemas.check(category, &document)?;
                }
                *stored = Some(text);
            }
        }
    }
    if too_long.is_empty() { Ok(after) } else { Err(MetadataError::TooLong(too_long)) }
}

fn read(category: Category, text: Option<&str>) -> Result<Map<String, Value>, MetadataError> {
    match text.map(serde_json::from_str).transpose() {
        Ok(None | Some(Value::Null)) => Ok(Map::new()),
        Ok(Some(Value::Object(document))) => Ok(document),
        Ok(Some(_)) => Err(MetadataError::Stored { category, source: None }),
        Err(source) => Err(MetadataError::Stored { category, source: Some(source) }),
    }
}

/// Compact, and with `<`, `>` and `&` in a form that is harmless in HTML and six characters long (§6.3). They stand nowhere in
/// JSON but in strings.
fn stored_text(document: &Value) -> String {
    document.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests;
