//! A run may wait for a day between two requests. What was proven in it counts as long as it is still a key to the account: not
//! a password that was replaced meanwhile, nor a credential that was removed.

use async_trait::async_trait;
use hanko_credentials::{Evidence, Proof, Purpose};
use hanko_domain::{EmailAddress, UserId};
use hanko_store::users::Account;

use crate::engine::{Cx, Failure, FlowError, Hook};

/// Before each action of a login: without this a stranger who has shown a password could wait until its owner has taken the
/// account back, and then add credentials to it.
pub(crate) struct ProofsStand;

#[async_trait]
impl Hook for ProofsStand {
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        if cx.stash.proofs.is_empty() {
            return Ok(());
        }
        let account = cx.store().account(cx.stash.user.unwrap_or(UserId(uuid::Uuid::nil()))).await?;
        let account = account.filter(|account| cx.stash.proofs.iter().all(|proof| stands(proof, account)));
        cx.as_read = Some(account.ok_or_else(|| Failure::refused(FlowError::NotPermitted))?);
        Ok(())
    }
}

/// Whether the account still accepts what was shown.
pub(crate) fn stands(proof: &Proof, account: &Account) -> bool {
    match proof.evidence() {
        Evidence::Password => account.password.as_ref().is_some_and(|password| password.updated_at <= proof.at()),
        Evidence::Totp => account.otp.as_ref().is_some_and(|otp| otp.created_at <= proof.at()),
        Evidence::Passkey { credential, .. } | Evidence::SecurityKey { credential, .. } => {
            account.passkeys.iter().any(|passkey| passkey.id == *credential)
        }
        Evidence::Passcode { purpose: Purpose::Login | Purpose::Recovery, address } => {
            account.emails.iter().any(|email| EmailAddress::parse(&email.address).is_ok_and(|own| own.key() == address))
        }
        // An address that was proven in order to be added, and what was made in this run or cannot be taken back.
        Evidence::Passcode { .. }
        | Evidence::PasswordSet
        | Evidence::PasskeyCreated { .. }
        | Evidence::TotpCreated
        | Evidence::SecurityKeyCreated { .. }
        | Evidence::TrustedDevice
        | Evidence::OneTimeToken
        | Evidence::NewAccount => true,
    }
}
