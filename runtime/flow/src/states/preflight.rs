//! The client says what it can do.                                             spec/flow-login-registration.md §2.1

use async_trait::async_trait;
use serde::Deserialize;

use crate::engine::{Action, Cx, Failure, Input, State, Step};

/// `next` is the flow's first state for people; it is scheduled by the flow and named here for the diagram only.
pub(crate) fn state(next: &'static str) -> State {
    let state = State::named("preflight", "capabilities");
    if next == "login_init" { state.on(RegisterCapabilities::<true>) } else { state.on(RegisterCapabilities::<false>) }
}

struct RegisterCapabilities<const LOGIN: bool>;

#[derive(Deserialize)]
pub(crate) struct Capabilities {
    webauthn_available: bool,
    webauthn_conditional_mediation_available: bool,
    webauthn_platform_authenticator_available: bool,
}

#[async_trait]
impl<const LOGIN: bool> Action for RegisterCapabilities<LOGIN> {
    const NAME: &'static str = "register_client_capabilities";
    const DESCRIPTION: &'static str = "Tells which WebAuthn features the client has.";
    const LEADS_TO: &'static [&'static str] = if LOGIN { &["login_init"] } else { &["registration_init"] };
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
