//! Several clients at once, and how long it took them.

use std::{
    fmt::{self, Display, Formatter},
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures::future::try_join_all;

use crate::{Error, flow::Client};

/// What several clients got done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How long each of it took.
    pub(crate) times: Vec<Duration>,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
}

impl Done {
    /// And what came later.
    pub(crate) fn add(&mut self, later: Self) {
        self.times.extend(later.times);
        self.elapsed += later.elapsed;
    }
}

impl Display for Done {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}/s, {}", self.times.len() as f64 / self.elapsed.as_secs_f64(), percentiles(self.times.clone()))
    }
}

/// The same by several clients, again and again for as long as the load lasts. `act` is told how many have begun before.
pub(crate) async fn by_clients<A>(target: SocketAddr, clients: usize, load: Duration, act: A) -> Result<Done, Error>
where
    A: AsyncFn(&mut Client, usize) -> Result<(), Error>,
{
    let (begun, next) = (Instant::now(), AtomicUsize::new(0));
    let one = async || {
        let (mut client, mut times) = (Client::connect(target).await?, Vec::new());
        while begun.elapsed() < load {
            let start = Instant::now();
            act(&mut client, next.fetch_add(1, Ordering::Relaxed)).await?;
            times.push(start.elapsed());
        }
        Ok::<_, Error>(times)
    };
    let times = try_join_all((0..clients).map(|_| one())).await?.concat();
    Ok(Done { times, elapsed: begun.elapsed() })
}

/// What half of them took at most, and what all but one in a hundred did.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| {
        times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    format!("p50 {}, p99 {}", milliseconds(at(50), 1), milliseconds(at(99), 1))
}

/// With so many decimals.
pub(crate) fn milliseconds(time: Duration, decimals: usize) -> String {
    format!("{:.decimals$} ms", time.as_secs_f64() * 1000.0)
}
