//! Everything about one tenant, compiled once. Nothing about a tenant is a global, a static or an environment variable.

use std::sync::Arc;

use hanko_claims::ClaimTemplate;
use hanko_credentials::{Attachment, Attestation, Hasher, RelyingParty, UserVerification};
use hanko_domain::{Clock, Random, Secret, TenantId};
use hanko_keys::{MasterKeys, Purpose, Sealer, SigningKeys};
use hanko_metadata::Schemas;
use hanko_model::{project::Project, spec};
use hanko_store::TenantStore;

use crate::engine::Turns;

/// What a tenant is made of.
pub struct TenantParts {
    /// Its configuration.
    pub project: Project,
    /// Its data.
    pub store: TenantStore,
    /// Its master keys.
    pub master_keys: MasterKeys,
    /// Its values at rest.
    pub sealer: Sealer,
    /// Its signing keys.
    pub signing_keys: Arc<SigningKeys>,
    /// The process's password hasher.
    pub hasher: Hasher,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Random,
}

/// A tenant. Cheap to clone; a reload makes a new one and lets the old one finish its requests.
#[derive(Clone)]
pub struct Tenant(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) project: Project,
    pub(crate) store: TenantStore,
    pub(crate) sealer: Sealer,
    pub(crate) signing_keys: Arc<SigningKeys>,
    pub(crate) hasher: Hasher,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) relying_party: RelyingParty,
    pub(crate) user_verification: UserVerification,
    pub(crate) attestation: Attestation,
    pub(crate) flow_key: Secret<[u8; 32]>,
    pub(crate) passcode_key: Secret<[u8; 32]>,
    pub(crate) limit_key: Secret<[u8; 32]>,
    pub(crate) claims: ClaimTemplate,
    pub(crate) metadata_schemas: Schemas,
    pub(crate) turns: Turns,
}

impl Tenant {
    /// Compiles a tenant. Claims that cannot be evaluated and schemas that cannot be kept are refused before, where documents are
    /// read; here they are left out.
    pub fn new(parts: TenantParts) -> Self {
        let TenantParts { project, store, master_keys, sealer, signing_keys, hasher, clock, random } = parts;
        let webauthn = &project.settings.webauthn;
        let relying_party = RelyingParty::new(
            &webauthn.relying_party_id,
            &webauthn.relying_party_name,
            &webauthn.origins,
            webauthn.registration_timeout,
            webauthn.login_timeout,
        )
        .framed_by(&webauthn.top_origins);
        Self(Arc::new(Inner {
            relying_party,
            user_verification: user_verification(project.settings.passkey.user_verification),
            attestation: attestation(project.settings.passkey.attestation_preference),
            flow_key: master_keys.derive(Purpose::FlowId),
            passcode_key: master_keys.derive(Purpose::Passcode),
            limit_key: master_keys.derive(Purpose::Limit),
            claims: ClaimTemplate::compile(&project.settings.session.jwt_template).unwrap_or_else(|refused| {
                tracing::error!(?refused, "custom claims cannot be evaluated");
                ClaimTemplate::default()
            }),
            metadata_schemas: Schemas::compile(&project.settings.metadata_schemas).unwrap_or_else(|refused| {
                tracing::error!(?refused, "metadata is not held against schemas");
                Schemas::default()
            }),
            turns: Turns::default(),
            project,
            store,
            sealer,
            signing_keys,
            hasher,
            clock,
            random,
        }))
    }

    /// Its id.
    pub fn id(&self) -> TenantId {
        self.0.store.tenant()
    }

    /// Its configuration.
    pub fn project(&self) -> &Project {
        &self.0.project
    }

    /// Its data.
    pub fn store(&self) -> &TenantStore {
        &self.0.store
    }

    /// Its values at rest.
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// Its signing keys.
    pub fn signing_keys(&self) -> &Arc<SigningKeys> {
        &self.0.signing_keys
    }

    /// The clock it lives by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

impl Tenant {
    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

/// The manifest's word in WebAuthn's.
pub(crate) fn user_verification(setting: spec::UserVerification) -> UserVerification {
    match setting {
        spec::UserVerification::Required => UserVerification::Required,
        spec::UserVerification::Preferred => UserVerification::Preferred,
        spec::UserVerification::Discouraged => UserVerification::Discouraged,
    }
}

/// The manifest's word in WebAuthn's.
pub(crate) fn attestation(setting: spec::AttestationPreference) -> Attestation {
    match setting {
        spec::AttestationPreference::Direct => Attestation::Direct,
        spec::AttestationPreference::Indirect => Attestation::Indirect,
        spec::AttestationPreference::None => Attestation::None,
    }
}

/// The manifest's word in WebAuthn's, which has none for "wherever".
pub(crate) fn attachment(setting: spec::AuthenticatorAttachment) -> Option<Attachment> {
    match setting {
        spec::AuthenticatorAttachment::Platform => Some(Attachment::Platform),
        spec::AuthenticatorAttachment::CrossPlatform => Some(Attachment::CrossPlatform),
        spec::AuthenticatorAttachment::NoPreference => None,
    }
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tenant").field(&self.id()).finish()
    }
}
