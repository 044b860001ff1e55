//! The profile, what it asks for, and what tokens say of it.

use std::collections::BTreeSet;

use super::*;
use crate::{project::Settings, spec::StepUpAction};

fn settings(text: &str) -> Settings {
    project(&with(&format!("settings: {text}"))).settings
}

fn claims(value: &Value) -> Result<Project, crate::Problems> {
    let claims = json!({"hosts": ["auth.acme.example"], "settings": {"session": {"jwtTemplate": {"claims": value}}}});
    resolve(&document(&claims.to_string()))
}

#[test]
fn step_up_asks_where_somebody_could_get_into_the_account() {
    let names = |settings: &str| -> BTreeSet<&'static str> {
        self::settings(settings).step_up.actions.into_iter().map(StepUpAction::as_str).collect()
    };
    let default = [
        "account_delete",
        "continue_to_otp_secret_creation",
        "email_create",
        "email_delete",
        "email_set_primary",
        "otp_secret_delete",
        "password_create",
        "password_delete",
        "password_update",
        "security_key_create",
        "security_key_delete",
        "webauthn_credential_create",
        "webauthn_credential_delete",
    ];
    for (step_up, expected) in [
        ("{}", &[][..]),
        ("{enabled: false}", &[]),
        ("{enabled: false, actions: []}", &[]),
        ("{actions: [account_delete]}", &[]),
        ("{enabled: true}", &default),
        ("{enabled: true, actions: [session_delete, account_delete]}", &["account_delete", "session_delete"]),
    ] {
        let given = format!("{{account: {{stepUp: {step_up}}}}}");
        assert_eq!(names(&given), expected.iter().copied().collect(), "{step_up}");
    }
}

#[test]
fn an_action_is_written_as_the_flow_names_it() {
    let names: Vec<&str> = StepUpAction::ALL.into_iter().map(StepUpAction::as_str).collect();
    assert_eq!(json!(StepUpAction::ALL), json!(names));
    let schema = crate::schema();
    let at = "/properties/spec/properties/settings/properties/account/properties/stepUp/properties/actions";
    let actions = schema.pointer(at).expect("the list");
    let possible = actions["items"]["oneOf"].as_array().expect("an enum").iter();
    assert_eq!(possible.map(|one| one["const"].as_str().expect("a text")).collect::<Vec<_>>(), names);
    assert_eq!(actions["maxItems"], names.len(), "each may stand there");
}

#[test]
fn settings_of_the_profile_that_cannot_work_are_refused() {
    const MAX_AGE: &str = "spec.settings.account.stepUp.maxAge";
    let refused = |text: &str, path: &str, part: &str| {
        let problems = resolve(&document(&with(&format!("settings: {text}")))).expect_err(text).0;
        let [problem] = &problems[..] else { panic!("{text}: {problems:?}") };
        assert_eq!(problem.path, path, "{text}: {problem}");
        assert!(problem.message.contains(part), "{text}: {problem}");
    };
    for (text, path, part) in [
        (
            "{account: {stepUp: {enabled: true, actions: []}}}",
            "spec.settings.account.stepUp.actions",
            "names no action, so nothing would ask for a fresh sign-in",
        ),
        ("{account: {stepUp: {enabled: true, maxAge: 29s}}}", MAX_AGE, "`29s` is not possible; write `30s` to `24h`"),
        ("{account: {stepUp: {maxAge: 0s}}}", MAX_AGE, "write `30s` to `24h`"),
        ("{account: {stepUp: {maxAge: 24h0m1s}}}", MAX_AGE, "write `30s` to `24h`"),
        ("{account: {stepUp: {maxAge: 1d}}}", MAX_AGE, "no unit for days"),
        ("{email: {limit: 0}}", "spec.settings.email.limit", "0 is not possible; write 1 to 100"),
        ("{passkey: {limit: 101}}", "spec.settings.passkey.limit", "101 is not possible; write 1 to 100"),
        ("{mfa: {securityKeys: {limit: 0}}}", "spec.settings.mfa.securityKeys.limit", "write 1 to 100"),
        (
            "{rateLimiter: {tokenLimits: {tokens: 3, interval: 1ms}}}",
            "spec.settings.rateLimiter.tokenLimits.interval",
            "shorter than a second",
        ),
    ] {
        refused(text, path, part);
    }
    for name in [
        "passwordUpdate",
        "primaryEmailUpdate",
        "emailCreate",
        "emailDelete",
        "passkeyCreate",
        "mfaCreate",
        "mfaDelete",
    ] {
        let text = format!("{{securityNotifications: {{notifications: {{{name}: {{enabled: true}}}}}}}}");
        let path = format!("spec.settings.securityNotifications.notifications.{name}.enabled");
        refused(&text, &path, "add `spec.mail`");
    }
}

