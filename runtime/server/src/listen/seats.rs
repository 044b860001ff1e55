//! How many connections are open, in total and per peer.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The counts of one listener.
pub(crate) struct Seats {
    free: Arc<Semaphore>,
    per_peer: usize,
    peers: Mutex<HashMap<IpAddr, usize>>,
}

/// One of the connections; given back when dropped.
pub(crate) struct Seat {
    _place: Option<OwnedSemaphorePermit>,
    peer: Option<(Arc<Seats>, IpAddr)>,
}

impl Seats {
    pub(crate) fn new(total: usize, per_peer: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(total)), per_peer, peers: Mutex::default() }
    }

    /// Waits until the total leaves room.
    pub(crate) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().acquire_owned().await.ok()
    }

    /// `None` when the peer holds as many as it may.
    pub(crate) fn take(
        self: &Arc<Self>,
        place: Option<OwnedSemaphorePermit>,
        ip: IpAddr,
        exempt: bool,
    ) -> Option<Seat> {
        if exempt {
            return Some(Seat { _place: place, peer: None });
        }
        let ip = household(ip);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let held = peers.entry(ip).or_default();
        if *held >= self.per_peer {
            return None;
        }
        *held += 1;
        Some(Seat { _place: place, peer: Some((self.clone(), ip)) })
    }
}

/// Whom an address belongs to: with IPv6 one client has a whole /64.
fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((seats, ip)) = self.peer.take() {
            let mut peers = seats.peers.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(held) = peers.get_mut(&ip) {
                *held -= 1;
                if *held == 0 {
                    peers.remove(&ip);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_peer_does_not_take_the_seats_of_another_and_gives_back_its_own() {
        let seats = Arc::new(Seats::new(10, 2));
        let (a, b) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = seats.take(seats.free().await, a, false);
        let _second = seats.take(seats.free().await, a, false).unwrap();
        assert!(seats.take(seats.free().await, a, false).is_none());
        assert!(seats.take(seats.free().await, b, false).is_some());
        drop(first);
        assert!(seats.take(seats.free().await, a, false).is_some());
        assert_eq!(seats.peers.lock().unwrap().len(), 1, "peers without connections are forgotten");
    }

    #[tokio::test]
    async fn the_addresses_of_one_ipv6_network_count_as_one_peer() {
        let seats = Arc::new(Seats::new(10, 1));
        let take = async |ip: &str| seats.take(seats.free().await, ip.parse().unwrap(), false);
        let _held = take("2001:db8::1").await.unwrap();
        assert!(take("2001:db8::2:3").await.is_none());
        let _other = take("2001:db8:0:1::1").await.unwrap();
        let _v4 = take("::ffff:192.0.2.1").await.unwrap();
        assert!(take("192.0.2.1").await.is_none());
    }

    #[tokio::test]
    async fn a_trusted_proxy_counts_in_total_only() {
        let seats = Arc::new(Seats::new(3, 1));
        let proxy = "10.0.0.1".parse().unwrap();
        let held: Vec<_> = [seats.free().await, seats.free().await, seats.free().await]
            .into_iter()
            .map(|place| seats.take(place, proxy, true).unwrap())
            .collect();
        assert_eq!(seats.free.available_permits(), 0);
        drop(held);
        assert_eq!(seats.free.available_permits(), 3);
    }
}
