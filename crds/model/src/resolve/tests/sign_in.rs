//! Ways to sign in, second factors and limits: what they mean, and what of them cannot work.

use std::time::Duration;

use super::*;
use crate::{Problem, Problems, project::Settings};

fn settings(settings: &str, more: &str) -> String {
    with(&format!("settings: {settings}{}{more}", if more.is_empty() { "" } else { ", " }))
}

fn resolved(text: &str, more: &str) -> Settings {
    project(&settings(text, more)).settings
}

fn problems(spec: &str) -> Vec<Problem> {
    resolve(&document(spec)).expect_err(spec).0
}

#[test]
fn settings_that_let_nobody_in_are_refused() {
    const SIGNUP: &str = "spec.settings.account.allowSignup";
    const OPTIONAL: &str = "spec.settings.mfa.optional";
    let cases: &[(&str, &str, &str, &str)] = &[
        // No method, or one that needs what is not there.
        ("{password: {enabled: false}, passkey: {enabled: false}}", "", "spec.settings", "no way to sign in"),
        (
            "{password: {enabled: false}, passkey: {enabled: false}, email: {enabled: false}, username: {enabled: true}}",
            MAIL,
            "spec.settings",
            "no way to sign in",
        ),
        (
            "{email: {useAsLoginIdentifier: false}}",
            "",
            "spec.settings.password.enabled",
            "login takes neither address nor username",
        ),
        (
            "{email: {useAsLoginIdentifier: false}, username: {enabled: true, useAsLoginIdentifier: false}}",
            "",
            "spec.settings.password.enabled",
            "login takes neither address nor username",
        ),
        ("{email: {enabled: false}}", "", "spec.settings.password.enabled", "login takes neither address nor username"),
        (
            "{email: {useAsLoginIdentifier: false}, password: {enabled: false}}",
            MAIL,
            "spec.settings.email.useForAuthentication",
            "login takes neither address nor username",
        ),
        (
            "{email: {enabled: false}, username: {enabled: true}, password: {recovery: true}}",
            MAIL,
            "spec.settings.password.recovery",
            "accounts have none",
        ),
        // Nobody can register, or nobody who did can come back.
        ("{email: {acquireOnRegistration: false}}", "", SIGNUP, "neither address nor username"),
        (
            "{email: {acquireOnRegistration: false}, username: {enabled: true, acquireOnRegistration: false}}",
            MAIL,
            SIGNUP,
            "neither address nor username",
        ),
        (
            "{password: {enabled: false}, email: {enabled: false}, username: {enabled: false}}",
            "",
            SIGNUP,
            "neither address nor username",
        ),
        (
            "{password: {acquireOnRegistration: never}, passkey: {acquireOnRegistration: never}}",
            "",
            SIGNUP,
            "an address alone",
        ),
        (
            "{password: {enabled: false}, passkey: {enabled: false}, username: {enabled: true}, email: {optional: true}}",
            MAIL,
            SIGNUP,
            "a username alone",
        ),
        (
            "{password: {enabled: false}, passkey: {enabled: false}, username: {enabled: true}, email: {acquireOnRegistration: false}}",
            MAIL,
            SIGNUP,
            "a username alone",
        ),
        (
            "{passkey: {enabled: false}, username: {enabled: true, acquireOnRegistration: false}, email: {useAsLoginIdentifier: false}}",
            "",
            SIGNUP,
            "an address alone",
        ),
        (
            "{passkey: {enabled: false}, username: {enabled: true}, email: {useAsLoginIdentifier: false}}",
            "",
            SIGNUP,
            "an address alone",
        ),
        (
            "{password: {enabled: false}, passkey: {acquireOnRegistration: never}, username: {enabled: true, useAsLoginIdentifier: false}, \
             email: {optional: true}}",
            MAIL,
            SIGNUP,
            "a username alone",
        ),
        // A second factor that everybody must have and nobody can get.
        (
            "{mfa: {optional: false, totp: {enabled: false}, securityKeys: {enabled: false}}}",
            "",
            OPTIONAL,
            "there is none",
        ),
        ("{mfa: {optional: false, acquireOnRegistration: false}}", "", OPTIONAL, "nobody is asked to create"),
    ];
    refused(cases);
}

