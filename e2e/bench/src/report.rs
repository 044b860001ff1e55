//! The tables.

use std::{
    fmt::{self, Display, Formatter, Write as _},
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

/// What the figures of the flows mean where they miss their target.
pub(crate) const FLOWS: &str = "
Compilers ran on the same two cores while the first column was measured, fewer later on; the figures of the first column are lower for that.

Reading an account takes a second round trip since the user is read first, then addresses and passkeys. On PostgreSQL `/me` went from 8 600 to
8 200 a second, which is within what repeats differ by, and logins from 59 to 73. On SQLite `/me` gave 14 000 before; how much of the difference is the compilers' is not known.

These miss their target:

- Memory. An idle tenant takes 29 MiB, of which 22 MiB are pages of the program's file; they are there once for all tenants of a node. The file has grown from
  20 to 33 MB; what checks JSON Schemas is likely to be much of it, which has not been measured. Of the 5.7 MiB that a tenant has for itself, 3.2 MiB are the heap and 1 MiB
  is what the loader relocates in the program. What the start leaves free in the heap has not been told from what is used. The peak has grown from 70 to 87 MiB.
- A session check on PostgreSQL while 200 passwords are hashed takes two to three times as long as it should. The cause has not been profiled; the likely one is that each check changes
  processes twice more than on SQLite, each time beside hashing threads that finish their time slice first although they have the lowest priority.
- The passcode flow is at its limit on PostgreSQL: a mail takes a token from three windows, and a login records what others may want to be told. Runs gave between 340
  and 400 flows a second. On SQLite it gave 474 before, 346 beside the compilers.

The rows on known and unknown accounts show whether the time of an answer tells what its text hides. One client asks in random order, and only the request
in question is timed. The first figure is the probability that the answer for a known account is the slower one, one half if time tells nothing;
the noise is how far chance alone takes it off that in all but one of twenty runs; the distance is the greatest one of the two distribution
functions (Kolmogorov and Smirnov). The times are those of known and of unknown accounts, in this order.
";

/// What the figures of the Admin API mean.
pub(crate) const ADMIN: &str = "
The first ten thousand users are those of the import. The others PostgreSQL makes by itself, while the runtime is stopped: the same rows the import
writes, by `INSERT … SELECT … FROM generate_series` into `users`, `emails`, `usernames`, `passwords`, `user_metadata` and `user_counts`, with the indexes for parts of words and
for documents built afterwards, and `VACUUM (ANALYZE)` at the end (`e2e/bench/src/fill.rs`). Every user has one address, a username, a password and public metadata.

Rates are of 32 connections that ask at once, each time for somebody else; what is said of one client is the time of one request. One figure misses its target: the
page in the middle of a million users, which is the dearest to jump to and was asked for first, took 78 ms, and 65 ms in a run before; later jumps
begin at pages that were read already.

- A search costs as much as what it has to look at. SQLite has no index for parts of words or documents and reads all users. PostgreSQL intersects lists of trigrams: in
  these addresses, which all begin with `user` and have the same domain, some lists hold everybody, which is as bad as it gets; the usernames show how it is otherwise.
  How many users match is counted too, so a document that ten thousand have takes its time even though a page shows twenty.
- Receivers that hang cost what is written for them (a delivery for each event and receiver, and the attempts), not their silence: a login that finds a free core takes the same time.
  Where all cores are busy with logins, or all logins wait for SQLite's one writer, that work takes its share.
- Webhooks are told by one loop that claims, posts and records. On PostgreSQL it waits for two commits to reach the disk for each few deliveries.
";

/// Tells the person who waits what is going on.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// What one column of a table says, in the order in which it was measured.
#[derive(Debug, Default)]
pub(crate) struct Rows(pub(crate) Vec<Row>);

impl Rows {
    /// A figure as text.
    pub(crate) fn add(&mut self, what: &'static str, target: &'static str, value: impl Display) {
        let value = value.to_string();
        say(&format!("{what}: {value}   ({target})"));
        self.0.push(Row { what, target, value });
    }
}

/// Rows that were measured several times: on each database, with each number of users.
#[derive(Debug)]
pub(crate) struct Table {
    /// Stands above it.
    pub(crate) title: &'static str,
    /// Names and figures. The first column has every row.
    pub(crate) columns: Vec<(&'static str, Vec<Row>)>,
    /// What the figures mean; stands below it.
    pub(crate) notes: &'static str,
}

/// Writes the page.
pub(crate) fn write(path: &Path, tables: &[Table]) -> io::Result<()> {
    let mut page = format!(
        "# Benchmarks\n\nMeasured by `make bench` (`e2e/bench`) with the release build; the load program and PostgreSQL share the machine's cores. \
         Repeats differ by 10 to 30 %.\n\nMachine: {}.\n",
        machine()
    );
    for table in tables {
        let _ = write!(page, "\n{table}");
    }
    if path == Path::new("-") { io::stdout().write_all(page.as_bytes()) } else { fs::write(path, page) }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.title.is_empty() {
            write!(f, "## {}\n\n", self.title)?;
        }
        write!(f, "| | target |")?;
        for (name, _) in &self.columns {
            write!(f, " {name} |")?;
        }
        write!(f, "\n| --- | --- |{}\n", " --- |".repeat(self.columns.len()))?;
        for row in self.columns.first().map(|(_, rows)| rows.as_slice()).unwrap_or_default() {
            write!(f, "| {} | {} |", row.what, row.target)?;
            for (_, rows) in &self.columns {
                let same = rows.iter().find(|other| other.what == row.what);
                write!(f, " {} |", same.map(|row| row.value.as_str()).unwrap_or_default())?;
            }
            writeln!(f)?;
        }
        f.write_str(self.notes)
    }
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
