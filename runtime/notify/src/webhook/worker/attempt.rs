//! One attempt to tell one receiver, and what its end means.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hanko_domain::{Clock, Random, Timestamp};
use hanko_outbound::Answer;
use hanko_store::outbox::{Claimed, Ending};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Counters, Lane, Outcome, Way};
use crate::{
    events,
    webhook::{message::Message, receivers::Target},
    worker::jittered,
};

/// For everything from the look-up of the name to the head of the answer (§4.1).
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause between two attempts, also when the receiver asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// The pause after so many attempts: five seconds, tripled each time.
fn backoff(attempts: u32) -> Duration {
    Duration::from_secs(5_u64.saturating_mul(3_u64.saturating_pow(attempts.saturating_sub(1)))).min(LONGEST_PAUSE)
}

/// What is the same for every attempt.
pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) counters: Arc<Counters>,
}

/// An attempt that ended.
pub(super) struct Attempt {
    pub(super) lane: Lane,
    pub(super) delivery: Claimed,
    pub(super) way: Way,
    pub(super) ending: Ending,
    /// Of the answer.
    pub(super) status: Option<u16>,
    /// It was called and did not take it.
    pub(super) receiver_failed: bool,
}

/// Why a receiver was not told.
enum Obstacle {
    /// It never will be, through no fault of its own.
    Lasting(String),
    /// It could not be tried now, through no fault of its own.
    Passing(String),
    /// It did not take it.
    Receiver { error: String, wish: Option<Duration>, gone: bool },
}

pub(super) async fn attempt(bench: &Bench, lane: Lane, delivery: Claimed, way: Way, target: &Target) -> Attempt {
    let mut status = None;
    let (ending, receiver_failed) = match tell(bench, &delivery, &way, target, &mut status).await {
        Ok(()) => (Ending::Done, false),
        Err(Obstacle::Lasting(error)) => (Ending::Dead { error }, false),
        Err(Obstacle::Passing(error)) => (retry(bench, &delivery, error, None), false),
        Err(Obstacle::Receiver { error, gone: true, .. }) => (Ending::Dead { error }, true),
        Err(Obstacle::Receiver { error, wish, .. }) => {
            let last = u32::try_from(delivery.attempts).unwrap_or(u32::MAX) >= way.receivers.max_attempts;
            let ending = if last { Ending::Dead { error } } else { retry(bench, &delivery, error, wish) };
            (ending, true)
        }
    };
    report(bench, lane, &delivery, &ending, status);
    Attempt { lane, delivery, way, ending, status, receiver_failed }
}

async fn tell(
    bench: &Bench,
    delivery: &Claimed,
    way: &Way,
    target: &Target,
    status: &mut Option<u16>,
) -> Result<(), Obstacle> {
    let now = bench.clock.now();
    if now >= delivery.expires_at {
        return Err(Obstacle::Lasting("expired".to_owned()));
    }
    let message = sign(delivery, way, target, now).await?;
    let begun = Instant::now();
    let answer = way.client.post(&target.callback, message.headers, message.body, TIMEOUT).await;
    bench.counters.count_post(begun.elapsed());
    let failed = |error: String| Obstacle::Receiver { error, wish: None, gone: false };
    let Answer { status: answered, retry_after } = answer.map_err(|error| failed(error.to_string()))?;
    *status = Some(answered);
    match answered {
        200..=299 => Ok(()),
        300..=399 => Err(failed(format!("answered {answered}; redirects are not followed, name the final address"))),
        410 => Err(Obstacle::Receiver { error: "answered 410, gone".into(), wish: None, gone: true }),
        _ => {
            let wish = retry_after.map(|wish| wish.wait(bench.clock.now()));
            Err(Obstacle::Receiver { error: format!("answered {answered}"), wish, gone: false })
        }
    }
}

/// Opens what happened and signs it, on a thread that may take its time.
async fn sign(delivery: &Claimed, way: &Way, target: &Target, now: Timestamp) -> Result<Message, Obstacle> {
    let sealed = delivery.payload.clone().ok_or_else(|| Obstacle::Lasting("what happened was erased".to_owned()))?;
    let (sealer, keys, receivers) = (way.sealer.clone(), Arc::clone(&way.keys), Arc::clone(&way.receivers));
    let (event, kind, secrets) = (delivery.event, delivery.kind.clone(), target.secrets.clone());
    let signed = tokio::task::spawn_blocking(move || {
        // A key that is missing here may be on its way: Secrets reach pods one after the other.
        let payload =
            sealer.open(&events::place(&event), &sealed).map_err(|error| Obstacle::Passing(error.to_string()))?;
        let payload: Value = serde_json::from_slice(&Zeroizing::new(payload))
            .map_err(|_| Obstacle::Lasting("the stored event cannot be read".to_owned()))?;
        Message::sign(event, &kind, &payload, &receivers.audience, &secrets, &keys, now)
            .map_err(|error| Obstacle::Passing(error.to_string()))
    });
    signed.await.unwrap_or_else(|error| Err(Obstacle::Passing(error.to_string())))
}

/// Another attempt after a pause, unless it is of no use by then. `wish`: the pause the receiver asks for.
fn retry(bench: &Bench, delivery: &Claimed, error: String, wish: Option<Duration>) -> Ending {
    let pause = jittered(backoff(u32::try_from(delivery.attempts).unwrap_or(1)), &bench.random);
    let at = bench.clock.now() + pause.max(wish.unwrap_or_default()).min(LONGEST_PAUSE);
    if at >= delivery.expires_at {
        Ending::Dead { error: format!("expired; last: {error}") }
    } else {
        Ending::Retry { at, error }
    }
}

/// The address is not told: it may hold a token.
fn report(bench: &Bench, (tenant, webhook): Lane, delivery: &Claimed, ending: &Ending, status: Option<u16>) {
    let (outcome, error) = match ending {
        Ending::Done => (Outcome::Delivered, ""),
        Ending::Dead { error } => (Outcome::Dead, error.as_str()),
        Ending::Retry { error, .. } => (Outcome::Retried, error.as_str()),
    };
    bench.counters.count(outcome);
    let (event, kind, attempt) = (delivery.event, delivery.kind.as_str(), delivery.attempts);
    let (request, outcome) = (delivery.request_id.as_str(), outcome.as_str());
    match ending {
        Ending::Done => tracing::debug!(%tenant, %webhook, %event, kind, request, attempt, status, outcome, "webhook"),
        _ => tracing::warn!(%tenant, %webhook, %event, kind, request, attempt, status, outcome, error, "webhook"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_threefold_from_five_seconds_to_six_hours() {
        let pauses: Vec<u64> = (1..=11).map(|attempts| backoff(attempts).as_secs()).collect();
        assert_eq!(pauses, [5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 21_600, 21_600, 21_600]);
        assert_eq!(backoff(u32::MAX), LONGEST_PAUSE);
    }
}
