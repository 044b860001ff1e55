//! A passkey as it is kept for good.

pub use hanko_domain::Passkey as StoredPasskey;
