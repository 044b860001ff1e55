//! A signed-in user without a username is asked for one.                       spec/flow-login-registration.md §2.14

use async_trait::async_trait;
use hanko_domain::{EventKind, Username, UsernameId};
use serde::Deserialize;

use crate::{
    effect::Effect,
    engine::{Action, Cx, Failure, Input, InputError, State, Step, declaration::Nothing},
    rules::report,
    states::AFTER_USERNAME,
};

pub(crate) fn state() -> State {
    State::named("onboarding_username", "user_details").on(CreateUsername).on(Skip)
}

struct CreateUsername;

#[derive(Deserialize)]
struct NewUsername {
    username: String,
}

#[async_trait]
impl Action for CreateUsername {
    const NAME: &'static str = "username_create";
    const DESCRIPTION: &'static str = "Sets the username.";
    const LEADS_TO: &'static [&'static str] = AFTER_USERNAME;
    type Input = NewUsername;

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        let settings = &cx.settings().username;
        let input = Input::trimmed("username").required(!settings.optional);
        vec![input.min(settings.min_length).max(settings.max_length)]
    }

    async fn decide(&self, cx: &mut Cx<'_>, input: NewUsername) -> Result<Step, Failure> {
        let user = cx.stash.user.ok_or_else(|| Failure::internal("a username of nobody"))?;
        let Ok(username) = Username::parse(&input.username) else {
            return Err(Failure::input("username", InputError::InvalidUsername));
        };
        if cx.store().username(&username).await?.is_some() {
            return Err(Failure::input("username", InputError::UsernameExists));
        }
        let id = UsernameId::random(&cx.inner().random);
        cx.then(Effect::AddUsername { id, user, username: username.clone() });
        report::changed(cx, EventKind::UserUpdateUsernameCreate, user).await?;
        cx.stash.username = Some(username);
        cx.stash.has_username = true;
        Ok(Step::onward().no_return())
    }
}

struct Skip;

#[async_trait]
impl Action for Skip {
    const NAME: &'static str = "skip";
    const DESCRIPTION: &'static str = "Goes on without a username.";
    const LEADS_TO: &'static [&'static str] = AFTER_USERNAME;
    type Input = Nothing;

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        !cx.settings().username.optional
    }

    async fn decide(&self, _cx: &mut Cx<'_>, _input: Nothing) -> Result<Step, Failure> {
        Ok(Step::onward())
    }
}
