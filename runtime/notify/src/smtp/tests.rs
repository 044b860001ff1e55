use hanko_domain::{Clock, Random};
use tokio::time::Instant;

use super::{
    mock::{Certificates, Mock, Script},
    *,
};

fn config(mock: &Mock) -> MailerConfig {
    MailerConfig {
        host: "localhost".into(),
        port: mock.port,
        tls: Tls::None,
        credentials: None,
        ca_pem: None,
        helo_name: "auth.acme.example".into(),
        from_address: EmailAddress::parse("noreply@acme.example").unwrap(),
        from_name: "Acme".into(),
        reply_to: None,
    }
}

fn with_credentials(mock: &Mock) -> MailerConfig {
    MailerConfig { credentials: Some(("user".into(), Secret::new("hunter2".into()))), ..config(mock) }
}

async fn send_to(config: MailerConfig, to: &str) -> Result<String, SendError> {
    send_with(&Mailer::new(config).unwrap(), to).await
}

async fn send(config: MailerConfig) -> Result<String, SendError> {
    send_to(config, "kim@fern.example").await
}

async fn send_with(mailer: &Mailer, to: &str) -> Result<String, SendError> {
    let words =
        Rendered { language: "en", subject: "Hello".into(), text: ".dot\nü\n".into(), html: "<p>Hello</p>".into() };
    let event = EventId::random(&Random::system());
    mailer.send(&EmailAddress::parse(to).unwrap(), &words, event, Clock::system().now()).await
}

#[tokio::test]
async fn a_mail_arrives_with_its_envelope() {
    let mock = Mock::start(Script::default()).await;
    let id = send(config(&mock)).await.unwrap();
    let [mail] = &mock.mails()[..] else { panic!("{:?}", mock.mails()) };
    assert_eq!(mail.from, "MAIL FROM:<noreply@acme.example>");
    assert_eq!(mail.to, "RCPT TO:<kim@fern.example>");
    assert!(mail.octets.contains(&format!("Message-ID: {id}\r\n")), "{}", mail.octets);
    assert!(mail.octets.contains("\r\n.dot\r\n=C3=BC\r\n"), "{}", mail.octets);
    assert!(id.ends_with("@acme.example>"), "{id}");
}

