//! What is asked for on the way, told a second time (§4.9 to §4.11 of the contract).

use hanko_model::spec::{Acquire, DeviceTrustPolicy};

use super::model::{CHOOSER, CREDENTIALS, PASSKEY, PASSWORD, Subject, Turn};

impl Turn<'_, '_> {
    /// §4.9.
    pub fn schedule(&mut self) {
        self.facts.scheduled = true;
        let (settings, facts) = (self.world.settings, self.facts.clone());
        let mfa = &settings.mfa;
        let Some(Subject::Known(who)) = facts.subject else { panic!("a login of nobody") };
        let (key, otp) = (mfa.security_keys.enabled && facts.has_key, mfa.totp_enabled && facts.has_otp);
        let asked = match (mfa.enabled && !facts.two_factors, key, otp, self.world.keys_possible(&facts)) {
            (false, ..) | (_, false, false, _) => None,
            (_, true, _, true) => Some("login_security_key"),
            (_, true, false, false) => Some("error"),
            (_, _, true, _) => Some("login_otp"),
        };
        let trusted = mfa.device_trust.policy != DeviceTrustPolicy::Never && self.world.device == Some(who);
        let asked = asked.filter(|_| !trusted);
        self.next.extend(asked);
        if asked == Some("error") {
            self.out.soft(401, "platform_authenticator_required");
        }
        if facts.recovering {
            self.next.push("login_password_recovery");
        }
        if !facts.has_username && settings.username.enabled && settings.username.acquire_on_login {
            self.next.push("onboarding_username");
        }
        if !facts.has_email && settings.email.enabled && settings.email.acquire_on_login {
            self.next.push("onboarding_email");
        }
        // Whoever recovers will have a password (§7 Q30).
        let has_password = facts.has_password || facts.recovering;
        self.next.extend(self.credentials_of_login(has_password));
        // Only a second factor that is shown now can be spared next time (§7 Q29).
        if matches!(asked, Some("login_otp" | "login_security_key"))
            && mfa.device_trust.policy == DeviceTrustPolicy::Prompt
        {
            self.next.push("device_trust");
        }
        self.next.push("success");
    }

    fn credentials_of_login(&self, has_password: bool) -> Vec<&'static str> {
        use Acquire::{Always, Conditional, Never};
        let settings = self.world.settings;
        let (p, w) = (self.facts.webauthn && settings.passkey.enabled, settings.password.enabled);
        let (pk, pw) = (settings.passkey.acquire_on_login, settings.password.acquire_on_login);
        match (p, w) {
            (true, true) => match (pk, pw, self.facts.has_passkey, has_password) {
                (Always, Always, false, false) => self.both(),
                (Always, Always, true, false) => vec![PASSWORD],
                (Always, Always, false, true) => vec![PASSKEY],
                (Always, Conditional, false, _) => vec![PASSKEY],
                (Conditional, Always, _, false) => vec![PASSWORD],
                (Conditional, Conditional, false, false) => vec![CREDENTIALS],
                (Conditional, Never, false, false) => vec![PASSKEY],
                (Never, Conditional, false, false) => vec![PASSWORD],
                (Never, Always, _, false) => vec![PASSWORD],
                (Always, Never, false, _) => vec![PASSKEY],
                _ => vec![],
            },
            (true, false) if pk != Never && !self.facts.has_passkey => vec![PASSKEY],
            (false, true) if pw != Never && !has_password => vec![PASSWORD],
            _ => vec![],
        }
    }

    /// §4.11.
    pub fn credentials_of_registration(&self) -> Vec<&'static str> {
        use Acquire::{Always, Conditional, Never};
        let settings = self.world.settings;
        let (p, w) = (self.facts.webauthn && settings.passkey.enabled, settings.password.enabled);
        let (pk, pw) = (settings.passkey.acquire_on_registration, settings.password.acquire_on_registration);
        match (p, w, pk, pw) {
            (true, true, Always, Always) => self.both(),
            (true, true, Always, Conditional) => vec![PASSKEY],
            (true, true, Conditional, Always) => vec![PASSWORD],
            (true, true, Conditional, Conditional) => vec![CREDENTIALS],
            (true, true, Always | Conditional, Never) => vec![PASSKEY],
            (true, true, Never, Always | Conditional) => vec![PASSWORD],
            (true, false, Always | Conditional, _) => vec![PASSKEY],
            (false, true, _, Always | Conditional) => vec![PASSWORD],
            _ => vec![],
        }
    }

    fn both(&self) -> Vec<&'static str> {
        let settings = self.world.settings;
        if !settings.password.optional && settings.passkey.optional {
            vec![PASSWORD, PASSKEY]
        } else {
            vec![PASSKEY, PASSWORD]
        }
    }

    /// §4.10.
    pub fn offer_second_factor(&mut self) {
        let (settings, facts) = (self.world.settings, &self.facts);
        let mfa = &settings.mfa;
        let wanted = if self.world.registering { mfa.acquire_on_registration } else { mfa.acquire_on_login };
        let applies = !self.run.at.queue.contains(&PASSWORD)
            && !facts.recovering
            && !self.run.history.iter().any(|(at, _)| at.state == CHOOSER)
            && mfa.enabled
            && (mfa.security_keys.enabled || mfa.totp_enabled)
            && wanted
            && !facts.has_key
            && !facts.has_otp
            && (settings.password.enabled && facts.has_password
                || self.world.mails() && (facts.email.is_some() || facts.has_email));
        if !applies {
            return;
        }
        if mfa.totp_enabled || self.world.keys_possible(facts) {
            self.next.push(CHOOSER);
        } else if !mfa.optional {
            // §7 Q14c.
            self.next.push("error");
            self.out.soft(401, "platform_authenticator_required");
        }
    }
}
