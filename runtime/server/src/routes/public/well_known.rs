//! Below `/.well-known`.

pub(super) mod jwks;
