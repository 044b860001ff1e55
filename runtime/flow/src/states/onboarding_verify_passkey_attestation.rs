//! The browser makes a passkey or a security key.                              spec/flow-login-registration.md §2.12

use async_trait::async_trait;
use serde::Deserialize;

use crate::{
    engine::{Action, Cx, Failure, Input, State, Step},
    rules::{mfa, passkey},
    states::back::Back,
};

pub(crate) fn state() -> State {
    State::named("onboarding_verify_passkey_attestation", "credential_onboarding").on(VerifyAttestation).on(Back)
}

struct VerifyAttestation;

#[derive(Deserialize)]
struct Attestation {
    public_key: String,
}

#[async_trait]
impl Action for VerifyAttestation {
    const NAME: &'static str = "webauthn_verify_attestation_response";
    const DESCRIPTION: &'static str = "Keeps the passkey that the authenticator made.";
    /// A security key comes before everything that a login still asks for, a passkey after most of it.
    const LEADS_TO: &'static [&'static str] = &[
        "mfa_method_chooser",
        "onboarding_username",
        "onboarding_email",
        "credential_onboarding_chooser",
        "onboarding_create_passkey",
        "password_creation",
        "device_trust",
        "success",
        "error",
    ];
    type Input = Attestation;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::json("public_key")]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.stash.webauthn_available
    }

    /// A refused answer stays here, so that a passkey that must be made cannot be skipped by sending garbage (§7 Q14).
    async fn decide(&self, cx: &mut Cx<'_>, input: Attestation) -> Result<Step, Failure> {
        passkey::enrol(cx, &input.public_key)?;
        mfa::offer(cx);
        Ok(Step::onward().no_return())
    }
}
