//! What each state of the profile offers, with its inputs (`spec/flow-profile.md` §5 to §9), told a second time.

use hanko_model::{project::Settings, spec::AuthenticatorAttachment};
use serde_json::{Map, Value, json};

use super::{
    account::{Account, Address},
    model::Run,
};

/// §6.4: the addresses that can go. What is left of a proven mailbox has to be proven, else no code would sign in.
pub fn deletable<'a>(account: &'a Account, settings: &'a Settings) -> impl Iterator<Item = &'a Address> {
    account.emails.iter().filter(|email| {
        if email.primary || account.emails.len() == 1 {
            let password = settings.password.enabled && account.password && account.name_names(settings);
            return account.emails.len() == 1 && settings.email.optional && (account.can_passkey(settings) || password);
        }
        let proven = !email.proven || account.emails.iter().any(|other| other.id != email.id && other.proven);
        account.can_passkey(settings)
            || account.can_password(settings)
            || settings.email.enabled
                && settings.email.use_for_authentication
                && account.can_passcode(settings)
                && proven
    })
}

/// §6.18: whether the account can do without one of its passkeys.
pub fn passkey_can_go(account: &Account, settings: &Settings) -> bool {
    account.passkeys.len() > 1
        || settings.passkey.optional && (account.can_password(settings) || account.can_passcode(settings))
}

/// §6.15, and a way to sign in that is there stays.
fn username_can_go(account: &Account, settings: &Settings) -> bool {
    let without = Account { username: None, ..account.clone() };
    (!account.emails.is_empty() || account.can_passkey(settings))
        && (without.can_sign_in(settings) || !account.can_sign_in(settings))
}

/// On a client that has WebAuthn at all, §7 Q33 of the other contract.
pub fn keys_possible(settings: &Settings, run: &Run) -> bool {
    let platform = settings.mfa.security_keys.authenticator_attachment == AuthenticatorAttachment::Platform;
    run.webauthn && (run.platform || !platform)
}

/// The actions of the state a run is in, each with its inputs as they are before anything went wrong.
pub fn offers(settings: &Settings, run: &Run) -> Map<String, Value> {
    let mut actions = Map::new();
    let mut offer = |name: &str, offered: bool, inputs: Value| {
        if offered {
            actions.insert(name.into(), inputs);
        }
    };
    let none = || json!({});
    let middle = !["preflight", "profile_init", "account_deleted", "error"].contains(&run.at.state);
    offer("back", middle, none());
    let account = &run.account;
    match run.at.state {
        "preflight" => offer(
            "register_client_capabilities",
            true,
            json!({
                "webauthn_available": {"name": "webauthn_available", "type": "boolean", "required": true, "hidden": true},
                "webauthn_conditional_mediation_available":
                    {"name": "webauthn_conditional_mediation_available", "type": "boolean", "hidden": true},
                "webauthn_platform_authenticator_available":
                    {"name": "webauthn_platform_authenticator_available", "type": "boolean", "hidden": true},
            }),
        ),
        "profile_init" => profile(settings, run, &mut offer),
        "webauthn_credential_verification" => {
            let keys = settings.mfa.enabled && settings.mfa.security_keys.enabled;
            let input = json!({"public_key": {"name": "public_key", "type": "json", "required": true}});
            let offered = run.webauthn && (settings.passkey.enabled || keys);
            offer("webauthn_verify_attestation_response", offered, input);
        }
        "passcode_confirmation" => {
            offer("verify_passcode", true, json!({"code": {"name": "code", "type": "string", "required": true}}));
            offer("resend_passcode", true, none());
        }
        "mfa_otp_secret_creation" => offer("otp_code_verify", settings.mfa.totp_enabled, otp_code()),
        // A step-up shows what the user has.
        "login_method_chooser" => {
            let passcode = settings.email.enabled && settings.email.use_for_authentication;
            offer("continue_to_password_login", settings.password.enabled && account.password, none());
            offer("continue_to_passcode_confirmation", passcode && account.mailbox().is_some(), none());
            offer("webauthn_generate_request_options", run.webauthn && account.can_passkey(settings), none());
        }
        "login_password" => {
            let input = json!({"password": {"name": "password", "type": "password", "required": true}});
            offer("password_login", true, input);
        }
        "login_passkey" => {
            let input = json!({"assertion_response": {"name": "assertion_response", "type": "json", "required": true}});
            offer("webauthn_verify_assertion_response", run.webauthn, input);
        }
        "login_otp" => {
            offer("otp_code_validate", true, otp_code());
            let another = !account.keys.is_empty() || account.can_passkey(settings);
            let keys = settings.mfa.security_keys.enabled && another && keys_possible(settings, run);
            offer("continue_to_login_security_key", keys, none());
        }
        "login_security_key" => {
            offer("webauthn_generate_request_options", run.webauthn, none());
            offer("continue_to_login_otp", settings.mfa.totp_enabled && account.totp, none());
        }
        "account_deleted" | "error" => {}
        other => panic!("no table for {other}"),
    }
    actions
}

