//! `POST /passcode/login/finalize` (§13.5).

use hanko_credentials::{Proof, passcode::Outcome as Answer};
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, EventKind, FlowId, RequestMeta, Secret, audit::Actor};
use hanko_notify::mail::Template;
use hanko_store::users::Account;

use super::{About, Code, Sent};
use crate::{
    effect::{self, Effect, NewAccount},
    rest::{
        call::{Call, Change, Committed, actor},
        emails::{self, Addition},
        kept::Stored,
        notice,
        refusal::{Outcome, RestError, refuse, refuse_saying},
        users::{self, SignUp},
    },
    rules::{
        claim::{self, Holder},
        report,
    },
    sessions::{NewToken, Valid},
    tenant::Tenant,
};

/// How often an answer is checked again when others are faster. A code has fewer tries.
const AGAIN: usize = 8;

/// A code was right.
#[derive(Debug)]
pub struct Confirmation {
    /// The code.
    pub sent: Sent,
    /// The session it made. `None`: it was about an address of whoever is signed in already, whose session goes on.
    pub token: Option<NewToken>,
    /// It made the account, too.
    pub signed_up: bool,
}

/// What a right code changes.
struct Decision<'a> {
    change: Change<'a>,
    token: Option<NewToken>,
}

/// Checks a code. The third wrong answer ends it.
pub async fn confirm_passcode(
    tenant: &Tenant,
    id: FlowId,
    code: &Secret<String>,
    session: Option<&Valid>,
    request: &RequestMeta,
) -> Outcome<Confirmation> {
    let call = Call::new(tenant, request);
    let _turn = call.inner().turns.take(id).await;
    for _ in 0..AGAIN {
        if let Some(confirmation) = answer(call, id, code, session).await? {
            return Ok(confirmation);
        }
    }
    Err(RestError::Busy("a code is answered from everywhere at once".to_owned()))
}

/// Checks an answer and counts it. `None`: another answer was faster. Then nothing is told of this one, and it is checked again, so that
/// every answer counts.
async fn answer(
    call: Call<'_>,
    id: FlowId,
    shown: &Secret<String>,
    session: Option<&Valid>,
) -> Outcome<Option<Confirmation>> {
    let kind = AuditKind::PasscodeLoginFinalFailed;
    let Some(mut stored) = Stored::<Code>::load(call, id).await? else {
        call.refused(kind, Actor::none(), "unknown passcode").await?;
        return Err(refuse_saying(401, "passcode not found"));
    };
    let (purpose, tenant) = (stored.value.passcode.purpose(), call.tenant.id());
    let outcome = stored.value.passcode.verify(&call.inner().passcode_key, tenant, id, purpose, shown, call.now);
    let account = call.inner().store.account(stored.value.user).await?;
    let actor = account.as_ref().map(actor).unwrap_or_default();
    let (spend, why, refusal) = match outcome {
        Answer::Correct(proof) => {
            let Some(decision) = decide(call, &stored.value, account.as_ref(), proof, session).await? else {
                return Err(refuse(403));
            };
            let code = &stored.value;
            let sent = Sent { id, ttl: code.ttl, created_at: code.created_at };
            let signed_up = matches!(code.about, About::SignUp(_));
            let mut change = decision.change;
            change.spend.insert(0, stored.delete());
            return Ok(match call.commit(change).await? {
                Committed::Yes => Some(Confirmation { sent, token: decision.token, signed_up }),
                Committed::Spent => None,
            });
        }
        Answer::Expired => {
            call.refused(kind, actor, "timed out passcode").await?;
            return Err(refuse_saying(408, "passcode request timed out"));
        }
        Answer::Wrong => (stored.write(call)?, "passcode invalid", refuse(401)),
        Answer::Exhausted => (stored.delete(), "max attempts reached", refuse_saying(410, "max attempts reached")),
    };
    let effects = vec![Effect::Audit(AuditEntry::new(kind, actor).failed(why))];
    match call.commit(Change { spend: vec![spend], effects, ..Change::default() }).await? {
        Committed::Yes => Err(refusal),
        Committed::Spent => Ok(None),
    }
}

/// What a right code does. `None`: nothing for whoever shows it.
async fn decide<'a>(
    call: Call<'_>,
    code: &Code,
    account: Option<&'a Account>,
    proof: Proof,
    session: Option<&'a Valid>,
) -> Outcome<Option<Decision<'a>>> {
    // Nobody proves anything for somebody else's session.
    if session.is_some_and(|session| session.user() != code.user) {
        return Ok(None);
    }
    Ok(Some(match (&code.about, account) {
        (About::SignUp(address), None) => sign_up(call, code, address, proof).await?,
        (About::Addition(address), Some(account)) => add(call, code, address, account, session).await?,
        (About::Login(address), Some(account)) => log_in(call, code, address, account, proof, session).await?,
        _ => return Ok(None),
    }))
}

/// What waited for the code waits no more.
fn not_found() -> RestError {
    refuse_saying(401, "passcode not found")
}

fn claimed() -> RestError {
    refuse_saying(403, "email address has been claimed by another user")
}

fn succeeded(account: &Account) -> AuditEntry {
    AuditEntry::new(AuditKind::PasscodeLoginFinalSucceeded, actor(account))
}

