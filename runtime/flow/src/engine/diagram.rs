//! The flows as state diagrams, drawn from their declaration.

use std::fmt::Write;

use crate::flows;

/// A page with one Mermaid state diagram for each flow.
pub fn diagram() -> String {
    let mut page = String::from(
        "# Flows\n\nThe states of each flow and the actions that lead from one to another, drawn from the declaration in \
         `runtime/flow`. `back` is left out.\n",
    );
    for flow in flows::all() {
        let _ = write!(page, "\n## `POST /{}`\n\n```mermaid\nstateDiagram-v2\n", flow.name);
        if let Some(first) = flow.initial.first() {
            let _ = writeln!(page, "    [*] --> {first}");
        }
        for state in &flow.states {
            for action in &state.actions {
                for target in action.leads_to().iter().filter(|target| flow.find(target).is_some()) {
                    let _ = writeln!(page, "    {} --> {target}: {}", state.name, action.name());
                }
            }
        }
        page.push_str("    success --> [*]\n```\n");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_the_docs_is_the_declaration() {
        let path = format!("{}/../../docs/reference/flows.md", std::env::var("CARGO_MANIFEST_DIR").unwrap());
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, diagram()).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == diagram(), "docs/reference/flows.md is stale; run `make generate`");
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