fn otp_code() -> Value {
    json!({"otp_code": {"name": "otp_code", "type": "string", "required": true}})
}

fn id(name: &str) -> Value {
    json!({name: {"name": name, "type": "string", "required": true, "hidden": true}})
}

/// `pairs` of value and name; without any the member is absent.
fn one_of(name: &str, pairs: Vec<(&str, &str)>) -> Value {
    let mut input = id(name);
    if !pairs.is_empty() {
        input[name]["allowed_values"] =
            pairs.into_iter().map(|(value, name)| json!({"value": value, "name": name})).collect();
    }
    input
}

/// §6.1 to §6.20.
fn profile(settings: &Settings, run: &Run, offer: &mut impl FnMut(&str, bool, Value)) {
    let account = &run.account;
    let none = || json!({});
    let (email, username, password) = (&settings.email, &settings.username, &settings.password);
    let (passkey, mfa) = (&settings.passkey, &settings.mfa);
    let (emails, passkeys, keys) = (&account.emails, &account.passkeys, &account.keys);
    let below = |count: usize, limit: u32| count < limit as usize;

    offer("account_delete", settings.allow_deletion, none());
    offer("continue_to_otp_secret_creation", mfa.totp_enabled && !account.totp, none());
    let address =
        json!({"email": {"name": "email", "type": "email", "required": true, "max_length": email.max_length}});
    offer("email_create", email.enabled && below(emails.len(), email.limit), address);
    let going = deletable(account, settings).map(|email| (email.id.as_str(), email.text.as_str()));
    offer("email_delete", true, one_of("email_id", going.collect()));
    let nothing_to_choose = emails.is_empty() || emails.len() == 1 && emails[0].primary;
    offer("email_set_primary", email.enabled && !nothing_to_choose, id("email_id"));
    offer("email_verify", email.enabled && emails.iter().any(|email| !email.proven), id("email_id"));
    let mandatory = mfa.enabled && !mfa.optional;
    let other_key = mfa.security_keys.enabled && !keys.is_empty();
    offer("otp_secret_delete", account.totp && (!mandatory || other_key), none());
    let text = json!({"password":
        {"name": "password", "type": "string", "required": true, "min_length": password.min_length, "max_length": 72}});
    offer("password_create", password.enabled && !account.password, text.clone());
    offer("password_update", password.enabled && account.password, text);
    let another = account.can_passkey(settings) || account.can_passcode(settings);
    offer("password_delete", password.enabled && password.optional && account.password && another, none());
    offer(
        "patch_metadata",
        true,
        json!({"patch_metadata": {"name": "patch_metadata", "type": "json", "required": true, "hidden": false}}),
    );
    let with_keys = mfa.enabled && mfa.security_keys.enabled;
    let room = below(keys.len(), mfa.security_keys.limit);
    offer("security_key_create", with_keys && run.webauthn && room, none());
    let last = keys.len() == 1 && !(mfa.totp_enabled && account.totp);
    let stay = keys.is_empty() || mandatory && last;
    offer("security_key_delete", with_keys && !stay, id("security_key_id"));
    let name = json!({"username": {"name": "username", "type": "string", "value": null, "required": true,
        "min_length": username.min_length, "max_length": username.max_length}});
    offer("username_create", username.enabled && account.username.is_none(), name.clone());
    offer("username_update", username.enabled && account.username.is_some(), name);
    let goes = username.enabled && username.optional && account.username.is_some();
    offer("username_delete", goes && username_can_go(account, settings), none());
    let room = below(passkeys.len(), passkey.limit);
    offer("webauthn_credential_create", passkey.enabled && run.webauthn && room, none());
    // §14.2: the official element looks here for security keys, too.
    let goes = !passkeys.is_empty() && passkey_can_go(account, settings) || with_keys && !stay;
    offer("webauthn_credential_delete", passkey.enabled && goes, id("passkey_id"));
    let mut rename = id("passkey_id");
    rename["passkey_name"] = json!({"name": "passkey_name", "type": "string", "required": true});
    let some = !passkeys.is_empty() || !keys.is_empty();
    offer("webauthn_credential_rename", passkey.enabled && some, rename);
    let others: Vec<(&str, &str)> = account.others.iter().map(|id| (id.as_str(), id.as_str())).collect();
    let revocable = settings.session.allow_revocation && !others.is_empty();
    offer("session_delete", revocable, one_of("session_id", others));
}
