//! What users' metadata may look like.

use serde_json::{Map, Value};

use crate::{problem::Findings, project::MetadataSchemas, resolve::claims::depth, spec::MetadataSpec};

const DEEPEST: usize = 32;
/// As JSON.
const LARGEST: usize = 16 * 1024;

/// Whether the schemas mean something is for the crate to say that applies them.
pub(super) fn schemas(spec: &MetadataSpec, findings: &mut Findings) -> MetadataSchemas {
    let spec = spec.schemas.clone().unwrap_or_default();
    let mut schema = |name: &str, given: Option<Map<String, Value>>| {
        let schema = Value::Object(given?);
        let path = format!("spec.settings.metadata.schemas.{name}");
        let size = schema.to_string().len();
        if size > LARGEST {
            findings.add(&*path, format!("is {size} bytes of JSON; write at most {LARGEST}"));
        }
        if depth(&schema) > DEEPEST {
            findings.add(path, format!("is nested deeper than {DEEPEST} lists or mappings; write it flatter"));
        }
        Some(schema)
    };
    MetadataSchemas {
        public: schema("public", spec.public),
        private: schema("private", spec.private),
        unsafe_: schema("unsafe", spec.r#unsafe),
    }
}
