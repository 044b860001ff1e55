use std::collections::BTreeMap;

use hanko_model::{
    document::{Unknown, parse},
    resolve,
};
use serde_json::json;

use super::*;
use crate::user::FIELDS;

mod guide;
mod language;
mod limits;

fn claims(yaml: &str) -> BTreeMap<String, Value> {
    serde_saphyr::from_str(yaml).unwrap()
}

fn jane() -> User {
    User {
        user_id: "u-1".to_owned(),
        email: Some(Email { address: "jane@example.com".to_owned(), is_primary: true, is_verified: true }),
        username: "jane".to_owned(),
        name: "Jane Doe".to_owned(),
        given_name: "Jane".to_owned(),
        family_name: "Doe".to_owned(),
        picture: "https://example.com/jane.png".to_owned(),
        public_metadata: Some(json!({
            "display_name": "GamerDude",
            "favorite_games": [
                {"name": "Legends of Valor", "genre": "RPG", "playtime_hours": 142.3},
                {"name": "Space Raiders", "genre": "Sci-Fi Shooter", "playtime_hours": 87.6},
            ],
            "a": {"b": {"c": "deep"}},
            "nothing": null,
        })),
        unsafe_metadata: Some(json!({"ui": {"theme": "dark"}})),
    }
}

fn nobody() -> User {
    User { user_id: "u-2".to_owned(), ..User::default() }
}

/// What one template makes of a user, or why it is dropped.
fn of(template: &str, user: &User) -> Result<Value, String> {
    let claims = BTreeMap::from([("claim".to_owned(), json!(template))]);
    let mut evaluated = ClaimTemplate::compile(&claims).map_err(|all| all[0].reason.clone())?.evaluate(user);
    match evaluated.dropped.pop() {
        Some((_, reason)) => Err(reason),
        None => Ok(evaluated.claims["claim"].take()),
    }
}

const EXAMPLE: &str = r#"
role: "user"
user_email: "{{ .User.Email.Address }}"
verified: "{{ .User.Email.IsVerified }}"
meta:
  greeting: "Hello {{ .User.Username }}"
  theme: '{{ .User.Metadata.Unsafe "ui.theme" }}'
scopes:
  - "read"
  - "{{ if .User.Email.IsVerified }}admin{{ else }}basic{{ end }}"
"#;

#[test]
fn the_example_of_the_contract() {
    let template = ClaimTemplate::compile(&claims(EXAMPLE)).unwrap();
    let evaluated = template.evaluate(&jane());
    assert_eq!(
        Value::Object(evaluated.claims),
        json!({
            "role": "user",
            "user_email": "jane@example.com",
            "verified": true,
            "meta": {"greeting": "Hello jane", "theme": "dark"},
            "scopes": ["read", "admin"],
        })
    );
    assert_eq!(evaluated.dropped, []);
    assert_eq!(template.evaluate(&jane()), template.evaluate(&jane()));
}

#[test]
fn a_claim_is_dropped_whole_and_the_others_stay() {
    let evaluated = ClaimTemplate::compile(&claims(EXAMPLE)).unwrap().evaluate(&nobody());
    assert_eq!(Value::Object(evaluated.claims), json!({"role": "user"}));
    let dropped: Vec<&str> = evaluated.dropped.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(dropped, ["meta", "scopes", "user_email", "verified"]);
    let no_email = "asks for `.Address` of something that has none; ask with `if` or `with` first whether it is there";
    assert_eq!(evaluated.dropped[2].1, no_email);
}

#[test]
fn everything_but_texts_is_copied_and_names_are_never_templates() {
    let yaml = r#"
https://example.com/roles: [1, 2.5, true, null, "{{ .User.Username }}", {"{{ .User.Name }}": [[]]}]
number: -3
nothing: null
empty: ""
"#;
    let evaluated = ClaimTemplate::compile(&claims(yaml)).unwrap().evaluate(&jane());
    assert_eq!(
        Value::Object(evaluated.claims),
        json!({
            "https://example.com/roles": [1, 2.5, true, null, "jane", {"{{ .User.Name }}": [[]]}],
            "number": -3,
            "nothing": null,
            "empty": "",
        })
    );
}

#[test]
fn names_that_the_server_sets_itself_are_ignored() {
    let yaml =
        "{sub: a, iat: b, exp: c, nbf: '{{', aud: e, iss: f, email: g, username: h, session_id: i, amr: j, mine: k}";
    let evaluated = ClaimTemplate::compile(&claims(yaml)).unwrap().evaluate(&jane());
    assert_eq!(Value::Object(evaluated.claims), json!({"mine": "k"}));
    assert_eq!(evaluated.dropped, []);
}

#[test]
fn what_a_text_means_as_a_claim() {
    for (text, claim) in [
        ("true", json!(true)),
        ("false", json!(false)),
        (" true", json!(" true")),
        ("True", json!("True")),
        ("17", json!("17")),
        ("null", json!("null")),
        ("", json!("")),
        (r#"{"a": [1]}"#, json!({"a": [1]})),
        ("[1, \"x\"]", json!([1, "x"])),
        ("[1, ", json!("[1, ")),
        ("[not json]", json!("[not json]")),
        ("{broken}", json!("{broken}")),
        ("{]", json!("{]")),
        (" [1]", json!(" [1]")),
        ("\"x\"", json!("\"x\"")),
    ] {
        assert_eq!(of(text, &jane()).unwrap(), claim, "{text}");
    }
}

#[test]
fn every_refused_template_is_named_with_its_place_and_what_to_do() {
    let yaml = r#"
plain: fine
surname: "{{ .User.Surname }}"
meta:
  private: '{{ .User.Metadata.Private "x" }}'
  a.b: ["fine", "{{ if }}"]
"#;
    let refused = ClaimTemplate::compile(&claims(yaml)).unwrap_err();
    let refused: Vec<(&str, &str)> = refused.iter().map(|one| (one.path.as_str(), one.reason.as_str())).collect();
    let known = FIELDS.join(", .");
    assert_eq!(
        refused,
        [
            ("meta.private", &*format!("names `.Private`, which is not there; there are .{known}")),
            ("meta[a.b][1]", "is no template: line and column 1:9: empty command"),
            ("surname", &*format!("names `.Surname`, which is not there; there are .{known}")),
        ]
    );
}

#[test]
fn a_project_is_refused_with_the_path_of_the_field() {
    let document = json!({
        "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject", "metadata": {"name": "acme"},
        "spec": {
            "hosts": ["auth.acme.example"],
            "mail": {"from": {"address": "login@acme.example"}, "smtp": {"host": "mail.acme.example"}},
            "settings": {"session": {"jwtTemplate": {"claims": {"meta": {"a.b": "{{"}, "x.y/z": "{{", "fine": "x"}}}},
        },
    });
    let documents = parse(&document.to_string(), Unknown::Refuse).unwrap().documents;
    let problems = check(&resolve(&documents[0]).unwrap());
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    let claims = "spec.settings.session.jwtTemplate.claims";
    assert_eq!(paths, [format!("{claims}.meta[a.b]"), format!("{claims}[x.y/z]")]);
    assert_eq!(problems[0].document, "default/acme");
}
