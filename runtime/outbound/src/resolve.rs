//! From a name to the addresses that may be connected to. Looked up once, so that a second answer changes nothing.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{Semaphore, oneshot};

use crate::{error::NoAddress, policy::OutboundPolicy};

/// Look-ups of one client at once. Each holds a thread until the system's resolver gives up, long after the caller did.
const AT_ONCE: usize = 16;
/// Of such a thread; only what is used is taken.
const STACK: usize = 512 * 1024;

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

    /// On a thread of its own: the runtime has few for what blocks, and passwords wait for those. A name server that hangs is
    /// the choice of whoever chose the name.
    async fn look_up(&self, name: String) -> Option<Vec<IpAddr>> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let (tell, found) = oneshot::channel();
        let look_up = Arc::clone(&self.look_up);
        let work = move || {
            let _ = tell.send(look_up(&name));
            drop(turn);
        };
        thread::Builder::new().name("look-up".into()).stack_size(STACK).spawn(work).ok()?;
        found.await.ok()?.ok()
    }

    async fn addresses(self, name: String) -> Result<Vec<SocketAddr>, NoAddress> {
        let found = self.look_up(name).await.unwrap_or_default();
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
