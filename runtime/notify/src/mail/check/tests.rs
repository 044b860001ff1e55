use hanko_model::document::{Unknown, parse};

use super::*;

/// A project with these `mail.templates`, as JSON.
fn project(templates: &serde_json::Value) -> Project {
    let document = serde_json::json!({
        "apiVersion": "hanko-operator.dev/v1alpha1", "kind": "HankoProject", "metadata": {"name": "acme"},
        "spec": {
            "hosts": ["auth.acme.example"],
            "mail": {"from": {"address": "login@acme.example"}, "smtp": {"host": "mail.acme.example"}, "templates": templates},
        },
    });
    let documents = parse(&document.to_string(), Unknown::Refuse).unwrap().documents;
    hanko_model::resolve(&documents[0]).unwrap()
}

fn problems(templates: &serde_json::Value) -> Vec<String> {
    check(&project(templates)).iter().map(ToString::to_string).collect()
}

fn of_text(id: &str, text: &str) -> Vec<String> {
    problems(&serde_json::json!({"texts": {"en": {id: text}}}))
}

fn of_part(mail: &str, part: &str, source: &str) -> Vec<String> {
    problems(&serde_json::json!({"templates": {mail: {"en": {part: source}}}}))
}

#[test]
fn what_can_be_said_is_accepted() {
    for (id, text) in [
        ("login.subject", "Acme: { $code }"),
        ("greeting", "Dear customer of { $service },"),
        ("code.validity", "{ $minutes ->\n  [one] One minute.\n *[other] { $minutes } minutes.\n}"),
        ("email_create.intro", "{ $new } was added."),
        ("login.intro", "First line\n\n# hashes and = signs\nlogin = and names"),
    ] {
        assert_eq!(of_text(id, text), [""; 0], "{id}");
    }
    for (mail, part, source) in [
        ("login", "subject", "{{ code }} for {{ service_name }}"),
        ("login", "text", "{{ code }} is good for {{ ttl_minutes }} min, until {{ valid_until }}"),
        ("login", "html", "{% extends 'layout' %}{% block content %}{{ code_block(code) }}{% endblock %}"),
        ("login", "html", "{% extends 'layout' %}{% block footer %}{{ super() }} {{ year }}{% endblock %}"),
        ("login", "text", "{% extends 'layout.txt' %}"),
        (
            "login",
            "html",
            "<p>{{ t('login.intro') }} <b>{{ code }}</b> {{ button('Help', 'https://acme.example/help') }}</p>",
        ),
        ("new_session", "text", "{% if device %}{{ device|upper }}{% else %}?{% endif %} {{ time }} {{ recipient }}"),
        ("primary_email_update", "text", "{{ old_email }} {{ new_email }} {{ language }} {{ mail_type }}"),
        (
            "mfa_create",
            "html",
            "{% for link in branding.footer.links %}<a href='{{ link.url }}'>{{ loop.index }}</a>{% endfor %}x",
        ),
        (
            "mfa_create",
            "html",
            "<p style='color: {{ branding.colors.accent }}'>{{ branding.support.email or 'x' }}</p>",
        ),
    ] {
        assert_eq!(of_part(mail, part, source), [""; 0], "{mail} {part}");
    }
}

#[test]
fn a_text_that_cannot_be_said_is_refused_with_its_place_and_reason() {
    for (id, text, expected) in [
        ("login.title", "x", "[login.title]: there is no such text"),
        ("login", "x", "there is no such text"),
        (
            "login.subject",
            "Acme: {code}",
            "cannot be said in the mail login: Unknown message: code; a value stands as `{ $service }`",
        ),
        ("login.subject", "Acme: { $cod }", "Unknown variable: $cod"),
        ("email_login_attempted.intro", "{ $code }", "Unknown variable: $code"),
        ("greeting", "Hello { $code }", "cannot be said in the mail email_login_attempted"),
        ("new_session.intro", "{ $device ->\n [unknown] { $none }\n *[other] x\n}", "Unknown variable: $none"),
        ("greeting", "{ $service", "cannot be read: "),
        ("greeting", "", "cannot be read: "),
        ("greeting", "x\n.attribute = y", "is not one text"),
        ("greeting", "{ FUNCTION() }", "Unknown function: FUNCTION()"),
        ("login.subject", "a\nb", "is more than one line"),
        ("login.subject", &"x".repeat(151), "has 151 characters"),
    ] {
        let problems = of_text(id, text);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{text:?}: {problems:?}");
        assert!(
            problems[0].starts_with(&format!("default/acme: spec.mail.templates.texts.en[{id}]: ")),
            "{problems:?}"
        );
    }
}

