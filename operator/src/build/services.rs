//! The two ports, each a Service of its own: whoever exposes the public one cannot expose the Admin API by accident.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use super::{ADMIN_PORT, PUBLIC_PORT, owned, port};
use crate::{labels::selector, validate::ValidatedProject};

pub(super) fn public(project: &ValidatedProject) -> Service {
    service(project, &project.names.public, "http", PUBLIC_PORT, "public")
}

pub(super) fn admin(project: &ValidatedProject) -> Service {
    service(project, &project.names.admin, "admin", ADMIN_PORT, "admin")
}

fn service(project: &ValidatedProject, name: &str, port_name: &str, number: i32, target: &str) -> Service {
    Service {
        metadata: owned(project, name),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(selector(&project.label)),
            ports: Some(vec![ServicePort {
                name: Some(port_name.to_owned()),
                port: number,
                protocol: Some("TCP".to_owned()),
                target_port: Some(port(target)),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}
