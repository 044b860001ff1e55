//! Sessions, their tokens and cookies.

use std::time::Duration;

use crate::{
    duration,
    host::{host_name, is_address, is_public_suffix, is_within},
    problem::Findings,
    project::{Cookie, Session},
    resolve::{addresses::Addresses, claims},
    spec::{CookieSpec, Retention, SameSite, SessionSpec},
};

const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn resolve(spec: &SessionSpec, addresses: Option<&Addresses>, findings: &mut Findings) -> Session {
    let lifespan = positive("spec.settings.session.lifespan", spec.lifespan.as_deref(), HOUR, findings);
    let limit = spec.limit.unwrap_or(5);
    if !(1..=1000).contains(&limit) {
        findings
            .add("spec.settings.session.limit", format!("{limit} is not possible; write 1 to 1000 sessions per user"));
    }
    for (i, audience) in spec.audience.iter().enumerate().filter(|(_, audience)| audience.trim().is_empty()) {
        findings.add(
            format!("spec.settings.session.audience[{i}]"),
            format!("`{audience}` is empty; write who accepts the token, or remove it"),
        );
    }
    if spec.issuer.as_ref().is_some_and(|issuer| issuer.trim().is_empty()) {
        findings.add("spec.settings.session.issuer", "is empty; write the `iss` claim, or leave it out");
    }
    Session {
        lifespan,
        renewed_until: renewed_until(spec, lifespan, findings),
        idle_timeout: idle_timeout(spec.idle_timeout.as_deref(), findings),
        limit,
        issuer: spec.issuer.clone(),
        audience: match &*spec.audience {
            [] => addresses.map(|addresses| addresses.rp_id.clone()).into_iter().collect(),
            given => given.to_vec(),
        },
        acquire_ip_address: spec.acquire_ip_address.unwrap_or(true),
        acquire_user_agent: spec.acquire_user_agent.unwrap_or(true),
        enable_auth_token_header: spec.enable_auth_token_header.unwrap_or(false),
        allow_revocation: spec.allow_revocation.unwrap_or(true),
        show_on_profile: spec.show_on_profile.unwrap_or(true),
        jwt_template: claims::resolve(&spec.jwt_template.clone().unwrap_or_default(), findings),
        cookie: cookie(&spec.cookie.clone().unwrap_or_default(), addresses, findings),
    }
}

/// At least a second: tokens and cookies count whole ones.
pub(super) fn positive(path: &str, text: Option<&str>, default: Duration, findings: &mut Findings) -> Duration {
    let Some(text) = text else { return default };
    match findings.ok(path, duration::parse(text)) {
        Some(duration) if duration < Duration::from_secs(1) => {
            findings.add(
                path,
                format!(
                    "`{text}` is shorter than a second; write a longer time, such as `{}`",
                    duration::format(default)
                ),
            );
            default
        }
        duration => duration.unwrap_or(default),
    }
}

fn renewed_until(spec: &SessionSpec, lifespan: Duration, findings: &mut Findings) -> Option<Duration> {
    let path = "spec.settings.session.renewal.absoluteLifespan";
    let renewal = spec.renewal.clone().unwrap_or_default();
    let until = positive(path, renewal.absolute_lifespan.as_deref(), 12 * HOUR, findings);
    if !renewal.enabled.unwrap_or(spec.lifespan.is_none()) {
        if renewal.absolute_lifespan.is_some() {
            findings.add(path, "has no use while tokens are not renewed; write `renewal.enabled: true`, or remove it");
        }
        return None;
    }
    if until < lifespan {
        let (until, lifespan) = (duration::format(until), duration::format(lifespan));
        findings.add(
            path,
            format!(
                "ends a session after {until}, before its first token of {lifespan} does; write at least `{lifespan}`"
            ),
        );
    }
    Some(until)
}

fn idle_timeout(text: Option<&str>, findings: &mut Findings) -> Option<Duration> {
    let path = "spec.settings.session.idleTimeout";
    let timeout = findings.ok(path, duration::parse(text?))?;
    if timeout.is_zero() {
        return None;
    }
    Some(positive(path, text, HOUR, findings))
}

fn cookie(spec: &CookieSpec, addresses: Option<&Addresses>, findings: &mut Findings) -> Cookie {
    let path = "spec.settings.session.cookie";
    let secure = addresses.is_none_or(Addresses::is_https);
    let domain = match (spec.domain.as_deref(), addresses) {
        (Some(text), Some(addresses)) => findings.ok(format!("{path}.domain"), cookie_domain(text, &addresses.hosts)),
        _ => None,
    };
    let name = spec.name.clone().unwrap_or_else(|| "hanko".into());
    findings.ok(format!("{path}.name"), check_cookie_name(&name, secure, spec.domain.is_some()));
    let same_site = spec.same_site.unwrap_or(SameSite::Strict);
    if same_site == SameSite::None && !secure {
        findings.add(
            format!("{path}.sameSite"),
            "`none` needs https, and the public URL is http; browsers drop such a cookie; write `lax` or `strict`",
        );
    }
    Cookie {
        name,
        domain,
        http_only: spec.http_only.unwrap_or(true),
        secure,
        same_site,
        retention: spec.retention.unwrap_or(Retention::Persistent),
    }
}

/// What a browser takes as `Domain` from every host of the tenant (RFC 6265bis §5.7).
fn cookie_domain(text: &str, hosts: &[String]) -> Result<String, String> {
    let name = text.strip_prefix('.').unwrap_or(text);
    if is_address(name) {
        return Err(format!("`{text}` is an IP address; leave it out, and the cookie belongs to the tenant's host"));
    }
    let domain = host_name(name)?;
    if is_public_suffix(&domain) {
        return Err(format!(
            "`{domain}` is a public suffix, for which browsers take no cookie; write a domain below it, or leave it out"
        ));
    }
    match hosts.iter().find(|host| !is_within(host, &domain)) {
        Some(host) => Err(format!(
            "`{domain}` is neither the host `{host}` nor above it, so browsers drop the cookie; write a domain above all `hosts`, or leave it out"
        )),
        None => Ok(domain),
    }
}

/// The name of a cookie: a token of RFC 9110 §5.6.2, and what the prefixes promise (RFC 6265bis §4.1.3).
pub(super) fn check_cookie_name(name: &str, secure: bool, domain: bool) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("`{name}` is not the name of a cookie; write letters, digits, `-` and `_`"));
    }
    let lower = name.to_ascii_lowercase();
    if (lower.starts_with("__host-") || lower.starts_with("__secure-")) && !secure {
        return Err(format!("`{name}` needs https, and the public URL is http; write another name"));
    }
    if lower.starts_with("__host-") && domain {
        return Err(format!("`{name}` allows no `domain`; remove that, or write another name"));
    }
    Ok(())
}
