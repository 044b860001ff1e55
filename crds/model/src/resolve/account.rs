//! Accounts, and what their owners may do to them.

use std::time::Duration;

use crate::{
    duration,
    problem::Findings,
    project::StepUp,
    spec::{StepUpAction, StepUpSpec},
};

const FRESH: Duration = Duration::from_secs(5 * 60);
const SHORTEST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

pub(super) fn step_up(spec: &StepUpSpec, findings: &mut Findings) -> StepUp {
    let path = "spec.settings.account.stepUp";
    let enabled = spec.enabled.unwrap_or(false);
    if enabled && spec.actions.as_ref().is_some_and(Vec::is_empty) {
        findings.add(
            format!("{path}.actions"),
            "names no action, so nothing would ask for a fresh sign-in; name some, leave the list out for the default one, or write `enabled: false`",
        );
    }
    let actions = spec.actions.clone().filter(|_| enabled);
    StepUp {
        enabled,
        actions: match actions {
            Some(actions) => actions.into_iter().collect(),
            None => StepUpAction::ALL.into_iter().filter(|action| enabled && opens_the_account(*action)).collect(),
        },
        max_age: max_age(&format!("{path}.maxAge"), spec.max_age.as_deref(), findings),
    }
}

/// It changes how somebody gets into the account, or ends it.
fn opens_the_account(action: StepUpAction) -> bool {
    use StepUpAction::{
        EmailVerify, PatchMetadata, SessionDelete, UsernameCreate, UsernameDelete, UsernameUpdate,
        WebauthnCredentialRename,
    };
    !matches!(
        action,
        EmailVerify
            | PatchMetadata
            | SessionDelete
            | UsernameCreate
            | UsernameDelete
            | UsernameUpdate
            | WebauthnCredentialRename
    )
}

fn max_age(path: &str, text: Option<&str>, findings: &mut Findings) -> Duration {
    let Some(age) = text.and_then(|text| findings.ok(path, duration::parse(text))) else { return FRESH };
    if !(SHORTEST..=LONGEST).contains(&age) {
        findings.add(path, format!("`{}` is not possible; write `30s` to `24h`", duration::format(age)));
    }
    age
}
