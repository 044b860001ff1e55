//! The browser makes a passkey or a security key for a signed-in user.         spec/flow-profile.md §8

use async_trait::async_trait;
use hanko_notify::mail::Template;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    engine::{Action, Cx, Failure, FlowError, Input, State, Step},
    rules::{notice, passkey},
    states::back::Back,
};

pub(crate) fn state() -> State {
    State::named("webauthn_credential_verification", "profile").on(VerifyAttestation).on(Back)
}

struct VerifyAttestation;

#[derive(Deserialize)]
struct Attestation {
    #[serde(default)]
    public_key: Value,
}

#[async_trait]
impl Action for VerifyAttestation {
    const NAME: &'static str = "webauthn_verify_attestation_response";
    const DESCRIPTION: &'static str = "Keeps the credential that the authenticator made.";
    const LEADS_TO: &'static [&'static str] = &["profile_init"];
    type Input = Attestation;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::raw("public_key").required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let settings = cx.settings();
        let keys = settings.mfa.enabled && settings.mfa.security_keys.enabled;
        !cx.stash.webauthn_available || !(settings.passkey.enabled || keys)
    }

    /// A refused answer leads back to the profile, which tells it (§8.3).
    async fn decide(&self, cx: &mut Cx<'_>, input: Attestation) -> Result<Step, Failure> {
        let answer = match input.public_key {
            Value::String(text) => text,
            value => value.to_string(),
        };
        match passkey::enrol(cx, &answer) {
            Ok(()) => {}
            Err(Failure::Refused { error, .. }) => {
                cx.error = Some(error);
                return Ok(Step::to("profile_init"));
            }
            Err(failure) => return Err(failure),
        }
        let security_key = cx.stash.new_passkeys.iter().any(|made| made.mfa_only);
        let owner = cx.owner()?;
        let settings = cx.settings();
        let (limit, have) = if security_key {
            (settings.mfa.security_keys.limit, owner.passkeys.iter().filter(|passkey| passkey.mfa_only).count())
        } else {
            (settings.passkey.limit, owner.passkeys.iter().filter(|passkey| !passkey.mfa_only).count())
        };
        if u32::try_from(have).is_ok_and(|have| have >= limit) {
            return Err(Failure::refused(FlowError::NotPermitted));
        }
        let template = if security_key { Template::MfaCreate } else { Template::PasskeyCreate };
        notice::changed(cx, template, |message| message);
        Ok(Step::to("profile_init"))
    }
}
