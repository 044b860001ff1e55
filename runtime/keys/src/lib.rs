//! Encryption at rest, signing keys and session tokens.
