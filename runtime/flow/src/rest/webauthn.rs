//! `/webauthn/registration/*` and `/webauthn/login/*` (§13.8).
//!
//! A challenge names its ceremony: the row's id is the beginning of its SHA-256.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use hanko_credentials::{
    Ceremony, NewOwner, Refusal as Rejection, Subject,
    passkey::{Creation, ParsedAssertion, Use},
};
use hanko_domain::{AuditEntry, AuditKind, CredentialId, FlowId, Passkey, RequestMeta, UserId, audit::Actor};
use hanko_model::spec::StepUpAction;
use hanko_notify::mail::Template;
use hanko_store::users::Account;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    call::{Call, Change, Committed, Signed, actor},
    kept::{Kept, Spend, Stored, keep},
    notice,
    refusal::{Outcome, RestError, internal, refuse, refuse_saying},
    strangers, users,
};
use crate::{effect::Effect, sessions::NewToken, tenant::Tenant};

const MISMATCH: &str = "Stored challenge and received challenge do not match";
const NO_ATTESTATION: &str = "failed to validate attestation";
const NO_ASSERTION: &str = "failed to validate assertion";

/// A credential to be made.
#[derive(Deserialize, Serialize)]
struct Registration(Ceremony);

/// A credential to be shown.
#[derive(Deserialize, Serialize)]
struct Login(Ceremony);

impl Kept for Registration {
    const KIND: &'static str = "rest/webauthn-registration";
}

impl Kept for Login {
    const KIND: &'static str = "rest/webauthn-login";
}

/// A ceremony ended well.
#[derive(Debug)]
pub struct Confirmed {
    /// The credential.
    pub credential: CredentialId,
    /// Its user.
    pub user: UserId,
}

/// Options for a new passkey of whoever is signed in.
pub async fn credential_creation_options(
    tenant: &Tenant,
    session: Signed<'_>,
    request: &RequestMeta,
) -> Outcome<Value> {
    let call = Call::new(tenant, request);
    let Some(account) = call.inner().store.account(session.user()).await? else {
        call.refused(AuditKind::WebauthnRegistrationInitFailed, Actor::none(), "unknown user").await?;
        return Err(refuse_saying(400, "user not found"));
    };
    call.fresh(session, &account, StepUpAction::WebauthnCredentialCreate)?;
    has_room(call, &account)?;
    let email = account.primary_email().map(|email| email.address.as_str());
    let username = account.username.as_ref().map(|stored| stored.username.as_str());
    // One name for both; the username where there is no address.
    let owner = NewOwner { user: account.user.id, email, username: username.filter(|_| email.is_none()) };
    let inner = call.inner();
    let (attestation, user_verification) = (inner.attestation, inner.user_verification);
    let creation = Creation::Passkey { attestation, user_verification };
    let (options, ceremony) = inner.relying_party.creation_options(&inner.random, owner, &[], creation, call.now);
    let entry = AuditEntry::new(AuditKind::WebauthnRegistrationInitSucceeded, actor(&account));
    open(call, ceremony, Registration, entry).await?;
    serde_json::to_value(options).map_err(internal)
}

/// Stores the passkey that an authenticator has made. `json` is the browser's answer.
pub async fn confirm_attestation(
    tenant: &Tenant,
    session: Signed<'_>,
    json: &str,
    request: &RequestMeta,
) -> Outcome<Confirmed> {
    let call = Call::new(tenant, request);
    let failed = AuditKind::WebauthnRegistrationFinalFailed;
    let challenge = challenge(json).map_err(|why| refuse_saying(400, why))?;
    let Some(account) = call.inner().store.account(session.user()).await? else {
        call.refused(failed, Actor::none(), "unknown user").await?;
        return Err(refuse(400));
    };
    call.fresh(session, &account, StepUpAction::WebauthnCredentialCreate)?;
    let Some(stored) = Stored::<Registration>::load(call, id_of(&challenge)).await? else {
        call.refused(failed, actor(&account), "received unkown challenge").await?;
        return Err(refuse_saying(400, MISMATCH));
    };
    has_room(call, &account)?;
    let user = account.user.id;
    let subject = Subject { tenant: tenant.id(), user, flow: stored.id };
    let ceremonies = std::slice::from_ref(&stored.value.0);
    let outcome = call.inner().relying_party.finish_registration(ceremonies, json, subject, call.now);
    let passkey = match outcome {
        Ok((passkey, ..)) => passkey,
        Err(rejection) => return Err(not_registered(call, &account, &rejection).await?),
    };
    let confirmed = Confirmed { credential: passkey.id.clone(), user };
    let mut effects = vec![
        Effect::StorePasskey(passkey),
        Effect::Audit(AuditEntry::new(AuditKind::WebauthnRegistrationFinalSucceeded, actor(&account))),
    ];
    if call.settings().security_notifications.passkey_create {
        effects.extend(notice::notice(call, &account, Template::PasskeyCreate));
    }
    let spend = vec![stored.delete()];
    let change = Change { spend, session: Some(&session.session), account: Some(&account), effects };
    match call.commit(change).await? {
        Committed::Yes => Ok(confirmed),
        Committed::Spent => {
            call.refused(failed, actor(&account), "received unkown challenge").await?;
            Err(refuse_saying(400, MISMATCH))
        }
    }
}

