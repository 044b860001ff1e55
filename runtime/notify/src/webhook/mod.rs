//! Telling receivers what happened (`spec/webhooks-and-audit.md` §§1-6).
//!
//! An event is written in the transaction of its change, at the same cost whether anybody listens or not. Afterwards the
//! [`Worker`] finds its receivers, those of the manifest and those of the Admin API, gives each a delivery of its own, and posts
//! it: signed when it is sent, again and again with growing pauses until it is taken, its attempts are used up, or it is of no use.
//! Each receiver has a lane of its own, so that a hanging one delays nobody else.
//!
//! * [`receivers`]: who is told, from the manifest and from the database.
//! * [`secret`]: the secret of a receiver and its signature.
//! * [`manage`]: what the Admin API does with receivers and deliveries.
//! * [`worker`]: finding receivers and posting.

pub mod manage;
mod message;
#[cfg(test)]
mod mock;
pub mod receivers;
pub mod secret;
pub mod worker;

pub use receivers::{BadHook, Receivers};
pub use secret::{BadSecret, SigningSecret};
pub use worker::{Counters, Outcome, Way, Worker, slots};
