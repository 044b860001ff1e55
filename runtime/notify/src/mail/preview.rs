//! All mails of a project, to look at.

use std::sync::Arc;

use hanko_model::project::{MailTemplates, Project};

use super::{
    look::Look,
    message::Message,
    render::{RenderError, Rendered, Renderer},
    sample::NOW,
    template::Template,
};

/// A mail about nothing that happened.
pub struct Preview {
    /// Which.
    pub mail: Template,
    /// The reader's language. The words are in another one where the project's template is only in its default language.
    pub language: &'static str,
    /// In words.
    pub words: Rendered,
}

/// Every mail of the project in each of its languages, or in the one that suits `language` best; of a project without mail, ours.
pub fn preview(project: &Project, language: Option<&str>) -> Result<Vec<Preview>, RenderError> {
    let ours = MailTemplates::default();
    let templates = project.mail.as_ref().map_or(&ours, |mail| &mail.templates);
    let (renderer, look) = (Renderer::new()?, Arc::new(Look::new(templates)));
    let languages = match language {
        Some(wanted) => vec![look.language(wanted)],
        None => templates.languages.clone(),
    };
    let mut previews = Vec::new();
    for language in languages {
        for mail in Template::ALL {
            for message in Message::samples(mail, language, &project.settings.service_name).into_iter().take(1) {
                previews.push(Preview { mail, language, words: renderer.strictly(&message, &look, NOW)? });
            }
        }
    }
    Ok(previews)
}
