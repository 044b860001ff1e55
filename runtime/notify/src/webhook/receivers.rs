//! Who is told.

use hanko_domain::{DeliveryId, EventKind, Secret, TenantId, Timestamp, WebhookId};
use hanko_keys::{KeyError, Place, Sealer};
use hanko_model::{project::Project, spec::SecretKeyRef};
use hanko_store::{
    outbox::{NewDelivery, Occurrence},
    webhooks::Webhook,
};
use thiserror::Error;
use url::Url;
use uuid::Uuid;

use super::{BadSecret, SigningSecret, worker::KEPT};

/// Why a receiver of the manifest cannot be used.
#[derive(Debug, Error)]
#[error("the secret of webhook `{name}` {reason}")]
pub struct BadHook {
    /// Its name.
    pub name: String,
    /// What is wrong with its secret.
    #[source]
    pub reason: BadSecret,
}

/// What a project says about its receivers.
#[derive(Debug, Default)]
pub struct Receivers {
    /// The claim `aud` (§4.4).
    pub(super) audience: Vec<String>,
    pub(super) max_attempts: u32,
    pub(super) allow_time_expiration: bool,
    /// `auditLog.mask`.
    pub(super) mask: bool,
    hooks: Vec<Hook>,
}

/// A receiver of the manifest.
#[derive(Debug)]
struct Hook {
    id: WebhookId,
    callback: Url,
    events: Vec<String>,
    secrets: Vec<SigningSecret>,
}

/// Where an event is posted, and with which signatures.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) id: WebhookId,
    pub(super) callback: Url,
    pub(super) secrets: Vec<SigningSecret>,
}

impl Receivers {
    /// Compiles what a project says; `secret` reads a Secret's entry. An entry may hold several secrets, separated by blanks or
    /// lines, all of which sign: so is a secret replaced without a delivery that its receiver cannot verify.
    pub fn new<E: From<BadHook>>(
        project: &Project,
        secret: impl Fn(&SecretKeyRef) -> Result<Secret<String>, E>,
    ) -> Result<Self, E> {
        let settings = &project.settings;
        let audience = match &settings.session.audience[..] {
            [] => vec![settings.webauthn.relying_party_id.clone()],
            named => named.to_vec(),
        };
        let tenant = TenantId(project.tenant_id);
        let mut hooks = Vec::new();
        for hook in project.webhooks.hooks.iter().filter(|_| project.webhooks.enabled) {
            let secrets = match &hook.secret_ref {
                Some(at) => {
                    parse_all(secret(at)?.expose()).map_err(|reason| BadHook { name: hook.name.clone(), reason })?
                }
                None => Vec::new(),
            };
            let (callback, events) = (hook.callback.clone(), hook.events.clone());
            hooks.push(Hook { id: manifest_id(tenant, &hook.name), callback, events, secrets });
        }
        Ok(Self {
            audience,
            max_attempts: project.webhooks.max_attempts,
            allow_time_expiration: project.webhooks.allow_time_expiration,
            mask: settings.audit_mask,
            hooks,
        })
    }

    /// The receivers of the manifest.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        self.hooks.iter().map(|Hook { id, callback, secrets, .. }| Target {
            id: *id,
            callback: callback.clone(),
            secrets: secrets.clone(),
        })
    }

    /// One delivery for each receiver of each event: those of the manifest, and all of the database. What happens while one of
    /// these is disabled waits for it.
    pub(super) fn deliveries(&self, occurrences: &[Occurrence], kept: &[Webhook]) -> Vec<NewDelivery> {
        let mut deliveries = Vec::new();
        for Occurrence { event, kind, occurred_at, expires_at } in occurrences {
            let wants = |name: &String| EventKind::matches(name, kind);
            let own = self.hooks.iter().filter(|hook| hook.events.iter().any(wants));
            let kept = kept.iter().filter(|hook| hook.events.iter().any(|(_, name)| wants(name)));
            for receiver in own.map(|hook| hook.id).chain(kept.map(|hook| hook.id)) {
                deliveries.push(NewDelivery {
                    id: DeliveryId(Uuid::new_v5(&event.0, receiver.as_bytes())),
                    event: *event,
                    receiver,
                    expires_at: expires_at.unwrap_or(*occurred_at + KEPT),
                });
            }
        }
        deliveries
    }
}

/// The id of a receiver of the manifest: its name's, for ever.
pub fn manifest_id(tenant: TenantId, name: &str) -> WebhookId {
    WebhookId(Uuid::new_v5(&tenant.0, name.as_bytes()))
}

/// At least one.
fn parse_all(text: &str) -> Result<Vec<SigningSecret>, BadSecret> {
    match text.split_ascii_whitespace().map(SigningSecret::parse).collect::<Result<Vec<_>, _>>()? {
        none if none.is_empty() => Err(BadSecret::Length(0)),
        secrets => Ok(secrets),
    }
}

/// Where the secret of a receiver stands.
pub(super) fn place(id: &WebhookId) -> Place<'_> {
    Place { table: "webhooks", row: id.as_bytes(), column: "sealed_secret" }
}

impl Target {
    /// A receiver of the database; `None` when its callback is none, which no writer lets happen.
    pub(super) fn of(webhook: &Webhook, sealer: &Sealer, now: Timestamp) -> Result<Option<Self>, KeyError> {
        let Ok(callback) = webhook.callback.parse() else { return Ok(None) };
        let previous = webhook.previous.iter().filter(|(_, until)| now < *until).map(|(sealed, _)| sealed);
        let open = |sealed: &String| sealer.open(&place(&webhook.id), sealed).map(SigningSecret::from_bytes);
        let secrets = std::iter::once(&webhook.sealed_secret).chain(previous).map(open).collect::<Result<_, _>>()?;
        Ok(Some(Self { id: webhook.id, callback, secrets }))
    }
}
