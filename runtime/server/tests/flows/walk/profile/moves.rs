//! The ways to call an action of the profile that are worth trying.

use serde_json::{Value, json};

use super::model::{Pending, Run, World};

/// How an action is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    Nothing,
    /// WebAuthn, and a platform authenticator.
    Capabilities(bool, bool),
    Right,
    Wrong,
    /// Right, but used before.
    Used,
    Empty,
    Short,
    Long,
    /// The user's own, by its place in the list.
    Own(usize),
    /// The user's own of the other kind.
    Kind,
    /// Somebody else's.
    Foreign,
    /// Nobody's yet.
    Fresh,
    /// Somebody else claims it and has not proven it.
    Claimed,
    /// This session.
    Current,
    Patch(&'static str),
}

pub const NEW_EMAIL: &str = "new@x.de";
pub const NEW_USERNAME: &str = "newcomer";

/// Patches of metadata as JSON texts, some of which are refused.
const PATCHES: [&str; 8] = [
    r#"{"b": {"c": 2, "d": null}}"#,
    r#"{"a": null}"#,
    r#"{"a": {"e": [1]}}"#,
    r#""{\"a\": 3}""#,
    "null",
    r#""null""#,
    "[1]",
    r#""""#,
];

impl World<'_> {
    pub fn ways(&self, run: &Run, action: &str) -> Vec<Way> {
        use Way::*;
        let own = |count: usize, others: &[Way]| (0..count).map(Own).chain(others.iter().cloned()).collect();
        let account = &run.account;
        match action {
            "email_create" => {
                let own = (!account.emails.is_empty()).then_some(Right);
                [Fresh, Foreign, Claimed, Wrong, Empty, Long].into_iter().chain(own).collect()
            }
            "email_delete" | "email_set_primary" | "email_verify" => {
                own(account.emails.len(), &[Foreign, Wrong, Empty])
            }
            "password_create" | "password_update" => vec![Right, Short, Long, Empty],
            "patch_metadata" => PATCHES.into_iter().map(Patch).chain([Empty, Long]).collect(),
            "security_key_delete" => own(account.keys.len(), &[Kind, Foreign, Wrong, Empty]),
            "webauthn_credential_delete" => own(account.passkeys.len(), &[Kind, Foreign, Wrong, Empty]),
            "webauthn_credential_rename" => {
                own(account.passkeys.len() + account.keys.len(), &[Foreign, Wrong, Empty, Short, Long])
            }
            "session_delete" => own(account.others.len(), &[Current, Foreign, Empty]),
            "username_create" => vec![Fresh, Foreign, Wrong, Short, Long, Empty],
            "username_update" => vec![Fresh, Right, Foreign, Wrong, Short, Long, Empty],
            "webauthn_verify_attestation_response" | "webauthn_verify_assertion_response" => {
                vec![Wrong, Right, Empty]
            }
            "verify_passcode" => {
                let right = run.code.as_ref().is_some_and(|code| code.real).then_some(Right);
                [Wrong, Empty].into_iter().chain(right).collect()
            }
            "password_login" | "otp_code_verify" => vec![Right, Wrong, Empty],
            "otp_code_validate" => vec![Right, Wrong, Used, Empty],
            _ => vec![Nothing],
        }
    }

    /// `input_data` of an action that names a thing or a text; the rest needs the client.
    pub fn text(&self, run: &Run, action: &str, way: &Way) -> Value {
        let (account, stranger) = (&run.account, &self.stranger);
        let garbage = || "00000000-0000-4000-8000-000000000000".to_owned();
        let text = |way: &Way, own: &str, foreign: &str| match way {
            Way::Fresh => format!(" {} ", own.to_uppercase()),
            Way::Right => own.to_owned(),
            Way::Foreign => foreign.to_owned(),
            Way::Claimed => stranger.claimed.clone(),
            Way::Wrong => "not one".to_owned(),
            Way::Short => "ab".to_owned(),
            Way::Long => "a".repeat(130),
            _ => String::new(),
        };
        let named = |ids: Vec<&String>, kind: Option<&String>, foreign: &str| match way {
            Way::Own(n) => ids[*n].clone(),
            Way::Kind => kind.cloned().unwrap_or_else(garbage),
            Way::Foreign => foreign.to_owned(),
            Way::Current => run.session.clone(),
            Way::Empty => String::new(),
            _ => garbage(),
        };
        let (passkeys, keys): (Vec<_>, Vec<_>) =
            (account.passkeys.iter().map(|one| &one.id).collect(), account.keys.iter().map(|one| &one.id).collect());
        match action {
            "email_create" => match (way, account.emails.first()) {
                (Way::Right, Some(own)) => json!({"email": own.text}),
                (Way::Long, _) => json!({"email": format!("{}@x.de", "a".repeat(120))}),
                (Way::Fresh, _) => json!({"email": format!(" {NEW_EMAIL} ")}),
                (way, _) => json!({"email": text(way, "", &stranger.address)}),
            },
            "email_delete" | "email_set_primary" | "email_verify" => {
                json!({"email_id": named(account.emails.iter().map(|one| &one.id).collect(), None, &stranger.email)})
            }
            "password_create" | "password_update" => json!({"password": match way {
                Way::Right => super::people::NEW_PASSWORD.to_owned(),
                Way::Short => "short".to_owned(),
                Way::Long => "x".repeat(73),
                _ => String::new(),
            }}),
            "patch_metadata" => match way {
                Way::Patch(text) => json!({"patch_metadata": serde_json::from_str::<Value>(text).unwrap()}),
                Way::Long => json!({"patch_metadata": {"text": "x".repeat(3000)}}),
                _ => json!({}),
            },
            "security_key_delete" => {
                json!({"security_key_id": named(keys, passkeys.first().copied(), &stranger.passkey)})
            }
            "webauthn_credential_delete" => {
                json!({"passkey_id": named(passkeys, keys.first().copied(), &stranger.passkey)})
            }
            "webauthn_credential_rename" => {
                let first = passkeys.iter().chain(&keys).next().map(|id| (*id).clone()).unwrap();
                let (id, name) = match way {
                    Way::Short => (first, String::new()),
                    Way::Long => (first, "n".repeat(256)),
                    _ => (named(passkeys.into_iter().chain(keys).collect(), None, &stranger.passkey), "  Mine".into()),
                };
                json!({"passkey_id": id, "passkey_name": name})
            }
            "session_delete" => json!({"session_id": named(account.others.iter().collect(), None, &stranger.session)}),
            "username_create" | "username_update" => match (way, &account.username) {
                (Way::Right, Some(own)) => json!({"username": own}),
                (way, _) => json!({"username": text(way, NEW_USERNAME, &stranger.username)}),
            },
            "verify_passcode" if *way == Way::Wrong => json!({"code": "12345"}),
            "otp_code_verify" | "otp_code_validate" if *way == Way::Wrong => json!({"otp_code": "12345"}),
            "webauthn_verify_attestation_response" if *way == Way::Wrong => json!({"public_key": {"id": "AA"}}),
            "webauthn_verify_assertion_response" if *way == Way::Wrong => json!({"assertion_response": {"id": "AA"}}),
            "password_login" if *way == Way::Wrong => json!({"password": "wrong"}),
            _ => json!({}),
        }
    }
}

impl Run {
    /// A second factor is asked of an authenticator.
    pub fn asks_second(&self) -> bool {
        self.at.pending == Pending::SecondKey
    }
}
