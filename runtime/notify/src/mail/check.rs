//! Tries a project's own texts and templates before any mail needs them (`spec/email.md` §13.5).

use std::{collections::BTreeSet, sync::Arc};

use hanko_domain::Timestamp;
use hanko_model::{
    Problem,
    project::{MailTemplate, Project},
};

use super::{
    catalogue::bundle,
    grammar, html,
    look::{self, Look, Part},
    message::Message,
    parts::texts,
    plain,
    render::{RenderError, Renderer, named_values},
    sample,
    template::Template,
};

/// The longest subject in characters, with a service name of usual length.
const LONGEST_SUBJECT: usize = 150;

/// Every problem of a project's own texts and templates, each with the path of its field. Costs nothing where there are none.
pub fn check(project: &Project) -> Vec<Problem> {
    let Some(mail) = &project.mail else { return Vec::new() };
    let templates = &mail.templates;
    if templates.texts.is_empty() && templates.templates.is_empty() {
        return Vec::new();
    }
    let renderer = match Renderer::new() {
        Ok(renderer) => renderer,
        Err(error) => return vec![problem(project, "spec.mail.templates".to_owned(), error.to_string())],
    };
    let tester = Tester { project, renderer, look: Arc::new(Look::new(templates)) };
    let mut problems = Vec::new();
    for (language, texts) in &templates.texts {
        for (id, text) in texts {
            let path = format!("spec.mail.templates.texts.{language}[{id}]");
            problems.extend(tester.text(language, id, text).err().map(|reason| problem(project, path, reason)));
        }
    }
    for (mail, languages) in &templates.templates {
        let Some(mail) = Template::ALL.into_iter().find(|known| known.as_str() == *mail) else { continue };
        for (language, template) in languages {
            problems.extend(tester.template(mail, language, template));
        }
    }
    problems
}

fn problem(project: &Project, path: String, message: String) -> Problem {
    Problem { document: format!("{}/{}", project.namespace, project.name), path, message }
}

struct Tester<'a> {
    project: &'a Project,
    renderer: Renderer,
    look: Arc<Look>,
}

impl Tester<'_> {
    fn samples(&self, mail: Template) -> Vec<Message> {
        Message::samples(mail, "en", &self.project.settings.service_name)
    }

    fn text(&self, language: &str, id: &str, text: &str) -> Result<(), String> {
        if !self.renderer.has_text(id) {
            return Err("there is no such text; `hanko-runtime mail texts` prints all of them".to_owned());
        }
        if let Some(mut scratch) = bundle(language) {
            look::add(&mut scratch, "text", text)?;
        }
        for mail in Template::ALL.into_iter().filter(|mail| texts(*mail).any(|said| said == id)) {
            for message in self.samples(mail) {
                let said = self.renderer.text(&message, &self.look, language, id).map_err(|error| match error {
                    RenderError::OwnText { reason, .. } => {
                        format!(
                            "cannot be said in the mail {}: {reason}; a value stands as `{{ $service }}`",
                            mail.as_str()
                        )
                    }
                    other => other.to_string(),
                })?;
                if id.ends_with(".subject") {
                    check_subject(&said)?;
                }
            }
        }
        Ok(())
    }

    fn template(&self, mail: Template, language: &'static str, template: &MailTemplate) -> Vec<Problem> {
        let mut problems = Vec::new();
        for part in Part::ALL {
            let Some(source) = part.of(template) else { continue };
            if let Err(reason) = self.part(mail, language, part, source) {
                let path = format!("spec.mail.templates.templates.{}.{language}.{}", mail.as_str(), part.as_str());
                problems.push(problem(self.project, path, reason));
            }
        }
        problems
    }

    fn part(&self, mail: Template, language: &'static str, part: Part, source: &str) -> Result<(), String> {
        for message in self.samples(mail) {
            let values = named_values(&message, Timestamp(0));
            let mut known: BTreeSet<&str> = values.keys().copied().collect();
            known.extend(["language", "branding"]);
            if part != Part::Subject {
                known.insert("subject");
            }
            grammar::check(source, part, &known)?;
            let words = self.renderer.own_part(&message, &self.look, language, part, source, Timestamp(0));
            let words = words.map_err(|error| match error {
                RenderError::OwnTemplate { reason, .. } => reason,
                other => other.to_string(),
            })?;
            let seen = match part {
                Part::Subject => {
                    check_subject(&words)?;
                    continue;
                }
                Part::Html => {
                    html::check(&words)?;
                    plain::to_text(&words, None)
                }
                Part::Text => words,
            };
            if mail.carries_code() && !seen.contains(sample::CODE) {
                return Err("never shows the code; write `{{ code_block(code) }}` where it belongs".to_owned());
            }
            if seen.trim().is_empty() {
                return Err("is empty; write what the mail says, or leave it out".to_owned());
            }
        }
        Ok(())
    }
}

fn check_subject(subject: &str) -> Result<(), String> {
    let length = subject.trim().chars().count();
    if subject.trim().contains(char::is_control) {
        return Err("is more than one line".to_owned());
    }
    if length == 0 {
        return Err("is empty; write what the mail is about, or leave it out".to_owned());
    }
    if length > LONGEST_SUBJECT {
        return Err(format!(
            "has {length} characters with a code and the service's name; at most {LONGEST_SUBJECT} are possible"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
