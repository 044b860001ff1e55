//! What a signed-in user has, as the contract lets one predict it (`spec/flow-profile.md` §4), and what they can sign in with (§5).

use hanko_model::project::Settings;
use serde_json::{Value, json};

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// Empty until an answer has told it.
    pub id: String,
    pub text: String,
    pub proven: bool,
    pub primary: bool,
}

/// A passkey or a security key.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Credential {
    pub id: String,
    pub name: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub emails: Vec<Address>,
    pub username: Option<String>,
    /// No answer shows it.
    pub password: bool,
    pub passkeys: Vec<Credential>,
    pub keys: Vec<Credential>,
    pub totp: bool,
    pub metadata: Value,
    /// The other sessions, newest first.
    pub others: Vec<String>,
}

/// What of an account decides what is offered.
pub type Shape = (Vec<(String, bool, bool)>, Option<String>, bool, Vec<Option<String>>, usize, bool, String, usize);

fn credentials(list: &Value) -> Vec<Credential> {
    let one = |credential: &Value| Credential {
        id: credential["id"].as_str().unwrap().to_owned(),
        name: credential["name"].as_str().map(ToOwned::to_owned),
    };
    list.as_array().into_iter().flatten().map(one).collect()
}

impl Account {
    /// As `GET /me` shows it.
    pub fn of(user: &Value, password: bool, others: Vec<String>) -> Self {
        let address = |email: &Value| Address {
            id: email["id"].as_str().unwrap().to_owned(),
            text: email["address"].as_str().unwrap().to_owned(),
            proven: email["is_verified"] == true,
            primary: email["is_primary"] == true,
        };
        Self {
            id: user["id"].as_str().unwrap().to_owned(),
            emails: user["emails"].as_array().into_iter().flatten().map(address).collect(),
            username: user["username"]["username"].as_str().map(ToOwned::to_owned),
            password,
            passkeys: credentials(&user["passkeys"]),
            keys: credentials(&user["security_keys"]),
            totp: user["mfa_config"]["auth_app_set_up"] == true,
            metadata: user["metadata"]["unsafe_metadata"].clone(),
            others,
        }
    }

    pub fn primary(&self) -> Option<&Address> {
        self.emails.iter().find(|email| email.primary)
    }

    /// What an authenticator and an app call the account (§8.1, §9.1).
    pub fn label(&self) -> Option<&str> {
        self.primary().map(|email| email.text.as_str()).or(self.username.as_deref())
    }

    /// Where a code goes that shows whose account it is: a claim next to a proven address shows nothing.
    pub fn mailbox(&self) -> Option<&str> {
        let shows = |email: &&Address| email.proven || !self.emails.iter().any(|other| other.proven);
        let primary = self.primary().filter(shows);
        primary.or_else(|| self.emails.iter().find(shows)).map(|email| email.text.as_str())
    }

    pub fn shape(&self) -> Shape {
        (
            self.emails.iter().map(|email| (email.text.clone(), email.proven, email.primary)).collect(),
            self.username.clone(),
            self.password,
            self.passkeys.iter().map(|passkey| passkey.name.clone()).collect(),
            self.keys.len(),
            self.totp,
            self.metadata.to_string(),
            self.others.len(),
        )
    }

    /// Takes over the ids that only an answer can tell; what it shows must be what was predicted.
    pub fn learn(&mut self, user: &Value) {
        let shown = Self::of(user, self.password, self.others.clone());
        let told = |text: &str| shown.emails.iter().find(|email| email.text == text).map(|email| email.id.clone());
        for email in self.emails.iter_mut().filter(|email| email.id.is_empty()) {
            email.id = told(&email.text).unwrap_or_else(|| panic!("{} is not shown", email.text));
        }
        let sorted = |mut emails: Vec<Address>| {
            emails.sort();
            emails
        };
        assert_eq!(sorted(shown.emails.clone()), sorted(self.emails.clone()));
        // Those of one microsecond have no order.
        self.emails = shown.emails;
        assert_eq!(
            (&shown.id, &shown.username, shown.totp, &shown.metadata),
            (&self.id, &self.username, self.totp, &self.metadata)
        );
    }

    /// The user as it must be shown, but for what only the server knows.
    pub fn check(&self, settings: &Settings, user: &Value) {
        let ids = |list: &[Credential]| list.iter().map(|one| (one.id.clone(), one.name.clone())).collect::<Vec<_>>();
        let shown = |enabled: bool, list: &[Credential]| if enabled { ids(list) } else { Vec::new() };
        let mfa = &settings.mfa;
        for (name, expected) in [
            ("passkeys", shown(settings.passkey.enabled, &self.passkeys)),
            ("security_keys", shown(mfa.security_keys.enabled, &self.keys)),
        ] {
            assert_eq!(ids(&credentials(&user[name])), expected, "{name}");
            assert_eq!(user.get(name).is_some(), !expected.is_empty(), "an empty list is absent");
        }
        for (list, mfa_only) in [("passkeys", false), ("security_keys", true)] {
            for credential in user[list].as_array().into_iter().flatten() {
                assert_eq!(credential["mfa_only"], mfa_only);
                assert!(credential["backup_eligible"].is_boolean() && credential["transports"].is_array());
            }
        }
        let config = json!({
            "auth_app_set_up": self.totp,
            "totp_enabled": mfa.enabled && mfa.totp_enabled,
            "security_keys_enabled": mfa.enabled && mfa.security_keys.enabled,
        });
        assert_eq!(user["mfa_config"], config);
        assert_eq!(user["id"], user["user_id"]);
        let mut members = vec!["id", "user_id", "mfa_config", "created_at", "updated_at"];
        for (name, there) in [
            ("passkeys", settings.passkey.enabled && !self.passkeys.is_empty()),
            ("security_keys", mfa.security_keys.enabled && !self.keys.is_empty()),
            ("emails", !self.emails.is_empty()),
            ("username", self.username.is_some()),
            ("metadata", !self.metadata.is_null()),
        ] {
            members.extend(there.then_some(name));
        }
        members.sort_unstable();
        assert_eq!(super::super::check::names(user), members);
    }

    pub fn can_passkey(&self, settings: &Settings) -> bool {
        settings.passkey.enabled && !self.passkeys.is_empty()
    }

    pub fn can_password(&self, settings: &Settings) -> bool {
        settings.password.enabled && self.password && (self.mail_names(settings) || self.name_names(settings))
    }

    pub fn can_passcode(&self, settings: &Settings) -> bool {
        let email = &settings.email;
        email.enabled
            && email.use_for_authentication
            && !self.emails.is_empty()
            && (self.mail_names(settings) || self.name_names(settings))
    }

    /// At least one way to sign in.
    pub fn can_sign_in(&self, settings: &Settings) -> bool {
        self.can_passkey(settings) || self.can_password(settings) || self.can_passcode(settings)
    }

    fn mail_names(&self, settings: &Settings) -> bool {
        settings.email.use_as_login_identifier && !self.emails.is_empty()
    }

    pub fn name_names(&self, settings: &Settings) -> bool {
        settings.username.use_as_login_identifier && self.username.is_some()
    }

    /// A second factor that a login would ask for.
    pub fn has_second_factor(&self, settings: &Settings) -> bool {
        let mfa = &settings.mfa;
        mfa.enabled && (mfa.totp_enabled && self.totp || mfa.security_keys.enabled && !self.keys.is_empty())
    }
}
