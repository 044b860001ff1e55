use super::*;

fn resolved(yaml: &str) -> Result<MailTemplates, Vec<String>> {
    let spec: MailTemplatesSpec = serde_saphyr::from_str(yaml).unwrap();
    let mut findings = Findings::of("default/acme");
    let templates = resolve(&spec, &mut findings);
    let problems: Vec<String> =
        findings.into_problems().iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
    if problems.is_empty() { Ok(templates) } else { Err(problems) }
}

#[test]
fn left_out_everything_is_ours_in_nine_languages() {
    assert_eq!(resolved("{}").unwrap(), MailTemplates::default());
    assert_eq!(resolved("{languages: [nl, fr]}").unwrap().default_language, "nl");
    assert_eq!(resolved("{languages: [nl, en]}").unwrap().default_language, "en");
}

#[test]
fn a_project_in_its_own_colours() {
    let templates = resolved(
        "{defaultLanguage: de, branding: {
            logo: {url: 'https://cdn.acme.example/logo.png', width: 120}, colors: {accent: '#0B5FFF'}, cornerRadius: 0,
            footer: {text: {de: Acme GmbH}, links: [{label: {de: Impressum}, url: 'https://acme.example/imprint'}]},
            support: {email: help@acme.example}}}",
    )
    .unwrap();
    let Branding { logo, colors, dark, corner_radius, footer, .. } = templates.branding;
    assert_eq!(logo.unwrap().width, 120);
    assert_eq!((colors.accent.to_string().as_str(), colors.card), ("#0b5fff", Colors::LIGHT.card));
    assert_eq!((dark, corner_radius), (Colors::DARK, 0));
    assert_eq!(footer.links[0].label["de"], "Impressum");
}

#[test]
fn what_no_mail_can_hold_is_refused_with_its_place() {
    for (yaml, expected) in [
        ("{defaultLanguage: tlh}", "spec.mail.templates.defaultLanguage: there are no words in `tlh`"),
        ("{defaultLanguage: de, languages: [en]}", "spec.mail.templates.defaultLanguage: `de` is not among"),
        ("{languages: [en, zh]}", "spec.mail.templates.languages[1]: there are no words in `zh`; write one of en, bn"),
        ("{languages: [en], texts: {de: {}}}", "spec.mail.templates.texts.de: `de` is not among `languages`"),
        (
            "{languages: [en], templates: {login: {de: {}}}}",
            "spec.mail.templates.templates.login.de: `de` is not among `languages`",
        ),
        ("{texts: {xx: {}}}", "spec.mail.templates.texts.xx: there are no words"),
        (
            "{templates: {signin: {}}}",
            "spec.mail.templates.templates.signin: there is no mail `signin`; write one of login",
        ),
        ("{templates: {login: {sv: {}}}}", "spec.mail.templates.templates.login.sv: there are no words"),
        ("{branding: {colors: {text: red}}}", "spec.mail.templates.branding.colors.text: `red` is no colour"),
        ("{branding: {dark: {card: '#12345'}}}", "spec.mail.templates.branding.dark.card: `#12345` is no colour"),
        ("{branding: {cornerRadius: 33}}", "spec.mail.templates.branding.cornerRadius: 33 is too round"),
        ("{branding: {fontFamily: 'x; } body { display: none'}}", "spec.mail.templates.branding.fontFamily: holds"),
        ("{branding: {logo: {url: 'http://a.example/x.png'}}}", "spec.mail.templates.branding.logo.url: `http:"),
        (
            "{branding: {logo: {url: 'https://a.example/x.png', width: 601}}}",
            "spec.mail.templates.branding.logo.width: 601",
        ),
        ("{branding: {support: {url: 'javascript:x'}}}", "spec.mail.templates.branding.support.url: `javascript:x`"),
        ("{branding: {support: {email: nobody}}}", "spec.mail.templates.branding.support.email: `nobody`"),
        (
            "{branding: {footer: {links: [{label: {}, url: 'https://a.example'}]}}}",
            "spec.mail.templates.branding.footer.links[0].label: has no words",
        ),
        ("{branding: {footer: {text: {xx: a}}}}", "spec.mail.templates.branding.footer.text.xx: there are no words"),
    ] {
        let problems = resolved(yaml).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{yaml}: {problems:?}");
    }
}

#[test]
fn templates_are_bounded_each_and_together() {
    let part = |bytes: usize| MailTemplateLanguages(BTreeMap::from([("en".into(), html(bytes))]));
    fn html(bytes: usize) -> crate::spec::MailTemplateSpec {
        crate::spec::MailTemplateSpec { html: Some("x".repeat(bytes)), ..Default::default() }
    }
    let problems = |mails: &[(&str, usize)]| {
        let templates = mails.iter().map(|(mail, bytes)| ((*mail).to_owned(), part(*bytes))).collect();
        let mut findings = Findings::of("default/acme");
        resolve(&MailTemplatesSpec { templates, ..Default::default() }, &mut findings);
        findings.into_problems().into_iter().map(|problem| problem.path).collect::<Vec<_>>()
    };
    assert_eq!(problems(&[("login", LARGEST_PART)]), [""; 0]);
    assert_eq!(problems(&[("login", LARGEST_PART + 1)]), ["spec.mail.templates.templates.login.en.html"]);
    let full: Vec<_> = MAILS.iter().take(8).map(|mail| (*mail, LARGEST_PART)).collect();
    assert_eq!(problems(&full), [""; 0]);
    let more: Vec<_> = MAILS.iter().take(9).map(|mail| (*mail, LARGEST_PART)).collect();
    assert_eq!(problems(&more), ["spec.mail.templates"]);
}
