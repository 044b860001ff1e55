//! One of several replicas leads, by a Lease written with compare-and-swap (coordination.k8s.io/v1).

mod election;

use std::{future::Future, time::Duration};

use election::{Election, Moment, Record, Step};
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use election::Timing;

/// Name of the Lease.
const LEASE: &str = "hanko-operator";

/// The Lease, and who we are.
pub(crate) struct Leadership {
    api: Api<Lease>,
    election: Election,
    timing: Timing,
    started: Instant,
    clock: fn() -> Timestamp,
}

impl Leadership {
    /// `identity` is unique per process, not per pod: a restarted container is another candidate.
    pub(crate) fn new(client: Client, namespace: &str, identity: String, clock: fn() -> Timestamp) -> Self {
        let timing = Timing::default();
        Self {
            api: Api::namespaced(client, namespace),
            election: Election::new(identity, timing),
            timing,
            started: Instant::now(),
            clock,
        }
    }

    /// Runs `work` whenever this process leads, and drops it as soon as it may not write any more. Returns after `stop`,
    /// with the Lease given up.
    pub(crate) async fn run<W: Future<Output = ()>>(
        &mut self,
        work: impl Fn() -> W,
        led: impl Fn(bool),
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = self.acquire() => {}
            }
            tracing::info!("leading");
            led(true);
            let stopped = tokio::select! {
                () = &mut stop => true,
                () = self.keep() => false,
                () = work() => false,
            };
            led(false);
            if stopped {
                self.release().await;
                return;
            }
            tracing::warn!("lost the lease; standing by");
        }
    }

    async fn acquire(&mut self) {
        loop {
            self.attempt(self.timing.renew_within).await;
            if self.election.leads(self.now()) {
                return;
            }
            sleep(self.timing.retry).await;
        }
    }

    async fn keep(&mut self) {
        loop {
            let left = self.election.time_left(self.now());
            if left.is_zero() {
                return;
            }
            sleep(self.timing.retry.min(left)).await;
            let left = self.election.time_left(self.now());
            self.attempt(left.min(2 * self.timing.retry)).await;
        }
    }

    /// Reads unless we lead, then writes what the election wants. Never takes longer than `limit`.
    async fn attempt(&mut self, limit: Duration) {
        match timeout(limit, self.exchange()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot use the lease"),
            Err(_) => tracing::warn!("the API server did not answer about the lease in time"),
        }
    }

    async fn exchange(&mut self) -> Result<(), kube::Error> {
        if !self.election.leads(self.now()) {
            let lease = self.api.get_opt(LEASE).await?;
            self.election.saw(lease.as_ref().map(read), self.now());
        }
        let began = self.now();
        let written = match self.election.next(began) {
            Step::Wait => return Ok(()),
            Step::Create => {
                let lease = self.lease(&self.election.claim(None));
                self.api.create(&PostParams::default(), &lease).await
            }
            Step::Claim(before) => {
                let lease = self.lease(&self.election.claim(Some(&before)));
                self.api.replace(LEASE, &PostParams::default(), &lease).await
            }
        };
        match written {
            Ok(lease) => self.election.wrote(read(&lease), began),
            // Somebody was faster, or the Lease is gone: what stands there now decides.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {
                let lease = self.api.get_opt(LEASE).await?;
                self.election.saw(lease.as_ref().map(read), self.now());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn release(&mut self) {
        let Some(record) = self.election.release() else { return };
        let lease = self.lease(&record);
        match timeout(self.timing.retry, self.api.replace(LEASE, &PostParams::default(), &lease)).await {
            Ok(Ok(_)) => tracing::info!("gave the lease up"),
            _ => tracing::warn!("could not give the lease up; it ends by itself"),
        }
    }

    fn now(&self) -> Moment {
        self.started.elapsed()
    }

    fn lease(&self, record: &Record) -> Lease {
        Lease {
            metadata: ObjectMeta {
                name: Some(LEASE.to_owned()),
                resource_version: Some(record.resource_version.clone()).filter(|version| !version.is_empty()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(record.holder.clone().unwrap_or_default()),
                lease_duration_seconds: i32::try_from(record.duration.as_secs()).ok(),
                lease_transitions: Some(record.transitions),
                renew_time: Some(MicroTime((self.clock)())),
                ..LeaseSpec::default()
            }),
        }
    }
}

fn read(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    Record {
        holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
        duration: Duration::from_secs(spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or(15)),
        transitions: spec.lease_transitions.unwrap_or_default(),
        resource_version: lease.metadata.resource_version.clone().unwrap_or_default(),
    }
}
