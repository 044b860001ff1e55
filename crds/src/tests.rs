//! What an API server demands of the definition, what we promise of it, the generated files, and the guides.

mod definition;
mod generated;
mod guides;
mod upstream_keys;
