//! A fresh factor before sensitive actions (`account.stepUp`; upstream has none). The flow shows the login states for one of the
//! user's own factors in the place of the action, and the profile again once it was shown.

use async_trait::async_trait;
use hanko_domain::Timestamp;
use hanko_model::{project::Settings, spec::StepUpAction};
use hanko_store::users::Account;

use crate::{
    engine::{Cx, Detour, Failure, FlowError, Step},
    rules::{
        claim,
        identify::Facts,
        mfa::{self, Asked},
        passcode, passkey,
    },
    sessions::Valid,
};

/// In the place of an action that needs a fresh factor.
pub(crate) struct StepUp;

#[async_trait]
impl Detour for StepUp {
    fn name(&self) -> &'static str {
        "step-up"
    }

    fn from(&self) -> &'static str {
        "profile_init"
    }

    fn leads_to(&self) -> &'static [&'static str] {
        &[
            "login_method_chooser",
            "login_password",
            "passcode_confirmation",
            "login_passkey",
            "login_otp",
            "login_security_key",
        ]
    }

    async fn instead(&self, cx: &mut Cx<'_>) -> Result<Option<Step>, Failure> {
        let action = StepUpAction::ALL.into_iter().find(|action| action.as_str() == cx.action);
        let (Some(action), Some(session), true) = (action, cx.session, cx.state == self.from()) else {
            return Ok(None);
        };
        let account = cx.owner()?.clone();
        if !is_needed(cx.settings(), action, &account, session, cx.now) {
            return Ok(None);
        }
        ask(cx, account).map(Some)
    }
}

/// Whether the session's user has to show a factor before the action: none was shown lately, or not the second one that the account
/// has.
pub(crate) fn is_needed(
    settings: &Settings,
    action: StepUpAction,
    account: &Account,
    session: &Valid,
    now: Timestamp,
) -> bool {
    let fresh = now.since(session.proven_at()) <= settings.step_up.max_age
        && (session.is_aal2() || !mfa::required(settings, account, &[]));
    settings.step_up.actions.contains(&action) && !fresh
}

/// The state in which the user shows a factor: the second one if there is one, else the only first one, else a choice.
fn ask(cx: &mut Cx<'_>, account: Account) -> Result<Step, Failure> {
    let mailbox = claim::mailbox(&account);
    let facts = Facts::from_account(cx, account);
    facts.note(cx);
    cx.stash.email = mailbox;
    let settings = cx.settings();
    let password = settings.password.enabled && facts.has_password;
    let passcode = settings.email.use_for_authentication && cx.stash.email.is_some();
    let passkey = settings.passkey.enabled && cx.stash.webauthn_available && !facts.passkeys.is_empty();
    let state = match (mfa::asked(cx), password, passcode, passkey) {
        (Asked::SecurityKey, ..) => "login_security_key",
        (Asked::Totp, ..) => "login_otp",
        (Asked::Nothing, true, false, false) => "login_password",
        (Asked::Nothing, false, true, false) => {
            passcode::for_login(cx);
            "passcode_confirmation"
        }
        (Asked::Nothing, false, false, true) => {
            passkey::offer_own(cx, facts.passkeys)?;
            "login_passkey"
        }
        (Asked::Impossible, ..) | (Asked::Nothing, false, false, false) => {
            return Err(Failure::refused(FlowError::NotPermitted));
        }
        (Asked::Nothing, ..) => "login_method_chooser",
    };
    Ok(Step::through(vec![state, "profile_init"]))
}
