//! Mails that tell an owner what happened to the account (`spec/email.md` §6, §12.3).

use hanko_domain::{EmailAddress, UserId};
use hanko_notify::mail::{Message, Template};

use crate::{
    effect::Effect,
    engine::{Cx, Failure},
};

/// Tells the user at the main address; without one nobody is told.
pub(crate) async fn send(cx: &mut Cx<'_>, user: UserId, template: Template) -> Result<(), Failure> {
    let account = cx.account(user).await?;
    let email = account.as_ref().and_then(|account| account.primary_email());
    if let Some(to) = email.and_then(|email| EmailAddress::parse(&email.address).ok()) {
        send_to(cx, user, template, to);
    }
    Ok(())
}

/// Tells the user at an address of theirs.
pub(crate) fn send_to(cx: &mut Cx<'_>, user: UserId, template: Template, to: EmailAddress) {
    // Whoever tries passwords does not choose the language the owner reads.
    let language = if template == Template::PasswordLimit { "" } else { cx.request.language.as_str() };
    let message = Message::notice(template, to, language, cx.settings().service_name.as_str());
    let message = message.about(user);
    cx.then(Effect::Mail(match template {
        Template::NewSession => message.with_session(cx.request.user_agent.as_str(), cx.now),
        _ => message,
    }));
}

/// Tells the signed-in user of a change of the profile, at the main address as it was before it, where the project wants that.
pub(crate) fn changed(cx: &mut Cx<'_>, template: Template, about: impl FnOnce(Message) -> Message) {
    let settings = &cx.settings().security_notifications;
    let wanted = match template {
        Template::PasswordUpdate => settings.password_update,
        Template::PrimaryEmailUpdate => settings.primary_email_update,
        Template::EmailCreate => settings.email_create,
        Template::EmailDelete => settings.email_delete,
        Template::PasskeyCreate => settings.passkey_create,
        Template::MfaCreate => settings.mfa_create,
        Template::MfaDelete => settings.mfa_delete,
        _ => false,
    };
    let Some(account) = cx.as_read.as_ref().filter(|_| wanted) else { return };
    let to = account.primary_email().and_then(|email| EmailAddress::parse(&email.address).ok());
    if let Some(to) = to {
        let (language, service) = (cx.request.language.as_str(), cx.settings().service_name.as_str());
        let message = Message::notice(template, to, language, service).about(account.user.id);
        cx.then(Effect::Mail(about(message)));
    }
}
