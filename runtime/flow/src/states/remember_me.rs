//! "Stay signed in", where the project asks.                                   spec/flow-login-registration.md §3.7

use async_trait::async_trait;
use hanko_model::spec::Retention;
use serde::Deserialize;

use crate::engine::{Action, Cx, Failure, Input, Step};

/// Stays in the state it names.
pub(super) struct RememberMe(pub(super) &'static str);

#[derive(Deserialize)]
pub(super) struct Choice {
    remember_me: bool,
}

#[async_trait]
impl Action for RememberMe {
    const NAME: &'static str = "remember_me";
    const DESCRIPTION: &'static str = "Chooses whether the session outlives the browser.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Choice;

    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        vec![Input::boolean("remember_me").required(true)]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        cx.settings().session.cookie.retention != Retention::Prompt
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Choice) -> Result<Step, Failure> {
        cx.stash.remember_me = input.remember_me;
        Ok(Step::to(self.0))
    }
}
