//! Encryption at rest, signing keys and the tokens they sign.
//!
//! * [`master`]: the named master keys of a tenant, read from its key Secret; purposes get keys of their own by HKDF.
//! * [`seal`]: values at rest, bound to the place they stand at, so that a value moved elsewhere does not open.
//! * [`mac`]: keyed hashes of what stands in clear and must not be changed.
//! * [`signing`]: the signing keys in the database, made once under a lease, and the key set that is published.
//! * [`token`]: signing and verifying; what a session token means is decided above.
//!
//! The crate knows neither HTTP nor flows. All cryptography is aws-lc's, all JWT work jsonwebtoken's.

pub mod mac;
pub mod master;
pub mod seal;
pub mod signing;
pub mod token;

pub use mac::Macs;
pub use master::{KeyError, MasterKeys, Purpose};
pub use seal::{Place, Sealer};
pub use signing::{KeysError, SigningKeys};
pub use token::{TokenError, VerifiedToken};
