//! The shapes that a project wants.

use hanko_domain::Category;
use hanko_model::{
    Problem,
    project::{MetadataSchemas, Project},
};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::{MetadataError, bounds};

/// Bytes that a compiled pattern may take, and the cache that makes it fast.
const LARGEST_PATTERN: usize = 1024 * 1024;
/// Characters of a reason. Names of members, which a user may choose, are part of it.
const LONGEST_REASON: usize = 400;

/// The compiled schemas of a project, each for one category; where there is none, everything matches.
///
/// JSON Schema of the draft that `$schema` names, 2020-12 without one. Formats are checked, not only noted. Nothing is ever
/// fetched. Every pattern is matched in linear time, and how often a schema asks is bounded (see the crate's `bounds`), since a
/// user chooses the document.
#[derive(Debug, Default)]
pub struct Schemas {
    public: Option<Validator>,
    private: Option<Validator>,
    unsafe_: Option<Validator>,
}

/// A schema that is not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Whose.
    pub category: Category,
    /// What is wrong, where, and what to do.
    pub reason: String,
}

impl Schemas {
    /// Compiles the schemas of a project; all that are refused come back at once.
    pub fn compile(schemas: &MetadataSchemas) -> Result<Self, Vec<Refused>> {
        let mut refused = Vec::new();
        let mut compiled = |category, schema: &Option<Value>| match validator(schema.as_ref()?) {
            Ok(validator) => Some(validator),
            Err(reason) => {
                refused.push(Refused { category, reason });
                None
            }
        };
        let schemas = Self {
            public: compiled(Category::Public, &schemas.public),
            private: compiled(Category::Private, &schemas.private),
            unsafe_: compiled(Category::Unsafe, &schemas.unsafe_),
        };
        if refused.is_empty() { Ok(schemas) } else { Err(refused) }
    }

    pub(crate) fn check(&self, category: Category, document: &Value) -> Result<(), MetadataError> {
        let validator = match category {
            Category::Public => &self.public,
            Category::Private => &self.private,
            Category::Unsafe => &self.unsafe_,
        };
        let Some(Err(error)) = validator.as_ref().map(|validator| validator.validate(document)) else { return Ok(()) };
        let reason = error.masked().to_string().chars().take(LONGEST_REASON).collect();
        Err(MetadataError::Schema { category, pointer: error.instance_path().to_string(), reason })
    }
}

/// Every schema of the project that is not accepted, each with the path of its field. Costs nothing where there are none.
pub fn check(project: &Project) -> Vec<Problem> {
    let refused = Schemas::compile(&project.settings.metadata_schemas).err().unwrap_or_default();
    let problem = |refused: Refused| Problem {
        document: format!("{}/{}", project.namespace, project.name),
        path: format!("spec.settings.metadata.schemas.{}", refused.category.as_str()),
        message: refused.reason,
    };
    refused.into_iter().map(problem).collect()
}

fn validator(schema: &Value) -> Result<Validator, String> {
    if !schema.is_object() {
        return Err("is no object".to_owned());
    }
    bounds::check(schema)?;
    let patterns = PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
    let options = jsonschema::options().offline().should_validate_formats(true).with_pattern_options(patterns);
    options.build(schema).map_err(|error| reason(&error))
}

fn reason(error: &ValidationError<'_>) -> String {
    match error.instance_path().as_str() {
        "" => error.to_string(),
        place => format!("{place}: {error}"),
    }
}
