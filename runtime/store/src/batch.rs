//! Reads that come at once share a query: while one is under way, others wait together and go with the next. A read that
//! comes alone is never delayed.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

use crate::StoreError;

/// Keys of one query; the statements have so many places.
pub(crate) const SIZE: usize = 16;
/// Queries under way at once.
const QUERIES: usize = 2;

/// The waiting reads of one kind.
#[derive(Debug)]
pub(crate) struct Batcher<K, V>(Arc<Mutex<Waiting<K, V>>>);

#[derive(Debug)]
struct Waiting<K, V> {
    reads: VecDeque<(K, oneshot::Sender<Option<V>>)>,
    queries: usize,
}

impl<K, V> Default for Batcher<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Waiting { reads: VecDeque::new(), queries: 0 })))
    }
}

impl<K, V> Batcher<K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Reads the value of a key with the next query. `query` gets at most [`SIZE`] keys. `Err`: the shared query failed; the
    /// caller asks by itself and learns why.
    pub(crate) async fn read<F>(&self, key: K, query: impl Fn(Vec<K>) -> F + Send + 'static) -> Result<Option<V>, ()>
    where
        F: Future<Output = Result<HashMap<K, V>, StoreError>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let leads = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.reads.push_back((key, sender));
            let leads = waiting.queries < QUERIES;
            waiting.queries += usize::from(leads);
            leads
        };
        if leads {
            // A task of its own: a client that goes away must not take the others' answers with it.
            tokio::spawn(drain(self.0.clone(), query));
        }
        receiver.await.map_err(|_| ())
    }
}

async fn drain<K, V, F>(waiting: Arc<Mutex<Waiting<K, V>>>, query: impl Fn(Vec<K>) -> F)
where
    K: Copy + Eq + Hash,
    V: Clone,
    F: Future<Output = Result<HashMap<K, V>, StoreError>>,
{
    loop {
        let reads: Vec<_> = {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let count = waiting.reads.len().min(SIZE);
            if count == 0 {
                waiting.queries -= 1;
                return;
            }
            waiting.reads.drain(..count).collect()
        };
        // Dropped senders tell their readers that the query failed.
        if let Ok(found) = query(reads.iter().map(|(key, _)| *key).collect()).await {
            for (key, sender) in reads {
                let _ = sender.send(found.get(&key).cloned());
            }
        }
    }
}

/// Fills the places of a statement: the keys, the first one repeated.
pub(crate) fn places<K: Copy>(keys: &[K]) -> impl Iterator<Item = K> {
    let first = keys.first().copied();
    keys.iter().copied().chain(std::iter::repeat(first).flatten()).take(SIZE)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn reads_that_come_while_a_query_is_under_way_share_the_next_one() {
        let (batcher, gate, queries) =
            (Batcher::<u32, u32>::default(), Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let query = {
            let (gate, queries) = (gate.clone(), queries.clone());
            move |keys: Vec<u32>| {
                queries.fetch_add(1, Ordering::SeqCst);
                let gate = gate.clone();
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key * 10)).collect())
                }
            }
        };
        let batcher = Arc::new(batcher);
        let mut running = tokio::task::JoinSet::new();
        for key in 0..34 {
            let (batcher, query) = (batcher.clone(), query.clone());
            running.spawn(async move { batcher.read(key, query).await });
        }
        tokio::task::yield_now().await;
        gate.add_permits(100);
        let mut answers = running.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers.len(), 34);
        assert_eq!(answers.iter().flatten().flatten().count(), 17, "{answers:?}");
        assert!(queries.load(Ordering::SeqCst) <= 5, "{queries:?} queries for 34 reads");
    }

    #[tokio::test]
    async fn a_failed_query_tells_every_reader_and_the_next_one_works() {
        let batcher = Batcher::<u32, u32>::default();
        let failing = |_: Vec<u32>| async { Err(StoreError::Busy) };
        assert_eq!(batcher.read(1, failing).await, Err(()));
        let working = |keys: Vec<u32>| async move { Ok(keys.into_iter().map(|key| (key, key)).collect()) };
        assert_eq!(batcher.read(1, working).await, Ok(Some(1)));
    }

    #[test]
    fn places_are_filled_by_repeating_the_first_key() {
        assert_eq!(places(&[1, 2]).collect::<Vec<_>>(), [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    }
}
