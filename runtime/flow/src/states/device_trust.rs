//! The user may trust this device.                                             spec/flow-login-registration.md §2.21

use async_trait::async_trait;

use crate::{
    engine::{Action, Cx, Failure, State, Step, declaration::Nothing},
    states::back::Back,
};

pub(crate) fn state() -> State {
    State::named("device_trust", "device_trust").on(TrustDevice).on(Skip).on(Back)
}

struct TrustDevice;

#[async_trait]
impl Action for TrustDevice {
    const NAME: &'static str = "trust_device";
    const DESCRIPTION: &'static str = "Asks for no second factor on this device for a while.";
    const LEADS_TO: &'static [&'static str] = &["success"];
    type Input = Nothing;

    async fn decide(&self, cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        cx.stash.device_trusted = true;
        Ok(Step::onward().no_return())
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without trusting this device.";
    const LEADS_TO: &'static [&'static str] = &["success"];
    type Input = Nothing;

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::onward())
    }
}
