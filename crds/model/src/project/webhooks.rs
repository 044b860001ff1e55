//! Who is told what happens, and which addresses may be called.

use ipnet::IpNet;
use serde::Serialize;
use url::Url;

use crate::spec::SecretKeyRef;

/// Receivers of events.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhooks {
    /// `hooks` are told; those of the Admin API are in any case.
    pub enabled: bool,
    /// A receiver of the Admin API that has taken nothing for long is disabled.
    pub allow_time_expiration: bool,
    /// How often an event is sent before it is given up, 1 to 20.
    pub max_attempts: u32,
    /// The author's receivers, each with a name of its own.
    pub hooks: Vec<Hook>,
}

/// The event that tells of a mail. No name stands above it.
pub const EMAIL_SEND: &str = "email.send";

impl Webhooks {
    /// Whether somebody is told of every mail there is to send.
    pub fn take_mails(&self) -> bool {
        self.enabled && self.hooks.iter().any(|hook| hook.events.iter().any(|event| event == EMAIL_SEND))
    }
}

/// A receiver of events.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    /// 1 to 63 lower-case letters, digits and dashes.
    pub name: String,
    /// https or http, without user info and fragment.
    pub callback: Url,
    /// Of [`crate::spec::EVENT_NAMES`], at least one, none twice.
    pub events: Vec<String>,
    /// Where the secret of its signatures stands; `None`: there are none.
    pub secret_ref: Option<SecretKeyRef>,
}

/// Calls to addresses that a tenant or its author chooses.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outbound {
    /// May be called although they are not public.
    pub allowed_networks: Vec<IpNet>,
}
