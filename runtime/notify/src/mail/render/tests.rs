use hanko_domain::EmailAddress;

use super::*;

fn message(template: Template, language: &str, service_name: &str, ttl_seconds: u32) -> Message {
    let mut message = Message::sample(template, language, service_name).unwrap();
    if let Some(code) = &mut message.code {
        code.ttl_seconds = ttl_seconds;
    }
    message
}

fn render(template: Template, language: &str, service_name: &str, ttl_seconds: u32) -> Rendered {
    Renderer::new().unwrap().render(&message(template, language, service_name, ttl_seconds)).unwrap()
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
        for language in ["en", "de"] {
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
    for (ttl, en, de) in [
        (0, "1 minute.", "1 Minute ab."),
        (29, "1 minute.", "1 Minute ab."),
        (60, "1 minute.", "1 Minute ab."),
        (90, "2 minutes.", "2 Minuten ab."),
        (120, "2 minutes.", "2 Minuten ab."),
        (150, "3 minutes.", "3 Minuten ab."),
        (300, "5 minutes.", "5 Minuten ab."),
        (3600, "60 minutes.", "60 Minuten ab."),
    ] {
        for (language, expected) in [("en", en), ("de", de)] {
            let mail = render(Template::Login, language, "Acme", ttl);
            assert!(mail.text.contains(&format!(" {expected}\n")), "{ttl} s: {}", mail.text);
            assert!(mail.html.contains(&format!(" {expected}<")), "{ttl} s: {}", mail.html);
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
    let mail = Renderer::new().unwrap().render(&message).unwrap();
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
        for language in ["en", "de"] {
            let mail = render(template, language, name, 300);
            assert!(
                mail.subject.chars().count() <= 60,
                "{} characters: {}",
                mail.subject.chars().count(),
                mail.subject
            );
        }
    }
    let mail = render(Template::Login, "en", "Acme\r\nBcc: all@fern.example", 300);
    assert_eq!(mail.subject, "482913 is your Acme  Bcc: all@fern.example sign-in code");
}

#[test]
fn the_html_says_its_language_and_subject_and_loads_nothing() {
    let mail = render(Template::Recovery, "de-AT", "Acme", 300);
    assert!(mail.html.contains("<html lang=\"de\">"));
    assert!(mail.html.contains(&format!("<title>{}</title>", mail.subject)));
    for foreign in ["http", "src=", "url(", "<a ", "<script"] {
        assert!(!mail.html.contains(foreign), "{foreign}");
    }
}
