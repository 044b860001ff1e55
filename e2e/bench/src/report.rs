//! The table.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
};

/// A measured value beside its target.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: &'static str,
    /// The target of the project, if there is one.
    pub(crate) target: &'static str,
    /// What came out.
    pub(crate) value: String,
}

/// What the figures mean where they miss their target.
const NOTES: &str = "
Three figures miss their target. Resident memory of an idle tenant is over 14 MiB because most of it is pages of the program's
file; they are there once for all tenants of a node, so that one more tenant costs what the last table says. How many
of them count also depends on how the file lies in the page cache: a fresh copy of the same program showed more. While 200 passwords are hashed, a session
check on PostgreSQL takes two to three times as long as it should. The cause has not been profiled; the likely one is that each check changes processes twice
more than on SQLite, each time beside hashing threads that finish their time slice first although they have the lowest priority. And the passcode flow on
PostgreSQL is at its limit: a mail takes a token from three windows, and a login records what others may want to be told. Three runs in one hour, in which
the key set alone varied between 53 000 and 87 000 a second, gave 341, 379 and 400 flows a second.

The rows on known and unknown accounts show whether the time of an answer tells what its text hides. One client asks in random order, and only the request
in question is timed. The first figure is the probability that the answer for a known account is the slower one, one half if time tells nothing;
the noise is how far chance alone takes it off that in all but one of twenty runs; the distance is the greatest one of the two distribution
functions (Kolmogorov and Smirnov). The times are those of known and of unknown accounts, in this order.
";

/// Tells the person who waits what is going on.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes the page: one row for each measurement, one column for each database.
pub(crate) fn write(path: &Path, columns: &[(&str, Vec<Row>)]) -> io::Result<()> {
    let mut page = format!(
        "# Benchmarks\n\nMeasured by `make bench` (`e2e/bench`) with the release build; the load program and PostgreSQL share the machine's cores. \
         Repeats differ by 10 to 30 %.\n\nMachine: {}.\n\n",
        machine()
    );
    let _ = write!(page, "| | target |");
    for (name, _) in columns {
        let _ = write!(page, " {name} |");
    }
    let _ = write!(page, "\n| --- | --- |{}\n", " --- |".repeat(columns.len()));
    let (_, first) = columns.first().map(|(name, rows)| (name, rows.as_slice())).unwrap_or((&"", &[]));
    for (index, row) in first.iter().enumerate() {
        let _ = write!(page, "| {} | {} |", row.what, row.target);
        for (_, rows) in columns {
            let _ = write!(page, " {} |", rows.get(index).map(|row| row.value.as_str()).unwrap_or_default());
        }
        page.push('\n');
    }
    page.push_str(NOTES);
    if path == Path::new("-") { io::stdout().write_all(page.as_bytes()) } else { fs::write(path, page) }
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo");
    let memory: u64 = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores ({model}), {} GiB, Linux {}", memory / 1024 / 1024, kernel.trim())
}