async fn not_registered(call: Call<'_>, account: &Account, rejection: &Rejection) -> Outcome<RestError> {
    let why = match rejection {
        Rejection::OtherUser => "user session does not match sessionData subject".to_owned(),
        other => format!("{NO_ATTESTATION}: {other}"),
    };
    call.refused(AuditKind::WebauthnRegistrationFinalFailed, actor(account), why).await?;
    Ok(match rejection {
        Rejection::OtherUser | Rejection::UnknownChallenge | Rejection::WrongCeremony | Rejection::Expired => {
            refuse_saying(400, MISMATCH)
        }
        Rejection::UserNotVerified => refuse_saying(
            422,
            format!(
                "{NO_ATTESTATION}: User verification required but flag not set: the authenticator did not verify its user"
            ),
        ),
        Rejection::Malformed(_) => refuse_saying(400, rejection.to_string()),
        _ => refuse_saying(400, NO_ATTESTATION),
    })
}

/// 409 when the account has as many passkeys as the project allows.
fn has_room(call: Call<'_>, account: &Account) -> Outcome<()> {
    let limit = usize::try_from(call.settings().passkey.limit).unwrap_or(usize::MAX);
    let passkeys = account.passkeys.iter().filter(|passkey| !passkey.mfa_only).count();
    if passkeys < limit { Ok(()) } else { Err(refuse(409)) }
}

/// Options to sign in with a passkey; `Err`: what should name a user is no id. The passkeys of a named user are listed only where the project gives hints: whose list is empty
/// would tell who has an account.
pub async fn credential_request_options(
    tenant: &Tenant,
    user: Option<Result<UserId, ()>>,
    request: &RequestMeta,
) -> Outcome<Value> {
    let call = Call::new(tenant, request);
    let inner = call.inner();
    let verification = inner.user_verification;
    let failed = AuditKind::WebauthnAuthenticationInitFailed;
    let account = match user {
        None => None,
        Some(Err(())) => {
            call.refused(failed, Actor::none(), "user_id is not a uuid").await?;
            return Err(refuse_saying(400, "failed to parse UserID as uuid"));
        }
        Some(Ok(user)) => match inner.store.account(user).await? {
            None if !strangers::is_one(inner, user) => {
                call.refused(failed, Actor::none(), "unknown user").await?;
                return Err(refuse_saying(400, "user not found"));
            }
            account => account,
        },
    };
    let hints = call.settings().privacy.show_account_existence_hints;
    let of_user = account.as_ref().filter(|_| hints).and_then(|account| {
        let passkeys: Vec<Passkey> =
            account.passkeys.iter().cloned().map(|passkey| Passkey { transports: Vec::new(), ..passkey }).collect();
        inner.relying_party.options_for(&inner.random, account.user.id, &passkeys, verification, call.now)
    });
    let (options, ceremony) =
        of_user.unwrap_or_else(|| inner.relying_party.discoverable_options(&inner.random, verification, call.now));
    let who = account.as_ref().map_or_else(Actor::none, actor);
    open(call, ceremony, Login, AuditEntry::new(AuditKind::WebauthnAuthenticationInitSucceeded, who)).await?;
    serde_json::to_value(options).map_err(internal)
}

