//! Users from elsewhere, many at once (`spec/cli-and-import-export.md` §9, FC-46).
//!
//! An [`Import`] takes in entries as they arrive and tells of each what became of it. Entries are written in batches, one
//! transaction each, so that nothing is ever half-written and no login waits long; when somebody has what one of a batch wants,
//! its entries are tried one by one. A second run of the same input finds its own users and goes on where the first one ended.
//!
//! Start with [`Import::take`]; `entry` reads one entry, `examine` tells the new ones from the others, `write` writes them.

mod entry;
mod examine;
mod members;
mod write;

use std::collections::HashMap;

use bytes::Bytes;
use hanko_domain::{AuditEntry, AuditKind, RequestMeta, UserId, audit::Actor};
use serde::Serialize;

use self::{
    entry::Entry,
    examine::{Foretold, Seen},
};
use super::{Admin, AdminError, Outcome};
use crate::{effect, rest::refusal::refuse_saying, tenant::Tenant};

/// Entries of one transaction.
pub const BATCH: usize = 200;
/// Entries that are looked at together when nothing is written, or all of them at once.
const MOST_ENTRIES: u64 = 100_000;
/// Bytes of entries that are written all at once: they wait in memory until the last one has come.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How often what somebody else was faster with is decided again.
const ATTEMPTS: u32 = 5;

/// An entry as it came.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// JSON; `None`: it was too long to be kept.
    pub text: Option<Bytes>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Everything or nothing: one entry that cannot be written leaves all others unwritten.
    pub all: bool,
    /// Only says what would become of each entry.
    pub dry_run: bool,
    /// Receivers of events are told of each new user.
    pub webhooks: bool,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The user was made, or would have been.
    Created,
    /// The user was made by an earlier run.
    Exists,
    /// It is no user.
    Invalid,
    /// Somebody has what it wants.
    Conflict,
    /// Nothing is wrong with it, but with another entry, and all were to be written or none.
    Skipped,
}

/// What is wrong with a part of an entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// Where, like `emails[0].address`; empty for the entry as a whole.
    pub field: String,
    /// What. Never a part of a secret.
    pub message: String,
}

/// What is told of an entry.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Told {
    /// The entry's number.
    pub line: u64,
    /// What became of it.
    pub status: Status,
    /// The user, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Problem>,
}

/// What is told at the end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// Entries.
    pub entries: u64,
    /// Entries by what became of them.
    pub created: u64,
    /// As above.
    pub exists: u64,
    /// As above.
    pub invalid: u64,
    /// As above.
    pub conflict: u64,
    /// As above.
    pub skipped: u64,
    /// Nothing was written.
    pub dry_run: bool,
    /// Every entry was looked at, and what could be written was.
    pub complete: bool,
}

/// An import under way.
#[derive(Debug)]
pub struct Import {
    tenant: Tenant,
    key: String,
    request: RequestMeta,
    options: Options,
    summary: Summary,
    /// What earlier entries want, where all of them are compared.
    seen: Seen,
    /// Entries that wait to be written all at once.
    kept: Vec<Line>,
    kept_bytes: usize,
}

impl Import {
    /// Begins one. `key`: the name of the key of the Admin API.
    pub fn new(tenant: Tenant, key: String, request: RequestMeta, options: Options) -> Self {
        let summary = Summary { dry_run: options.dry_run, ..Summary::default() };
        Self { tenant, key, request, options, summary, seen: Seen::default(), kept: Vec::new(), kept_bytes: 0 }
    }

