//! The manifests in the guides do what the guides say.

use std::{collections::BTreeMap, fs, path::Path};

use hanko_model::{
    document::{API_VERSION, KIND, Unknown, parse},
    project::{Project, Settings},
    resolve,
    spec::{Acquire, ApiScopeSpec, DeviceTrustPolicy, UserVerification},
};
use serde_json::{Value, json};

/// A recipe of a guide: its heading, and the whole document that it makes of the guide's first one, if that is a project, else of any.
/// Other programs' YAML says whose it is beside the fence.
struct Recipe {
    heading: String,
    document: Value,
}

fn recipes(markdown: &str) -> Vec<Recipe> {
    let mut found: Vec<Recipe> = Vec::new();
    let mut heading = "";
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix('#') {
            heading = text.trim_start_matches('#').trim();
        }
        if line != "```yaml" {
            continue;
        }
        let block: String = lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
        let block: Value = serde_saphyr::from_str(&block).unwrap_or_else(|error| panic!("{heading}: {error}"));
        let document = if block.get("apiVersion").is_some() {
            block
        } else {
            let mut document = found.first().map_or_else(any_project, |project| project.document.clone());
            merge(&mut document["spec"], block);
            document
        };
        found.push(Recipe { heading: heading.to_owned(), document });
    }
    found
}

