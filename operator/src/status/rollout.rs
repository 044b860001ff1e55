//! What the Deployment says about itself.

use kube::core::DynamicObject;
use serde_json::Value;

/// How the newest pods come along.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rollout {
    /// All wanted pods are available.
    pub(crate) available: bool,
    /// New pods have not become ready in time.
    pub(crate) failure: Option<String>,
}

impl Rollout {
    /// `None`: the watch does not show the Deployment yet.
    pub(crate) fn of(deployment: Option<&DynamicObject>) -> Self {
        let Some(deployment) = deployment else { return Self::default() };
        let observed = deployment.data.pointer("/status/observedGeneration").and_then(Value::as_i64);
        if observed < deployment.metadata.generation {
            return Self::default();
        }
        let conditions = deployment.data.pointer("/status/conditions").and_then(Value::as_array);
        let condition = |name: &str| {
            conditions
                .into_iter()
                .flatten()
                .find(|condition| condition.get("type").and_then(Value::as_str) == Some(name))
        };
        let text = |condition: &Value, field: &str| {
            condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let progressing = condition("Progressing").filter(|condition| text(condition, "status") == "False");
        Self {
            available: condition("Available").is_some_and(|condition| text(condition, "status") == "True"),
            failure: progressing.map(|condition| text(condition, "message")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(generation: i64, observed: i64, available: &str, progressing: &str) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "generation": generation},
            "status": {"observedGeneration": observed, "conditions": [
                {"type": "Available", "status": available, "message": "m"},
                {"type": "Progressing", "status": progressing, "message": "timed out"}]}}))
        .unwrap()
    }

    #[test]
    fn a_deployment_the_controller_has_not_looked_at_says_nothing() {
        assert_eq!(Rollout::of(None), Rollout::default());
        assert_eq!(Rollout::of(Some(&deployment(2, 1, "True", "True"))), Rollout::default());
    }

    #[test]
    fn a_rollout_that_timed_out_is_a_failure_with_its_message_though_old_pods_are_available() {
        let rollout = Rollout::of(Some(&deployment(2, 2, "True", "False")));
        assert_eq!(rollout, Rollout { available: true, failure: Some("timed out".to_owned()) });
    }
}
