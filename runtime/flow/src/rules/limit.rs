//! Limits that protect an account (`spec/flow-login-registration.md` §4.15, `spec/decisions.md` 24).

use aws_lc_rs::hmac;
use hanko_model::project::Limit;
use hanko_store::limits::Window;

use crate::engine::{Cx, Failure};

/// Takes a token for a password attempt. `Some`: none is left for so many seconds.
pub(crate) async fn password(cx: &Cx<'_>) -> Result<Option<u64>, Failure> {
    let account = cx.stash.identification.as_deref().unwrap_or_default();
    take(cx, cx.settings().rate_limiter.password, "password", account).await
}

/// Takes a token for a mail to the flow's address.
pub(crate) async fn passcode(cx: &Cx<'_>, address: &str) -> Result<Option<u64>, Failure> {
    take(cx, cx.settings().rate_limiter.passcode, "passcode", address).await
}

async fn take(cx: &Cx<'_>, limit: Option<Limit>, what: &str, account: &str) -> Result<Option<u64>, Failure> {
    let Some(limit) = limit else { return Ok(None) };
    let key = hmac::Key::new(hmac::HMAC_SHA256, cx.inner().limit_key.expose());
    let mut bucket = [0; 32];
    bucket.copy_from_slice(hmac::sign(&key, format!("{what}/{}/{account}", cx.request.ip_key()).as_bytes()).as_ref());
    let window = Window { bucket, tokens: limit.tokens, interval: limit.interval };
    // At least one: a client that waits zero seconds tries at once and fails again.
    Ok(cx.store().take(&[window], cx.now).await?.map(|exhausted| exhausted.retry_after.as_secs().max(1)))
}
