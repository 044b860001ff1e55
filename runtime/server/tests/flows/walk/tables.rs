//! The tables of §2: which actions a state offers with which inputs, as a function of the settings and of what happened before.

use hanko_model::spec::{Acquire, Retention};
use serde_json::{Map, Value, json};

use super::model::{Run, Subject, World};

type Actions = Map<String, Value>;

/// The actions of the state a run is in, each with its inputs as they are before anything went wrong.
pub fn actions(world: &World<'_>, run: &Run) -> Actions {
    let mut actions = Actions::new();
    let settings = world.settings;
    let facts = &run.at.facts;
    let mut offer = |name: &str, offered: bool, inputs: Value| {
        if offered {
            actions.insert(name.into(), inputs);
        }
    };
    let none = || json!({});
    let no_return = [
        "preflight",
        "login_init",
        "registration_init",
        "login_password_recovery",
        "login_security_key",
        "login_otp",
        "onboarding_username",
        "onboarding_email",
        "success",
        "error",
    ];
    offer("back", run.can_go_back() && !no_return.contains(&run.at.state), none());
    let only_actual = settings.privacy.only_show_actual_login_methods;
    let assertion = || json!({"assertion_response": {"name": "assertion_response", "type": "json", "required": true}});
    let prompt = settings.session.cookie.retention == Retention::Prompt;
    let remember = || json!({"remember_me": {"name": "remember_me", "type": "boolean", "required": true}});
    match run.at.state {
        // §2.1
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
        // §2.2
        "login_init" => {
            let (email, username) = (&settings.email, &settings.username);
            let input = match world.identifier() {
                Some("identifier") => {
                    json!({"identifier": {"name": "identifier", "type": "string", "max_length": 255, "required": true}})
                }
                Some("email") => json!({"email": {"name": "email", "type": "email", "min_length": 3,
                    "max_length": email.max_length, "required": true}}),
                Some(_) => json!({"username": {"name": "username", "type": "string", "min_length": username.min_length,
                    "max_length": username.max_length, "required": true}}),
                None => none(),
            };
            let possible = settings.password.enabled || email.use_for_authentication;
            offer("continue_with_login_identifier", world.identifier().is_some() && possible, input);
            offer("webauthn_generate_request_options", facts.webauthn && settings.passkey.enabled, none());
            offer("webauthn_verify_assertion_response", facts.webauthn, assertion());
            offer("remember_me", prompt, remember());
        }
        // §2.3
        "registration_init" => {
            let (email, username) = (&settings.email, &settings.username);
            let (asks_email, asks_username) = world.registers();
            let mut inputs = Map::new();
            if asks_email {
                inputs.insert(
                    "email".into(),
                    json!({"name": "email", "type": "email", "max_length": email.max_length,
                    "required": !email.optional}),
                );
            }
            if asks_username {
                inputs.insert("username".into(), json!({"name": "username", "type": "string",
                    "min_length": username.min_length, "max_length": username.max_length, "required": !username.optional}));
            }
            let open = settings.allow_signup && (asks_email || asks_username);
            offer("register_login_identifier", open, Value::Object(inputs));
            offer("remember_me", prompt, remember());
        }
        // §2.4
        "login_passkey" => offer("webauthn_verify_assertion_response", facts.webauthn, assertion()),
        // §2.5
        "login_method_chooser" => {
            let password = facts.has_password && settings.password.enabled;
            let passcode = facts.has_email && facts.email.is_some() && world.mails();
            offer("continue_to_password_login", !only_actual || password, none());
            offer("continue_to_passcode_confirmation", !only_actual || passcode, none());
            let own = !only_actual || facts.subject.is_none() || facts.has_passkey;
            offer("webauthn_generate_request_options", facts.webauthn && settings.passkey.enabled && own, none());
        }
        // §2.6
        "login_password" => {
            let input = json!({"password": {"name": "password", "type": "password", "required": true}});
            offer("password_login", settings.password.enabled, input);
            let recovery = settings.password.recovery && facts.email.is_some();
            offer("continue_to_passcode_confirmation_recovery", recovery, none());
        }
        // §2.7
        "login_password_recovery" => offer(
            "password_recovery",
            settings.password.enabled,
            json!({"new_password": {
                "name": "new_password", "type": "password", "required": true, "min_length": settings.password.min_length, "max_length": 72,
            }}),
        ),
        // §2.8
        "passcode_confirmation" => {
            offer("verify_passcode", true, json!({"code": {"name": "code", "type": "string", "required": true}}));
            offer("resend_passcode", true, none());
        }
        // §2.10
        "credential_onboarding_chooser" => {
            offer("continue_to_passkey_registration", true, none());
            offer("continue_to_password_registration", true, none());
            let by_mail = settings.email.use_for_authentication && facts.email.is_some();
            let must = !settings.password.optional && !settings.passkey.optional;
            offer("skip", (!world.registering || by_mail) && !must, none());
        }
        // §2.11
        "onboarding_create_passkey" => {
            offer("webauthn_generate_creation_options", facts.webauthn, none());
            let skippable = settings.passkey.optional
                && may_skip(world, run, "password_creation", facts.has_password, world.password_acquisition());
            offer("skip", skippable, none());
        }
        // §2.12
        "onboarding_verify_passkey_attestation" => {
            let input = json!({"public_key": {"name": "public_key", "type": "json"}});
            offer("webauthn_verify_attestation_response", facts.webauthn, input);
        }
        // §2.13
        "password_creation" => {
            offer(
                "register_password",
                true,
                json!({"new_password": {"name": "new_password", "type": "password",
                "required": !settings.password.optional, "min_length": settings.password.min_length}}),
            );
            let skippable = settings.password.optional
                && may_skip(
                    world,
                    run,
                    "onboarding_create_passkey",
                    facts.has_passkey,
                    world.passkey_acquisition(facts),
                );
            offer("skip", skippable, none());
        }
        // §2.14
        "onboarding_username" => {
            let username = &settings.username;
            offer(
                "username_create",
                true,
                json!({"username": {"name": "username", "type": "string",
                "required": !username.optional, "min_length": username.min_length, "max_length": username.max_length}}),
            );
            offer("skip", username.optional, none());
        }
        // §2.15
        "onboarding_email" => {
            let email = &settings.email;
            offer(
                "email_address_set",
                true,
                json!({"email": {"name": "email", "type": "string", "value": null,
                "required": !email.optional, "max_length": email.max_length}}),
            );
            offer("skip", email.optional, none());
        }
        // §2.16
        "mfa_method_chooser" => {
            offer("continue_to_otp_secret_creation", settings.mfa.totp_enabled, none());
            let keys = settings.mfa.enabled && settings.mfa.security_keys.enabled && world.keys_possible(facts);
            offer("continue_to_security_key_creation", keys, none());
            offer("skip", settings.mfa.optional, none());
        }
        // §2.17
        "mfa_otp_secret_creation" => offer("otp_code_verify", settings.mfa.totp_enabled, otp_code()),
        // §2.18
        "mfa_security_key_creation" => offer("webauthn_generate_creation_options", facts.webauthn, none()),
        // §2.19
        "login_security_key" => {
            offer("webauthn_generate_request_options", facts.webauthn, none());
            offer("continue_to_login_otp", settings.mfa.totp_enabled && facts.has_otp, none());
        }
        // §2.20
        "login_otp" => {
            offer("otp_code_validate", true, otp_code());
            // A passkey that was the first factor is not the second as well.
            let another = facts.has_key || facts.has_passkey && facts.method != Some("passkey");
            let keys = settings.mfa.security_keys.enabled && another && world.keys_possible(facts);
            offer("continue_to_login_security_key", keys, none());
        }
        // §2.21
        "device_trust" => {
            offer("trust_device", true, none());
            offer("skip", true, none());
        }
        // §2.22, §2.23
        "success" | "error" => {}
        other => panic!("no table for {other}"),
    }
    actions
}