#[test]
fn a_setting_that_cannot_work_is_refused() {
    const COOKIE: &str = "spec.settings.mfa.deviceTrustCookieName";
    let cases: &[(&str, &str, &str, &str)] = &[
        ("{username: {minLength: 9, maxLength: 8}}", "", "spec.settings.username", "as long as 9 and as short as 8"),
        ("{username: {minLength: 33}}", "", "spec.settings.username", "as long as 33 and as short as 32"),
        ("{mfa: {deviceTrustCookieName: 'a b'}}", "", COOKIE, "not the name of a cookie"),
        ("{mfa: {deviceTrustCookieName: hanko}}", "", COOKIE, "session cookie"),
        ("{session: {cookie: {name: hanko-device-token}}}", "", COOKIE, "session cookie"),
        ("{mfa: {deviceTrustDuration: 0s}}", "", "spec.settings.mfa.deviceTrustDuration", "shorter than a second"),
        ("{mfa: {deviceTrustDuration: 30d}}", "", "spec.settings.mfa.deviceTrustDuration", "no unit for days"),
        (
            "{rateLimiter: {floodLimits: {tokens: 5, interval: 1ms}}}",
            "",
            "spec.settings.rateLimiter.floodLimits.interval",
            "shorter than a second",
        ),
        (
            "{rateLimiter: {enabled: false, accountLimits: {tokens: 0, interval: 1m}}}",
            "",
            "spec.settings.rateLimiter.accountLimits.tokens",
            "write 1 to 1000000",
        ),
        (
            "{rateLimiter: {redis: {urlRef: {name: Valkey, key: url}}}}",
            "",
            "spec.settings.rateLimiter.redis.urlRef.name",
            "not the name of an object",
        ),
        (
            "{rateLimiter: {redis: {urlRef: {name: valkey, key: ../url}}}}",
            "",
            "spec.settings.rateLimiter.redis.urlRef.key",
            "not a key",
        ),
        (
            "{rateLimiter: {redis: {urlRef: {name: acme-keys, key: url}}}}",
            "",
            "spec.keys.masterKeyRef.name",
            "Secret of its own",
        ),
        (
            "{securityNotifications: {notifications: {passwordRecovery: {enabled: true}}}}",
            "",
            "spec.settings.securityNotifications.notifications.passwordRecovery.enabled",
            "needs mail",
        ),
        (
            "{securityNotifications: {notifications: {newSession: {enabled: true}}}}",
            "",
            "spec.settings.securityNotifications.notifications.newSession.enabled",
            "needs mail",
        ),
        (
            "{securityNotifications: {notifications: {passwordLimit: {enabled: true}}}}",
            "",
            "spec.settings.securityNotifications.notifications.passwordLimit.enabled",
            "needs mail",
        ),
        (
            "{}",
            "mail: {from: {address: a@b.c}, replyTo: 'a b@c', smtp: {host: a.b}}",
            "spec.mail.replyTo",
            "not a mail address",
        ),
        ("{mfa: {deviceTrustCookieName: __Host-x}}", "publicUrl: 'http://auth.acme.example'", COOKIE, "needs https"),
    ];
    refused(cases);
}

fn refused(cases: &[(&str, &str, &str, &str)]) {
    for (text, more, path, part) in cases {
        let spec = settings(text, more);
        let problems = problems(&spec);
        let [problem] = &problems[..] else { panic!("{spec}: one problem is expected\n{}", Problems(problems)) };
        assert_eq!(problem.path, *path, "{spec}: {problem}");
        assert!(problem.message.contains(part), "{spec}: {problem}");
    }
}

