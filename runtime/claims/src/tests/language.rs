//! What templates can say (`spec/sessions-and-public-rest.md` §4.3).

use super::*;

#[test]
fn every_field_of_a_user() {
    for (field, full, empty) in [
        (".User.UserID", "u-1", Some("u-2")),
        (".User.Email.Address", "jane@example.com", None),
        (".User.Username", "jane", Some("")),
        (".User.Name", "Jane Doe", Some("")),
        (".User.GivenName", "Jane", Some("")),
        (".User.FamilyName", "Doe", Some("")),
        (".User.Picture", "https://example.com/jane.png", Some("")),
    ] {
        let template = format!("{{{{ {field} }}}}");
        assert_eq!(of(&template, &jane()), Ok(json!(full)), "{field}");
        assert_eq!(of(&template, &nobody()).ok(), empty.map(|empty| json!(empty)), "{field}");
    }
    for field in [".User.Email.IsPrimary", ".User.Email.IsVerified"] {
        assert_eq!(of(&format!("{{{{ {field} }}}}"), &jane()), Ok(json!(true)));
        assert!(of(&format!("{{{{ {field} }}}}"), &nobody()).is_err());
    }
}

#[test]
fn objects_are_printed_as_json_and_missing_ones_as_nothing() {
    let mut jane = jane();
    jane.public_metadata = Some(json!({"a": 1}));
    let email = json!({"address": "jane@example.com", "is_primary": true, "is_verified": true});
    let metadata = json!({"public_metadata": {"a": 1}, "unsafe_metadata": {"ui": {"theme": "dark"}}});
    let printed = json!({
        "user_id": "u-1", "email": email, "username": "jane", "metadata": metadata, "name": "Jane Doe",
        "family_name": "Doe", "given_name": "Jane", "picture": "https://example.com/jane.png",
    });
    assert_eq!(of("{{ .User }}", &jane), Ok(printed.clone()));
    assert_eq!(of("{{ print .User }}", &jane), Ok(printed.clone()));
    assert_eq!(of("{{ .User | printf \"%s\" }}", &jane), Ok(printed));
    assert_eq!(of("{{ .User.Email }}", &jane), Ok(email.clone()));
    assert_eq!(of("{{ with .User.Email }}{{ . }}{{ end }}", &jane), Ok(email));
    assert_eq!(of("{{ .User.Metadata }}", &jane), Ok(metadata));
    let nobody_printed =
        json!({"user_id": "u-2", "username": "", "name": "", "family_name": "", "given_name": "", "picture": ""});
    assert_eq!(of("{{ .User }}", &nobody()), Ok(nobody_printed));
    assert_eq!(of("{{ .User.Email }}", &nobody()), Ok(json!("")));
    assert_eq!(of("{{ .User.Metadata }}", &nobody()), Ok(json!("")));
    assert_eq!(of("x{{ .User.Metadata }}", &jane).unwrap().as_str().unwrap().chars().next(), Some('x'));
}

#[test]
fn metadata_is_there_if_either_half_has_something() {
    let asks = |user: &User| of("{{ if .User.Metadata }}some{{ else }}none{{ end }}", user).unwrap();
    let with = |public: Option<Value>, own: Option<Value>| {
        asks(&User { public_metadata: public, unsafe_metadata: own, ..nobody() })
    };
    assert_eq!(with(None, None), "none");
    assert_eq!(with(Some(json!({})), Some(Value::Null)), "none");
    assert_eq!(with(Some(json!({})), Some(json!({"a": 1}))), "some");
    assert_eq!(with(Some(json!({"a": 1})), None), "some");
    let half = User { public_metadata: Some(json!({"a": 1})), ..nobody() };
    assert_eq!(of("{{ .User.Metadata.Unsafe \"a\" }}", &half), Ok(json!("")));
    assert_eq!(of("{{ .User.Metadata.Unsafe }}", &half), Ok(json!("")));
    assert_eq!(of("{{ .User.Metadata }}", &half), Ok(json!({"public_metadata": {"a": 1}})));
    assert!(of("{{ .User.Metadata.Public \"a\" }}", &nobody()).is_err());
}

