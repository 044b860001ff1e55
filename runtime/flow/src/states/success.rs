//! The session is made; there is nothing left to do.                           spec/flow-login-registration.md §2.22

use crate::engine::State;

pub(crate) fn state() -> State {
    State::named("success", "root")
}
