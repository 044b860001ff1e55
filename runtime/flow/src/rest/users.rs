//! `/users`, `/user`, and the account's own deletion (§13.10–§13.13).

use std::time::Duration;

use aws_lc_rs::digest;
use hanko_credentials::{Proof, Subject};
use hanko_domain::{
    AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, FlowId, Passkey, RequestMeta, UserId, audit::Actor,
};
use hanko_model::spec::StepUpAction;
use hanko_notify::mail::Template;
use hanko_store::users::Account;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    call::{Call, Change, Signed, actor},
    kept::{Kept, keep},
    notice,
    refusal::{Outcome, refuse, refuse_saying},
    strangers,
};
use crate::{
    effect::{Effect, NewAccount},
    rules::{claim, report},
    sessions::{self, Login, NewToken},
    tenant::Tenant,
    view,
};

/// How long an account waits for the code that proves its address.
const WAITS: Duration = Duration::from_secs(24 * 3600);

/// An account that waits for its address to be proven. Its row has the id the account will get; the pair is remembered, so that nobody
/// can attach another address to it.
#[derive(Deserialize, Serialize)]
pub(super) struct SignUp {
    pub(super) email: EmailId,
    pub(super) address: EmailAddress,
}

impl Kept for SignUp {
    const KIND: &'static str = "rest/sign-up";
}

/// An account that was made, or waits.
#[derive(Debug)]
pub struct NewUser {
    /// Its id.
    pub user: UserId,
    /// The id of its address.
    pub email: EmailId,
    /// Its first session, where the address need not be proven.
    pub token: Option<NewToken>,
}

/// Signs up with an address. Where it has to be proven, nothing is made before that, and a taken address is answered like a free one
/// unless the project gives hints.
pub async fn sign_up(tenant: &Tenant, address: EmailAddress, request: &RequestMeta) -> Outcome<NewUser> {
    let call = Call::new(tenant, request);
    let settings = call.settings();
    if !settings.allow_signup {
        return Err(refuse(403));
    }
    if address.as_str().chars().count() > usize::try_from(settings.email.max_length).unwrap_or(usize::MAX) {
        return Err(refuse_saying(400, "email must be a valid email address"));
    }
    let verification = settings.email.require_verification;
    let found = claim::find(&call.inner().store, address.clone()).await?;
    if found.is_taken(verification) && (!verification || settings.privacy.show_account_existence_hints) {
        return Err(refuse(409));
    }
    let random = &call.inner().random;
    let (user, email) = (UserId::random(random), EmailId::random(random));
    if verification {
        let spend = vec![keep(call, FlowId(user.0), &SignUp { email, address }, call.now + WAITS)?];
        call.commit_alone(Change { spend, ..Change::default() }).await?;
        return Ok(NewUser { user, email, token: None });
    }
    let run = FlowId::random(random);
    let at = call.occasion(run);
    // Where everybody must have a second factor, the login flow asks for it first.
    let signs_in = !settings.mfa.enabled || settings.mfa.optional;
    let account = NewAccount {
        user,
        emails: vec![(email, address, false)],
        username: None,
        otp: None,
        password: None,
        passkeys: Vec::new(),
        created_at: call.now,
        signs_in,
    };
    let after = account.preview(call.now);
    let mut effects = vec![
        Effect::CreateAccount(Box::new(account)),
        Effect::Audit(AuditEntry::new(AuditKind::UserCreated, Actor::user(user))),
        report::account(at, EventKind::UserCreate, &after),
    ];
    let mut token = None;
    if signs_in {
        let proof = Proof::new_account(Subject { tenant: tenant.id(), user, flow: run }, call.now);
        let (begun, session) = begin(call, &after, &[proof], None).await?;
        effects.push(session);
        token = Some(begun);
    }
    call.commit_alone(Change { effects, ..Change::default() }).await?;
    Ok(NewUser { user, email, token })
}

/// What is said of an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// The user.
    pub user: UserId,
    /// The address.
    pub email: EmailId,
    /// Whether its owner has proven it.
    pub verified: bool,
    /// Whether the user has passkeys or security keys.
    pub has_webauthn_credential: bool,
}

/// Looks for the user of an address. Unless the project gives hints, the same is said of everybody: ids that behave like those of an
/// account, `verified`, and no credential.
pub async fn find_user(tenant: &Tenant, address: EmailAddress, request: &RequestMeta) -> Outcome<Found> {
    let call = Call::new(tenant, request);
    let found = claim::find(&call.inner().store, address.clone()).await?.account();
    let known = found.as_ref().and_then(|account| {
        let email = account.emails.iter().find(|email| crate::rules::account::same(email, &address))?;
        Some((account, email))
    });
    if call.settings().privacy.show_account_existence_hints {
        let (account, email) = known.ok_or_else(|| refuse(404))?;
        return Ok(Found {
            user: account.user.id,
            email: email.id,
            verified: email.verified,
            has_webauthn_credential: !account.passkeys.is_empty(),
        });
    }
    let stranger = strangers::ids(call.inner(), &address);
    strangers::remember(call, stranger.0, address).await?;
    let (user, email) = known.map_or(stranger, |(account, email)| (account.user.id, email.id));
    Ok(Found { user, email, verified: true, has_webauthn_credential: false })
}

