//! Who signs in, who is refused, who signs up, and how long that takes.

use std::time::Duration;

use http::StatusCode;
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

use super::keep;

/// Seconds: a password manager needs two, a code from a mail half a minute, who reads the mail tomorrow none of these.
const BUCKETS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

/// What a refused action of the login flow would have proven, in the words of `amr`. A security key answers like a passkey.
const ACTIONS: [(&str, &str); 4] = [
    ("password_login", "pwd"),
    ("verify_passcode", "otp"),
    ("webauthn_verify_assertion_response", "passkey"),
    ("otp_code_validate", "totp"),
];

/// What a refused request to an endpoint of earlier versions would have proven, and the answers that mean a wrong proof.
const ROUTES: [(&str, &str, &[u16]); 3] = [
    ("/password/login", "pwd", &[401]),
    ("/passcode/login/finalize", "otp", &[401, 408, 410]),
    ("/webauthn/login/finalize", "passkey", &[401]),
];

pub(super) struct Logins {
    sessions: IntCounterVec,
    refusals: IntCounterVec,
    logins: IntCounterVec,
    registrations: IntCounter,
    durations: HistogramVec,
}

impl Logins {
    pub(super) fn new(registry: &Registry) -> Self {
        let counters = |name, help, labels: &[&str]| keep(registry, IntCounterVec::new(Opts::new(name, help), labels));
        let durations = HistogramOpts::new(
            "hanko_flow_duration_seconds",
            "Runs of flows that came to their end, by flow, from the first request to the last.",
        );
        Self {
            sessions: counters(
                "hanko_sessions_created_total",
                "Sessions made, by flow and what proved the user.",
                &["flow", "method"],
            ),
            refusals: counters(
                "hanko_flow_refusals_total",
                "Actions of flows that were refused, by the code of the reason.",
                &["flow", "action", "reason"],
            ),
            logins: counters(
                "hanko_logins_total",
                "Logins by what proved the user, or would have, and proofs that were refused.",
                &["method", "outcome"],
            ),
            registrations: keep(
                registry,
                IntCounter::new("hanko_registrations_total", "Accounts that somebody has made by signing up."),
            ),
            durations: keep(registry, HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["flow"])),
        }
    }

    /// `method` is the session's `amr`, joined by `+`.
    pub(super) fn logged_in(&self, flow: &str, method: &str) {
        self.sessions.with_label_values(&[flow, method]).inc();
        self.logins.with_label_values(&[method, "success"]).inc();
    }

    pub(super) fn signed_up(&self, flow: &str, method: &str) {
        self.sessions.with_label_values(&[flow, method]).inc();
        self.registrations.inc();
    }

    pub(super) fn flow_ended(&self, flow: &str, took: Duration) {
        self.durations.with_label_values(&[flow]).observe(took.as_secs_f64());
    }

    pub(super) fn flow_refused(&self, flow: &str, action: &str, reason: &str) {
        self.refusals.with_label_values(&[flow, action, reason]).inc();
        if flow == "login"
            && let Some((_, method)) = ACTIONS.iter().find(|(known, _)| *known == action)
        {
            self.refused(method);
        }
    }

    /// Looks whether an answer refused a login.
    pub(super) fn answered(&self, route: &str, status: StatusCode) {
        let known = ROUTES.iter().find(|(known, ..)| *known == route);
        if let Some((_, method, statuses)) = known
            && statuses.contains(&status.as_u16())
        {
            self.refused(method);
        }
    }

    fn refused(&self, method: &str) {
        self.logins.with_label_values(&[method, "failure"]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_that_proved_something_and_a_failure_one_whose_proof_was_refused() {
        let logins = Logins::new(&Registry::new());
        logins.logged_in("login", "pwd+totp");
        logins.logged_in("rest", "pwd");
        logins.signed_up("registration", "otp");
        logins.flow_refused("login", "password_login", "form_data_invalid_error");
        logins.flow_refused("login", "continue_with_login_identifier", "form_data_invalid_error");
        logins.flow_refused("profile", "otp_code_verify", "passcode_invalid");
        logins.answered("/password/login", StatusCode::UNAUTHORIZED);
        logins.answered("/password/login", StatusCode::OK);
        logins.answered("/users", StatusCode::UNAUTHORIZED);
        let count = |method, outcome| logins.logins.with_label_values(&[method, outcome]).get();
        assert_eq!((count("pwd+totp", "success"), count("pwd", "success"), count("pwd", "failure")), (1, 1, 2));
        assert_eq!((count("otp", "success"), logins.registrations.get()), (0, 1));
    }
}
