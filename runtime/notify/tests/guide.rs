//! What the guide to mails shows is what the mails do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "only tests call this")]

use std::{fs, path::Path};

use hanko_model::{
    document::{Unknown, parse},
    project::Project,
    resolve,
};
use hanko_notify::mail::{Preview, check, preview};
use serde_json::Value;

/// The guide's project, and that project with all its snippets.
fn projects() -> [Project; 2] {
    // Asked when it runs: checkouts share one target folder, so the program may have been compiled in another one.
    let guide = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/guides/mail.md");
    let text = fs::read_to_string(guide).unwrap();
    let mut blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let plain: Value = serde_saphyr::from_str(blocks.next().unwrap()).unwrap();
    let mut all = plain.clone();
    let mut count = 0;
    for block in blocks {
        merge(&mut all["spec"], serde_saphyr::from_str(block).unwrap());
        count += 1;
    }
    assert_eq!(count, 4, "languages, branding, texts and a whole mail");
    [plain, all].map(|document| {
        let documents = parse(&document.to_string(), Unknown::Refuse).unwrap_or_else(|problems| panic!("{problems}"));
        resolve(&documents.documents[0]).unwrap_or_else(|problems| panic!("{problems}"))
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

fn find<'a>(mails: &'a [Preview], mail: &str, language: &str) -> &'a Preview {
    mails.iter().find(|one| (one.mail.as_str(), one.language) == (mail, language)).unwrap()
}

#[test]
fn the_guides_snippets_are_accepted_and_seen_in_the_mails() {
    let [plain, own] = projects();
    assert_eq!(check(&own), []);
    assert_eq!(preview(&plain, None).unwrap().len(), 16 * 9);
    let mails = preview(&own, None).unwrap();
    assert_eq!(mails.len(), 16 * 3, "three languages are offered");

    let own_login = &find(&mails, "login", "en").words;
    assert_eq!(own_login.subject, "482913 opens Acme");
    for part in [
        "<h1 style",
        "class=\"code\"",
        "href=\"https:&#x2f;&#x2f;acme.example&#x2f;help\"",
        "Acme Ltd, 1 Example Street",
        "#0b5fff",
    ] {
        assert!(own_login.html.contains(part), "{part}: {}", own_login.html);
    }
    let text = "Acme\n\nWelcome back\n\nHere is the code to finish signing in to Acme:\n\n482913\n\nIt is good for 5 minutes.\n\n\
        Help <https://acme.example/help>\n\nThis mail was sent by Acme to kim@fern.example.\n\nAcme Ltd, 1 Example Street, London\n\n\
        Imprint <https://acme.example/imprint> help@acme.example https://acme.example/help\n";
    assert_eq!(own_login.text, text);

    let german = &find(&mails, "recovery", "de").words;
    assert!(german.text.starts_with("Liebe Reisende, lieber Reisender,\n\nSie möchten"), "{}", german.text);
    assert!(
        german.text.ends_with(
            "Köln\nImpressum <https://acme.example/imprint>\nhelp@acme.example\nhttps://acme.example/help\n"
        )
    );
    let english = &find(&mails, "recovery", "en").words;
    assert!(english.text.contains("\n\nGood for 5 minutes.\n\n"), "{}", english.text);
    let french = &find(&mails, "login", "fr").words;
    assert!(french.html.contains("Acme GmbH, Beispielweg 1, Köln"), "the default language's: {}", french.html);
}

#[test]
fn the_guide_names_every_mail() {
    let guide = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/guides/mail.md");
    let guide = fs::read_to_string(guide).unwrap();
    let [plain, _] = projects();
    for Preview { mail, .. } in preview(&plain, Some("en")).unwrap() {
        assert!(guide.contains(&format!("`{}`", mail.as_str())), "{}", mail.as_str());
    }
}
