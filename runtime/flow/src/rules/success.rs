//! How a flow ends well (`spec/flow-login-registration.md` §2.22, §4.7, §4.12).

use async_trait::async_trait;
use hanko_credentials::Proof;
use hanko_domain::{AuditEntry, AuditKind, EmailId, audit::Actor};
use serde_json::{Value, json};

use crate::{
    effect::{self, Effect, NewAccount},
    engine::{Cx, Failure, Hook},
    sessions::{self, Login},
    view,
};

/// Before `success` of a login.
pub(crate) struct SignIn;

#[async_trait]
impl Hook for SignIn {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let user = cx.stash.user.ok_or_else(|| Failure::internal("a login of nobody"))?;
        let mut account = cx
            .store()
            .account(user)
            .await?
            .ok_or_else(|| Failure::internal("the user was deleted during the login"))?;
        effect::preview(&mut account, &cx.effects);
        let method = cx.stash.login_method;
        let name = method.map(|method| method.as_str()).unwrap_or_default();
        let audit = Login::success_entry(user, name).with("flow_id", cx.id.to_string());
        let proofs = cx.stash.proofs.clone();
        let login = Login {
            account: &account,
            proofs: &proofs,
            amr: method.map(|method| method.amr()).into_iter().collect(),
            remember: cx.stash.remember_me,
            audit: Some(audit),
        };
        finish(cx, login).await?;
        cx.payload.insert("last_login".into(), json!({"login_method": name}));
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
        let account = NewAccount {
            user,
            email: cx.stash.email.clone().map(|address| (EmailId::random(random), address, cx.stash.email_verified)),
            password: cx.stash.new_password.clone(),
            passkeys: cx.stash.new_passkeys.clone(),
        };
        let created = created_entry(&account);
        let preview = account.preview(cx.now);
        cx.then(Effect::CreateAccount(Box::new(account)));
        cx.audit(created);
        let amr = Login::registration_amr(&cx.stash.proofs);
        let mut proofs = cx.stash.proofs.clone();
        proofs.push(Proof::new_account(cx.subject(user), cx.now));
        let login = Login { account: &preview, proofs: &proofs, amr, remember: cx.stash.remember_me, audit: None };
        finish(cx, login).await
    }
}

async fn finish(cx: &mut Cx<'_>, login: Login<'_>) -> Result<(), Failure> {
    let user = view::view(login.account, cx.settings());
    let (session, token, claims) = sessions::issue(cx, login).await?;
    cx.then(Effect::StartSession(Box::new(session)));
    cx.token = Some(token);
    cx.payload.insert("user".into(), user);
    cx.payload.insert("claims".into(), Value::Object(claims));
    Ok(())
}

fn created_entry(account: &NewAccount) -> AuditEntry {
    let email = account.email.as_ref().map(|(_, address, _)| address.as_str().to_owned());
    let mut entry = AuditEntry::new(AuditKind::UserCreated, Actor { user: Some(account.user), email });
    if account.password.is_some() {
        entry = entry.with("password", true);
    }
    for passkey in &account.passkeys {
        entry = entry.with("passkey", passkey.id.to_string());
    }
    entry
}
