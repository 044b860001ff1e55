//! The texts: one folder of `locales/` for each language, in Fluent.
//!
//! A new language is a folder and a line in [`SOURCES`]. Planned are the nine of `spec/email.md` §7: `en`, `bn`, `de`, `fr`,
//! `it`, `nl`, `pl`, `pt-BR`, `zh-CN`. A text that is missing is taken from English, and a test refuses it.

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use super::{language, render::RenderError};

const SOURCES: &[(&str, &str)] =
    &[("en", include_str!("../../locales/en/mail.ftl")), ("de", include_str!("../../locales/de/mail.ftl"))];

/// All texts, parsed once.
pub(super) struct Catalogue {
    languages: Vec<&'static str>,
    bundles: Vec<FluentBundle<FluentResource>>,
}

impl Catalogue {
    pub(super) fn new() -> Result<Self, RenderError> {
        let mut catalogue = Self { languages: Vec::new(), bundles: Vec::new() };
        for (language, source) in SOURCES {
            let broken = || RenderError::Catalogue { language };
            let id: LanguageIdentifier = language.parse().map_err(|_| broken())?;
            let resource = FluentResource::try_new((*source).to_owned()).map_err(|_| broken())?;
            let mut bundle = FluentBundle::new_concurrent(vec![id]);
            // Isolation marks are invisible characters around values; mail programs show them as boxes.
            bundle.set_use_isolating(false);
            bundle.add_resource(resource).map_err(|_| broken())?;
            catalogue.languages.push(language);
            catalogue.bundles.push(bundle);
        }
        Ok(catalogue)
    }

    /// The language a reader gets.
    pub(super) fn language(&self, wanted: &str) -> &'static str {
        language::best(wanted, &self.languages)
    }

    /// A text by `message.attribute` or `message`.
    pub(super) fn text(&self, language: &str, id: &str, values: &FluentArgs<'_>) -> Result<String, RenderError> {
        self.text_in(language, id, values)
            .or_else(|| self.text_in(language::DEFAULT, id, values))
            .ok_or_else(|| RenderError::Text { id: id.to_owned() })
    }

    fn text_in(&self, language: &str, id: &str, values: &FluentArgs<'_>) -> Option<String> {
        let index = self.languages.iter().position(|known| *known == language)?;
        let bundle = self.bundles.get(index)?;
        let pattern = match id.split_once('.') {
            None => bundle.get_message(id)?.value()?,
            Some((message, attribute)) => bundle.get_message(message)?.get_attribute(attribute)?.value(),
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(values), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text() {
        let catalogue = Catalogue::new().unwrap();
        let mut values = FluentArgs::new();
        for name in ["code", "service", "email", "old", "new", "removed", "device", "time"] {
            values.set(name, name);
        }
        values.set("minutes", 5);
        let ids: Vec<String> = ids(SOURCES[0].1);
        assert!(ids.len() > 20, "{ids:?}");
        for (language, source) in SOURCES {
            assert_eq!(self::ids(source), ids, "texts of {language}");
            for id in &ids {
                assert!(catalogue.text_in(language, id, &values).is_some(), "{id} in {language}");
            }
        }
    }

    #[test]
    fn a_language_that_lacks_a_text_says_it_in_english() {
        let catalogue = Catalogue::new().unwrap();
        assert_eq!(catalogue.text("fr", "greeting", &FluentArgs::new()).unwrap(), "Hello,");
        assert!(catalogue.text("en", "no-such.text", &FluentArgs::new()).is_err());
    }

    /// The ids of a file, in order: names at the start of a line, attributes below them.
    fn ids(source: &str) -> Vec<String> {
        let mut message = "";
        let mut ids = Vec::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.split_once('=') else { continue };
            if let Some(attribute) = name.trim().strip_prefix('.') {
                ids.push(format!("{message}.{attribute}"));
            } else if !name.starts_with(' ') {
                message = name.trim();
                if !value.trim().is_empty() {
                    ids.push(message.to_owned());
                }
            }
        }
        ids
    }
}