fn otp_code() -> Value {
    json!({"otp_code": {"name": "otp_code", "type": "string", "required": true}})
}

/// Rows 2 to 4 of §2.11 and of its mirror in §2.13; with §7 Q25, by which the last way to sign in to a new account is never
/// skipped.
fn may_skip(world: &World<'_>, run: &Run, other: &'static str, has_other: bool, acquisition: Acquire) -> bool {
    let facts = &run.at.facts;
    let by_mail = world.can_login_with_email(facts);
    let previous = run.at.previous.unwrap_or_default();
    let first = ["passcode_confirmation", "registration_init"].contains(&previous);
    let follows = run.at.queue.contains(&other) || acquisition == Acquire::Conditional;
    let last_way = facts.subject == Some(Subject::New) && !has_other && !by_mail && !follows;
    previous != "credential_onboarding_chooser"
        && !last_way
        && !(previous == other && !has_other && !by_mail)
        && !(first && acquisition == Acquire::Never && !by_mail)
}

/// Messages of §1.8.
pub fn message(code: &str) -> &'static str {
    match code {
        "technical_error" => "Something went wrong.",
        "flow_expired_error" => "The flow has expired.",
        "flow_discontinuity_error" => "The flow can't be continued.",
        "operation_not_permitted_error" => "The operation is not permitted.",
        "form_data_invalid_error" => "Form data invalid.",
        "passcode_max_attempts_reached" => "The passcode was entered wrong too many times.",
        "passkey_invalid" => "The passkey is invalid.",
        "webauthn_credential_invalid_mfa_only" => "This credential can be used as a second factor security key only.",
        "platform_authenticator_required" => {
            "The device or browser does not support the required platform authenticators."
        }
        "not_found" => "The requested resource was not found.",
        "invalid_metadata_error" => "The metadata is invalid.",
        "rate_limit_exceeded" => "The rate limit has been exceeded.",
        "value_missing_error" => "The value is missing.",
        "value_invalid_error" => "The value is invalid.",
        "value_too_long_error" => "The value is too long.",
        "value_too_short_error" => "The value is too short.",
        "email_already_exists" => "The email address already exists.",
        "username_already_exists" => "The username already exists.",
        "unknown_username_error" => "The username is unknown.",
        "unknown_email_error" => "The email address is unknown.",
        "invalid_username_error" => "The username is invalid.",
        "passcode_invalid" => "The passcode is invalid.",
        "otp_code_invalid" => "The OTP code is invalid.",
        "otp_code_already_used" => "The OTP code has already been used.",
        other => panic!("{other} is not in the catalogue"),
    }
}
