//! Passkeys and security keys (`spec/admin-api.md` §8).

use hanko_domain::{AuditKind, CredentialId, Passkey, UserId};

use super::{Admin, AdminError, Outcome, not_found};
use crate::{effect::Effect, rest::refusal::refuse_saying};

impl Admin<'_> {
    /// The credentials of a user, oldest first.
    pub async fn credentials(self, user: UserId) -> Outcome<Vec<Passkey>> {
        Ok(self.account(user, not_found()).await?.passkeys)
    }

    /// One credential of a user.
    pub async fn credential(self, user: UserId, id: &CredentialId) -> Outcome<Passkey> {
        let own = self.credentials(user).await?;
        own.into_iter().find(|passkey| passkey.id == *id).ok_or_else(unknown)
    }

    /// Removes a credential, also the last way in.
    pub async fn delete_credential(self, user: UserId, id: &CredentialId) -> Outcome<()> {
        self.change(user, not_found, |_, account| {
            let own = account.passkeys.iter().find(|passkey| passkey.id == *id).ok_or_else(unknown)?;
            let entry = self.entry(AuditKind::AdminCredentialDeleted, user).with("credential_id", id.to_string());
            let entry = Effect::Audit(entry.with("mfa_only", own.mfa_only));
            Ok(((), vec![Effect::RemovePasskey { user, id: id.clone() }, entry]))
        })
        .await
    }
}

fn unknown() -> AdminError {
    refuse_saying(404, "webauthn credential not found")
}
