//! What a schema may cost. It runs whenever a document is written, and the document is a user's.
//!
//! Every part of a schema is asked at most once for every value of a document, as long as nothing refers back to where it came
//! from; so parts × values bounds the work. A reference counts as what it refers to, because that is asked again.

use std::collections::HashMap;

use serde_json::Value;

/// Parts of a schema, with what its references refer to counted anew for each of them.
const MOST_PARTS: usize = 2_000;
/// Levels of a schema, those of what it refers to included. Compiling and matching go down as many calls.
const DEEPEST: usize = 100;
/// Keywords whose values are data, whatever they look like.
const DATA: [&str; 5] = ["const", "default", "enum", "examples", "$comment"];
/// Keywords whose values are schemas by name.
const NAMED: [&str; 6] =
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];
/// Keywords that lead elsewhere in ways that cannot be counted.
const REFUSED: [&str; 5] = ["$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// Says why a schema may cost too much, or refers to what is not in it.
pub(crate) fn check(schema: &Value) -> Result<(), String> {
    let mut count = Count { root: schema, known: HashMap::new() };
    match count.parts(schema, 0)? {
        ..=MOST_PARTS => Ok(()),
        _ => Err(format!("has more than {MOST_PARTS} parts, counting what it refers to each time")),
    }
}

struct Count<'a> {
    root: &'a Value,
    /// By the reference; `None`: being counted.
    known: HashMap<&'a str, Option<usize>>,
}

impl<'a> Count<'a> {
    fn parts(&mut self, schema: &'a Value, depth: usize) -> Result<usize, String> {
        if depth > DEEPEST {
            return Err(format!("has more than {DEEPEST} levels, counting those of what it refers to"));
        }
        let mut parts = 1_usize;
        match schema {
            Value::Object(members) => {
                for (name, value) in members {
                    parts = parts.saturating_add(self.keyword(schema, name, value, depth)?);
                }
            }
            Value::Array(items) => {
                for item in items {
                    parts = parts.saturating_add(self.parts(item, depth + 1)?);
                }
            }
            _ => {}
        }
        Ok(parts)
    }

    fn keyword(&mut self, of: &'a Value, name: &str, value: &'a Value, depth: usize) -> Result<usize, String> {
        match (name, value) {
            (name, _) if DATA.contains(&name) => Ok(1),
            (name, Value::Object(schemas)) if NAMED.contains(&name) => {
                let mut parts = 1_usize;
                for schema in schemas.values() {
                    parts = parts.saturating_add(self.parts(schema, depth + 1)?);
                }
                Ok(parts)
            }
            ("$ref", Value::String(reference)) => self.referred(reference, depth + 1),
            ("$id" | "id", Value::String(_)) if !std::ptr::eq(of, self.root) => {
                Err(format!("{name} stands inside; only the whole schema may have one"))
            }
            (name, Value::String(_) | Value::Bool(_)) if REFUSED.contains(&name) => {
                Err(format!("{name} is not supported; refer with $ref, as in \"#/$defs/address\""))
            }
            (_, value) => self.parts(value, depth + 1),
        }
    }

    fn referred(&mut self, reference: &'a str, depth: usize) -> Result<usize, String> {
        match self.known.get(reference) {
            Some(Some(parts)) => return Ok(*parts),
            Some(None) => return Err(format!("$ref {reference:?} comes back to itself; a schema must have an end")),
            None => {}
        }
        // With escapes one place would have many names, and this and the library might read them differently.
        let plain = Some(reference).filter(|reference| !reference.contains('%'));
        let target = plain.and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
        let target = target.ok_or_else(|| {
            format!("$ref {reference:?} is not in the schema; refer to a part of it, as in \"#/$defs/address\"")
        })?;
        self.known.insert(reference, None);
        let parts = self.parts(target, depth)?;
        self.known.insert(reference, Some(parts));
        Ok(parts)
    }
}
