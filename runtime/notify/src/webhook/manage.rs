//! What the Admin API does with receivers and deliveries. Each is part of the caller's unit of work, which writes the audit row.

use std::{collections::BTreeSet, time::Duration};

use hanko_domain::{DeliveryId, Random, Timestamp, WebhookId};
use hanko_keys::{KeyError, Sealer};
use hanko_store::{StoreError, Work, webhooks::Webhook};
use thiserror::Error;
use url::Url;
use uuid::Uuid;

use super::{
    SigningSecret,
    receivers::place,
    worker::{KEPT, LIFETIME},
};

/// How long the secret before a rotation signs too, unless somebody says otherwise.
pub const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum ManageError {
    /// A secret cannot be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a receiver and makes its secret, which is told once. `events` are known names; one that stands there twice counts once.
pub async fn create(
    work: &mut Work,
    sealer: &Sealer,
    random: &Random,
    now: Timestamp,
    callback: &Url,
    events: &[String],
) -> Result<(Webhook, SigningSecret), ManageError> {
    let (id, secret) = (WebhookId::random(random), SigningSecret::generate(random));
    let webhook = Webhook {
        id,
        callback: callback.to_string(),
        enabled: true,
        failures: 0,
        expires_at: now + LIFETIME,
        sealed_secret: sealer.seal(&place(&id), secret.bytes(), random)?,
        previous: None,
        events: rows(events, random),
        created_at: now,
        updated_at: now,
    };
    work.insert_webhook(&webhook).await?;
    Ok((webhook, secret))
}

/// Replaces where, whether and of what a receiver is told. Its failures are forgotten and its time begins anew; what waited goes
/// out. `false`: there is none.
pub async fn update(
    work: &mut Work,
    random: &Random,
    now: Timestamp,
    id: WebhookId,
    callback: &Url,
    enabled: bool,
    events: &[String],
) -> Result<bool, ManageError> {
    let events = rows(events, random);
    Ok(work.update_webhook(id, callback.as_str(), enabled, &events, now + LIFETIME, now).await?)
}

/// Removes a receiver and gives up what waits for it. `false`: there is none.
pub async fn delete(work: &mut Work, now: Timestamp, id: WebhookId) -> Result<bool, ManageError> {
    Ok(work.delete_webhook(id, now).await?)
}

/// Gives a receiver another secret, which is told once. For `overlap` the one before signs too. `None`: there is no such receiver.
pub async fn rotate_secret(
    work: &mut Work,
    sealer: &Sealer,
    random: &Random,
    now: Timestamp,
    id: WebhookId,
    overlap: Duration,
) -> Result<Option<SigningSecret>, ManageError> {
    let secret = SigningSecret::generate(random);
    let sealed = sealer.seal(&place(&id), secret.bytes(), random)?;
    Ok(work.rotate_webhook_secret(id, &sealed, now + overlap, now).await?.then_some(secret))
}

/// What is told again.
#[derive(Clone, Debug)]
pub enum Replay {
    /// These deliveries, dead or done.
    Deliveries(Vec<DeliveryId>),
    /// Everything that a receiver was told in vain, from one moment and before another.
    Dead {
        /// Whom.
        receiver: WebhookId,
        /// From then on.
        from: Timestamp,
        /// Before that.
        to: Timestamp,
    },
}

/// Tells again, with all attempts anew and the ids of the first time. Returns how much: what is under way, erased or of no use any
/// more is left out.
pub async fn replay(work: &mut Work, now: Timestamp, which: &Replay) -> Result<u64, ManageError> {
    let until = now + KEPT;
    match which {
        Replay::Deliveries(ids) => {
            let mut count = 0;
            for id in ids {
                count += u64::from(work.replay_delivery(*id, until, now).await?);
            }
            Ok(count)
        }
        Replay::Dead { receiver, from, to } => Ok(work.replay_dead(*receiver, *from, *to, until, now).await?),
    }
}

fn rows(events: &[String], random: &Random) -> Vec<(Uuid, String)> {
    let mut seen = BTreeSet::new();
    events.iter().filter(|name| seen.insert(*name)).map(|name| (random.uuid_v4(), name.clone())).collect()
}
