//! A template can neither stall nor fail a login.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Compiles and evaluates, whatever comes of it, in a time that an unoptimised build on a busy machine keeps.
fn survives(template: &str, user: &User) {
    let started = Instant::now();
    if let Ok(value) = of(template, user) {
        assert!(value.to_string().len() <= 8 * LARGEST, "{template:.200}");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}: {template:.200}", started.elapsed());
}

/// As much metadata as a user may have.
fn hoarder() -> User {
    let deep = (0..100).fold(json!("x"), |inner, _| json!({"a": inner}));
    let list = vec![json!({"a": [1, 2, 3], "b": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}); 100];
    let own = json!({"deep": deep, "list": list, "long": "a".repeat(8_000), "quotes": "\\\"".repeat(1_000)});
    User { public_metadata: Some(own.clone()), unsafe_metadata: Some(own), ..jane() }
}

#[test]
fn whatever_wants_too_much_is_refused_or_dropped() {
    let body = "{{ range 1000 }}{{ $x := 1 }}{{ end }}";
    for (template, begins) in [
        ("{{ range 1000000000 }}{{ end }}".to_owned(), "goes around more than 1000 times"),
        ("{{ range 100 }}{{ range 100 }}{{ end }}{{ end }}".to_owned(), "goes around more than 1000 times"),
        ("{{ range 100 }}{{ range 100 }}{{ end }}{{ end }}".repeat(20), "goes around more than 1000 times"),
        (body.repeat(2), "goes around more than 1000 times"),
        ("{{ range 900 }}aaaaaaaaaa{{ end }}".to_owned(), "gives more than 8192 bytes"),
        ("{{ $x := \"aa\" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}".to_owned(), "takes more work"),
        (
            "{{ $x := \"aa\" }}{{ range 40 }}{{ $x = $x | printf \"%s%[1]s%[1]s\" }}{{ end }}".to_owned(),
            "takes more work",
        ),
        (format!("{{{{ range 900 }}}}{}{{{{ end }}}}", "{{ $y := not 1 }}".repeat(200)), "takes more work"),
        (format!("{{{{ range 900 }}}}{{{{ $y := len \"{}\" }}}}{{{{ end }}}}", "a".repeat(3_000)), "takes more work"),
        ("{{ range 900 }}{{ $y := .User }}{{ end }}".to_owned(), "can't evaluate field User in type int"),
        ("{{ range 900 }}{{ $y := print $.User }}{{ end }}".to_owned(), "takes more work"),
        ("x".repeat(4_097), "is 4097 bytes long"),
    ] {
        let reason = of(&template, &jane()).unwrap_err();
        assert!(reason.starts_with(begins), "{template:.200}: {reason}");
    }
}

/// Templates with so many levels of each kind.
fn nested(levels: usize) -> Vec<String> {
    let parentheses = |open: &str, close: &str| format!("{{{{ {}1{} }}}}", open.repeat(levels), close.repeat(levels));
    let blocks = |open: &str| format!("{}1{}", open.repeat(levels), "{{ end }}".repeat(levels));
    vec![
        parentheses("(", ")"),
        parentheses("not (", ")"),
        parentheses("print (", ")"),
        parentheses("print 1 (", "| print)"),
        blocks("{{ if print 1 }}"),
        blocks("{{ with print 1 }}"),
        blocks("{{ range 1 }}"),
        format!("{{{{ if 0 }}}}{}{{{{ end }}}}", "{{else if 0}}".repeat(levels - 1)),
    ]
}

/// Compiles and evaluates all in a thread with such a stack. An optimised build needs a quarter of what this one does.
fn in_a_stack(kilobytes: usize, templates: Vec<String>) -> Vec<Result<Value, String>> {
    let run = move || templates.iter().map(|template| of(template, &hoarder())).collect();
    std::thread::Builder::new().stack_size(kilobytes * 1024).spawn(run).unwrap().join().unwrap()
}

#[test]
fn the_deepest_templates_and_paths_take_half_of_a_usual_stack() {
    assert!(in_a_stack(1_024, nested(24)).iter().all(Result::is_ok));
    let paths = [
        format!("deep.{}a", "a.".repeat(99)),
        format!("{}x", "*.".repeat(120)),
        format!("{}{}", "[".repeat(16), "]".repeat(16)),
        format!("list.{}a{}", "#(".repeat(16), ")".repeat(16)),
    ];
    let deepest = format!("{{{{ {}", "print (".repeat(24));
    let around = |path: &String| format!("{deepest}.User.Metadata.Public `{path}`{} }}}}", ")".repeat(24));
    assert!(in_a_stack(1_024, paths.iter().map(around).collect()).iter().all(Result::is_ok));
}

#[test]
fn what_is_nested_deeper_is_refused() {
    for levels in [25, 99, 101, 190] {
        let templates = nested(levels).into_iter().filter(|template| template.len() <= 4_096).collect();
        for result in in_a_stack(4_096, templates) {
            let reason = result.unwrap_err();
            let is_ours = reason.starts_with("is nested deeper than 24 blocks, `else if`s and parentheses");
            assert!(is_ours || reason.contains("nesting depth exceeded 100"), "{reason}");
        }
    }
    let reason = of(&format!("{{{{ .User.Metadata.Public `{}` }}}}", "[".repeat(17)), &jane()).unwrap_err();
    assert_eq!(reason, "is a path of more than 16 brackets; write it simpler");
}

