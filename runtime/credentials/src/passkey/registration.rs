//! A new passkey or security key (`spec/flow-login-registration.md` §4.6.6).

use hanko_domain::{CredentialId, Timestamp};
use serde::Deserialize;
use serde_cbor_2::Value;

use super::{
    Ceremony, Challenge, Refusal, RelyingParty, StoredPasskey,
    authenticator_data::AuthenticatorData,
    authenticators,
    ceremony::Operation,
    client_data::{Bytes, ClientData, Credential, quoted},
    library::{self, Created},
    options::ALGORITHMS,
};
use crate::{Evidence, Proof, Subject};

/// The formats that are verified. `android-safetynet` is gone: its service is.
const FORMATS: [&str; 6] = ["none", "packed", "tpm", "android-key", "fido-u2f", "apple"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    attestation_object: Bytes,
    #[serde(default)]
    transports: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationObject {
    fmt: String,
    att_stmt: Value,
    auth_data: Value,
}

impl RelyingParty {
    /// Checks the answer to [`RelyingParty::creation_options`]. The text is the browser's JSON; `ceremonies` are the open
    /// ones of the flow, and the returned challenge names the one to remove.
    pub fn finish_registration(
        &self,
        ceremonies: &[Ceremony],
        json: &str,
        subject: Subject,
        now: Timestamp,
    ) -> Result<(StoredPasskey, Challenge, Proof), Refusal> {
        let credential = Credential::<Response>::parse(json)?;
        let client_data = ClientData::parse(credential.response.client_data.0)?;
        let ceremony = Ceremony::find(ceremonies, &client_data.challenge, now)?;
        let (user, mfa_only) = match ceremony.operation {
            Operation::Registration { user } => (user, false),
            Operation::SecurityKeyRegistration { user } => (user, true),
            _ => return Err(Refusal::WrongCeremony),
        };
        if user != subject.user {
            return Err(Refusal::OtherUser);
        }
        client_data.check(self, "webauthn.create")?;

        let object = credential.response.attestation_object.0;
        let (format, data) = read(&object)?;
        data.check_flags(ceremony.user_verification)?;
        let attested = data.attested.as_ref().ok_or(Refusal::Malformed("no attestedCredentialData"))?;
        if attested.id != credential.id.0 {
            return Err(Refusal::Malformed("the attested id is another"));
        }
        if !ALGORITHMS.contains(&attested.algorithm) {
            return Err(Refusal::Algorithm(attested.algorithm));
        }
        let created = Created {
            id: &attested.id,
            client_data: &client_data.raw,
            origin: &client_data.origin,
            attestation_object: &object,
        };
        library::verify_attestation(self, &ceremony.challenge, &created)?;

        let passkey = StoredPasskey {
            id: CredentialId(attested.id.clone()),
            user: subject.user,
            user_handle: subject.user.as_bytes().to_vec(),
            public_key: attested.public_key.clone(),
            counter: data.counter,
            user_verified: data.user_verified(),
            backup_eligible: data.backup_eligible(),
            backup_state: data.backup_state(),
            aaguid: attested.aaguid,
            transports: distinct(credential.response.transports.unwrap_or_default()),
            rp_id: self.id.clone(),
            attestation_format: format,
            mfa_only,
            name: authenticators::name(attested.aaguid).map(str::to_owned),
            created_at: now,
            last_used_at: Some(now),
        };
        let (credential, user_verified) = (passkey.id.clone(), passkey.user_verified);
        let evidence = if mfa_only {
            Evidence::SecurityKeyCreated { credential, user_verified }
        } else {
            Evidence::PasskeyCreated { credential, user_verified }
        };
        Ok((passkey, ceremony.challenge.clone(), Proof::of(subject, evidence, now)))
    }
}

fn read(object: &[u8]) -> Result<(String, AuthenticatorData), Refusal> {
    let object: AttestationObject =
        serde_cbor_2::from_slice(object).map_err(|_| Refusal::Malformed("attestationObject"))?;
    if !FORMATS.contains(&object.fmt.as_str()) {
        return Err(Refusal::AttestationFormat(quoted(&object.fmt)));
    }
    if object.fmt == "none" && object.att_stmt != Value::Map(Default::default()) {
        return Err(Refusal::Attestation("the format none has a statement".to_owned()));
    }
    match object.auth_data {
        Value::Bytes(bytes) => Ok((object.fmt, AuthenticatorData::parse(&bytes)?)),
        _ => Err(Refusal::Malformed("authData")),
    }
}

/// Each once (quirk Q39), and only what looks like one: the list is open, and a browser may learn new ones.
fn distinct(transports: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for transport in transports {
        let plausible =
            (1..=32).contains(&transport.len()) && transport.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if plausible && kept.len() < 8 && !kept.contains(&transport) {
            kept.push(transport);
        }
    }
    kept
}
