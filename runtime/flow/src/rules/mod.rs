//! The rules that several states or flows share, one topic each: [`identify`] who is meant, [`limit`] how often,
//! [`passcode`], [`password`] and [`passkey`] what is proven, [`onboarding`] what is asked for next, [`account`] what is kept,
//! [`success`] how it ends.

pub(crate) mod account;
pub(crate) mod identify;
pub(crate) mod limit;
pub(crate) mod onboarding;
pub(crate) mod passcode;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod success;
