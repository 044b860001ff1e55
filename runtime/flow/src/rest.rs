//! The REST endpoints that upstream has removed, and what of the account's own ones they share (`spec/sessions-and-public-rest.md` §13).
//!
//! Each is one function that takes what the request says and answers with an outcome or with a [`Refusal`]. It decides first and
//! holds no connection; then one short transaction applies the same effects as the flows do. Codes, challenges and accounts that wait
//! for their address to be proven lie sealed beside the runs of flows ([`kept`]) and are spent by that transaction. Sessions come from
//! the one door only.
//!
//! Strangers learn no more here than from the flows: [`strangers`].

pub(crate) mod call;
mod credentials;
mod emails;
pub(crate) mod kept;
mod limit;
mod notice;
mod passcode;
mod password;
pub(crate) mod refusal;
mod strangers;
mod token;
mod users;
mod webauthn;

pub use call::Signed;
pub use credentials::{credentials, remove_credential, rename_credential};
pub use emails::{AddedEmail, add_email, emails, remove_email, set_primary_email};
pub use limit::Quota;
pub use passcode::{Confirmation, Recipient, Sent, confirm_passcode, send_passcode};
pub use password::{log_in_with_password, set_password};
pub use refusal::{Refusal, RestError};
pub use token::exchange_token;
pub use users::{Found, NewUser, delete_user, find_user, sign_up, user};
pub use webauthn::{
    Confirmed, confirm_assertion, confirm_attestation, credential_creation_options, credential_request_options,
};
