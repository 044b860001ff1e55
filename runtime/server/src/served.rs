//! A tenant as it is served: what flows need, and what HTTP needs compiled once.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hanko_domain::Secret;
use hanko_flow::Tenant;
use hanko_notify::{Look, Mailer, webhook::Receivers};
use hanko_outbound::{Client, OutboundPolicy};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    config::Configuration,
    floods::Floods,
    http::{
        client_ip::ClientIp,
        cookie::{self, SessionCookie},
        cors::Cors,
        json::APPLICATION_JSON,
    },
    stores::Opened,
};

/// Everything about one tenant. A reload makes a new one and lets the old one finish its requests.
#[derive(Debug)]
pub(crate) struct Served {
    /// What it was made from; a reload compares it.
    pub(crate) configuration: Configuration,
    /// The revision of its secrets under its active master key.
    pub(crate) secrets_revision: String,
    pub(crate) tenant: Tenant,
    pub(crate) database: Arc<Opened>,
    /// `None`: the project sends no mail.
    pub(crate) mailer: Option<Arc<Mailer>>,
    /// Look and wording of its mails.
    pub(crate) look: Arc<Look>,
    /// Whom it tells what happens.
    pub(crate) receivers: Arc<Receivers>,
    /// Calls whom it may call.
    pub(crate) outbound: Client,
    pub(crate) cors: Cors,
    pub(crate) cookie: SessionCookie,
    pub(crate) client_ip: ClientIp,
    pub(crate) floods: Floods,
    /// Sites beside the relying party's own whose pages use its passkeys.
    pub(crate) related_origins: Vec<String>,
    jwks: Bytes,
}

impl Served {
    pub(crate) fn new(
        configuration: Configuration,
        secrets_revision: String,
        tenant: Tenant,
        database: Arc<Opened>,
        mailer: Option<Arc<Mailer>>,
        floods: Floods,
        receivers: Receivers,
    ) -> Self {
        let project = &configuration.project;
        let mut jwks = tenant.signing_keys().jwks().to_vec();
        jwks.push(b'\n');
        let look = project.mail.as_ref().map(|mail| Look::new(&mail.templates)).unwrap_or_default();
        let allowed = project.outbound.allowed_networks.clone();
        Self {
            look: Arc::new(look),
            receivers: Arc::new(receivers),
            outbound: Client::new(OutboundPolicy { allowed }),
            cors: Cors::new(project),
            cookie: SessionCookie::new(&project.settings.session.cookie),
            client_ip: ClientIp::new(&project.client_ip),
            related_origins: project.settings.webauthn.related_origins(),
            jwks: jwks.into(),
            configuration,
            secrets_revision,
            tenant,
            database,
            mailer,
            floods,
        }
    }

    /// The cookie that names the accounts this device is trusted by.
    pub(crate) fn trusted_devices(&self, headers: &HeaderMap) -> Option<Secret<String>> {
        let name = &self.configuration.project.settings.mfa.device_trust.cookie_name;
        cookie::values(headers, name).next().map(|value| Secret::new(value.to_owned()))
    }

    /// The published key set.
    pub(crate) fn jwks(&self) -> Response {
        const TEN_MINUTES: HeaderValue = HeaderValue::from_static("max-age=600");
        let headers = [(header::CONTENT_TYPE, APPLICATION_JSON), (header::CACHE_CONTROL, TEN_MINUTES)];
        (headers, self.jwks.clone()).into_response()
    }
}
