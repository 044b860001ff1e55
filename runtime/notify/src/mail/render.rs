//! From a message to subject, text and HTML.

use fluent_bundle::FluentArgs;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use thiserror::Error;

use super::{Message, Template, catalogue::Catalogue};

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

/// Why a message has no words. Texts and templates are part of the program, so this is a defect of it.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A file of `locales/` cannot be parsed.
    #[error("the texts in {language} cannot be read")]
    Catalogue {
        /// Whose texts.
        language: &'static str,
    },
    /// A text is in no language.
    #[error("there is no text {id}, not even in English")]
    Text {
        /// Which.
        id: String,
    },
    /// A layout cannot be filled.
    #[error("a layout cannot be filled: {0}")]
    Layout(#[from] minijinja::Error),
}

/// What stands in a mail's body, in order.
enum Part {
    Text(&'static str),
    Code,
}

fn parts(template: Template) -> &'static [Part] {
    use Part::{Code, Text};
    match template {
        Template::Login => &[
            Text("greeting"),
            Text("login.intro"),
            Code,
            Text("code.validity"),
            Text("code.keep-secret"),
            Text("code.not-you"),
        ],
        Template::Recovery => &[
            Text("greeting"),
            Text("recovery.intro"),
            Code,
            Text("code.validity"),
            Text("code.keep-secret"),
            Text("recovery.not-you"),
        ],
        Template::EmailVerification => &[
            Text("greeting"),
            Text("email_verification.intro"),
            Code,
            Text("code.validity"),
            Text("code.keep-secret"),
            Text("code.not-you"),
        ],
        Template::EmailLoginAttempted => &[
            Text("greeting"),
            Text("email_login_attempted.intro"),
            Text("email_login_attempted.was-you"),
            Text("email_login_attempted.was-not-you"),
        ],
        Template::EmailRegistrationAttempted => &[
            Text("greeting"),
            Text("email_registration_attempted.intro"),
            Text("email_registration_attempted.was-you"),
            Text("email_registration_attempted.was-not-you"),
        ],
        Template::CredentialsRemoved => &[
            Text("greeting"),
            Text("credentials_removed.intro"),
            Text("credentials_removed.was-you"),
            Text("credentials_removed.was-not-you"),
        ],
    }
}

/// Texts and layouts, read once: making one takes a few milliseconds, so it is made for the first mail.
pub struct Renderer {
    catalogue: Catalogue,
    layouts: Environment<'static>,
}

impl Renderer {
    /// Reads the texts and layouts that are part of the program.
    pub fn new() -> Result<Self, RenderError> {
        let mut layouts = Environment::new();
        layouts.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        layouts.set_auto_escape_callback(
            |name| {
                if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
            },
        );
        layouts.add_template("layout.html", include_str!("../../templates/layout.html"))?;
        layouts.add_template("layout.txt", include_str!("../../templates/layout.txt"))?;
        Ok(Self { catalogue: Catalogue::new()?, layouts })
    }

    /// Puts a message into words, in the language that suits its recipient best.
    pub fn render(&self, message: &Message) -> Result<Rendered, RenderError> {
        let language = self.catalogue.language(&message.language);
        let code = message.code.as_ref().map(|code| code.expose().as_str());
        let mut values = FluentArgs::new();
        values.set("service", message.service_name.as_str());
        values.set("email", message.to.as_str());
        values.set("minutes", message.ttl_seconds.div_ceil(60).max(1));
        if let Some(code) = code {
            values.set("code", code);
        }
        let text = |id: &str| self.catalogue.text(language, id, &values);
        let name = message.template.as_str();
        let subject = one_line(&text(&format!("{name}.subject"))?);
        let parts = parts(message.template)
            .iter()
            .map(|part| {
                Ok(match part {
                    Part::Text(id) => context! { text => text(id)?, code => () },
                    Part::Code => context! { code => code },
                })
            })
            .collect::<Result<Vec<_>, RenderError>>()?;
        let values = context! {
            language, parts,
            subject => &subject,
            service => &message.service_name,
            preheader => text(&format!("{name}.preheader"))?,
            footer => text("footer")?,
        };
        let html = self.layouts.get_template("layout.html")?.render(&values)?;
        let plain = self.layouts.get_template("layout.txt")?.render(&values)?;
        Ok(Rendered { language, subject, text: format!("{}\n", plain.trim()), html })
    }
}

/// Nothing in a subject may end its line, wherever the service name came from.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

#[cfg(test)]
mod tests;
