//! What each action does, told a second time (§3 of the contract).

use super::{
    model::{CHOOSER, Ceremony, Facts, Subject, Template, Turn, World},
    moves::{NEW_EMAIL, NEW_USERNAME, With},
    outcome::Payload,
};

impl Facts {
    /// Notes what is known of a person (§3.2 step 6).
    pub fn note(&mut self, world: &World<'_>, who: usize) {
        let person = &world.people[who];
        self.subject = Some(Subject::Known(who));
        self.has_email = person.email.is_some();
        self.has_username = person.username.is_some();
        self.has_password = person.password;
        self.has_passkey = person.passkey.is_some();
        self.has_otp = person.totp.is_some();
        self.has_key = person.key.is_some();
    }
}

impl Turn<'_, '_> {
    pub fn decide(&mut self, action: &str, with: &With) -> Result<(), ()> {
        match (action, with) {
            ("register_client_capabilities", With::Capabilities(webauthn, conditional, platform)) => {
                self.facts.webauthn = *webauthn;
                self.facts.conditional = *conditional;
                self.facts.platform = *platform;
            }
            ("continue_with_login_identifier", With::Name(typed)) => return self.identify(typed),
            ("register_login_identifier", With::Names(email, username)) => return self.register(*email, *username),
            ("remember_me", With::Remember(choice)) => {
                self.facts.remember = *choice;
                self.next.push(self.run.at.state);
            }
            ("webauthn_generate_request_options", _) => self.request_options(),
            ("webauthn_verify_assertion_response", with) => return self.assertion(with),
            ("continue_to_password_login", _) => self.next.push("login_password"),
            ("continue_to_passcode_confirmation", _) => self.mail("passcode", Template::Login),
            ("continue_to_passcode_confirmation_recovery", _) => {
                self.facts.recovering = true;
                self.mail("password", Template::Recovery);
            }
            ("password_login", with) => return self.password(with),
            ("verify_passcode", with) => return self.passcode(with),
            ("resend_passcode", _) => {
                self.send(true);
                self.next.push("passcode_confirmation");
            }
            ("password_recovery" | "register_password", with) => return self.new_password(action, with),
            ("username_create", with) => return self.username(with),
            ("email_address_set", with) => return self.email(with),
            ("continue_to_passkey_registration", _) => self.next.push("onboarding_create_passkey"),
            ("continue_to_password_registration", _) => self.next.push("password_creation"),
            ("skip", _) => self.skip(),
            ("webauthn_generate_creation_options", _) => {
                self.run.creates_key = self.run.at.state == "mfa_security_key_creation";
                self.out.payload = Payload::Creation { key: self.run.creates_key };
                self.next.push("onboarding_verify_passkey_attestation");
            }
            ("webauthn_verify_attestation_response", With::Right) => {
                if self.run.creates_key {
                    self.facts.has_key = true;
                    self.facts.made.push("security_key");
                } else {
                    self.facts.has_passkey = true;
                    self.facts.made.push("passkey");
                }
                self.no_return = true;
                self.offer_second_factor();
            }
            // §7 Q14, Q14b.
            ("webauthn_verify_attestation_response", _) => return self.out.refuse(401, "passkey_invalid"),
            ("continue_to_otp_secret_creation", _) => self.next.push("mfa_otp_secret_creation"),
            ("continue_to_security_key_creation", _) => self.next.push("mfa_security_key_creation"),
            ("otp_code_verify", With::Right) => {
                self.facts.has_otp = true;
                self.facts.made.push("totp");
                self.no_return = true;
            }
            ("otp_code_verify", With::Empty) => return self.out.input("otp_code", "value_missing_error"),
            ("otp_code_verify", _) => return self.out.input("otp_code", "passcode_invalid"),
            ("otp_code_validate", With::Right) => {
                self.facts.second = Some("totp");
                self.facts.two_factors = true;
                self.no_return = true;
            }
            ("otp_code_validate", With::Used) => return self.out.input("otp_code", "otp_code_already_used"),
            ("otp_code_validate", With::Empty) => return self.out.input("otp_code", "value_missing_error"),
            ("otp_code_validate", _) => return self.out.input("otp_code", "otp_code_invalid"),
            ("continue_to_login_otp", _) => self.next.push("login_otp"),
            ("continue_to_login_security_key", _) => self.next.push("login_security_key"),
            ("trust_device", _) => {
                self.facts.trusts_device = true;
                self.no_return = true;
            }
            other => panic!("no rule for {other:?}"),
        }
        Ok(())
    }

