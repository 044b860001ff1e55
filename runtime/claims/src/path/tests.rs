use serde_json::json;

use super::*;

/// Follows the path through the document of GJSON's own description, with a few members more.
fn read(path: &str) -> String {
    let document = json!({
        "name": {"first": "Tom", "last": "Anderson"},
        "age": 37,
        "children": ["Sara", "Alex", "Jack"],
        "fav.movie": "Deer Hunter",
        "friends": [
            {"first": "Dale", "last": "Murphy", "age": 44, "nets": ["ig", "fb", "tw"]},
            {"first": "Roger", "last": "Craig", "age": 68, "nets": ["fb", "tw"]},
            {"first": "Jane", "last": "Murphy", "age": 47, "nets": ["ig", "tw"]},
        ],
        "vals": [{"a": 1, "b": true}, {"a": 2, "b": "true"}, {"a": 3, "b": false}, {"a": 4, "b": 0}, {"a": 5, "b": null}, {"a": 6}],
        "nested": [1, [2], [3, [4]]],
        "a": {"a": {"b": 5}, "x": {"y": 1}, "z": {"y": {"w": 2}}},
        "columns": {"id": [1, 2], "of": ["x", "y"]},
        "json": "{\"k\":[1]}",
        "@type": "person",
        "#": "hash",
        "größe": "groß",
        "big": 12345678901234567890u64,
        "float": 1.50,
        "yes": true,
        "null": null,
    });
    Path::parse(path).unwrap().read(&document, &Budget::new()).unwrap()
}

