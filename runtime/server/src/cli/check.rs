//! `check`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use hanko_model::{project::Project, resolve};

use crate::{config::documents, output::Output};

#[derive(Args, Debug)]
pub(super) struct Check {
    /// A YAML file of project documents, or a folder of such files.
    #[arg(value_name = "FILE|DIR")]
    documents: PathBuf,
    /// Prints what each document means, every default applied.
    #[arg(long)]
    effective: bool,
}

impl Check {
    pub(super) fn run(self, output: &mut Output) -> ExitCode {
        let mut problems = Vec::new();
        let mut projects: Vec<Project> = Vec::new();
        match documents::check(&self.documents) {
            Ok(found) => {
                for document in found {
                    match resolve(&document) {
                        Ok(project) => {
                            problems.extend(hanko_notify::mail::check(&project));
                            problems.extend(hanko_claims::check(&project));
                            problems.extend(hanko_metadata::check(&project));
                            projects.push(project);
                        }
                        Err(more) => problems.extend(more.0),
                    }
                }
            }
            Err(more) => problems.extend(more),
        }
        if !problems.is_empty() {
            for problem in &problems {
                output.line(problem);
            }
            output.complain(format_args!("{} found", count(problems.len(), "problem")));
            return ExitCode::FAILURE;
        }
        if self.effective {
            for project in &projects {
                match serde_saphyr::to_string(project) {
                    Ok(text) => output.line(format_args!("---\n{}", text.trim_end())),
                    Err(error) => output.complain(error),
                }
            }
        } else {
            output.line(format_args!("{} checked, nothing wrong", count(projects.len(), "project")));
        }
        ExitCode::SUCCESS
    }
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
