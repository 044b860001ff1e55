//! From a message to subject, text and HTML.

use std::{collections::BTreeMap, io, sync::Arc};

use fluent_bundle::FluentArgs;
use hanko_domain::Timestamp;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use thiserror::Error;

use super::{
    Message,
    catalogue::Catalogue,
    device,
    grammar::{FILTERS, explain},
    look::{Look, Part},
    message::Details,
    parts::parts,
    plain, style,
};

/// The largest part of a mail, in bytes.
const LARGEST: usize = 256 * 1024;
/// Steps of a template's evaluation. Ours takes some hundred.
const FUEL: u64 = 50_000;

/// A mail in words. It contains the code, hence no `Debug`.
pub struct Rendered {
    /// The language it is in, a tag of ours.
    pub language: &'static str,
    /// One line.
    pub subject: String,
    /// The part for readers without HTML; lines end with LF.
    pub text: String,
    /// The part with HTML.
    pub html: String,
}

/// Why a message has no words.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A text of ours cannot be said: a defect of the program, or a template that asks for it in a mail it is not for.
    #[error("the text {id}: {reason}")]
    Text {
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
    /// Our layout cannot be filled: a defect of the program.
    #[error("the layout cannot be filled: {0}")]
    Layout(#[from] minijinja::Error),
    /// A text of the project cannot be said.
    #[error("the project's text {id} ({language}): {reason}")]
    OwnText {
        /// In which language.
        language: String,
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
    /// A template of the project cannot be filled.
    #[error("the project's template {part} ({language}): {reason}")]
    OwnTemplate {
        /// In which language.
        language: String,
        /// `subject`, `html` or `text`.
        part: &'static str,
        /// Why.
        reason: String,
    },
}

/// Texts and layouts. Cheap to make: a language is read for its first mail.
pub struct Renderer {
    catalogue: Arc<Catalogue>,
    templates: Environment<'static>,
}

impl Renderer {
    /// Reads the layouts that are part of the program.
    pub fn new() -> Result<Self, RenderError> {
        let mut templates = Environment::empty();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_auto_escape_callback(|name| match name {
            "layout" | "html" => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        templates.set_fuel(Some(FUEL));
        let filters: [fn(&str) -> String; 3] = [str::to_uppercase, str::to_lowercase, |text| text.trim().to_owned()];
        for (name, filter) in FILTERS.into_iter().zip(filters) {
            templates.add_filter(name, move |text: &str| filter(text));
        }
        templates.add_template("layout", include_str!("../../templates/layout.html"))?;
        templates.add_template("layout.txt", include_str!("../../templates/layout.txt"))?;
        Ok(Self { catalogue: Arc::default(), templates })
    }

    /// Puts a message into words, in the language that suits its recipient best. What the project replaced and cannot be
    /// filled is left aside, and said: a mail is never lost because of a template.
    pub fn render(
        &self,
        message: &Message,
        look: &Arc<Look>,
        now: Timestamp,
    ) -> Result<(Rendered, Option<RenderError>), RenderError> {
        match self.strictly(message, look, now) {
            Ok(words) => Ok((words, None)),
            Err(error) => Ok((self.strictly(message, &Arc::default(), now)?, Some(error))),
        }
    }

    /// The same, with an error for what the project replaced and cannot be filled.
    pub(super) fn strictly(
        &self,
        message: &Message,
        look: &Arc<Look>,
        now: Timestamp,
    ) -> Result<Rendered, RenderError> {
        let wanted = look.language(&message.language);
        let mail = message.template;
        let own_html = look.part(mail, wanted, Part::Html);
        // Our parts speak as the project's own one does.
        let language = own_html.map_or(wanted, |(language, _)| language);
        let desk = |language| Desk { renderer: self, message, look, language, now };
        let subject = match look.part(mail, wanted, Part::Subject) {
            Some((language, source)) => desk(language).own(Part::Subject, source, "")?,
            None => desk(language).text(&format!("{}.subject", mail.as_str()))?,
        };
        let subject = one_line(&subject);
        let html = match own_html {
            Some((language, source)) => desk(language).own(Part::Html, source, &subject)?,
            None => desk(language).ours(Part::Html, &subject)?,
        };
        let text = match look.part(mail, wanted, Part::Text) {
            Some((language, source)) => desk(language).own(Part::Text, source, &subject)?,
            None if own_html.is_some() => plain::to_text(&html, message.code_text()),
            None => desk(language).ours(Part::Text, &subject)?,
        };
        Ok(Rendered { language, subject, text: format!("{}\n", text.trim()), html })
    }

    /// Whether there is a text of that name.
    pub(super) fn has_text(&self, id: &str) -> bool {
        self.catalogue.has(id)
    }

    /// One part of a mail from a project's template.
    pub(super) fn own_part(
        &self,
        message: &Message,
        look: &Arc<Look>,
        language: &'static str,
        part: Part,
        source: &str,
        now: Timestamp,
    ) -> Result<String, RenderError> {
        Desk { renderer: self, message, look, language, now }.own(part, source, "")
    }

    /// One text of a mail.
    pub(super) fn text(
        &self,
        message: &Message,
        look: &Arc<Look>,
        language: &str,
        id: &str,
    ) -> Result<String, RenderError> {
        self.catalogue.text(look, language, id, &values(message))
    }
}

/// A message that is being put into words of one language.
struct Desk<'a> {
    renderer: &'a Renderer,
    message: &'a Message,
    look: &'a Arc<Look>,
    language: &'static str,
    now: Timestamp,
}

impl Desk<'_> {
    fn text(&self, id: &str) -> Result<String, RenderError> {
        self.renderer.text(self.message, self.look, self.language, id)
    }

    fn ours(&self, part: Part, subject: &str) -> Result<String, RenderError> {
        let name = if part == Part::Html { "layout" } else { "layout.txt" };
        Ok(self.renderer.templates.get_template(name)?.render(self.context(part, subject)?)?)
    }

    fn own(&self, part: Part, source: &str, subject: &str) -> Result<String, RenderError> {
        let refused =
            |reason| RenderError::OwnTemplate { language: self.language.to_owned(), part: part.as_str(), reason };
        let context = self.context(part, subject)?;
        let template = self.renderer.templates.template_from_named_str(part.as_str(), source);
        let mut written = Bounded(Vec::new());
        let done = template.and_then(|template| template.render_captured_to(context, &mut written).map(drop));
        done.map_err(|error| refused(explain(&error)))?;
        String::from_utf8(written.0).map_err(|_| refused("is no text".to_owned()))
    }

    /// Everything a template can say (`spec/email.md` §13.3).
    fn context(&self, part: Part, subject: &str) -> Result<Value, RenderError> {
        let mut values: BTreeMap<&'static str, Value> = named_values(self.message, self.now);
        let parts = parts(self.message.template)
            .iter()
            .map(|part| {
                Ok(match part {
                    Some(id) => context! { text => self.text(id)?, code => () },
                    None => context! { text => (), code => self.message.code_text() },
                })
            })
            .collect::<Result<Vec<_>, RenderError>>()?;
        values.extend([
            ("language", Value::from(self.language)),
            ("subject", Value::from(subject)),
            ("branding", style::branding(self.look, self.language)),
            ("shades", style::shades(self.look.branding())),
            ("parts", Value::from(parts)),
            ("preheader", Value::from(self.text(&format!("{}.preheader", self.message.template.as_str()))?)),
            ("footer", Value::from(self.text("footer")?)),
            ("t", self.teller()),
            ("code_block", style::code_block(self.look.branding(), part)),
            ("button", style::button(self.look.branding(), part)),
        ]);
        Ok(Value::from(values))
    }

    /// `t("login.intro")`: a text of the catalogue in the language of the template.
    fn teller(&self) -> Value {
        let (catalogue, look) = (Arc::clone(&self.renderer.catalogue), Arc::clone(self.look));
        let (message, language) = (self.message.clone(), self.language);
        Value::from_function(move |id: &str| {
            catalogue
                .text(&look, language, id, &values(&message))
                .map_err(|error| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string()))
        })
    }
}

/// The values of one mail that a template names.
pub(super) fn named_values(message: &Message, now: Timestamp) -> BTreeMap<&'static str, Value> {
    let mut values = BTreeMap::from([
        ("service_name", Value::from(message.service_name.as_str())),
        ("recipient", Value::from(message.to.as_str())),
        ("mail_type", Value::from(message.template.as_str())),
        ("year", Value::from(now.rfc3339().get(..4).unwrap_or_default())),
    ]);
    if let Some(code) = &message.code {
        values.extend([
            ("code", Value::from(code.text.expose().as_str())),
            ("ttl_minutes", Value::from(minutes(code.ttl_seconds))),
            ("ttl_seconds", Value::from(code.ttl_seconds)),
            ("valid_until", Value::from(code.valid_until.whole_seconds().rfc3339())),
        ]);
    }
    for (name, address) in message.addresses() {
        values.insert(name, Value::from(address.as_str()));
    }
    if let Some(session) = &message.details.session {
        values.insert("device", Value::from(device::describe(&session.user_agent)));
        values.insert("time", Value::from(minute(session.at)));
    }
    values
}

