//! What a run must do next, told a second time: the contract's sections as plain functions of the settings and of what happened
//! so far. Nothing of `hanko-flow` is used here.

use hanko_model::{
    project::Settings,
    spec::{Acquire, AuthenticatorAttachment, UserVerification},
};

use super::{
    moves::With,
    outcome::{Outcome, Payload},
    people::Person,
};

/// What the walk walks in.
pub struct World<'a> {
    pub settings: &'a Settings,
    pub people: &'a [Person],
    pub registering: bool,
    /// Whose second factor this device stands for.
    pub device: Option<usize>,
}

/// Whom a run is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    Known(usize),
    New,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Template {
    Login,
    Recovery,
    EmailVerification,
    LoginAttempted,
    RegistrationAttempted,
}

/// The facts of §1.12 that decide what is offered.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Facts {
    pub webauthn: bool,
    pub conditional: bool,
    pub platform: bool,
    pub subject: Option<Subject>,
    pub email: Option<String>,
    pub username: Option<String>,
    pub has_email: bool,
    pub has_password: bool,
    pub has_passkey: bool,
    pub has_username: bool,
    pub has_otp: bool,
    pub has_key: bool,
    pub method: Option<&'static str>,
    pub second: Option<&'static str>,
    pub template: Option<Template>,
    pub recovering: bool,
    pub remember: bool,
    pub scheduled: bool,
    pub adds_email: bool,
    pub trusts_device: bool,
    /// What was enrolled or shown in this run, by its `amr` value.
    pub proven_code: bool,
    pub made: Vec<&'static str>,
    /// A second factor was shown, or a passkey whose authenticator verified its user.
    pub two_factors: bool,
}

#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    pub state: &'static str,
    pub previous: Option<&'static str>,
    pub queue: Vec<&'static str>,
    pub facts: Facts,
}

/// A code that is out.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Code {
    purpose: Template,
    pub address: String,
    pub tries: u8,
    /// The mail carries it.
    pub real: bool,
}

/// Whose answer the newest request options wait for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Ceremony {
    Anybody,
    First(usize),
    Second(usize),
}

#[derive(Clone, Debug)]
pub struct Run {
    pub at: Position,
    pub history: Vec<(Position, bool)>,
    pub code: Option<Code>,
    pub ceremony: Option<Ceremony>,
    pub creates_key: bool,
}

/// Two runs with the same key offer the same.
pub type Key = (Position, bool, bool, Option<Ceremony>, Option<bool>);

pub const CHOOSER: &str = "mfa_method_chooser";
pub const PASSKEY: &str = "onboarding_create_passkey";
pub const PASSWORD: &str = "password_creation";
pub const CREDENTIALS: &str = "credential_onboarding_chooser";

/// Which sub-flow owns a state (§0.2).
fn owner(state: &str) -> &'static str {
    match state {
        "preflight" => "capabilities",
        "login_init"
        | "login_passkey"
        | "login_method_chooser"
        | "login_password"
        | "login_password_recovery"
        | "passcode_confirmation" => "credential_usage",
        CREDENTIALS | PASSKEY | "onboarding_verify_passkey_attestation" | PASSWORD => "credential_onboarding",
        "onboarding_username" | "onboarding_email" => "user_details",
        CHOOSER | "mfa_otp_secret_creation" | "mfa_security_key_creation" => "mfa_creation",
        "login_security_key" | "login_otp" => "mfa_usage",
        "device_trust" => "device_trust",
        _ => "root",
    }
}

impl World<'_> {
    /// An address can be mailed a code that signs in.
    pub fn mails(&self) -> bool {
        self.settings.email.enabled && self.settings.email.use_for_authentication
    }

    /// `canLoginWithEmail` of §2.11.
    pub fn can_login_with_email(&self, facts: &Facts) -> bool {
        facts.email.is_some() && self.mails() && self.settings.email.use_as_login_identifier
    }

    /// `security_key_attachment_supported`, on a client that has WebAuthn at all (§7 Q33).
    pub fn keys_possible(&self, facts: &Facts) -> bool {
        let platform = self.settings.mfa.security_keys.authenticator_attachment == AuthenticatorAttachment::Platform;
        facts.webauthn && (facts.platform || !platform)
    }

    pub fn password_acquisition(&self) -> Acquire {
        let password = &self.settings.password;
        if self.registering { password.acquire_on_registration } else { password.acquire_on_login }
    }

    /// Where there is no WebAuthn, nobody is asked for a passkey (§7 Q25).
    pub fn passkey_acquisition(&self, facts: &Facts) -> Acquire {
        let passkey = &self.settings.passkey;
        match facts.webauthn && passkey.enabled {
            true if self.registering => passkey.acquire_on_registration,
            true => passkey.acquire_on_login,
            false => Acquire::Never,
        }
    }

    pub fn verifies_passkeys(&self) -> bool {
        self.settings.passkey.user_verification != UserVerification::Discouraged
    }

    /// Whose address or username this is.
    pub fn find(&self, typed: &str) -> Option<usize> {
        let is = |name: Option<&str>| name == Some(typed);
        self.people.iter().position(|person| is(person.email) || is(person.username))
    }
}