#[test]
fn the_age_of_a_sign_in_may_be_anything_between_its_bounds() {
    for (text, seconds) in [("30s", 30), ("24h", 24 * 3600), ("1.5m", 90)] {
        let step_up = settings(&format!("{{account: {{stepUp: {{maxAge: {text}}}}}}}")).step_up;
        assert_eq!(step_up.max_age.as_secs(), seconds);
    }
}

#[test]
fn changes_are_told_by_mail_unless_turned_off() {
    let told = |notifications: &str| {
        let notifications = format!("settings: {{securityNotifications: {{notifications: {notifications}}}}}");
        let told = project(&with(&format!("{notifications}, {MAIL}"))).settings.security_notifications;
        [
            told.password_update,
            told.primary_email_update,
            told.email_create,
            told.email_delete,
            told.passkey_create,
            told.mfa_create,
            told.mfa_delete,
        ]
    };
    assert_eq!(told("{}"), [true; 7]);
    assert_eq!(
        told("{emailDelete: {enabled: false}, mfaDelete: {enabled: false}}"),
        [true, true, true, false, true, true, false]
    );
    assert!(!settings("{}").security_notifications.password_update, "there is no mail");
}

#[test]
fn claims_are_any_values_and_stay_as_written() {
    let values = json!({
        "https://acme.example/role": "{{ .User.Metadata.Public \"role\" }}",
        "a.b": {"c": [1, -2, 2.5, true, null, {"d": "x"}]},
        "\u{e9}": "",
    });
    let settings = claims(&values).expect("claims").settings;
    assert_eq!(json!(settings.session.jwt_template), values);
    let none = claims(&json!({"nothing": null})).expect("claims").settings;
    assert!(none.session.jwt_template.is_empty(), "a field without a value is a field left out");
}

#[test]
fn a_claim_of_the_servers_own_is_refused() {
    for name in
        ["sub", "iat", "exp", "nbf", "aud", "iss", "email", "username", "session_id", "amr", "auth_time", "acr", "jti"]
    {
        let problems = claims(&json!({name: "x", "Sub": "y"})).expect_err(name).0;
        let [problem] = &problems[..] else { panic!("{name}: {problems:?}") };
        assert_eq!(problem.path, format!("spec.settings.session.jwtTemplate.claims.{name}"));
        assert!(problem.message.starts_with("the server sets this claim itself"), "{problem}");
    }
}

#[test]
fn claims_that_no_token_should_carry_are_refused() {
    const CLAIMS: &str = "spec.settings.session.jwtTemplate.claims";
    let many = |count: usize| Value::Object((0..count).map(|i| (format!("claim{i}"), json!(i))).collect());
    let named = |length: usize| json!({"\u{e9}".repeat(length): 1});
    let nested = |depth: usize| json!({"deep": (0..depth).fold(json!(1), |inner, i| if i % 2 == 0 { json!([inner]) } else { json!({"a": inner}) })});
    let sized = |bytes: usize| json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())});
    for (accepted, refused, path, part) in [
        (many(64), many(65), CLAIMS, "65 claims; write at most 64"),
        (named(128), named(129), CLAIMS, "a name of 129 characters; write 1 to 128"),
        (named(1), named(0), CLAIMS, "a name of 0 characters"),
        (nested(8), nested(9), "spec.settings.session.jwtTemplate.claims.deep", "deeper than 8"),
        (sized(16_384), sized(16_385), CLAIMS, "16385 bytes of JSON; write at most 16384"),
    ] {
        assert!(claims(&accepted).is_ok(), "{part}");
        let problems = claims(&refused).expect_err(part).0;
        let [problem] = &problems[..] else { panic!("{part}: {problems:?}") };
        assert_eq!(problem.path, path);
        assert!(problem.message.contains(part), "{problem}");
    }
}

#[test]
fn a_text_nested_without_end_is_refused_before_it_is_walked() {
    for depth in [100, 100_000] {
        let value = "[".repeat(depth) + &"]".repeat(depth);
        let spec = with(&format!("settings: {{session: {{jwtTemplate: {{claims: {{a: {value}}}}}}}}}"));
        let header = "apiVersion: hanko-operator.dev/v1alpha1\nkind: HankoProject\nmetadata: {name: acme}";
        assert!(parse(&format!("{header}\nspec: {spec}\n"), Unknown::Refuse).is_err(), "{depth}");
    }
}
