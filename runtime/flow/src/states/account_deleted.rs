//! The account is gone.                                                        spec/flow-profile.md §6.1

use crate::engine::State;

pub(crate) fn state() -> State {
    State::named("account_deleted", "profile")
}
