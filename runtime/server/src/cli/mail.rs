//! `mail`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use hanko_model::{Problem, project::Project, resolve};
use hanko_notify::mail::{Preview, preview, texts};

use crate::{config::documents, output::Output};

#[derive(Args, Debug)]
pub(super) struct Mail {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes every mail of each project into a folder, with made-up names and codes, and an index.html that shows them all.
    Preview {
        /// A YAML file of project documents, or a folder of such files.
        #[arg(value_name = "FILE|DIR")]
        documents: PathBuf,
        /// The folder; made if it is missing.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// One language instead of all, such as de.
        #[arg(long, value_name = "TAG")]
        language: Option<String>,
    },
    /// Prints our texts with their names, which `mail.templates.texts` can replace.
    Texts {
        /// In which language.
        #[arg(long, value_name = "TAG", default_value = "en")]
        language: String,
    },
}

impl Mail {
    pub(super) fn run(self, output: &mut Output) -> ExitCode {
        match self.command {
            Command::Preview { documents, out, language } => write_all(&documents, &out, language.as_deref(), output)
                .unwrap_or_else(|reason| {
                    output.complain(reason);
                    ExitCode::FAILURE
                }),
            Command::Texts { language } => {
                output.line(texts(&language).trim_end());
                ExitCode::SUCCESS
            }
        }
    }
}

/// One project goes into the folder itself, several into a folder each.
fn write_all(documents: &Path, out: &Path, language: Option<&str>, output: &mut Output) -> Result<ExitCode, String> {
    let (mut projects, mut problems): (Vec<Project>, Vec<Problem>) = (Vec::new(), Vec::new());
    match documents::check(documents) {
        Ok(found) => {
            for document in found {
                match resolve(&document) {
                    Ok(project) => projects.push(project),
                    Err(more) => problems.extend(more.0),
                }
            }
        }
        Err(more) => problems.extend(more),
    }
    problems.extend(projects.iter().flat_map(hanko_notify::mail::check));
    if !problems.is_empty() {
        for problem in &problems {
            output.line(problem);
        }
        return Err("nothing was written; correct what stands above first".to_owned());
    }
    let several = projects.len() > 1;
    for project in &projects {
        let folder = if several { out.join(format!("{}.{}", project.namespace, project.name)) } else { out.to_owned() };
        let mails = preview(project, language).map_err(|error| error.to_string())?;
        write(&folder, project, &mails).map_err(|error| format!("{}: {error}", folder.display()))?;
        let (count, index) = (mails.len(), folder.join("index.html"));
        output.line(format_args!("{}/{}: {count} mails, open {}", project.namespace, project.name, index.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, project: &Project, mails: &[Preview]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for Preview { mail, language, words } in mails {
        let name = format!("{}.{language}", mail.as_str());
        fs::write(folder.join(format!("{name}.subject.txt")), format!("{}\n", words.subject))?;
        fs::write(folder.join(format!("{name}.txt")), &words.text)?;
        fs::write(folder.join(format!("{name}.html")), &words.html)?;
    }
    fs::write(folder.join("index.html"), index(&project.settings.service_name, mails))
}

/// A page with a frame for each mail, wide and narrow side by side.
fn index(service: &str, mails: &[Preview]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Mails of {service}</title>\n<style>\n:root {{ color-scheme: light dark; font: 15px/1.5 sans-serif; }}\n\
         body {{ margin: 24px; }}\nsection {{ margin: 0 0 40px; }}\n.frames {{ display: flex; flex-wrap: wrap; gap: 16px; }}\n\
         iframe {{ height: 640px; border: 1px solid #8888; border-radius: 6px; }}\n</style>\n</head>\n<body>\n\
         <h1>Mails of {service}</h1>\n<p>Names and codes are made up. The frames follow the light or dark setting of your system.</p>\n",
        service = escaped(service)
    );
    for Preview { mail, language, words } in mails {
        let (mail, subject) = (mail.as_str(), escaped(&words.subject));
        page.push_str(&format!(
            "<section id=\"{mail}.{language}\">\n<h2>{mail}, {language}: <span lang=\"{language}\">{subject}</span></h2>\n<p><a href=\"{mail}.{language}.html\">HTML</a> \
             · <a href=\"{mail}.{language}.txt\">text</a></p>\n<div class=\"frames\">\n"
        ));
        for width in [640, 360] {
            page.push_str(&format!(
                "<iframe src=\"{mail}.{language}.html\" width=\"{width}\" title=\"{mail}, {language}, {width} pixels wide\" sandbox loading=\"lazy\"></iframe>\n"
            ));
        }
        page.push_str("</div>\n</section>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
