//! Receivers of events and what became of deliveries to them (`spec/admin-api.md` §13).

use hanko_domain::{AuditEntry, AuditKind, DeliveryId, Secret, Timestamp, WebhookId, audit::Actor};
use hanko_model::project::Hook;
use hanko_notify::webhook::{
    manage::{self, ManageError, OVERLAP, Replay},
    receivers::manifest_id,
};
use hanko_store::{
    Work,
    outbox::{Delivery, DeliveryQuery},
    webhooks::Webhook,
};
use url::Url;

use super::{Admin, AdminError, Outcome};
use crate::{
    effect,
    rest::refusal::{internal, refuse_saying},
};

/// Where a receiver is told, and of what.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// http or https.
    pub callback: Url,
    /// Known names, at least one.
    pub events: Vec<String>,
}

impl Admin<'_> {
    /// All receivers of the database, disabled ones too, oldest first.
    pub async fn webhooks(self) -> Outcome<Vec<Webhook>> {
        Ok(self.tenant.store().webhooks().await?)
    }

    /// The receivers of the manifest, with their ids.
    pub fn manifest_webhooks(self) -> Vec<(WebhookId, Hook)> {
        let id = |hook: &Hook| manifest_id(self.tenant.id(), &hook.name);
        self.tenant.project().webhooks.hooks.iter().map(|hook| (id(hook), hook.clone())).collect()
    }

    /// A receiver of the database.
    pub async fn webhook(self, id: WebhookId) -> Outcome<Webhook> {
        self.tenant.store().webhook(id).await?.ok_or_else(|| unknown(id))
    }

    /// Adds a receiver and tells its secret, this once.
    pub async fn create_webhook(self, new: &Receiver) -> Outcome<(Webhook, Secret<String>)> {
        let (inner, now) = (self.tenant.inner(), self.call().now);
        let mut work = self.tenant.store().begin().await?;
        let made = manage::create(&mut work, &inner.sealer, &inner.random, now, &new.callback, &new.events).await;
        let made = made.map(|(webhook, secret)| {
            let entry = self.about(AuditKind::WebhookCreated, webhook.id).with("host", host(&new.callback));
            Some(((webhook, secret.text()), entry.with("events", new.events.clone())))
        });
        self.finish(work, made).await?.ok_or_else(|| internal("a webhook that was made is not there"))
    }

    /// Replaces what a receiver is, and gives it another chance.
    pub async fn update_webhook(self, id: WebhookId, new: &Receiver, enabled: bool) -> Outcome<Webhook> {
        let (random, now) = (&self.tenant.inner().random, self.call().now);
        let mut work = self.tenant.store().begin().await?;
        let changed = manage::update(&mut work, random, now, id, &new.callback, enabled, &new.events).await;
        let changed = changed.map(|changed| {
            let entry = self.about(AuditKind::WebhookUpdated, id).with("host", host(&new.callback));
            changed.then(|| ((), entry.with("events", new.events.clone()).with("enabled", enabled)))
        });
        self.finish(work, changed).await?.ok_or_else(|| unknown(id))?;
        self.webhook(id).await
    }

    /// Removes a receiver; what waits for it is given up.
    pub async fn delete_webhook(self, id: WebhookId) -> Outcome<()> {
        let mut work = self.tenant.store().begin().await?;
        let removed = manage::delete(&mut work, self.call().now, id).await;
        let removed = removed.map(|removed| removed.then(|| ((), self.about(AuditKind::WebhookDeleted, id))));
        self.finish(work, removed).await?.ok_or_else(|| unknown(id))
    }

    /// Gives a receiver another secret and tells it, this once. The one before signs too, until the moment that is told.
    pub async fn rotate_webhook_secret(self, id: WebhookId) -> Outcome<(Secret<String>, Timestamp)> {
        let (inner, now) = (self.tenant.inner(), self.call().now);
        let until = now + OVERLAP;
        let mut work = self.tenant.store().begin().await?;
        let rotated = manage::rotate_secret(&mut work, &inner.sealer, &inner.random, now, id, OVERLAP).await;
        let rotated = rotated.map(|secret| {
            let entry = self.about(AuditKind::WebhookSecretRotated, id).with("previous_until", until.rfc3339());
            secret.map(|secret| ((secret.text(), until), entry))
        });
        self.finish(work, rotated).await?.ok_or_else(|| unknown(id))
    }

    /// Deliveries to a receiver, newest first, after the one that `before` names.
    pub async fn deliveries(
        self,
        query: &DeliveryQuery,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Outcome<Vec<Delivery>> {
        if let Some(receiver) = query.receiver {
            self.known(receiver).await?;
        }
        let store = self.tenant.store();
        let from = match before {
            None => None,
            Some(id) => match self.delivery(query.receiver, id).await? {
                Some(last) => Some((last.created_at, last.id)),
                None => return Err(refuse_saying(400, "before must be the id of a delivery that is still known")),
            },
        };
        Ok(store.deliveries(query, from, limit).await?)
    }

    /// Puts one delivery on its way again.
    pub async fn replay(self, receiver: WebhookId, id: DeliveryId) -> Outcome<()> {
        self.known(receiver).await?;
        if self.delivery(Some(receiver), id).await?.is_none() {
            return Err(refuse_saying(404, format!("unable to find delivery with id: {id}")));
        }
        match self.replay_all(receiver, &Replay::Deliveries(vec![id])).await? {
            0 => Err(refuse_saying(409, "the delivery is under way, or what it told is of no use any more")),
            _ => Ok(()),
        }
    }

    /// Puts the deliveries of a range of time that were given up on their way again, and says how many.
    pub async fn replay_dead(self, receiver: WebhookId, from: Timestamp, to: Timestamp) -> Outcome<u64> {
        self.known(receiver).await?;
        self.replay_all(receiver, &Replay::Dead { receiver, from, to }).await
    }

    async fn replay_all(self, receiver: WebhookId, which: &Replay) -> Outcome<u64> {
        let mut work = self.tenant.store().begin().await?;
        let replayed = manage::replay(&mut work, self.call().now, which).await;
        let replayed = replayed.map(|count| {
            let entry = self.about(AuditKind::WebhookReplayed, receiver).with("count", count);
            let entry = match which {
                Replay::Deliveries(ids) => {
                    entry.with("deliveries", ids.iter().map(ToString::to_string).collect::<Vec<_>>())
                }
                Replay::Dead { from, to, .. } => entry.with("from", from.rfc3339()).with("to", to.rfc3339()),
            };
            (count > 0).then_some((count, entry))
        });
        Ok(self.finish(work, replayed).await?.unwrap_or(0))
    }

    async fn delivery(self, receiver: Option<WebhookId>, id: DeliveryId) -> Outcome<Option<Delivery>> {
        let query = DeliveryQuery { receiver, id: Some(id), ..DeliveryQuery::default() };
        Ok(self.tenant.store().deliveries(&query, None, 1).await?.pop())
    }

    /// 404 unless the receiver is one of the database or of the manifest.
    async fn known(self, id: WebhookId) -> Outcome<()> {
        if self.manifest_webhooks().iter().any(|(own, _)| *own == id) {
            return Ok(());
        }
        self.webhook(id).await.map(drop)
    }

    /// Ends a unit of work: with its row of the audit log if something was changed, else as if nothing had begun.
    async fn finish<T>(
        self,
        mut work: Work,
        changed: Result<Option<(T, AuditEntry)>, ManageError>,
    ) -> Outcome<Option<T>> {
        match changed {
            Ok(Some((value, entry))) => {
                effect::record(entry, &mut work, self.tenant.inner(), self.request, self.call().now).await?;
                work.commit().await?;
                Ok(Some(value))
            }
            Ok(None) => {
                work.rollback().await?;
                Ok(None)
            }
            Err(error) => {
                work.rollback().await?;
                Err(match error {
                    ManageError::Key(error) => error.into(),
                    ManageError::Store(error) => error.into(),
                })
            }
        }
    }

    fn about(self, kind: AuditKind, id: WebhookId) -> AuditEntry {
        AuditEntry::new(kind, Actor::none()).by_key(self.key).with("webhook_id", id.to_string())
    }
}

fn unknown(id: WebhookId) -> AdminError {
    refuse_saying(404, format!("unable to find webhook with id: {id}"))
}

/// Paths and queries of callbacks may hold what only their receiver should know.
fn host(callback: &Url) -> String {
    callback.host_str().unwrap_or_default().to_owned()
}
