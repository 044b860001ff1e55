//! Where a tenant is reached and from where it is used: hosts, public URL, origins, relying party.

use url::Url;

use crate::{
    host::{common_domain, host_name, is_local, is_public_suffix, is_within},
    problem::Findings,
    spec::ProjectSpec,
};

/// What the rest of the settings follows from.
pub(super) struct Addresses {
    pub(super) hosts: Vec<String>,
    pub(super) public_url: Url,
    /// For CORS.
    pub(super) origins: Vec<String>,
    /// `origins` and those of Android apps.
    pub(super) webauthn_origins: Vec<String>,
    /// Empty after a problem.
    pub(super) rp_id: String,
}

impl Addresses {
    pub(super) fn public_host(&self) -> &str {
        self.public_url.host_str().unwrap_or_default()
    }

    pub(super) fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

pub(super) fn resolve(spec: &ProjectSpec, findings: &mut Findings) -> Option<Addresses> {
    let hosts = hosts(&spec.hosts, findings);
    let (web, apps) = origins(&spec.origins, findings);
    let public_url = findings.ok("spec.publicUrl", public_url(spec.public_url.as_deref(), &hosts)?);
    let mut addresses = Addresses {
        hosts,
        public_url: public_url?,
        origins: Vec::new(),
        webauthn_origins: Vec::new(),
        rp_id: String::new(),
    };
    addresses.origins = unique([addresses.public_url.origin().ascii_serialization()].into_iter().chain(web));
    addresses.webauthn_origins = unique(addresses.origins.iter().cloned().chain(apps));
    let named =
        spec.settings.as_ref().and_then(|settings| settings.webauthn.as_ref()?.relying_party.as_ref()?.id.as_deref());
    let rp_id = match named {
        Some(id) => named_rp_id(id, addresses.public_host()),
        None => default_rp_id(&addresses),
    };
    addresses.rp_id = findings.ok("spec.settings.webauthn.relyingParty.id", rp_id).unwrap_or_default();
    Some(addresses)
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}

fn hosts(texts: &[String], findings: &mut Findings) -> Vec<String> {
    if texts.is_empty() {
        findings.add(
            "spec.hosts",
            "is empty; name at least one host that leads to this tenant, such as `auth.acme.example`",
        );
    }
    let mut hosts = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let path = format!("spec.hosts[{i}]");
        match host_name(text) {
            Ok(host) if hosts.contains(&host) => findings.add(path, format!("`{host}` stands here twice; remove one")),
            Ok(host) => hosts.push(host),
            Err(message) => findings.add(path, message),
        }
    }
    hosts
}

/// `None` when it would follow from hosts, and those are the problem.
fn public_url(text: Option<&str>, hosts: &[String]) -> Option<Result<Url, String>> {
    let main = hosts.first()?;
    let Some(text) = text else {
        return Some(Url::parse(&format!("https://{main}")).map_err(|error| error.to_string()));
    };
    Some(parse_public_url(text, hosts))
}

fn parse_public_url(text: &str, hosts: &[String]) -> Result<Url, String> {
    let url = bare_url(text)?;
    let host = url.host_str().unwrap_or_default();
    if !hosts.iter().any(|known| known == host) {
        return Err(format!(
            "its host `{host}` is not one of `spec.hosts`; add it there, or write https://{}",
            hosts.join(" or https://")
        ));
    }
    Ok(url)
}

/// A http or https URL that is nothing but scheme, host and port.
fn bare_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("`{text}` is not a URL ({error}); write one such as `https://auth.acme.example`"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not quoted: it may be a secret.
        return Err("holds a user name or password; remove it".into());
    }
    if url.path() != "/" {
        return Err(format!(
            "`{text}` has a path; write scheme, host and port only, since cookies, passkeys and well-known addresses belong to whole hosts"
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` has a query or fragment; write scheme, host and port only"));
    }
    if url.host_str().is_some_and(|host| host.ends_with('.')) {
        return Err(format!("`{text}`: write the host without the dot at its end"));
    }
    Ok(url)
}

/// Origins of pages, and those of Android apps.
fn origins(texts: &[String], findings: &mut Findings) -> (Vec<String>, Vec<String>) {
    let (mut web, mut apps) = (Vec::new(), Vec::new());
    for (i, text) in texts.iter().enumerate() {
        let path = format!("spec.origins[{i}]");
        if let Some(hash) = text.strip_prefix("android:") {
            if findings.ok(path, android(text, hash)).is_some() {
                apps.push(text.clone());
            }
        } else {
            web.extend(findings.ok(path, origin(text)));
        }
    }
    (web, apps)
}

/// Origins of foreign pages that may frame a ceremony.
pub(super) fn top_origins(texts: &[String], findings: &mut Findings) -> Vec<String> {
    let path = |i| format!("spec.settings.webauthn.topOrigins[{i}]");
    let parsed = texts.iter().enumerate().filter_map(|(i, text)| findings.ok(path(i), origin(text)));
    unique(parsed.collect::<Vec<_>>().into_iter())
}

fn android(text: &str, rest: &str) -> Result<(), String> {
    let hash = rest.strip_prefix("apk-key-hash:").unwrap_or_default();
    let base64url = hash.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if hash.len() == 43 && base64url {
        return Ok(());
    }
    Err(format!(
        "`{text}` is not an app's origin; write `android:apk-key-hash:` and the base64url SHA-256 of its certificate, 43 characters"
    ))
}

fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') || text.contains('?') {
        return Err(format!("`{text}` is a wildcard, which would let foreign pages act for users; name every origin"));
    }
    if text == "null" {
        return Err("`null` is the origin of any sandboxed page; name the origins of your pages".into());
    }
    let url = bare_url(text)?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() == "http" && !is_local(host) {
        return Err(format!(
            "`{text}` is http, where anyone on the network can read and change the page; write https (http is for localhost and names below it)"
        ));
    }
    Ok(url.origin().ascii_serialization())
}

/// WebAuthn L3 §5.1.2: the RP ID is the host itself or a domain above it that somebody can own.
fn named_rp_id(text: &str, public_host: &str) -> Result<String, String> {
    let id = host_name(text)?;
    if !is_within(public_host, &id) {
        return Err(format!(
            "`{id}` is neither the public URL's host `{public_host}` nor above it; browsers would refuse every passkey"
        ));
    }
    if id != public_host && is_public_suffix(&id) {
        return Err(format!(
            "`{id}` is a public suffix, which nobody owns; write a domain below it, such as `{public_host}`"
        ));
    }
    Ok(id)
}

fn default_rp_id(addresses: &Addresses) -> Result<String, String> {
    let public_host = addresses.public_host();
    let origins: Vec<Url> = addresses.origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
    // Pages on an address or on plain localhost (development) can never share a domain with a real host.
    let pages = origins.iter().filter_map(Url::host_str).filter(|host| !is_public_suffix(host));
    let all: Vec<&str> = addresses.hosts.iter().map(String::as_str).chain(pages).collect();
    match common_domain(all.iter().copied()) {
        Some(domain) => Ok(domain),
        None if all.iter().all(|host| *host == public_host) => Ok(public_host.to_owned()),
        None => Err(format!(
            "is needed, since {} share no domain that somebody can own; write the domain your passkeys belong to: `{public_host}` or one above it",
            unique(all.iter().map(|host| format!("`{host}`"))).join(", ")
        )),
    }
}