#[test]
fn paths_lead_where_gjson_says() {
    for (path, found) in [
        ("name.last", "Anderson"),
        ("name|last", "Anderson"),
        ("age", "37"),
        ("float", "1.5"),
        ("big", "12345678901234567890"),
        ("yes", "true"),
        ("null", ""),
        ("größe", "groß"),
        ("nope", ""),
        ("name.nope.deeper", ""),
        ("age.deeper", ""),
        ("", ""),
        ("children", r#"["Sara","Alex","Jack"]"#),
        ("children.#", "3"),
        ("children.1", "Alex"),
        ("children.9", ""),
        ("children.-1", ""),
        ("child*.2", "Jack"),
        ("c?ildren.0", "Sara"),
        (r"fav\.movie", "Deer Hunter"),
        (r"fav\.mov*", "Deer Hunter"),
        (r"na\*me", ""),
        ("@type", "person"),
        ("#", "hash"),
        ("friends.#.first", r#"["Dale","Roger","Jane"]"#),
        ("friends.#.nope", "[]"),
        ("friends.#.nets.#", "[3,2,2]"),
        ("friends.#.nets.0", r#"["ig","fb","ig"]"#),
        ("friends.#.first|0", "Dale"),
        ("friends.#.first.0", "[]"),
        ("friends.1.last", "Craig"),
        (r#"friends.#(last=="Murphy").first"#, "Dale"),
        (r#"friends.#(last=="Murphy")#.first"#, r#"["Dale","Jane"]"#),
        (r#"friends.#(last=="Murphy")#|#"#, "2"),
        (r#"friends.#(last=="Murphy")#.first|1"#, "Jane"),
        ("friends.#(age>45)#.last", r#"["Craig","Murphy"]"#),
        ("friends.#(age>=47)#.age", "[68,47]"),
        ("friends.#(age<=47)#.age", "[44,47]"),
        ("friends.#(age<47).age", "44"),
        ("friends.#(age!=44)#.age", "[68,47]"),
        ("friends.#(age>100)", ""),
        ("friends.#(age>100)#", "[]"),
        (r#"friends.#(first%"D*").last"#, "Murphy"),
        (r#"friends.#(first!%"D*").last"#, "Craig"),
        (r#"friends.#(nets.#(=="fb"))#.first"#, r#"["Dale","Roger"]"#),
        ("friends.#(nope)", ""),
        ("friends.#(first)#.first|#", "3"),
        ("children.#(=Alex)", "Alex"),
        (r#"children.#(>"B")"#, "Sara"),
        ("children.#(%*e*)", "Alex"),
        ("vals.#(b==true)#.a", "[1,2]"),
        ("vals.#(b!=x)#.a", "[1,2,3,4]"),
        ("vals.#(b==~true)#.a", "[1,2]"),
        ("vals.#(b==~false)#.a", "[3,4,5,6]"),
        ("vals.#(b==~null)#.a", "[5,6]"),
        ("vals.#(b==~*)#.a", "[1,2,3,4,5]"),
        ("vals.#(b!=~*)#.a", "[6]"),
        // What is missing at one place is not looked for at another.
        ("a.b", ""),
        ("a.a.b", "5"),
        ("a.*.y.w", "2"),
        ("a.*.y", "1"),
        ("children.@reverse", r#"["Jack","Alex","Sara"]"#),
        ("children|@reverse|0", "Jack"),
        ("name.@reverse", r#"{"last":"Anderson","first":"Tom"}"#),
        ("age.@reverse", "37"),
        ("nested.@flatten", "[1,2,3,[4]]"),
        (r#"nested.@flatten:{"deep":true}"#, "[1,2,3,4]"),
        ("friends.#.{first,age}|@join", r#"{"first":"Jane","age":47}"#),
        ("name.@keys", r#"["first","last"]"#),
        ("name.@values", r#"["Tom","Anderson"]"#),
        ("name.@values|@pretty|@ugly|@valid|@this|1", "Anderson"),
        ("name.@tostr", r#"{"first":"Tom","last":"Anderson"}"#),
        ("json.@fromstr.k.0", "1"),
        ("json.k", ""),
        ("name.first.@fromstr", ""),
        ("columns.@group", r#"[{"id":1,"of":"x"},{"id":2,"of":"y"}]"#),
        (
            "{name.first,age,\"the\\\"last\":name.last,nope,years:age}",
            r#"{"first":"Tom","age":37,"the\"last":"Anderson","years":37}"#,
        ),
        ("[name.first,nope,children.#,friends.#(age>60).first]", r#"["Tom",3,"Roger"]"#),
        ("friends.#.[first,age]|1", r#"["Roger",68]"#),
        ("name.{first,\"both\":[first,last]}", r#"{"first":"Tom","both":["Tom","Anderson"]}"#),
        ("{children.@reverse|0}", r#"{"0":"Jack"}"#),
        ("{friends.#(age>60)}", r#"{"_":{"first":"Roger","last":"Craig","age":68,"nets":["fb","tw"]}}"#),
        ("[]", "[]"),
        ("{}", "{}"),
    ] {
        assert_eq!(read(path), found, "{path}");
    }
}

#[test]
fn a_path_that_makes_no_sense_says_so() {
    for (path, begins) in [
        ("..0", "starts with `..`"),
        ("a.#(b", "has a bracket that is never closed; write its `)`"),
        ("[a", "has a bracket that is never closed; write its `]`"),
        ("{a:[b}", "has a bracket that is never closed"),
        ("a.#(b)c", "has something behind a closing bracket"),
        ("[a]b", "has something behind a closing bracket"),
        ("a.#(b!c)", "compares with `!`"),
        ("a.@flatten:deep", "has a modifier with something other than JSON"),
        (&"a".repeat(257), "is a path of 257 bytes"),
    ] {
        let reason = Path::parse(path).unwrap_err();
        assert!(reason.starts_with(begins), "{path}: {reason}");
    }
}

#[test]
fn a_pattern_is_matched_whole_and_in_one_go() {
    let pattern = |text: &str| parse::pattern(text);
    for (text, pattern_of, is) in [
        ("", "", true),
        ("", "*", true),
        ("a", "", false),
        ("hello world", "*world", true),
        ("hello world", "he*o?wor*", true),
        ("hello world", "jello*", false),
        ("hello world", "*worl", false),
        ("h*ello", r"h\*ello", true),
        ("hxello", r"h\*ello", false),
        ("größe", "gr??e", true),
        ("a.b|c", "a.*|c", true),
        ("aab", "*ab", true),
    ] {
        assert_eq!(matches(&pattern(pattern_of), text), is, "{text} {pattern_of}");
    }
    let started = std::time::Instant::now();
    assert!(!matches(&pattern(&"*a".repeat(100)), &"ab".repeat(99)));
    assert!(!matches(&pattern(&format!("{}*c", "*a".repeat(100))), &"a".repeat(5_000)));
    assert!(started.elapsed() < std::time::Duration::from_secs(2));
}
