//! The flow engine, the flows, and the one function that makes a session.
//!
//! A flow is declared, not coded: [`flows`] holds one table for each, made of the states in `states`. A state's file tells
//! everything the state can do; the engine in [`engine`] owns what is the same for all: transport, CSRF, expiry, turns,
//! history and `back`, hooks, errors and rendering. Adding a state never touches the engine.
//!
//! An action runs in two phases. Phase one ([`engine`] calls it `decide`) reads and computes and holds no database connection;
//! what it wants changed it says as [`effect::Effect`] values. Phase two is one short transaction whose first statement is the
//! conditional write of the flow's row; who loses that race is answered as a stale CSRF token is.
//!
//! [`sessions`] is the one door: a session is made there and nowhere else, from proofs that only the verifiers of
//! `hanko-credentials` can make. The crate knows no HTTP beyond the status of an answer.
//!
//! [`rest`] holds the decisions of the endpoints of earlier versions and [`admin`] those of administrators, over the same effects.
//!
//! Start with [`run`], then read `flows/login.rs` and one state.

pub mod admin;
pub mod effect;
pub mod engine;
mod flows;
pub mod rest;
mod rules;
pub mod sessions;
mod stash;
mod states;
mod tenant;
mod view;

pub use engine::{Body, Reply, TrustedDevice, diagrams, run};
pub use tenant::{Tenant, TenantParts};
pub use view::account_view;
