//! Whom a run is about, told a second time (§3.2 and §3.23 of the contract).

use super::{
    model::{Ceremony, Subject, Template, Turn},
    outcome::Payload,
};

impl Turn<'_, '_> {
    /// §3.2.
    pub fn identify(&mut self, typed: &'static str) -> Result<(), ()> {
        let input = self.world.identifier().unwrap();
        let settings = self.world.settings;
        let is_address = typed.contains('@');
        if typed.is_empty() {
            return self.out.input(input, "value_missing_error");
        }
        let short = match input {
            "email" => typed.len() < 3,
            "username" => typed.len() < settings.username.min_length as usize,
            _ => false,
        };
        if short {
            return self.out.input(input, "value_too_short_error");
        }
        if input == "email" && !is_address {
            return self.out.input(input, "value_invalid_error");
        }
        let by_address = input != "username" && is_address;
        let who = self.world.find(typed).filter(|_| by_address || !is_address);
        if who.is_none() && !by_address {
            return self.out.input(input, "unknown_username_error");
        }
        if who.is_none() && settings.privacy.show_account_existence_hints {
            return self.out.input(input, "unknown_email_error");
        }
        let person = who.map(|who| &self.world.people[who]);
        if let Some(who) = who {
            self.facts.note(self.world, who);
        }
        self.facts.username = person.and_then(|person| person.username).map(Into::into);
        self.facts.email =
            if by_address { Some(typed.into()) } else { person.and_then(|person| person.email).map(Into::into) };
        // §7 Q26.
        let mails = self.world.mails() && self.facts.email.is_some();
        let (passwords, passkeys) = (settings.password.enabled, settings.passkey.enabled);
        let has_passkey = passkeys && self.facts.has_passkey;
        let (mails, passwords, passkeys) = match (settings.privacy.only_show_actual_login_methods, who) {
            (true, Some(_)) => (mails, passwords && self.facts.has_password, has_passkey),
            // §7 Q10: like somebody whose only method is mail, or else the password.
            (true, None) => (mails, !mails, false),
            // §7 Q11.
            (false, _) => (mails, passwords, !mails && !passwords && has_passkey),
        };
        match (mails, passwords, passkeys) {
            (true, false, false) => self.mail("passcode", Template::Login),
            (false, true, false) => self.next.push("login_password"),
            (false, false, true) if self.facts.webauthn => {
                self.run.ceremony = who.map(Ceremony::First);
                self.out.payload = Payload::Request(Some(1));
                self.next.push("login_passkey");
            }
            (false, false, _) => return self.out.refuse(500, "flow_discontinuity_error"),
            _ => self.next.push("login_method_chooser"),
        }
        Ok(())
    }

    /// §3.23.
    pub fn register(&mut self, email: Option<&'static str>, username: Option<&'static str>) -> Result<(), ()> {
        let settings = self.world.settings;
        let (asks_email, asks_username) = self.world.registers();
        let is_address = |text: &str| text.contains('@');
        match email {
            None if asks_email && !settings.email.optional => self.wrong("email", "value_missing_error"),
            Some(text) if !is_address(text) => self.wrong("email", "value_invalid_error"),
            _ => {}
        }
        if username.is_none() && asks_username && !settings.username.optional {
            self.wrong("username", "value_missing_error");
        }
        if self.out.error.is_some() {
            return Err(());
        }
        // §7 Q21.
        if email.is_none() && username.is_none() {
            for (asks, name) in [(asks_email, "email"), (asks_username, "username")] {
                if asks {
                    self.wrong(name, "value_invalid_error");
                }
            }
            return Err(());
        }
        if let Some(username) = username {
            if username.contains(' ') {
                return self.out.input("username", "invalid_username_error");
            }
            if self.world.find(username).is_some() {
                return self.out.input("username", "username_already_exists");
            }
            self.facts.username = Some(username.into());
            self.facts.has_username = true;
        }
        let verifies = settings.email.require_verification;
        if let Some(email) = email {
            let taken = self.world.find(email).is_some();
            if taken && (!verifies || settings.privacy.show_account_existence_hints) {
                return self.out.input("email", "email_already_exists");
            }
            self.facts.email = Some(email.into());
            if taken {
                self.facts.template = Some(Template::RegistrationAttempted);
                self.next.push("passcode_confirmation");
                return Ok(());
            }
            if verifies {
                self.facts.template = Some(Template::EmailVerification);
                self.next.push("passcode_confirmation");
            }
        }
        self.facts.subject = Some(Subject::New);
        let credentials = self.credentials_of_registration();
        self.next.extend(credentials);
        if self.next.is_empty() {
            self.offer_second_factor();
        }
        self.next.push("success");
        Ok(())
    }

    /// One of several inputs that may be wrong.
    fn wrong(&mut self, name: &'static str, error: &'static str) {
        let _ = self.out.input(name, error);
    }
}
