//! What each action of the profile does (`spec/flow-profile.md` §6 to §9), told a second time.

use hanko_model::spec::UserVerification;
use serde_json::{Value, json};

use super::{
    account::{Account, Address},
    model::{Decision, Pending, Run, Shown, Told, World, going, to},
    moves::{NEW_EMAIL, NEW_USERNAME, Way},
    offers::{deletable, passkey_can_go},
};

impl Run {
    fn changed(&mut self) -> Decision {
        self.changes += 1;
        to("profile_init")
    }

    pub fn decide(&mut self, world: &World<'_>, told: &mut Told, action: &str, way: &Way) -> Decision {
        let settings = world.settings;
        match (action, way) {
            ("register_client_capabilities", Way::Capabilities(webauthn, platform)) => {
                (self.webauthn, self.platform) = (*webauthn, *platform);
                to("profile_init")
            }
            ("account_delete", _) => to("account_deleted"),
            ("continue_to_otp_secret_creation" | "security_key_create" | "webauthn_credential_create", _)
                if self.account.label().is_none() =>
            {
                told.refuse(403, "operation_not_permitted_error")
            }
            ("continue_to_otp_secret_creation", _) => to("mfa_otp_secret_creation"),
            ("otp_code_verify", Way::Right) => {
                self.account.totp = true;
                self.changed()
            }
            ("otp_code_verify", way) => told.wrong("otp_code", way, "passcode_invalid"),
            ("otp_secret_delete", _) => {
                self.account.totp = false;
                self.changed()
            }
            ("email_create", way) => self.email_create(world, told, way),
            ("email_delete", Way::Own(n)) => {
                let id = self.account.emails[*n].id.clone();
                if !deletable(&self.account, settings).any(|email| email.id == id) {
                    return told.wrong("email_id", way, "value_invalid_error");
                }
                self.account.emails.remove(*n);
                self.changed()
            }
            ("email_delete", way) => told.wrong("email_id", way, "value_invalid_error"),
            ("email_set_primary", Way::Own(n)) => {
                let changes = !self.account.emails[*n].primary;
                for (at, email) in self.account.emails.iter_mut().enumerate() {
                    email.primary = at == *n;
                }
                self.changes += usize::from(changes);
                to("profile_init")
            }
            ("email_verify", Way::Own(n)) => {
                going("passcode_confirmation", Pending::Address(self.account.emails[*n].text.clone()))
            }
            ("email_set_primary" | "email_verify", way) => told.unknown("email_id", way),
            ("password_create" | "password_update", Way::Right) => {
                self.account.password = true;
                self.changed()
            }
            ("password_create" | "password_update", way) => told.wrong("password", way, "value_invalid_error"),
            ("password_delete", _) => {
                self.account.password = false;
                self.changed()
            }
            ("patch_metadata", way) => self.patch(told, way),
            ("security_key_create", _) => {
                told.shown = Shown::Creation { key: true };
                going("webauthn_credential_verification", Pending::Key)
            }
            ("webauthn_credential_create", _) => {
                told.shown = Shown::Creation { key: false };
                going("webauthn_credential_verification", Pending::Passkey)
            }
            // Its id is the authenticator's to say.
            ("webauthn_verify_attestation_response", Way::Right) => self.changed(),
            // §8.3: it leads back to the profile.
            ("webauthn_verify_attestation_response", _) => {
                told.soft(401, "passkey_invalid");
                to("profile_init")
            }
            ("security_key_delete", Way::Own(n)) => {
                self.account.keys.remove(*n);
                self.changed()
            }
            ("security_key_delete", way) => told.unknown("security_key_id", way),
            ("webauthn_credential_delete", Way::Own(n)) => {
                if !passkey_can_go(&self.account, settings) {
                    return told.refuse(403, "operation_not_permitted_error");
                }
                self.account.passkeys.remove(*n);
                self.changed()
            }
            ("webauthn_credential_delete", way) => told.unknown("passkey_id", way),
            ("webauthn_credential_rename", Way::Own(n)) => {
                let Account { passkeys, keys, .. } = &mut self.account;
                passkeys.iter_mut().chain(keys).nth(*n).unwrap().name = Some("  Mine".into());
                self.changed()
            }
            ("webauthn_credential_rename", Way::Short | Way::Long) => {
                told.wrong("passkey_name", if *way == Way::Short { &Way::Empty } else { way }, "")
            }
            ("webauthn_credential_rename", way) => told.unknown("passkey_id", way),
            ("session_delete", Way::Own(n)) => {
                self.account.others.remove(*n);
                self.changed()
            }
            ("session_delete", way) => told.wrong("session_id", way, "value_invalid_error"),
            ("username_create" | "username_update", way) => self.username(world, told, way),
            ("username_delete", _) => {
                self.account.username = None;
                self.changed()
            }
            ("verify_passcode", way) => self.passcode(world, told, way),
            ("resend_passcode", _) => {
                let code = self.code.clone().unwrap();
                self.mail(code.address, code.for_login, code.real, true);
                Ok(None)
            }
            ("continue_to_password_login", _) => to("login_password"),
            ("continue_to_passcode_confirmation", _) => {
                let mailbox = self.account.mailbox().unwrap().to_owned();
                going("passcode_confirmation", Pending::Code(mailbox))
            }
            ("webauthn_generate_request_options", _) if self.at.state == "login_security_key" => {
                told.shown = Shown::Request(self.account.passkeys.len() + self.account.keys.len());
                going("login_passkey", Pending::SecondKey)
            }
            ("webauthn_generate_request_options", _) => self.ask_for_passkey(told),
            ("password_login", Way::Right) => self.shown(world, told, false),
            ("password_login", way) => told.wrong("password", way, "value_invalid_error"),
            ("otp_code_validate", Way::Right) => self.shown(world, told, true),
            ("otp_code_validate", Way::Used) => told.wrong("otp_code", way, "otp_code_already_used"),
            ("otp_code_validate", way) => told.wrong("otp_code", way, "otp_code_invalid"),
            ("continue_to_login_security_key", _) => to("login_security_key"),
            ("continue_to_login_otp", _) => to("login_otp"),
            ("webauthn_verify_assertion_response", Way::Right) => {
                let verifies = settings.passkey.user_verification != UserVerification::Discouraged;
                let two = self.asks_second() || verifies;
                self.shown(world, told, two)
            }
            ("webauthn_verify_assertion_response", Way::Empty) => told.wrong("assertion_response", way, ""),
            ("webauthn_verify_assertion_response", _) => told.refuse(401, "passkey_invalid"),
            other => panic!("no rule for {other:?}"),
        }
    }

