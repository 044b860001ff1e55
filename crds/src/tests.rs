//! What an API server demands of the definition, what we promise of it, and the generated files.

mod definition;
mod generated;
mod upstream_keys;
