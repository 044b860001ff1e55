use super::*;

const HEAD: &str = "apiVersion: hanko-operator.dev/v1alpha1\nkind: HankoProject\n";

/// The text of a document from its metadata and spec.
fn text(metadata: &str, spec: &str) -> String {
    format!("{HEAD}metadata: {metadata}\nspec: {spec}\n")
}

fn read(text: &str) -> Vec<Document> {
    parse(text, Unknown::Refuse).unwrap_or_else(|problems| panic!("{text}\n{problems}")).documents
}

/// Each problem as it is displayed.
fn refused(text: &str) -> Vec<String> {
    parse(text, Unknown::Refuse).expect_err(text).0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_text_holds_many_documents() {
    let both = format!(
        "# first\n---\n{}---\n{}---\n",
        text("{name: a}", "{hosts: [a.x.y]}"),
        text("{name: a, namespace: n}", "{hosts: [b.x.y]}")
    );
    let labels: Vec<String> = read(&both).iter().map(Document::label).collect();
    assert_eq!(labels, ["default/a", "n/a"]);
}

#[test]
fn what_a_cluster_adds_to_an_object_is_tolerated() {
    let exported = text(
        "{name: a, namespace: n, labels: {team: x}, annotations: {note: y}, uid: 1, generation: 3, creationTimestamp: 2026-01-01T00:00:00Z, \
         managedFields: [{manager: kubectl}], resourceVersion: '7', finalizers: [x], ownerReferences: []}",
        "{hosts: [a.x.y]}",
    ) + "status: {conditions: [{type: Ready}]}\n";
    let documents = read(&exported);
    assert_eq!(documents[0].annotations, BTreeMap::from([("note".into(), "y".into())]));
    assert!(!documents[0].is_rendered());
}

#[test]
fn a_field_without_a_value_is_a_field_left_out() {
    let documents =
        read(&text("{name: a}", "{hosts: [a.x.y], origins: , settings: {session: {lifespan: null}, email: }}"));
    let settings = documents[0].spec.settings.clone().expect("settings");
    assert_eq!(settings.session.expect("session").lifespan, None);
    assert_eq!(settings.email, None);
}

#[test]
fn every_problem_of_every_document_is_told_with_its_path() {
    let both = format!(
        "{}---\n{}",
        text(
            "{name: a, namespace: n}",
            "{hosts: a.x.y, tenantId: x, settings: {passkey: {user_verification: preferred, enabled: 'yes'}, session: {limitt: 3, cookie: {sameSite: Lax}, \
             issuer: 7}, quux: 1}, replicas: -1}"
        ),
        text("{name: b, lables: {}}", "{hosts: [b.x.y], origins: ['*'], publicUrls: x, mail: {from: me}}"),
    );
    let expected = [
        "n/a: spec.hosts: must be a list, not a text; write [a.x.y]",
        "n/a: spec.tenantId: `x` is not a UUID such as 018f3b9e-7a41-4d7f-9f0e-3f6d1c0a9b52",
        "n/a: spec.settings.passkey.user_verification: there is no field `user_verification`; did you mean `userVerification`?",
        "n/a: spec.settings.passkey.enabled: must be true or false, not a text; write one of the two without quotes",
        "n/a: spec.settings.session.limitt: there is no field `limitt`; did you mean `limit`?",
        "n/a: spec.settings.session.cookie.sameSite: `Lax` is not possible here; write one of strict, lax, none",
        "n/a: spec.settings.session.issuer: must be a text, not a number; put it in quotes: \"7\"",
        "n/a: spec.settings.quux: there is no field `quux`; remove it, or write one of account, email, username, password, passkey, mfa, \
         session, service, privacy, webauthn, rateLimiter, securityNotifications, legacyApi, auditLog, metadata",
        "n/a: spec.replicas: -1 is not a whole number from 0 to 4294967295",
        "default/b: metadata.lables: there is no field `lables`; did you mean `labels`?",
        "default/b: spec.publicUrls: there is no field `publicUrls`; did you mean `publicUrl`?",
        "default/b: spec.mail.smtp: is missing; add it",
        "default/b: spec.mail.from: must be a mapping, not a text",
    ];
    assert_eq!(refused(&both), expected);
}

#[test]
fn an_unknown_field_does_not_hide_what_else_is_wrong() {
    let both = refused(&text(
        "{name: a}",
        "{hosts: [a.x.y], colour: red, replicas: 0, settings: {session: {lifespan: 5, limit: 0}}}",
    ));
    let paths: Vec<&str> = both.iter().map(|line| line.split(": ").nth(1).unwrap_or_default()).collect();
    assert_eq!(
        paths,
        ["spec.colour", "spec.settings.session.lifespan", "spec.replicas", "spec.settings.session.limit"]
    );
}

#[test]
fn unknown_fields_of_a_rendered_document_are_warnings_where_it_is_served() {
    let rendered =
        text("{name: a, annotations: {hanko-operator.dev/rendered-by: 9.0.0}}", "{hosts: [a.x.y], future: {a: 1}}");
    let parsed = parse(&rendered, Unknown::Warn).expect("parses");
    assert_eq!(parsed.documents[0].spec.hosts, ["a.x.y"]);
    assert_eq!(parsed.warnings[0].path, "spec.future");
    assert_eq!(refused(&rendered).len(), 1);
    let written = text("{name: a}", "{hosts: [a.x.y], future: {a: 1}}");
    assert!(
        parse(&written, Unknown::Warn).is_err(),
        "nobody but the operator may write what this version does not know"
    );
}

#[test]
fn other_kinds_are_refused_precisely() {
    for (head, message) in [
        (
            "kind: HankoProject",
            "apiVersion: is missing; write `apiVersion: hanko-operator.dev/v1alpha1` and `kind: HankoProject`",
        ),
        ("apiVersion: hanko-operator.dev/v1alpha1", "kind: is missing; write `kind: HankoProject`"),
        (
            "{apiVersion: v1, kind: Secret}",
            "kind: `Secret` of `v1` is not ours; this text holds HankoProject of `hanko-operator.dev/v1alpha1` only",
        ),
        (
            "{apiVersion: hanko-operator.dev/v1, kind: HankoProject}",
            "apiVersion: there is no version `v1`; write `hanko-operator.dev/v1alpha1`",
        ),
        (
            "{apiVersion: hanko-operator.dev/v1alpha1, kind: OAuthProvider}",
            "kind: there is no kind `OAuthProvider` in this version; write `HankoProject`",
        ),
        ("[]", "apiVersion: is missing; write `apiVersion: hanko-operator.dev/v1alpha1` and `kind: HankoProject`"),
    ] {
        assert_eq!(refused(head), [format!("document 1: {message}")]);
    }
    assert_eq!(refused("# nothing\n"), ["the text: holds no document; write one of kind HankoProject"]);
}

#[test]
fn what_is_no_yaml_is_refused_with_the_place() {
    for broken in ["a: [", "a: 1\na: 2\n", "a: *nowhere"] {
        let problems = refused(broken);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("the text: is not YAML: ") && problems[0].contains("line"), "{}", problems[0]);
    }
}

