//! Signing in with a passkey, or with a second factor (`spec/flow-login-registration.md` §4.6.5).

use hanko_domain::{CredentialId, FlowId, TenantId, Timestamp, UserId};
use serde::Deserialize;

use super::{
    Ceremony, Challenge, Refusal, RelyingParty, StoredPasskey,
    authenticator_data::AuthenticatorData,
    ceremony::Operation,
    client_data::{Bytes, ClientData, Credential},
    library::{self, Signed},
};
use crate::{Evidence, Proof, Subject};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    authenticator_data: Bytes,
    signature: Bytes,
    #[serde(default)]
    user_handle: Option<Bytes>,
}

/// An answer that was read and not yet believed: enough to load the credential it names.
#[derive(Debug)]
pub struct ParsedAssertion {
    credential: CredentialId,
    client_data: ClientData,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

/// A verified answer.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// As it has to be stored now: counter, backup flags and times are new.
    pub passkey: StoredPasskey,
    /// Names the ceremony to remove.
    pub challenge: Challenge,
    /// The authenticator changed its mind about backup eligibility: accepted, worth an audit entry (FC-02).
    pub backup_eligibility_changed: bool,
}

/// What an answer is needed for. It counts for nothing else, whatever ceremonies are open in the flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// To say who it is: only passkeys.
    FirstFactor,
    /// To confirm this user, who has shown another factor: passkeys and security keys.
    SecondFactor(UserId),
}

impl ParsedAssertion {
    /// Reads the browser's JSON. Padding is tolerated, optional members may be missing, a `userHandle` that is null or empty
    /// is absent (FC-05).
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        let credential = Credential::<Response>::parse(json)?;
        let response = credential.response;
        Ok(Self {
            credential: CredentialId(credential.id.0),
            client_data: ClientData::parse(response.client_data.0)?,
            authenticator_data: response.authenticator_data.0,
            signature: response.signature.0,
            user_handle: response.user_handle.map(|handle| handle.0).filter(|handle| !handle.is_empty()),
        })
    }

    /// The credential to load.
    pub fn credential(&self) -> &CredentialId {
        &self.credential
    }

    /// Who the authenticator says it is.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }
}

impl RelyingParty {
    /// Checks the answer to request options. `ceremonies` are the open ones of the flow, `passkey` is the stored credential
    /// the answer names. A second factor is [`Evidence::SecurityKey`], of a passkey too.
    pub fn finish_authentication(
        &self,
        ceremonies: &[Ceremony],
        answer: &ParsedAssertion,
        passkey: StoredPasskey,
        needed: Use,
        (tenant, flow): (TenantId, FlowId),
        now: Timestamp,
    ) -> Result<(Assertion, Proof), Refusal> {
        if passkey.id != answer.credential {
            return Err(Refusal::UnknownCredential);
        }
        if passkey.mfa_only && needed == Use::FirstFactor {
            return Err(Refusal::SecurityKeyOnly);
        }
        let ceremony = Ceremony::find(ceremonies, &answer.client_data.challenge, now)?;
        check_owner(ceremony, needed, answer, &passkey)?;
        if passkey.rp_id != self.id {
            return Err(Refusal::CredentialRpId(passkey.rp_id));
        }
        answer.client_data.check(self, "webauthn.get")?;
        let data = AuthenticatorData::parse(&answer.authenticator_data)?;
        data.check_flags(ceremony.user_verification)?;
        let signed = Signed {
            client_data: &answer.client_data.raw,
            origin: &answer.client_data.origin,
            authenticator_data: &answer.authenticator_data,
            signature: &answer.signature,
            backup_eligible: data.backup_eligible(),
        };
        library::verify_signature(self, &ceremony.challenge, &passkey, &signed)?;
        if passkey.counter > 0 && data.counter > 0 && data.counter <= passkey.counter {
            return Err(Refusal::Counter { stored: passkey.counter, received: data.counter });
        }

        let (credential, user_verified) = (passkey.id.clone(), data.user_verified());
        let evidence = match needed {
            Use::FirstFactor => Evidence::Passkey { credential, user_verified },
            Use::SecondFactor(_) => Evidence::SecurityKey { credential, user_verified },
        };
        let proof = Proof::of(Subject { tenant, user: passkey.user, flow }, evidence, now);
        let assertion = Assertion {
            challenge: ceremony.challenge.clone(),
            backup_eligibility_changed: passkey.backup_eligible != data.backup_eligible(),
            passkey: StoredPasskey {
                counter: data.counter,
                user_verified: passkey.user_verified || data.user_verified(),
                backup_eligible: data.backup_eligible(),
                backup_state: data.backup_state(),
                last_used_at: Some(now),
                ..passkey
            },
        };
        Ok((assertion, proof))
    }
}

/// The credential is one of the user that was asked, or of the user the authenticator names (L3 §7.2 steps 5 and 6). Users
/// are compared, not handles: imported credentials may have their own (quirk Q13b).
fn check_owner(
    ceremony: &Ceremony,
    needed: Use,
    answer: &ParsedAssertion,
    passkey: &StoredPasskey,
) -> Result<(), Refusal> {
    match (&ceremony.operation, needed) {
        (Operation::Discoverable, Use::FirstFactor) if answer.user_handle.is_none() => {
            return Err(Refusal::UserHandleMissing);
        }
        (Operation::Discoverable, Use::FirstFactor) => {}
        (Operation::Known { user, allowed }, Use::FirstFactor) => check_list(*user, allowed, passkey)?,
        (Operation::SecondFactor { user, allowed }, Use::SecondFactor(known)) => {
            if *user != known {
                return Err(Refusal::OtherUser);
            }
            check_list(known, allowed, passkey)?;
        }
        _ => return Err(Refusal::WrongCeremony),
    }
    match answer.user_handle() {
        Some(handle) if handle != passkey.user_handle => Err(Refusal::UserHandle),
        _ => Ok(()),
    }
}

fn check_list(user: UserId, allowed: &[CredentialId], passkey: &StoredPasskey) -> Result<(), Refusal> {
    if user != passkey.user {
        return Err(Refusal::OtherUser);
    }
    if allowed.contains(&passkey.id) { Ok(()) } else { Err(Refusal::NotAllowed) }
}
