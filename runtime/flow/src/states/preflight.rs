//! The client says what it can do.                                             spec/flow-login-registration.md §2.1

use async_trait::async_trait;
use serde::Deserialize;

use crate::engine::{Action, Cx, Failure, Input, State, Step};

pub(crate) fn state() -> State {
    State::named("preflight", "capabilities").on(RegisterCapabilities)
}

struct RegisterCapabilities;

#[derive(Deserialize)]
pub(crate) struct Capabilities {
    webauthn_available: bool,
    webauthn_conditional_mediation_available: bool,
    webauthn_platform_authenticator_available: bool,
}

#[async_trait]
impl Action for RegisterCapabilities {
    const NAME: &'static str = "register_client_capabilities";
    const DESCRIPTION: &'static str = "Tells which WebAuthn features the client has.";
    /// Whichever of them the flow begins with.
    const LEADS_TO: &'static [&'static str] = &["login_init", "registration_init", "profile_init"];
    type Input = Capabilities;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![
            Input::boolean("webauthn_available").required(true).hidden(),
            Input::boolean("webauthn_conditional_mediation_available").hidden(),
            Input::boolean("webauthn_platform_authenticator_available").hidden(),
        ]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Capabilities) -> Result<Step, Failure> {
        cx.stash.webauthn_available = input.webauthn_available;
        cx.stash.conditional_mediation_available = input.webauthn_conditional_mediation_available;
        cx.stash.platform_authenticator_available = input.webauthn_platform_authenticator_available;
        Ok(Step::onward())
    }
}