impl Run {
    pub fn begin(world: &World<'_>) -> Self {
        let first = if world.registering { "registration_init" } else { "login_init" };
        let at = Position { state: "preflight", queue: vec![first], ..Position::default() };
        Self { at, history: Vec::new(), code: None, ceremony: None, creates_key: false }
    }

    pub fn can_go_back(&self) -> bool {
        self.history.last().is_some_and(|(_, revertible)| *revertible)
    }

    pub fn key(&self) -> Key {
        let chosen = self.history.iter().any(|(at, _)| at.state == CHOOSER);
        let ceremony = self.ceremony.filter(|_| ["login_init", "login_passkey"].contains(&self.at.state));
        let code = self.code.as_ref().filter(|_| self.at.state == "passcode_confirmation").map(|code| code.real);
        (self.at.clone(), self.can_go_back(), chosen, ceremony, code)
    }

    /// Performs an action and tells what the answer must be.
    pub fn act(&mut self, world: &World<'_>, action: &str, with: &With) -> Outcome {
        let before = self.at.clone();
        let mut turn = Turn {
            world,
            run: self,
            facts: before.facts.clone(),
            next: Vec::new(),
            no_return: false,
            out: Outcome::default(),
        };
        if action == "back" {
            turn.back();
            return turn.out;
        }
        match turn.decide(action, with) {
            Ok(()) => turn.onward(),
            Err(()) => turn.refuse(),
        }
        turn.out
    }
}

/// One action under way.
pub struct Turn<'a, 'w> {
    pub world: &'a World<'w>,
    pub run: &'a mut Run,
    pub facts: Facts,
    /// The list N of §1.9.1.
    pub next: Vec<&'static str>,
    pub no_return: bool,
    pub out: Outcome,
}

impl Turn<'_, '_> {
    /// §1.9.1.
    fn onward(&mut self) {
        let old = self.run.at.clone();
        let leaves = self.following().is_none_or(|next| owner(next) != owner(old.state));
        if leaves && !self.world.registering && owner(old.state) == "credential_usage" && !self.facts.scheduled {
            self.schedule();
        }
        let entered = self.following().expect("the contract leaves no run without a next state");
        self.enter(entered, old.state);
        if entered != old.state {
            self.run.history.push((old.clone(), !self.no_return));
        }
        let mut queue = std::mem::take(&mut self.next);
        queue.extend(old.queue.iter().copied());
        queue.remove(0);
        self.run.at = Position { state: entered, previous: Some(old.state), queue, facts: self.facts.clone() };
    }

    /// §1.9.2, with §7 Q3: the state before stays what it was.
    fn refuse(&mut self) {
        self.facts = self.run.at.facts.clone();
        if self.out.status < 500 {
            self.enter(self.run.at.state, self.run.at.state);
        } else {
            self.run.at = Position { state: "error", facts: self.facts.clone(), ..self.run.at.clone() };
        }
    }

    /// §1.9.3.
    fn back(&mut self) {
        let (at, revertible) = self.run.history.pop().unwrap();
        assert!(revertible);
        self.facts = at.facts.clone();
        self.run.at = at;
        self.enter(self.run.at.state, "");
    }

    fn following(&self) -> Option<&'static str> {
        self.next.first().or(self.run.at.queue.first()).copied()
    }

    /// What happens before a state is shown.
    fn enter(&mut self, state: &str, from: &str) {
        let facts = &self.facts;
        match state {
            // §2.2.
            "login_init" if facts.webauthn && facts.conditional && self.world.settings.passkey.enabled => {
                self.run.ceremony = Some(Ceremony::Anybody);
                self.out.payload = Payload::Request(None);
            }
            "passcode_confirmation" if self.out.error.is_none() => self.send(false),
            "mfa_otp_secret_creation" => self.out.payload = Payload::Secret { same: from == state },
            "success" => self.out.payload = Payload::Success,
            _ => {}
        }
    }

    /// §3.8: a code for the same purpose and address that is still good is not sent again.
    pub fn send(&mut self, again: bool) {
        let (address, template) = (self.facts.email.clone().unwrap(), self.facts.template.unwrap());
        let purpose = match template {
            Template::LoginAttempted if self.facts.recovering => Template::Recovery,
            Template::LoginAttempted => Template::Login,
            Template::RegistrationAttempted => Template::EmailVerification,
            other => other,
        };
        let good = |code: &Code| code.address == address && code.purpose == purpose && code.tries < 3;
        if again || !self.run.code.as_ref().is_some_and(good) {
            let real = !matches!(template, Template::LoginAttempted | Template::RegistrationAttempted);
            self.run.code = Some(Code { purpose, address, tries: 0, real });
        }
    }
}
