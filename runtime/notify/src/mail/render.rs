//! From a message to subject, text and HTML.

use fluent_bundle::FluentArgs;
use hanko_domain::Timestamp;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use thiserror::Error;

use super::{Message, Template, catalogue::Catalogue, device, message::Details};

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

/// The texts of a mail's body, in order; `None` stands for the code.
fn parts(template: Template) -> &'static [Option<&'static str>] {
    match template {
        Template::Login => &[
            Some("greeting"),
            Some("login.intro"),
            None,
            Some("code.validity"),
            Some("code.keep-secret"),
            Some("code.not-you"),
        ],
        Template::Recovery => &[
            Some("greeting"),
            Some("recovery.intro"),
            None,
            Some("code.validity"),
            Some("code.keep-secret"),
            Some("recovery.not-you"),
        ],
        Template::EmailVerification => &[
            Some("greeting"),
            Some("email_verification.intro"),
            None,
            Some("code.validity"),
            Some("code.keep-secret"),
            Some("code.not-you"),
        ],
        Template::EmailLoginAttempted => &[
            Some("greeting"),
            Some("email_login_attempted.intro"),
            Some("email_login_attempted.was-you"),
            Some("email_login_attempted.was-not-you"),
        ],
        Template::EmailRegistrationAttempted => &[
            Some("greeting"),
            Some("email_registration_attempted.intro"),
            Some("email_registration_attempted.was-you"),
            Some("email_registration_attempted.was-not-you"),
        ],
        Template::CredentialsRemoved => &[
            Some("greeting"),
            Some("credentials_removed.intro"),
            Some("credentials_removed.was-you"),
            Some("credentials_removed.was-not-you"),
        ],
        Template::PasswordUpdate => &[Some("greeting"), Some("password_update.intro"), Some("notice.not-you")],
        Template::PrimaryEmailUpdate => &[Some("greeting"), Some("primary_email_update.intro"), Some("notice.not-you")],
        Template::EmailCreate => &[Some("greeting"), Some("email_create.intro"), Some("notice.not-you")],
        Template::EmailDelete => &[Some("greeting"), Some("email_delete.intro"), Some("notice.not-you")],
        Template::PasskeyCreate => &[Some("greeting"), Some("passkey_create.intro"), Some("notice.not-you")],
        Template::MfaCreate => &[Some("greeting"), Some("mfa_create.intro"), Some("notice.not-you")],
        Template::MfaDelete => &[Some("greeting"), Some("mfa_delete.intro"), Some("notice.not-you")],
        Template::PasswordRecovery => &[Some("greeting"), Some("password_recovery.intro"), Some("notice.not-you")],
        Template::NewSession => &[Some("greeting"), Some("new_session.intro"), Some("notice.not-you")],
        Template::PasswordLimit => &[
            Some("greeting"),
            Some("password_limit.intro"),
            Some("password_limit.still-works"),
            Some("password_limit.nothing-to-do"),
        ],
    }
}

/// What a text of the catalogue can say of a message.
fn values(message: &Message) -> FluentArgs<'_> {
    let mut values = FluentArgs::new();
    values.set("service", message.service_name.as_str());
    values.set("email", message.to.as_str());
    if let Some(code) = &message.code {
        values.set("code", code.text.expose().as_str());
        values.set("minutes", code.ttl_seconds.div_ceil(60).max(1));
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

/// `2026-09-21 14:13 UTC`: the same in every language, and no zone to guess.
fn minute(at: Timestamp) -> String {
    let text = at.whole_seconds().rfc3339();
    let minute = text.get(..16).unwrap_or_default();
    format!("{} UTC", minute.replace('T', " "))
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
        let values = values(message);
        let text = |id: &str| self.catalogue.text(language, id, &values);
        let name = message.template.as_str();
        let subject = one_line(&text(&format!("{name}.subject"))?);
        let code = message.code.as_ref().map(|code| code.text.expose().as_str());
        let parts = parts(message.template)
            .iter()
            .map(|part| {
                Ok(match part {
                    Some(id) => context! { text => text(id)?, code => () },
                    None => context! { code => code },
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
