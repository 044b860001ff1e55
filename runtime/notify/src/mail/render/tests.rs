use hanko_domain::EmailAddress;

use hanko_model::{
    document::{Unknown, parse},
    project::LANGUAGES,
};

use super::*;
use crate::mail::{Template, html, sample::NOW};

fn message(template: Template, language: &str, service_name: &str, ttl_seconds: u32) -> Message {
    let mut message = Message::samples(template, language, service_name).remove(0);
    if let Some(code) = &mut message.code {
        code.ttl_seconds = ttl_seconds;
    }
    message
}

fn words(message: &Message) -> Rendered {
    let (words, left_aside) = Renderer::new().unwrap().render(message, &Arc::default(), NOW).unwrap();
    assert!(left_aside.is_none());
    words
}

fn render(template: Template, language: &str, service_name: &str, ttl_seconds: u32) -> Rendered {
    words(&message(template, language, service_name, ttl_seconds))
}

/// Compares with a file of `tests/golden/`; `HANKO_WRITE_GOLDEN=1` writes it anew for review.
fn assert_golden(name: &str, actual: &str) {
    let path = std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/golden").join(name);
    if std::env::var_os("HANKO_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; if that is meant, run with HANKO_WRITE_GOLDEN=1", path.display());
}

#[test]
fn the_mails_read_as_reviewed() {
    for template in Template::ALL {
        for language in LANGUAGES {
            let mail = render(template, language, "Acme", 300);
            assert_eq!(mail.language, language);
            // One of each kind is enough where only the words differ.
            if language == "en" || matches!(template, Template::Login | Template::PasswordUpdate) {
                let name = format!("{}.{language}", template.as_str());
                assert_golden(&format!("{name}.txt"), &format!("Subject: {}\n\n{}", mail.subject, mail.text));
                assert_golden(&format!("{name}.html"), &mail.html);
            }
        }
    }
}

#[test]
fn minutes_are_rounded_up_and_agree_with_their_noun() {
    for (ttl, en, fr, pl, zh) in [
        (0, "in 1 minute.", "dans 1 minute.", "za 1 minutę.", "在 1 分钟后"),
        (29, "in 1 minute.", "dans 1 minute.", "za 1 minutę.", "在 1 分钟后"),
        (60, "in 1 minute.", "dans 1 minute.", "za 1 minutę.", "在 1 分钟后"),
        (90, "in 2 minutes.", "dans 2 minutes.", "za 2 minuty.", "在 2 分钟后"),
        (120, "in 2 minutes.", "dans 2 minutes.", "za 2 minuty.", "在 2 分钟后"),
        (150, "in 3 minutes.", "dans 3 minutes.", "za 3 minuty.", "在 3 分钟后"),
        (300, "in 5 minutes.", "dans 5 minutes.", "za 5 minut.", "在 5 分钟后"),
        (1320, "in 22 minutes.", "dans 22 minutes.", "za 22 minuty.", "在 22 分钟后"),
        (3600, "in 60 minutes.", "dans 60 minutes.", "za 60 minut.", "在 60 分钟后"),
    ] {
        for (language, expected) in [("en", en), ("fr", fr), ("pl", pl), ("zh", zh)] {
            let mail = render(Template::Login, language, "Acme", ttl);
            assert!(mail.text.contains(expected), "{ttl} s: {}", mail.text);
            assert!(mail.html.contains(expected), "{ttl} s: {}", mail.html);
        }
    }
}

#[test]
fn a_service_name_is_escaped_in_html_only() {
    let mail = render(Template::Login, "en", "Tom & Jerry's <b>", 300);
    assert_eq!(mail.subject, "482913 is your Tom & Jerry's <b> sign-in code");
    assert!(mail.text.contains("finish signing in to Tom & Jerry's <b>:"), "{}", mail.text);
    assert!(mail.html.contains("Tom &amp; Jerry&#x27;s &lt;b&gt;"), "{}", mail.html);
    assert!(!mail.html.contains("<b>"), "{}", mail.html);
}

#[test]
fn a_plus_in_an_address_stays_a_plus_in_text() {
    let message = Message {
        to: EmailAddress::parse("kim+x@fern.example").unwrap(),
        ..message(Template::EmailVerification, "en", "Acme", 300)
    };
    let mail = words(&message);
    assert!(mail.text.contains("kim+x@fern.example belongs to you"), "{}", mail.text);
}

#[test]
fn the_code_stands_alone_in_the_text_and_only_where_it_belongs() {
    for template in Template::ALL {
        let mail = render(template, "en", "Acme", 300);
        assert_eq!(mail.text.contains("\n\n482913\n\n"), template.carries_code(), "{}", mail.text);
        assert_eq!(mail.subject.contains("482913"), template.carries_code(), "{}", mail.subject);
        assert_eq!(mail.html.contains("class=\"code\""), template.carries_code(), "{}", mail.html);
    }
}

