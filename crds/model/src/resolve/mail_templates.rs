//! How mails look and what they say. Texts and templates themselves are tried by the runtime, which has their engines.

use std::collections::BTreeMap;

use url::Url;

use super::mail::check_address;
use crate::{
    problem::Findings,
    project::{
        Branding, Color, Colors, Footer, FooterLink, LANGUAGES, Logo, MAILS, MailTemplate, MailTemplates, Support,
    },
    spec::{BrandingSpec, ColorsSpec, FooterSpec, LogoSpec, MailTemplateLanguages, MailTemplatesSpec, SupportSpec},
};

/// Bytes of one part of a template.
const LARGEST_PART: usize = 64 * 1024;
/// Bytes of all texts and templates. The document travels in a ConfigMap, which holds 1 MiB.
const LARGEST_SUM: usize = 512 * 1024;

pub(super) fn resolve(spec: &MailTemplatesSpec, findings: &mut Findings) -> MailTemplates {
    let path = "spec.mail.templates";
    let mut languages = Vec::new();
    for (i, text) in spec.languages.iter().enumerate() {
        languages.extend(findings.ok(format!("{path}.languages[{i}]"), language(text)));
    }
    if languages.is_empty() {
        languages = LANGUAGES.to_vec();
    }
    let fallback = languages.iter().find(|known| **known == "en").or(languages.first()).copied().unwrap_or("en");
    let default_path = format!("{path}.defaultLanguage");
    let named = spec.default_language.as_ref();
    let default_language = named.and_then(|text| findings.ok(&default_path, language(text))).unwrap_or(fallback);
    if !languages.contains(&default_language) {
        findings.add(default_path, format!("`{default_language}` is not among `languages`; add it there"));
    }
    let texts = by_language(&format!("{path}.texts"), &spec.texts, findings);
    let templates = templates(&format!("{path}.templates"), &spec.templates, findings);
    let of_mails =
        templates.iter().flat_map(|(mail, all)| all.keys().map(move |of| (format!("templates.{mail}.{of}"), of)));
    for (place, language) in texts.keys().map(|of| (format!("texts.{of}"), of)).chain(of_mails) {
        if !languages.contains(language) {
            let message = format!("`{language}` is not among `languages`, so nobody would read this; add it there");
            findings.add(format!("{path}.{place}"), message);
        }
    }
    let sum: usize = texts.values().flat_map(BTreeMap::values).map(String::len).sum::<usize>()
        + templates.values().flat_map(BTreeMap::values).flat_map(parts).map(|(_, part)| part.len()).sum::<usize>();
    if sum > LARGEST_SUM {
        findings
            .add(path, format!("texts and templates have {sum} bytes together; at most {LARGEST_SUM} are possible"));
    }
    let branding = branding(spec.branding.as_ref(), findings);
    MailTemplates { default_language, languages, branding, texts, templates }
}

fn language(text: &str) -> Result<&'static str, String> {
    let known = LANGUAGES.iter().find(|known| **known == text);
    known.copied().ok_or_else(|| format!("there are no words in `{text}`; write one of {}", LANGUAGES.join(", ")))
}

fn by_language<T: Clone>(path: &str, all: &BTreeMap<String, T>, findings: &mut Findings) -> BTreeMap<&'static str, T> {
    let mut known = BTreeMap::new();
    for (text, value) in all {
        if let Some(language) = findings.ok(format!("{path}.{text}"), language(text)) {
            known.insert(language, value.clone());
        }
    }
    known
}

fn templates(
    path: &str,
    all: &BTreeMap<String, MailTemplateLanguages>,
    findings: &mut Findings,
) -> BTreeMap<&'static str, BTreeMap<&'static str, MailTemplate>> {
    let mut known = BTreeMap::new();
    for (name, languages) in all {
        let path = format!("{path}.{name}");
        let Some(mail) = MAILS.iter().find(|known| *known == name) else {
            findings.add(path, format!("there is no mail `{name}`; write one of {}", MAILS.join(", ")));
            continue;
        };
        let mut templates = BTreeMap::new();
        for (language, spec) in by_language(&path, &languages.0, findings) {
            let template =
                MailTemplate { subject: spec.subject.clone(), html: spec.html.clone(), text: spec.text.clone() };
            for (part, text) in parts(&template).filter(|(_, text)| text.len() > LARGEST_PART) {
                let message = format!("has {} bytes; at most {LARGEST_PART} are possible", text.len());
                findings.add(format!("{path}.{language}.{part}"), message);
            }
            templates.insert(language, template);
        }
        known.insert(*mail, templates);
    }
    known
}

