//! Codes by mail (`spec/flow-login-registration.md` §3.8–§3.13, §4.2, `spec/email.md` §4).

use async_trait::async_trait;
use hanko_credentials::{Passcode, Purpose, passcode::Charset};
use hanko_domain::Secret;
use hanko_model::spec::PasscodeCharset;
use hanko_notify::mail::{Message, Template};

use crate::{
    effect::Effect,
    engine::{Cx, Failure, FlowError, Hook},
    rules::limit,
    stash::LoginMethod,
};

/// The next mail signs in, or tells a stranger's address that somebody tried.
pub(crate) fn for_login(cx: &mut Cx<'_>) {
    cx.stash.login_method = Some(LoginMethod::Passcode);
    cx.stash.passcode_mail =
        Some(if cx.stash.user.is_some() { Template::Login } else { Template::EmailLoginAttempted });
}

/// The next mail lets set a new password.
pub(crate) fn for_recovery(cx: &mut Cx<'_>) {
    cx.stash.login_method = Some(LoginMethod::Password);
    cx.stash.recovery_pending = true;
    cx.stash.passcode_mail =
        Some(if cx.stash.user.is_some() { Template::Recovery } else { Template::EmailLoginAttempted });
}

/// What the code of a mail is good for. The mails to strangers carry none; whatever is typed then does the same work.
pub(crate) fn purpose(mail: Template, sent: &Passcode) -> Purpose {
    match mail {
        Template::Login => Purpose::Login,
        Template::Recovery => Purpose::Recovery,
        Template::EmailVerification => Purpose::EmailVerification,
        _ => sent.purpose(),
    }
}

/// Before `passcode_confirmation`: sends a code unless one for the same purpose and address is still good.
pub(crate) struct SendPasscode;

#[async_trait]
impl Hook for SendPasscode {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        if cx.error.is_some() || is_out(cx) {
            return Ok(());
        }
        if let Some(seconds) = send(cx).await? {
            cx.payload.insert("resend_after".into(), seconds.into());
            cx.error = Some(FlowError::RateLimited);
        }
        Ok(())
    }
}

fn is_out(cx: &Cx<'_>) -> bool {
    let (Some(passcode), Some(mail), Some(address)) = (&cx.kept.passcode, cx.stash.passcode_mail, &cx.stash.email)
    else {
        return false;
    };
    passcode.is_open(cx.now) && passcode.address() == address.key() && passcode.purpose() == wanted(cx, mail)
}

/// Mails a new code; the one before is worth nothing any more. `Some`: no mail may be sent for so many seconds. One token of
/// the limit is one mail.
pub(crate) async fn send(cx: &mut Cx<'_>) -> Result<Option<u64>, Failure> {
    let (Some(address), Some(mail)) = (cx.stash.email.clone(), cx.stash.passcode_mail) else {
        return Err(Failure::internal("a passcode without an address"));
    };
    if let Some(seconds) = limit::mail(cx, address.key()).await? {
        return Ok(Some(seconds));
    }
    let settings = &cx.settings().email;
    let (ttl, expires_at) = (settings.passcode_ttl, cx.now + settings.passcode_ttl);
    let charset = match settings.passcode_charset {
        PasscodeCharset::Numeric => Charset::Numeric,
        PasscodeCharset::Alphanumeric => Charset::Alphanumeric,
    };
    let purpose = wanted(cx, mail);
    let inner = cx.inner();
    let (code, passcode): (Option<Secret<String>>, Passcode) = match cx.stash.user {
        Some(user) if mail.carries_code() => {
            let subject = cx.subject(user);
            let key = &inner.passcode_key;
            let (code, passcode) =
                Passcode::issue(key, &inner.random, charset, purpose, &subject, address.key(), expires_at);
            (Some(code), passcode)
        }
        _ => (None, Passcode::unusable(&inner.random, purpose, address.key(), expires_at)),
    };
    let (language, service) = (&cx.request.language, &cx.settings().service_name);
    let message = match code {
        Some(code) => {
            let seconds = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX);
            Message::code(mail, address, language, service, code, seconds, expires_at)
        }
        None => Message::notice(mail, address, language, service),
    };
    cx.kept.passcode = Some(passcode);
    cx.then(Effect::Mail(message));
    Ok(None)
}

fn wanted(cx: &Cx<'_>, mail: Template) -> Purpose {
    match mail {
        Template::Login => Purpose::Login,
        Template::Recovery => Purpose::Recovery,
        Template::EmailLoginAttempted if cx.stash.recovery_pending => Purpose::Recovery,
        Template::EmailLoginAttempted => Purpose::Login,
        _ => Purpose::EmailVerification,
    }
}
