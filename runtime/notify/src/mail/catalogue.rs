//! The texts: one folder of `locales/` for each language, in Fluent.
//!
//! A new language is a folder, a line in [`SOURCES`] and one in `hanko_model::project::LANGUAGES`. A text that is missing is taken
//! from English, and a test refuses it.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentError, FluentResource, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use super::{language, look::Look, render::RenderError};

/// The language every text is in.
const FALLBACK: &str = "en";

const SOURCES: [(&str, &str); 9] = [
    (FALLBACK, include_str!("../../locales/en/mail.ftl")),
    ("bn", include_str!("../../locales/bn/mail.ftl")),
    ("de", include_str!("../../locales/de/mail.ftl")),
    ("fr", include_str!("../../locales/fr/mail.ftl")),
    ("it", include_str!("../../locales/it/mail.ftl")),
    ("nl", include_str!("../../locales/nl/mail.ftl")),
    ("pl", include_str!("../../locales/pl/mail.ftl")),
    ("pt-BR", include_str!("../../locales/pt-BR/mail.ftl")),
    ("zh-CN", include_str!("../../locales/zh-CN/mail.ftl")),
];

/// Texts of one language, parsed.
pub(super) type Bundle = FluentBundle<FluentResource>;

/// All texts. A language is parsed when it is first asked for: most projects speak one or two.
#[derive(Default)]
pub(super) struct Catalogue([OnceLock<Option<Bundle>>; SOURCES.len()]);

/// Our texts in the language that suits `wanted` best, as they stand in their file.
pub fn texts(wanted: &str) -> &'static str {
    let known = SOURCES.map(|(language, _)| language);
    let language = language::best(wanted, &known).unwrap_or(FALLBACK);
    SOURCES.into_iter().find(|(known, _)| *known == language).map_or("", |(_, source)| source)
}

/// An empty bundle. `None`: the language is none.
pub(super) fn bundle(language: &str) -> Option<Bundle> {
    let id: LanguageIdentifier = language.parse().ok()?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolation marks are invisible characters around values; mail programs show them as boxes.
    bundle.set_use_isolating(false);
    Some(bundle)
}

/// A text by `message.attribute` or `message`. `None`: there is none. An error: it says a value that is not there.
pub(super) fn format(bundle: &Bundle, id: &str, values: &FluentArgs<'_>) -> Option<Result<String, FluentError>> {
    let pattern = match id.split_once('.') {
        None => bundle.get_message(id)?.value()?,
        Some((message, attribute)) => bundle.get_message(message)?.get_attribute(attribute)?.value(),
    };
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(values), &mut errors).into_owned();
    Some(errors.into_iter().next().map_or(Ok(text), Err))
}

/// What is wrong, without whose words it is.
pub(super) fn reason(error: &FluentError) -> String {
    match error {
        FluentError::ResolverError(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl Catalogue {
    /// A text by `message.attribute` or `message`: in the project's words, else in ours, else in English.
    pub(super) fn text(
        &self,
        look: &Look,
        language: &str,
        id: &str,
        values: &FluentArgs<'_>,
    ) -> Result<String, RenderError> {
        if let Some(text) = look.text(language, id, values) {
            return text;
        }
        let ours = |language| self.bundle(language).and_then(|bundle| format(bundle, id, values));
        let said = ours(language).or_else(|| ours(FALLBACK));
        let wrong = |reason| RenderError::Text { id: id.to_owned(), reason };
        said.ok_or_else(|| wrong("there is no such text".to_owned()))?.map_err(|error| wrong(reason(&error)))
    }

    /// Whether there is such a text.
    pub(super) fn has(&self, id: &str) -> bool {
        self.bundle(FALLBACK).is_some_and(|bundle| format(bundle, id, &FluentArgs::new()).is_some())
    }

    fn bundle(&self, language: &str) -> Option<&Bundle> {
        let index = SOURCES.iter().position(|(known, _)| *known == language)?;
        let parse = || {
            let (language, source) = SOURCES.get(index)?;
            let mut bundle = bundle(language)?;
            bundle.add_resource(FluentResource::try_new((*source).to_owned()).ok()?).ok()?;
            Some(bundle)
        };
        self.0.get(index)?.get_or_init(parse).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use hanko_model::project::LANGUAGES;

    use super::*;

    /// The ids of a file in order, each with the values it says.
    fn ids(source: &str) -> Vec<(String, Vec<String>)> {
        let mut message = "";
        let mut ids: Vec<(String, Vec<String>)> = Vec::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let named = line.split_once(" =").filter(|(name, _)| !name.trim().contains(' '));
            if let Some((name, value)) = named {
                match name.trim().strip_prefix('.') {
                    Some(attribute) => ids.push((format!("{message}.{attribute}"), Vec::new())),
                    None => {
                        message = name;
                        if !value.is_empty() {
                            ids.push((message.to_owned(), Vec::new()));
                        }
                    }
                }
            }
            if let Some((_, said)) = ids.last_mut() {
                let values = line.split('$').skip(1);
                said.extend(values.map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect()));
                said.sort();
                said.dedup();
            }
        }
        ids
    }

    #[test]
    fn every_language_has_the_same_texts_with_the_same_values() {
        let english = ids(SOURCES[0].1);
        assert!(english.len() > 60, "{english:?}");
        assert!(english.contains(&("code.validity".into(), vec!["minutes".into()])), "{english:?}");
        for (language, source) in SOURCES {
            assert_eq!(ids(source), english, "texts of {language}");
        }
        assert_eq!(SOURCES.map(|(language, _)| language), LANGUAGES);
    }

    #[test]
    fn every_text_can_be_said() {
        let catalogue = Catalogue::default();
        let mut values = FluentArgs::new();
        for name in ["code", "service", "email", "old", "new", "removed", "device", "time"] {
            values.set(name, name);
        }
        values.set("minutes", 5);
        for (language, source) in SOURCES {
            let bundle = catalogue.bundle(language).unwrap();
            for (id, _) in ids(source) {
                let text = format(bundle, &id, &values).unwrap().unwrap();
                assert!(!text.contains(['{', '}', '!', '！', '<', '>']), "{id} in {language}: {text}");
                assert!(!text.contains("http") && !text.contains("www."), "{id} in {language}: {text}");
            }
        }
    }

    #[test]
    fn a_text_that_is_in_no_language_is_an_error() {
        let (catalogue, look, none) = (Catalogue::default(), Look::default(), FluentArgs::new());
        assert_eq!(catalogue.text(&look, "tlh", "greeting", &none).unwrap(), "Hello,");
        assert!(catalogue.text(&look, "en", "no-such.text", &none).is_err());
        assert!(catalogue.has("login.subject") && !catalogue.has("login") && !catalogue.has("login.nothing"));
    }
}
