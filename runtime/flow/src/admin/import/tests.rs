//! What an entry may be. That entries are written, and how, is tested against whole processes.

use serde_json::{Value, json};

use super::{Entry, Problem};

const KEY: &str =
    "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
const BCRYPT: &str = "$2a$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

fn problems(entry: &Value) -> Vec<(String, String)> {
    let problems = Entry::read(entry.to_string().as_bytes()).err().unwrap_or_default();
    problems.into_iter().map(|Problem { field, message }| (field, message)).collect()
}

fn complains(entry: &Value, expected: &[(&str, &str)]) {
    let found = problems(entry);
    let found: Vec<(&str, &str)> = found.iter().map(|(field, message)| (field.as_str(), message.as_str())).collect();
    assert_eq!(found, expected, "{entry}");
}

fn primary(address: &str) -> Value {
    json!({"address": address, "is_primary": true, "is_verified": true})
}

#[test]
fn an_entry_with_everything_is_read_whatever_the_case_of_its_members() {
    let text = json!({
        "User_ID": "A9AE6BC8-d829-43de-b672-f50230833877",
        "emails": [{"address": "Carol@Example.COM", "Is_Primary": true, "is_verified": true}, {"address": "c2@example.com"}],
        "username": " Carol ",
        "password": {"password": BCRYPT, "created_at": "2024-08-17T12:05:15Z", "updated_at": null},
        "otp_secret": {"secret": "jbsw y3dp ehpk 3pxp", "created_at": "2024-08-17T12:05:15Z"},
        "webauthn_credentials": [{
            "id": "4iVZGFN_jktXJmwmBmaSq0Qr4T62T0jX7PS7XcgAWlM", "name": "Phone", "public_key": KEY, "attestation_type": "none",
            "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "sign_count": 7, "last_used_at": null,
            "created_at": "2024-08-17T12:05:15Z", "transports": ["internal", "hybrid"], "backup_eligible": true,
            "user_handle": "legacy-user-17",
        }],
        "metadata": {"Public_Metadata": {"a": 1}}, "name": "Carol", "given_name": "", "picture": "https://x.test/c.png",
        "created_at": "2024-08-17T12:05:15.651387237Z", "updated_at": "2024-08-17T14:05:15+02:00", "unknown": [1],
    });
    let entry = Entry::read(text.to_string().as_bytes()).unwrap();
    assert_eq!(entry.id.unwrap().to_string(), "a9ae6bc8-d829-43de-b672-f50230833877");
    assert_eq!(entry.primary().unwrap().as_str(), "Carol@example.com");
    assert_eq!((entry.emails.len(), entry.emails[1].primary, entry.emails[1].verified), (2, false, false));
    assert_eq!(entry.username.unwrap().as_str(), "carol");
    assert_eq!(entry.password.unwrap().hash.as_str(), BCRYPT);
    assert_eq!(entry.otp.unwrap().secret.base32().expose(), "JBSWY3DPEHPK3PXP");
    let passkey = &entry.passkeys[0];
    assert_eq!((passkey.counter, passkey.mfa_only, passkey.transports.len()), (7, false, 2));
    assert_eq!(passkey.user_handle.as_deref(), Some(&b"legacy-user-17"[..]));
    assert_eq!(passkey.aaguid.to_string(), "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4");
    assert_eq!(entry.profile.name.as_deref(), Some("Carol"));
    assert_eq!(entry.profile.given_name, None);
    assert_eq!(Value::Object(entry.metadata_given), json!({"public_metadata": {"a": 1}}));
    assert_eq!(entry.created_at.unwrap().rfc3339(), "2024-08-17T12:05:15.651387Z");
    assert_eq!(entry.updated_at.unwrap().rfc3339(), "2024-08-17T12:05:15Z");
}

