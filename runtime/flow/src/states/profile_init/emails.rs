//! The addresses.                                                              spec/flow-profile.md §6.3–§6.6, §7.3

use async_trait::async_trait;
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, audit::Actor};
use hanko_model::project::Settings;
use hanko_notify::mail::Template;
use hanko_store::{emails::Email, users::Account};
use serde::Deserialize;

use super::{done, owner};
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, FlowError, Input, InputError, Step, input::Choice},
    rules::{
        account::same,
        claim::{self, Holder},
        notice,
        profile::Ways,
        report,
    },
};

fn is_full(account: &Account, settings: &Settings) -> bool {
    account.emails.len() >= usize::try_from(settings.email.limit).unwrap_or(usize::MAX)
}

#[derive(Deserialize)]
pub(super) struct Address {
    email: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    email_id: String,
}

impl Named {
    /// One of the user's own.
    fn find(&self, account: &Account) -> Option<Email> {
        account.emails.iter().find(|email| email.id.to_string().eq_ignore_ascii_case(&self.email_id)).cloned()
    }
}

pub(super) struct Create;

#[async_trait]
impl Action for Create {
    const NAME: &'static str = "email_create";
    const DESCRIPTION: &'static str = "Adds an e-mail address.";
    const LEADS_TO: &'static [&'static str] = &["passcode_confirmation"];
    type Input = Address;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::email("email").required(true).max(cx.settings().email.max_length)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        !settings.email.enabled || owner(cx, |account| is_full(account, settings))
    }

    /// A taken address looks like a free one, unless the project says which accounts exist; its owner learns of it by mail.
    async fn decide(&self, cx: &mut Cx<'_>, input: Address) -> Result<Step, Failure> {
        let exists = || Failure::input("email", InputError::EmailExists);
        let typed = EmailAddress::parse(&input.email).map_err(|_| Failure::input("email", InputError::Invalid))?;
        if cx.owner()?.emails.iter().any(|own| same(own, &typed)) {
            return Err(exists());
        }
        let verification = cx.settings().email.require_verification;
        let found = claim::find(cx.store(), typed).await?;
        let taken = found.is_taken(verification);
        if taken && (!verification || cx.settings().privacy.show_account_existence_hints) {
            return Err(exists());
        }
        if !verification {
            add(cx, found.address, false).await?;
            return Ok(done());
        }
        cx.stash.email = Some(found.address);
        cx.stash.adds_email = !taken;
        cx.stash.passcode_mail =
            Some(if taken { Template::EmailRegistrationAttempted } else { Template::EmailVerification });
        Ok(Step::through(vec!["passcode_confirmation", "profile_init"]))
    }
}

/// Adds an address; the first one is the main one.
async fn add(cx: &mut Cx<'_>, address: EmailAddress, verified: bool) -> Result<(), Failure> {
    let account = cx.owner()?;
    let (user, primary) = (account.user.id, account.primary_email().is_none());
    let entry = |kind| AuditEntry::new(kind, Actor::user(user)).with("email", address.as_str());
    if verified {
        cx.audit(entry(AuditKind::EmailVerified));
    }
    notice::changed(cx, Template::EmailCreate, |message| message.with_new_address(address.clone()));
    cx.audit(entry(AuditKind::EmailCreated));
    let id = EmailId::random(&cx.inner().random);
    cx.then(Effect::AddEmail { id, user, address, verified, primary });
    report::changed(cx, EventKind::UserUpdateEmailCreate, user).await
}

/// A code has proven the address the run is about; each code proves one address, once (§15 Q2b).
pub(crate) async fn proven(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let Some(address) = cx.stash.email.clone() else { return Err(Failure::internal("a code for no address")) };
    let account = cx.owner()?;
    if let Some(own) = account.emails.iter().find(|own| same(own, &address)).cloned() {
        if !own.verified {
            cx.then(Effect::VerifyEmail(own.id));
        }
        let entry = AuditEntry::new(AuditKind::EmailVerified, Actor::user(own.user));
        cx.audit(entry.with("email", own.address));
        return Ok(());
    }
    if !cx.stash.adds_email || is_full(account, cx.settings()) {
        return Err(Failure::refused(FlowError::NotPermitted));
    }
    match claim::find(cx.store(), address.clone()).await?.holder {
        Holder::Nobody => {}
        // Somebody else proved it meanwhile.
        Holder::Named(_) => return Err(Failure::input("code", InputError::PasscodeInvalid)),
        Holder::Claimed(email, claimant) => {
            let released = claim::release(cx.occasion(), &email, &claimant);
            cx.effects.extend(released);
        }
    }
    add(cx, address, true).await
}

pub(super) struct Delete;

