use std::sync::Arc;

use hanko_model::project::{MailTemplate, MailTemplates};

use super::*;
use crate::mail::{Look, Message, Renderer, Template};

fn words(subject: &str, text: &str, html: &str) -> Rendered {
    Rendered { language: "de", subject: subject.into(), text: text.into(), html: html.into() }
}

fn octets(from_name: &str, to: &str, words: &Rendered) -> String {
    octets_with(from_name, None, to, words)
}

fn octets_with(from_name: &str, reply_to: Option<&str>, to: &str, words: &Rendered) -> String {
    let from = Sender {
        address: EmailAddress::parse("noreply@acme.example").unwrap(),
        name: from_name.into(),
        reply_to: reply_to.map(|address| EmailAddress::parse(address).unwrap()),
    };
    let event = EventId(uuid::Uuid::from_u128(7));
    let mail = compose(&from, &EmailAddress::parse(to).unwrap(), words, event, Timestamp::from_seconds(1_790_000_000));
    mail.unwrap().octets.to_string()
}

/// The headers, folded lines joined.
fn headers(octets: &str) -> Vec<String> {
    let (head, _) = octets.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

/// The bodies of the parts, decoded.
fn bodies(octets: &str) -> Vec<String> {
    let parts = octets.split("--=_00000000000000000000000000000007").skip(1);
    let bodies = parts.filter_map(|part| part.split_once("\r\n\r\n")).map(|(_, body)| {
        let mut bytes = Vec::new();
        let mut rest = body.strip_suffix("\r\n").unwrap().replace("=\r\n", "");
        while let Some((before, after)) = rest.split_once('=') {
            bytes.extend_from_slice(before.as_bytes());
            bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
            rest = after[2..].to_owned();
        }
        bytes.extend_from_slice(rest.as_bytes());
        String::from_utf8(bytes).unwrap()
    });
    bodies.collect()
}

#[test]
fn a_mail_has_the_headers_of_an_automatic_message() {
    let octets = octets("Acme", "kim+x@fern.example", &words("482913 ist Ihr Code", "Text\n", "<p>Text</p>"));
    let headers = headers(&octets);
    for expected in [
        "Date: Mon, 21 Sep 2026 14:13:20 +0000",
        "From: Acme <noreply@acme.example>",
        "To: kim+x@fern.example",
        "Subject: 482913 ist Ihr Code",
        "Message-ID: <00000000-0000-0000-0000-000000000007@acme.example>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Content-Language: de",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.iter().any(|header| header == expected), "{expected} in {headers:#?}");
    }
    assert!(headers.iter().any(|header| header.starts_with("Content-Type: multipart/alternative;")), "{headers:#?}");
    let (plain, html) =
        (octets.find("Content-Type: text/plain; charset=utf-8"), octets.find("Content-Type: text/html"));
    assert!(plain.unwrap() < html.unwrap(), "the last part is the preferred one");
}

#[test]
fn answers_go_where_the_project_wants_them() {
    let words = words("Hi", "Text", "<p>");
    let octets = octets_with("Acme", Some("help@acme.example"), "kim@fern.example", &words);
    assert!(headers(&octets).iter().any(|header| header == "Reply-To: help@acme.example"), "{octets}");
}

#[test]
fn no_value_can_add_a_header() {
    let hostile = "Acme\r\nBcc: all@fern.example\n\r\n<script>\u{0}";
    let octets = octets(hostile, "kim@fern.example", &words(&format!("Hi {hostile}"), "Text", "<p>"));
    let headers = headers(&octets);
    assert!(!headers.iter().any(|header| header.starts_with("Bcc")), "{headers:#?}");
    assert_eq!(headers.len(), 10, "{headers:#?}");
}

#[test]
fn words_in_other_scripts_are_encoded() {
    let octets =
        octets("Käse & Co", "kim@bücher.example", &words("Grüße von Käse & Co, 你好", "Grüße", "<p>Grüße</p>"));
    assert!(octets.is_ascii());
    assert!(octets.contains("To: kim@xn--bcher-kva.example\r\n"), "{octets}");
    assert!(octets.contains("Subject: =?utf-8?b?"), "{octets}");
}

#[test]
fn one_long_line_travels_in_short_ones_and_arrives_unchanged() {
    let html = format!("<p>{}Grüße aus Köln</p>", "a long line without a break. ".repeat(130));
    assert!(html.len() > 3_700);
    let long_name = "An Extraordinarily Long Service Name ".repeat(30);
    let subject = format!("482913 is your {long_name} sign-in code");
    let octets = octets(&long_name, "kim@fern.example", &words(&subject, &html, &html));
    for line in octets.split("\r\n") {
        assert!(line.len() <= 78 && !line.contains(['\r', '\n']), "{} octets: {line}", line.len());
    }
    let (_, body) = octets.split_once("\r\n\r\n").unwrap();
    assert!(body.split("\r\n").all(|line| line.len() <= 76));
    assert_eq!(bodies(&octets), [html.clone(), html]);
}

/// FC-35: a project's template on one line, letters outside ASCII at its end.
#[test]
fn a_template_of_one_long_line_arrives_unchanged() {
    let link = "<a href=\"https://fern.example/help?topic=sign-in&amp;src=mail\">Help</a> · ".repeat(50);
    let html = format!("<!doctype html><p>Your code is <b>{{{{ code }}}}</b>. {link}Grüße aus Köln</p>");
    assert!(html.len() > 3_700 && !html.contains('\n'));
    let own = MailTemplate { html: Some(html.clone()), ..MailTemplate::default() };
    let templates = [("login", [("en", own)].into())].into();
    let look = Arc::new(Look::new(&MailTemplates { templates, ..MailTemplates::default() }));
    let message = Message::samples(Template::Login, "en", "Acme").remove(0);
    let (words, left_aside) = Renderer::new().unwrap().render(&message, &look, Timestamp(0)).unwrap();
    assert!(left_aside.is_none());
    let octets = octets("Acme", "kim@fern.example", &words);
    assert!(octets.split("\r\n").all(|line| line.len() <= 78 && !line.contains(['\r', '\n'])));
    let [text, arrived] = &bodies(&octets)[..] else { panic!("two parts") };
    assert_eq!(*arrived, html.replace("{{ code }}", "482913"));
    assert!(text.starts_with("Your code is\r\n\r\n482913\r\n\r\n. Help <https://fern.example"), "{text}");
}

#[test]
fn a_rendered_mail_arrives_unchanged() {
    let kim = EmailAddress::parse("kim@fern.example").unwrap();
    let message = Message::notice(Template::EmailLoginAttempted, kim, "de", "Käse = Co");
    let words = Renderer::new().unwrap().render(&message, &Arc::default(), Timestamp(0)).unwrap().0;
    let octets = octets("Acme", "kim@fern.example", &words);
    assert_eq!(bodies(&octets), [words.text.replace('\n', "\r\n"), words.html.replace('\n', "\r\n")]);
}
