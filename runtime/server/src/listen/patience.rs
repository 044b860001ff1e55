//! Every wait for a client has an end (FC-85).
//!
//! hyper knows one time-out for "no head yet". A proxy keeps idle connections for a minute or more, while a head that has
//! begun should be there within seconds; so the waits are told apart here, below hyper, where bytes arrive.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Instant, Sleep};

/// How long a client is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the rest of a head once it has begun; on a new connection from its beginning.
    pub head: Duration,
    /// For the next request on a connection that has had one.
    pub idle: Duration,
    /// For a client to take any more of an answer.
    pub write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // Idle: longer than the proxies in front keep their connections, so that they close first.
        Self { head: Duration::from_secs(10), idle: Duration::from_secs(95), write: Duration::from_secs(30) }
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Its client sends a head.
    Heading,
    /// The handler works; its own time-outs count.
    Answering,
    /// Nothing is asked.
    Resting,
}

/// Tells the connection below what the service above is doing, and since when.
#[derive(Clone, Debug)]
pub(crate) struct PhaseSign(Arc<Sign>);

#[derive(Debug)]
struct Sign {
    born: Instant,
    phase: AtomicU8,
    /// Microseconds after `born`.
    since: AtomicU64,
}

impl PhaseSign {
    fn new() -> Self {
        let phase = AtomicU8::new(Phase::Heading as u8);
        Self(Arc::new(Sign { born: Instant::now(), phase, since: AtomicU64::new(0) }))
    }

    pub(crate) fn enter(&self, phase: Phase) {
        let since = u64::try_from(self.0.born.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.since.store(since, Ordering::Relaxed);
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Relaxed) {
            phase if phase == Phase::Heading as u8 => Phase::Heading,
            phase if phase == Phase::Answering as u8 => Phase::Answering,
            _ => Phase::Resting,
        }
    }

    fn since(&self) -> Instant {
        self.0.born + Duration::from_micros(self.0.since.load(Ordering::Relaxed))
    }
}

/// A connection whose waits end.
pub(crate) struct Patient<T> {
    io: T,
    patience: Patience,
    phase: PhaseSign,
    writing_since: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

impl<T> Patient<T> {
    pub(crate) fn new(io: T, patience: Patience) -> (Self, PhaseSign) {
        let phase = PhaseSign::new();
        let alarm = Box::pin(tokio::time::sleep(patience.head));
        (Self { io, patience, phase: phase.clone(), writing_since: None, alarm }, phase)
    }

    /// Ready once `deadline` has passed. The timer moves only when it would ring too late, so that a busy connection
    /// hardly touches it.
    fn ring(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if self.alarm.deadline() > deadline {
            self.alarm.as_mut().reset(deadline);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// A wait for bytes begins or goes on. hyper does not ask again when an answer is done, so the alarm is set also while
    /// the handler works: when it rings, the phase of that moment counts.
    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let deadline = match self.phase.phase() {
            Phase::Heading => self.phase.since() + self.patience.head,
            Phase::Resting => self.phase.since() + self.patience.idle,
            Phase::Answering => Instant::now() + self.patience.idle,
        };
        self.ring(deadline, cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn wait_to_write<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let since = *self.writing_since.get_or_insert_with(Instant::now);
        self.ring(since + self.patience.write, cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Read + Unpin> Read for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                if self.phase.phase() == Phase::Resting {
                    self.phase.enter(Phase::Heading);
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.wait_to_read(cx),
        }
    }
}

impl<T: Write + Unpin> Write for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Ready(result) => {
                self.writing_since = None;
                Poll::Ready(result)
            }
            Poll::Pending => self.wait_to_write(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write_vectored(cx, slices) {
            Poll::Ready(result) => {
                self.writing_since = None;
                Poll::Ready(result)
            }
            Poll::Pending => self.wait_to_write(cx),
        }
    }
}