#[test]
fn a_template_that_cannot_be_filled_is_refused_with_its_place_and_reason() {
    for (mail, part, source, expected) in [
        ("login", "html", "<p>{{ service_name }}</p>", "never shows the code; write `{{ code_block(code) }}`"),
        (
            "login",
            "html",
            "<p>{{ t('greeting') }}</p><div style='display:none'>{{ code }}</div>",
            "never shows the code",
        ),
        ("login", "html", "<p title='{{ code }}'>x</p>", "never shows the code"),
        ("recovery", "text", "Hello", "never shows the code"),
        (
            "email_login_attempted",
            "html",
            "{{ code }}",
            "there is no value `code` in this mail (line 1); there are branding, ",
        ),
        ("email_registration_attempted", "text", "{% if code %}x{% endif %}y", "there is no value `code`"),
        (
            "login",
            "text",
            "{{ code }}\n{% if false %}{{ cod }}{% endif %}",
            "there is no value `cod` in this mail (line 2)",
        ),
        ("login", "text", "{{ code }}{{ branding.color }}", "undefined"),
        ("login", "text", "{{ code ", "(line 1)"),
        ("login", "subject", "{{ code }}\nsecond", "is more than one line"),
        ("login", "subject", " ", "is empty"),
        ("login", "subject", "{{ code }}{{ subject }}", "there is no value `subject`"),
        ("login", "subject", "{% extends 'layout' %}", "`extends` of a subject cannot be used"),
        ("login", "html", "{% extends 'html' %}", "only `{% extends \"layout\" %}` is possible here (line 1)"),
        ("login", "text", "{% extends 'layout' %}", "only `{% extends \"layout.txt\" %}`"),
        ("login", "html", "{% include 'layout' %}", "`include` cannot be used"),
        ("login", "html", "<script>{{ code }}</script>", "`<script>` has no place"),
        ("login", "html", "{{ code }}<a href='{{ service_name }}'>x</a>", "`acme` cannot stand in a mail"),
        (
            "login",
            "html",
            "{{ code }}{{ button('x', 'http://a.example') }}",
            "a button cannot lead to `http://a.example`",
        ),
        ("login", "text", "{{ code }}{{ t('nothing') }}", "the text nothing: there is no such text"),
        (
            "login",
            "text",
            "{{ code }}{{ t('email_create.intro') }}",
            "the text email_create.intro: Unknown variable: $new",
        ),
        ("login", "text", "{{ code }}{{ range(9) }}", "there is no such function"),
        ("login", "text", "{{ code|replace('4', '44') }}", "there is no filter `replace`"),
        ("login", "text", "{% set a = 'x' %}{{ code }}", "`set` cannot be used"),
        ("login", "text", "{{ code ~ code }}", "only values, comparisons"),
        ("login", "text", "{{ code * 1000000 }}", "only values, comparisons"),
        ("login", "text", "{% for a in [code] %}{{ a }}{% endfor %}", "only values, comparisons"),
        ("login", "text", "{{ code }}{{ recipient.upper() }}", "there is no such function"),
        ("mfa_create", "text", "{# nothing #}", "is empty"),
    ] {
        let problems = of_part(mail, part, source);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{source:?}: {problems:?}");
        let place = format!("default/acme: spec.mail.templates.templates.{mail}.en.{part}: ");
        assert!(problems[0].starts_with(&place), "{problems:?}");
    }
}

#[test]
fn a_template_cannot_run_or_grow_without_end() {
    let nested = |depth: usize, inner: &str| {
        let (open, close) = ("{% for link in branding.footer.links %}".repeat(depth), "{% endfor %}".repeat(depth));
        format!("{{{{ code }}}}{open}{inner}{close}")
    };
    let links: Vec<_> =
        (0..8).map(|n| serde_json::json!({"label": {"en": "x"}, "url": format!("https://a.example/{n}")})).collect();
    for (source, expected) in [
        (nested(9, "{{ language }}"), "ran out of fuel"),
        (nested(4, &"long ".repeat(100)), "is larger than 262144 bytes"),
        (nested(21, "x"), "is too much at once"),
    ] {
        let templates = serde_json::json!({
            "branding": {"footer": {"links": links}}, "templates": {"login": {"en": {"text": source}}},
        });
        let problems = problems(&templates);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let templates = serde_json::json!({
        "texts": {"de": {"greeting": "{ $x }", "footer": "{ $y }"}},
        "templates": {"login": {"fr": {"subject": "", "html": "<p>", "text": "x"}}},
    });
    assert_eq!(problems(&templates).len(), 5, "{:#?}", problems(&templates));
}

#[test]
fn a_template_cannot_be_deeper_than_a_stack() {
    let many = |text: &str| text.repeat(64 * 1024 / text.len() - 16);
    for source in [
        format!("{{{{ {}code }}}}", many("not ")),
        format!("{{{{ {}code }}}}", many("-")),
        format!("{{{{ {}code }}}}", many("(")),
        format!("{{{{ code{} }}}}", many(".a")),
        format!("{{{{ code{} }}}}", many("|upper")),
        format!("{{{{ code{} }}}}", many(" and code")),
        format!("{{{{ code{} }}}}", many(" if code else code")),
        format!("{{{{ code{} }}}}", many("[0]")),
        format!("{{{{ {}code }}}}", many("[")),
        format!("{{{{ code{} }}}}", many("(1)")),
        format!("{{{{ code{} }}}}", many("==1")),
        format!("{{% if code %}}{}{{% endif %}}", many("{% elif code %}")),
        many("{% if code %}"),
        format!("{{{{ code }}}}{}", many("{% block a %}")),
        format!("{{{{ cod }}}}{}", many("\n")),
    ] {
        let problems = of_part("login", "text", &source);
        assert_eq!(problems.len(), 1, "{}", &source[..40]);
    }
    assert_eq!(of_text("greeting", &"{".repeat(4096)).len(), 1);
    assert_eq!(of_text("greeting", &"{ $service ->\n *[a] ".repeat(150)).len(), 1);
}
