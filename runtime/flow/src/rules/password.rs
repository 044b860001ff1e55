//! Setting a password in a flow.

use hanko_credentials::{NewPassword, PasswordHash, Proof, password::Unacceptable};
use hanko_domain::{Secret, UserId};

use crate::engine::{Cx, Failure, InputError};

/// Checks and hashes the password in the named input.
pub(crate) async fn enrol(
    cx: &Cx<'_>,
    user: UserId,
    input: &'static str,
    text: &Secret<String>,
) -> Result<(PasswordHash, Proof), Failure> {
    let minimum = usize::try_from(cx.settings().password.min_length).unwrap_or(usize::MAX);
    let password = NewPassword::parse(text, minimum).map_err(|unacceptable| {
        Failure::input(
            input,
            match unacceptable {
                // Where a password may be left out, `skip` does that (§3.16).
                Unacceptable::TooShort { .. } if text.expose().is_empty() => InputError::Invalid,
                Unacceptable::TooShort { .. } => InputError::TooShort,
                Unacceptable::TooLong { .. } => InputError::TooLong,
            },
        )
    })?;
    Ok(cx.inner().hasher.enrol(&password, cx.subject(user), cx.now).await?)
}
