//! The flows, one table each.

mod login;
mod profile;
mod registration;

use std::sync::LazyLock;

use crate::engine::Flow;

/// The declarations. They are the same for every tenant, so one copy serves the process.
static FLOWS: LazyLock<[Flow; 3]> = LazyLock::new(|| [login::flow(), registration::flow(), profile::flow()]);

/// A flow by name.
pub(crate) fn find(name: &str) -> Option<&'static Flow> {
    FLOWS.iter().find(|flow| flow.name == name)
}

/// All flows.
pub(crate) fn all() -> &'static [Flow] {
    FLOWS.as_slice()
}
