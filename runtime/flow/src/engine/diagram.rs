//! The flows as state diagrams, drawn from their declaration.

use std::fmt::Write;

use crate::{engine::Flow, flows};

/// For each flow its name and a page with its Mermaid state diagram.
pub fn diagrams() -> Vec<(&'static str, String)> {
    flows::all().iter().map(|flow| (flow.name, page(flow))).collect()
}

fn page(flow: &Flow) -> String {
    let mut page = format!(
        "# `POST /{}`\n\nThe states of the flow and the actions that lead from one to another, drawn from the declaration in \
         `runtime/flow`. `back` is left out; which of the states after an action comes next depends on the project's settings and \
         on what the user has.\n\n```mermaid\nstateDiagram-v2\n",
        flow.name
    );
    if let Some(first) = flow.initial.first() {
        let _ = writeln!(page, "    [*] --> {first}");
    }
    for state in &flow.states {
        for action in &state.actions {
            let own = (action.leads_to().is_empty() && action.name() != "back").then_some(state.name);
            let others = action.leads_to().iter().copied().filter(|target| flow.find(target).is_some());
            for target in others.chain(own) {
                let _ = writeln!(page, "    {} --> {target}: {}", state.name, action.name());
            }
        }
    }
    if let Some(detour) = &flow.detour {
        for target in detour.leads_to() {
            let _ = writeln!(page, "    {} --> {target}: {}", detour.from(), detour.name());
        }
    }
    for end in flow.states.iter().filter(|state| state.actions.is_empty() && state.name != "error") {
        let _ = writeln!(page, "    {} --> [*]", end.name);
    }
    page.push_str("```\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_in_the_docs_are_the_declaration() {
        let folder = format!("{}/../../docs/flows", std::env::var("CARGO_MANIFEST_DIR").unwrap());
        for (name, page) in diagrams() {
            let path = format!("{folder}/{name}.md");
            if std::env::var_os("UPDATE_DOCS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &page).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(written == page, "docs/flows/{name}.md is stale; run `make generate`");
        }
    }

    #[test]
    fn every_target_is_a_state_of_some_flow() {
        for flow in flows::all() {
            for state in &flow.states {
                for target in state.actions.iter().flat_map(|action| action.leads_to()) {
                    assert!(
                        flows::all().iter().any(|flow| flow.find(target).is_some()),
                        "{} leads to {target}",
                        state.name
                    );
                }
            }
        }
    }
}
