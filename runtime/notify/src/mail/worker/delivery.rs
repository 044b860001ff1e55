//! One attempt to send one mail, and what its end means.

use hanko_domain::{Timestamp, audit::mask_email};
use hanko_keys::Sealer;
use hanko_store::outbox::{Claimed, Ending};
use serde_json::Value;

use super::{Bench, Outcome, Way, backoff};
use crate::{
    events,
    mail::{Message, RenderError, Rendered, Renderer, told::told},
    worker::jittered,
};

/// An attempt that ended.
pub(super) struct Attempt {
    pub(super) delivery: Claimed,
    pub(super) ending: Ending,
    pub(super) way: Way,
    /// What receivers of `email.send` are told.
    pub(super) told: Option<Value>,
    /// Any other mail of the tenant would have failed as well.
    pub(super) server_failed: bool,
}

/// Why there was nothing to send.
enum Obstacle {
    /// Never.
    Lasting(String),
    /// For now.
    Passing(String),
}

pub(super) async fn attempt(bench: &Bench, delivery: Claimed, way: Way) -> Attempt {
    let message = match open(&delivery, &way.sealer) {
        Ok(message) => message,
        Err(obstacle) => {
            let ending = match obstacle {
                Obstacle::Lasting(error) => Ending::Dead { error },
                Obstacle::Passing(error) => retry(bench, &delivery, error),
            };
            report(bench, &delivery, None, &ending, "");
            return Attempt { delivery, ending, way, told: None, server_failed: false };
        }
    };
    let mut server_failed = false;
    let (mut id, mut event) = (String::new(), None);
    let ending = if bench.clock.now() >= delivery.expires_at {
        Ending::Dead { error: "expired".to_owned() }
    } else {
        match words(bench, &delivery, &message, &way).await {
            Err(error) => Ending::Dead { error: error.to_string() },
            Ok(words) => {
                let sent = match &way.mailer {
                    Some(mailer) => mailer.send(&message.to, &words, delivery.event, bench.clock.now()).await,
                    None => Ok(String::new()),
                };
                match sent {
                    Ok(sent) => {
                        id = sent;
                        event = Some(told(&message, &words, way.mailer.is_some()));
                        Ending::Done
                    }
                    Err(error) => {
                        server_failed = error.concerns_every_mail();
                        if error.is_permanent() {
                            Ending::Dead { error: error.to_string() }
                        } else {
                            retry(bench, &delivery, error.to_string())
                        }
                    }
                }
            }
        }
    };
    report(bench, &delivery, Some(&message), &ending, &id);
    Attempt { delivery, ending, way, told: event, server_failed }
}

/// The mail in words: the project's, or ours where those cannot be said.
async fn words(bench: &Bench, delivery: &Claimed, message: &Message, way: &Way) -> Result<Rendered, RenderError> {
    let renderer = bench.renderer.get_or_try_init(|| async { Renderer::new() }).await?;
    let (words, left_aside) = renderer.render(message, &way.look, bench.clock.now())?;
    if let Some(error) = left_aside {
        bench.counters.count_left_aside();
        let (tenant, mail, language) = (delivery.tenant, message.template().as_str(), words.language);
        tracing::warn!(%tenant, mail, language, %error, "a mail was sent in our words, since the project's cannot be said");
    }
    Ok(words)
}

fn open(delivery: &Claimed, sealer: &Sealer) -> Result<Message, Obstacle> {
    let sealed = delivery.payload.as_deref().ok_or_else(|| Obstacle::Lasting("the mail was erased".to_owned()))?;
    // A key that is missing here may be on its way: Secrets reach pods one after the other.
    let plain =
        sealer.open(&events::place(&delivery.event), sealed).map_err(|error| Obstacle::Passing(error.to_string()))?;
    let plain = zeroize::Zeroizing::new(plain);
    Message::from_snapshot(&plain).map_err(|_| Obstacle::Lasting("the stored mail cannot be read".to_owned()))
}

/// Another attempt after a pause, unless the mail is of no use by then.
fn retry(bench: &Bench, delivery: &Claimed, error: String) -> Ending {
    let pause = backoff(u32::try_from(delivery.attempts).unwrap_or(1));
    let at: Timestamp = bench.clock.now() + jittered(pause, &bench.random);
    if at >= delivery.expires_at {
        Ending::Dead { error: format!("expired; last: {error}") }
    } else {
        Ending::Retry { at, error }
    }
}

fn report(bench: &Bench, delivery: &Claimed, message: Option<&Message>, ending: &Ending, id: &str) {
    let (outcome, error) = match ending {
        Ending::Done => (Outcome::Sent, ""),
        Ending::Dead { error } => (Outcome::Failed, error.as_str()),
        Ending::Retry { error, .. } => (Outcome::Retried, error.as_str()),
    };
    bench.counters.count(message.map(Message::template), outcome);
    let mail = message.map_or("unknown", |message| message.template().as_str());
    let to = message.map(|message| mask_email(message.to.as_str())).unwrap_or_default();
    let (tenant, request, attempt) = (delivery.tenant, delivery.request_id.as_str(), delivery.attempts);
    let outcome = outcome.as_str();
    match ending {
        Ending::Done => tracing::info!(%tenant, mail, to, message_id = id, request, attempt, outcome, "mail"),
        _ => tracing::warn!(%tenant, mail, to, request, attempt, outcome, error, "mail"),
    }
}
