//! Tries a project's templates before any token needs them.

use hanko_model::{Problem, project::Project};

use crate::ClaimTemplate;

/// Every template of the project that is not accepted, each with the path of its field. Costs nothing where there are none.
pub fn check(project: &Project) -> Vec<Problem> {
    let refused = ClaimTemplate::compile(&project.settings.session.jwt_template).err().unwrap_or_default();
    let problem = |refused: crate::Refused| {
        let dot = if refused.path.starts_with('[') { "" } else { "." };
        Problem {
            document: format!("{}/{}", project.namespace, project.name),
            path: format!("spec.settings.session.jwtTemplate.claims{dot}{}", refused.path),
            message: refused.reason,
        }
    };
    refused.into_iter().map(problem).collect()
}
