//! The kinds as Kubernetes resources, and the generators of everything derived from them.
//!
//! What an author writes is defined in `hanko_model::spec`; this crate wraps it into an object with metadata and status
//! ([`HankoProject`]) and describes it to an API server ([`crd`]): structural schema, list types, rules in CEL, printer
//! columns. It knows no client and makes no request.
//!
//! [`generate::files`] is everything in the repository that is derived from the types. After a change of a field, a
//! description or a rule run `cargo run -p hanko-crds --bin generate`; a test tells when that was forgotten.

mod crd;
pub mod generate;
mod project;
mod reference;
mod rules;
mod structural;

pub use crd::crd;
pub use project::{HankoProject, HankoProjectStatus};

#[cfg(test)]
mod tests;