    /// §6.3.
    fn email_create(&mut self, world: &World<'_>, told: &mut Told, way: &Way) -> Decision {
        let settings = world.settings;
        let (verification, hints) =
            (settings.email.require_verification, settings.privacy.show_account_existence_hints);
        let exists = |told: &mut Told| told.input("email", "email_already_exists");
        let own = |text: &str| self.account.emails.iter().any(|email| email.text == text);
        let text = match way {
            Way::Right => return exists(told),
            Way::Fresh if own(NEW_EMAIL) => return exists(told),
            Way::Claimed if own(&world.stranger.claimed) => return exists(told),
            Way::Foreign if !verification || hints => return exists(told),
            Way::Claimed if !verification => return exists(told),
            Way::Fresh => NEW_EMAIL.to_owned(),
            Way::Foreign => world.stranger.address.clone(),
            Way::Claimed => world.stranger.claimed.clone(),
            way => return told.wrong("email", way, "value_invalid_error"),
        };
        if verification {
            return going("passcode_confirmation", Pending::Address(text));
        }
        self.add(text, false);
        self.changed()
    }

    fn add(&mut self, text: String, proven: bool) {
        let primary = self.account.primary().is_none();
        self.account.emails.push(Address { id: String::new(), text, proven, primary });
    }

    /// §6.11.
    fn patch(&mut self, told: &mut Told, way: &Way) -> Decision {
        let refused = |told: &mut Told| told.input("patch_metadata", "invalid_metadata_error");
        let Way::Patch(text) = way else { return refused(told) };
        let mut patch: Value = serde_json::from_str(text).unwrap();
        if let Some(text) = patch.as_str() {
            // JSON as its text.
            match serde_json::from_str(text) {
                Ok(inner) => patch = inner,
                Err(_) => return refused(told),
            }
        }
        match patch {
            Value::Null => self.account.metadata = Value::Null,
            Value::Object(_) => merge(&mut self.account.metadata, &patch),
            _ => return refused(told),
        }
        if self.account.metadata == json!({}) {
            self.account.metadata = Value::Null;
        }
        self.changed()
    }

    /// §6.14, §6.16.
    fn username(&mut self, world: &World<'_>, told: &mut Told, way: &Way) -> Decision {
        let typed = match way {
            Way::Fresh => NEW_USERNAME.to_owned(),
            Way::Right => self.account.username.clone().unwrap(),
            Way::Foreign => world.stranger.username.clone(),
            Way::Wrong => "not one".to_owned(),
            Way::Short => "ab".to_owned(),
            Way::Long => "a".repeat(130),
            _ => String::new(),
        };
        let code = match way {
            Way::Fresh | Way::Right => {
                self.changes += usize::from(self.account.username.as_ref() != Some(&typed));
                self.account.username = Some(typed);
                return to("profile_init");
            }
            Way::Foreign => "username_already_exists",
            Way::Wrong => "invalid_username_error",
            Way::Short => "value_too_short_error",
            Way::Long => "value_too_long_error",
            _ => "value_missing_error",
        };
        told.value = Some(typed);
        told.input("username", code)
    }

    /// §7.1.
    fn passcode(&mut self, world: &World<'_>, told: &mut Told, way: &Way) -> Decision {
        let code = match (way, self.code.as_mut()) {
            (Way::Empty, _) => return told.wrong("code", way, ""),
            (_, None) => return told.input("code", "passcode_invalid"),
            (_, Some(code)) if code.tries >= 3 => return told.refuse(401, "passcode_max_attempts_reached"),
            (Way::Right, Some(_)) => self.code.take().unwrap(),
            (_, Some(code)) => {
                code.tries += 1;
                if code.tries == 3 {
                    return told.refuse(401, "passcode_max_attempts_reached");
                }
                return told.input("code", "passcode_invalid");
            }
        };
        if code.for_login {
            return self.shown(world, told, false);
        }
        match self.account.emails.iter_mut().find(|email| email.text == code.address) {
            Some(own) => own.proven = true,
            None => self.add(code.address, true),
        }
        self.changed()
    }
}

/// RFC 7396.
fn merge(stored: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *stored = patch.clone();
        return;
    };
    if !stored.is_object() {
        *stored = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            stored.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut stored[name], value);
        }
    }
}
