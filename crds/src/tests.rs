//! What an API server demands of the definition, what we promise of it, the generated files, the guides, and the words that the
//! runtime has for the same things.

mod definition;
mod generated;
mod guides;
mod upstream_keys;
mod words;
