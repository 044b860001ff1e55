//! Below `/sessions`.

pub(super) mod validate;