fn parts(template: &MailTemplate) -> impl Iterator<Item = (&'static str, &String)> {
    let parts = [("subject", &template.subject), ("html", &template.html), ("text", &template.text)];
    parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)))
}

fn branding(spec: Option<&BrandingSpec>, findings: &mut Findings) -> Branding {
    let path = "spec.mail.templates.branding";
    let ours = Branding::default();
    let Some(spec) = spec else { return ours };
    let corner_radius = spec.corner_radius.unwrap_or(ours.corner_radius);
    if corner_radius > 32 {
        findings.add(format!("{path}.cornerRadius"), format!("{corner_radius} is too round; write 0 to 32"));
    }
    let font_family = spec.font_family.clone().unwrap_or(ours.font_family);
    if font_family.trim().is_empty() || !font_family.chars().all(|c| c.is_ascii_alphanumeric() || " ,-'".contains(c)) {
        findings.add(
            format!("{path}.fontFamily"),
            "holds what no list of fonts does; write names of letters, digits and dashes, such as `Inter, 'Segoe UI', sans-serif`",
        );
    }
    Branding {
        logo: spec.logo.as_ref().and_then(|logo| self::logo(&format!("{path}.logo"), logo, findings)),
        colors: colors(&format!("{path}.colors"), spec.colors.as_ref(), Colors::LIGHT, findings),
        dark: colors(&format!("{path}.dark"), spec.dark.as_ref(), Colors::DARK, findings),
        font_family,
        corner_radius,
        footer: spec.footer.as_ref().map(|spec| footer(&format!("{path}.footer"), spec, findings)).unwrap_or_default(),
        support: spec
            .support
            .as_ref()
            .map(|spec| support(&format!("{path}.support"), spec, findings))
            .unwrap_or_default(),
    }
}

fn logo(path: &str, spec: &LogoSpec, findings: &mut Findings) -> Option<Logo> {
    let width = spec.width.unwrap_or(140);
    if !(16..=600).contains(&width) {
        findings.add(format!("{path}.width"), format!("{width} is not possible; write 16 to 600"));
    }
    Some(Logo { url: findings.ok(format!("{path}.url"), https(&spec.url))?, alt: spec.alt.clone(), width })
}

fn colors(path: &str, spec: Option<&ColorsSpec>, ours: Colors, findings: &mut Findings) -> Colors {
    let Some(ColorsSpec { background, card, text, muted, accent }) = spec else { return ours };
    let mut color = |name: &str, given: &Option<String>, ours: Color| {
        let Some(text) = given else { return ours };
        let parsed = Color::parse(text).ok_or_else(|| format!("`{text}` is no colour; write one such as `#0b5fff`"));
        findings.ok(format!("{path}.{name}"), parsed).unwrap_or(ours)
    };
    Colors {
        background: color("background", background, ours.background),
        card: color("card", card, ours.card),
        text: color("text", text, ours.text),
        muted: color("muted", muted, ours.muted),
        accent: color("accent", accent, ours.accent),
    }
}

fn footer(path: &str, spec: &FooterSpec, findings: &mut Findings) -> Footer {
    let mut links = Vec::new();
    for (i, link) in spec.links.iter().enumerate() {
        let path = format!("{path}.links[{i}]");
        let label = by_language(&format!("{path}.label"), &link.label, findings);
        if label.is_empty() {
            findings.add(format!("{path}.label"), "has no words; write them for at least one language");
        }
        links.extend(findings.ok(format!("{path}.url"), https(&link.url)).map(|url| FooterLink { label, url }));
    }
    Footer { text: by_language(&format!("{path}.text"), &spec.text, findings), links }
}

fn support(path: &str, spec: &SupportSpec, findings: &mut Findings) -> Support {
    if let Some(address) = &spec.email {
        findings.ok(format!("{path}.email"), check_address(address));
    }
    let url = spec.url.as_ref().and_then(|url| findings.ok(format!("{path}.url"), https(url)));
    Support { email: spec.email.clone(), url }
}

fn https(text: &str) -> Result<Url, String> {
    let wrong = || format!("`{text}` is no https address; write one such as `https://acme.example/logo.png`");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    plain.then_some(url).ok_or_else(wrong)
}

#[cfg(test)]
mod tests;
