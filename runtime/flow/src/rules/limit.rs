//! Limits that protect an account (`spec/flow-login-registration.md` §4.15, `spec/decisions.md` 24).
//!
//! The first window of each kind belongs to an account and a client address. The second belongs to the account alone: it stops
//! guessing from many addresses. Whoever the account knows already, by a trusted device or a session from the same address, is
//! let through it, so that nobody can lock an owner out (FC-52).

use aws_lc_rs::hmac;
use hanko_domain::{AuditEntry, AuditKind, Timestamp, UserId, audit::Actor};
use hanko_model::project::Limit;
use hanko_notify::mail::Template;
use hanko_store::limits::{Exhausted, Window};

use crate::{
    engine::{Cx, Failure, FlowError},
    rules::{device, notice},
    tenant::Inner,
};

/// Takes a token for a password attempt. `Some`: none is left for so many seconds.
pub(crate) async fn password(cx: &mut Cx<'_>) -> Result<Option<u64>, Failure> {
    // An account is one whatever it was called; a stranger is what was typed.
    let typed = cx.stash.identification.clone().unwrap_or_default();
    let account = cx.stash.user.map_or(typed, |user| user.to_string());
    let (limits, ip) = (&cx.settings().rate_limiter, cx.request.ip_key());
    let windows = [
        window(cx.inner(), limits.password, &format!("password/{ip}/{account}")),
        window(cx.inner(), limits.account, &format!("password-account/{account}")),
    ];
    let Some(exhausted) = take(cx.inner(), windows, cx.now).await? else { return Ok(None) };
    if exhausted.window == 1 {
        if exhausted.first {
            pause_begins(cx).await?;
        }
        if is_known(cx).await? {
            return Ok(None);
        }
    }
    Ok(Some(seconds(&exhausted)))
}

/// Takes a token for a code that confirms a new TOTP secret. The secret stands on the same page, so this is about load and not about
/// guessing: people mistype, and the official element keeps wrong digits in its boxes.
pub(crate) async fn totp_set_up(cx: &Cx<'_>, user: UserId) -> Result<Option<u64>, Failure> {
    let windows = [window(cx.inner(), cx.settings().rate_limiter.account, &format!("otp-set-up/{user}"))];
    Ok(take(cx.inner(), windows, cx.now).await?.as_ref().map(seconds))
}

/// Takes a token for a TOTP code to sign in.
pub(crate) async fn totp(cx: &Cx<'_>, user: UserId) -> Result<Option<u64>, Failure> {
    let (limits, ip) = (&cx.settings().rate_limiter, cx.request.ip_key());
    let windows = [
        window(cx.inner(), limits.otp, &format!("otp/{ip}/{user}")),
        window(cx.inner(), limits.account, &format!("otp-account/{user}")),
    ];
    match take(cx.inner(), windows, cx.now).await? {
        // Somebody who has the password can use the account's tokens up, but not for its owner.
        Some(exhausted) if exhausted.window == 1 && is_known(cx).await? => Ok(None),
        exhausted => Ok(exhausted.as_ref().map(seconds)),
    }
}

/// Takes a token for a mail to an address: from this client to it, to it from anybody, and from this client to anybody.
pub(crate) async fn mail(cx: &Cx<'_>, address: &str) -> Result<Option<u64>, Failure> {
    let (limits, ip) = (&cx.settings().rate_limiter, cx.request.ip_key());
    let windows = [
        window(cx.inner(), limits.passcode, &format!("passcode/{ip}/{address}")),
        window(cx.inner(), limits.mail_client, &format!("mail-client/{ip}")),
        window(cx.inner(), limits.recipient, &format!("mail-recipient/{address}")),
    ];
    match take(cx.inner(), windows, cx.now).await? {
        Some(exhausted) if exhausted.window == 2 && is_known(cx).await? => Ok(None),
        exhausted => Ok(exhausted.as_ref().map(seconds)),
    }
}

/// Refuses for now.
pub(crate) fn exhausted(cx: &mut Cx<'_>, name: &str, seconds: u64) -> Failure {
    cx.payload.insert(name.to_owned(), seconds.into());
    Failure::refused(FlowError::RateLimited)
}

/// The account has seen this client before.
async fn is_known(cx: &Cx<'_>) -> Result<bool, Failure> {
    let Some(user) = cx.stash.user else { return Ok(false) };
    if device::recognise(cx, user).await?.is_some() {
        return Ok(true);
    }
    let Some(ip) = cx.request.ip else { return Ok(false) };
    Ok(cx.store().has_session_from(user, &ip.to_string(), cx.now).await?)
}

/// One audit entry and one mail for each pause, however many attempts follow.
async fn pause_begins(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let actor = Actor { user: cx.stash.user, email: None };
    let entry = AuditEntry::new(AuditKind::PasswordLimitReached, actor);
    cx.audit(entry.failed("too many password attempts from all addresses together"));
    if let (Some(user), true) = (cx.stash.user, cx.settings().security_notifications.password_limit) {
        notice::send(cx, user, Template::PasswordLimit).await?;
    }
    Ok(())
}

/// A limit that is off has room for ever.
pub(crate) fn window(inner: &Inner, limit: Option<Limit>, what: &str) -> Option<Window> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, inner.limit_key.expose());
    let mut bucket = [0; 32];
    bucket.copy_from_slice(hmac::sign(&key, what.as_bytes()).as_ref());
    limit.map(|limit| Window { bucket, tokens: limit.tokens, interval: limit.interval })
}

/// Takes from the windows in their order; the number in the answer is the place in `windows`.
pub(crate) async fn take<const N: usize>(
    inner: &Inner,
    windows: [Option<Window>; N],
    now: Timestamp,
) -> Result<Option<Exhausted>, Failure> {
    let places: Vec<usize> =
        windows.iter().enumerate().filter(|(_, window)| window.is_some()).map(|(n, _)| n).collect();
    let windows: Vec<Window> = windows.into_iter().flatten().collect();
    if windows.is_empty() {
        return Ok(None);
    }
    let exhausted = inner.store.take(&windows, now).await?;
    Ok(exhausted.map(|found| Exhausted { window: places.get(found.window).copied().unwrap_or(found.window), ..found }))
}

/// At least one: a client that waits zero seconds tries at once and fails again.
pub(crate) fn seconds(exhausted: &Exhausted) -> u64 {
    exhausted.retry_after.as_secs().max(1)
}
