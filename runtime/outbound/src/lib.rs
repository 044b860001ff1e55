//! The one HTTP client for addresses that a tenant can choose: webhooks, and whatever else is fetched by a URL of a project.
//!
//! Whoever may write a URL must not reach what only this machine reaches. So a [`Client`] looks a name up itself, leaves out
//! every address of an inner or special network, and connects to what is left, never to what a second look-up would say. It
//! takes no proxy from its environment, follows no redirect, and bounds time and size. What a project's `outbound.allowedNetworks`
//! names is let through.
//!
//! * [`policy`]: which addresses are refused, and why.
//! * [`client`]: requests and their answers.
//! * [`error`]: why there was no answer, in words that hold no secret.
//!
//! The crate knows neither tenants nor what its requests mean. A client belongs to one policy: connections that one project
//! may make are never lent to another.

pub mod answer;
pub mod client;
pub mod error;
pub mod policy;
mod resolve;

pub use answer::{Answer, RetryAfter};
pub use client::Client;
pub use error::OutboundError;
pub use policy::OutboundPolicy;

#[cfg(test)]
mod tests;