/// The account of whoever is signed in, in the form of earlier versions.
pub async fn user(tenant: &Tenant, session: Signed<'_>, id: &str, request: &RequestMeta) -> Outcome<Value> {
    if id != session.user().to_string() {
        return Err(refuse(403));
    }
    let account = Call::new(tenant, request).account(session).await?;
    let Value::Object(mut wire) = view::view(&account, &tenant.project().settings) else { return Err(refuse(404)) };
    if let Some(email) = account.primary_email() {
        wire.insert("email".into(), email.address.as_str().into());
    }
    if let Some(stored) = &account.username {
        wire.insert("username".into(), stored.username.as_str().into());
    }
    let credentials: Vec<Value> = account.passkeys.iter().map(raw).collect();
    let credentials = if credentials.is_empty() { Value::Null } else { credentials.into() };
    wire.insert("webauthn_credentials".into(), credentials);
    Ok(Value::Object(wire))
}

/// A credential as the row that earlier versions showed (§13.11).
fn raw(passkey: &Passkey) -> Value {
    let id = passkey.id.to_string();
    let transports: Vec<Value> = passkey
        .transports
        .iter()
        .map(|name| json!({"ID": named(&id, name), "Name": name, "WebauthnCredentialID": id, "WebauthnCredential": null}))
        .collect();
    let Value::Object(mut wire) = view::credential(passkey) else { return Value::Null };
    wire.insert("user_id".into(), passkey.user.to_string().into());
    wire.insert("sign_count".into(), passkey.counter.into());
    wire.insert("updated_at".into(), passkey.last_used_at.unwrap_or(passkey.created_at).rfc3339().into());
    wire.insert("transports".into(), if transports.is_empty() { Value::Null } else { transports.into() });
    Value::Object(wire)
}

/// An id for what has none here: the same each time.
fn named(credential: &str, transport: &str) -> String {
    let digest = digest::digest(&digest::SHA256, format!("{credential}/{transport}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.as_ref().get(..16).unwrap_or(&[0; 16]));
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Deletes the account of whoever is signed in. 404 where the project does not allow that.
pub async fn delete_user(tenant: &Tenant, session: Signed<'_>, request: &RequestMeta) -> Outcome<()> {
    let call = Call::new(tenant, request);
    if !call.settings().allow_deletion {
        return Err(refuse(404));
    }
    let account = call.account(session).await?;
    call.fresh(session, &account, StepUpAction::AccountDelete)?;
    let run = FlowId::random(&call.inner().random);
    let effects = vec![
        Effect::Audit(AuditEntry::new(AuditKind::UserDeleted, actor(&account))),
        report::deleted(call.occasion(run), &account),
        Effect::DeleteAccount(account.user.id),
    ];
    call.commit_alone(Change { session: Some(&session.session), account: Some(&account), effects, spend: vec![] }).await
}

/// The session of a sign-in by an earlier version's endpoint, through the one door, and the mail that tells of it.
pub(super) async fn begin_session(
    call: Call<'_>,
    account: &Account,
    proofs: &[Proof],
    audit: AuditEntry,
) -> Outcome<(NewToken, Vec<Effect>)> {
    let (token, session) = begin(call, account, proofs, Some(audit)).await?;
    let mut effects = vec![session];
    if call.settings().security_notifications.new_session {
        effects.extend(notice::notice(call, account, Template::NewSession));
    }
    Ok((token, effects))
}

/// Tokens of these endpoints tell neither username nor methods, a project's own claims see id and address only, and their cookies always outlive the browser (§13.2).
async fn begin(
    call: Call<'_>,
    account: &Account,
    proofs: &[Proof],
    audit: Option<AuditEntry>,
) -> Outcome<(NewToken, Effect)> {
    let run = proofs.first().map(Proof::flow).ok_or_else(|| super::refusal::internal("a session without a proof"))?;
    let account = Account { username: None, metadata: Default::default(), ..account.clone() };
    let login = Login { account: &account, proofs, amr: Vec::new(), remember: true, audit };
    let issued = sessions::issue(call.occasion(run), login).await?;
    let token = NewToken { persistent: true, ..issued.token };
    Ok((token, Effect::StartSession(Box::new(issued.session))))
}