fn any_project() -> Value {
    json!({
        "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "acme"}, "spec": {"hosts": ["auth.acme.example"]},
    })
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn meaning(recipe: &Recipe) -> Project {
    let text = recipe.document.to_string();
    let documents = parse(&text, Unknown::Refuse).unwrap_or_else(|problems| panic!("{}\n{problems}", recipe.heading));
    resolve(&documents.documents[0]).unwrap_or_else(|problems| panic!("{}\n{problems}", recipe.heading))
}

fn guides() -> BTreeMap<String, String> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo")).join("../docs/guides");
    let files = fs::read_dir(&folder).expect("the guides").map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_manifest_of_the_guides_is_accepted() {
    for text in guides().values() {
        recipes(text).iter().for_each(|recipe| drop(meaning(recipe)));
    }
}

/// Whether passkeys, passwords and passcodes sign in.
fn methods(settings: &Settings) -> [bool; 3] {
    [settings.passkey.enabled, settings.password.enabled, settings.email.use_for_authentication]
}

#[test]
fn ways_to_sign_in_are_what_their_headings_say() {
    let says: BTreeMap<&str, Says> = BTreeMap::from([
        ("Ways to sign in", (|of| methods(of) == [true; 3]) as Says),
        ("Passkeys only", |of| methods(of) == [true, false, false] && of.email.require_verification),
        ("Passwords only", |of| methods(of) == [false, true, false] && of.password.recovery),
        ("Codes by mail only", |of| methods(of) == [false, false, true]),
        ("All three, one of them to begin with", |of| {
            methods(of) == [true; 3]
                && of.password.acquire_on_registration == Acquire::Conditional
                && of.passkey.acquire_on_registration == Acquire::Conditional
        }),
        ("Usernames beside addresses", |of| {
            !of.username.optional && of.username.use_as_login_identifier && of.email.use_as_login_identifier
        }),
        ("Usernames alone", |of| of.username.use_as_login_identifier && !of.email.enabled && !of.password.recovery),
        ("A mandatory second factor", |of| {
            let mfa = &of.mfa;
            !mfa.optional && mfa.acquire_on_registration && mfa.acquire_on_login && mfa.totp_enabled
        }),
        ("Security keys as the only second factor", |of| {
            let keys = &of.mfa.security_keys;
            !of.mfa.totp_enabled && keys.enabled && keys.user_verification == UserVerification::Required
        }),
        ("Trusted devices", |of| {
            let trust = &of.mfa.device_trust;
            trust.policy == DeviceTrustPolicy::Always && trust.duration.as_secs() == 7 * 24 * 3600
        }),
        ("No second factors", |of| !of.mfa.enabled),
        ("In a frame of another site", |of| of.webauthn.top_origins == ["https://shop.example"]),
        ("Privacy", |of| of.privacy.show_account_existence_hints && of.privacy.only_show_actual_login_methods),
        ("Nobody registers", |of| !of.allow_signup),
        ("Telling the owner", |of| {
            let notifications = &of.security_notifications;
            notifications.password_recovery && notifications.new_session && notifications.password_limit
        }),
        ("Limits", |of| of.rate_limiter.account.is_some_and(|limit| limit.tokens == 20)),
        ("Limits that pods share", |of| of.rate_limiter.redis.as_ref().is_some_and(|at| at.name == "acme-valkey")),
    ]);
    assert_meanings("sign-in.md", &says);
}

#[test]
fn keys_of_the_admin_api_are_what_their_headings_say() {
    let recipes = recipes(&guides()["admin-api.md"]);
    let of = |heading: &str| {
        let recipe = recipes.iter().find(|recipe| recipe.heading == heading);
        meaning(recipe.unwrap_or_else(|| panic!("no recipe below {heading}"))).admin_api
    };
    let plain = of("The Admin API");
    assert!(plain.authentication_required && plain.keys.is_empty());
    assert_eq!(
        plain.generated.map(|key| (key.secret, key.overlap.as_secs())),
        Some(("acme-admin-key".into(), 24 * 3600))
    );
    assert_eq!(of("The generated key").generated.map(|key| key.overlap.as_secs()), Some(3600));
    let own = of("A key for every caller");
    let rights: Vec<_> = own.keys.iter().map(|key| (&*key.name, &key.scopes[..], key.expires_at.is_some())).collect();
    assert_eq!(rights, [("back-end", &[ApiScopeSpec::Users][..], false), ("reports", &[ApiScopeSpec::Read], true)]);
    assert!(own.generated.is_none());
    assert!(!of("Without keys").authentication_required);
}

#[test]
fn the_profile_is_what_its_headings_say() {
    assert_meanings(
        "profile.md",
        &BTreeMap::from([
            ("The profile, sessions and tokens", (|of| !of.allow_deletion && !of.step_up.enabled) as Says),
            ("Users delete their account", |of| of.allow_deletion),
            ("A fresh sign-in before sensitive actions", |of| {
                of.step_up.actions.len() == 13 && of.step_up.max_age.as_secs() == 600
            }),
            ("A fresh sign-in before a few of them", |of| of.step_up.actions.len() == 3 && of.allow_deletion),
            ("Claims of your own", |of| of.session.jwt_template.len() == 3),
            ("Sessions are nobody's business", |of| !of.session.show_on_profile && !of.session.allow_revocation),
            ("Fewer traces in the list", |of| !of.session.acquire_ip_address && !of.session.acquire_user_agent),
            ("Without the deprecated endpoints", |of| !of.legacy_api),
            ("How many of each", |of| [of.email.limit, of.passkey.limit, of.mfa.security_keys.limit] == [2, 5, 3]),
            ("Which mails are sent", |of| {
                let mails = &of.security_notifications;
                !mails.passkey_create && mails.new_session && mails.mfa_delete && !mails.password_recovery
            }),
        ]),
    );
}

/// What the table of the guide names as on and off is so.
#[test]
fn the_mails_of_the_profile_are_on_as_its_table_says() {
    let guides = guides();
    let settings = meaning(&recipes(&guides["profile.md"])[0]).settings;
    let switches = serde_json::to_value(&settings.security_notifications).expect("serialises");
    let mut told = BTreeMap::new();
    for line in guides["profile.md"].lines() {
        let Some((names, on)) =
            line.strip_suffix(" on |").map(|row| (row, true)).or(line.strip_suffix(" off |").map(|row| (row, false)))
        else {
            continue;
        };
        told.extend(names.split('`').skip(1).step_by(2).map(|name| (name.to_owned(), Value::Bool(on))));
    }
    assert_eq!(switches, Value::Object(told.into_iter().collect()));
}

type Says = fn(&Settings) -> bool;

/// Each recipe means what is said of its heading.
fn assert_meanings(guide: &str, says: &BTreeMap<&str, Says>) {
    let recipes = recipes(&guides()[guide]);
    for recipe in &recipes {
        let says = says.get(&*recipe.heading).unwrap_or_else(|| panic!("{}: say here what it means", recipe.heading));
        let settings = meaning(recipe).settings;
        assert!(says(&settings), "{}: {settings:#?}", recipe.heading);
    }
    assert_eq!(recipes.len(), says.len(), "a heading is gone");
}
