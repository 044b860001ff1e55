//! Conditions after the Kubernetes API conventions, and what is worth an event.

use hanko_crds::HankoProjectStatus;
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

use super::{Verdicts, WAITING};

/// Longest message; an event's note may have 1024 bytes.
const LONGEST_MESSAGE: usize = 1000;

/// A condition without its name and its times.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    status: &'static str,
    reason: String,
    message: String,
}

impl Verdict {
    pub(super) fn yes(reason: &str, message: impl ToString) -> Self {
        Self::new("True", reason, message)
    }

    pub(super) fn no(reason: &str, message: impl ToString) -> Self {
        Self::new("False", reason, message)
    }

    pub(super) fn unknown(reason: &str, message: impl ToString) -> Self {
        Self::new("Unknown", reason, message)
    }

    fn new(status: &'static str, reason: &str, message: impl ToString) -> Self {
        let mut message = message.to_string();
        if message.len() > LONGEST_MESSAGE {
            message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
            message.push('…');
        }
        Self { status, reason: reason.to_owned(), message }
    }

    pub(super) fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub(super) fn has_reason(&self, reason: &str) -> bool {
        self.reason == reason
    }
}

/// The conditions in their order; a time of transition moves only with the status.
pub(super) fn merged(
    before: &[Condition],
    verdicts: Verdicts,
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    let all = [
        ("Accepted", verdicts.accepted),
        ("ResolvedRefs", verdicts.resolved),
        ("Programmed", verdicts.programmed),
        ("Ready", verdicts.ready),
    ];
    let condition = |(type_, verdict): (&str, Verdict)| {
        let same = before.iter().find(|old| old.type_ == type_ && old.status == verdict.status);
        Condition {
            type_: type_.to_owned(),
            status: verdict.status.to_owned(),
            reason: verdict.reason,
            message: verdict.message,
            observed_generation: generation,
            last_transition_time: same.map_or(Time(now), |old| old.last_transition_time.clone()),
        }
    };
    all.into_iter().map(condition).collect()
}

/// A change a person may want to hear of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Transition {
    /// Something is wrong.
    pub(crate) warning: bool,
    /// CamelCase.
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// Passkeys and security keys have been given up, or are found to be.
pub(crate) fn stranding(before: &HankoProjectStatus, after: &HankoProjectStatus) -> Option<Transition> {
    let count = |status: &HankoProjectStatus| status.stranded_credentials.unwrap_or_default();
    (count(before) == 0 && count(after) > 0).then(|| Transition {
        warning: true,
        reason: "CredentialsStranded".to_owned(),
        message: format!(
            "{} passkeys and security keys were made for another relying party and cannot be used; \
             they can again when spec.settings.webauthn.relyingParty.id is what it was.",
            count(after)
        ),
    })
}

/// What happened to `Ready`. Waiting is no news.
pub(crate) fn transition(before: &HankoProjectStatus, after: &HankoProjectStatus) -> Option<Transition> {
    let ready = |status: &HankoProjectStatus| status.conditions.iter().find(|c| c.type_ == "Ready").cloned();
    let (old, new) = (ready(before), ready(after)?);
    let changed = old.is_none_or(|old| old.status != new.status || old.reason != new.reason);
    (changed && new.reason != WAITING).then(|| Transition {
        warning: new.status != "True" && new.reason != "Suspended",
        reason: new.reason,
        message: new.message,
    })
}