/// What a text of the catalogue can say of a message.
fn values(message: &Message) -> FluentArgs<'_> {
    let mut values = FluentArgs::new();
    values.set("service", message.service_name.as_str());
    values.set("email", message.to.as_str());
    if let Some(code) = &message.code {
        values.set("code", code.text.expose().as_str());
        values.set("minutes", minutes(code.ttl_seconds));
    }
    let Details { old_address, new_address, deleted_address, session } = &message.details;
    for (name, address) in [("old", old_address), ("new", new_address), ("removed", deleted_address)] {
        if let Some(address) = address {
            values.set(name, address.as_str());
        }
    }
    if let Some(session) = session {
        let device = device::describe(&session.user_agent);
        values.set("device", if device.is_empty() { "unknown".to_owned() } else { device });
        values.set("time", minute(session.at));
    }
    values
}

/// Whole minutes, rounded up: a code that is said to be good is good.
fn minutes(seconds: u32) -> u32 {
    seconds.div_ceil(60).max(1)
}

/// `2026-09-21 14:13 UTC`: the same in every language, and no zone to guess.
fn minute(at: Timestamp) -> String {
    let text = at.whole_seconds().rfc3339();
    let minute = text.get(..16).unwrap_or_default();
    format!("{} UTC", minute.replace('T', " "))
}

/// Nothing in a subject may end its line, wherever the service name came from.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(io::Error::other(format!("is larger than {LARGEST} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
