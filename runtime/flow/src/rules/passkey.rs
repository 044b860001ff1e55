//! Passkeys in flows (`spec/flow-login-registration.md` §3.3, §3.4, §3.17, §4.6).

use async_trait::async_trait;
use hanko_credentials::{
    Evidence, Proof,
    passkey::{Creation, NewOwner, ParsedAssertion, Refusal, RequestOptions, Use},
};
use hanko_domain::{AuditEntry, AuditKind, Passkey, UserId, audit::Actor};
use serde::Serialize;
use serde_json::Value;

use crate::{
    effect::Effect,
    engine::{Cx, Failure, FlowError, Hook, Step},
    rules::{identify::Facts, mfa},
    stash::{LoginMethod, MfaMethod},
    tenant::{attachment, attestation, user_verification},
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

/// Options for the keys of the flow's user as a second factor. A passkey that was the first factor does not count twice.
pub(crate) async fn offer_second_factor(cx: &mut Cx<'_>) -> Result<(), Failure> {
    let user = cx.stash.user.ok_or_else(|| Failure::internal("a second factor of nobody"))?;
    let mut credentials = cx.store().passkeys_of(user).await?;
    let shown = |proof: &Proof| match proof.evidence() {
        Evidence::Passkey { credential, .. } => Some(credential.clone()),
        _ => None,
    };
    let shown: Vec<_> = cx.stash.proofs.iter().filter_map(shown).collect();
    credentials.retain(|credential| !shown.contains(&credential.id));
    let inner = cx.inner();
    let verification = user_verification(cx.settings().mfa.security_keys.user_verification);
    let options = inner.relying_party.second_factor_options(&inner.random, user, &credentials, verification, cx.now);
    let (options, ceremony) = options.ok_or_else(|| Failure::refused(FlowError::NotPermitted))?;
    cx.kept.open(ceremony);
    cx.stash.mfa_method = Some(MfaMethod::SecurityKey);
    show_request(cx, &options)
}

/// Checks an assertion, as the first factor or, where a security key was asked for, as the second. A refusal shows the same state
/// again, without the options it was made for: the client relies on that (§6.3).
pub(crate) async fn sign_in(cx: &mut Cx<'_>, json: &str) -> Result<Step, Failure> {
    let use_ = match (cx.stash.mfa_method, cx.stash.user) {
        (Some(MfaMethod::SecurityKey), Some(user)) => Use::SecondFactor(user),
        _ => Use::FirstFactor,
    };
    let (stored, outcome) = check(cx, json, use_).await?;
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
    cx.stash.proofs.push(proof);
    if use_ == Use::FirstFactor {
        let facts = Facts::of(cx, Some(user)).await?.ok_or_else(|| Failure::internal("a passkey of a deleted user"))?;
        facts.note(cx);
        cx.stash.email = facts.email;
        cx.stash.username = facts.username;
        cx.stash.login_method = Some(LoginMethod::Passkey);
        mfa::offer(cx);
    }
    Ok(Step::onward().no_return())
}

type Accepted = (hanko_credentials::passkey::Assertion, hanko_credentials::Proof);

async fn check(cx: &Cx<'_>, json: &str, use_: Use) -> Result<(Option<Passkey>, Result<Accepted, Refusal>), Failure> {
    let answer = match ParsedAssertion::parse(json) {
        Ok(answer) => answer,
        Err(refusal) => return Ok((None, Err(refusal))),
    };
    let Some(passkey) = cx.store().passkey(answer.credential()).await? else {
        return Ok((None, Err(Refusal::UnknownCredential)));
    };
    let run = (cx.tenant.id(), cx.id);
    let relying_party = &cx.inner().relying_party;
    let outcome = relying_party.finish_authentication(&cx.kept.ceremonies, &answer, passkey.clone(), use_, run, cx.now);
    Ok((Some(passkey), outcome))
}

fn refused(cx: &mut Cx<'_>, actor: Actor, refusal: &Refusal) -> Failure {
    let mut entry = AuditEntry::new(AuditKind::LoginFailure, actor);
    entry = match (cx.stash.mfa_method, cx.stash.login_method) {
        (Some(second), Some(first)) => entry.with("login_method", first.as_str()).with("mfa_method", second.as_str()),
        _ => entry.with("login_method", "passkey"),
    };
    cx.audit(entry.failed(refusal.to_string()));
    Failure::refused(match refusal {
        Refusal::SecurityKeyOnly => FlowError::SecurityKeyOnly,
        _ => FlowError::PasskeyInvalid,
    })
}

/// What is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Passkey,
    SecurityKey,
}

/// Options for a new passkey or security key of the flow's user.
pub(crate) async fn offer_creation(cx: &mut Cx<'_>, kind: Kind) -> Result<(), Failure> {
    let (inner, settings) = (cx.inner(), cx.settings());
    let user = cx.stash.user.ok_or_else(|| Failure::internal("a passkey without a user"))?;
    let owner = NewOwner {
        user,
        email: cx.stash.email.as_ref().map(|email| email.as_str()),
        username: cx.stash.username.as_ref().map(|username| username.as_str()),
    };
    if owner.email.is_none() && owner.username.is_none() {
        return Err(Failure::internal("a passkey for an account without a name"));
    }
    let creation = match kind {
        Kind::Passkey => {
            Creation::Passkey { attestation: inner.attestation, user_verification: inner.user_verification }
        }
        Kind::SecurityKey => {
            let keys = &settings.mfa.security_keys;
            Creation::SecurityKey {
                attestation: attestation(keys.attestation_preference),
                user_verification: user_verification(keys.user_verification),
                attachment: attachment(keys.authenticator_attachment),
            }
        }
    };
    let mut existing = cx.store().passkeys_of(user).await?;
    existing.extend(cx.stash.new_passkeys.iter().cloned());
    let (options, ceremony) = inner.relying_party.creation_options(&inner.random, owner, &existing, creation, cx.now);
    cx.kept.open(ceremony);
    show(cx, "creation_options", &options)
}

/// Takes the credential the authenticator made into the run; it is stored with the account, or when this state is left.
pub(crate) fn enrol(cx: &mut Cx<'_>, json: &str) -> Result<(), Failure> {
    let user: UserId = cx.stash.user.ok_or_else(|| Failure::internal("a passkey without a user"))?;
    let subject = cx.subject(user);
    let outcome = cx.inner().relying_party.finish_registration(&cx.kept.ceremonies, json, subject, cx.now);
    match outcome {
        Ok((passkey, challenge, proof)) => {
            cx.kept.ceremonies.retain(|ceremony| *ceremony.challenge() != challenge);
            if passkey.mfa_only {
                cx.stash.has_security_key = true;
            } else {
                cx.stash.has_passkey = true;
            }
            cx.stash.new_passkeys.push(passkey);
            cx.stash.proofs.push(proof);
            Ok(())
        }
        Err(refusal) if cx.signed_in() => {
            let entry = AuditEntry::new(AuditKind::PasskeyCreated, Actor::user(user));
            cx.audit(entry.failed(refusal.to_string()));
            Err(Failure::refused(FlowError::PasskeyInvalid))
        }
        Err(refusal) => Err(refused(cx, Actor::user(user), &refusal)),
    }
}
