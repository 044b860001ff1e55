//! The load program behind docs/benchmarks.md.
fn main() {}