#[test]
fn metadata_is_asked_by_path() {
    for (call, claim) in [
        (r#".User.Metadata.Public "display_name""#, json!("GamerDude")),
        (r#".User.Metadata.Public "favorite_games.#.genre""#, json!(["RPG", "Sci-Fi Shooter"])),
        (
            r#".User.Metadata.Public "favorite_games.#(playtime_hours>100)""#,
            json!({"name": "Legends of Valor", "genre": "RPG", "playtime_hours": 142.3}),
        ),
        (r#".User.Metadata.Public "favorite_games.0.playtime_hours""#, json!("142.3")),
        (r#".User.Metadata.Public "nope""#, json!("")),
        (r#".User.Metadata.Public "nothing""#, json!("")),
        (r#".User.Metadata.Public "a.b" "c""#, json!("deep")),
        (r#".User.Metadata.Public "a" "b" "c""#, json!("deep")),
        (r#".User.Metadata.Unsafe"#, json!({"ui": {"theme": "dark"}})),
        (r#""ui.theme" | .User.Metadata.Unsafe"#, json!("dark")),
        (r#".User.Metadata.Unsafe "ui.theme" | len"#, json!("4")),
        (r#"print "<" (.User.Metadata.Unsafe "ui.theme") ">""#, json!("<dark>")),
        (r#"len .User.Metadata.Unsafe"#, json!("23")),
        (r#"eq (.User.Metadata.Unsafe "ui.theme") "dark""#, json!(true)),
        (r#"(.User.Metadata).Unsafe "ui.theme""#, json!("dark")),
        (r#"with .User.Metadata}}{{ .Unsafe "ui.theme" }}{{ end"#, json!("dark")),
        (r#"$m := .User.Metadata }}{{ $m.Unsafe "ui.theme""#, json!("dark")),
        (r#"$.User.Metadata.Unsafe "ui.theme""#, json!("dark")),
        (r#".User.Metadata.Unsafe (.User.Metadata.Public "nope")"#, json!("")),
    ] {
        assert_eq!(of(&format!("{{{{ {call} }}}}"), &jane()), Ok(claim), "{call}");
    }
}

#[test]
fn constructs_of_the_language() {
    for (template, claim) in [
        ("plain", json!("plain")),
        ("brackets { } {", json!("brackets { } {")),
        ("{{ 1 -}} \n", json!("1")),
        ("{{/* a comment */}}x", json!("x")),
        ("a  {{- \" b \" -}}  c", json!("a b c")),
        ("{{ .User.Username | printf \"%s\" }}", json!("jane")),
        ("Hello {{ .User.Email.Address | printf \"%s\" }}", json!("Hello jane@example.com")),
        ("{{ printf \"%q %5d|%-5s|%05.1f %v\" \"x\" 7 \"ab\" 2.25 true }}", json!("\"x\"     7|ab   |002.2 true")),
        ("{{ print 1 2 \"a\" true }}", json!("1 2atrue")),
        ("{{ println \"a\" }}", json!("a\n")),
        ("{{ html \"<a>\" }}{{ urlquery \"a b&c\" }}{{ js \"it's\" }}", json!("&lt;a&gt;a+b%26cit\\'s")),
        ("{{ if eq .User.Username \"jane\" }}yes{{ else }}no{{ end }}", json!("yes")),
        ("{{ if eq .User.Username \"x\" \"jane\" }}yes{{ end }}", json!("yes")),
        ("{{ if ne .User.Username \"jane\" }}a{{ else if lt 1 2 }}b{{ else }}c{{ end }}", json!("b")),
        ("{{ and .User.Username .User.Name }}", json!("Jane Doe")),
        ("{{ or .User.Username .User.Name }}", json!("jane")),
        ("{{ not .User.Username }}", json!(false)),
        ("{{ and .User.Email .User.Email.IsVerified }}", json!(true)),
        ("{{ le 1 1 }} {{ gt 2 1 }} {{ ge 1 2 }}", json!("true true false")),
        ("{{ len .User.Username }} {{ index .User.Username 0 }} {{ slice .User.Username 1 3 }}", json!("4 106 an")),
        ("{{ with .User.Email }}{{ .Address }}{{ else }}none{{ end }}", json!("jane@example.com")),
        ("{{ with $x := .User.Name }}{{ $x }}{{ end }}", json!("Jane Doe")),
        ("{{ $x := \"a\" }}{{ if true }}{{ $x = \"b\" }}{{ end }}{{ $x }}", json!("b")),
        ("{{ range $i := 3 }}{{ $i }}{{ if eq $i 1 }}{{ break }}{{ end }}{{ end }}", json!("01")),
        ("{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ else }}none{{ end }}", json!("02")),
        ("{{ range 0 }}x{{ else }}none{{ end }}", json!("none")),
        ("{{ `raw \"text\"` }}", json!("raw \"text\"")),
        ("{{ \"}}\" }}", json!("}}")),
        ("{{ 'a' }} {{ 0x10 }} {{ 1.5 }}", json!("97 16 1.5")),
        ("[{{ range $i := 3 }}{{ if $i }},{{ end }}{{ $i }}{{ end }}]", json!([0, 1, 2])),
    ] {
        assert_eq!(of(template, &jane()), Ok(claim), "{template}");
    }
}

#[test]
fn what_is_true() {
    let nobody = nobody();
    for (value, is) in [
        ("false", false),
        ("0", false),
        ("\"\"", false),
        (".User.Username", false),
        (".User.Email", false),
        (".User.Metadata", false),
        ("true", true),
        ("1", true),
        ("\"x\"", true),
        (".User", true),
        ("not .User.Email", true),
    ] {
        let template = format!("{{{{ if {value} }}}}true{{{{ else }}}}false{{{{ end }}}}");
        assert_eq!(of(&template, &nobody), Ok(json!(is)), "{value}");
    }
    assert!(of("{{ if .User.Email.IsVerified }}a{{ else }}b{{ end }}", &nobody).is_err(), "not the same as false");
    assert_eq!(of("{{ if .User.Email }}{{ .User.Email.Address }}{{ end }}", &nobody), Ok(json!("")));
    assert_eq!(of("{{ and .User.Email .User.Email.IsVerified }}", &nobody), Ok(json!("")));
}

#[test]
fn what_is_refused_before_any_token() {
    let wrong = |template: &str| {
        let claims = BTreeMap::from([("claim".to_owned(), json!(template))]);
        match ClaimTemplate::compile(&claims) {
            Ok(_) => panic!("accepted: {template}"),
            Err(mut refused) => refused.remove(0).reason,
        }
    };
    for (template, begins) in [
        ("{{ .User.Surname }}", "names `.Surname`, which is not there"),
        ("{{ if false }}{{ .User.Surname }}{{ end }}", "names `.Surname`"),
        ("{{ .User.Metadata.Private \"x\" }}", "names `.Private`"),
        ("{{ (.User.Metadata.Public \"x\").foo }}", "names `.foo`"),
        ("{{ $.pass 1 .User }}", "names `.pass`"),
        ("{{ .Email }}", "asks for `.Email` of something that has none"),
        ("{{ .User.Address }}", "asks for `.Address` of"),
        ("{{ .User.Username.Name }}", "can't evaluate field Name in type string"),
        ("{{ .User.Metadata.Public.Name }}", "can't evaluate field Name in type func"),
        ("{{ .User.Username \"x\" }}", "can't give argument to non-function"),
        ("{{ .User.Metadata.Public 1 }}", "a path that is no text"),
        ("{{ .User.Metadata.Public \"a.#(\" }}", "has a bracket that is never closed"),
        ("{{ if false }}{{ .User.Metadata.Public \"a.#(\" }}{{ end }}", "has a bracket that is never closed"),
        ("{{ . }}", "`.` and `$` cannot be printed"),
        ("{{ $ }}", "`.` and `$` cannot be printed"),
        ("{{ range .User }}x{{ end }}", "an object can only be printed"),
        ("{{ len .User.Email }}", "an object can only be printed"),
        ("{{ eq .User.Email nil }}", "an object can only be printed"),
        ("{{ index .User \"UserID\" }}", "an object can only be printed"),
        ("{{ env \"HOME\" }}", "uses the function `env`, which is not there; there are print,"),
        ("{{ print (readFile \"/etc/passwd\") }}", "uses the function `readFile`"),
        ("{{ call .User.Metadata.Public \"x\" }}", "uses the function `call`"),
        ("{{ call $.pass 1 2 }}", "uses the function `call`"),
        ("{{ define \"x\" }}a{{ end }}", "uses `define`, `block` or `template`"),
        ("{{ template \"x\" }}", "uses `define`, `block` or `template`"),
        ("{{ block \"x\" . }}a{{ end }}", "uses `define`, `block` or `template`"),
        ("{{ if false }}{{ template \"claims\" }}{{ end }}", "uses `define`, `block` or `template`"),
        ("{{ printf .User.Username }}", "uses `printf` without its format"),
        ("{{ \"%s\" | printf }}", "uses `printf` without its format"),
        ("{{ printf \"%*d\" 9 9 }}", "uses `printf` with a width"),
        ("{{ printf \"%60000d\" 9 }}", "uses `printf` with a width"),
        ("{{ printf \"%.60000f\" 9.0 }}", "uses `printf` with a width"),
        ("{{ lt 1 \"a\" }}", "incompatible types for comparison"),
        ("{{ if .User.Email }}{{ else }}{{ lt 1 \"a\" }}{{ end }}", "incompatible types for comparison"),
        ("{{ $x }}", "undefined variable: $x"),
        ("{{ if }}{{ end }}", "is no template: line and column 1:9: empty command"),
        ("{{ end }}", "is no template: has an `end` or `else` too many"),
        ("a{{ if true }}b{{ end }}{{ end }}c", "is no template: has an `end` or `else` too many"),
        ("a{{ else }}c", "is no template: has an `end` or `else` too many"),
        ("{{ if true }}a{{ else }}b{{ else }}c{{ end }}", "is no template"),
        ("{{ range 3 }}a{{ else }}b{{ else }}c{{ end }}", "is no template"),
        ("a {{ .User.Username }} {{", "is no template"),
        ("{{ if true }}a{{ end", "is no template"),
        ("{{/* a", "is no template"),
        ("{{ 1 2 }}", "can't give argument to non-function"),
        ("{{ 1 | 2 }}", "can't give argument to non-function"),
        ("{{ $x, $y := 1 }}", "is no template"),
        ("{{", "is no template"),
        ("{{ \"x }}", "is no template"),
        ("{{ .User.Username }", "is no template"),
        ("{{ if true }}", "is no template"),
        ("{{ break }}", "unexpected break outside of range"),
    ] {
        let reason = wrong(template);
        assert!(reason.starts_with(begins), "{template}: {reason}");
    }
}

#[test]
fn what_only_some_users_lack_is_accepted_and_dropped_for_them() {
    for template in ["{{ slice .User.Username 0 9 }}", "{{ index .User.Username 9 }}", "{{ .User.Email.Address }}"] {
        let reason = of(template, &nobody()).unwrap_err();
        assert!(!reason.contains("no template"), "{reason}");
    }
    assert_eq!(of("{{ slice .User.Name 0 4 }}", &jane()), Ok(json!("Jane")));
    let umlaut = User { username: "ü".to_owned(), ..nobody() };
    assert!(of("{{ slice .User.Username 0 1 }}", &umlaut).is_err(), "half a character");
}
