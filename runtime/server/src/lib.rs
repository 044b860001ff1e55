//! The tenant server: routes, tenant registry, configuration loading, background jobs.
//!
//! A process serves a set of tenants; one is the usual case. What it serves follows from files alone, documents and secrets,
//! which it watches; it knows no cluster. This crate translates: between HTTP and the flows, between files and tenants.
//! It decides nothing about who may sign in, and no handler speaks to a database.
//!
//! The way of a request: [`listen`] accepts within limits, `pipeline` gives it an id and finds its tenant in the
//! `registry`, a file below `routes` answers it. The way of a configuration: [`config`] reads files, `activate` makes a
//! tenant of them, `supervisor` keeps the registry in step and `/-/revision` tells what is served. `jobs` runs what nobody
//! asked for: mails and clean-up. [`server`] puts it together, [`cli`] is how a person starts it.
//!
//! To add an endpoint: one file below `routes`, one line in its listener's table.

mod activate;
mod app;
pub mod cli;
pub mod config;
mod extract;
mod floods;
mod http;
mod jobs;
pub mod listen;
mod log;
mod metrics;
mod output;
mod pipeline;
mod registry;
mod routes;
mod served;
pub mod server;
mod stores;
mod supervisor;
mod watch;

pub use config::Sources;
pub use listen::{Limits, patience::Patience};
pub use server::{Options, Server, StartError};
