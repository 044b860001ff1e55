//! Signing in, signing up and adding an address with a mailed code (§13.4, §13.5).

mod confirm;
mod send;

use hanko_credentials::Passcode;
use hanko_domain::{EmailAddress, EmailId, FlowId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

pub use self::{
    confirm::{Confirmation, confirm_passcode},
    send::{Recipient, send_passcode},
};
use super::kept::Kept;

/// A code that was mailed, as the client is told of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sent {
    /// To be shown with the code.
    pub id: FlowId,
    /// Seconds from `created_at` on.
    pub ttl: u64,
    /// When it was mailed.
    pub created_at: Timestamp,
}

/// A code that is out.
#[derive(Deserialize, Serialize)]
struct Code {
    passcode: Passcode,
    user: UserId,
    email: EmailId,
    about: About,
    ttl: u64,
    created_at: Timestamp,
}

/// What a code does once it is right.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum About {
    /// It signs in with an address of the account.
    Login(EmailAddress),
    /// It makes the account that waits for it.
    SignUp(EmailAddress),
    /// It adds the address that waits for it.
    Addition(EmailAddress),
    /// Nothing: no code was mailed, none is right.
    Nothing,
}

impl Kept for Code {
    const KIND: &'static str = "rest/passcode";
}
