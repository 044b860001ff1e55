//! Two requests of one run take turns: the second waits a little for the first and then finds its token used up, which is a
//! clearer answer than a lost race. Correctness does not depend on it, the row's version decides (`spec/decisions.md` 24).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hanko_domain::FlowId;
use tokio::sync::{Mutex as Gate, OwnedMutexGuard};

/// How long the second waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// The runs that have a request under way in this process.
#[derive(Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<FlowId, Arc<Gate<()>>>>>);

/// Held while a request works on a run.
pub(crate) struct Turn {
    turns: Arc<Mutex<HashMap<FlowId, Arc<Gate<()>>>>>,
    id: FlowId,
    _gate: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the run to be free; after two seconds goes on all the same.
    pub(crate) async fn take(&self, id: FlowId) -> Turn {
        let gate = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().clone();
        let held = tokio::time::timeout(PATIENCE, gate.lock_owned()).await.ok();
        Turn { turns: self.0.clone(), id, _gate: held }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self._gate = None;
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody holds or waits for the gate but the map itself.
        if turns.get(&self.id).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            turns.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_of_one_run_take_turns_and_nothing_is_left_behind() {
        let turns = Turns::default();
        let id = FlowId(uuid::Uuid::nil());
        let first = turns.take(id).await;
        let second = turns.take(id);
        tokio::pin!(second);
        assert!(futures_pending(&mut second).await, "the second request must wait");
        drop(first);
        drop(second.await);
        assert!(turns.0.lock().unwrap().is_empty());
    }

    async fn futures_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }
}