/// With an address of the account. Its owner has proven it now, so what strangers attached goes (`spec/decisions.md` 2), unless it is the
/// signed-in user who proves it.
async fn log_in<'a>(
    call: Call<'_>,
    code: &Code,
    address: &EmailAddress,
    account: &'a Account,
    proof: Proof,
    session: Option<&'a Valid>,
) -> Outcome<Decision<'a>> {
    let email = account.emails.iter().find(|email| email.id == code.email).ok_or_else(claimed)?;
    if session.is_none() && !claim::names(account, email) {
        return Err(refuse(403));
    }
    let mut effects = Vec::new();
    let user = account.user.id;
    if !email.verified {
        effects.push(Effect::VerifyEmail(email.id));
        if session.is_none() {
            effects.push(Effect::RemoveUnproven { user, address: address.clone() });
        }
        if account.user.primary_email.is_none() {
            effects.push(Effect::SetPrimaryEmail { user, id: email.id });
            effects.push(emails::audit(AuditKind::PrimaryEmailChanged, account, address));
        }
        effects.push(emails::audit(AuditKind::EmailVerified, account, address));
    }
    let mut after = account.clone();
    effect::preview(&mut after, &effects, call.now);
    if !email.verified && call.settings().email.require_verification {
        effects.push(report::account(call.occasion(proof.flow()), EventKind::UserUpdateEmailCreate, &after));
    }
    if !email.verified && session.is_some() {
        effects.push(Effect::Audit(succeeded(&after)));
        let change =
            Change { session: session.map(|session| &session.session), account: Some(account), effects, spend: vec![] };
        return Ok(Decision { change, token: None });
    }
    let (token, begun) = users::begin_session(call, &after, &[proof], succeeded(&after)).await?;
    effects.extend(begun);
    Ok(Decision { change: Change { account: Some(account), effects, ..Change::default() }, token: Some(token) })
}

/// The account that waited for its address.
async fn sign_up<'a>(call: Call<'_>, code: &Code, address: &EmailAddress, proof: Proof) -> Outcome<Decision<'a>> {
    let waiting = Stored::<SignUp>::load(call, FlowId(code.user.0)).await?.ok_or_else(not_found)?;
    if !call.settings().allow_signup {
        return Err(refuse(403));
    }
    let at = call.occasion(proof.flow());
    let mut effects = match claim::find(&call.inner().store, address.clone()).await?.holder {
        Holder::Nobody => Vec::new(),
        Holder::Claimed(email, claimant) => claim::release(at, &email, &claimant),
        Holder::Named(_) => return Err(claimed()),
    };
    let account = NewAccount {
        user: code.user,
        emails: vec![(code.email, address.clone(), true)],
        username: None,
        otp: None,
        password: None,
        passkeys: Vec::new(),
        created_at: call.now,
        signs_in: true,
    };
    let after = account.preview(call.now);
    effects.push(Effect::CreateAccount(Box::new(account)));
    effects.push(Effect::Audit(AuditEntry::new(AuditKind::UserCreated, actor(&after))));
    effects.push(emails::audit(AuditKind::PrimaryEmailChanged, &after, address));
    effects.push(emails::audit(AuditKind::EmailVerified, &after, address));
    effects.push(report::account(at, EventKind::UserCreate, &after));
    let (token, begun) = users::begin_session(call, &after, &[proof], succeeded(&after)).await?;
    effects.extend(begun);
    Ok(Decision { change: Change { spend: vec![waiting.delete()], effects, ..Change::default() }, token: Some(token) })
}

/// The address that waited. The session that asked for it goes on: an address that was not the account's proves nothing about its user.
async fn add<'a>(
    call: Call<'_>,
    code: &Code,
    address: &EmailAddress,
    account: &'a Account,
    session: Option<&'a Valid>,
) -> Outcome<Decision<'a>> {
    let session = session.ok_or_else(|| refuse(403))?;
    let waiting = Stored::<Addition>::load(call, FlowId(code.email.0)).await?.ok_or_else(not_found)?;
    emails::has_room(call, account)?;
    let at = call.occasion(FlowId(code.email.0));
    let mut effects = match claim::find(&call.inner().store, address.clone()).await?.holder {
        Holder::Nobody => Vec::new(),
        Holder::Claimed(email, claimant) => claim::release(at, &email, &claimant),
        Holder::Named(_) => return Err(claimed()),
    };
    let primary = account.user.primary_email.is_none();
    let user = account.user.id;
    effects.push(Effect::AddEmail { id: code.email, user, address: address.clone(), verified: true, primary });
    if primary {
        effects.push(emails::audit(AuditKind::PrimaryEmailChanged, account, address));
    }
    effects.push(emails::audit(AuditKind::EmailVerified, account, address));
    effects.push(Effect::Audit(succeeded(account)));
    if call.settings().security_notifications.email_create
        && let Some(message) = notice::message(call, account, Template::EmailCreate)
    {
        effects.push(Effect::Mail(message.with_new_address(address.clone())));
    }
    let mut after = account.clone();
    effect::preview(&mut after, &effects, call.now);
    let kind = if account.emails.is_empty() { EventKind::UserCreate } else { EventKind::UserUpdateEmailCreate };
    effects.push(report::account(at, kind, &after));
    let change =
        Change { spend: vec![waiting.delete()], session: Some(&session.session), account: Some(account), effects };
    Ok(Decision { change, token: None })
}
