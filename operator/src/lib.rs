//! The controller that turns a `HankoProject` into a running tenant.
//!
//! It watches projects and makes the cluster what they say; it holds no state of its own, so any look may be lost,
//! repeated, or start from any partial state. It never writes a spec, never prints or caches a Secret, and never touches a
//! running tenant because of a project that has become invalid.
//!
//! [`reconcile`] is the place to start. One look is five steps, each a module with its own error type:
//!
//! 1. [`dereference`] reads what the project refers to: the only reads of other objects.
//! 2. [`validate`] makes a [`validate::ValidatedProject`] of it, or says why not. Pure.
//! 3. [`build`] makes every object of that. Pure; one file per kind, golden files beside them.
//! 4. [`apply`] writes what differs, and [`acknowledge`] asks every pod what it really serves.
//! 5. [`status`] says how it went. Pure.
//!
//! [`admin_key`] decides over the generated key of the Admin API, [`deletion`] over the fate of data.
//!
//! Around them: [`watches`] and [`cache`] (what happens in the cluster), [`client`] (which reads whatever it is answered), [`pace`] (when
//! to look again), [`claims`] (who has which host), [`leader`] (one of several replicas works), [`health`]
//! and [`metrics`], and [`run`], which puts it all together.

mod acknowledge;
mod admin_key;
mod apply;
mod build;
mod cache;
mod claims;
mod cli;
mod client;
mod deletion;
mod dereference;
mod health;
mod labels;
mod leader;
mod metrics;
mod pace;
mod reconcile;
mod resource;
mod run;
mod status;
mod validate;
mod watches;

pub use cli::main;
