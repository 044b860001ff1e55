//! Log lines on the standard error. Secrets have no `Debug` and no `Display`, so there is nothing to redact.

use std::io::stderr;

use clap::ValueEnum;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// How lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For machines.
    Json,
    /// For people.
    Text,
}

/// Starts logging. `level` is a level (`info`), or levels by module (`info,hanko_flow=debug`).
pub(crate) fn start(format: LogFormat, level: &Targets) {
    let layers = tracing_subscriber::registry().with(level.clone());
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(false);
    // Fails only when a subscriber exists already, whose lines are as good.
    let _ = match format {
        LogFormat::Json => layers.with(lines.json().flatten_event(true).with_current_span(false)).try_init(),
        LogFormat::Text => layers.with(lines.with_target(false)).try_init(),
    };
}
