//! Who may call the Admin API.

use std::time::Duration;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    duration,
    names::child_name,
    problem::Findings,
    project::{AdminApi, AdminKey, GENERATED_KEY_NAME, GeneratedKey},
    resolve::reference::{check_label, check_ref},
    spec::{AdminApiSpec, AdminKeySpec, ApiScopeSpec, Authentication},
};

const OVERLAP: Duration = Duration::from_secs(24 * 3600);

pub(super) fn resolve(spec: &AdminApiSpec, project: &str, findings: &mut Findings) -> AdminApi {
    let authentication_required = spec.authentication != Some(Authentication::Disabled);
    let generated = spec.generated_key.clone().unwrap_or_default();
    let overlap = generated
        .overlap
        .and_then(|text| findings.ok("spec.adminApi.generatedKey.overlap", duration::parse(&text)))
        .unwrap_or(OVERLAP);
    let mut keys: Vec<AdminKey> = Vec::new();
    for (i, spec) in spec.keys.iter().enumerate() {
        let key = key(&format!("spec.adminApi.keys[{i}]"), spec, &keys, findings);
        keys.push(key);
    }
    AdminApi {
        authentication_required,
        keys,
        generated: (authentication_required && generated.enabled.unwrap_or(true))
            .then(|| GeneratedKey { secret: child_name(project, "admin-key"), overlap }),
    }
}

fn key(path: &str, spec: &AdminKeySpec, before: &[AdminKey], findings: &mut Findings) -> AdminKey {
    let AdminKeySpec { name, scopes, key_ref, expires_at } = spec;
    let at = format!("{path}.name");
    check_label(&at, name, findings);
    if name == GENERATED_KEY_NAME {
        findings.add(&*at, format!("`{name}` is the key that is made for the project; write another name"));
    }
    if before.iter().any(|key| key.name == *name) {
        findings.add(at, format!("`{name}` stands here twice; write a name of its own for each key"));
    }
    check_ref(&format!("{path}.keyRef"), key_ref, findings);
    if let Some(other) = before.iter().find(|key| key.key_ref == *key_ref) {
        findings.add(
            format!("{path}.keyRef"),
            format!("is the key `{}` as well; write another one, or remove one of the two", other.name),
        );
    }
    AdminKey {
        name: name.clone(),
        scopes: resolve_scopes(&format!("{path}.scopes"), scopes.as_deref(), findings),
        key_ref: key_ref.clone(),
        expires_at: expires_at.as_deref().and_then(|text| findings.ok(format!("{path}.expiresAt"), unix_seconds(text))),
    }
}

fn resolve_scopes(path: &str, given: Option<&[ApiScopeSpec]>, findings: &mut Findings) -> Vec<ApiScopeSpec> {
    let Some(scopes) = given else { return vec![ApiScopeSpec::All] };
    if scopes.is_empty() {
        findings.add(path, "names no right, so the key could do nothing; name some, or leave the list out for `all`");
    }
    for (i, scope) in scopes.iter().enumerate() {
        if scopes.iter().take(i).any(|before| before == scope) {
            findings.add(format!("{path}[{i}]"), format!("`{}` stands here twice; remove one", scope.as_str()));
        }
    }
    scopes.to_vec()
}

fn unix_seconds(text: &str) -> Result<i64, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map(OffsetDateTime::unix_timestamp)
        .map_err(|_| format!("`{text}` is not a time; write one such as `2027-01-31T00:00:00Z` (RFC 3339)"))
}