    /// Goes to `passcode_confirmation`; an unknown address gets another mail.
    pub fn mail(&mut self, method: &'static str, template: Template) {
        self.facts.method = Some(method);
        self.facts.template = Some(if self.facts.subject.is_some() { template } else { Template::LoginAttempted });
        self.next.push("passcode_confirmation");
    }

    /// §3.3, §3.20.
    fn request_options(&mut self) {
        let only_actual = self.world.settings.privacy.only_show_actual_login_methods;
        let (ceremony, allowed) = match (self.run.at.state, self.facts.subject) {
            ("login_security_key", Some(Subject::Known(who))) => {
                let person = &self.world.people[who];
                self.facts.second = Some("security_key");
                let shown = self.facts.method == Some("passkey");
                let all = usize::from(person.passkey.is_some() && !shown) + usize::from(person.key.is_some());
                (Ceremony::Second(who), Some(all))
            }
            (_, Some(Subject::Known(who))) if only_actual => (Ceremony::First(who), Some(1)),
            _ => {
                // §7 Q12.
                self.facts.subject = None;
                (Ceremony::Anybody, None)
            }
        };
        self.run.ceremony = Some(ceremony);
        self.out.payload = Payload::Request(allowed);
        self.next.push("login_passkey");
    }

    /// §3.4.
    fn assertion(&mut self, with: &With) -> Result<(), ()> {
        let With::Passkey(who) = with else {
            return match with {
                With::Empty => self.out.input("assertion_response", "value_missing_error"),
                _ => self.out.refuse(401, "passkey_invalid"),
            };
        };
        let second = self.run.ceremony == Some(Ceremony::Second(*who));
        if self.facts.subject.is_some_and(|named| named != Subject::Known(*who)) {
            self.out.soft(401, "passkey_invalid");
            self.next.push("error");
            return Ok(());
        }
        self.run.ceremony = None;
        self.no_return = true;
        if second {
            self.facts.two_factors = true;
            return Ok(());
        }
        let person = &self.world.people[*who];
        self.facts.note(self.world, *who);
        self.facts.email = person.email.map(Into::into);
        self.facts.username = person.username.map(Into::into);
        self.facts.method = Some("passkey");
        self.facts.two_factors = self.world.verifies_passkeys();
        self.offer_second_factor();
        Ok(())
    }

    /// §3.14.
    fn password(&mut self, with: &With) -> Result<(), ()> {
        match (with, self.facts.has_password) {
            (With::Empty, _) => self.out.input("password", "value_missing_error"),
            (With::Right, true) => {
                self.facts.method = Some("password");
                self.no_return = true;
                self.offer_second_factor();
                Ok(())
            }
            _ => self.out.input("password", "value_invalid_error"),
        }
    }

    /// §3.10.
    fn passcode(&mut self, with: &With) -> Result<(), ()> {
        let code = self.run.code.as_mut();
        match (with, code) {
            (With::Empty, _) => self.out.input("code", "value_missing_error"),
            (_, None) => self.out.input("code", "passcode_invalid"),
            (_, Some(code)) if code.tries >= 3 => self.out.refuse(401, "passcode_max_attempts_reached"),
            (With::Right, Some(_)) => {
                self.run.code = None;
                self.facts.proven_code = true;
                self.facts.has_email = true;
                self.facts.adds_email = false;
                self.no_return = true;
                self.offer_second_factor();
                Ok(())
            }
            (_, Some(code)) => {
                code.tries += 1;
                if code.tries == 3 {
                    return self.out.refuse(401, "passcode_max_attempts_reached");
                }
                self.out.input("code", "passcode_invalid")
            }
        }
    }

