//! Which actions are offered to whom (§5, §6): the predicates of the contract, written down a second time, against many accounts under
//! many settings.

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::{
    actions, at_home, cookie, database, modern, open, plain,
    support::{Flow, TestApp, merge},
    unlimited,
};

/// An account, as far as offers depend on it.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Which of the addresses are verified, oldest first.
    emails: &'static [bool],
    /// The first address is the main one.
    primary: bool,
    username: bool,
    password: bool,
    passkeys: usize,
    keys: usize,
    otp: bool,
    sessions: usize,
    webauthn: bool,
}

/// Every combination, some of them for each of `parts` parts.
fn shapes(part: usize, parts: usize) -> Vec<Shape> {
    let emails: [(&'static [bool], bool); 7] = [
        (&[true], true),
        (&[], false),
        (&[false], true),
        (&[true, true], true),
        (&[true, false], true),
        (&[false, true], true),
        (&[true], false),
    ];
    let mut all = Vec::new();
    for (emails, primary) in emails {
        for bits in 0..16_usize {
            for passkeys in 0..3 {
                all.push(Shape {
                    emails,
                    primary,
                    username: bits & 1 != 0,
                    password: bits & 2 != 0,
                    passkeys,
                    keys: usize::from(bits & 4 != 0),
                    otp: bits & 8 != 0,
                    sessions: 1 + (bits + passkeys) % 2,
                    webauthn: (bits + passkeys + emails.len()) % 5 != 0,
                });
            }
        }
    }
    all.into_iter().enumerate().filter(|(n, _)| n % parts == part).map(|(_, shape)| shape).collect()
}

impl Shape {
    /// Makes the only account look like this.
    async fn build(&self, app: &TestApp) {
        let mut sql = vec![
            "UPDATE users SET primary_email_id = NULL".to_owned(),
            "DELETE FROM sessions WHERE rowid <> (SELECT MIN(rowid) FROM sessions)".to_owned(),
        ];
        for table in ["emails", "usernames", "passwords", "webauthn_credentials", "otp_secrets"] {
            sql.push(format!("DELETE FROM {table}"));
        }
        for (n, verified) in self.emails.iter().enumerate() {
            sql.push(format!(
                "INSERT INTO emails SELECT tenant_id, x'000000000000000000000000000000{n:02x}', id, 'a{n}@x.de', 'a{n}@x.de', {verified}, created_at + {n}, 0 FROM users"
            ));
        }
        if self.primary {
            sql.push("UPDATE users SET primary_email_id = x'00000000000000000000000000000000'".to_owned());
        }
        if self.username {
            sql.push("INSERT INTO usernames SELECT tenant_id, id, id, 'jane', 'jane', 0, 0 FROM users".to_owned());
        }
        if self.password {
            sql.push("INSERT INTO passwords SELECT tenant_id, id, id, 'x', 0, 0 FROM users".to_owned());
        }
        if self.otp {
            sql.push("INSERT INTO otp_secrets SELECT tenant_id, id, id, 'x', NULL, 0, 0 FROM users".to_owned());
        }
        for n in 0..self.passkeys + self.keys {
            let mfa_only = n >= self.passkeys;
            sql.push(format!(
                "INSERT INTO webauthn_credentials SELECT tenant_id, x'{n:02x}', id, id, x'00', 'acme.localhost', 'none', id, 0, TRUE, FALSE, FALSE, '[]', NULL, {mfa_only}, {n}, NULL FROM users"
            ));
        }
        for n in 1..self.sessions {
            sql.push(format!(
                "INSERT INTO sessions SELECT tenant_id, x'0000000000000000000000000000ff{n:02x}', user_id, NULL, NULL, created_at, last_used, expires_at, ends_at FROM sessions LIMIT 1"
            ));
        }
        for sql in sql {
            database::execute(app, AssertSqlSafe(sql)).await;
        }
    }
}

/// The settings that decide, with the defaults of §13.
struct Rules(Value);

impl Rules {
    fn is(&self, path: &str, default: bool) -> bool {
        self.0.pointer(path).map_or(default, |value| value.as_bool().unwrap())
    }

    fn limit(&self, path: &str, default: u64) -> usize {
        usize::try_from(self.0.pointer(path).map_or(default, |value| value.as_u64().unwrap())).unwrap()
    }
}

/// The predicates of §5 and, with the recommendations of §15, of §6.
struct Expected {
    actions: Vec<String>,
    /// The addresses that `email_delete` lists.
    deletable: Vec<String>,
}

impl Expected {
    fn of(a: &Shape, r: &Rules) -> Self {
        let (email, username) = (r.is("/email/enabled", true), r.is("/username/enabled", false));
        let (password, passkey) = (r.is("/password/enabled", true), r.is("/passkey/enabled", true));
        let mfa = r.is("/mfa/enabled", true);
        let mandatory = mfa && !r.is("/mfa/optional", true);
        let keys = mfa && r.is("/mfa/securityKeys/enabled", true);

        let can_passkey = passkey && a.passkeys > 0;
        let can_password = password && a.password;
        let mail_identifier = r.is("/email/useAsLoginIdentifier", true) && !a.emails.is_empty();
        let name_identifier = username && r.is("/username/useAsLoginIdentifier", true) && a.username;
        let can_passcode = email
            && r.is("/email/useForAuthentication", true)
            && (mail_identifier || (name_identifier && !a.emails.is_empty()));
        let by_password = can_password && (name_identifier || mail_identifier);

        // Without a name no ordinary way is left that the account is found by; the last one may never go (§6.15).
        let without_name = can_passkey || ((can_password || can_passcode) && mail_identifier);
        let some_way = can_passkey || by_password || can_passcode;
        let other_factor = a.otp && r.is("/mfa/totp/enabled", true);
        let key_can_go = keys && a.keys > 0 && !(mandatory && a.keys == 1 && !other_factor);
        let offers = [
            ("account_delete", r.is("/account/allowDeletion", false)),
            ("continue_to_otp_secret_creation", r.is("/mfa/totp/enabled", true) && !a.otp),
            ("email_create", email && a.emails.len() < r.limit("/email/limit", 5)),
            ("email_delete", true),
            ("email_set_primary", email && !a.emails.is_empty() && !(a.emails.len() == 1 && a.primary)),
            ("email_verify", email && a.emails.contains(&false)),
            // A key that nobody is asked for is no second factor.
            ("otp_secret_delete", a.otp && !(mandatory && !(keys && a.keys > 0))),
            ("password_create", password && !a.password),
            ("password_delete", can_password && r.is("/password/optional", false) && (can_passkey || can_passcode)),
            ("password_update", can_password),
            ("patch_metadata", true),
            ("security_key_create", keys && a.webauthn && a.keys < r.limit("/mfa/securityKeys/limit", 10)),
            ("security_key_delete", key_can_go),
            ("session_delete", r.is("/session/allowRevocation", true) && a.sessions > 1),
            ("username_create", username && !a.username),
            ("username_delete", {
                let stays_findable = !a.emails.is_empty() || can_passkey;
                let allowed = username && r.is("/username/optional", true) && a.username;
                allowed && stays_findable && (without_name || !some_way)
            }),
            ("username_update", username && a.username),
            ("webauthn_credential_create", passkey && a.webauthn && a.passkeys < r.limit("/passkey/limit", 10)),
            ("webauthn_credential_delete", {
                let other_way = r.is("/passkey/optional", true) && (by_password || can_passcode);
                // The official element removes security keys too where it finds this action.
                passkey && ((a.passkeys > 0 && (a.passkeys > 1 || other_way)) || key_can_go)
            }),
            ("webauthn_credential_rename", passkey && a.passkeys + a.keys > 0),
        ];
        let actions = offers.iter().filter(|(_, offered)| *offered).map(|(name, _)| (*name).to_owned()).collect();

        let deletable = (0..a.emails.len()).filter(|n| {
            let primary = *n == 0 && a.primary;
            if primary || a.emails.len() == 1 {
                let sole = a.emails.len() == 1 && r.is("/email/optional", false);
                return sole && (can_passkey || (can_password && name_identifier));
            }
            // A code to an address that is only claimed signs nobody in.
            let proven_left = !a.emails[*n] || (0..a.emails.len()).any(|other| other != *n && a.emails[other]);
            can_passkey || by_password || (can_passcode && proven_left)
        });
        Self { actions, deletable: deletable.map(|n| format!("a{n}@x.de")).collect() }
    }
}

fn deletable(flow: &Flow<'_>) -> Vec<String> {
    let listed = flow.document()["actions"]["email_delete"]["inputs"]["email_id"]["allowed_values"].clone();
    let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    listed.iter().map(|choice| choice["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_offered_follows_from_the_account_and_the_settings() {
    let settings = [
        json!({}),
        json!({"account": {"allowDeletion": true}, "email": {"limit": 2}, "username": {"enabled": true}}),
        json!({"password": {"optional": true}, "username": {"enabled": true}, "passkey": {"limit": 1}, "mfa": {"securityKeys": {"limit": 1}}}),
        json!({"mfa": {"optional": false}, "password": {"optional": true}}),
        json!({"mfa": {"enabled": false}, "passkey": {"optional": false}}),
        json!({"mfa": {"optional": false, "totp": {"enabled": false}}, "session": {"allowRevocation": false}}),
        json!({"mfa": {"optional": false, "securityKeys": {"enabled": false}}, "username": {"enabled": true, "optional": false}}),
        json!({"passkey": {"enabled": false}, "password": {"optional": true}, "email": {"optional": true}, "username": {"enabled": true}}),
        json!({"password": {"enabled": false}, "email": {"optional": true}}),
        json!({"email": {"optional": true, "useForAuthentication": false}, "username": {"enabled": true}, "password": {"optional": true}}),
        json!({"email": {"useAsLoginIdentifier": false}, "username": {"enabled": true, "optional": true}, "password": {"optional": true}}),
        json!({"email": {"optional": true}, "username": {"enabled": true, "useAsLoginIdentifier": false}}),
    ];
    let app = TestApp::with(unlimited(json!({}))).await;
    let cookie = cookie(&at_home(&app, "jane@x.de").await);
    let parts = settings.len();
    let base = app.spec("project.yaml");
    for (part, settings) in settings.into_iter().enumerate() {
        let before = app.revision().await["tenants"][0]["documentRevision"].clone();
        let mut spec = base.clone();
        merge(&mut spec, json!({"settings": settings}));
        if settings != json!({}) {
            app.write("project.yaml", "acme", &spec);
            app.until_revision(|now| {
                assert_eq!(now["refused"], json!([]), "{settings}");
                now["tenants"][0]["documentRevision"] != before
            })
            .await;
        }
        let rules = Rules(settings.clone());
        for shape in shapes(part, parts) {
            shape.build(&app).await;
            let flow = open(&app, &cookie, if shape.webauthn { modern() } else { plain() }).await;
            let expected = Expected::of(&shape, &rules);
            assert_eq!(actions(&flow), expected.actions, "{shape:?} under {settings}");
            assert_eq!(deletable(&flow), expected.deletable, "{shape:?} under {settings}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn items_4_5_and_6_an_account_as_most_have_it() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let flow = at_home(&app, "jane@x.de").await;
    let all = [
        "continue_to_otp_secret_creation",
        "email_create",
        "email_delete",
        "password_update",
        "patch_metadata",
        "security_key_create",
        "webauthn_credential_create",
    ];
    assert_eq!(actions(&flow), all);
    let inputs = &flow.document()["actions"]["email_delete"]["inputs"];
    assert_eq!(inputs, &json!({"email_id": {"name": "email_id", "type": "string", "required": true, "hidden": true}}));
    let flow = open(&app, &cookie(&flow), plain()).await;
    let without_webauthn: Vec<&str> = all[..5].to_vec();
    assert_eq!(actions(&flow), without_webauthn);
    app.end().await;
}

#[tokio::test]
async fn every_action_says_what_it_needs_as_the_contract_says() {
    let all = json!({
        "account": {"allowDeletion": true}, "username": {"enabled": true}, "password": {"optional": true},
    });
    let app = TestApp::with(unlimited(all)).await;
    let cookie = cookie(&at_home(&app, "jane@x.de").await);
    let id = |name: &str| json!({"name": name, "type": "string", "required": true, "hidden": true});
    let password = json!({"name": "password", "type": "string", "min_length": 8, "max_length": 72, "required": true});
    let username = json!({"name": "username", "type": "string", "value": null, "min_length": 3, "max_length": 32, "required": true});
    let with = |mut input: Value, value: Value, name: Value| {
        input["allowed_values"] = json!([{"value": value, "name": name}]);
        input
    };
    let first = Shape {
        emails: &[true, false],
        primary: true,
        username: true,
        password: true,
        passkeys: 1,
        keys: 1,
        otp: true,
        sessions: 2,
        webauthn: true,
    };
    let second = Shape { username: false, password: false, otp: false, ..first };
    let other_session = json!("00000000-0000-0000-0000-00000000ff01");
    let mut seen = std::collections::BTreeMap::new();
    for shape in [first, second] {
        shape.build(&app).await;
        let flow = open(&app, &cookie, modern()).await;
        for (name, action) in flow.document()["actions"].as_object().unwrap() {
            assert_eq!(action["action"], *name);
            assert!(action["description"].as_str().is_some_and(|text| !text.is_empty()));
            let href = action["href"].as_str().unwrap();
            assert!(href.starts_with(&format!("/profile?action={name}%40")), "{href}");
            seen.insert(name.clone(), action["inputs"].clone());
        }
    }
    let expected = json!({
        "account_delete": {},
        "continue_to_otp_secret_creation": {},
        "email_create": {"email": {"name": "email", "type": "email", "max_length": 120, "required": true}},
        "email_delete": {"email_id": with(id("email_id"), json!("00000000-0000-0000-0000-000000000001"), json!("a1@x.de"))},
        "email_set_primary": {"email_id": id("email_id")},
        "email_verify": {"email_id": id("email_id")},
        "otp_secret_delete": {},
        "password_create": {"password": password},
        "password_delete": {},
        "password_update": {"password": password},
        "patch_metadata": {"patch_metadata": {"name": "patch_metadata", "type": "json", "required": true, "hidden": false}},
        "security_key_create": {},
        "security_key_delete": {"security_key_id": id("security_key_id")},
        "session_delete": {"session_id": with(id("session_id"), other_session.clone(), other_session)},
        "username_create": {"username": username},
        "username_delete": {},
        "username_update": {"username": username},
        "webauthn_credential_create": {},
        "webauthn_credential_delete": {"passkey_id": id("passkey_id")},
        "webauthn_credential_rename": {
            "passkey_id": id("passkey_id"),
            "passkey_name": {"name": "passkey_name", "type": "string", "required": true},
        },
    });
    assert_eq!(serde_json::to_value(seen).unwrap(), expected);
    app.end().await;
}