/// The addresses an account can do without (§6.4).
pub(crate) fn deletable<'a>(account: &'a Account, settings: &'a Settings) -> impl Iterator<Item = &'a Email> {
    let primary = account.user.primary_email;
    account.emails.iter().filter(move |email| can_go(account, settings, email, primary == Some(email.id)))
}

fn can_go(account: &Account, settings: &Settings, email: &Email, primary: bool) -> bool {
    let ways = Ways::of(account, settings);
    let by_name = settings.username.use_as_login_identifier && account.username.is_some();
    if primary || account.emails.len() == 1 {
        let named_password = settings.password.enabled && account.password.is_some() && by_name;
        return account.emails.len() == 1 && settings.email.optional && (ways.passkey || named_password);
    }
    // What is left has to be proven if this one is: a code that goes to a claimed address signs nobody in.
    let proven_left = !email.verified || account.emails.iter().any(|other| other.id != email.id && other.verified);
    ways.passkey || ways.password || (ways.passcode && proven_left)
}

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "email_delete";
    const DESCRIPTION: &'static str = "Removes an e-mail address.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Named;

    /// Always there: the official element reads it for every address (§14.2).
    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let settings = cx.settings();
        let account = cx.owner().ok();
        let choices = account.into_iter().flat_map(|account| deletable(account, settings));
        let choices = choices.map(|email| Choice { value: email.id.to_string(), name: email.address.clone() });
        vec![Input::string("email_id").required(true).hidden().one_of(choices.collect())]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Named) -> Result<Step, Failure> {
        let account = cx.owner()?;
        let email = input.find(account).ok_or_else(|| Failure::input("email_id", InputError::Invalid))?;
        let primary = account.user.primary_email == Some(email.id);
        if let Ok(gone) = EmailAddress::parse(&email.address) {
            notice::changed(cx, Template::EmailDelete, |message| message.with_deleted_address(gone));
        }
        cx.then(Effect::RemoveEmail { user: email.user, id: email.id, primary });
        let entry = AuditEntry::new(AuditKind::EmailDeleted, Actor::user(email.user));
        cx.audit(entry.with("email", email.address));
        report::changed(cx, EventKind::UserUpdateEmailDelete, email.user).await?;
        Ok(done())
    }
}

fn id() -> Vec<Input> {
    vec![Input::string("email_id").required(true).hidden()]
}

pub(super) struct SetPrimary;

#[async_trait]
impl Action for SetPrimary {
    const NAME: &'static str = "email_set_primary";
    const DESCRIPTION: &'static str = "Makes an e-mail address the main one.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Named;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        id()
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let nothing_to_choose = |account: &Account| match account.emails.as_slice() {
            [] => true,
            [only] => account.user.primary_email == Some(only.id),
            _ => false,
        };
        !cx.settings().email.enabled || owner(cx, nothing_to_choose)
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Named) -> Result<Step, Failure> {
        let account = cx.owner()?;
        let email = input.find(account).ok_or_else(|| Failure::refused(FlowError::NotFound))?;
        if account.user.primary_email == Some(email.id) {
            return Ok(done());
        }
        let old = account.primary_email().and_then(|old| EmailAddress::parse(&old.address).ok());
        if let (Some(old), Ok(new)) = (old, EmailAddress::parse(&email.address)) {
            let about = |message: hanko_notify::mail::Message| message.with_old_address(old).with_new_address(new);
            notice::changed(cx, Template::PrimaryEmailUpdate, about);
        }
        cx.then(Effect::SetPrimaryEmail { user: email.user, id: email.id });
        let entry = AuditEntry::new(AuditKind::PrimaryEmailChanged, Actor::user(email.user));
        cx.audit(entry.with("email", email.address));
        report::changed(cx, EventKind::UserUpdateEmailPrimary, email.user).await?;
        Ok(done())
    }
}

pub(super) struct Verify;

#[async_trait]
impl Action for Verify {
    const NAME: &'static str = "email_verify";
    const DESCRIPTION: &'static str = "Proves an e-mail address with a code.";
    const LEADS_TO: &'static [&'static str] = &["passcode_confirmation"];
    type Input = Named;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        id()
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().email.enabled || !owner(cx, |account| account.emails.iter().any(|email| !email.verified))
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Named) -> Result<Step, Failure> {
        let email = input.find(cx.owner()?).ok_or_else(|| Failure::refused(FlowError::NotFound))?;
        cx.stash.email = Some(EmailAddress::parse(&email.address).map_err(Failure::internal)?);
        cx.stash.passcode_mail = Some(Template::EmailVerification);
        Ok(Step::through(vec!["passcode_confirmation", "profile_init"]))
    }
}