/// Signs in with a passkey. `json` is the browser's answer.
pub async fn confirm_assertion(tenant: &Tenant, json: &str, request: &RequestMeta) -> Outcome<(Confirmed, NewToken)> {
    let call = Call::new(tenant, request);
    let failed = AuditKind::WebauthnAuthenticationFinalFailed;
    let challenge = challenge(json).map_err(|why| refuse_saying(400, why))?;
    let answer = ParsedAssertion::parse(json).map_err(|rejection| refuse_saying(400, rejection.to_string()))?;
    let Some(stored) = Stored::<Login>::load(call, id_of(&challenge)).await? else {
        call.refused(failed, Actor::none(), "received unkown challenge").await?;
        return Err(refuse_saying(401, MISMATCH));
    };
    let discoverable = stored.value.0.user().is_none();
    if discoverable && answer.user_handle().is_none_or(|handle| handle.len() != 16) {
        call.refused(failed, Actor::none(), "the user handle is missing or no id").await?;
        return Err(refuse_saying(400, "failed to parse userHandle as uuid"));
    }
    let passkey = call.inner().store.passkey(answer.credential()).await?;
    let account = match &passkey {
        Some(passkey) => call.inner().store.account(passkey.user).await?,
        None => None,
    };
    let (Some(passkey), Some(account)) = (passkey, account) else {
        call.refused(failed, Actor::none(), "unknown user").await?;
        return Err(refuse(401));
    };
    let ceremonies = std::slice::from_ref(&stored.value.0);
    let previous = passkey.counter;
    let run = (tenant.id(), stored.id);
    let outcome =
        call.inner().relying_party.finish_authentication(ceremonies, &answer, passkey, Use::FirstFactor, run, call.now);
    let (assertion, proof) = match outcome {
        Ok(accepted) => accepted,
        Err(rejection) => {
            let why = format!("assertion validation failed: {rejection}");
            call.refused(failed, actor(&account), why).await?;
            return Err(match rejection {
                Rejection::UnknownChallenge | Rejection::WrongCeremony | Rejection::Expired => {
                    refuse_saying(401, MISMATCH)
                }
                Rejection::Counter { .. } => refuse_saying(400, NO_ASSERTION),
                _ => refuse_saying(401, NO_ASSERTION),
            });
        }
    };
    let confirmed = Confirmed { credential: assertion.passkey.id.clone(), user: account.user.id };
    let mut effects = Vec::new();
    if assertion.backup_eligibility_changed {
        let entry = AuditEntry::new(AuditKind::PasskeyBackupChanged, Actor::user(account.user.id))
            .with("passkey", assertion.passkey.id.to_string())
            .with("backup_eligible", assertion.passkey.backup_eligible);
        effects.push(Effect::Audit(entry));
    }
    effects.push(Effect::UsePasskey { passkey: assertion.passkey, previous });
    let entry = AuditEntry::new(AuditKind::WebauthnAuthenticationFinalSucceeded, actor(&account));
    let (token, begun) = users::begin_session(call, &account, &[proof], entry).await?;
    effects.extend(begun);
    let change = Change { spend: vec![stored.delete()], account: Some(&account), effects, session: None };
    match call.commit(change).await? {
        Committed::Yes => Ok((confirmed, token)),
        Committed::Spent => {
            call.refused(failed, actor(&account), "received unkown challenge").await?;
            Err(refuse_saying(401, MISMATCH))
        }
    }
}

async fn open<T: Kept>(call: Call<'_>, ceremony: Ceremony, kind: fn(Ceremony) -> T, entry: AuditEntry) -> Outcome<()> {
    let text = serde_json::to_value(ceremony.challenge()).map_err(internal)?;
    let (id, expires_at) = (id_of(text.as_str().unwrap_or_default()), ceremony.expires_at());
    let spend: Vec<Spend> = vec![keep(call, id, &kind(ceremony), expires_at)?];
    call.commit_alone(Change { spend, effects: vec![Effect::Audit(entry)], ..Change::default() }).await
}

/// The challenge that an answer repeats, base64url without padding.
fn challenge(json: &str) -> Result<String, &'static str> {
    #[derive(Deserialize)]
    struct Answer {
        response: Response,
    }
    #[derive(Deserialize)]
    struct Response {
        #[serde(rename = "clientDataJSON")]
        client_data: String,
    }
    #[derive(Deserialize)]
    struct ClientData {
        challenge: String,
    }
    let answer: Answer = serde_json::from_str(json).map_err(|_| "the response is no credential")?;
    let text = answer.response.client_data.trim_end_matches('=').as_bytes();
    let text = BASE64URL_NOPAD.decode(text).map_err(|_| "clientDataJSON is no base64url")?;
    let data: ClientData = serde_json::from_slice(&text).map_err(|_| "clientDataJSON has no challenge")?;
    Ok(data.challenge.trim_end_matches('=').to_owned())
}

fn id_of(challenge: &str) -> FlowId {
    let digest = digest::digest(&digest::SHA256, challenge.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.as_ref().get(..16).unwrap_or(&[0; 16]));
    FlowId(uuid::Uuid::from_bytes(bytes))
}
