//! How a flow ends well (`spec/flow-login-registration.md` §2.22, §4.7, §4.12).

use async_trait::async_trait;
use hanko_credentials::Proof;
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, PasswordId, UsernameId, audit::Actor};
use hanko_notify::mail::Template;
use serde_json::{Map, Value};

use crate::{
    effect::{self, Effect, NewAccount},
    engine::{Cx, Failure, Hook},
    rules::{
        account,
        claim::{self, Holder},
        device, notice, report,
    },
    sessions::{self, Login},
    stash::{LoginMethod, MfaMethod},
    view,
};

/// Before `success` of a login.
pub(crate) struct SignIn;

#[async_trait]
impl Hook for SignIn {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let user = cx.stash.user.ok_or_else(|| Failure::internal("a login of nobody"))?;
        let account = cx.account(user).await?;
        let mut account = account.ok_or_else(|| Failure::internal("the user was deleted during the login"))?;
        cx.as_read = Some(account.clone());
        effect::preview(&mut account, &cx.effects, cx.now);
        let (method, second) = (cx.stash.login_method, cx.stash.mfa_method);
        let name = method.map(|method| method.as_str()).unwrap_or_default();
        let mut audit = Login::success_entry(user, name).with("flow_id", cx.id.to_string());
        let mut last_login = Map::from_iter([("login_method".to_owned(), Value::from(name))]);
        if let Some(second) = second {
            audit = audit.with("mfa_method", second.as_str());
            last_login.insert("mfa_method".into(), second.as_str().into());
        }
        let proofs = cx.stash.proofs.clone();
        let login = Login {
            account: &account,
            proofs: &proofs,
            amr: method.map(LoginMethod::amr).into_iter().chain(second.map(MfaMethod::as_str)).collect(),
            remember: cx.stash.remember_me,
            audit: Some(audit),
        };
        finish(cx, login).await?;
        device::trust(cx, user);
        report::about(cx, EventKind::UserLogin, &account);
        if cx.settings().security_notifications.new_session {
            let to = account.primary_email().and_then(|email| EmailAddress::parse(&email.address).ok());
            to.into_iter().for_each(|to| notice::send_to(cx, user, Template::NewSession, to));
        }
        cx.payload.insert("last_login".into(), Value::Object(last_login));
        Ok(())
    }
}

/// Before `success` of a registration: the account, then its first session, in one transaction.
pub(crate) struct SignUp;

#[async_trait]
impl Hook for SignUp {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let user = cx.stash.user.ok_or_else(|| Failure::internal("a registration of nobody"))?;
        let random = &cx.inner().random;
        let emails = cx.stash.email.iter();
        let emails = emails.map(|address| (EmailId::random(random), address.clone(), cx.stash.email_verified));
        let account = NewAccount {
            user,
            emails: emails.collect(),
            username: cx.stash.username.clone().map(|username| (UsernameId::random(random), username)),
            password: cx.stash.new_password.clone().map(|hash| (PasswordId::random(random), hash)),
            passkeys: cx.stash.new_passkeys.clone(),
            otp: account::confirmed_otp(cx),
            created_at: cx.now,
            signs_in: true,
        };
        // An account that claims the address without having proven it loses it to this one.
        if let (Some(address), true) = (&cx.stash.email, cx.stash.email_verified)
            && let Holder::Claimed(email, claimant) = claim::find(cx.store(), address.clone()).await?.holder
        {
            let released = claim::release(cx.occasion(), &email, &claimant);
            cx.effects.extend(released);
        }
        let created = created_entry(&account);
        let preview = account.preview(cx.now);
        cx.then(Effect::CreateAccount(Box::new(account)));
        cx.audit(created);
        report::about(cx, EventKind::UserCreate, &preview);
        let amr = Login::registration_amr(&cx.stash.proofs);
        let mut proofs = cx.stash.proofs.clone();
        proofs.push(Proof::new_account(cx.subject(user), cx.now));
        let login = Login { account: &preview, proofs: &proofs, amr, remember: cx.stash.remember_me, audit: None };
        finish(cx, login).await
    }
}

async fn finish(cx: &mut Cx<'_>, login: Login<'_>) -> Result<(), Failure> {
    let user = view::view(login.account, cx.settings());
    let issued = sessions::issue(cx.occasion(), login).await?;
    cx.then(Effect::StartSession(Box::new(issued.session)));
    cx.token = Some(issued.token);
    cx.payload.insert("user".into(), user);
    cx.payload.insert("claims".into(), Value::Object(issued.claims));
    Ok(())
}

fn created_entry(account: &NewAccount) -> AuditEntry {
    let email = account.emails.first().map(|(_, address, _)| address.as_str().to_owned());
    let mut entry = AuditEntry::new(AuditKind::UserCreated, Actor { user: Some(account.user), email });
    if account.password.is_some() {
        entry = entry.with("password", true);
    }
    for passkey in &account.passkeys {
        let name = if passkey.mfa_only { "security_key" } else { "passkey" };
        entry = entry.with(name, passkey.id.to_string());
    }
    if let Some(secret) = &account.otp {
        entry = entry.with("otp_secret", secret.id.to_string());
    }
    if let Some((_, username)) = &account.username {
        entry = entry.with("username", username.as_str());
    }
    entry
}
