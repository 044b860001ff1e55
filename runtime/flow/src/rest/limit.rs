//! Limits, in the same windows as the flows': who was refused there is refused here (§13.2).

use hanko_domain::{AuditEntry, AuditKind, UserId, audit::Actor};
use hanko_model::project::Limit;
use hanko_notify::mail::Template;
use hanko_store::{
    limits::{Exhausted, Window},
    users::Account,
};

use super::{
    call::{Call, Change},
    notice,
    refusal::{Outcome, RestError},
};
use crate::{effect::Effect, rules::limit};

/// What a client is told of a limit, with every answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    /// Requests of a window.
    pub limit: u32,
    /// Those that are left.
    pub remaining: u32,
    /// Seconds until the window ends.
    pub reset: u64,
    /// There was none left for this one.
    pub exceeded: bool,
}

/// Takes a password attempt. An account's own window stops guessing from many addresses, not its owner.
pub(super) async fn password(call: Call<'_>, user: UserId, account: Option<&Account>) -> Outcome<Option<Quota>> {
    let (inner, limits, ip) = (call.inner(), &call.settings().rate_limiter, call.request.ip_key());
    let windows = [
        limit::window(inner, limits.password, &format!("password/{ip}/{user}")),
        limit::window(inner, limits.account, &format!("password-account/{user}")),
    ];
    let exhausted = limit::take(inner, windows, call.now).await?;
    if let Some(found) = exhausted.filter(|found| found.window == 1) {
        if found.first {
            pause_begins(call, user, account).await?;
        }
        if !is_known(call, user).await? {
            return Ok(Some(spent(limits.account, &found)));
        }
    }
    let [first, _] = windows;
    quota(call, limits.password, first, exhausted.is_some_and(|found| found.window == 0)).await
}

/// Takes a request for a code.
pub(super) async fn passcode(call: Call<'_>, user: UserId) -> Outcome<Option<Quota>> {
    let limit = call.settings().rate_limiter.passcode;
    meter(call, limit, &format!("passcode-rest/{}/{user}", call.request.ip_key())).await
}

/// Takes an exchange of a token.
pub(super) async fn token(call: Call<'_>) -> Outcome<Option<Quota>> {
    let limit = call.settings().rate_limiter.token;
    meter(call, limit, &format!("token_exchange/{}", call.request.ip_key())).await
}

async fn meter(call: Call<'_>, limit: Option<Limit>, what: &str) -> Outcome<Option<Quota>> {
    let window = limit::window(call.inner(), limit, what);
    let exceeded = limit::take(call.inner(), [window], call.now).await?.is_some();
    quota(call, limit, window, exceeded).await
}

async fn quota(call: Call<'_>, limit: Option<Limit>, window: Option<Window>, exceeded: bool) -> Outcome<Option<Quota>> {
    let (Some(limit), Some(window)) = (limit, window) else { return Ok(None) };
    let taken = call.inner().store.taken(&window.bucket, call.now).await?;
    let (used, ends_at) = taken.unwrap_or((0, call.now));
    let used = u32::try_from(used).unwrap_or(u32::MAX);
    Ok(Some(Quota {
        limit: limit.tokens,
        remaining: limit.tokens.saturating_sub(used),
        reset: ends_at.since(call.now).as_secs(),
        exceeded,
    }))
}

/// Takes a mail to an address: from this client to it, from this client to anybody, and to it from anybody.
pub(super) async fn mail(call: Call<'_>, address: &str, user: Option<UserId>) -> Outcome<()> {
    let (inner, limits, ip) = (call.inner(), &call.settings().rate_limiter, call.request.ip_key());
    let windows = [
        limit::window(inner, limits.passcode, &format!("passcode/{ip}/{address}")),
        limit::window(inner, limits.mail_client, &format!("mail-client/{ip}")),
        limit::window(inner, limits.recipient, &format!("mail-recipient/{address}")),
    ];
    let all = [limits.passcode, limits.mail_client, limits.recipient];
    let Some(exhausted) = limit::take(inner, windows, call.now).await? else { return Ok(()) };
    if let (2, Some(user)) = (exhausted.window, user)
        && is_known(call, user).await?
    {
        return Ok(());
    }
    Err(RestError::Limited(spent(all.get(exhausted.window).copied().flatten(), &exhausted)))
}

fn spent(limit: Option<Limit>, exhausted: &Exhausted) -> Quota {
    let limit = limit.map_or(0, |limit| limit.tokens);
    Quota { limit, remaining: 0, reset: limit::seconds(exhausted), exceeded: true }
}

/// The account has a session from this address. Where these endpoints are, there are no second factors and no trusted devices.
async fn is_known(call: Call<'_>, user: UserId) -> Outcome<bool> {
    let Some(ip) = call.request.ip else { return Ok(false) };
    Ok(call.inner().store.has_session_from(user, &ip.to_string(), call.now).await?)
}

/// One audit entry and one mail for each pause, however many attempts follow (FC-52).
async fn pause_begins(call: Call<'_>, user: UserId, account: Option<&Account>) -> Outcome<()> {
    let entry =
        AuditEntry::new(AuditKind::PasswordLimitReached, account.map(|_| Actor::user(user)).unwrap_or_default());
    let mut effects = vec![Effect::Audit(entry.failed("too many password attempts from all addresses together"))];
    if call.settings().security_notifications.password_limit {
        effects.extend(account.and_then(|account| notice::notice(call, account, Template::PasswordLimit)));
    }
    call.commit_alone(Change { effects, ..Change::default() }).await
}
