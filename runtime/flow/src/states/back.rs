//! The way back, offered where the step before may be undone.                  spec/flow-login-registration.md §1.9.5

use async_trait::async_trait;

use crate::engine::{Action, Cx, Failure, Step, declaration::Nothing};

pub(crate) struct Back;

#[async_trait]
impl Action for Back {
    const NAME: &'static str = "back";
    const DESCRIPTION: &'static str = "Returns to the previous state.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.can_go_back
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::Back)
    }
}
