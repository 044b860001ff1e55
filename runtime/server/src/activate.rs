//! From a configuration to a tenant that is served: database, keys, relying party, mail, webhooks.

mod relying_party;

use std::{path::Path, sync::Arc};

use hanko_credentials::Hasher;
use hanko_domain::{Clock, EmailAddress, Random, Secret, TenantId};
use hanko_flow::{Tenant, TenantParts};
use hanko_keys::{KeysError, MasterKeys, Sealer, SigningKeys};
use hanko_model::{
    project::{GENERATED_KEY, Mail},
    spec::SmtpTls,
};
use hanko_notify::{
    Mailer, MailerConfig, Tls,
    webhook::{BadHook, Receivers},
};
use hanko_store::{StoreError, tenants::Registration};
use tracing::{info, warn};

use crate::{
    config::{
        Configuration,
        secrets::{Entries, SecretFiles, text},
    },
    floods::Floods,
    http::admin::key,
    served::Served,
    stores::{self, OpenError, Opened, Stores},
};

/// Why a configuration is not served.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// The same may work in a moment.
    Later(String),
    /// Somebody has to change something.
    Refused(String),
}

/// What the process lends to its tenants.
pub(crate) struct Ground {
    pub(crate) stores: Stores,
    pub(crate) hasher: Hasher,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Ground {
    /// Makes the tenant anew. What `before` has and the configuration did not change is taken over, so that a new setting
    /// needs no database.
    pub(crate) async fn activate(
        &self,
        mut configuration: Configuration,
        before: Option<&Served>,
        data: &Path,
        secrets: &Path,
    ) -> Result<Served, Failure> {
        let mailer = self.mailer(&configuration, before)?;
        let floods = floods(&configuration, before)?;
        let receivers = receivers(&configuration)?;
        let database = self.database(&configuration, before, data)?;
        if configuration.master_keys.is_empty() {
            configuration.master_keys = self.make_master_keys(&configuration, &database, secrets).await?;
        }
        self.make_admin_key(&mut configuration, secrets);
        let entries = configuration.master_keys.iter().map(|((_, id), value)| (id.clone(), value.expose().clone()));
        let master_keys = MasterKeys::from_entries(entries).map_err(refused)?;
        let tenant_id = TenantId(configuration.project.tenant_id);
        let sealer = Sealer::new(&master_keys, tenant_id).map_err(refused)?;
        let store = database.store.tenant(tenant_id);
        let signing_keys = match before {
            Some(before) if before.configuration.master_keys == configuration.master_keys => {
                before.tenant.signing_keys().clone()
            }
            _ => {
                database.migrate().await.map_err(|error| from_store(&error))?;
                let label = configuration.label();
                let registration = store.register(&label, self.clock.now()).await;
                announce(&label, tenant_id, registration.map_err(|error| from_store(&error))?);
                let bits = configuration.project.keys.rsa_bits;
                let accepted = configuration.project.keys.acknowledged.as_deref() == Some(master_keys.active().0);
                let keys =
                    SigningKeys::load_or_create(&store, &sealer, bits, accepted, &self.clock, &self.random).await;
                Arc::new(keys.map_err(|error| match error {
                    KeysError::Store(error) => from_store(&error),
                    other => refused(other),
                })?)
            }
        };
        let webauthn = &configuration.project.settings.webauthn;
        let served_as = before.map(|before| &before.configuration.project.settings.webauthn.relying_party_id);
        if served_as != Some(&webauthn.relying_party_id) {
            relying_party::accept(&store, webauthn).await?;
        }
        let secrets_revision = configuration.secrets_revision(master_keys.active().1.expose());
        let tenant = Tenant::new(TenantParts {
            project: configuration.project.clone(),
            store,
            master_keys,
            sealer,
            signing_keys,
            hasher: self.hasher.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        });
        Ok(Served::new(configuration, secrets_revision, tenant, database, mailer, floods, receivers))
    }

    fn database(
        &self,
        configuration: &Configuration,
        before: Option<&Served>,
        data: &Path,
    ) -> Result<Arc<Opened>, Failure> {
        if let Some(before) = before {
            let (old, new) = (stores::url(&before.configuration, data), stores::url(configuration, data));
            let same_id = before.configuration.project.tenant_id == configuration.project.tenant_id;
            if !matches!((&old, &new), (Ok(old), Ok(new)) if old == new) || !same_id {
                return Err(Failure::Refused(
                    "another database or tenantId needs a restart of the process; it still serves the one before"
                        .into(),
                ));
            }
            return Ok(before.database.clone());
        }
        self.stores.open(configuration, data).map_err(|error| match error {
            OpenError::Store(error) => from_store(&error),
            OpenError::Secret(error) => refused(error),
        })
    }

    /// A laptop's first key. Once the tenant has data, a missing key is a loss to be told, never a reason to make another.
    async fn make_master_keys(
        &self,
        configuration: &Configuration,
        database: &Opened,
        secrets: &Path,
    ) -> Result<Entries, Failure> {
        database.migrate().await.map_err(|error| from_store(&error))?;
        let store = database.store.tenant(TenantId(configuration.project.tenant_id));
        let has_data = store.is_registered().await.map_err(|error| from_store(&error))?;
        let (namespace, name) = (&configuration.project.namespace, &configuration.project.keys.master_key_secret);
        if has_data {
            return Err(Failure::Refused(format!(
                "the master keys are missing ({}), and the database holds data they protect; put the folder back",
                secrets.join(namespace).join(name).display()
            )));
        }
        let (id, content) = MasterKeys::generate(&self.random);
        let content = Secret::new(content);
        let path = SecretFiles::new(secrets).write_new(namespace, name, &id, &content).map_err(refused)?;
        info!(path = %path.display(), "made the master key of a new database; keep it with your backups");
        // As the file has it, so that the next look finds nothing changed.
        let value = Secret::new(format!("{}\n", content.expose()).into_bytes());
        Ok(Entries::from([((name.clone(), id), value)]))
    }

    /// A laptop's key of the Admin API, where it is wanted and missing. In a cluster the operator makes it.
    fn make_admin_key(&self, configuration: &mut Configuration, secrets: &Path) {
        let Some(wanted) = &configuration.project.admin_api.generated else { return };
        if configuration.rendered || configuration.admin_keys.has_generated() {
            return;
        }
        let content = key::generate(&self.random);
        let made = SecretFiles::new(secrets).write_new(
            &configuration.project.namespace,
            &wanted.secret,
            GENERATED_KEY,
            &content,
        );
        match made {
            Ok(path) => {
                info!(path = %path.display(), "made the key of the Admin API");
                // As the file has it, so that the next look finds nothing changed.
                let value = Secret::new(format!("{}\n", content.expose()).into_bytes());
                let entry = (wanted.secret.clone(), GENERATED_KEY.to_owned());
                configuration.admin_keys.add_generated(&content);
                configuration.secrets.insert(entry, value);
            }
            Err(error) => {
                warn!(%error, "the key of the Admin API could not be made; its calls are refused until there is one")
            }
        }
    }

    fn mailer(&self, configuration: &Configuration, before: Option<&Served>) -> Result<Option<Arc<Mailer>>, Failure> {
        let Some(mail) = &configuration.project.mail else { return Ok(None) };
        if let Some(before) = before
            && before.configuration.project.mail == configuration.project.mail
            && before.configuration.secrets == configuration.secrets
        {
            return Ok(before.mailer.clone());
        }
        Ok(Some(Arc::new(Mailer::new(mailer_config(mail, &configuration.secrets)?).map_err(refused)?)))
    }
}

fn mailer_config(mail: &Mail, secrets: &Entries) -> Result<MailerConfig, Failure> {
    let credentials = match &mail.credentials {
        Some(both) => {
            let user = text(secrets, &both.username.name, &both.username.key).map_err(refused)?;
            let password = text(secrets, &both.password.name, &both.password.key).map_err(refused)?;
            Some((user.expose().clone(), password))
        }
        None => None,
    };
    let ca_pem = mail.ca_ref.as_ref().and_then(|at| secrets.get(&(at.name.clone(), at.key.clone())));
    Ok(MailerConfig {
        host: mail.host.clone(),
        port: mail.port,
        tls: match mail.tls {
            SmtpTls::Implicit => Tls::Implicit,
            SmtpTls::Starttls => Tls::Starttls,
            SmtpTls::None => Tls::None,
        },
        credentials,
        ca_pem: ca_pem.map(|pem| pem.expose().clone()),
        helo_name: mail.helo_name.clone(),
        from_address: EmailAddress::parse(&mail.from_address).map_err(refused)?,
        from_name: mail.from_name.clone(),
        reply_to: mail.reply_to.as_deref().map(EmailAddress::parse).transpose().map_err(refused)?,
    })
}

/// Whom the manifest tells, with their secrets.
fn receivers(configuration: &Configuration) -> Result<Receivers, Failure> {
    Receivers::new(&configuration.project, |at| text(&configuration.secrets, &at.name, &at.key).map_err(refused))
}

/// What counts requests; what was counted stays.
fn floods(configuration: &Configuration, before: Option<&Served>) -> Result<Floods, Failure> {
    let url = match &configuration.project.settings.rate_limiter.redis {
        Some(at) => Some(text(&configuration.secrets, &at.name, &at.key).map_err(refused)?),
        None => None,
    };
    let tenant = TenantId(configuration.project.tenant_id);
    Floods::new(tenant, url.as_ref(), before.map(|before| &before.floods)).map_err(refused)
}

fn announce(label: &str, id: TenantId, registration: Registration) {
    let Registration::New { others } = registration else { return };
    if others.is_empty() {
        info!(tenant = label, %id, "a new tenant");
        return;
    }
    let others: Vec<String> = others.iter().map(|(id, name)| format!("{name} = {id}")).collect();
    warn!(
        tenant = label,
        %id,
        others = others.join(", "),
        "a new tenant in a database that holds others; if the project was renamed, set spec.tenantId to its old id"
    );
}

impl From<BadHook> for Failure {
    fn from(error: BadHook) -> Self {
        refused(error)
    }
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(error.to_string())
}

/// A database may come, be restarted, get its user or its space at any time; only its own word that this program is too old,
/// or a URL that is none, waits for a person.
fn from_store(error: &StoreError) -> Failure {
    match error {
        StoreError::TooNew { .. } | StoreError::UnsupportedUrl => refused(error),
        _ if error.is_temporary() => Failure::Later("the database does not answer".into()),
        _ => Failure::Later(error.to_string()),
    }
}