    /// §3.15, §3.16.
    fn new_password(&mut self, action: &str, with: &With) -> Result<(), ()> {
        let recovers = action == "password_recovery";
        let required = recovers || !self.world.settings.password.optional;
        match with {
            With::Empty if required => return self.out.input("new_password", "value_missing_error"),
            With::Empty => return self.out.input("new_password", "value_invalid_error"),
            With::Short => return self.out.input("new_password", "value_too_short_error"),
            With::Long => return self.out.input("new_password", "value_too_long_error"),
            _ => {}
        }
        if recovers {
            self.facts.recovering = false;
        }
        self.facts.has_password = true;
        self.facts.made.push("pwd");
        self.no_return = true;
        self.offer_second_factor();
        Ok(())
    }

    /// §3.18.
    fn username(&mut self, with: &With) -> Result<(), ()> {
        match with {
            With::Empty if !self.world.settings.username.optional => self.out.input("username", "value_missing_error"),
            With::Short => self.out.input("username", "value_too_short_error"),
            With::Long => self.out.input("username", "value_too_long_error"),
            With::Empty | With::Wrong => self.out.input("username", "invalid_username_error"),
            With::Taken => self.out.input("username", "username_already_exists"),
            _ => {
                self.facts.username = Some(NEW_USERNAME.into());
                self.facts.has_username = true;
                self.no_return = true;
                Ok(())
            }
        }
    }

    /// §3.18, §7 Q22.
    fn email(&mut self, with: &With) -> Result<(), ()> {
        let settings = self.world.settings;
        let typed = match with {
            With::Empty => "",
            With::Wrong => "not an address",
            With::Taken => "jane@x.de",
            _ => NEW_EMAIL,
        };
        self.out.value = Some(typed.into());
        let taken = self.world.find(typed).is_some();
        match with {
            With::Empty if !settings.email.optional => return self.out.input("email", "value_missing_error"),
            With::Empty | With::Wrong => return self.out.input("email", "value_invalid_error"),
            With::Taken if !settings.email.require_verification || settings.privacy.show_account_existence_hints => {
                return self.out.input("email", "email_already_exists");
            }
            _ => {}
        }
        self.out.value = None;
        self.facts.email = Some(typed.into());
        if settings.email.require_verification {
            self.facts.adds_email = !taken;
            self.facts.template =
                Some(if taken { Template::RegistrationAttempted } else { Template::EmailVerification });
            self.next.push("passcode_confirmation");
        } else {
            self.facts.has_email = true;
            self.no_return = true;
        }
        Ok(())
    }

    /// The many meanings of `skip` (§3.16, §3.18, §3.19, §3.21).
    fn skip(&mut self) {
        use hanko_model::spec::Acquire::Conditional;
        match self.run.at.state {
            "onboarding_create_passkey"
                if self.world.password_acquisition() == Conditional && !self.facts.has_password =>
            {
                self.next.push("password_creation");
            }
            "password_creation"
                if self.world.passkey_acquisition(&self.facts) == Conditional && !self.facts.has_passkey =>
            {
                self.next.push("onboarding_create_passkey");
            }
            "onboarding_create_passkey" | "password_creation" => self.offer_second_factor(),
            "credential_onboarding_chooser" => {
                self.no_return = true;
                self.offer_second_factor();
            }
            "onboarding_username" | "onboarding_email" | CHOOSER | "device_trust" => {}
            other => panic!("{other} has nothing to skip"),
        }
    }
}
