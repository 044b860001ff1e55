//! The only place that knows `webauthn-rs-core`. It verifies signatures and attestation statements, and repeats most checks
//! of the callers. What it would decide differently from the contract is neutralised: the counter is 0, the policy
//! `Discouraged`, backup eligibility the one just received.

use serde_json::json;
use url::Url;
use webauthn_rs_core::{
    WebauthnCore,
    error::WebauthnError,
    proto::{
        AttestationFormat, AuthenticationExtensionsClientOutputs, AuthenticationState,
        AuthenticatorAssertionResponseRaw, AuthenticatorAttestationResponseRaw, COSEKey, Credential, ParsedAttestation,
        PublicKeyCredential, RegisterPublicKeyCredential, RegisteredExtensions, RegistrationExtensionsClientOutputs,
        RegistrationState, UserVerificationPolicy,
    },
};

use super::{Challenge, Refusal, RelyingParty, StoredPasskey};

/// An answer to `navigator.credentials.create`.
pub(super) struct Created<'a> {
    pub(super) id: &'a [u8],
    pub(super) client_data: &'a [u8],
    pub(super) origin: &'a str,
    pub(super) attestation_object: &'a [u8],
}

/// An answer to `navigator.credentials.get`.
pub(super) struct Signed<'a> {
    pub(super) client_data: &'a [u8],
    pub(super) origin: &'a str,
    pub(super) authenticator_data: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) backup_eligible: bool,
}

/// Verifies RP ID, key and attestation statement of a new credential.
pub(super) fn verify_attestation(
    rp: &RelyingParty,
    challenge: &Challenge,
    created: &Created<'_>,
) -> Result<(), Refusal> {
    // Its state has no public constructor; its serialised form is its interface.
    let state: RegistrationState = serde_json::from_value(json!({
        "policy": "discouraged",
        "exclude_credentials": [],
        "challenge": challenge,
        "credential_algorithms": ["ES256", "ES384", "RS256"],
        "require_resident_key": false,
        "authenticator_attachment": null,
        "extensions": {},
        "allow_synchronised_authenticators": true,
    }))
    .map_err(|_| Refusal::Malformed("state"))?;
    let response = RegisterPublicKeyCredential {
        id: crate::base64url::encode(created.id),
        raw_id: created.id.to_vec(),
        response: AuthenticatorAttestationResponseRaw {
            attestation_object: created.attestation_object.to_vec(),
            client_data_json: created.client_data.to_vec(),
            transports: None,
        },
        type_: "public-key".to_owned(),
        extensions: RegistrationExtensionsClientOutputs::default(),
    };
    core(rp, created.origin)?
        .register_credential(&response, &state, None)
        .map(drop)
        .map_err(|error| refusal(&error, Refusal::Attestation))
}

/// Verifies RP ID and signature of an assertion.
pub(super) fn verify_signature(
    rp: &RelyingParty,
    challenge: &Challenge,
    passkey: &StoredPasskey,
    signed: &Signed<'_>,
) -> Result<(), Refusal> {
    let state: AuthenticationState = serde_json::from_value(json!({
        "credentials": [],
        "policy": "discouraged",
        "challenge": challenge,
        "appid": null,
        "allow_backup_eligible_upgrade": false,
    }))
    .map_err(|_| Refusal::Malformed("state"))?;
    let response = PublicKeyCredential {
        id: passkey.id.to_string(),
        raw_id: passkey.id.0.clone(),
        response: AuthenticatorAssertionResponseRaw {
            authenticator_data: signed.authenticator_data.to_vec(),
            client_data_json: signed.client_data.to_vec(),
            signature: signed.signature.to_vec(),
            user_handle: None,
        },
        extensions: AuthenticationExtensionsClientOutputs::default(),
        type_: "public-key".to_owned(),
    };
    let credential = Credential {
        cred_id: passkey.id.0.clone(),
        cred: key(&passkey.public_key)?,
        counter: 0,
        transports: None,
        user_verified: false,
        backup_eligible: signed.backup_eligible,
        backup_state: false,
        registration_policy: UserVerificationPolicy::Discouraged_DO_NOT_USE,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    };
    core(rp, signed.origin)?
        .authenticate_single_credential(&response, &state, &credential)
        .map(drop)
        .map_err(|error| refusal(&error, Refusal::Signature))
}

/// Reads a public key.
pub(super) fn key(cose: &[u8]) -> Result<COSEKey, Refusal> {
    let value: serde_cbor_2::Value = serde_cbor_2::from_slice(cose).map_err(|_| Refusal::Key("not CBOR".to_owned()))?;
    COSEKey::try_from(&value).map_err(|error: WebauthnError| Refusal::Key(error.to_string()))
}

/// The origin is the response's, which the caller has compared with the allowed ones more strictly than this library does.
fn core(rp: &RelyingParty, origin: &str) -> Result<WebauthnCore, Refusal> {
    let origin = Url::parse(origin).map_err(|_| Refusal::Malformed("origin"))?;
    Ok(WebauthnCore::new_unsafe_experts_only(&rp.name, &rp.id, vec![origin], rp.login_timeout, None, None))
}

fn refusal(error: &WebauthnError, otherwise: fn(String) -> Refusal) -> Refusal {
    match error {
        WebauthnError::InvalidRPIDHash => Refusal::RpId,
        WebauthnError::COSEKeyInvalidCBORValue
        | WebauthnError::COSEKeyInvalidType
        | WebauthnError::COSEKeyInvalidAlgorithm
        | WebauthnError::COSEKeyECDSAXYInvalid
        | WebauthnError::COSEKeyECDSAInvalidCurve
        | WebauthnError::COSEKeyRSANEInvalid => Refusal::Key(error.to_string()),
        _ => otherwise(error.to_string()),
    }
}
