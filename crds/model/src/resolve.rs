//! From what an author wrote to what it means: every default applied, everything that cannot work refused.

mod account;
mod addresses;
mod admin_api;
mod audit_log;
mod claims;
mod deployment;
mod identifiers;
mod limits;
mod mail;
mod mail_templates;
mod metadata;
mod mfa;
mod reference;
mod session;
mod settings;
mod sign_in;
#[cfg(test)]
mod tests;
mod webhooks;

use uuid::Uuid;

use crate::{
    Problems,
    document::Document,
    problem::Findings,
    project::{GeneratedKey, Keys, Project},
    render::ACKNOWLEDGE_ANNOTATION,
    resolve::{addresses::Addresses, reference::check_object_name},
    secrets::is_master_key_id,
    spec::KeysSpec,
};

/// The namespace of tenant ids derived from names, so that a name gives the same id on a laptop and on a cluster. For ever.
pub const TENANT_NAMESPACE: Uuid = uuid::uuid!("9c6f0f0e-5c2b-4b0a-9d35-4e8f6a7b2c11");

/// Applies all defaults and checks all meanings. The caller has looked for [`crate::document::conflicts`] with others.
///
/// # Errors
/// All problems at once, each with the path of its field and what to do.
pub fn resolve(document: &Document) -> Result<Project, Problems> {
    let mut findings = Findings::of(document.label());
    let project = build(document, &mut findings);
    let problems = findings.into_problems();
    match project {
        Some(project) if problems.is_empty() => Ok(project),
        _ => Err(Problems(problems)),
    }
}

/// `None` only after a problem was found.
fn build(document: &Document, findings: &mut Findings) -> Option<Project> {
    let Document { namespace, name, spec, .. } = document;
    check_object_name("metadata.name", name, findings);
    check_namespace(namespace, findings);
    let keys = keys(document, &spec.keys.clone().unwrap_or_default(), findings);
    let addresses = addresses::resolve(spec, findings);
    let database = deployment::database(spec.database.as_ref(), findings);
    let client_ip = deployment::client_ip(spec.client_ip.as_ref(), findings);
    let deployment = deployment::deployment(spec, findings);
    let settings = settings::resolve(document, addresses.as_ref(), findings);
    let public_host = addresses.as_ref().map_or("", Addresses::public_host);
    let mail = spec.mail.as_ref().map(|mail| mail::resolve(mail, &settings.service_name, public_host, findings));
    let admin_api = admin_api::resolve(&spec.admin_api.clone().unwrap_or_default(), name, findings);
    let webhooks = webhooks::resolve(&spec.webhooks.clone().unwrap_or_default(), findings);
    let outbound = webhooks::outbound(&spec.outbound.clone().unwrap_or_default(), findings);
    let addresses = addresses?;
    let project = Project {
        namespace: namespace.clone(),
        name: name.clone(),
        tenant_id: spec.tenant_id.unwrap_or_else(|| default_tenant_id(document)),
        hosts: addresses.hosts,
        public_url: addresses.public_url,
        origins: addresses.origins,
        database,
        mail,
        keys,
        client_ip,
        settings,
        admin_api,
        webhooks,
        outbound,
        deployment,
    };
    check_whole_secrets(&project, findings);
    Some(project)
}

/// Secrets that are read as a whole are nobody else's.
fn check_whole_secrets(project: &Project, findings: &mut Findings) {
    let master_keys = &project.keys.master_key_secret;
    let refs = project.secret_refs();
    if refs.contains_key(master_keys) {
        findings.add(
            "spec.keys.masterKeyRef.name",
            format!("every entry of `{master_keys}` is a master key, yet another field reads it too; keep that value in a Secret of its own"),
        );
    }
    let Some(GeneratedKey { secret, .. }) = &project.admin_api.generated else { return };
    if refs.contains_key(secret) || secret == master_keys {
        findings.add(
            "spec.adminApi.generatedKey",
            format!("is made in `{secret}`, yet another field reads that Secret too; name another one there, or write `enabled: false`"),
        );
    }
}

fn default_tenant_id(document: &Document) -> Uuid {
    Uuid::new_v5(&TENANT_NAMESPACE, document.label().as_bytes())
}

fn check_namespace(namespace: &str, findings: &mut Findings) {
    if namespace.contains('.') || namespace.len() > 63 || !reference::is_object_name(namespace) {
        findings.add(
            "metadata.namespace",
            format!("`{namespace}` is not a namespace; write lower-case letters, digits and dashes, at most 63"),
        );
    }
}

fn keys(document: &Document, spec: &KeysSpec, findings: &mut Findings) -> Keys {
    let default = crate::names::child_name(&document.name, "keys");
    let named = spec.master_key_ref.as_ref().map(|reference| reference.name.clone());
    if let Some(name) = &named {
        check_object_name("spec.keys.masterKeyRef.name", name, findings);
    }
    let rsa_bits = spec.rsa_bits.unwrap_or(2048);
    if ![2048, 3072, 4096].contains(&rsa_bits) {
        findings.add("spec.keys.rsaBits", format!("{rsa_bits} is not possible; write 2048, 3072 or 4096"));
    }
    // The operator writes the default into the document it renders; its author named nothing.
    let named_by_author = named.as_ref().is_some_and(|name| !(document.is_rendered() && *name == default));
    let acknowledged = document.annotations.get(ACKNOWLEDGE_ANNOTATION).cloned();
    if let Some(key) = acknowledged.as_deref().filter(|key| !is_master_key_id(key)) {
        findings.add(
            "metadata.annotations",
            format!("`{ACKNOWLEDGE_ANNOTATION}: {key}` names no master key; write 1 to 32 of a-z, 0-9 and -"),
        );
    }
    Keys { master_key_secret: named.unwrap_or(default), named: named_by_author, acknowledged, rsa_bits }
}
