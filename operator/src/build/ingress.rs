//! The public Service behind an Ingress controller, when its class is set.

use k8s_openapi::{
    api::networking::v1::{
        HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
        IngressSpec, IngressTLS, ServiceBackendPort,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::owned;
use crate::validate::ValidatedProject;

pub(super) fn ingress(project: &ValidatedProject) -> Option<Ingress> {
    let wanted = project.project.deployment.ingress.as_ref()?;
    let hosts = &project.project.hosts;
    Some(Ingress {
        metadata: ObjectMeta {
            annotations: Some(wanted.annotations.clone()).filter(|annotations| !annotations.is_empty()),
            ..owned(project, &project.names.public)
        },
        spec: Some(IngressSpec {
            ingress_class_name: Some(wanted.class_name.clone()),
            rules: Some(hosts.iter().map(|host| rule(host, &project.names.public)).collect()),
            tls: wanted
                .tls_secret_name
                .clone()
                .map(|secret| vec![IngressTLS { hosts: Some(hosts.clone()), secret_name: Some(secret) }]),
            ..IngressSpec::default()
        }),
        status: None,
    })
}

fn rule(host: &str, service: &str) -> IngressRule {
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name: service.to_owned(),
            port: Some(ServiceBackendPort { name: Some("http".to_owned()), number: None }),
        }),
        resource: None,
    };
    let path = HTTPIngressPath { path: Some("/".to_owned()), path_type: "Prefix".to_owned(), backend };
    IngressRule { host: Some(host.to_owned()), http: Some(HTTPIngressRuleValue { paths: vec![path] }) }
}
