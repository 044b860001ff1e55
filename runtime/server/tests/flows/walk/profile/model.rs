//! What a run of the profile must do next (`spec/flow-profile.md` §2, §6 to §9), told a second time.

use hanko_model::{project::Settings, spec::StepUpAction};
use serde_json::Value;

use super::{
    account::{Account, Shape},
    moves::Way,
    offers::keys_possible,
};

/// Whoever else has an account.
#[derive(Clone, Debug)]
pub struct Stranger {
    pub id: String,
    pub address: String,
    /// Theirs without a proof.
    pub claimed: String,
    pub username: String,
    pub email: String,
    pub passkey: String,
    pub session: String,
    pub cookie: String,
    /// As `GET /me` shows them.
    pub user: Value,
}

pub struct World<'a> {
    pub settings: &'a Settings,
    pub stranger: &'a Stranger,
    /// Seconds since the Unix epoch; the clock stands still.
    pub now: i64,
}

/// What a state waits for.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Pending {
    #[default]
    Nothing,
    /// An address to add, or one that is there already, is proven.
    Address(String),
    /// A code shows the user.
    Code(String),
    Passkey,
    Key,
    /// A passkey shows the user.
    FirstPasskey,
    SecondKey,
}

#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct At {
    pub state: &'static str,
    pub pending: Pending,
}

/// A code that is out.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Code {
    pub address: String,
    pub for_login: bool,
    pub tries: u8,
    /// The mail carries it.
    pub real: bool,
}

/// What must be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shown {
    #[default]
    Nothing,
    Profile,
    /// `request_options` with so many allowed credentials.
    Request(usize),
    Creation {
        key: bool,
    },
    Secret {
        same: bool,
    },
}

/// What an answer must say beside the state and its actions.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// 0: no error.
    pub status: u16,
    pub error: Option<&'static str>,
    pub input: Option<(&'static str, &'static str)>,
    /// The value of a preserved input.
    pub value: Option<String>,
    pub shown: Shown,
    /// The session goes on under a new id.
    pub raised: bool,
}

#[derive(Clone, Debug)]
pub struct Run {
    pub account: Account,
    pub at: At,
    pub history: Vec<At>,
    pub code: Option<Code>,
    pub webauthn: bool,
    pub platform: bool,
    /// This session, when its user last showed something, and whether that were two factors.
    pub session: String,
    pub proven_at: i64,
    pub aal2: bool,
    /// Actions that have changed the account.
    pub changes: usize,
}

/// Two runs with the same key offer the same.
pub type Key = (At, Vec<At>, Shape, Option<Code>, (bool, bool), (i64, bool), bool);

/// Where an action leads; `None`: nowhere else. `Err`: it is refused.
pub type Decision = Result<Option<At>, ()>;

impl Run {
    pub fn key(&self) -> Key {
        let code = self.code.clone().filter(|_| self.at.state == "passcode_confirmation");
        let (at, history) = (self.at.clone(), self.history.clone());
        (
            at,
            history,
            self.account.shape(),
            code,
            (self.webauthn, self.platform),
            (self.proven_at, self.aal2),
            self.changes > 0,
        )
    }

    /// Performs an action and tells what the answer must be.
    pub fn act(&mut self, world: &World<'_>, action: &str, way: &Way) -> Told {
        let mut told = Told::default();
        if action == "back" {
            self.at = self.history.pop().unwrap();
            self.enter(world, &mut told, false);
            return told;
        }
        let before = self.at.state;
        let stepped = before == "profile_init" && self.needs_step_up(world, action);
        let decided = if stepped { self.step_up(world, &mut told) } else { self.decide(world, &mut told, action, way) };
        match decided {
            Ok(Some(next)) if next.state != before => {
                let old = std::mem::replace(&mut self.at, next);
                // Whatever leads back to the profile ends what led there.
                if ["profile_init", "account_deleted"].contains(&self.at.state) {
                    self.history.clear();
                } else {
                    self.history.push(old);
                }
                self.enter(world, &mut told, false);
            }
            Ok(Some(next)) => {
                self.at = next;
                self.enter(world, &mut told, true);
            }
            Ok(None) | Err(()) => self.enter(world, &mut told, true),
        }
        told
    }

