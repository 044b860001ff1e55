//! The end that helps nobody: start again.                                     spec/flow-login-registration.md §2.23

use crate::engine::State;

pub(crate) fn state() -> State {
    State::named("error", "root")
}
