//! Proving a chain: from its floor, row by row, to its head.
//!
//! It holds while the chain is sealed and shortened beside it: rows and the ends they belong to change in one transaction, so
//! whatever does not fit is looked at again together with the ends of now.

use std::{collections::BTreeMap, fmt};

use hanko_domain::AuditId;
use hanko_keys::{KeyError, Macs};
use hanko_store::{
    StoreError, TenantStore,
    audit::{AuditRow, Checkpoint, End, Ends, Link},
};

use super::{chain::link, proof};

/// Rows read at once.
const PAGE: u32 = 1000;

/// What was found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Rows that are what they were when they were sealed.
    pub proven: u64,
    /// Rows and ends whose master key is gone, by key: they cannot be checked.
    pub unverifiable: BTreeMap<String, u64>,
    /// Rows that are not sealed yet.
    pub unsealed: u64,
    /// Number of the last row that was removed by age.
    pub floor: Option<i64>,
    /// Number of the last sealed row.
    pub head: Option<i64>,
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
}

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Broken {
    /// A row is not what was sealed at its place, or was never sealed.
    Row {
        /// Its number.
        sequence: i64,
        /// Its id.
        id: AuditId,
    },
    /// A row is where none can be: before the floor, after the head, or twice at one number.
    Extra {
        /// Its number.
        sequence: i64,
        /// Its id.
        id: AuditId,
    },
    /// A row is not there.
    Missing {
        /// Its number.
        sequence: i64,
    },
    /// An end of the chain is missing, was changed, or does not fit the rows.
    End(End),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { sequence, id } => {
                write!(
                    f,
                    "row {sequence} (id {id}) is not what was sealed there: it, or the row before it, was changed"
                )
            }
            Self::Extra { sequence, id } => write!(f, "row {sequence} (id {id}) does not belong there: it was added"),
            Self::Missing { sequence } => write!(f, "row {sequence} is missing: it was removed"),
            Self::End(end) => write!(f, "the {} of the chain is missing or was changed", end.as_str()),
        }
    }
}

/// Proves the chain of a tenant with its MACs of the purpose `Audit`.
pub async fn verify(store: &TenantStore, macs: &Macs) -> Result<Report, StoreError> {
    let mut walk = Walk { store, macs, ends: Ends::default(), before: None, report: Report::default() };
    walk.report.broken = walk.run().await?;
    walk.report.head = walk.ends.head.map(|head| head.link.sequence);
    walk.report.unsealed = store.count_unsealed_audit_rows().await?;
    Ok(walk.report)
}

struct Walk<'a> {
    store: &'a TenantStore,
    macs: &'a Macs,
    ends: Ends,
    /// The row that was proven last, or the last removed one.
    before: Option<Link>,
    report: Report,
}

