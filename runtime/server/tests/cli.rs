//! The program as a person or a kubelet starts it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "only tests call this")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

const GOOD: &str = "{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {name: acme}, \
     spec: {hosts: [auth.acme.localhost], publicUrl: 'http://auth.acme.localhost:8000'}}";
const BAD: &str = "{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {name: acme}, \
     spec: {hosts: [auth.acme.localhost], orgins: [], settings: {session: {lifespan: soon}}}}";

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hanko-runtime"));
    command.current_dir(folder).args(arguments).env_clear();
    command
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program(folder, arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn folder(document: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("project.yaml"), document).unwrap();
    folder
}

/// Starts `serve` on free ports and reads its log up to the line that contains `sign`.
fn serve(folder: &Path, sign: &str) -> (Child, BufReader<std::process::ChildStderr>) {
    let arguments = ["serve", "project.yaml", "--public-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"];
    let mut child = program(folder, &arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    until(&mut log, sign);
    (child, log)
}

fn until(log: &mut impl BufRead, sign: &str) {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "no {sign:?} in\n{seen}");
        if line.contains(sign) {
            return;
        }
        seen.push_str(&line);
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn check_tells_every_problem_with_its_place_and_ends_with_1() {
    let folder = folder(BAD);
    let (code, out, err) = run(folder.path(), &["check", "project.yaml"]);
    assert_eq!(code, 1);
    assert!(out.lines().any(|line| line.starts_with("default/acme: spec.orgins: ")), "{out}");
    assert!(err.contains("found"), "{err}");
    let (code, _, err) = run(folder.path(), &["check", "nowhere.yaml"]);
    assert!(code == 1 && !err.is_empty());
}

#[test]
fn check_of_a_good_document_is_quiet_and_shows_its_defaults_when_asked() {
    let folder = folder(GOOD);
    assert_eq!(
        run(folder.path(), &["check", "project.yaml"]),
        (0, "1 project checked, nothing wrong\n".into(), "".into())
    );
    let (code, out, _) = run(folder.path(), &["check", "project.yaml", "--effective"]);
    assert!(code == 0 && out.contains("relyingPartyId: auth.acme.localhost"), "{out}");
}

#[test]
fn schema_and_version_are_printed() {
    let folder = folder(GOOD);
    let (code, out, _) = run(folder.path(), &["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &schema["title"]), (0, &serde_json::json!("HankoProject")));
    assert_eq!(run(folder.path(), &["version"]), (0, format!("{}\n", env!("CARGO_PKG_VERSION")), "".into()));
}

#[test]
fn migrate_prepares_a_database_and_tells_when_it_is_in_use() {
    let folder = folder(GOOD);
    let migrate = ["migrate", "project.yaml"];
    let (code, out, err) = run(folder.path(), &migrate);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "default/acme: the database is up to date\n", ""));
    let (mut child, _log) = serve(folder.path(), "is served");
    let (code, _, err) = run(folder.path(), &migrate);
    assert!(code == 1 && err.contains("is in use by another process"), "{err}");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    assert_eq!(run(folder.path(), &migrate).0, 0, "a killed process leaves no lock");
}

#[test]
fn serve_refuses_bad_documents_in_words() {
    let folder = folder(BAD);
    let (code, _, err) = run(folder.path(), &["serve", "project.yaml"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("hanko-runtime: default/acme: spec.orgins: "), "{err}");
    let (code, _, err) = run(folder.path(), &["serve", "project.yaml", "--public-address", "nonsense"]);
    assert!(code == 2 && err.contains("--public-address"), "{err}");
}

#[test]
fn serve_makes_its_keys_reloads_on_hang_up_and_ends_with_0_when_told() {
    let folder = folder(GOOD);
    let (mut child, mut log) = serve(folder.path(), "is served");
    assert!(folder.path().join("secrets/default/acme-keys/k1").exists());
    fs::write(
        folder.path().join("project.yaml"),
        GOOD.replace(
            "spec: {",
            "spec: {origins: ['https://a.acme.test'], settings: {webauthn: {relyingParty: {id: acme.localhost}}}, ",
        ),
    )
    .unwrap();
    signal(&child, Signal::HUP);
    until(&mut log, "serves a new configuration");
    signal(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("draining") && rest.trim_end().ends_with("ended"), "{rest}");
}

#[test]
fn mail_preview_writes_every_mail_and_a_page_that_shows_them() {
    let mail = "mail: {from: {address: login@acme.example}, smtp: {host: mail.acme.example}, templates: {texts: {de: {greeting: 'Moin { $service },'}}}}";
    let document = GOOD.replace("spec: {", &format!("spec: {{{mail}, "));
    let folder = folder(&document);
    let (code, out, err) =
        run(folder.path(), &["mail", "preview", "project.yaml", "--out", "a/mails", "--language", "de-AT"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "default/acme: 16 mails, open a/mails/index.html\n", ""));
    let read = |name: &str| fs::read_to_string(folder.path().join("a/mails").join(name)).unwrap();
    assert_eq!(read("login.de.subject.txt"), "482913 ist Ihr Anmeldecode für acme\n");
    assert!(read("login.de.txt").starts_with("Moin acme,\n"));
    assert!(read("login.de.html").contains("<html lang=\"de\">"));
    let index = read("index.html");
    assert_eq!(index.matches("<iframe src=\"login.de.html\"").count(), 2, "wide and narrow");
    assert!(index.contains("Mails of acme"));
    let (code, _, _) = run(folder.path(), &["mail", "preview", "project.yaml", "--out", "all"]);
    assert_eq!((code, fs::read_dir(folder.path().join("all")).unwrap().count()), (0, 16 * 9 * 3 + 1));
}

#[test]
fn a_text_that_cannot_be_said_is_found_by_check_and_by_preview() {
    let mail = "mail: {from: {address: login@acme.example}, smtp: {host: mail.acme.example}, templates: {texts: {de: {greeting: '{ $nobody }'}}}}";
    let folder = folder(&GOOD.replace("spec: {", &format!("spec: {{{mail}, ")));
    for arguments in [&["check", "project.yaml"][..], &["mail", "preview", "project.yaml", "--out", "mails"]] {
        let (code, out, _) = run(folder.path(), arguments);
        assert_eq!(code, 1);
        assert!(
            out.starts_with("default/acme: spec.mail.templates.texts.de[greeting]: cannot be said in the mail login: "),
            "{out}"
        );
    }
    assert!(!folder.path().join("mails").exists());
}

#[test]
fn a_claim_that_cannot_be_evaluated_is_found_by_check() {
    let settings = "settings: {session: {jwtTemplate: {claims: {meta: {surname: '{{ .User.Surname }}'}, role: user}}}}";
    let folder = folder(&GOOD.replace("spec: {", &format!("spec: {{{settings}, ")));
    let (code, out, err) = run(folder.path(), &["check", "project.yaml"]);
    let claim = "default/acme: spec.settings.session.jwtTemplate.claims.meta.surname";
    assert!(out.starts_with(&format!("{claim}: names `.Surname`, which is not there; there are .User,")), "{out}");
    assert_eq!((code, err.as_str()), (1, "hanko-runtime: 1 problem found\n"));
}

#[test]
fn mail_texts_prints_the_texts_that_can_be_replaced() {
    let folder = folder(GOOD);
    let (code, out, _) = run(folder.path(), &["mail", "texts", "--language", "pt"]);
    assert!(
        code == 0 && out.contains("greeting = Olá,\n") && out.contains("\nlogin =\n    .subject = { $code }"),
        "{out}"
    );
}