    /// What happens before a state is shown.
    fn enter(&mut self, world: &World<'_>, told: &mut Told, same: bool) {
        match (self.at.state, &self.at.pending) {
            ("profile_init", _) => told.shown = Shown::Profile,
            ("mfa_otp_secret_creation", _) => told.shown = Shown::Secret { same },
            ("passcode_confirmation", Pending::Address(address)) if told.error.is_none() => {
                let real = *address != world.stranger.address;
                self.mail(address.clone(), false, real, false);
            }
            ("passcode_confirmation", Pending::Code(address)) if told.error.is_none() => {
                self.mail(address.clone(), true, true, false);
            }
            _ => {}
        }
    }

    /// §7.2: a code for the same address and purpose that is still good is not sent again.
    pub fn mail(&mut self, address: String, for_login: bool, real: bool, again: bool) {
        let good = |code: &Code| code.address == address && code.for_login == for_login && code.tries < 3;
        if again || !self.code.as_ref().is_some_and(good) {
            self.code = Some(Code { address, for_login, tries: 0, real });
        }
    }

    /// A fresh factor, and where there is a second one that one.
    fn needs_step_up(&self, world: &World<'_>, action: &str) -> bool {
        let step_up = &world.settings.step_up;
        let listed = step_up.actions.iter().any(|listed: &StepUpAction| listed.as_str() == action);
        let age = u64::try_from(world.now - self.proven_at).unwrap();
        let fresh = age <= step_up.max_age.as_secs();
        listed && !(fresh && (self.aal2 || !self.account.has_second_factor(world.settings)))
    }

    fn step_up(&mut self, world: &World<'_>, told: &mut Told) -> Decision {
        let (settings, account) = (world.settings, &self.account);
        let mfa = &settings.mfa;
        let key = mfa.enabled && mfa.security_keys.enabled && !account.keys.is_empty();
        let totp = mfa.enabled && mfa.totp_enabled && account.totp;
        if key && keys_possible(settings, self) {
            return to("login_security_key");
        }
        if totp {
            return to("login_otp");
        }
        let password = settings.password.enabled && account.password;
        let mailbox = account.mailbox().filter(|_| settings.email.enabled && settings.email.use_for_authentication);
        let passkey = self.webauthn && account.can_passkey(settings);
        match (password, mailbox, passkey) {
            _ if key => told.refuse(403, "operation_not_permitted_error"),
            (true, None, false) => to("login_password"),
            (false, Some(mailbox), false) => going("passcode_confirmation", Pending::Code(mailbox.to_owned())),
            (false, None, true) => self.ask_for_passkey(told),
            (false, None, false) => told.refuse(403, "operation_not_permitted_error"),
            _ => to("login_method_chooser"),
        }
    }

    pub fn ask_for_passkey(&self, told: &mut Told) -> Decision {
        told.shown = Shown::Request(self.account.passkeys.len());
        going("login_passkey", Pending::FirstPasskey)
    }

    /// The user has shown a factor.
    pub fn shown(&mut self, world: &World<'_>, told: &mut Told, two: bool) -> Decision {
        told.raised = true;
        self.proven_at = world.now;
        self.aal2 |= two;
        to("profile_init")
    }
}

pub fn to(state: &'static str) -> Decision {
    going(state, Pending::Nothing)
}

pub fn going(state: &'static str, pending: Pending) -> Decision {
    Ok(Some(At { state, pending }))
}

impl Told {
    /// The run goes onward and an error is told all the same.
    pub fn soft(&mut self, status: u16, error: &'static str) {
        (self.status, self.error) = (status, Some(error));
    }

    pub fn refuse(&mut self, status: u16, error: &'static str) -> Decision {
        self.soft(status, error);
        Err(())
    }

    pub fn input(&mut self, name: &'static str, code: &'static str) -> Decision {
        self.input = Some((name, code));
        self.refuse(400, "form_data_invalid_error")
    }

    /// What is wrong with a text; `code` where only the action can say it.
    pub fn wrong(&mut self, name: &'static str, way: &Way, code: &'static str) -> Decision {
        let code = match way {
            Way::Empty => "value_missing_error",
            Way::Short => "value_too_short_error",
            Way::Long => "value_too_long_error",
            _ => code,
        };
        self.input(name, code)
    }

    /// An id of nothing that the user has.
    pub fn unknown(&mut self, name: &'static str, way: &Way) -> Decision {
        match way {
            Way::Empty => self.input(name, "value_missing_error"),
            _ => self.refuse(404, "not_found"),
        }
    }
}