#[test]
fn unusual_ways_to_sign_in_are_possible() {
    for (text, more) in [
        // Passkeys name their account themselves; the address is for mail alone.
        ("{password: {enabled: false}, email: {useAsLoginIdentifier: false, useForAuthentication: false}}", MAIL),
        // Somebody else makes the accounts.
        ("{account: {allowSignup: false}, password: {enabled: false}, email: {enabled: false}}", ""),
        ("{account: {allowSignup: false}, email: {acquireOnRegistration: false}}", ""),
        // No addresses at all.
        ("{email: {enabled: false}, username: {enabled: true, optional: false}}", ""),
        // A username leads to the address that gets the passcode.
        (
            "{password: {enabled: false}, passkey: {enabled: false}, username: {enabled: true, optional: false}, email: {useAsLoginIdentifier: false}}",
            MAIL,
        ),
        // Either identifier will do; the flow asks for at least one.
        ("{username: {enabled: true}, email: {optional: true}}", MAIL),
        // No second factors, however they are demanded.
        ("{mfa: {enabled: false, optional: false, totp: {enabled: false}, securityKeys: {enabled: false}}}", ""),
        ("{mfa: {optional: false, acquireOnLogin: true, totp: {enabled: false}}}", ""),
        ("{username: {minLength: 8, maxLength: 8}}", ""),
        ("{mfa: {deviceTrustCookieName: __Host-device}}", ""),
    ] {
        resolved(text, more);
    }
}

#[test]
fn nothing_comes_from_what_is_off() {
    let off = resolved(
        "{email: {enabled: false, acquireOnLogin: true, requireVerification: true, useForAuthentication: true}, \
         username: {enabled: true}, mfa: {enabled: false, acquireOnLogin: true}}",
        MAIL,
    );
    let email = &off.email;
    assert!(!email.acquire_on_registration && !email.acquire_on_login && !email.use_as_login_identifier);
    assert!(!email.require_verification && !email.use_for_authentication && !off.password.recovery);
    assert!(!off.mfa.acquire_on_registration && !off.mfa.acquire_on_login && off.mfa.totp_enabled);
    let username = resolved("{username: {acquireOnLogin: true}}", "").username;
    assert!(!username.acquire_on_registration && !username.acquire_on_login && !username.use_as_login_identifier);
}

#[test]
fn an_owner_hears_of_a_reached_limit_wherever_there_is_mail() {
    let notifications = |text: &str, more: &str| {
        let one = resolved(text, more).security_notifications;
        (one.password_recovery, one.new_session, one.password_limit)
    };
    assert_eq!(notifications("{}", ""), (false, false, false));
    assert_eq!(notifications("{}", MAIL), (false, false, true));
    let chosen =
        "{securityNotifications: {notifications: {newSession: {enabled: true}, passwordLimit: {enabled: false}}}}";
    assert_eq!(notifications(chosen, MAIL), (false, true, false));
}

#[test]
fn one_switch_turns_all_limits_off() {
    const REDIS: &str = "redis: {urlRef: {name: valkey, key: url}}";
    let spec = settings(&format!("{{rateLimiter: {{{REDIS}}}}}"), "");
    assert_eq!(json!(project(&spec).secret_refs()), json!({"valkey": ["url"]}));
    let spec = settings(
        &format!("{{rateLimiter: {{enabled: false, floodLimits: {{tokens: 1, interval: 1s}}, {REDIS}}}}}"),
        "",
    );
    let project = project(&spec);
    assert!(project.secret_refs().is_empty(), "what is not used is not asked for");
    let off = &project.settings.rate_limiter;
    let all = [off.password, off.passcode, off.otp, off.account, off.recipient, off.mail_client, off.flood];
    assert_eq!((all, &off.redis), ([None; 7], &None));
}

#[test]
fn an_account_limit_of_ones_own_leaves_the_others() {
    let limits = resolved("{rateLimiter: {accountLimits: {tokens: 7, interval: 90m}}}", "").rate_limiter;
    let account = limits.account.expect("a limit");
    assert_eq!((account.tokens, account.interval), (7, Duration::from_secs(5400)));
    assert_eq!(limits.otp.expect("a limit").tokens, 3);
}
