//! The user makes a security key.                                              spec/flow-login-registration.md §2.18

use crate::{
    engine::State,
    states::{back::Back, onboarding_create_passkey::GenerateSecurityKeyOptions},
};

pub(crate) fn state() -> State {
    State::named("mfa_security_key_creation", "mfa_creation").on(GenerateSecurityKeyOptions).on(Back)
}
