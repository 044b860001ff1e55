//! The public port is open to all, the admin port to the project's and the operator's namespaces; egress is not restricted.
//! Only our own pods are selected, so that nothing else in the namespace changes (certificate solvers, for one).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{
        NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{owned, port};
use crate::{labels::selector, validate::ValidatedProject};

pub(super) fn network_policy(project: &ValidatedProject) -> NetworkPolicy {
    let own = NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() };
    NetworkPolicy {
        metadata: owned(project, &project.names.runtime),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector { match_labels: Some(selector(&project.label)), match_expressions: None }),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![
                rule("public", None),
                rule("admin", Some(vec![own, namespace(&project.installation.namespace)])),
            ]),
            egress: None,
        }),
    }
}

fn rule(to: &str, from: Option<Vec<NetworkPolicyPeer>>) -> NetworkPolicyIngressRule {
    let tcp = NetworkPolicyPort { port: Some(port(to)), protocol: Some("TCP".to_owned()), end_port: None };
    NetworkPolicyIngressRule { ports: Some(vec![tcp]), from }
}

fn namespace(name: &str) -> NetworkPolicyPeer {
    let labels = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), name.to_owned())]);
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector { match_labels: Some(labels), match_expressions: None }),
        ..NetworkPolicyPeer::default()
    }
}
