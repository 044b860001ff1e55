//! From a name to the addresses that may be connected to. Looked up once, so that a second answer changes nothing.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::{error::NoAddress, policy::OutboundPolicy};

/// Look-ups of one client at once. Each holds a thread until the system's resolver gives up, long after the caller did.
const AT_ONCE: usize = 4;

/// Asks for the addresses of a name; may block.
type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// A resolver that knows only addresses that may be reached.
#[derive(Clone)]
pub(crate) struct Resolver {
    policy: Arc<OutboundPolicy>,
    look_up: Arc<LookUp>,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Resolver {
    pub(crate) fn system(policy: Arc<OutboundPolicy>) -> Self {
        Self::new(policy, |name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }

    pub(crate) fn new(
        policy: Arc<OutboundPolicy>,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self { policy, look_up: Arc::new(look_up), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    async fn addresses(self, name: String) -> Result<Vec<SocketAddr>, NoAddress> {
        let turn = self.turns.acquire_owned().await.map_err(|_| NoAddress::Unresolved)?;
        let look_up = self.look_up;
        let found = tokio::task::spawn_blocking(move || {
            let found = look_up(&name);
            drop(turn);
            found
        });
        let found = found.await.ok().and_then(Result::ok).unwrap_or_default();
        let mut refused = NoAddress::Unresolved;
        let mut open = Vec::with_capacity(found.len());
        for address in found {
            match self.policy.refusal(address) {
                Some(reason) => refused = NoAddress::Refused(reason),
                // The client puts the port of the URL in.
                None => open.push(SocketAddr::new(address, 0)),
            }
        }
        if open.is_empty() { Err(refused) } else { Ok(open) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(addresses.await?.into_iter()) as Addrs) })
    }
}