#[test]
fn one_claim_s_texts_share_its_limit_and_leave_the_next_claim_its_own() {
    let half = "x".repeat(3_000);
    let claims = BTreeMap::from([
        ("a".to_owned(), json!([half, half, half])),
        ("b".to_owned(), json!([half, half])),
        ("c".to_owned(), json!([half, half])),
    ]);
    let evaluated = ClaimTemplate::compile(&claims).unwrap().evaluate(&jane());
    assert_eq!(evaluated.claims.keys().collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(evaluated.dropped, [("a".to_owned(), "gives more than 8192 bytes of text".to_owned())]);
}

#[test]
fn hostile_paths_and_metadata_end_soon() {
    let user = hoarder();
    for path in [
        format!("{}x", "a.".repeat(120)),
        format!("deep.{}x", "*.".repeat(100)),
        format!("{}x", "*.".repeat(120)),
        "*a*a*a*a*a*a*a*a*a*a*b".to_owned(),
        "list.#(b%\"*a*a*a*a*a*a*a*a*a*a*b\")#".to_owned(),
        "list.#(b%\"*a*a*a*a*a*a*a*a*a*a*b\")#|#".to_owned(),
        "[@this,@this,@this,@this]|[@this,@this,@this,@this]|[@this,@this,@this,@this]|[@this,@this,@this]".to_owned(),
        "@tostr|".repeat(30) + "@tostr",
        "quotes|".to_owned() + &"@tostr|".repeat(30) + "@tostr",
        "[".repeat(255),
        format!("{}{}", "[".repeat(127), "]".repeat(127)),
        format!("{}a{}", "#(".repeat(80), ")".repeat(80)),
        "list.#.a.#.@this.@this".to_owned(),
        format!("list.{}", "#.".repeat(100)),
        "list.@flatten:{\"deep\":true}|@reverse|@join|@keys|@values|@group".to_owned(),
    ] {
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        survives(&format!("{{{{ .User.Metadata.Public \"{path}\" }}}}"), &user);
        survives(&format!("{{{{ range 900 }}}}{{{{ $x := $.User.Metadata.Unsafe \"{path}\" }}}}{{{{ end }}}}"), &user);
    }
}

#[test]
fn a_failing_template_quotes_nothing_of_the_user() {
    let user = User {
        username: "hunter2".to_owned(),
        unsafe_metadata: Some(json!({"path": "hunter2.#(", "text": "hunter2"})),
        ..nobody()
    };
    for template in [
        "{{ .User.Metadata.Unsafe (.User.Metadata.Unsafe \"path\") }}",
        "{{ slice .User.Username 0 30 }}",
        "{{ lt .User.Username 1 }}",
        "{{ len .User.Email }}",
        "{{ range .User.Username }}{{ end }}",
        "{{ printf \"%d\" .User.Username | slice 9 }}",
        "{{ index .User.Username .User.Username }}",
        "{{ if eq .User.Username \"jane\" }}{{ else }}{{ slice .User.Username .User.Username }}{{ end }}",
    ] {
        let reason = of(template, &user).unwrap_err();
        assert!(!reason.contains("hunter2"), "{template}: {reason}");
    }
}

fn metadata() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c\\\\\"*?#@|.é😀]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map("[a-c#@*.é]{0,3}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Texts that get far into the lexer, the parser and the evaluation.
fn template() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("{{"),
        Just("}}"),
        Just("{{-"),
        Just("-}}"),
        Just("{{/*"),
        Just("*/}}"),
        Just("if"),
        Just("else"),
        Just("end"),
        Just("with"),
        Just("range"),
        Just("break"),
        Just("continue"),
        Just("define"),
        Just("template"),
        Just("block"),
        Just("."),
        Just("$"),
        Just("$x"),
        Just(":="),
        Just("="),
        Just(","),
        Just("|"),
        Just("("),
        Just(")"),
        Just(".User"),
        Just(".User.Email"),
        Just(".Address"),
        Just(".User.Metadata"),
        Just(".User.Metadata.Public"),
        Just(".Unsafe"),
        Just("\"a\""),
        Just("\"a.#(b>1)#.c\""),
        Just("\"%5d%s\""),
        Just("`x`"),
        Just("'a'"),
        Just("'"),
        Just("\""),
        Just("nil"),
        Just("true"),
        Just("0"),
        Just("-1"),
        Just("9223372036854775807"),
        Just("1e308"),
        Just("print"),
        Just("printf"),
        Just("len"),
        Just("index"),
        Just("slice"),
        Just("eq"),
        Just("lt"),
        Just("and"),
        Just("or"),
        Just("not"),
        Just("html"),
        Just("js"),
        Just("urlquery"),
        Just("call"),
        Just("é"),
        Just("\0"),
        Just("\n"),
    ];
    prop_oneof![
        prop::collection::vec(word.clone(), 0..40).prop_map(|words| words.join(" ")),
        prop::collection::vec(word.clone(), 0..12).prop_map(|words| format!("{{{{ {} }}}}", words.join(" "))),
        prop::collection::vec(word, 0..12).prop_map(|words| format!("{{{{ if {} }}}}a{{{{ end }}}}", words.join(" "))),
        "\\PC{0,60}",
        "\\{\\{[ -~]{0,40}\\}\\}",
    ]
}

proptest! {
    #[test]
    fn any_template_over_any_metadata_ends_and_means_the_same_twice(text in template(), own in metadata(), name in "\\PC{0,20}") {
        let user = User { username: name.clone(), name, public_metadata: Some(own.clone()), unsafe_metadata: Some(own), ..jane() };
        survives(&text, &user);
        prop_assert_eq!(of(&text, &user), of(&text, &user));
    }

    #[test]
    fn any_path_over_any_metadata_ends(path in "[a-c#()\\[\\]{}.|*?\\\\@:,\"=<>!%~ é1]{0,24}|(@[a-z]{4,7}\\||#\\.|a\\.|\\*\\.){0,8}", own in metadata()) {
        let user = User { public_metadata: Some(own), ..nobody() };
        survives(&format!("{{{{ .User.Metadata.Public `{path}` }}}}"), &user);
    }
}
