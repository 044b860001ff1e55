//! Heavy work, a bounded number at once, on threads of its own.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::{HashError, Queue};

/// Runs closures on short-lived threads, never more than its permits.
///
/// A thread for each hash costs some tens of microseconds next to its 20 ms, keeps the asynchronous workers free, leaves
/// nothing behind when nobody logs in, and can be given a lower priority than the rest, so that sessions are validated
/// fast while a crowd logs in. Working memory `M` is handed from one to the next while a crowd waits, since getting fresh pages
/// from the kernel costs as much as the hash; it is given back when the last one ends.
#[derive(Debug)]
pub(super) struct Bounded<M> {
    permits: Arc<Semaphore>,
    most: usize,
    patience: Duration,
    kept: Arc<Mutex<Vec<M>>>,
    waiting: AtomicUsize,
    refused: AtomicU64,
}

/// Counts one that waits, until it is dropped: who waits may go away at any time.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<M: Default + Send + 'static> Bounded<M> {
    pub(super) fn new(permits: NonZeroUsize, patience: Duration) -> Self {
        let most = permits.get();
        Self {
            permits: Arc::new(Semaphore::new(most)),
            most,
            patience,
            kept: Arc::default(),
            waiting: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// The queue as it is now.
    pub(super) fn queue(&self) -> Queue {
        Queue {
            waiting: self.waiting.load(Ordering::Relaxed),
            running: self.most.saturating_sub(self.permits.available_permits()),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Waits for its turn, first come first served. The permit goes back when the work has ended, even if the caller has
    /// gone meanwhile (`spec/decisions.md` 12): else abandoned requests could pile up unbounded work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut M) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let waiting = Waiting::among(&self.waiting);
        let permit = timeout(self.patience, Arc::clone(&self.permits).acquire_owned()).await.ok().and_then(Result::ok);
        drop(waiting);
        let permit = permit.ok_or_else(|| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            HashError::Busy
        })?;
        let (answer, result) = oneshot::channel();
        let (permits, most, kept) = (Arc::clone(&self.permits), self.most, Arc::clone(&self.kept));
        thread::Builder::new()
            .name("hash".to_owned())
            .spawn(move || {
                yield_to_others();
                let mut memory = lock(&kept).pop().unwrap_or_default();
                let done = work(&mut memory);
                lock(&kept).push(memory);
                drop(permit);
                if permits.available_permits() == most {
                    lock(&kept).clear();
                }
                // Nobody listens when the caller has gone.
                let _ = answer.send(done);
            })
            .map_err(|_| HashError::Busy)?;
        result.await.map_err(|_| HashError::Busy)
    }
}

fn lock<M>(kept: &Mutex<Vec<M>>) -> std::sync::MutexGuard<'_, Vec<M>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On Linux the priority belongs to the thread. Not being allowed to lower it is no reason not to work.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        let thread = Some(rustix::thread::gettid());
        let nice = rustix::process::getpriority_process(thread).unwrap_or(0);
        let _ = rustix::process::setpriority_process(thread, (nice + 19).min(19));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::{
        super::formats::{Memory, work_for_nothing},
        *,
    };

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
    }

    #[test]
    fn never_more_than_the_permits_run_at_once_and_all_finish() {
        let bounded = Arc::new(Bounded::<Memory>::new(NonZeroUsize::new(2).unwrap(), Duration::from_secs(60)));
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let done = runtime().block_on(async {
            let mut tasks = Vec::new();
            for number in 0..300_u64 {
                let (bounded, running, peak) = (Arc::clone(&bounded), Arc::clone(&running), Arc::clone(&peak));
                tasks.push(tokio::spawn(async move {
                    let work = move |memory: &mut Memory| {
                        peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        work_for_nothing(&number.to_string(), memory);
                        running.fetch_sub(1, Ordering::SeqCst);
                    };
                    bounded.run(work).await
                }));
            }
            let mut done = 0;
            for task in tasks {
                task.await.unwrap().unwrap();
                done += 1;
            }
            done
        });
        assert_eq!((done, peak.load(Ordering::SeqCst)), (300, 2));
        while !lock(&bounded.kept).is_empty() {
            thread::yield_now(); // the last thread gives the memory back after it has answered
        }
    }

    #[test]
    fn who_waits_too_long_is_told_so_and_an_abandoned_run_keeps_its_permit() {
        let bounded = Arc::new(Bounded::<()>::new(NonZeroUsize::new(1).unwrap(), Duration::from_millis(1)));
        let (started, has_started) = mpsc::channel();
        let (finish, may_finish) = mpsc::channel::<()>();
        runtime().block_on(async {
            let abandoned = tokio::spawn({
                let bounded = Arc::clone(&bounded);
                async move {
                    let work = move |(): &mut ()| {
                        started.send(()).unwrap();
                        may_finish.recv().unwrap();
                    };
                    bounded.run(work).await
                }
            });
            tokio::task::spawn_blocking(move || has_started.recv().unwrap()).await.unwrap();
            abandoned.abort();
            assert!(abandoned.await.unwrap_err().is_cancelled());
            assert_eq!(bounded.run(|()| ()).await, Err(HashError::Busy));
            assert_eq!(bounded.queue(), Queue { waiting: 0, running: 1, refused: 1 });
            let permits = Arc::clone(&bounded.permits);
            let patient = Bounded::<()> { permits, ..Bounded::new(NonZeroUsize::MIN, Duration::from_secs(60)) };
            let patient = Arc::new(patient);
            let gone = tokio::spawn({
                let patient = Arc::clone(&patient);
                async move { patient.run(|()| ()).await }
            });
            while patient.queue().waiting == 0 {
                tokio::task::yield_now().await;
            }
            gone.abort();
            assert!(gone.await.unwrap_err().is_cancelled());
            assert_eq!(patient.queue(), Queue { waiting: 0, running: 1, refused: 0 });
            finish.send(()).unwrap();
            while bounded.run(|()| ()).await.is_err() {}
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_work_runs_at_a_lower_priority_than_its_process() {
        let here = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let bounded = Bounded::<()>::new(NonZeroUsize::MIN, Duration::from_secs(10));
        let inside = runtime().block_on(bounded.run(move |()| here())).unwrap();
        assert_eq!(inside, (here() + 19).min(19));
    }

    #[test]
    fn work_that_panics_gives_its_permit_back() {
        let bounded = Bounded::<()>::new(NonZeroUsize::MIN, Duration::from_secs(10));
        runtime().block_on(async {
            assert_eq!(bounded.run(|()| panic!("on purpose")).await, Err::<(), _>(HashError::Busy));
            assert_eq!(bounded.run(|()| 1).await, Ok(1));
        });
    }
}
