//! Passkeys in flows (`spec/flow-login-registration.md` §3.3, §3.4, §3.17, §4.6).

use async_trait::async_trait;
use hanko_credentials::passkey::{Creation, NewOwner, ParsedAssertion, Refusal, RequestOptions, Use};
use hanko_domain::{AuditEntry, AuditKind, EmailAddress, Passkey, UserId, audit::Actor};
use serde::Serialize;
use serde_json::Value;

use crate::{
    effect::Effect,
    engine::{Cx, Failure, FlowError, Hook, Step},
    rules::identify::Facts,
    stash::LoginMethod,
};

/// Before `login_init`: lets the browser offer passkeys while the user types.
pub(crate) struct ConditionalMediation;

#[async_trait]
impl Hook for ConditionalMediation {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let stash = &cx.stash;
        if stash.webauthn_available && stash.conditional_mediation_available && cx.settings().passkey.enabled {
            offer_any(cx)?;
        }
        Ok(())
    }
}

/// Options for whoever holds a passkey.
pub(crate) fn offer_any(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let inner = cx.inner();
    let (options, ceremony) = inner.relying_party.discoverable_options(&inner.random, inner.user_verification, cx.now);
    cx.kept.open(ceremony);
    show_request(cx, &options)
}

/// Options for the named user's passkeys.
pub(crate) fn offer_own(cx: &mut Cx<'_>, passkeys: Vec<Passkey>) -> Result<(), Failure> {
    let inner = cx.inner();
    let user = cx.stash.user.ok_or_else(|| Failure::internal("passkeys of nobody"))?;
    let options = inner.relying_party.options_for(&inner.random, user, &passkeys, inner.user_verification, cx.now);
    let (options, ceremony) = options.ok_or_else(|| Failure::refused(FlowError::NotPermitted))?;
    cx.kept.open(ceremony);
    show_request(cx, &options)
}

fn show_request(cx: &mut Cx<'_>, options: &RequestOptions) -> Result<(), Failure> {
    show(cx, "request_options", options)
}

fn show(cx: &mut Cx<'_>, name: &str, options: &impl Serialize) -> Result<(), Failure> {
    let options: Value = serde_json::to_value(options).map_err(Failure::internal)?;
    cx.payload.insert(name.into(), options);
    Ok(())
}

/// Checks an assertion as the first factor. A refusal shows the same state again, without the options it was made for: the
/// client relies on that (§6.3).
pub(crate) async fn sign_in(cx: &mut Cx<'_>, json: &str) -> Result<Step, Failure> {
    let (stored, outcome) = check(cx, json).await?;
    let actor = Actor { user: stored.as_ref().map(|passkey| passkey.user), email: None };
    let (assertion, proof) = match outcome {
        Ok(accepted) => accepted,
        Err(refusal) => return Err(refused(cx, actor, &refusal)),
    };
    // Whoever named an account and then shows another one's passkey signs in to neither (§3.4).
    if cx.stash.user.is_some_and(|named| named != proof.user()) {
        let entry = AuditEntry::new(AuditKind::LoginFailure, actor);
        cx.audit(entry.failed("the passkey belongs to another account than the one that was named"));
        cx.error = Some(FlowError::PasskeyInvalid);
        return Ok(Step::to("error"));
    }
    cx.kept.ceremonies.retain(|ceremony| *ceremony.challenge() != assertion.challenge);
    let user = proof.user();
    if assertion.backup_eligibility_changed {
        let entry = AuditEntry::new(AuditKind::PasskeyBackupChanged, Actor::user(user));
        cx.audit(
            entry
                .with("passkey", assertion.passkey.id.to_string())
                .with("backup_eligible", assertion.passkey.backup_eligible),
        );
    }
    let previous = stored.map_or(0, |passkey| passkey.counter);
    cx.then(Effect::UsePasskey { passkey: assertion.passkey, previous });
    let account = cx.store().account(user).await?.ok_or_else(|| Failure::internal("a passkey of a deleted user"))?;
    cx.stash.email = account.primary_email().and_then(|email| EmailAddress::parse(&email.address).ok());
    Facts::of(cx, user).await?.note(cx);
    cx.stash.has_email = cx.stash.email.is_some();
    cx.stash.login_method = Some(LoginMethod::Passkey);
    cx.stash.proofs.push(proof);
    Ok(Step::onward().no_return())
}

type Accepted = (hanko_credentials::passkey::Assertion, hanko_credentials::Proof);

async fn check(cx: &Cx<'_>, json: &str) -> Result<(Option<Passkey>, Result<Accepted, Refusal>), Failure> {
    let answer = match ParsedAssertion::parse(json) {
        Ok(answer) => answer,
        Err(refusal) => return Ok((None, Err(refusal))),
    };
    let Some(passkey) = cx.store().passkey(answer.credential()).await? else {
        return Ok((None, Err(Refusal::UnknownCredential)));
    };
    let run = (cx.tenant.id(), cx.id);
    let relying_party = &cx.inner().relying_party;
    let outcome = relying_party.finish_authentication(
        &cx.kept.ceremonies,
        &answer,
        passkey.clone(),
        Use::FirstFactor,
        run,
        cx.now,
    );
    Ok((Some(passkey), outcome))
}

fn refused(cx: &mut Cx<'_>, actor: Actor, refusal: &Refusal) -> Failure {
    let entry = AuditEntry::new(AuditKind::LoginFailure, actor).with("login_method", "passkey");
    cx.audit(entry.failed(refusal.to_string()));
    Failure::refused(match refusal {
        Refusal::SecurityKeyOnly => FlowError::SecurityKeyOnly,
        _ => FlowError::PasskeyInvalid,
    })
}

/// Options for a new passkey of the flow's user.
pub(crate) async fn offer_creation(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let inner = cx.inner();
    let (Some(user), Some(email)) = (cx.stash.user, cx.stash.email.clone()) else {
        return Err(Failure::internal("a passkey without a user or an address"));
    };
    let existing = cx.store().passkeys_of(user).await?;
    let owner = NewOwner { user, email: Some(email.as_str()), username: None };
    let creation = Creation::Passkey { attestation: inner.attestation, user_verification: inner.user_verification };
    let (options, ceremony) = inner.relying_party.creation_options(&inner.random, owner, &existing, creation, cx.now);
    cx.kept.open(ceremony);
    show(cx, "creation_options", &options)
}

/// Takes the passkey the authenticator made into the run; it is stored with the account, or when this state is left.
pub(crate) fn enrol(cx: &mut Cx<'_>, json: &str) -> Result<(), Failure> {
    let user: UserId = cx.stash.user.ok_or_else(|| Failure::internal("a passkey without a user"))?;
    let subject = cx.subject(user);
    let outcome = cx.inner().relying_party.finish_registration(&cx.kept.ceremonies, json, subject, cx.now);
    match outcome {
        Ok((passkey, challenge, proof)) => {
            cx.kept.ceremonies.retain(|ceremony| *ceremony.challenge() != challenge);
            cx.stash.new_passkeys.push(passkey);
            cx.stash.proofs.push(proof);
            cx.stash.has_passkey = true;
            Ok(())
        }
        Err(refusal) => Err(refused(cx, Actor::user(user), &refusal)),
    }
}
