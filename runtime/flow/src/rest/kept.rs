//! What is remembered between two requests: sealed rows beside the runs of flows, each of a kind of its own. A row of one kind is never
//! opened as another, and no flow opens one.

use hanko_domain::{FlowId, Timestamp};
use hanko_keys::Place;
use hanko_store::flows::FlowRow;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    call::Call,
    refusal::{Outcome, internal},
};

/// Something that is remembered.
pub(super) trait Kept: Serialize + DeserializeOwned {
    /// Its kind; no flow has this name.
    const KIND: &'static str;
}

/// A row as it was read.
pub(super) struct Stored<T> {
    pub(super) id: FlowId,
    pub(super) value: T,
    version: i64,
    expires_at: Timestamp,
}

/// What decides who was first. The first statement of the transaction.
#[derive(Debug)]
pub(crate) enum Spend {
    /// A row that is written, or written again.
    Write(FlowId, i64, Box<FlowRow>),
    /// A row that goes.
    Delete(FlowId, i64),
    /// A one-time token.
    Token([u8; 32]),
}

impl<T: Kept> Stored<T> {
    /// A row that has not expired.
    pub(super) async fn load(call: Call<'_>, id: FlowId) -> Outcome<Option<Self>> {
        let row = call.inner().store.flow(id).await?;
        let Some(row) = row.filter(|row| row.flow == T::KIND && call.now < row.expires_at) else { return Ok(None) };
        let sealed = std::str::from_utf8(&row.data).map_err(internal)?;
        let plain = call.inner().sealer.open(&place(&id), sealed)?;
        let value = serde_json::from_slice(&plain).map_err(internal)?;
        Ok(Some(Self { id, value, version: row.version, expires_at: row.expires_at }))
    }

    /// Ends it.
    pub(super) fn delete(&self) -> Spend {
        Spend::Delete(self.id, self.version)
    }

    /// Keeps it as it is now.
    pub(super) fn write(&self, call: Call<'_>) -> Outcome<Spend> {
        let row = row(call, self.id, &self.value, self.version + 1, self.expires_at)?;
        Ok(Spend::Write(self.id, self.version, Box::new(row)))
    }
}

/// Begins to remember.
pub(super) fn keep<T: Kept>(call: Call<'_>, id: FlowId, value: &T, expires_at: Timestamp) -> Outcome<Spend> {
    Ok(Spend::Write(id, 0, Box::new(row(call, id, value, 1, expires_at)?)))
}

fn row<T: Kept>(call: Call<'_>, id: FlowId, value: &T, version: i64, expires_at: Timestamp) -> Outcome<FlowRow> {
    let plain = serde_json::to_vec(value).map_err(internal)?;
    let data = call.inner().sealer.seal(&place(&id), &plain, &call.inner().random)?.into_bytes();
    Ok(FlowRow { flow: T::KIND.to_owned(), version, data, expires_at })
}

fn place(id: &FlowId) -> Place<'_> {
    Place { table: "flows", row: id.as_bytes(), column: "data" }
}
