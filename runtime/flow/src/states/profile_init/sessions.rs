//! The user's other sessions.                                                  spec/flow-profile.md §6.19

use async_trait::async_trait;
use hanko_domain::EventKind;
use serde::Deserialize;

use super::done;
use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, Step, input::Choice},
};

pub(super) struct Delete;

#[derive(Deserialize)]
pub(super) struct Named {
    session_id: String,
}

#[async_trait]
impl Action for Delete {
    const NAME: &'static str = "session_delete";
    const DESCRIPTION: &'static str = "Ends another session.";
    const LEADS_TO: &'static [&'static str] = &[];
    type Input = Named;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let others = cx.profile.iter().flat_map(|profile| profile.other_sessions());
        let choices = others.map(|session| Choice { value: session.id.to_string(), name: session.id.to_string() });
        vec![Input::string("session_id").required(true).hidden().one_of(choices.collect())]
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        let others = cx.profile.iter().any(|profile| profile.other_sessions().next().is_some());
        !cx.settings().session.allow_revocation || !others
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: Named) -> Result<Step, Failure> {
        let named =
            |session: &&hanko_store::sessions::Session| session.id.to_string().eq_ignore_ascii_case(&input.session_id);
        let session = cx.profile.as_ref().and_then(|profile| profile.other_sessions().find(named)).cloned();
        if let Some(session) = session {
            cx.then(Effect::EndSession(Box::new(session), EventKind::SessionDeleteExplicitRevoke));
        }
        Ok(done())
    }
}
