//! The flows through HTTP, as the official client drives them (`spec/flow-login-registration.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "a test program has no outside")]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod bad_input;
mod browser;
mod concurrency;
mod crowd;
mod database;
mod details;
mod engine;
mod events;
mod field_cases;
mod identifiers;
mod journeys;
mod limits;
mod login;
mod passkeys;
mod postgres;
mod privacy;
mod properties;
mod recovery;
mod registration;
mod security_keys;
mod sessions;
mod totp;
mod transcripts;
mod trusted_devices;
mod unproven;
mod walk;

use journeys::{PASSWORD, actions, begin, identify, input_error, modern, plain, register};