impl Walk<'_> {
    async fn run(&mut self) -> Result<Option<Broken>, StoreError> {
        if let Some(broken) = self.look_again().await? {
            return Ok(Some(broken));
        }
        // Rows of any number: none may stand before the floor.
        let mut after = i64::MIN;
        loop {
            let rows = self.store.sealed_audit_rows(after, PAGE).await?;
            if rows.is_empty() {
                match self.end().await? {
                    Turn::Done(broken) => return Ok(broken),
                    Turn::Again => after = self.position(),
                }
                continue;
            }
            for row in rows {
                match self.row(&row).await? {
                    Turn::Done(broken @ Some(_)) => return Ok(broken),
                    Turn::Done(None) => after = self.position(),
                    Turn::Again => {
                        after = self.position();
                        break;
                    }
                }
            }
        }
    }

    /// Number of the last row that is behind us.
    fn position(&self) -> i64 {
        self.before.as_ref().map_or(0, |link| link.sequence)
    }

    /// One row. `Again`: the chain was shortened meanwhile, and goes on elsewhere.
    async fn row(&mut self, row: &AuditRow) -> Result<Turn, StoreError> {
        let (sequence, id, expected) = (row.sequence.unwrap_or_default(), row.id, self.position() + 1);
        if sequence < expected {
            return Ok(Turn::Done(Some(Broken::Extra { sequence, id })));
        }
        let head = |ends: &Ends| ends.head.as_ref().map_or(0, |head| head.link.sequence);
        if sequence > expected || sequence > head(&self.ends) {
            if let Some(broken) = self.look_again().await? {
                return Ok(Turn::Done(Some(broken)));
            }
            if self.position() >= expected {
                return Ok(Turn::Again);
            }
            if sequence > head(&self.ends) {
                return Ok(Turn::Done(Some(Broken::Extra { sequence, id })));
            }
            if sequence > expected {
                return Ok(Turn::Done(Some(Broken::Missing { sequence: expected })));
            }
        }
        let broken = Some(Broken::Row { sequence, id });
        let Some(link) = link(row) else { return Ok(Turn::Done(broken)) };
        match proof::holds(self.macs, self.store.tenant(), self.before.as_ref(), row, &link) {
            Ok(true) => self.report.proven += 1,
            Err(KeyError::UnknownKey { id }) => *self.report.unverifiable.entry(id).or_default() += 1,
            Ok(false) | Err(_) => return Ok(Turn::Done(broken)),
        }
        self.before = Some(link);
        Ok(Turn::Done(None))
    }

    /// No row is left. `Again`: there may be more by now.
    async fn end(&mut self) -> Result<Turn, StoreError> {
        let reached = self.position();
        let fits = |walk: &Self| match &walk.ends.head {
            Some(head) => (head.link.sequence == reached).then(|| walk.before.as_ref() == Some(&head.link)),
            None => Some(true),
        };
        if let Some(fits) = fits(self) {
            return Ok(Turn::Done((!fits).then_some(Broken::End(End::Head))));
        }
        if let Some(broken) = self.look_again().await? {
            return Ok(Turn::Done(Some(broken)));
        }
        let waits = self.store.has_sealed_audit_rows(reached).await?;
        Ok(if waits || self.position() > reached {
            Turn::Again
        } else {
            Turn::Done(Some(Broken::Missing { sequence: reached + 1 }))
        })
    }

    /// Reads the ends of now and checks their seals. Where rows that we have not seen were removed, goes on behind them.
    async fn look_again(&mut self) -> Result<Option<Broken>, StoreError> {
        let mut ends = self.store.audit_ends().await?;
        if ends.head.is_none() && (ends.floor.is_some() || self.store.has_sealed_audit_rows(i64::MIN).await?) {
            // It may just have begun.
            ends = self.store.audit_ends().await?;
            if ends.head.is_none() {
                return Ok(Some(Broken::End(End::Head)));
            }
        }
        for (end, now, seen) in [(End::Floor, &ends.floor, &self.ends.floor), (End::Head, &ends.head, &self.ends.head)]
        {
            if now == seen {
                continue;
            }
            let Some(checkpoint) = now else { return Ok(Some(Broken::End(end))) };
            match proof::end_holds(self.macs, self.store.tenant(), end, checkpoint) {
                Ok(true) => {}
                Err(KeyError::UnknownKey { id }) => *self.report.unverifiable.entry(id).or_default() += 1,
                Ok(false) | Err(_) => return Ok(Some(Broken::End(end))),
            }
        }
        let number = |end: &Option<Checkpoint>| end.as_ref().map_or(0, |end| end.link.sequence);
        if number(&ends.floor) > number(&ends.head) {
            return Ok(Some(Broken::End(End::Floor)));
        }
        if number(&ends.floor) > self.position() {
            self.before = ends.floor.as_ref().map(|floor| floor.link.clone());
        }
        self.report.floor = ends.floor.as_ref().map(|floor| floor.link.sequence);
        self.ends = ends;
        Ok(None)
    }
}

/// What follows a step.
enum Turn {
    /// It is done; with what is wrong, if anything is.
    Done(Option<Broken>),
    /// What is read next is elsewhere.
    Again,
}
