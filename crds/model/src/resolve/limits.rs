//! How often something may be tried.

use std::time::Duration;

use crate::{
    problem::Findings,
    project::{Limit, RateLimiter},
    resolve::{reference::check_ref, session::positive, settings::number},
    spec::{LimitSpec, RateLimiterSpec},
};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn resolve(spec: &RateLimiterSpec, findings: &mut Findings) -> RateLimiter {
    let enabled = spec.enabled.unwrap_or(true);
    if let Some(redis) = &spec.redis {
        check_ref("spec.settings.rateLimiter.redis.urlRef", &redis.url_ref, findings);
    }
    let mut limit = |name: &str, given: Option<&LimitSpec>, tokens: u32, interval: Duration| {
        let path = format!("spec.settings.rateLimiter.{name}");
        let tokens = number(
            &format!("{path}.tokens"),
            given.map(|limit| limit.tokens),
            tokens,
            1..=1_000_000,
            "per window",
            findings,
        );
        let interval = positive(&format!("{path}.interval"), given.map(|limit| &*limit.interval), interval, findings);
        enabled.then_some(Limit { tokens, interval })
    };
    RateLimiter {
        password: limit("passwordLimits", spec.password_limits.as_ref(), 5, MINUTE),
        passcode: limit("passcodeLimits", spec.passcode_limits.as_ref(), 3, MINUTE),
        otp: limit("otpLimits", spec.otp_limits.as_ref(), 3, MINUTE),
        token: limit("tokenLimits", spec.token_limits.as_ref(), 3, MINUTE),
        account: limit("accountLimits", spec.account_limits.as_ref(), 30, 60 * MINUTE),
        recipient: limit("recipientLimits", spec.recipient_limits.as_ref(), 20, 60 * MINUTE),
        mail_client: limit("mailClientLimits", spec.mail_client_limits.as_ref(), 100, 10 * MINUTE),
        flood: limit("floodLimits", spec.flood_limits.as_ref(), 1200, MINUTE),
        redis: spec.redis.as_ref().filter(|_| enabled).map(|redis| redis.url_ref.clone()),
    }
}
