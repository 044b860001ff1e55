//! Connections that wait a moment for the next mail.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::connection::Connection;

/// How many wait.
const WAITING: usize = 8;

pub(super) struct Pool {
    idle: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<(Connection, Instant)>,
    swept: bool,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("waiting", &self.state().waiting.len()).finish()
    }
}

impl Pool {
    /// `idle`: how long a connection waits.
    pub(super) fn new(idle: Duration) -> Self {
        Self { idle, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last.
    pub(super) fn take(&self) -> Option<Connection> {
        self.state().waiting.pop().map(|(connection, _)| connection)
    }

    /// Gives up on all, since one of them turned out to be dead.
    pub(super) fn clear(&self) {
        for (connection, _) in std::mem::take(&mut self.state().waiting) {
            connection.close();
        }
    }

    /// Keeps a connection whose last mail was taken.
    pub(super) fn put(self: &Arc<Self>, connection: Connection) {
        let mut state = self.state();
        if state.waiting.len() >= WAITING {
            connection.close();
            return;
        }
        state.waiting.push((connection, Instant::now()));
        if !std::mem::replace(&mut state.swept, true) {
            tokio::spawn(Arc::clone(self).sweep());
        }
    }

    /// Closes what waited too long; runs only while something waits.
    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.idle).await;
            let (old, done) = {
                let mut state = self.state();
                let all = std::mem::take(&mut state.waiting);
                let (old, young): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(|(_, since)| since.elapsed() >= self.idle);
                state.waiting = young;
                state.swept = !state.waiting.is_empty();
                (old, !state.swept)
            };
            for (connection, _) in old {
                connection.close();
            }
            if done {
                return;
            }
        }
    }
}
