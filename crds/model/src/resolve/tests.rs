//! One table of what is refused, one document with all defaults.