#[test]
fn documents_that_cannot_live_together_are_refused() {
    let id = "018f3b9e-7a41-4d7f-9f0e-3f6d1c0a9b52";
    for (first, second, expected) in [
        (
            text("{name: a}", "{hosts: [a.x.y]}"),
            text("{name: a}", "{hosts: [b.x.y]}"),
            "default/a: appears twice; remove one of the documents",
        ),
        (
            text("{name: a}", "{hosts: [a.x.y, Auth.x.y]}"),
            text("{name: b}", "{hosts: [b.x.y, auth.X.y]}"),
            "default/b: spec.hosts[1]: `auth.x.y` is a host of default/a; a host belongs to one project",
        ),
        (
            text("{name: a}", &format!("{{hosts: [a.x.y], tenantId: {id}}}")),
            text("{name: b}", &format!("{{hosts: [b.x.y], tenantId: {id}}}")),
            "default/b: spec.tenantId: is the identity of default/a; two projects never share one, remove it here or there",
        ),
    ] {
        assert_eq!(refused(&format!("{first}---\n{second}")), [expected]);
    }
}

#[test]
fn too_much_is_refused_before_anything_is_made_of_it() {
    let hosts: Vec<String> = (0..33).map(|i| format!("h{i}.x.y")).collect();
    assert_eq!(
        refused(&text("{name: a}", &format!("{{hosts: [{}]}}", hosts.join(", ")))),
        ["default/a: spec.hosts: has 33 entries; at most 32 are possible"]
    );
    let long = format!("{{hosts: [a.x.y], settings: {{session: {{lifespan: '{}'}}}}}}", "1h".repeat(17));
    assert_eq!(
        refused(&text("{name: a}", &long)),
        ["default/a: spec.settings.session.lifespan: is longer than 32 characters; shorten it"]
    );
    let bomb =
        "a: &a [x, x]\nb: &b [*a, *a]\n".to_owned() + &(0..64).map(|i| format!("c{i}: [*b, *b]\n")).collect::<String>();
    assert_eq!(refused(&bomb).len(), 1);
}