#[test]
fn a_subject_is_one_line_and_short() {
    let name = "Twenty Characters Ab";
    for template in Template::ALL {
        for language in LANGUAGES {
            let subject = render(template, language, name, 300).subject;
            let length = subject.chars().count();
            assert!(length <= 60, "{length} characters in {language}: {subject}");
        }
    }
    let mail = render(Template::Login, "en", "Acme\r\nBcc: all@fern.example", 300);
    assert_eq!(mail.subject, "482913 is your Acme  Bcc: all@fern.example sign-in code");
}

#[test]
fn a_sign_in_from_an_unknown_device_says_so_in_every_language() {
    for language in LANGUAGES {
        let [known, unknown] = &Message::samples(Template::NewSession, language, "Acme")[..] else { panic!() };
        let (known, unknown) = (words(known).text, words(unknown).text);
        assert!(known.contains("Firefox (Linux)") && known.contains("2026-09-21 14:13 UTC"), "{known}");
        assert!(unknown.contains("2026-09-21 14:13 UTC") && !unknown.contains("unknown"), "{unknown}");
        assert_ne!(known.replace("Firefox (Linux)", ""), unknown);
    }
}

/// What the profile tells the owner of an account, with the addresses that each mail speaks of.
const OF_THE_PROFILE: [(Template, &[&str]); 7] = [
    (Template::PasswordUpdate, &[]),
    (Template::PrimaryEmailUpdate, &["kim+old@acme.example", "kim+new@acme.example"]),
    (Template::EmailCreate, &["kim+new@acme.example"]),
    (Template::EmailDelete, &["kim+gone@acme.example"]),
    (Template::PasskeyCreate, &[]),
    (Template::MfaCreate, &[]),
    (Template::MfaDelete, &[]),
];

fn of_the_profile(template: Template, language: &str) -> Rendered {
    let address = |text| EmailAddress::parse(text).unwrap();
    let message = Message::notice(template, address("owner@fern.example"), language, "Acme");
    let message = match template {
        Template::PrimaryEmailUpdate => {
            message.with_old_address(address("kim+old@acme.example")).with_new_address(address("kim+new@acme.example"))
        }
        Template::EmailCreate => message.with_new_address(address("kim+new@acme.example")),
        Template::EmailDelete => message.with_deleted_address(address("kim+gone@acme.example")),
        _ => message,
    };
    assert!(message.is_complete());
    words(&message)
}

#[test]
fn a_notice_of_the_profile_names_its_addresses_in_every_language() {
    for (template, addresses) in OF_THE_PROFILE {
        let mut subjects = Vec::new();
        for language in LANGUAGES {
            let mail = of_the_profile(template, language);
            for address in addresses {
                assert!(
                    mail.text.contains(address) && mail.html.contains(address),
                    "{language}: {address}, {}",
                    mail.text
                );
            }
            assert_eq!(mail.text.matches("@acme.example").count(), addresses.len(), "{language}: {}", mail.text);
            assert!(mail.text.contains("Acme") && !mail.text.contains(['{', '$']), "{language}: {}", mail.text);
            assert!(mail.subject.contains("Acme"), "{language}: {}", mail.subject);
            subjects.push(mail.subject);
        }
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), LANGUAGES.len(), "each language has its own: {subjects:?}");
    }
}

#[test]
fn a_notice_of_the_profile_speaks_english_to_a_reader_of_no_language_of_ours() {
    for (template, _) in OF_THE_PROFILE {
        let english = of_the_profile(template, "en");
        for language in ["", "undefined", "tlh", "sv-SE", "de;q=0", "\u{0}"] {
            let mail = of_the_profile(template, language);
            assert_eq!((mail.language, mail.subject, mail.text), ("en", english.subject.clone(), english.text.clone()));
        }
        for (language, near) in [("pt", "pt-BR"), ("zh", "zh-CN"), ("de-AT", "de"), ("sv, bn;q=0.2", "bn")] {
            assert_eq!(of_the_profile(template, language).language, near);
        }
    }
}

#[test]
fn the_html_says_its_language_and_subject_and_loads_nothing() {
    let mail = render(Template::Recovery, "de-AT", "Acme", 300);
    assert_eq!(html::check(&mail.html), Ok(()));
    assert!(mail.html.contains("<html lang=\"de\">"));
    assert!(mail.html.contains(&format!("<title>{}</title>", mail.subject)));
    for foreign in ["http", "src=", "url(", "<a ", "<script"] {
        assert!(!mail.html.contains(foreign), "{foreign}");
    }
}

fn look(templates: serde_json::Value) -> Arc<Look> {
    let document = serde_json::json!({
        "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject", "metadata": {"name": "acme"},
        "spec": {
            "hosts": ["auth.acme.example"],
            "mail": {"from": {"address": "login@acme.example"}, "smtp": {"host": "mail.acme.example"}, "templates": templates},
        },
    });
    let documents = parse(&document.to_string(), Unknown::Refuse).unwrap().documents;
    Arc::new(Look::new(&hanko_model::resolve(&documents[0]).unwrap().mail.unwrap().templates))
}

