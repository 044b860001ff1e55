//! How the operator runs a tenant: database, replicas, resources, ingress, proxies in front.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::{
    problem::Findings,
    project::{ClientIp, Database, Deployment, Ingress},
    quantity,
    resolve::reference::{check_object_name, check_qualified_name, check_ref},
    spec::{ClientIpSpec, DatabaseSpec, IngressSpec, IpExtractor, ProjectSpec, ResourcesSpec, SqliteSpec},
};

pub(super) fn database(spec: Option<&DatabaseSpec>, findings: &mut Findings) -> Database {
    let spec = spec.cloned().unwrap_or_default();
    if spec.sqlite.is_some() && spec.postgres.is_some() {
        findings.add("spec.database", "names two databases; keep `sqlite` or `postgres`");
    }
    let Some(postgres) = spec.postgres else {
        let SqliteSpec { size, storage_class_name } = spec.sqlite.unwrap_or_default();
        let size = size.unwrap_or_else(|| "1Gi".into());
        if findings.ok("spec.database.sqlite.size", quantity::parse(&size)).is_some_and(|bytes| bytes < 1.0) {
            findings.add("spec.database.sqlite.size", format!("`{size}` holds nothing; write a size such as `1Gi`"));
        }
        if let Some(class) = &storage_class_name {
            check_object_name("spec.database.sqlite.storageClassName", class, findings);
        }
        return Database::Sqlite { size, storage_class_name };
    };
    check_ref("spec.database.postgres.urlRef", &postgres.url_ref, findings);
    let max_connections = postgres.max_connections.unwrap_or(5);
    if !(1..=1000).contains(&max_connections) {
        findings.add(
            "spec.database.postgres.maxConnections",
            format!("{max_connections} is not possible; write 1 to 1000"),
        );
    }
    Database::Postgres { url_ref: postgres.url_ref, max_connections }
}

pub(super) fn client_ip(spec: Option<&ClientIpSpec>, findings: &mut Findings) -> ClientIp {
    let spec = spec.cloned().unwrap_or_default();
    let extractor = spec.extractor.unwrap_or(IpExtractor::Direct);
    let direct = extractor == IpExtractor::Direct;
    if !direct && spec.trusted_proxies.is_empty() {
        findings.add(
            "spec.clientIp.trustedProxies",
            "is needed to believe a header; write the address ranges of your proxies, such as `10.0.0.0/8`",
        );
    }
    if direct && !spec.trusted_proxies.is_empty() {
        findings.add(
            "spec.clientIp.extractor",
            "is `direct`, which believes no proxy; write `xForwardedFor` or `xRealIp`, or remove `trustedProxies`",
        );
    }
    let mut trusted_proxies = Vec::new();
    for (i, text) in spec.trusted_proxies.iter().enumerate() {
        let range = text
            .parse::<IpNet>()
            .map_err(|_| format!("`{text}` is not an address range; write one such as `10.0.0.0/8` or `::1/128`"));
        trusted_proxies.extend(findings.ok(format!("spec.clientIp.trustedProxies[{i}]"), range));
    }
    ClientIp { extractor, trusted_proxies }
}

pub(super) fn deployment(spec: &ProjectSpec, findings: &mut Findings) -> Deployment {
    let sqlite = spec.database.as_ref().is_none_or(|database| database.postgres.is_none());
    match spec.replicas {
        Some(0) => findings.add("spec.replicas", "0 is not possible; write `suspend: true` to stop the tenant"),
        Some(1) | None => {}
        Some(number) if sqlite => {
            findings.add(
                "spec.replicas",
                format!("{number} pods cannot share a SQLite file; write 1, or use `database.postgres`"),
            );
        }
        Some(number) if number > 1000 => findings.add("spec.replicas", format!("{number} is more than 1000")),
        Some(_) => {}
    }
    let (requests, limits) = resources(&spec.resources.clone().unwrap_or_default(), findings);
    Deployment {
        replicas: spec.replicas,
        suspend: spec.suspend.unwrap_or(false),
        requests,
        limits,
        ingress: spec
            .exposure
            .as_ref()
            .and_then(|exposure| exposure.ingress.as_ref())
            .map(|spec| ingress(spec, findings)),
        deletion_policy: spec.deletion_policy.unwrap_or_default(),
    }
}

type Resources = BTreeMap<String, String>;

/// Defaults give way where they would contradict what the author wrote (Kubernetes refuses a request above its limit).
fn resources(spec: &ResourcesSpec, findings: &mut Findings) -> (Resources, Resources) {
    for (part, given) in [("requests", &spec.requests), ("limits", &spec.limits)] {
        for (name, amount) in given {
            check_qualified_name(&format!("spec.resources.{part}"), name, findings);
            findings.ok(format!("spec.resources.{part}.{name}"), quantity::parse(amount));
        }
    }
    let above = |a: &str, b: &str| matches!((quantity::parse(a), quantity::parse(b)), (Ok(a), Ok(b)) if a > b);
    let (mut requests, mut limits) = (spec.requests.clone(), spec.limits.clone());
    for (name, request, limit) in [("cpu", "50m", None), ("memory", "32Mi", Some("256Mi"))] {
        let request = match limits.get(name) {
            Some(limit) if above(request, limit) => limit.clone(),
            _ => request.to_owned(),
        };
        let request = requests.entry(name.into()).or_insert(request);
        if let Some(limit) = limit {
            limits
                .entry(name.into())
                .or_insert_with(|| if above(request, limit) { request.clone() } else { limit.to_owned() });
        }
    }
    for (name, request) in &requests {
        if let Some(limit) = limits.get(name).filter(|limit| above(request, limit)) {
            findings.add(
                format!("spec.resources.requests.{name}"),
                format!("`{request}` is above the limit `{limit}`; lower it, or raise the limit"),
            );
        }
    }
    (requests, limits)
}

fn ingress(spec: &IngressSpec, findings: &mut Findings) -> Ingress {
    check_object_name("spec.exposure.ingress.className", &spec.class_name, findings);
    if let Some(name) = &spec.tls_secret_name {
        check_object_name("spec.exposure.ingress.tlsSecretName", name, findings);
    }
    for name in spec.annotations.keys() {
        check_qualified_name("spec.exposure.ingress.annotations", name, findings);
    }
    Ingress {
        class_name: spec.class_name.clone(),
        tls_secret_name: spec.tls_secret_name.clone(),
        annotations: spec.annotations.clone(),
    }
}
