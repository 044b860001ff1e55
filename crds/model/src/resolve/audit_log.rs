//! The audit log.

use std::time::Duration;

use crate::{
    duration,
    problem::Findings,
    spec::{AuditLogSpec, AuditOutput},
};

const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn console(spec: &AuditLogSpec) -> Option<AuditOutput> {
    let spec = spec.console_output.clone().unwrap_or_default();
    spec.enabled.unwrap_or(true).then(|| spec.output.unwrap_or(AuditOutput::Stdout))
}

pub(super) fn retention(spec: &AuditLogSpec, findings: &mut Findings) -> Duration {
    let path = "spec.settings.auditLog.retention";
    let given = spec.retention.as_deref().and_then(|text| findings.ok(path, duration::parse(text)));
    let retention = given.unwrap_or(720 * HOUR);
    if retention < HOUR {
        findings.add(path, format!("`{}` is shorter than an hour; write at least `1h`", duration::format(retention)));
    }
    retention
}
