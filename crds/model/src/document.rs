//! From YAML to what its author wrote.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Problem, Problems,
    fields::{self, Finding},
    host,
    render::RENDERED_BY_ANNOTATION,
    schema::schema,
    spec::ProjectSpec,
};

/// API group of all kinds.
pub const GROUP: &str = "hanko-operator.dev";
/// Their version.
pub const VERSION: &str = "v1alpha1";
/// Group and version as a document states them.
pub const API_VERSION: &str = "hanko-operator.dev/v1alpha1";
/// Kind of a tenant.
pub const KIND: &str = "HankoProject";
/// Namespace of a document that names none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// What happens to fields that do not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unknown {
    /// They are problems (`check`).
    Refuse,
    /// In a rendered document they are warnings, so that an older runtime survives the middle of an upgrade; in any
    /// other they are problems (`serve`).
    Warn,
}

/// One `HankoProject` as its author wrote it. The operator makes it from the object, the runtime from a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// Namespace, `default` when the file names none.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Annotations; the ones of [`crate::render`] have a meaning.
    pub annotations: BTreeMap<String, String>,
    /// What the author wrote.
    pub spec: ProjectSpec,
}

impl Document {
    /// `<namespace>/<name>`, as [`Problem::document`] has it.
    pub fn label(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether an operator wrote this document for a pod.
    pub fn is_rendered(&self) -> bool {
        self.annotations.contains_key(RENDERED_BY_ANNOTATION)
    }
}

/// The documents of one text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parsed {
    /// In the order of the text.
    pub documents: Vec<Document>,
    /// What the operator's person should know; see [`Unknown::Warn`].
    pub warnings: Vec<Problem>,
}

#[derive(Deserialize)]
struct Typed {
    metadata: Metadata,
    spec: ProjectSpec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: Option<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Reads a text of one or more YAML documents. Shapes are checked here, meanings in [`crate::resolve`].
///
/// # Errors
/// All problems of all documents at once: text that is no YAML, other kinds, unknown fields, wrong types, two documents of
/// one name and what else [`conflicts`] finds.
pub fn parse(text: &str, unknown: Unknown) -> Result<Parsed, Problems> {
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    let values: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| Problems(vec![whole("the text", format!("is not YAML: {error}"))]))?;
    let schema = schema();
    let mut parsed = Parsed::default();
    let mut problems = Vec::new();
    for (i, value) in values.into_iter().enumerate().filter(|(_, value)| !value.is_null()) {
        match read(value, i + 1, unknown, &schema, &mut parsed.warnings) {
            Ok(document) => parsed.documents.push(document),
            Err(more) => problems.extend(more),
        }
    }
    problems.extend(conflicts(&parsed.documents));
    if parsed.documents.is_empty() && problems.is_empty() {
        problems.push(whole("the text", format!("holds no document; write one of kind {KIND}")));
    }
    if problems.is_empty() { Ok(parsed) } else { Err(Problems(problems)) }
}

/// Documents that cannot be served by one process: two of one name, of one tenant, or with one host. The later ones are the
/// problem. [`parse`] has looked within its text; who reads several files looks across them.
pub fn conflicts(documents: &[Document]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut tenants = BTreeMap::new();
    let mut hosts: BTreeMap<String, String> = BTreeMap::new();
    for document in documents {
        let label = document.label();
        if names.contains(&label) {
            problems.push(whole(&label, "appears twice; remove one of the documents".into()));
            continue;
        }
        if let Some(other) = document.spec.tenant_id.and_then(|id| tenants.insert(id, label.clone())) {
            problems.push(Problem {
                document: label.clone(),
                path: "spec.tenantId".into(),
                message: format!("is the identity of {other}; two projects never share one, remove it here or there"),
            });
        }
        for (i, name) in document.spec.hosts.iter().enumerate() {
            let Ok(name) = host::host_name(name) else { continue };
            match hosts.get(&name) {
                Some(other) if *other != label => problems.push(Problem {
                    document: label.clone(),
                    path: format!("spec.hosts[{i}]"),
                    message: format!("`{name}` is a host of {other}; a host belongs to one project"),
                }),
                _ => drop(hosts.insert(name, label.clone())),
            }
        }
        names.push(label);
    }
    problems
}

fn whole(document: &str, message: String) -> Problem {
    Problem { document: document.into(), path: String::new(), message }
}

fn read(
    mut value: Value,
    number: usize,
    unknown: Unknown,
    schema: &Value,
    warnings: &mut Vec<Problem>,
) -> Result<Document, Vec<Problem>> {
    let label = label(&value, number);
    if let Some((path, message)) = foreign(&value) {
        return Err(vec![Problem { document: label, path: path.into(), message }]);
    }
    let rendered = value.pointer("/metadata/annotations").is_some_and(|all| all.get(RENDERED_BY_ANNOTATION).is_some());
    let tolerant = rendered && unknown == Unknown::Warn;
    let mut findings = Vec::new();
    fields::check(&mut value, schema, "", &mut findings);
    let mut problems = Vec::new();
    for Finding { path, message, unknown } in findings {
        let problem = Problem { document: label.clone(), path, message };
        if unknown && tolerant { warnings.push(problem) } else { problems.push(problem) }
    }
    let document = match serde_json::from_value(value) {
        Ok(Typed { metadata, spec }) => Document {
            namespace: metadata.namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.into()),
            name: metadata.name,
            annotations: metadata.annotations,
            spec,
        },
        Err(error) if problems.is_empty() => return Err(vec![whole(&label, error.to_string())]),
        Err(_) => return Err(problems),
    };
    if problems.is_empty() {
        return Ok(document);
    }
    // It is refused anyway; tell at once what else its meaning has wrong, but for what follows from the fields left out.
    let Problems(meanings) = crate::resolve(&document).err().unwrap_or_default();
    let told = |path: &str| problems.iter().any(|known| known.path.starts_with(path) || path.starts_with(&known.path));
    let more: Vec<Problem> = meanings.into_iter().filter(|problem| !told(&problem.path)).collect();
    problems.extend(more);
    Err(problems)
}

fn label(value: &Value, number: usize) -> String {
    let text = |pointer| value.pointer(pointer).and_then(Value::as_str);
    match text("/metadata/name") {
        Some(name) => format!("{}/{name}", text("/metadata/namespace").unwrap_or(DEFAULT_NAMESPACE)),
        None => format!("document {number}"),
    }
}

/// Path and message when the document is of another kind.
fn foreign(value: &Value) -> Option<(&'static str, String)> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let Some(api_version) = text("apiVersion") else {
        return Some(("apiVersion", format!("is missing; write `apiVersion: {API_VERSION}` and `kind: {KIND}`")));
    };
    let Some(kind) = text("kind") else {
        return Some(("kind", format!("is missing; write `kind: {KIND}`")));
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if group != GROUP {
        return Some((
            "kind",
            format!("`{kind}` of `{api_version}` is not ours; this text holds {KIND} of `{API_VERSION}` only"),
        ));
    }
    if version != VERSION {
        return Some(("apiVersion", format!("there is no version `{version}`; write `{API_VERSION}`")));
    }
    (kind != KIND).then(|| ("kind", format!("there is no kind `{kind}` in this version; write `{KIND}`")))
}

#[cfg(test)]
mod tests;
