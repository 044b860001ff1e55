//! The documents' types, their semantic validation and their defaults.
//!
//! A manifest is the runtime's configuration: the operator and the runtime read the same text through this crate and
//! come to the same [`project::Project`]. So it knows neither Kubernetes clients nor HTTP, opens no file, asks no
//! clock, and never sees the value of a secret (but for the one function that hashes them).
//!
//! The way of a document: [`document::parse`] reads YAML into what its author wrote ([`spec`]); [`resolve`] checks it
//! and applies every default; [`render::render`] writes it again for the runtime in a pod. Wherever something is wrong,
//! all [`Problems`] come back at once, each with the path of its field and what to do about it.
//!
//! To add a setting: a field in [`spec`] (its description states the default), one in [`project`], its rule in the file
//! of its topic below `resolve`, a line in `resolve/tests/everything.yaml`, and one in the table of
//! `crds/src/tests/upstream_keys.rs`.

pub mod document;
pub mod duration;
mod fields;
mod host;
pub mod names;
mod problem;
pub mod project;
mod quantity;
pub mod render;
mod resolve;
pub mod revision;
mod schema;
pub mod secrets;
pub mod spec;

pub use problem::{Problem, Problems};
pub use resolve::{TENANT_NAMESPACE, resolve};
pub use schema::schema;
