//! What is stored of a run, sealed.

use hanko_domain::{FlowId, Random};
use hanko_keys::{KeyError, Place, Sealer};
use serde::{Deserialize, Serialize};

use crate::stash::{Kept, Stash};

/// A run as it stands between two requests.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) csrf_token: String,
    pub(crate) at: Position,
    pub(crate) kept: Kept,
    pub(crate) history: Vec<Snapshot>,
}

/// Where a run is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Position {
    pub(crate) state: String,
    pub(crate) previous: Option<String>,
    /// Next first.
    pub(crate) queue: Vec<String>,
    pub(crate) stash: Stash,
}

/// Where a run was.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) at: Position,
    /// Whether `back` may lead here.
    pub(crate) revertible: bool,
}

impl Record {
    /// A run before its first action.
    pub(crate) fn begin(csrf_token: String, initial: &[&str]) -> Self {
        let mut states = initial.iter().map(|state| (*state).to_owned());
        let state = states.next().unwrap_or_default();
        Self {
            csrf_token,
            at: Position { state, previous: None, queue: states.collect(), stash: Stash::default() },
            kept: Kept::default(),
            history: Vec::new(),
        }
    }

    /// Whether `back` leads anywhere.
    pub(crate) fn can_go_back(&self) -> bool {
        self.history.last().is_some_and(|snapshot| snapshot.revertible)
    }

    /// For the row.
    pub(crate) fn seal(&self, sealer: &Sealer, id: FlowId, random: &Random) -> Result<Vec<u8>, KeyError> {
        let plain = serde_json::to_vec(self).map_err(|_| KeyError::DoesNotOpen)?;
        Ok(sealer.seal(&place(&id), &plain, random)?.into_bytes())
    }

    /// From the row.
    pub(crate) fn open(sealed: &[u8], sealer: &Sealer, id: FlowId) -> Result<Self, KeyError> {
        let sealed = std::str::from_utf8(sealed).map_err(|_| KeyError::DoesNotOpen)?;
        serde_json::from_slice(&sealer.open(&place(&id), sealed)?).map_err(|_| KeyError::DoesNotOpen)
    }
}

fn place(id: &FlowId) -> Place<'_> {
    Place { table: "flows", row: id.as_bytes(), column: "data" }
}
