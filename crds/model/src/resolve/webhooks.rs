//! Who is told what happens, and which addresses may be called.

use ipnet::IpNet;
use url::Url;

use crate::{
    problem::Findings,
    project::{EMAIL_SEND, Hook, Outbound, Webhooks},
    resolve::{
        reference::{check_label, check_ref},
        settings::number,
    },
    spec::{EVENT_NAMES, HookSpec, OutboundSpec, WebhooksSpec},
};

pub(super) fn resolve(spec: &WebhooksSpec, findings: &mut Findings) -> Webhooks {
    let mut names: Vec<&str> = Vec::new();
    let mut hooks = Vec::new();
    for (i, spec) in spec.hooks.iter().enumerate() {
        let path = format!("spec.webhooks.hooks[{i}]");
        let at = format!("{path}.name");
        check_label(&at, &spec.name, findings);
        if names.contains(&&*spec.name) {
            findings.add(at, format!("`{}` stands here twice; write a name of its own for each receiver", spec.name));
        }
        names.push(&spec.name);
        hooks.extend(hook(&path, spec, findings));
    }
    Webhooks {
        enabled: spec.enabled.unwrap_or(true),
        allow_time_expiration: spec.allow_time_expiration.unwrap_or(false),
        max_attempts: number("spec.webhooks.maxAttempts", spec.max_attempts, 12, 1..=20, "attempts", findings),
        hooks,
    }
}

/// Whether somebody is told of every mail there is to send.
pub(super) fn take_mails(spec: &WebhooksSpec) -> bool {
    spec.enabled.unwrap_or(true) && spec.hooks.iter().any(|hook| hook.events.iter().any(|event| event == EMAIL_SEND))
}

/// `None` only after a problem was found.
fn hook(path: &str, spec: &HookSpec, findings: &mut Findings) -> Option<Hook> {
    let HookSpec { name, callback, events, secret_ref } = spec;
    if events.is_empty() {
        findings
            .add(format!("{path}.events"), "names no event, so it would be told nothing; name some, such as `user`");
    }
    for (i, event) in events.iter().enumerate() {
        let path = format!("{path}.events[{i}]");
        if !EVENT_NAMES.contains(&&**event) {
            findings.add(path, format!("there is no event `{event}`; write one of {}", EVENT_NAMES.join(", ")));
        } else if events.iter().take(i).any(|before| before == event) {
            findings.add(path, format!("`{event}` stands here twice; remove one"));
        }
    }
    if let Some(reference) = secret_ref {
        check_ref(&format!("{path}.secretRef"), reference, findings);
    }
    let callback = findings.ok(format!("{path}.callback"), address(callback))?;
    Some(Hook { name: name.clone(), callback, events: events.clone(), secret_ref: secret_ref.clone() })
}

/// The text is not quoted where it may hold a password.
fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("is not a URL ({error}); write one such as `https://app.acme.example/hooks`"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!("begins with `{}:`, which is neither https nor http; write `https://…`", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password, which would stand in clear; remove it, and name a `secretRef` by whose signature \
                    the receiver knows us"
            .into());
    }
    if url.fragment().is_some() {
        return Err("has a fragment (`#…`), which is never sent; remove it".into());
    }
    Ok(url)
}

pub(super) fn outbound(spec: &OutboundSpec, findings: &mut Findings) -> Outbound {
    let mut allowed_networks = Vec::new();
    for (i, text) in spec.allowed_networks.iter().enumerate() {
        let range = text
            .parse::<IpNet>()
            .map_err(|_| format!("`{text}` is not an address range; write one such as `10.0.0.0/8` or `fd00::/8`"));
        allowed_networks.extend(findings.ok(format!("spec.outbound.allowedNetworks[{i}]"), range));
    }
    Outbound { allowed_networks }
}
