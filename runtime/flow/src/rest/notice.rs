//! Mails that tell an owner what happened to the account (`spec/email.md` §6).

use hanko_domain::EmailAddress;
use hanko_notify::mail::{Message, Template};
use hanko_store::users::Account;

use super::call::Call;
use crate::effect::Effect;

/// To the main address; without one nobody is told.
pub(super) fn notice(call: Call<'_>, account: &Account, template: Template) -> Option<Effect> {
    message(call, account, template).map(Effect::Mail)
}

/// The same, to add what it tells of.
pub(super) fn message(call: Call<'_>, account: &Account, template: Template) -> Option<Message> {
    let to = account.primary_email().and_then(|email| EmailAddress::parse(&email.address).ok())?;
    // Whoever tries passwords does not choose the language the owner reads.
    let language = if template == Template::PasswordLimit { "" } else { call.request.language.as_str() };
    let message = Message::notice(template, to, language, call.settings().service_name.as_str());
    let message = message.about(account.user.id);
    Some(match template {
        Template::NewSession => message.with_session(call.request.user_agent.as_str(), call.now),
        _ => message,
    })
}
