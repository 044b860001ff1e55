//! The profile: everything signed-in users can do to their own account.        spec/flow-profile.md §5, §6
//!
//! One file for each topic; every action says when it is not offered, what it needs and where it leads.

mod account;
mod emails;
mod metadata;
mod passkeys;
mod passwords;
mod security_keys;
mod sessions;
mod totp;
mod usernames;

pub(crate) use emails::proven as address_proven;

use crate::engine::{Cx, State, Step};

pub(crate) fn state() -> State {
    State::named("profile_init", "profile")
        .on(account::Delete)
        .on(totp::Continue)
        .on(emails::Create)
        .on(emails::Delete)
        .on(emails::SetPrimary)
        .on(emails::Verify)
        .on(totp::Delete)
        .on(passwords::Create)
        .on(passwords::Delete)
        .on(passwords::Update)
        .on(metadata::PatchMetadata)
        .on(security_keys::Create)
        .on(security_keys::Delete)
        .on(usernames::Create)
        .on(usernames::Delete)
        .on(usernames::Update)
        .on(passkeys::Create)
        .on(passkeys::Delete)
        .on(sessions::Delete)
        .on(passkeys::Rename)
}

/// The profile again, as it is now.
fn done() -> Step {
    Step::to("profile_init")
}

/// Whether a rule about the account holds; of nobody none does.
fn owner(cx: &Cx<'_>, rule: impl FnOnce(&hanko_store::users::Account) -> bool) -> bool {
    cx.owner().is_ok_and(rule)
}
