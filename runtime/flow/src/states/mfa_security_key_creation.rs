//! The user makes a security key.                                              spec/flow-login-registration.md §2.18

use crate::{
    engine::State,
    rules::passkey::Kind,
    states::{back::Back, onboarding_create_passkey::GenerateCreationOptions},
};

pub(crate) fn state() -> State {
    State::named("mfa_security_key_creation", "mfa_creation").on(GenerateCreationOptions(Kind::SecurityKey)).on(Back)
}
