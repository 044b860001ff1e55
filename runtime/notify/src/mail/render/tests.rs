use hanko_domain::EmailAddress;

use hanko_model::project::LANGUAGES;

use super::*;
use crate::mail::{Template, sample::NOW};

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
