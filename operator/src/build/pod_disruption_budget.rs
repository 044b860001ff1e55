//! Pods leave one at a time. One pod alone has no budget, or no node could be drained; broken pods never hold a drain up.

use k8s_openapi::{
    api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{may_be_many, owned};
use crate::{labels::selector, validate::ValidatedProject};

pub(super) fn pod_disruption_budget(project: &ValidatedProject) -> Option<PodDisruptionBudget> {
    may_be_many(project).then(|| PodDisruptionBudget {
        metadata: owned(project, &project.names.runtime),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector { match_labels: Some(selector(&project.label)), match_expressions: None }),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    })
}