#[test]
fn an_address_or_a_username_is_enough() {
    for entry in [
        json!({"emails": [primary("a@example.com")]}),
        json!({"username": "bob"}),
        json!({"username": "0"}),
        json!({"emails": [], "username": "bob"}),
        json!({"emails": null, "username": "bob", "user_id": "", "password": null}),
        json!({"emails": [primary("a@example.com")], "username": null}),
    ] {
        complains(&entry, &[]);
    }
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_the_contract_with_its_place() {
    let with = |members: Value| {
        let mut entry = json!({"username": "bob"});
        entry.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        entry
    };
    let needed = [("username", "Username is required if Emails 0")];
    complains(&json!({}), &needed);
    complains(&json!({"emails": []}), &needed);
    for (members, field, message) in [
        (json!({"user_id": "x"}), "user_id", "UserID must be a valid uuid"),
        (json!({"user_id": "a9ae6bc8d82943deb672f50230833877"}), "user_id", "UserID must be a valid uuid"),
        (json!({"user_id": "00000000-0000-0000-0000-000000000000"}), "user_id", "UserID must be a valid uuid"),
        (json!({"user_id": 5}), "user_id", "must be a string"),
        (json!({"username": ""}), "username", "length of Username must be greater or equal to 1"),
        (
            json!({"username": "bob smith"}),
            "username",
            "Username may hold letters of the Latin alphabet, digits and underscores only",
        ),
        (json!({"emails": {}}), "emails", "must be a list"),
        (json!({"emails": ["a@b.test"]}), "emails[0]", "must be an object"),
        (json!({"emails": [primary("nonsense")]}), "emails[0].address", "Address must be a valid email address"),
        (json!({"emails": [{"address": "a@b.test"}]}), "emails", "Need exactly one primary email, got 0"),
        (
            json!({"emails": [primary("a@b.test"), primary("c@b.test")]}),
            "emails",
            "Need exactly one primary email, got 2",
        ),
        (json!({"emails": [primary("a@b.test"), {"address": "A@B.test"}]}), "emails", "Emails entries are not unique"),
        (
            json!({"emails": [{"address": "a@b.test", "is_primary": "yes"}]}),
            "emails[0].is_primary",
            "must be true or false",
        ),
        (json!({"password": {}}), "password.password", "Password is a required field"),
        (json!({"password": "hash"}), "password", "must be an object"),
        (
            json!({"password": {"password": "hunter2"}}),
            "password.password",
            "password must be in argon2id, bcrypt or firebase scrypt format",
        ),
        (json!({"otp_secret": {"secret": ""}}), "otp_secret.secret", "Secret is a required field"),
        (
            json!({"otp_secret": {"secret": "not base32!"}}),
            "otp_secret.secret",
            "Secret must be base32 of 10 to 64 bytes",
        ),
        (json!({"created_at": "yesterday"}), "created_at", "must be a time as RFC 3339 writes it"),
        (json!({"picture": "javascript:alert(1)"}), "picture", "picture must be a valid http(s) URL or null"),
        (json!({"metadata": []}), "metadata", "must be an object"),
    ] {
        let found = problems(&with(members.clone()));
        assert!(found.contains(&(field.to_owned(), message.to_owned())), "{members}: {found:?}");
    }
    let long = with(json!({"name": "x".repeat(256)}));
    assert_eq!(problems(&long).len(), 1);
}

#[test]
fn credentials_are_complete_and_each_stands_once() {
    let good = json!({"id": "AAEC", "public_key": KEY, "attestation_type": "none"});
    let with = |members: Value| {
        let mut credential = good.clone();
        credential.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"username": "bob", "webauthn_credentials": [credential]})
    };
    complains(&with(json!({})), &[]);
    complains(&with(json!({"aaguid": null, "transports": null, "user_handle": null, "mfa_only": true})), &[]);
    let at = "webauthn_credentials[0]";
    for (members, member, message) in [
        (json!({"id": ""}), "id", "ID is a required field"),
        (json!({"id": "%%%"}), "id", "ID must be base64url of 1 to 1023 bytes"),
        (json!({"public_key": null}), "public_key", "PublicKey is a required field"),
        (
            json!({"public_key": "AAEC"}),
            "public_key",
            "PublicKey cannot be used: the public key is unusable: leftover bytes",
        ),
        (json!({"attestation_type": null}), "attestation_type", "AttestationType is a required field"),
        (json!({"aaguid": "x"}), "aaguid", "AAGUID must be a valid uuid"),
        (json!({"sign_count": -1}), "sign_count", "must be a whole number from 0 to 4294967295"),
        (json!({"transports": ["usb", "usb"]}), "transports", "Transports entries are not unique"),
        (json!({"mfa_only": true, "user_handle": "h"}), "user_handle", "UserHandle must not be set when MFAOnly true"),
    ] {
        complains(&with(members), &[(format!("{at}.{member}").as_str(), message)]);
    }
    let twice = json!({"username": "bob", "webauthn_credentials": [good, good]});
    complains(&twice, &[("webauthn_credentials", "WebauthnCredentials entries are not unique")]);
}

#[test]
fn everything_that_is_wrong_with_an_entry_is_said_at_once() {
    let entry =
        json!({"user_id": "x", "emails": [{"address": "x", "is_primary": true}], "password": {"password": "$6$a$b"}});
    complains(
        &entry,
        &[
            ("emails[0].address", "Address must be a valid email address"),
            ("user_id", "UserID must be a valid uuid"),
            (
                "password.password",
                "SHA-512-crypt hashes cannot be verified here; argon2id, bcrypt and Firebase scrypt ones can",
            ),
        ],
    );
}

#[test]
fn what_is_no_json_object_is_no_entry_and_nothing_of_it_is_repeated() {
    for (text, message) in [
        ("", "Syntax error: offset=0, error=unexpected end of JSON input"),
        ("{\"password\": hunter2}", "Syntax error: offset=14, error=invalid JSON"),
        ("[]", "an entry must be a JSON object"),
        ("5", "an entry must be a JSON object"),
    ] {
        let found = Entry::read(text.as_bytes()).unwrap_err();
        assert_eq!(found, [Problem { field: String::new(), message: message.into() }]);
    }
    // Bytes that are no text.
    assert!(Entry::read(b"{\"username\":\"\xff\"}").is_err());
}
