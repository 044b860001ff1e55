//! What went wrong elsewhere, tried on the Admin API beside everything else that a process does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, dead_code, reason = "a test program has no outside, and shares modules with others")]

#[path = "../flows/crowd.rs"]
mod crowd;
#[path = "../webhooks/program.rs"]
mod program;
#[path = "../support/mod.rs"]
mod support;

mod browser {
    /// The page that shared parts of other test programs open.
    pub const PAGE: &str = crate::support::ORIGIN;
}
mod embedded;
mod export;
mod import;
mod tenant;

use std::time::{Duration, Instant};

/// These tests measure, so one runs at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The long form was asked for.
fn soak() -> bool {
    std::env::var_os("SOAK").is_some()
}

/// Looks again and again until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(60), "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Bytes of memory a process holds now (`VmRSS`), or held at most so far (`VmHWM`).
fn memory(process: u32, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
    line.trim_matches([':', '\t', ' ']).split(' ').next().unwrap().parse::<u64>().unwrap() * 1024
}
