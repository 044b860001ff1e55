//! What others may want to be told: the payloads of events (`spec/webhooks-and-audit.md` §3, §5).

use hanko_domain::{EventKind, RequestMeta, UserId};
use hanko_store::{sessions::Session, users::Account};
use serde_json::{Value, json};

use crate::{
    effect::{self, Effect},
    engine::{Cx, Failure},
    sessions::Occasion,
    view,
};

/// Reports a change of an account, with the account as it will be once the effects so far are applied.
pub(crate) async fn changed(cx: &mut Cx<'_>, kind: EventKind, user: UserId) -> Result<(), Failure> {
    if let Some(mut account) = cx.account(user).await? {
        effect::preview(&mut account, &cx.effects, cx.now);
        about(cx, kind, &account);
    }
    Ok(())
}

/// Reports something about an account.
pub(crate) fn about(cx: &mut Cx<'_>, kind: EventKind, account: &Account) {
    let event = self::account(cx.occasion(), kind, account);
    cx.then(event);
}

/// The event about an account as it will be.
pub(crate) fn account(at: Occasion<'_>, kind: EventKind, account: &Account) -> Effect {
    Effect::Event(kind, user(account, at.tenant.id(), at.request))
}

/// The event about an account as it was; nothing is told of the request (`spec/flow-profile.md` §6.1).
pub(crate) fn deleted(at: Occasion<'_>, account: &Account) -> Effect {
    without_request(EventKind::UserDelete, account, at.tenant.id())
}

/// The event about an account that tells nothing of the request (§5.1, `U`).
pub(crate) fn without_request(kind: EventKind, account: &Account, tenant: hanko_domain::TenantId) -> Effect {
    Effect::Event(kind, Value::Object(view::admin_view(account, tenant)))
}

/// The administrator's view of a user and the circumstances of the request (§5.1, `U+`).
fn user(account: &Account, tenant: hanko_domain::TenantId, request: &RequestMeta) -> Value {
    let mut wire = view::admin_view(account, tenant);
    wire.insert("ip_address".into(), request.ip.map(|ip| ip.to_string()).unwrap_or_default().into());
    wire.insert("user_agent".into(), request.user_agent.as_str().into());
    Value::Object(wire)
}

/// A session (§5.2).
pub(crate) fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "user_id": session.user.to_string(),
        "user_agent": session.user_agent,
        "ip_address": session.ip_address,
        "created_at": session.created_at.rfc3339(),
        "updated_at": session.last_used.rfc3339(),
        "expires_at": session.expires_at.rfc3339(),
        "last_used": session.last_used.rfc3339(),
    })
}