    /// What has become of it so far.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    fn admin(&self) -> Admin<'_> {
        Admin { tenant: &self.tenant, key: &self.key, request: &self.request }
    }

    /// Takes in at most [`BATCH`] entries. What is told now of some may be told at the end of others.
    pub async fn take(&mut self, lines: Vec<Line>) -> Outcome<Vec<Told>> {
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if (self.options.all || self.options.dry_run) && self.summary.entries + count > MOST_ENTRIES {
            return Err(too_many(format!("more than {MOST_ENTRIES} entries; send them in several parts")));
        }
        self.summary.entries += count;
        if self.options.all {
            self.keep(lines)?;
            return Ok(Vec::new());
        }
        let told = if self.options.dry_run {
            let mut seen = std::mem::take(&mut self.seen);
            let told = examine::foretell(self.admin(), &lines, &mut seen).await;
            self.seen = seen;
            without_effects(told?)
        } else {
            write::batch(self.admin(), self.options, &lines).await?
        };
        Ok(self.counted(told))
    }

    /// Ends the import: writes what waits, and writes down what became of it. `whole`: no entry is missing.
    pub async fn end(&mut self, whole: bool) -> Outcome<(Vec<Told>, Summary)> {
        let kept = std::mem::take(&mut self.kept);
        let told = match (self.options.all && whole, self.options.dry_run) {
            (false, _) => Vec::new(),
            (true, true) => without_effects(self.foretell_all(&kept).await?),
            (true, false) => self.write_all(&kept).await?,
        };
        let told = self.counted(told);
        self.summary.complete = whole && self.summary.skipped == 0;
        self.note().await?;
        Ok((told, self.summary))
    }

    fn keep(&mut self, lines: Vec<Line>) -> Outcome<()> {
        self.kept_bytes += lines.iter().filter_map(|line| line.text.as_ref()).map(Bytes::len).sum::<usize>();
        if self.kept_bytes > MOST_BYTES {
            return Err(too_many(format!("more than {MOST_BYTES} bytes of entries; send them in several parts")));
        }
        self.kept.extend(lines);
        Ok(())
    }

    async fn foretell_all(&self, lines: &[Line]) -> Outcome<Vec<Foretold>> {
        let mut seen = Seen::default();
        let mut told = Vec::with_capacity(lines.len());
        for lines in lines.chunks(BATCH) {
            told.extend(examine::foretell(self.admin(), lines, &mut seen).await?);
        }
        Ok(told)
    }

    /// Looks at all entries first, and opens the one transaction only when nothing is wrong with any.
    async fn write_all(&self, lines: &[Line]) -> Outcome<Vec<Told>> {
        for _ in 0..ATTEMPTS {
            let foretold = self.foretell_all(lines).await?;
            if foretold.iter().any(|(told, _)| matches!(told.status, Status::Invalid | Status::Conflict)) {
                let mut told = without_effects(foretold);
                for told in told.iter_mut().filter(|told| told.status == Status::Created) {
                    (told.status, told.id) = (Status::Skipped, None);
                }
                return Ok(told);
            }
            if let Some(told) = write::all(self.admin(), self.options, lines, foretold).await? {
                return Ok(told);
            }
        }
        Err(AdminError::Busy("somebody else was faster, again and again".to_owned()))
    }

    fn counted(&mut self, told: Vec<Told>) -> Vec<Told> {
        for told in &told {
            let count = match told.status {
                Status::Created => &mut self.summary.created,
                Status::Exists => &mut self.summary.exists,
                Status::Invalid => &mut self.summary.invalid,
                Status::Conflict => &mut self.summary.conflict,
                Status::Skipped => &mut self.summary.skipped,
            };
            *count += 1;
        }
        told
    }

    /// The row of the audit log that says how it ended. What was written has rows of its own.
    async fn note(&self) -> Outcome<()> {
        let Summary { entries, created, exists, invalid, conflict, skipped, dry_run, complete } = self.summary;
        let entry = AuditEntry::new(AuditKind::AdminUserImported, Actor::none()).by_key(self.key.as_str());
        let entry = entry.with("entries", entries).with("created", created).with("exists", exists);
        let entry = entry.with("invalid", invalid).with("conflict", conflict).with("skipped", skipped);
        let entry = entry.with("dry_run", dry_run).with("complete", complete).with("summary", true);
        let inner = self.tenant.inner();
        let mut work = inner.store.begin().await?;
        effect::record(entry, &mut work, inner, &self.request, inner.clock.now()).await?;
        Ok(work.commit().await?)
    }
}

fn without_effects(foretold: Vec<Foretold>) -> Vec<Told> {
    foretold.into_iter().map(|(told, _)| told).collect()
}

fn too_many(message: String) -> AdminError {
    refuse_saying(413, message)
}

#[cfg(test)]
mod tests;
