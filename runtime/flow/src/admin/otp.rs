//! Authenticator apps (`spec/admin-api.md` §11).

use hanko_domain::{AuditKind, UserId};
use hanko_store::otp_secrets::OtpInfo;

use super::{Admin, Outcome, not_found};
use crate::effect::Effect;

impl Admin<'_> {
    /// That a user has a TOTP secret.
    pub async fn otp(self, user: UserId) -> Outcome<OtpInfo> {
        self.account(user, not_found()).await?.otp.ok_or_else(not_found)
    }

    /// Removes the TOTP secret of a user.
    pub async fn delete_otp(self, user: UserId) -> Outcome<()> {
        self.change(user, not_found, |_, account| {
            account.otp.as_ref().ok_or_else(not_found)?;
            let entry = Effect::Audit(self.entry(AuditKind::AdminOtpDeleted, user));
            Ok(((), vec![Effect::RemoveOtp(user), entry]))
        })
        .await
    }
}