#[tokio::test]
async fn a_connection_serves_several_mails_and_is_let_go_when_idle() {
    let mock = Mock::start(Script::default()).await;
    let mailer = Mailer::hasty(config(&mock));
    for _ in 0..3 {
        send_with(&mailer, "kim@fern.example").await.unwrap();
    }
    assert_eq!((mock.connections(), mock.mails().len()), (1, 3));
    let started = Instant::now();
    while !mock.commands().iter().any(|line| line == "QUIT") {
        assert!(started.elapsed() < Duration::from_secs(10), "the connection was never let go");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(format!("{mailer:?}").contains("waiting: 0"), "{mailer:?}");
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced_without_a_failure() {
    let mock = Mock::start(Script { mails_per_connection: Some(1), ..Script::default() }).await;
    let mailer = Mailer::new(config(&mock)).unwrap();
    for _ in 0..3 {
        send_with(&mailer, "kim@fern.example").await.unwrap();
    }
    assert_eq!((mock.connections(), mock.mails().len()), (3, 3));
}

#[tokio::test]
async fn a_server_that_is_probed_gets_no_mail_and_is_left_alone_for_a_while() {
    let mock = Mock::start(Script { abilities: vec!["AUTH PLAIN"], ..Script::default() }).await;
    let mailer = Mailer::new(with_credentials(&mock)).unwrap();
    let (one, two) = tokio::join!(mailer.probe(), mailer.probe());
    assert_eq!((one, two), (Ok(()), Ok(())));
    while mock.commands().last().is_none_or(|line| line != "QUIT") {
        tokio::task::yield_now().await;
    }
    assert!(mock.commands().iter().any(|line| line.starts_with("AUTH PLAIN")));
    assert_eq!((mock.connections(), mock.mails().len()), (1, 0));
}

#[tokio::test]
async fn a_probe_says_why_no_mail_would_be_taken() {
    let script = Script { abilities: vec!["AUTH PLAIN"], sign_in_reply: Some("535 5.7.8 no"), ..Script::default() };
    let mock = Mock::start(script).await;
    let refused = Mailer::new(with_credentials(&mock)).unwrap().probe().await.unwrap_err();
    assert!(matches!(&refused, SendError::Refused { reply } if reply.contains("535")), "{refused}");
    let mock = Mock::start(Script { silent: true, ..Script::default() }).await;
    let silent = Mailer::hasty(config(&mock)).probe().await.unwrap_err();
    assert_eq!(silent.to_string(), "the mail server cannot be reached: no answer within 200ms");
}

#[tokio::test]
async fn the_greeting_names_the_configured_host() {
    let mock = Mock::start(Script { strict_helo: true, ..Script::default() }).await;
    send(config(&mock)).await.unwrap();
    assert!(mock.commands().contains(&"EHLO auth.acme.example".to_owned()), "{:?}", mock.commands());
    let error = send(MailerConfig { helo_name: "acme-7d9f8-x2x4z".into(), ..config(&mock) }).await.unwrap_err();
    assert!(matches!(&error, SendError::Refused { reply } if reply.contains("504")), "{error}");
    assert!(error.concerns_every_mail() && !error.is_permanent());
}

#[tokio::test]
async fn the_first_mechanism_we_speak_is_used() {
    for (offered, used) in [
        ("AUTH CRAM-MD5 PLAIN LOGIN", Some("AUTH PLAIN AHVzZXIAaHVudGVyMg==")),
        ("AUTH LOGIN PLAIN", Some("AUTH PLAIN AHVzZXIAaHVudGVyMg==")),
        ("AUTH LOGIN", Some("AUTH LOGIN")),
        ("AUTH=LOGIN", Some("AUTH LOGIN")),
        ("auth=login plain", Some("AUTH PLAIN AHVzZXIAaHVudGVyMg==")),
        ("AUTH XOAUTH2", None),
        ("AUTH NTLM", None),
        ("SIZE 1000", None),
    ] {
        let mock = Mock::start(Script { abilities: vec![offered], ..Script::default() }).await;
        let sent = send(with_credentials(&mock)).await;
        let auth = mock.commands().into_iter().find(|line| line.starts_with("AUTH"));
        assert_eq!(auth.as_deref().map(str::trim_end), used, "{offered}");
        match used {
            Some(_) => assert_eq!(mock.mails().len(), 1, "{offered}: {sent:?}"),
            None => {
                assert_eq!(sent.as_ref().unwrap_err(), &SendError::NoSignIn, "{offered}");
                assert!(sent.unwrap_err().is_permanent());
                assert!(!mock.commands().iter().any(|line| line.starts_with("MAIL")), "sent without signing in");
            }
        }
    }
}

#[tokio::test]
async fn abilities_are_read_again_after_starttls() {
    let certificates = Certificates::new();
    for (before, after, used) in [
        (vec!["STARTTLS", "AUTH PLAIN"], vec!["SIZE 1"], None),
        (vec!["STARTTLS", "AUTH PLAIN"], vec!["AUTH LOGIN"], Some("tls AUTH LOGIN")),
        (vec!["STARTTLS"], vec!["AUTH CRAM-MD5 PLAIN LOGIN"], Some("tls AUTH PLAIN AHVzZXIAaHVudGVyMg==")),
    ] {
        let script = Script {
            abilities: before,
            abilities_after_tls: Some(after.clone()),
            tls: Some(certificates.clone()),
            ..Script::default()
        };
        let mock = Mock::start(script).await;
        let ca_pem = Some(certificates.pem.clone().into_bytes());
        let sent = send(MailerConfig { tls: Tls::Starttls, ca_pem, ..with_credentials(&mock) }).await;
        let auth = mock.commands().into_iter().find(|line| line.contains("AUTH"));
        assert_eq!(auth.as_deref().map(str::trim_end), used, "{after:?}");
        assert_eq!(sent.err(), used.is_none().then_some(SendError::NoSignIn), "{after:?}");
    }
}

#[tokio::test]
async fn tls_from_the_first_byte_and_by_starttls_with_a_private_authority() {
    let certificates = Certificates::new();
    for (tls, abilities) in [(Tls::Implicit, vec![]), (Tls::Starttls, vec!["STARTTLS"])] {
        let script = Script {
            abilities,
            implicit_tls: tls == Tls::Implicit,
            tls: Some(certificates.clone()),
            ..Script::default()
        };
        let mock = Mock::start(script).await;
        let trusted = Some(certificates.pem.clone().into_bytes());
        send(MailerConfig { tls, ca_pem: trusted, ..config(&mock) }).await.unwrap();
        assert!(mock.commands().iter().any(|line| line.starts_with("tls MAIL")), "{:?}", mock.commands());

        for stranger in [Some(Certificates::new().pem.into_bytes()), None] {
            let error = send(MailerConfig { tls, ca_pem: stranger, ..config(&mock) }).await.unwrap_err();
            assert!(matches!(&error, SendError::Unreachable { reason } if reason.contains("ertificate")), "{error}");
        }
        assert_eq!(mock.mails().len(), 1, "a mail went to a server that is not trusted");
    }
}

#[tokio::test]
async fn nothing_is_sent_unprotected_when_protection_is_required() {
    let mock = Mock::start(Script { abilities: vec!["AUTH PLAIN"], ..Script::default() }).await;
    let error = send(MailerConfig { tls: Tls::Starttls, ..with_credentials(&mock) }).await.unwrap_err();
    assert_eq!(error, SendError::NoStarttls);
    assert!(!mock.commands().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_refused_password_may_be_replaced_before_the_code_expires() {
    let script = Script {
        abilities: vec!["AUTH PLAIN"],
        sign_in_reply: Some("535 5.7.8 authentication failed"),
        ..Script::default()
    };
    let mock = Mock::start(script).await;
    let error = send(with_credentials(&mock)).await.unwrap_err();
    assert!(matches!(&error, SendError::Refused { reply } if reply.contains("535")), "{error}");
    assert!(!error.is_permanent());
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_local_part_in_another_script_needs_a_server_that_supports_it() {
    let plain = Mock::start(Script { abilities: vec!["8BITMIME"], ..Script::default() }).await;
    let error = send_to(config(&plain), "josé@fern.example").await.unwrap_err();
    assert_eq!(error, SendError::NeedsSmtpUtf8);
    assert!(error.is_permanent());
    assert!(!plain.commands().iter().any(|line| line.starts_with("MAIL")));

    let able = Mock::start(Script { abilities: vec!["8BITMIME", "SMTPUTF8"], ..Script::default() }).await;
    send_to(config(&able), "josé@fern.example").await.unwrap();
    let [mail] = &able.mails()[..] else { panic!("{:?}", able.mails()) };
    assert_eq!(mail.from, "MAIL FROM:<noreply@acme.example> SMTPUTF8 BODY=8BITMIME");
    assert_eq!(mail.to, "RCPT TO:<josé@fern.example>");
    assert!(mail.octets.contains("To: josé@fern.example\r\n"), "{}", mail.octets);
}

#[tokio::test]
async fn the_servers_words_are_kept_without_the_recipient() {
    let mock = Mock::start(Script::default()).await;
    mock.reply(&["550 5.1.1 <kim.fern@fern.example>: no kim.fern here", "451 4.7.1 greylisted"]);
    let error = send_to(config(&mock), "kim.fern@fern.example").await.unwrap_err();
    assert!(error.is_permanent() && !error.concerns_every_mail());
    let text = error.to_string();
    assert!(text.contains("550") && text.contains("5.1.1") && text.contains("kim*****@fern.example"), "{text}");
    assert!(!text.contains("kim.fern"), "{text}");
    let error = send(config(&mock)).await.unwrap_err();
    assert!(matches!(&error, SendError::Deferred { reply } if reply.contains("451")), "{error}");
    assert!(!error.is_permanent());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let mock = Mock::start(Script { silent: true, ..Script::default() }).await;
    let error = send_with(&Mailer::hasty(config(&mock)), "kim@fern.example").await.unwrap_err();
    assert_eq!(error, SendError::Unreachable { reason: "no answer within 200ms".into() });
    assert!(error.concerns_every_mail() && !error.is_permanent());
}

#[test]
fn a_configuration_that_can_never_work_is_refused() {
    let good = MailerConfig {
        host: "localhost".into(),
        port: 25,
        tls: Tls::Implicit,
        credentials: None,
        ca_pem: None,
        helo_name: "auth.acme.example".into(),
        from_address: EmailAddress::parse("noreply@acme.example").unwrap(),
        from_name: String::new(),
        reply_to: None,
    };
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"] {
        let config = MailerConfig { ca_pem: Some(pem.into()), ..good.clone() };
        assert!(matches!(Mailer::new(config), Err(MailerError::CaPem)), "{pem:?}");
    }
    for name in ["", "a b", "a\r\nMAIL FROM:<x@y>"] {
        let config = MailerConfig { helo_name: name.into(), ..good.clone() };
        assert!(matches!(Mailer::new(config), Err(MailerError::HeloName { .. })), "{name:?}");
    }
    let shown =
        format!("{:?}", MailerConfig { credentials: Some(("u".into(), Secret::new("hunter2".into()))), ..good });
    assert!(!shown.contains("hunter2"), "{shown}");
}