/// The mail, and why something of the project was left aside.
fn in_own_words(look: &Arc<Look>, template: Template, language: &str) -> (Rendered, Option<String>) {
    let message = message(template, language, "Acme", 300);
    let (words, left_aside) = Renderer::new().unwrap().render(&message, look, NOW).unwrap();
    (words, left_aside.map(|error| error.to_string()))
}

#[test]
fn each_part_comes_from_the_readers_language_then_the_default_one_then_us() {
    let look = look(serde_json::json!({
        "defaultLanguage": "de",
        "texts": {"fr": {"login.subject": "Acme : { $code }"}, "it": {"greeting": "Salve,"}},
        "templates": {"login": {
            "de": {"subject": "de {{ code }}", "html": "<p>de {{ t('greeting') }} {{ language }}</p><p>{{ code }}</p>"},
            "pl": {"text": "pl {{ code }}"},
            "nl": {"html": "<b>nl</b> <i>{{ code }}</i>", "text": "nl {{ code }}"},
        }},
    }));
    let parts = |language| {
        let (words, left_aside) = in_own_words(&look, Template::Login, language);
        assert_eq!(left_aside, None);
        (words.language, words.subject, words.html, words.text)
    };
    let html = "<p>de Guten Tag, de</p><p>482913</p>".to_owned();
    let (text, subject) = ("de Guten Tag, de\n\n482913\n".to_owned(), "de 482913".to_owned());
    assert_eq!(parts("de"), ("de", subject.clone(), html.clone(), text.clone()));
    assert_eq!(parts("tlh"), ("de", subject.clone(), html.clone(), text.clone()), "no such language");
    assert_eq!(parts("fr"), ("de", subject.clone(), html.clone(), text), "the default language's before our French");
    assert_eq!(parts("pl"), ("de", subject.clone(), html, "pl 482913\n".to_owned()));
    assert_eq!(parts("nl"), ("nl", subject, "<b>nl</b> <i>482913</i>".to_owned(), "nl 482913\n".to_owned()));

    let (recovery, _) = in_own_words(&look, Template::Recovery, "it");
    assert!(recovery.text.starts_with("Salve,\n\nHa chiesto"), "{}", recovery.text);
    let (recovery, _) = in_own_words(&look, Template::Recovery, "fr");
    assert!(recovery.text.starts_with("Bonjour,"), "{}", recovery.text);
}

#[test]
fn a_language_that_is_not_offered_is_the_default_one() {
    let look = look(serde_json::json!({"languages": ["nl", "it"]}));
    assert_eq!(in_own_words(&look, Template::Login, "de").0.language, "nl");
    assert_eq!(in_own_words(&look, Template::Login, "de, it;q=0.1").0.language, "it");
}

#[test]
fn what_cannot_be_said_is_left_aside_and_told() {
    for (templates, reason) in [
        (
            serde_json::json!({"texts": {"en": {"login.intro": "{ $none }"}}}),
            "the project's text login.intro (en): Unknown variable: $none",
        ),
        (
            serde_json::json!({"templates": {"login": {"en": {"html": "{{ nothing }}"}}}}),
            "the project's template html (en): undefined value (line 1)",
        ),
        (
            serde_json::json!({"templates": {"login": {"en": {"text": "{% for i in range(99999) %}{{ i }}{% endfor %}"}}}}),
            "the project's template text (en): range is unknown (line 1)",
        ),
    ] {
        let (words, left_aside) = in_own_words(&look(templates), Template::Login, "en");
        assert_eq!(left_aside.as_deref(), Some(reason));
        assert!(words.text.contains("Here is the code to finish signing in to Acme:\n\n482913\n\n"), "{}", words.text);
    }
}

#[test]
fn branding_is_seen_in_html_and_text_and_nothing_in_it_escapes() {
    let look = look(serde_json::json!({"branding": {
        "logo": {"url": "https://cdn.acme.example/x.png?a=\"b\"", "alt": "<Acme>", "width": 120},
        "colors": {"accent": "#0b5fff"}, "dark": {"background": "#010203"}, "cornerRadius": 3,
        "footer": {"text": {"en": "Acme & Co"}, "links": [{"label": {"en": "<b>"}, "url": "https://acme.example/'x'"}]},
        "support": {"email": "help@acme.example"},
    }}));
    let (words, _) = in_own_words(&look, Template::Login, "en");
    for part in [
        "<img src=\"https:&#x2f;&#x2f;cdn.acme.example&#x2f;x.png?a=%22b%22\" alt=\"&lt;Acme&gt;\" width=\"120\"",
        "color: #0b5fff",
        "background: #010203 !important",
        "border-radius: 3px",
        "Acme &amp; Co",
        ">&lt;b&gt;</a>",
        "href=\"mailto:help@acme.example\"",
    ] {
        assert!(words.html.contains(part), "{part}: {}", words.html);
    }
    assert_eq!(html::check(&words.html), Ok(()));
    assert!(words.text.ends_with("\nAcme & Co\n<b> <https://acme.example/'x'>\nhelp@acme.example\n"), "{}", words.text);
}
