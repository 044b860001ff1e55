//! The rules that several states or flows share, one topic each: [`identify`] who is meant, [`limit`] how often,
//! [`passcode`], [`password`], [`passkey`], [`totp`] and [`device`] what is proven, [`standing`] how long,
//! [`mfa`] and [`onboarding`] what is asked for
//! next, [`account`] what is kept, [`claim`] whose an address is, [`profile`] and [`step_up`] what signed-in users see and have to show,
//! [`notice`] and [`report`] who is told, [`success`] how it ends.

pub(crate) mod account;
pub(crate) mod claim;
pub(crate) mod device;
pub(crate) mod identify;
pub(crate) mod limit;
pub(crate) mod mfa;
pub(crate) mod notice;
pub(crate) mod onboarding;
pub(crate) mod passcode;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod standing;
pub(crate) mod step_up;
pub(crate) mod success;
pub(crate) mod totp;
