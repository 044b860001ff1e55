//! The ways to call an action that are worth trying.

use super::model::{Ceremony, Run, World};

/// How an action is called.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum With {
    Nothing,
    /// WebAuthn, conditional mediation, a platform authenticator.
    Capabilities(bool, bool, bool),
    /// What is typed into the one identifier of the login.
    Name(&'static str),
    /// Address and username of a registration.
    Names(Option<&'static str>, Option<&'static str>),
    Remember(bool),
    /// What the user really knows or has.
    Right,
    /// The passkey of this person.
    Passkey(usize),
    Wrong,
    /// Right, but used before.
    Used,
    Empty,
    Short,
    Long,
    /// Somebody else's.
    Taken,
    /// Nobody's yet.
    Fresh,
}

pub const NEW_EMAIL: &str = "new@x.de";
pub const NEW_USERNAME: &str = "newcomer";

impl World<'_> {
    /// The input that names the account at login (§2.2).
    pub fn identifier(&self) -> Option<&'static str> {
        let (email, username) = (&self.settings.email, &self.settings.username);
        match (email.enabled && email.use_as_login_identifier, username.enabled && username.use_as_login_identifier) {
            (true, true) => Some("identifier"),
            (true, false) => Some("email"),
            (false, true) => Some("username"),
            (false, false) => None,
        }
    }

    /// Whether registration asks for an address, and for a username.
    pub fn registers(&self) -> (bool, bool) {
        let (email, username) = (&self.settings.email, &self.settings.username);
        (email.enabled && email.acquire_on_registration, username.enabled && username.acquire_on_registration)
    }

    /// The ways to call an action that are worth trying.
    pub fn ways(&self, run: &Run, action: &str) -> Vec<With> {
        let facts = &run.at.facts;
        match action {
            "continue_with_login_identifier" => {
                let names = self.people.iter().filter_map(|person| match self.identifier() {
                    Some("email") => person.email,
                    Some("username") => person.username,
                    _ => person.username.or(person.email),
                });
                names.chain(["no@x.de", "nobody", "", "!"]).map(With::Name).collect()
            }
            "register_login_identifier" => {
                let (email, username) = self.registers();
                let emails = [Some(NEW_EMAIL), Some("jane@x.de"), Some("not an address"), None];
                let usernames = [Some(NEW_USERNAME), Some("nora"), Some("not a name"), None];
                let emails = if email { &emails[..] } else { &emails[3..] };
                let usernames = if username { &usernames[..] } else { &usernames[3..] };
                emails.iter().flat_map(|e| usernames.iter().map(|u| With::Names(*e, *u))).collect()
            }
            "remember_me" => vec![With::Remember(!facts.remember)],
            "password_login" => vec![With::Right, With::Wrong, With::Empty],
            "password_recovery" | "register_password" => {
                vec![With::Right, With::Short, With::Long, With::Empty]
            }
            "verify_passcode" => {
                let right = run.code.as_ref().is_some_and(|code| code.real).then_some(With::Right);
                [With::Wrong, With::Empty].into_iter().chain(right).collect()
            }
            "otp_code_verify" => vec![With::Right, With::Wrong, With::Empty],
            "otp_code_validate" => vec![With::Right, With::Wrong, With::Used, With::Empty],
            "username_create" => {
                let taken = self.find("nora").map(|_| With::Taken);
                [With::Fresh, With::Wrong, With::Short, With::Long, With::Empty].into_iter().chain(taken).collect()
            }
            "email_address_set" => {
                let taken = self.find("jane@x.de").map(|_| With::Taken);
                [With::Fresh, With::Wrong, With::Empty].into_iter().chain(taken).collect()
            }
            "webauthn_verify_attestation_response" => vec![With::Wrong, With::Right, With::Empty],
            "webauthn_verify_assertion_response" => {
                let owners: Vec<usize> = match run.ceremony {
                    Some(Ceremony::Anybody) => {
                        (0..self.people.len()).filter(|n| self.people[*n].passkey.is_some()).collect()
                    }
                    Some(Ceremony::First(who) | Ceremony::Second(who)) => vec![who],
                    None => Vec::new(),
                };
                owners.into_iter().map(With::Passkey).chain([With::Wrong, With::Empty]).collect()
            }
            _ => vec![With::Nothing],
        }
    }
}
