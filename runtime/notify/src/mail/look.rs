//! How a project's mails look and what they say instead of our words.

use std::collections::BTreeMap;

use fluent_bundle::{FluentArgs, FluentResource};
use hanko_model::project::{Branding, MailTemplate, MailTemplates};

use super::{
    catalogue::{Bundle, bundle, format, reason},
    language,
    render::RenderError,
    template::Template,
};

/// A project's own look and wording, ready to be used. The default is ours.
#[derive(Default)]
pub struct Look {
    templates: MailTemplates,
    texts: BTreeMap<&'static str, Texts>,
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look").field("templates", &self.templates).finish_non_exhaustive()
    }
}

/// Texts of one language. In the bundle each is a message of its own, so that none can reach into another.
struct Texts {
    bundle: Bundle,
    names: BTreeMap<String, String>,
}

/// A part of a mail that can be replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Subject,
    Html,
    Text,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Subject, Self::Html, Self::Text];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Html => "html",
            Self::Text => "text",
        }
    }

    pub(super) fn of(self, template: &MailTemplate) -> Option<&str> {
        let part = match self {
            Self::Subject => &template.subject,
            Self::Html => &template.html,
            Self::Text => &template.text,
        };
        part.as_deref()
    }
}

impl Look {
    /// Reads the texts. One that cannot be read is left out here; `check` tells of it.
    pub fn new(templates: &MailTemplates) -> Self {
        let mut texts = BTreeMap::new();
        for (language, own) in &templates.texts {
            let Some(bundle) = bundle(language) else { continue };
            let mut all = Texts { bundle, names: BTreeMap::new() };
            for (number, (id, text)) in own.iter().enumerate() {
                let name = format!("t{number}");
                if add(&mut all.bundle, &name, text).is_ok() {
                    all.names.insert(id.clone(), name);
                }
            }
            texts.insert(*language, all);
        }
        Self { templates: templates.clone(), texts }
    }

    pub(super) fn branding(&self) -> &Branding {
        &self.templates.branding
    }

    /// The language a reader gets.
    pub(super) fn language(&self, wanted: &str) -> &'static str {
        language::best(wanted, &self.templates.languages).unwrap_or(self.templates.default_language)
    }

    /// Of words by language those a reader gets: in the reader's language, else in the default one, else in any.
    pub(super) fn words<'a>(&self, words: &'a BTreeMap<&'static str, String>, language: &str) -> Option<&'a str> {
        let default = words.get(self.templates.default_language);
        words.get(language).or(default).or_else(|| words.values().next()).map(String::as_str)
    }

    /// A text in the project's words; `None`: it has none of its own.
    pub(super) fn text(
        &self,
        language: &str,
        id: &str,
        values: &FluentArgs<'_>,
    ) -> Option<Result<String, RenderError>> {
        let texts = self.texts.get(language)?;
        let text = format(&texts.bundle, texts.names.get(id)?, values)?;
        Some(text.map_err(|error| {
            let (language, id) = (language.to_owned(), id.to_owned());
            RenderError::OwnText { language, id, reason: reason(&error) }
        }))
    }

    /// A part of a mail in the project's own template, and the language that one is in (`spec/email.md` §13.4).
    pub(super) fn part(&self, mail: Template, language: &'static str, part: Part) -> Option<(&'static str, &str)> {
        let languages = self.templates.templates.get(mail.as_str())?;
        let own = |language: &'static str| Some((language, part.of(languages.get(language)?)?));
        own(language).or_else(|| own(self.templates.default_language))
    }
}

/// Braces within each other: reading many more could exhaust a thread's stack.
const DEEPEST: i32 = 20;

/// Adds a text as a message of that name.
pub(super) fn add(bundle: &mut Bundle, name: &str, text: &str) -> Result<(), String> {
    let deepest = text.chars().scan(0_i32, |depth, c| {
        *depth += i32::from(c == '{') - i32::from(c == '}');
        Some(*depth)
    });
    if deepest.max() > Some(DEEPEST) {
        return Err("is nested too deeply; write it in simpler pieces".to_owned());
    }
    // The lines of one text belong together, whatever they begin with.
    let source = format!("{name} = {}\n", text.trim().replace('\n', "\n    "));
    let resource = FluentResource::try_new(source).map_err(|(_, errors)| match errors.first() {
        Some(error) => format!("cannot be read: {}", error.kind),
        None => "cannot be read".to_owned(),
    })?;
    let one = resource.entries().count() == 1;
    bundle.add_resource(resource).map_err(|_| "cannot be read".to_owned())?;
    let message = bundle.get_message(name).filter(|message| one && message.value().is_some());
    match message {
        Some(message) if message.attributes().next().is_none() => Ok(()),
        _ => Err("is not one text".to_owned()),
    }
}
