//! Below `/.well-known`.

pub(super) mod config;
pub(super) mod jwks;
pub(super) mod webauthn;
